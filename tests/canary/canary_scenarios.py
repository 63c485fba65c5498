"""What happens to an application: all goes well, or anything goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import canary_marks as marks
from attrs import evolve
from canary_stage import Stage
from canary_vendors import BYTED, FACE, json_answer, raw_answer

import portraitkit as pk
from portraitkit.wire.steps import Request, Response

# -- all goes well ---------------------------------------------------------------------------------


async def the_main_job(stage: Stage) -> None:
    """Group, assets of all kinds of sources, face check, video, download; and all that lists."""
    events: list[pk.Event] = []
    stage.marked.instead = _redirecting_media(stage)

    def told(event: pk.Event) -> None:
        print(event)
        stage.watch.see(event)
        events.append(event)

    group = await stage.must("create_group", "Mia")
    asset = await stage.must("add_asset", group, stage.source, name="front")
    asset = await stage.must("wait_until_active", asset, on_event=told)
    group = asset.group_id or group
    more = await stage.must("add_assets", group, [stage.source, FACE])
    more = await stage.must("wait_until_active", more, on_event=told)
    _ = await stage.must("get_asset", asset)
    person = await _verified(stage, told)
    request = pk.VideoRequest(
        prompt="{mia} smiles",
        media=pk.References(images={"mia": asset}),
        duration_s=5,
        return_last_frame=True,
        callback_url=marks.VIDEO_CALLBACK_URL,
    )
    _ = await stage.must("preview_video", request, on_unsupported="warn")
    task = await stage.must("create_video", request, on_unsupported="warn")
    task = await stage.must("wait_for_video", task.handle, on_event=told)
    assert marks.VIDEO_LINK.value in task.video_url
    path = await stage.must("download_video", task, stage.folder / "mia.mp4")
    assert path.stat().st_size > 1000
    for name, args in (
        ("get_group", (group,)),
        ("rename_group", (group, "Mia M.")),
        ("rename_asset", (asset, "side")),
        ("list_groups", ()),
        ("list_assets", (group,)),
        ("list_videos", ()),
        ("delete_asset", (asset,)),
        ("delete_group", (group,)),
    ):
        if stage.supports(name):
            _ = await stage.must(name, *args)
    assert {each.subject for each in events} >= {"asset", "video"}
    assert person is None or person.kind is pk.GroupKind.REAL_PERSON
    assert len(more) == 2


async def _verified(stage: Stage, told: Callable[[pk.Event], None]) -> Any:
    if not stage.vendor.checks:
        return await stage.do("start_verification", "Ann", callback_url=marks.CALL_CALLBACK_URL)
    check = await stage.must("start_verification", "Ann", callback_url=marks.CALL_CALLBACK_URL)
    assert marks.LINK_PATH.value in check.url
    _ = await stage.must("check_verification", check.handle)
    if stage.vendor.tokens:
        assert BYTED[-20:] in check.token.reveal()
        back = f"{marks.CALLBACK_URL}&bytedToken={check.token.reveal()}&resultCode=10000"
        if stage.vendor.reads_returns:
            returned = await stage.must("read_callback", back)
            _ = await stage.must("check_verification", returned)
        _ = await stage.must("check_verification", check.token.reveal())
    person = await stage.must("wait_until_verified", check, on_event=told)
    _ = await stage.must("check_verification", check)
    return person


def _redirecting_media(stage: Stage) -> Callable[[Request], Response | None]:
    """Media links lead on to other signed ones: once with a whole address, once with a path."""
    steps = [f"{stage.url}/media/clip.mp4?{marks.REDIRECT_QUERY}&n=1", "/media/clip.mp4?{}&n=2"]

    def instead(request: Request) -> Response | None:
        if urlsplit(request.url).path != "/media/clip.mp4" or not steps:
            return None
        where = steps.pop(0).format(marks.REDIRECT_QUERY)
        return raw_answer(b"", 302, location=where, set_cookie=f"k={marks.REDIRECT.value}")

    return instead


async def a_bad_callback(stage: Stage) -> None:
    """The caller's own code fails while the library waits, or there is no token in a return."""
    things = await stage.prepared()

    def boom(event: pk.Event) -> None:
        raise RuntimeError(f"boom at {event.look}")

    waits: list[tuple[str, Any]] = [
        ("wait_until_active", things.asset.handle),
        ("wait_for_video", things.task.handle),
    ]
    if things.check:
        waits.append(("wait_until_verified", things.check))
        _ = await stage.fails("read_callback", f"{marks.CALLBACK_URL}&resultCode=1")
        _ = await stage.fails("read_callback", {"state": marks.CALLBACK.value})
    for name, thing in waits:
        try:
            _ = await stage.do(name, thing, on_event=boom)
        except RuntimeError as error:
            stage.watch.error(error)
        else:
            raise AssertionError(f"{name} never called back")


# -- the caller's own mistakes ---------------------------------------------------------------------


async def wrong_handles(stage: Stage) -> None:
    """Handles that are foreign, damaged or of another kind, and secrets in the place of ids."""
    things = await stage.prepared()
    calls = things.calls(stage)
    other = pk.Handle("elsewhere", "acc", "asset", "asset-1")
    mine = str(things.task.handle)
    wrong = [
        str(other),
        mine[:-1],
        mine.replace("video", "asset"),
        things.asset.handle,
        mine,
        marks.H5_LINK,
        marks.SOURCE_URL,
        f"{BYTED} ",
        f"verification of {BYTED}",
        f"{BYTED}/result",
        "draft:nothing",
        "",
    ]
    taking = [
        name
        for name, (args, _) in calls.items()
        if args and name not in ("create_group", "start_verification", "create_video")
    ]
    stage.marked.instead = lambda _: json_answer({"error": {"message": "no"}}, 404)
    for name in taking:
        (_, *rest), named = calls[name]
        for ref in wrong:
            _ = await stage.do(name, ref, *rest, **named)
    for ref in wrong[:7]:
        _ = await stage.do("create_video", stage.request(ref), on_unsupported="drop")
        _ = await stage.do("preview_video", stage.request(ref), on_unsupported="drop")


async def unfit_arguments(stage: Stage) -> None:
    """What a vendor cannot express, what no vendor can, media that cannot be taken."""
    things = await stage.prepared()
    picture = stage.folder / "empty.jpg"
    picture.write_bytes(b"")
    signed = f"X-Amz-Signature={marks.SOURCE.value}"
    sources: list[Any] = [
        f"http://cdn.example/mia.jpg?{signed}",
        f"ftp://cdn.example/mia.jpg?{signed}",
        f"https://user:{marks.SOURCE.value}@cdn.example/mia.jpg",
        f"https://cdn.example/mia .jpg?{signed}",
        f"https://[cdn.example/mia.jpg?{signed}",
        stage.folder / "none.jpg",
        picture,
        b"",
        b"no picture",
    ]
    for source in sources:
        _ = await stage.fails("add_asset", things.group, source)
        if isinstance(source, str):
            request = stage.request(source)
            _ = await stage.fails("create_video", request, on_unsupported="drop")
            _ = await stage.fails("preview_video", request, on_unsupported="drop")
    _ = await stage.must("add_assets", things.group, sources)
    signed_media = evolve(things.request, media=pk.Frames(first=marks.SOURCE_URL))
    lists = evolve(things.request, media=pk.References(images={"mia": marks.SOURCE_URL}))
    for request in (signed_media, lists, evolve(lists, prompt="{mia} and {ann}")):
        stage.watch.see(request)
        for policy in ("raise", "warn", "drop", {"callback_url": "warn"}):
            _ = await stage.do("preview_video", request, on_unsupported=policy)
            _ = await stage.do("create_video", request, on_unsupported=policy)
    for bad in ({"extra": {stage.vendor.adapter: {"model": 1}}}, {"watermark": True, "seed": 3}):
        _ = await stage.do("preview_video", stage.request(things.asset, **bad))
        _ = await stage.do("create_video", stage.request(things.asset, **bad), strict_limits=True)
    if not stage.vendor.checks:
        _ = await stage.fails("start_verification", "A", callback_url=marks.CALL_CALLBACK_URL)


class _FailingHost:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        raise self._error


async def a_failing_media_host(stage: Stage) -> None:
    """The caller's media host raises with a signed URL in its text, or hands out a bad one."""
    things = await stage.prepared()
    for error in (
        OSError(f"PUT {marks.PUBLISHED_URL} failed"),
        KeyError(marks.PUBLISHED_URL),
        pk.MediaError(f"no room at {marks.PUBLISHED_URL}"),
    ):
        async with stage.at(media_host=_FailingHost(error)):
            _ = await stage.do("add_asset", things.group, FACE)
            _ = await stage.do("add_assets", things.group, [FACE, stage.source])


async def a_media_folder(stage: Stage) -> None:
    """Files are published in a folder whose address is a secret itself."""
    things = await stage.prepared()
    address = f"https://media.example/{marks.PUBLISHED.value}"
    config = stage.write_config(media_folder=str(stage.folder / "published"), media_url=address)
    stage.watch.see(pk.explain_config(config=config))
    async with stage.at(media_host=None, config=config):
        _ = await stage.must("add_asset", things.group, FACE)
        _ = await stage.must("add_assets", things.group, [FACE, FACE])


SCENARIOS = (
    the_main_job,
    a_bad_callback,
    wrong_handles,
    unfit_arguments,
    a_failing_media_host,
    a_media_folder,
)
