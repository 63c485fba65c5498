"""One journey through everything that a provider offers, each step seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen

from ...operations.paging import every
from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import PortraitError
from ...values.models import Asset
from ...values.video import References, VideoRequest
from ...wire.codec import is_array
from ...wire.steps import Flow, Request, Response

Begin = Callable[[PortraitProvider], Flow[Any]]

PICTURE: Final = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
PICTURE_URL: Final = "https://media.example/mia.jpg?X-Signature=0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CALLBACK_URL: Final = "https://app.example/verified?state=5a69788796a5b4c3d2e1f00f1e2d3c4b"
NAME: Final = "Mia"
_MOST_PAGES: Final = 100
SECONDS: Final = {"duration_s": 5, "ratio": "16:9", "resolution": "720p", "generate_audio": False}


@frozen(kw_only=True)
class JourneyStep:
    """One operation, to be begun at a provider; `gone` where it has to say so."""

    operation: str
    begin: Begin
    arguments: tuple[Any, ...] = ()
    gone: bool = False


@frozen(kw_only=True)
class StepResult:
    """
    One step that was taken.

    Attributes:
        asked: Requests as the flow yields them, without credentials.
        exchanged: Requests as they were sent, with their answers.
    """

    operation: str
    begin: Begin
    asked: tuple[Request, ...]
    exchanged: tuple[tuple[Request, Response], ...]
    result: Any = None
    error: Exception | None = None
    arguments: tuple[Any, ...] = ()
    gone: bool = False


@define
class Journey:
    """All steps, what was logged meanwhile, and where it broke off."""

    provider: PortraitProvider
    steps: list[StepResult] = field(factory=list[StepResult])
    logged: list[str] = field(factory=list[str])
    broken: str = ""
    secrets: set[str] | None = None
    """What no text may show, once it was gathered."""

    def of(self, *operations: str) -> list[StepResult]:
        """The steps of some operations that went well."""
        return [each for each in self.steps if each.operation in operations and each.error is None]

    @property
    def active(self) -> Any:
        """An asset that is ready; None if there is none."""
        return next((each.result for each in self.of("wait_until_active")), None)

    @property
    def results(self) -> list[Any]:
        """Everything that operations returned, pages laid out."""
        found: list[Any] = []
        for each in self.steps:
            listed: list[Any] = each.result if is_array(each.result) else [each.result]
            found.extend(listed)
        return [each for each in found if each is not None]

    @property
    def exchanged(self) -> list[tuple[Request, Response]]:
        """Every request sent, with its answer."""
        return [pair for each in self.steps for pair in each.exchanged]


def acts(
    provider: PortraitProvider,
    video: Callable[[Asset | None], VideoRequest],
    pass_check: Callable[[Any], object],
    folder: Path,
) -> Generator[JourneyStep, Any]:
    """Everything that is offered, in the order in which an application would do it."""
    offers = provider.supports
    group = home = asset = None
    if offers("create_group"):
        group = home = yield _call("create_group", NAME)
    if offers("add_asset") and group is not None:
        for source in sources(provider):
            asset = yield from _added(provider, group, source)
            home = asset.group_id or group
    if home is not None:
        rename = _call("rename_group", home, "Mia again")
        yield from _offered(provider, _call("get_group", home), _walk("list_groups"), rename)
    if asset is not None:
        rename = _call("rename_asset", asset, "side")
        yield from _offered(provider, _call("get_asset", asset), _walk("list_assets", home), rename)
    yield from _person(provider, pass_check)
    request = video(asset)
    if asset is None and request.media is None:
        request = with_link(provider, request)
    yield from _videos(provider, request, folder)
    yield from _deletions(provider, home, asset)


def _call(operation: str, *args: Any, gone: bool = False, **kwargs: Any) -> JourneyStep:
    """An operation with its arguments, whoever it is called at."""
    return JourneyStep(
        operation=operation,
        begin=lambda p: getattr(p, operation)(*args, **kwargs),
        arguments=args,
        gone=gone,
    )


def _walk(operation: str, *args: Any) -> JourneyStep:
    """All pages of a list."""
    return JourneyStep(
        operation=operation,
        begin=lambda p: every(_bounded(lambda cursor: getattr(p, operation)(cursor, *args))),
    )


def _bounded(page_of: Callable[[str | None], Flow[Any]]) -> Callable[[str | None], Flow[Any]]:
    """Pages up to a number that no simulator has; more of them never end."""
    left = _MOST_PAGES

    def page(cursor: str | None) -> Flow[Any]:
        nonlocal left
        left -= 1
        if not left:
            raise AssertionError(f"it has given {_MOST_PAGES} pages and goes on")
        return page_of(cursor)

    return page


def sources(provider: PortraitProvider) -> list[Any]:
    """Media in each form that the vendor takes."""
    is_bare = getattr(type(provider), "store", None) is LinkLibrary.store
    takes = provider.supports("add_upload") and not (is_bare and provider.media_host is None)
    found: list[Any] = [PICTURE] if takes else []
    return [*found, PICTURE_URL] if provider.supports("add_link") else found


def _added(provider: PortraitProvider, group: Any, source: Any) -> Generator[JourneyStep, Any, Any]:
    asset = yield _call("add_asset", group, source, name="front")
    if provider.supports("get_asset"):
        asset = yield _call("wait_until_active", asset)
    return asset


def _offered(provider: PortraitProvider, *steps: JourneyStep) -> Iterator[JourneyStep]:
    return (each for each in steps if provider.supports(each.operation))


def _person(
    provider: PortraitProvider, pass_check: Callable[[Any], object]
) -> Generator[JourneyStep, Any]:
    if not provider.supports("start_verification"):
        return
    check = yield _call("start_verification", "Ann", callback_url=CALLBACK_URL)
    if provider.supports("check_verification"):
        yield _call("check_verification", check)
        _ = pass_check(check)
        person = yield _call("wait_until_verified", check)
        if provider.supports("add_asset"):
            _ = yield from _added(provider, person, sources(provider)[0])


def _videos(
    provider: PortraitProvider, request: VideoRequest, folder: Path
) -> Generator[JourneyStep, Any]:
    if not provider.supports("create_video"):
        return
    make = _call("create_video", request)
    task = yield make
    if provider.supports("cancel_video"):
        yield _call("cancel_video", task)
        task = yield make
    if provider.supports("get_video"):
        yield _call("get_video", task)
        done = yield _call("wait_for_video", task)
        path = folder / "contract.mp4"
        yield _call("download_video", done, path)
    if provider.supports("list_videos"):
        yield _walk("list_videos")


def _deletions(provider: PortraitProvider, group: Any, asset: Any) -> Generator[JourneyStep, Any]:
    if asset is not None and provider.supports("delete_asset"):
        yield _call("delete_asset", asset)
        if provider.supports("get_asset"):
            yield _call("get_asset", asset, gone=True)
    if group is not None and provider.supports("delete_group"):
        yield _call("delete_group", group)
        if provider.supports("get_group"):
            yield _call("get_group", group, gone=True)


def with_link(provider: PortraitProvider, request: VideoRequest) -> VideoRequest:
    """The request with a picture at an address, where there is no library; if the vendor can."""
    pictured = evolve(request, media=References(images=[PICTURE_URL]))
    try:
        _ = provider.preview_video(pictured, strict_limits=False)
    except PortraitError:
        return request
    return pictured


def plain_video(provider: PortraitProvider, asset: Asset | None) -> VideoRequest:
    """A video in the fields that the vendor can express."""
    fields: Mapping[str, Any] = {
        name: value for name, value in SECONDS.items() if name in provider.dialect.fields
    }
    model = next((each.name for each in provider.video_models if each.takes_assets), "seedance-2.0")
    if asset is None:
        return VideoRequest(prompt="a slow push-in", model=model, **fields)
    media = References(images={"mia": asset})
    return VideoRequest(prompt="{mia} smiles, slow push-in", model=model, media=media, **fields)
