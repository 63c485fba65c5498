"""
A call's arguments as a journal keeps them: JSON without secrets, fit to make the call again.

Things are kept by their handles. What is or may be a secret is left out and named as missing, to be
given again: bytes, signed and other addresses with a query, callback addresses, a check's bare
token, and any text that holds a credential.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeGuard

from attrs import field, frozen

from ..operations.provider import PortraitProvider
from ..values.errors import JournalError, PortraitError
from ..values.handles import Handle, HandleKind, is_handle
from ..values.masking import masker
from ..values.models import Result
from ..values.portraits import MediaRef, OneOf
from ..values.sources import Source, as_sources, is_inline
from ..values.statuses import GroupKind, MediaType
from ..values.video import SCALARS, Frames, Media, Reference, References, VideoRequest
from ..wire.codec import is_array, is_object
from .records import Record

Arguments: TypeAlias = Mapping[str, Any]

CREATES: Final = frozenset(
    {"create_group", "add_asset", "add_assets", "start_verification", "create_video"}
)
"""The operations that make something."""
JOBS: Final = CREATES | {
    "wait_until_active",
    "wait_until_all_active",
    "wait_until_verified",
    "wait_for_video",
    "wait_for_videos",
    "download_video",
}
"""The operations that make something, or take long."""
_KINDS: Final[Mapping[str, HandleKind]] = {"group": "group", "asset": "asset", "task": "video"}
_THINGS: Final = {
    "wait_until_active": "asset",
    "wait_until_verified": "verification",
    "wait_for_video": "task",
    "download_video": "task",
}
_SEVERAL: Final = {
    "wait_until_all_active": ("assets", "wait_until_active", "asset"),
    "wait_for_videos": ("tasks", "wait_for_video", "task"),
}
"""What waits for several things: the argument that they are in, and the job that each is."""


@frozen(kw_only=True)
class RecordedCall:
    """
    What a journal keeps of one job's call.

    Attributes:
        operation: The operation that does this job alone, such as `add_asset` for a part of
            `add_assets`.
        arguments: JSON.
        missing: The arguments that were given and not kept.
        thing: The handle of what is waited for.
    """

    operation: str
    arguments: Arguments
    missing: tuple[str, ...] = ()
    thing: str = ""

    @property
    def about(self) -> str:
        """The handle that says whose job it is; empty where none is among the arguments."""
        named = (str(self.arguments.get(name, "")) for name in ("group", *_THINGS.values()))
        return next((each for each in named if each), "")


@frozen
class _Arguments:
    """Keeps what is no secret, and notes what is left out."""

    provider: PortraitProvider
    clean: Callable[[str], str]
    plain: dict[str, Any] = field(factory=dict[str, Any])
    missing: list[str] = field(factory=list[str])

    def keep(self, name: str, value: Any) -> None:
        """Keep a plain value, if it is one and holds no secret."""
        if self.is_plain(value):
            self.plain[name] = value
        else:
            self.missing.append(name)

    def keep_thing(self, name: str, value: Any) -> None:
        """Keep a thing's handle or bare id."""
        text = handle_of(value)
        if not text and name in _KINDS and isinstance(value, str):
            text = self._handle(_KINDS[name], value)
        if text:  # a check's bare id is the vendor's token itself
            self.keep(name, text)
        else:
            self.missing.append(name)

    def _handle(self, kind: HandleKind, bare: str) -> str:
        try:
            ref = self.provider.id_of(kind, bare)
        except PortraitError:
            return ""  # the call is about to say so
        return str(Handle(self.provider.name, self.provider.account, kind, ref))

    def is_plain(self, value: Any) -> bool:
        """Tell whether a value is JSON without a secret."""
        try:
            read = json.loads(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            return False
        return bool(read == value) and all(self.clean(text) == text for text in _texts(read))


def _texts(value: Any) -> Iterator[str]:
    """Every text in JSON, keys included."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif is_array(value):
        for each in value:
            yield from _texts(each)


def handle_of(thing: object) -> str:
    """The handle of a result, or a handle itself; empty for anything else."""
    if isinstance(thing, Result):
        return str(getattr(thing, "handle", ""))
    return thing.strip() if isinstance(thing, str) and is_handle(thing) else ""


def calls_of(operation: str, provider: PortraitProvider, given: Arguments) -> list[RecordedCall]:
    """Turn a call into jobs: one, or one for each part."""
    clean = masker((each.reveal() for each in provider.secrets if each), in_paths=True)
    if operation == "add_assets" and isinstance(given.get("sources"), Sequence | Mapping):
        group, sources = given["group"], as_sources(given["sources"])
        calls = [("add_asset", {"group": group, "source": each}) for each in sources]
    elif operation in _SEVERAL:
        many, single, one = _SEVERAL[operation]
        rest = {key: value for key, value in given.items() if key != many}
        calls = [(single, {one: each, **rest}) for each in given[many]]
    else:
        calls = [(operation, dict(given))]
    return [
        _recorded_call(name, _Arguments(provider, clean), arguments) for name, arguments in calls
    ]


def _recorded_call(operation: str, into: _Arguments, given: Arguments) -> RecordedCall:
    if isinstance(source := given.get("source"), Source):
        said = {"name": source.name, "media": source.media, "source": source.file}
        given = {**given, **{key: value for key, value in said.items() if value}}
    for name, value in given.items():
        if name == "on_event":
            continue
        if isinstance(value, VideoRequest):
            _keep_request(into, value)
        elif name in ("group", *_THINGS.values()):
            into.keep_thing(name, value)
        elif name in ("source", "path"):
            _keep_path(into, name, value)
        elif name == "callback_url":
            into.missing.extend([name] if value is not None else [])
        else:
            is_word = isinstance(value, GroupKind | MediaType)
            into.keep(name, value.value if is_word else _json(value))
    thing = into.plain.get(_THINGS.get(operation, ""), "")
    return RecordedCall(
        operation=operation,
        arguments=into.plain,
        missing=tuple(into.missing),
        thing=thing if is_handle(thing) and operation != "download_video" else "",
    )


def _keep_path(into: _Arguments, name: str, value: Any) -> None:
    """Keep a path, so that it means the same in another folder; or an address."""
    if isinstance(value, str) and "://" in value:
        into.keep(name, value)  # one with a query is not clean
    elif isinstance(value, str | Path) and str(value) and not is_inline(value):
        into.keep(name, str(Path(value).expanduser().absolute()))
    else:
        into.missing.append(name)


def _is_row(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _json(value: Any) -> Any:
    """Mappings and sequences as JSON has them."""
    if is_object(value):
        return {key: _json(each) for key, each in value.items()}
    if _is_row(value):
        return [_json(each) for each in value]
    return value


# -- videos ----------------------------------------------------------------------------------------


def _keep_request(into: _Arguments, request: VideoRequest) -> None:
    recorded = _Arguments(into.provider, into.clean)
    for name in ("prompt", "model", *SCALARS):
        value = getattr(request, name)
        if value is None:
            continue
        if name == "callback_url":
            recorded.missing.append(name)
        else:
            recorded.keep(name, value)
    if request.extra:
        recorded.keep("extra", _json(request.extra))
    if request.media is not None:
        _keep_media(recorded, request.media)
    into.plain["request"] = recorded.plain
    into.missing.extend(["request"] if recorded.missing else [])


def _keep_media(recorded: _Arguments, media: Media) -> None:
    if isinstance(media, Frames):
        last = {} if media.last is None else {"last": _source(media.last)}
        recorded.keep("frames", {"first": _source(media.first), **last})
    else:
        lists = {
            kind: [[each.name, _source(each.source)] for each in getattr(media, kind)]
            for kind in ("images", "videos", "audios")
        }
        recorded.keep("references", lists)


def _source(source: Any) -> Any:
    if isinstance(source, OneOf):
        return [_source(each) for each in source.assets]
    return handle_of(source) or source


def _ref(kept: Any) -> MediaRef:
    return OneOf(*kept) if is_array(kept) else kept


def _media(recorded: Arguments) -> Media | None:
    if (frames := recorded.get("frames")) is not None:
        last = frames.get("last")
        return Frames(first=_ref(frames["first"]), last=None if last is None else _ref(last))
    if (lists := recorded.get("references")) is None:
        return None
    return References(
        **{
            kind: [Reference(name=name, source=_ref(source)) for name, source in pairs]
            for kind, pairs in lists.items()
        }
    )


def request_of(recorded: Arguments) -> VideoRequest:
    """Read a video request as it was kept; one that is missing in part is not the request."""
    plain: dict[str, Any] = {"prompt": "", **recorded}
    for key in ("frames", "references"):
        plain.pop(key, None)
    return VideoRequest(media=_media(recorded), **plain)


def call_of(record: Record, provider: PortraitProvider) -> dict[str, Any]:
    """
    Read a call's arguments as they were kept, for the operation of that provider.

    Raises:
        JournalError: They are no arguments of such an operation.
    """
    operation = getattr(provider, record.operation, None) if record.operation in JOBS else None
    try:
        call = _read_call(record.arguments)
        signature = inspect.signature(operation or len)  # len takes nothing by name
        missing = {name for name in record.missing if name in signature.parameters}
        _ = signature.bind(**{**dict.fromkeys(missing), **call})
    except (PortraitError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        raise JournalError(
            "the journal's note of this call cannot be read",
            operation=record.operation,
            field="journal",
            next_step="look in the vendor's console for what it made, then job.drop()",
        ) from None
    return call


def _read_call(arguments: Arguments) -> dict[str, Any]:
    call = dict(arguments)
    if "request" in call:
        call["request"] = request_of(call["request"])
    if "kind" in call:
        call["kind"] = GroupKind(call["kind"])
    if call.get("media") is not None:
        call["media"] = MediaType(call["media"])
    return call
