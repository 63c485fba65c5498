"""
Jobs in steps: what a call does, one look at a time, so that no worker sleeps through a video.

    job = jobs.begin(client, "create_video", request=request)  noted in the journal, nothing is sent
    step = jobs.advance(client, job)                           in any process, on any machine
    match step:
        case Later(seconds): ...                               advance it again after so long
        case Done(result): ...

What a step knows is in the journal and in the handle. Two who advance the same job at once do not
send twice: one of them is told to come later. A worker that is killed leaves its job to others;
where the message that names it was lost as well, `orphaned` does.
"""

from .steps import Done, Later, advance, advance_async, begin, orphaned

__all__ = ["Done", "Later", "advance", "advance_async", "begin", "orphaned"]
