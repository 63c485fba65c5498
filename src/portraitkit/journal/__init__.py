"""What was started, and how to finish it."""

from typing import TYPE_CHECKING

from ..values.loading import lazily

if TYPE_CHECKING:
    from . import jobs, journal, writer
    from .jobs import Job, Jobs, JobState, resume
    from .journal import Journal
    from .records import Entry, Record
else:
    __getattr__ = lazily(
        __name__,
        Entry="records",
        Job="jobs",
        JobState="jobs",
        Jobs="jobs",
        Journal="journal",
        Record="records",
        resume="jobs",
    )

__all__ = [
    "Entry",
    "Job",
    "JobState",
    "Jobs",
    "Journal",
    "Record",
    "jobs",
    "journal",
    "resume",
    "writer",
]
