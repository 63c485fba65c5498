"""What was started, and how to finish it."""

from .jobs import Job, Jobs, JobState, resume
from .journal import Journal
from .records import Entry, Record

__all__ = ["Entry", "Job", "JobState", "Jobs", "Journal", "Record", "resume"]
