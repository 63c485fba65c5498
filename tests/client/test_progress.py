"""How waits are shown."""

from __future__ import annotations

import io

import pytest

from portraitkit.client.progress import progress
from portraitkit.values.handles import Handle
from portraitkit.values.models import Event
from portraitkit.values.statuses import VideoStatus


class Screen(io.StringIO):
    def isatty(self):
        return True


def event(name, status, elapsed_s, next_look_s=None):
    return Event(
        subject="video",
        handle=str(Handle("alltoken", "main", "video", name)),
        status=status,
        status_word="",
        elapsed_s=elapsed_s,
        look=1,
        next_look_s=next_look_s,
    )


def test_a_line_counts_from_the_beginning_of_its_wait(monkeypatch):
    """Also where a thing is settled at the first look, and where several are waited for."""
    _ = pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    screen = Screen()
    show = progress(screen)
    show(event("long", VideoStatus.RUNNING, 10.5, 5))
    show(event("short", VideoStatus.SUCCEEDED, 83.5))
    show(event("long", VideoStatus.SUCCEEDED, 3723.5))

    last = [line for line in screen.getvalue().splitlines() if "short: succeeded" in line][-1]
    assert "0:01:23" in last
    last = [line for line in screen.getvalue().splitlines() if "long: succeeded" in line][-1]
    assert "1:02:03" in last


def test_without_a_terminal_each_change_is_one_line():
    """With the seconds since the wait began."""
    file = io.StringIO()
    show = progress(file)
    for elapsed_s in (1.0, 4.0):
        show(event("v", VideoStatus.RUNNING, elapsed_s, 3))
    show(event("v", VideoStatus.SUCCEEDED, 7.0))

    running, succeeded = file.getvalue().splitlines()
    assert "1.0 s  video running, next look in 3 s  v" == running.strip()
    assert "7.0 s  video succeeded  v" == succeeded.strip()
