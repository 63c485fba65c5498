"""The canary can fail: code that leaks on purpose is caught, each leak at its place."""

from __future__ import annotations

import base64
import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve, frozen
from canary_marks import leaks
from canary_scenarios import the_main_job
from canary_stage import everything, perform, seen_on_the_wire

import portraitkit as pk
from portraitkit.engine import logmasks
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.models import VideoTask

pytestmark = [pytest.mark.outside_the_contract, pytest.mark.timeout(600)]

Leak = Callable[[AllToken, VideoTask], object]


@frozen(kw_only=True, slots=False)
class Careless(AllToken):
    """An adapter that does something careless whenever it reads a video."""

    def get_video(self, task):
        found = yield from super().get_video(task)
        spoilt = LEAKS[self.region_of_tests](self, found)
        return spoilt if isinstance(spoilt, VideoTask) else found

    region_of_tests: str = ""


class Open(str):
    """A text that passes for a link, and has a text form."""

    __slots__ = ()

    def reveal(self) -> str:
        return str(self)


def _raises(provider: AllToken, task: VideoTask) -> None:
    error = pk.NotFoundError("no such video")
    error.add_note(f"asked with {provider.api_key.reveal()}")
    error.extra = provider.api_key.reveal()
    raise error


def _warns(provider: AllToken, task: VideoTask) -> None:
    warnings.warn(f"slow: {provider.callback_url}", stacklevel=2)


def _writes(provider: AllToken, task: VideoTask) -> None:
    Path(f"task{(task.video_url or '').rpartition('=')[2]}.txt").touch()


LEAKS: dict[str, Leak] = {
    "logs at debug": lambda provider, task: logging.getLogger("portraitkit").debug(
        "asking with %s", provider.api_key.reveal()
    ),
    "logs a part": lambda provider, task: logging.getLogger("portraitkit.x").debug(
        "asking with %s...", provider.api_key.reveal()[4:20]
    ),
    "prints": lambda provider, task: print(task.video_url),
    "warns": _warns,
    "raises": _raises,
    "writes": _writes,
    "word": lambda provider, task: evolve(task, status_word=f"done {task.video_url}"),
    "handle": lambda provider, task: evolve(
        task, ref=base64.urlsafe_b64encode(provider.api_key.reveal().encode()).decode()
    ),
    "hex": lambda provider, task: evolve(task, model=provider.api_key.reveal().encode().hex()),
    "open link": lambda provider, task: evolve(task, last_frame_link=Open(task.video_url or "")),
}
CAUGHT = {
    "logs at debug": "api key in log of portraitkit",
    "logs a part": "api key in log of portraitkit.x",
    "prints": "video's signed URL in output",
    "warns": "profile's callback URL in warning",
    "raises": "api key in NotFoundError, members",
    "writes": "video's signed URL in a file's name",
    "word": "video's signed URL in Event",
    "handle": "api key in base64 in VideoTask, handle",
    "hex": "api key in hex in VideoTask",
    "open link": "video's signed URL in VideoTask, asdict",
}


async def _a_video(stage):
    task = await stage.must("create_video", stage.request(), on_unsupported="drop")
    _ = await stage.do("wait_for_video", task, on_event=stage.watch.see)


def _found(stage, scenario, monkeypatch, capfd) -> str:
    with stage.watch.listening(), seen_on_the_wire(stage.watch, monkeypatch):
        perform(stage, scenario)
    stage.watch.texts += [("output", text) for text in capfd.readouterr()]
    return "\n".join(leaks(everything(stage)))


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("driver", ["blocking", "asyncio"])
def test_a_leaky_adapter_is_caught(stage_at, monkeypatch, capfd, tmp_path, driver, leak):
    """Whatever an adapter lets out, in whole, in part or encoded, is found where it came out."""
    stage = stage_at("alltoken", driver)
    monkeypatch.chdir(tmp_path)
    careless = _careless(leak)
    monkeypatch.setattr("portraitkit.config.building.provider_class", lambda *_: careless)

    found = _found(stage, _a_video, monkeypatch, capfd)
    assert CAUGHT[leak] in found


def _careless(leak: str) -> type[Careless]:
    @frozen(kw_only=True, slots=False)
    class Chosen(Careless):
        region_of_tests: str = leak

    return Chosen


def test_a_lost_safeguard_is_noticed(stage_at, monkeypatch, capfd):
    """Without what masks the logs of HTTP libraries; without others, see tests/worlds/mends.py."""
    monkeypatch.setattr(logmasks, "masker", lambda _: str)
    monkeypatch.setattr(logmasks, "_EXCEPTION", logmasks.re.compile("(never)"))

    found = _found(stage_at("token360", "blocking"), the_main_job, monkeypatch, capfd)
    assert "caller's signed URL" in found
