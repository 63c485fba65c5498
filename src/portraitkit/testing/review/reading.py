"""
What cassettes mean, as stable text: the operation that sends each request, and what it comes to.

`diff` between the texts of two versions, or of two adapters, says how they differ in reading the
same answers. Values that change by themselves, such as ids in handles, are left out.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from ...providers.registry import provider_classes
from ...values.errors import ConfigError, PortraitError
from ...values.models import Asset, Group
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind
from ...values.video import VideoRequest
from ...wire.codec import is_array, is_object, texts_in
from ...wire.steps import Request, Response
from ..cassettes import cassettefile
from ..conformance.bodies import json_value
from ..conformance.journey import PICTURE
from ..doubles.replaying import drive
from .contractcheck import request_of, response_of, sample_provider
from .linting import vendor_of

_Exchange: TypeAlias = tuple[Request, Response]
_LINK: Final = "https://example.com/mia.png"
_LEFT_OUT: Final = frozenset({"raw", "provider", "account", "ref"})
_MOST_STEPS: Final = 48


def lines(path: Path, adapter: str = "") -> Iterator[str]:
    """
    Read one cassette.

    Args:
        path: The cassette.
        adapter: Whose reading it is; the cassette's own vendor's if not given.

    Raises:
        ConfigError: No such adapter is installed, or the cassette does not say whose it is.
    """
    cassette = cassettefile.load(path)
    vendor = adapter or vendor_of(path, cassette)
    if not vendor:
        raise ConfigError(
            f"{path} does not say whose answers it holds",
            next_step="put it into a folder with the vendor's name, or give --as",
        )
    tape = [
        (request_of(each["request"]), response_of(each["response"]))
        for each in cassette["interactions"]
    ]
    for number, found in enumerate(results(tape, vendor), 1):
        yield f"{path.as_posix()}:{number}: {found['operation'] or 'no operation sends it'}"
        if found["operation"]:
            yield from (f"    {line}" for line in _flat(found["result"], ""))


def _flat(value: Any, where: str) -> Iterator[str]:
    """Write a value a line for each member, such as `items.1.status: ACTIVE`."""
    rows = enumerate(value, 1) if is_array(value) else value.items() if is_object(value) else ()
    inner = [line for key, each in rows for line in _flat(each, f"{where}.{key}".lstrip("."))]
    yield from inner or [f"{where or 'result'}: {json.dumps(value, ensure_ascii=False)}"]


def results(tape: Sequence[_Exchange], vendor: str) -> Iterator[dict[str, Any]]:
    """Read each interaction by the operation that sends its request."""
    providers = [sample_provider(each) for each in provider_classes(vendor)]
    met: list[Any] = []
    for first in range(len(tape)):
        yield _read(providers, tape[first:], met)


def _read(providers: Sequence[Any], tape: Sequence[_Exchange], met: list[Any]) -> dict[str, Any]:
    """Find the operation that sends the tape's first request, best with the same members."""
    for strict in (True, False):
        for provider in providers:
            for name, make in _operations(provider, tape[0][0], met):
                found = _played(make, tape, met, strict=strict)
                if found is not None:
                    return {"operation": name, "result": found}
    return {"operation": "", "result": None}


def _operations(
    provider: Any, request: Request, met: list[Any]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """All calls that might have sent a request, with what was met and with the ids it names."""
    for one in reversed(met):  # some know an asset by more than the ids that a request names
        if isinstance(one, Asset):
            yield "get_asset", partial(provider.get_asset, one)
    for one in _ids_in(request):
        for name in (
            "get_asset", "get_group", "get_video", "check_verification", "cancel_video",
            "delete_asset", "delete_group",
        ):  # fmt: skip
            yield name, partial(getattr(provider, name), one)
        yield "list_assets", partial(provider.list_assets, None, one)
        yield "list_assets", partial(provider.list_assets, None, one, status=AssetStatus.ACTIVE)
        yield "rename_asset", partial(provider.rename_asset, one, "Mia")
        yield "rename_group", partial(provider.rename_group, one, "Mia")
        yield from _additions(provider, one, _most_in(json_value(request.content)))
    yield "create_group", partial(provider.create_group, "Mia")
    for kind in (None, GroupKind.VIRTUAL, GroupKind.REAL_PERSON):
        yield "list_groups", partial(provider.list_groups, None, kind=kind)
    yield "list_videos", partial(provider.list_videos, None)
    yield "start_verification", partial(provider.start_verification, "Ann")
    film = VideoRequest(prompt="a figure smiles", model="seedance-2.0")
    yield "create_video", partial(provider.create_video, film)


def _additions(provider: Any, group_id: str, count: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Some take several at once, and some a real person's elsewhere."""
    known: dict[str, Any] = {"provider": provider.name, "account": provider.account, "id": group_id}
    for group in (group_id, Group(**known, kind=GroupKind.REAL_PERSON)):
        if count > 1:
            yield "add_assets", partial(provider.add_assets, group, [_LINK] * count)
        for source in (_LINK, PICTURE):
            yield "add_asset", partial(provider.add_asset, group, source, name="front")


def _most_in(value: Any) -> int:
    """The length of the longest list."""
    if is_object(value):
        return max(map(_most_in, value.values()), default=0)
    return max([len(value), *map(_most_in, value)]) if is_array(value) else 0


def _ids_in(request: Request) -> list[str]:
    found = [unquote(each) for each in urlsplit(request.url).path.split("/") if each]
    found += [text for _, text in request.query]
    found += list(texts_in(json_value(request.content)))
    return [each for each in dict.fromkeys(found) if 2 < len(each) < 200][::-1]  # noqa: PLR2004  (an id's length)


def _played(
    make: Callable[[], Any], tape: Sequence[_Exchange], met: list[Any], *, strict: bool
) -> Any:
    """Run an operation on a tape; None if it does not ask what the tape answers first."""
    asked = 0

    def answer(request: Request) -> Response:
        nonlocal asked
        if asked >= len(tape) or not _is_same(request, tape[asked][0], strict=strict and not asked):
            raise _UnansweredError(f"{request.method} {urlsplit(request.url).path}")
        asked += 1
        return tape[asked - 1][1]

    try:
        result = _result(drive(make(), answer, [], _MOST_STEPS), met)
    except _UnansweredError as further:
        result = {"asks further": str(further)}
    except PortraitError as refused:
        result = _refusal(refused)
    except (TypeError, ValueError, AttributeError, KeyError, NotImplementedError) as crashed:
        result = {"crash": type(crashed).__name__}
    except AssertionError:
        result = {"ends": "never"}
    return result if asked else None


class _UnansweredError(Exception):
    """An operation asks for something that is not next on the tape."""


def _result(value: Any, met: list[Any]) -> Any:
    """Write an operation's result, and keep what later ones may be about."""
    if value is None:
        return {"done": True}
    met += value if is_array(value) else [value]
    return _plain(value)


def _is_same(step: Request, recorded: Request, *, strict: bool) -> bool:
    """
    Compare method, path and query; of a read also the body, whose ids tell calls apart.

    Args:
        step: What an operation sends.
        recorded: What was recorded.
        strict: Whether the bodies must have the same members.
    """
    asked, other = urlsplit(step.target), urlsplit(recorded.target)
    query, its = dict(parse_qsl(asked.query)), dict(parse_qsl(other.query))
    if (step.method, asked.path, query) != (recorded.method, other.path, its):
        return False
    action = query.get("Action", "")
    mine, recorded_body = json_value(step.content), json_value(recorded.content)
    if is_object(mine) and is_object(recorded_body) and strict and set(mine) != set(recorded_body):
        return False
    return not action.startswith(("Get", "List", "Delete")) or _ids(mine) == _ids(recorded_body)


def _ids(body: Any) -> set[str]:
    left_out = ("ProjectName", "Name")
    if is_object(body):
        body = {key: each for key, each in body.items() if key not in left_out}
    return set(texts_in(body))


def _refusal(error: PortraitError) -> dict[str, Any]:
    return {
        "error": type(error).__name__,
        "code": error.code,
        "status": error.status,
        "field": error.field,
    }


def _plain(value: Any) -> Any:  # noqa: PLR0911  (one for each kind of value)
    """Write a result as JSON: statuses by name, times as text, links as present or not."""
    if isinstance(value, Secret):
        return "present"
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PortraitError):
        return {"error": type(value).__name__, "code": value.code}
    cls: Any = value.__class__
    if attrs.has(cls):
        names = (each.name for each in attrs.fields(cls))
        kept = {n: getattr(value, n) for n in names if not n.startswith("_") and n not in _LEFT_OUT}
        return {"is": cls.__name__, **{key: _plain(each) for key, each in kept.items()}}
    if is_object(value):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | frozenset):
        value = list(cast("tuple[Any, ...]", value))
    if is_array(value):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else type(value).__name__
