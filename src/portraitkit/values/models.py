"""
The values that operations return: frozen, and free of any vendor's words.

Times are aware UTC datetimes. Links and tokens are secrets: they are absent from every text form,
and a property such as `VideoTask.video_url` hands out the plain text only when asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

import attrs
from attrs import field, frozen

from . import dicts
from .errors import AssetNotReadyError, PortraitError
from .handles import Handle, HandleKind
from .masking import mask_links
from .remarks import Adaptation, Finding, Raw, Tried
from .secret import Secret
from .statuses import AssetStatus, GroupKind, MediaType, VerificationStatus, VideoStatus

T = TypeVar("T")
_IN_HANDLE: Final = ("provider", "account", "ref")
"""What a text form leaves to the handle."""


@frozen(kw_only=True)
class Page(Generic[T]):
    """
    One page of a list.

    Attributes:
        items: What it holds.
        next: What to ask the following page with; None on the last.
        to_come: How many rows the vendor's total still promises after this page.
        lost: How many rows cannot be read.
        missing: How many rows a part of the list that ends here promised and never gave.
    """

    items: tuple[T, ...]
    next: str | None = None
    to_come: int = 0
    lost: int = 0
    missing: int = 0


@frozen(kw_only=True)
class Failure:
    """Why an asset or a video failed, in the vendor's words; links lose their queries."""

    code: str = ""
    message: str = field(default="", converter=mask_links)
    error: PortraitError | None = field(default=None, repr=False, eq=False)
    """The error that stopped one part of `add_assets`."""


@frozen(kw_only=True, repr=False, slots=False)
class Result:
    """What every result knows about where it came from."""

    provider: str
    account: str
    id: str | None
    """The vendor's id; None where it is not known yet."""
    ref: str = field(default="", repr=False)
    """What the handle holds when it is not the id, such as a review task's id."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    adaptations: tuple[Adaptation, ...] = ()
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    """The profiles that a failover left before this one, in order."""
    raw: Raw | None = field(default=None, repr=False, eq=False)

    @property
    def handle(self) -> str:
        """A string that names it in any process; see `portraitkit.values.handles`."""
        return ""

    def to_dict(self) -> dict[str, Any]:
        """
        Give what JSON can hold of it, `type` and `handle` first.

        Links, tokens and the raw answer are left out: they open something. Ask for them again.
        """
        return dicts.to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        Read what `to_dict` wrote.

        Raises:
            InvalidInputError: It is no such data.
        """
        return dicts.from_dict(cls, data)

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        yield "handle", self.handle
        for each in attrs.fields(type(self)):
            value = getattr(self, each.name)
            is_plain = value in (each.default, None, "") and each.name != "status"
            if each.repr and each.name not in _IN_HANDLE and not is_plain:
                yield each.name, value

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __str__(self) -> str:
        """Say in a few words what it is, for logs and for people."""
        name, status = getattr(self, "name", ""), getattr(self, "status", None)
        kind = type(self).__name__.removesuffix("Task").lower()
        words = (kind, name and repr(name), status and status.value, self.handle)
        return " ".join(filter(None, words))

    def _repr_html_(self) -> str:
        """A table for notebooks; no link, as a notebook keeps what it shows."""
        from html import escape  # noqa: PLC0415  (only notebooks call this)

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
            for name, value in self.__rich_repr__()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let pydantic, and so FastAPI, read and write it as `to_dict` does."""
        del source, handler
        from pydantic_core import core_schema  # noqa: PLC0415  (only pydantic calls this)

        return core_schema.no_info_plain_validator_function(
            lambda data: data if isinstance(data, cls) else cls.from_dict(data),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        """Tell an OpenAPI page that it is an object."""
        del schema, handler
        return {"type": "object", "title": cls.__name__}

    def _handle(self, kind: HandleKind) -> str:
        ref = self.ref or self.id or ""
        return str(Handle(self.provider, self.account, kind, ref)) if ref else ""


@frozen(kw_only=True, repr=False, slots=False)
class Group(Result):
    """A vendor's asset group: one figure or one person."""

    name: str = ""
    description: str = ""
    kind: GroupKind = GroupKind.UNKNOWN
    kind_word: str = ""
    """The vendor's own word for the kind."""
    active: bool = True
    """False while a real person's group waits for the face check."""
    name_token: str = field(default="", repr=False, eq=False)
    """What portraitkit put behind the name; see `portraitkit.values.name_tokens`."""

    @property
    def handle(self) -> str:
        """A string that names this group in any process; see `portraitkit.values.handles`."""
        return self._handle("group")


@frozen(kw_only=True, repr=False, slots=False)
class Asset(Result):
    """One picture, video or audio in a group."""

    name: str = ""
    media: MediaType = MediaType.UNKNOWN
    status: AssetStatus = AssetStatus.UNKNOWN
    status_word: str = ""
    """The vendor's own word for the status."""
    group_id: str | None = None
    group_kind: GroupKind = field(default=GroupKind.UNKNOWN, repr=False)
    """Whose face its group holds, where the call that added it was given the group."""
    link: Secret | None = field(default=None, repr=False)
    """A short-lived link to the stored media."""
    link_expires_at: datetime | None = None
    """When that link runs out, where the vendor tells."""
    published: Secret | None = field(default=None, repr=False, eq=False)
    """Where a media host keeps its file until the review has ended."""
    failure: Failure | None = None
    name_token: str = field(default="", repr=False, eq=False)
    """What portraitkit put behind the name; see `portraitkit.values.name_tokens`."""

    @property
    def handle(self) -> str:
        """A string that names this asset in any process; empty if it was never created."""
        return self._handle("asset")

    @property
    def uri(self) -> str:
        """
        `asset://…`, for use in a video request.

        Raises:
            AssetNotReadyError: The asset is still processing or has failed: wait with
                `wait_until_active`. Or it is a link, which has no such address: pass the asset.
        """
        if self.id is None or self.status in (AssetStatus.PROCESSING, AssetStatus.FAILED):
            raise AssetNotReadyError(
                f"asset {self.id or self.ref} is {self.status.value}: it has no asset:// address",
                provider=self.provider,
                handle=self.handle,
                next_step="pass the asset itself, as it is no more than a link"
                if self.link and self.status is AssetStatus.ACTIVE
                else "wait_until_active(asset), then use what it returns",
            )
        return f"asset://{self.id}"


@frozen(kw_only=True, repr=False, slots=False)
class Verification(Result):
    """
    A real person's face check.

    The handle holds no readable token: it can be opened only with the same account's credentials.
    """

    name: str = ""
    status: VerificationStatus = VerificationStatus.WAITING
    status_word: str = ""
    """The vendor's own word for the status, where it has one."""
    link: Secret | None = field(default=None, repr=False)
    token: Secret | None = field(default=None, repr=False)
    """The vendor's own name for the session, where it has one."""
    code: Secret | None = field(default=None, repr=False)
    """What the person types, where the check is opened by a code."""
    expires_at: datetime | None = None
    """When link and token run out."""
    claimed: bool | None = None
    """Whether the browser's return says that the person passed. It proves nothing."""
    group: Group | None = None
    """The person's group, once verified."""
    failure: Failure | None = None

    @property
    def url(self) -> str | None:
        """The page to open on the person's phone. Whoever has it can take the check."""
        return self.link.reveal() if self.link else None

    @property
    def person_code(self) -> str | None:
        """What the person types on the page or in the vendor's app; None where a link does it."""
        return self.code.reveal() if self.code else None

    @property
    def handle(self) -> str:
        """A string that names this check in any process with the same credentials."""
        return self._handle("verification")


@frozen(kw_only=True)
class Quota:
    """
    How full an account is.

    Attributes:
        groups: Groups that it has, of both kinds.
        most_groups: How many it may have, where that is documented and the same for all.
    """

    groups: int
    most_groups: int | None = None

    @property
    def groups_left(self) -> int | None:
        """How many more it may have; None where that is not documented."""
        return None if self.most_groups is None else max(0, self.most_groups - self.groups)


@frozen(kw_only=True)
class Usage:
    """What the vendor says a video took."""

    total_tokens: int | None = None
    completion_tokens: int | None = None


@frozen(kw_only=True, repr=False, slots=False)
class VideoTask(Result):
    """One video generation."""

    status: VideoStatus = VideoStatus.UNKNOWN
    status_word: str = ""
    """The vendor's own word for the status."""
    model: str = ""
    progress: float | None = None
    """0 to 100, where the vendor tells."""
    video_link: Secret | None = field(default=None, repr=False)
    last_frame_link: Secret | None = field(default=None, repr=False)
    link_expires_at: datetime | None = None
    duration_s: float | None = None
    ratio: str = ""
    resolution: str = ""
    seed: int | None = None
    usage: Usage | None = None
    failure: Failure | None = None

    @property
    def video_url(self) -> str | None:
        """The finished file's signed link. It runs out: copy the file with `download_video`."""
        return self.video_link.reveal() if self.video_link else None

    @property
    def last_frame_url(self) -> str | None:
        """The last frame's signed link, where it was asked for."""
        return self.last_frame_link.reveal() if self.last_frame_link else None

    @property
    def handle(self) -> str:
        """A string that names this task in any process; see `portraitkit.values.handles`."""
        return self._handle("video")


@frozen(kw_only=True)
class Event:
    """One look at something that is being waited for. `print` shows it as a line."""

    subject: Literal["asset", "verification", "video"]
    handle: str
    status: AssetStatus | VerificationStatus | VideoStatus
    status_word: str
    elapsed_s: float
    look: int
    """The first look is 1."""
    next_look_s: float | None
    """Seconds until the next look; None when this was the last."""

    def __str__(self) -> str:
        word = f" ({self.status_word})" if self.status_word else ""
        then = "" if self.next_look_s is None else f", next look in {self.next_look_s:g} s"
        return f"{self.elapsed_s:7.1f} s  {self.subject} {self.status.value}{word}{then}"


GroupRef: TypeAlias = Group | str
AssetRef: TypeAlias = Asset | str
VerificationRef: TypeAlias = Verification | str
VideoRef: TypeAlias = VideoTask | str
"""The object, its handle, or the vendor's bare id."""
AssetRefs: TypeAlias = Sequence[Asset] | list[AssetRef] | list[str] | tuple[AssetRef, ...]
"""Several of them; no plain sequence of texts, as one text is that too."""
