"""What was started, and how to finish it."""

from .jobs import Job, JobState, resume
from .journal import Journal
from .records import Entry, Record

__all__ = ["Entry", "Job", "JobState", "Journal", "Record", "resume"]
