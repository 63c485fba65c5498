"""Any answer to any operation of any vendor: a sound result, or a PortraitError."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from fuzz_choices import Choices, dumped

from portraitkit.operations.guarding import guarded
from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.apimart import APIMart
from portraitkit.providers.apiyi import APIYI, APIYIWithIcover
from portraitkit.providers.byteplus import BytePlus
from portraitkit.providers.token360 import Token360
from portraitkit.providers.volcengine import Volcengine
from portraitkit.providers.xcompute import XCompute
from portraitkit.simulators.finding import load
from portraitkit.simulators.state import SimAccount
from portraitkit.testing import SimulatorTransport, simulated
from portraitkit.values.errors import PortraitError
from portraitkit.values.handles import Handle
from portraitkit.values.models import Asset, Group, Page, Result, Verification, VideoTask
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus
from portraitkit.values.video import References, VideoRequest
from portraitkit.wire.steps import Flow, Pause, Request, Response

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FACE = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
PICTURE = "https://cdn.example/mia.jpg"
MOST_STEPS = 5000
ANSWER_S = 0.05
ACCOUNT = SimAccount(
    name="main",
    api_key="sk-fuzz-0123",
    access_key="AKLTfuzz",
    secret_key="fuzzed-secret==",
    library_key="sk-fuzz-library-0123",
)
_KEYS = {"api_key": Secret(ACCOUNT.api_key), "callback_url": "https://app.example/back"}
_SIGNED = {"access_key": Secret(ACCOUNT.access_key), "secret_key": Secret(ACCOUNT.secret_key)}


class _Host:
    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        return PICTURE


PROVIDERS: dict[str, PortraitProvider] = {
    each.name: each
    for each in (
        AllToken(**_KEYS, media_host=_Host()),
        Token360(**_KEYS),
        Volcengine(**_KEYS, **_SIGNED, media_host=_Host()),
        APIYI(**_KEYS, **_SIGNED, media_host=_Host()),
        XCompute(**_KEYS, media_host=_Host()),
        BytePlus(**_KEYS, **_SIGNED, media_host=_Host()),
        APIMart(**_KEYS, media_host=_Host()),
    )
}
PROVIDERS["apiyi-icover"] = APIYIWithIcover(
    api_key=_KEYS["api_key"], library_key=Secret(ACCOUNT.library_key)
)
STATUSES = (200, 200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503, 504)
ENVELOPE = (
    "ResponseMetadata", "Result", "Error", "Code", "Message", "RequestId", "data", "code", "msg",
    "serviceCode", "error", "message", "type", "param", "result", "list", "records", "items",
    "Items", "pagination", "total", "size", "TotalCount", "PageSize", "NextToken", "has_more",
    "last_id", "assets", "usable_assets", "failed_assets", "asset_id", "asset_url", "status",
    "raw_response", "Name", "videos", "url", "expires_at", "group_id", "GroupId", "h5_link",
    "byted_token", "id", "task_id", "Data",
)  # fmt: skip

Operation = Callable[[PortraitProvider], Flow[Any]]


# -- driving ---------------------------------------------------------------------------------------


def drive(flow: Flow[Any], answer: Callable[[Request], Response]) -> Any:
    """
    Run a flow as `replay` does, with as many answers as it asks for.

    Raises:
        AssertionError: It does not end.
    """
    clock_s = 0.0
    reply: Any = None
    error: PortraitError | None = None
    for _ in range(MOST_STEPS):
        try:
            step = flow.send(reply) if error is None else flow.throw(error)
        except StopIteration as stop:
            return stop.value
        reply, error = None, None
        if isinstance(step, Pause):
            clock_s += max(step.seconds, 0.0)
            reply = clock_s
        elif isinstance(step, Request):
            clock_s += ANSWER_S
            reply = answer(step)
        else:
            try:
                reply = step.call()
            except PortraitError as raised:
                error = raised
    raise AssertionError(f"no end after {MOST_STEPS} steps")


def outcome(
    flow: Flow[Any], provider: PortraitProvider, answer: Callable[[Request], Response]
) -> Any:
    """What a caller gets: the result, or the PortraitError. Anything else is raised."""
    try:
        return drive(guarded(flow, provider, "fuzzed"), answer)
    except PortraitError as error:
        return error


# -- operations ------------------------------------------------------------------------------------


@frozen
class Things:
    group: Group
    asset: Asset
    check: Verification
    task: VideoTask


@cache
def things(name: str) -> Things:
    """One of each, as the vendor's adapter makes them."""
    provider = PROVIDERS[name]
    known = {"provider": provider.name, "account": provider.account}
    asset_id = "ta_0123456789abcdef" if name == "token360" else "asset-20260318035710-abcde"
    group_id = "group-20260318035710-abcde"
    check = Verification(**known, id=group_id, ref=f"{group_id}@1800000000")
    if provider.supports("read_callback"):
        check = provider.read_callback("https://app.example/?bytedToken=20260102TOKEN")
    if name == "apiyi-icover":
        check = Verification(**known, id=None, token=Secret("20260102TOKEN"), ref="20260102TOKEN")
    review = "task_1#0" if name in ("xcompute", "apimart") else ""
    return Things(
        group=Group(**known, id=group_id, kind=GroupKind.VIRTUAL),
        asset=Asset(**known, id=asset_id, ref=review, group_id=group_id, status=AssetStatus.ACTIVE),
        check=check,
        task=VideoTask(**known, id="vgen_1"),
    )


def _request(asset: Asset) -> VideoRequest:
    return VideoRequest(prompt="{mia} smiles", media=References(images={"mia": asset}))


def _pages(make: Callable[[str | None], Flow[Page[Any]]]) -> Flow[list[Any]]:
    """Walk pages as a client does, for a while."""
    items: list[Any] = []
    cursor: str | None = None
    for _ in range(5):
        page = yield from make(cursor)
        items += page.items
        cursor = page.next
        if cursor is None:
            break
    return items


@cache
def operations(name: str) -> dict[str, Operation]:
    """Every operation that a vendor offers, ready to be begun."""
    made = things(name)
    source = FACE if name == "token360" else PICTURE
    waiting = evolve(made.asset, status=AssetStatus.PROCESSING)
    every: dict[str, Operation] = {
        "create_group": lambda on: on.create_group("Mia"),
        "get_group": lambda on: on.get_group(made.group),
        "list_groups": lambda on: _pages(on.list_groups),
        "rename_group": lambda on: on.rename_group(made.group, "Eve"),
        "delete_group": lambda on: on.delete_group(made.group),
        "add_asset": lambda on: on.add_asset(made.group, source, name="front"),
        "add_assets": lambda on: on.add_assets(made.group, [source, FACE]),
        "get_asset": lambda on: on.get_asset(made.asset),
        "list_assets": lambda on: _pages(lambda cursor: on.list_assets(cursor, made.group)),
        "rename_asset": lambda on: on.rename_asset(made.asset, "side"),
        "delete_asset": lambda on: on.delete_asset(made.asset),
        "wait_until_active": lambda on: on.wait_until_active(waiting, deadline_s=30),
        "wait_until_all_active": lambda on: on.wait_until_all_active(
            [waiting, waiting], deadline_s=30
        ),
        "start_verification": lambda on: on.start_verification("Ann"),
        "check_verification": lambda on: on.check_verification(made.check),
        "wait_until_verified": lambda on: on.wait_until_verified(made.check, deadline_s=30),
        "create_video": lambda on: on.create_video(_request(made.asset)),
        "get_video": lambda on: on.get_video(made.task),
        "list_videos": lambda on: _pages(on.list_videos),
        "cancel_video": lambda on: on.cancel_video(made.task),
        "wait_for_video": lambda on: on.wait_for_video(made.task, deadline_s=60),
        "download_video": lambda on: on.download_video(made.task, Path("never-written.mp4")),
    }
    provider = PROVIDERS[name]
    return {key: call for key, call in every.items() if provider.supports(key)}


# -- what has to hold ------------------------------------------------------------------------------

_WITH_ID = {"get_group", "create_video", "get_video", "wait_for_video", "cancel_video"}
_WITH_HANDLE = {"create_group", "add_asset", "get_asset", "rename_asset", "rename_group"}


def judge(name: str, operation: str, got: Any, account: str = "") -> None:
    """Hold what came out to what every caller relies on."""
    if isinstance(got, PortraitError):
        assert str(got)
        assert isinstance(pickle.loads(pickle.dumps(got)), type(got))
        return
    for each in _results(got):
        assert repr(each)
        assert (each.provider, each.account) == (
            PROVIDERS[name].name,
            account or PROVIDERS[name].account,
        )
        if handle := getattr(each, "handle", ""):
            assert Handle.parse(handle).ref == (each.ref or each.id)
        assert each.id is None or (isinstance(each.id, str) and each.id)
        assert pickle.loads(pickle.dumps(each)) is not None
    if operation in _WITH_ID:
        assert got.id
    if operation in _WITH_HANDLE:
        assert got.handle
    if operation == "start_verification":
        assert got.handle
        assert got.url
    if isinstance(got, Verification) and got.status is VerificationStatus.VERIFIED:
        assert got.group
        assert got.group.id
    if operation == "wait_until_verified":
        assert got.id
    if operation == "wait_until_active":
        assert got.uri.startswith("asset://")
    if operation in ("add_assets", "wait_until_all_active"):
        for each in got:
            assert each.handle or each.failure


def _results(got: Any) -> Iterator[Result]:
    if isinstance(got, Result):
        yield got
        group = getattr(got, "group", None)
        if group is not None:
            yield from _results(group)
    elif isinstance(got, list | tuple):
        for each in got:
            yield from _results(each)


# -- answers ---------------------------------------------------------------------------------------


@cache
def keys(name: str) -> tuple[str, ...]:
    """The names that a vendor's answers are read by."""
    names = set(ENVELOPE)
    for table in PROVIDERS[name].codec.fields.values():
        for paths in table.values():
            for path in (paths,) if isinstance(paths, str) else paths:
                names.update(part for part in path.split(".") if not part.isdigit())
    return tuple(sorted(names))


@cache
def templates(name: str) -> tuple[Any, ...]:
    """What the simulated vendor answers in the main job, to be spoilt."""
    simulator = load(PROVIDERS[name].name)()
    _ = simulator.add_account(ACCOUNT)
    told: list[Any] = []
    send = SimulatorTransport.send

    def sent(self: SimulatorTransport, request: Request) -> Response:
        response = send(self, request)
        if response.headers.get("content-type") == "application/json":
            told.append(json.loads(response.content))
        return response

    SimulatorTransport.send = sent  # type: ignore[method-assign]
    try:
        client = simulated(PROVIDERS[name], simulator)
        group = client.create_group("Mia")
        source = FACE if name == "token360" else PICTURE
        asset = client.wait_until_active(client.add_asset(group, source))
        if client.supports("start_verification"):
            check = client.start_verification("Ann")
            _ = client.check_verification(check)
            _ = client.wait_until_verified(check)
        for operation in ("list_groups", "list_assets", "list_videos"):
            if client.supports(operation):
                args = (asset.group_id,) if operation == "list_assets" else ()
                _ = list(getattr(client, operation)(*args))
        _ = client.wait_for_video(client.create_video(_request(asset)))
    finally:
        SimulatorTransport.send = send  # type: ignore[method-assign]
    return tuple(told)


def answerer(name: str, choices: Choices) -> Callable[[Request], Response]:
    """Make answers of choices; the last one is repeated when they are used up."""
    first = response_of(name, choices)
    later = [first]

    def answer(request: Request) -> Response:
        given = later[-1]
        if choices.chance(3):
            later.append(response_of(name, choices))
        if request.save_to and given.ok:
            return evolve(given, content=b"")
        return given

    return answer


def response_of(name: str, choices: Choices) -> Response:
    """Bytes, JSON of known members, or a spoilt answer of the simulated vendor."""
    kind = choices.below(6)
    status = choices.pick(STATUSES)
    headers = {"content-type": choices.pick(("application/json", "text/html", ""))}
    if choices.chance(6):
        headers["retry-after"] = choices.text()
    if choices.chance(6):
        headers["location"] = choices.text()
    if choices.chance(6):
        headers["x-request-id"] = choices.text()
    if kind == 0:
        content = choices.rest()
    elif kind == 1:
        content = dumped(choices.json(keys(name)))
    else:
        told = choices.pick(templates(name))
        content = dumped(choices.spoil(told, keys(name)) if kind > 2 else told)
        if kind == 5 and choices.chance(3):
            content = content[: choices.below(len(content) or 1)]
    return Response(status=status, headers=headers, content=content, received_at=NOW)


def fuzz_answer(data: bytes) -> tuple[str, str, Any]:
    """Let bytes choose vendor, operation and answers; judge what comes out."""
    choices = Choices(data)
    name = choices.pick(sorted(PROVIDERS))
    operation = choices.pick(sorted(operations(name)))
    provider = PROVIDERS[name]
    got = outcome(operations(name)[operation](provider), provider, answerer(name, choices))
    judge(name, operation, got)
    return name, operation, got
