"""
A program that may be killed at any moment and is then simply started again.

    python examples/survive_a_crash.py alltoken mia.jpg mia.mp4

It resumes what is unfinished, then does what is missing, as the journal of the profile tells
(`journal = "jobs.db"`). However often it is killed, it ends with one portrait, one paid video and
one file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import portraitkit as pk


def ask_a_person(job: pk.Job) -> list[str]:
    """Ask what the vendor's console shows, where the vendor has no list to look in."""
    print(job)
    answer = input("Its id in the vendor's console, or nothing if it is not there: ").strip()
    return [answer] if answer else []


def finish(client: pk.Client, job: pk.Job, ask: Callable[[pk.Job], Sequence[Any]]) -> Any:
    """Do what is left of a job. What may have been made is decided on here, never guessed."""
    try:
        return client.resume(job)
    except pk.OutcomeUnknownError as error:
        found = error.candidates if error.candidates_are_all else ask(job)
    if len(found) > 1:
        raise RuntimeError(f"which of these is it? {found}")
    if found:
        job.adopt(found[0])
    else:
        job.send_again()
    return client.resume(job)


def main_job(
    client: pk.Client, picture: Path, video: Path, ask: Callable[[pk.Job], Sequence[Any]]
) -> None:
    """Resume what is unfinished, then do what is missing."""
    if client.journal is None:
        raise SystemExit('set journal = "jobs.db" in the profile')
    with pk.resume(client.journal) as jobs:
        for job in jobs:
            _ = finish(client, job, ask)
    if jobs.held:
        raise SystemExit("another run is at it")
    done = {each.operation: each.handle for each in client.journal.jobs() if each.finished}

    group = done.get("create_group") or client.create_group("Mia")
    asset = done.get("add_asset") or client.add_asset(group, picture, name="front")
    asset = client.wait_until_active(asset)
    task = done.get("create_video") or client.create_video(
        pk.VideoRequest(
            prompt="{mia} smiles to the camera",
            media=pk.References(images={"mia": asset}),
            duration_s=5,
        )
    )
    task = client.wait_for_video(task)
    if "download_video" not in done:
        _ = client.download_video(task, video)


def main() -> None:
    """Open the profile and do it."""
    profile, picture, video = sys.argv[1:]
    with pk.connect(profile) as client:
        main_job(client, Path(picture), Path(video), ask_a_person)


if __name__ == "__main__":
    main()
