"""What every adapter builds on: one vendor's tables, one account's settings, its answers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, TypeAlias, TypeVar
from urllib.parse import unquote

import attrs
from attrs import evolve, field, frozen

from . import refusals
from .codec import Codec, try_decode
from .dialect import VideoDialect
from .errors import (
    HandleError,
    InvalidInputError,
    PortraitError,
    ProviderError,
    UnsupportedError,
    masked_repr,
    masker,
)
from .handles import Handle, HandleKind, fingerprint, is_handle, seal, unseal
from .media import MediaHost, MediaRules
from .models import (
    Asset,
    Failure,
    Finding,
    Group,
    GroupKind,
    MediaType,
    Raw,
    Result,
    Verification,
    VideoStatus,
    VideoTask,
)
from .naming import untagged
from .preflight import Difference, VideoModel, check_asset_id, check_kind, check_length, enforce
from .rates import FREE, Rate
from .reasons import Reason, error_in, reason_of
from .secret import Secret
from .waiting import Pacing, Subject
from .wire import Flow, Request, Response, is_loopback, request_id_of, send

R = TypeVar("R", bound=Result)
Findings: TypeAlias = tuple[Finding, ...]


@frozen(kw_only=True)
class Answer:
    """A vendor's answer that is not a refusal, decoded."""

    data: Any = field(repr=False)
    response: Response
    request_id: str = ""
    secrets: tuple[Secret, ...] = ()
    """What the request held that no text may show."""

    @property
    def raw(self) -> Raw:
        """What to keep of it on a result."""
        return self.response.raw(self.data, self.request_id)


@frozen(kw_only=True, slots=False)
class Vendor(ABC):
    """
    One vendor, with one account's credentials and settings. Holds no connection: share it freely.

    Attributes:
        account_name: Names the account in handles, so that they outlive a change of keys.
        callback_url: Where face checks return to, where a call names no other place.
        models: Neutral model names to this vendor's, before the adapter's own table.
        strict_limits: Treat findings as errors.
        media_host: Makes local files reachable for vendors that take only URLs.
        pacing: Replaces the adapter's pacing for `asset`, `verification` or `video`.
        rates: Replaces the adapter's rates, by family.
        allow_private_addresses: Fetch sources and videos from this machine and its network too, as
            where a link is your own server's.
        name_tokens: When the answer to a create is lost, look for what it made: of groups and
            assets, by a short token that is put behind each new name. Clients of `connect` do,
            unless the profile says otherwise. A name is read without its token in any case.
    """

    name: ClassVar[str]
    codec: ClassVar[Codec]
    dialect: ClassVar[VideoDialect]
    video_models: ClassVar[tuple[VideoModel, ...]]
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {}
    """What a code means: whole, what stands before its last dots, or a pattern with `*`."""
    error_advice: ClassVar[Mapping[str, str]] = {}
    """What helps against a code, looked up likewise, where its class cannot know."""
    uncertain_codes: ClassVar[frozenset[str]] = frozenset()
    """Codes of refusals after which the vendor may have acted all the same."""
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = {}
    name_limit: ClassVar[tuple[int | None, str]] = (None, "")
    """Most characters in a group's or asset's name, and the source."""
    nameless: ClassVar[frozenset[str]] = frozenset()
    """Creates whose request has no place for a name, such as `add_upload`."""
    asset_prefix: ClassVar[str] = ""
    wire_form: ClassVar[str] = "JSON"
    """What answers are written in, for messages; see `decode`."""
    manual_steps: ClassVar[Mapping[str, str]] = {}
    """Operations that only a person can do: who does what, where, and what to bring back."""
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {}
    default_rates: ClassVar[Mapping[str, Rate]] = {}
    """How often an account may send each family of requests (`Request.family`)."""
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """
    Members of requests and answers whose values open something or tell of somebody. A cassette
    holds none of them; what any vendor calls a key, a name or an id need not be listed.
    """
    differences: ClassVar[Mapping[str, Difference]] = {}
    """Steps of providers/scenario.yaml that go otherwise here, though they are offered."""

    account_name: str = ""
    callback_url: str | None = field(default=None, repr=masked_repr)
    models: Mapping[str, str] = field(factory=dict[str, str])
    strict_limits: bool = False
    media_host: MediaHost | None = field(default=None, eq=False, repr=masked_repr)
    pacing: Mapping[str, Pacing] = field(factory=dict[str, Pacing])
    rates: Mapping[str, Rate] = field(factory=dict[str, Rate])
    allow_private_addresses: bool = False
    name_tokens: bool = False

    # -- what an adapter must say of itself ------------------------------------------------------

    @property
    @abstractmethod
    def identity(self) -> str:
        """What names the account among the credentials, such as the API key."""

    @property
    @abstractmethod
    def origins(self) -> frozenset[str]:
        """The only origins that ever see a credential."""

    @abstractmethod
    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Add the credential that `request.auth` asks for. Called afresh for every attempt."""

    @abstractmethod
    def fault(self, data: Any, response: Response) -> refusals.Fault | None:
        """Find a refusal in a decoded answer; None if there is none in the body."""

    def decode(self, response: Response) -> Any:
        """
        Read an answer's body into plain mappings, lists and values; None if it cannot be read.

        JSON, unless an adapter overrides it for a vendor that speaks something else. Whatever comes
        in, it raises nothing.
        """
        return try_decode(response)

    # -- what adapters build on ------------------------------------------------------------------

    @property
    def public_only(self) -> bool:
        """Whether links are kept to the public internet: not for a stand-in on this machine."""
        return not (self.allow_private_addresses or any(map(is_loopback, self.origins)))

    @property
    def account(self) -> str:
        """The account in handles: the configured name, or a fingerprint of the credentials."""
        return self.account_name or fingerprint(self.name, self.identity)

    @property
    def rate_account(self) -> str:
        """Whom the vendor counts requests for; the account in handles, unless that is narrower."""
        return self.account

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every credential held."""
        values = (getattr(self, each.name) for each in attrs.fields(type(self)))
        return tuple(value for value in values if isinstance(value, Secret))

    def ask(self, request: Request) -> Flow[Answer]:
        """
        Send a request and decode its answer.

        Raises:
            ProviderError: The vendor refused, by status or in the body.
            OutcomeUnknownError: A create was answered in a way that leaves its fate open.
            UnexpectedResponseError: The answer is not readable.
        """
        path = [unquote(part) for part in request.url.partition("://")[2].split("/")[1:]]
        odd = {".", ".."} & set(path) or "" in path[:-1]
        if odd or set(request.url) & set("?#\\"):
            # Handles are not signed: a forged one must not lead to another of the vendor's paths.
            raise HandleError("an id leads out of its path", provider=self.name, field="handle")
        response = yield from send(request)
        if error := self.refusal(response):
            raise refusals.certain(error, request, response)
        data: Any = refusals.body_of(self, request, response)
        return Answer(
            data=data,
            response=response,
            request_id=self.request_id(data, response),
            secrets=request.secrets,
        )

    def refusal(self, response: Response) -> PortraitError | None:
        """Read an answer as a refusal; None if it is none."""
        return refusals.read(self, response)

    def request_id(self, data: Any, response: Response) -> str:
        """The id that the vendor's support asks for."""
        del data
        return request_id_of(response.headers)

    def read(self, cls: type[R], answer: Answer, data: Any = None, **given: Any) -> R:
        """
        Build a result from an answer by the codec's tables.

        Args:
            cls: The model.
            answer: Where it comes from; kept as `.raw`.
            data: The part of it that holds the members; the whole if not given.
            given: Values for what the JSON leaves out.
        """
        known = {"provider": self.name, "account": self.account, "raw": answer.raw}
        part = answer.data if data is None else data
        found = self.codec.read(cls, part, response=answer.response, **known, **given)
        return self.cleaned(told(_without_token(found), part, self), answer.secrets)

    def clean(self, text: str, secrets: tuple[Secret, ...] = ()) -> str:
        """Hide what a vendor's text echoes of our credentials, of *secrets*, and of links."""
        known = (each.reveal() for each in (*self.secrets, *secrets) if each)
        return masker(known, in_paths=True)(text)

    def cleaned(self, result: R, secrets: tuple[Secret, ...] = ()) -> R:
        """Hide the same in the vendor's words on a result."""
        changes: dict[str, Any] = {}
        for name in _WORDS:
            text = getattr(result, name, "")
            if len(text) >= _SHORTEST_ECHO:
                changes[name] = self.clean(text, secrets)
        failure = getattr(result, "failure", None)
        if failure is not None and failure.error is None:
            code, message = (self.clean(each, secrets) for each in (failure.code, failure.message))
            changes["failure"] = evolve(failure, code=code, message=message)
        return evolve(result, **changes) if changes else result

    def id_of(self, kind: HandleKind, ref: Result | str) -> str:
        """
        Get the id or reference out of an object, a handle or a bare id.

        Raises:
            HandleError: It belongs to another vendor or account, is of another kind, or damaged.
        """
        then = f"pass the {kind}, its handle, or the vendor's own id"
        if isinstance(ref, Result):
            if not isinstance(ref, _MODELS[kind]):
                problem = f"this is a {type(ref).__name__}, not a {kind}"
                raise HandleError(problem, provider=self.name, field=kind, next_step=then)
            self._mine(kind, ref.provider, ref.account)
            if found := ref.ref or ref.id:
                return found
            problem = f"this {kind} has no id, as it was never created"
            raise HandleError(problem, provider=self.name, field=kind)
        if not isinstance(ref, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (an id may be None)
            problem = f"a {type(ref).__name__} is no {kind}, handle or id"  # type: ignore[unreachable]  # (as above)
            raise HandleError(problem, provider=self.name, field=kind, next_step=then)
        if is_handle(ref):
            handle = Handle.parse(ref)
            self._mine(kind, handle.provider, handle.account)
            if handle.kind == kind:
                return self._unforged(kind, handle.ref)
            problem = f"this handle names a {handle.kind}, not a {kind}"
            then = f"pass a {kind}'s handle"
            raise HandleError(problem, provider=self.name, field=kind, next_step=then)
        bare = ref.removeprefix("asset://") if kind == "asset" else ref
        if not _is_plain(bare):
            # A check's bare id is the vendor's token; an address may have one in it.
            secret = kind == "verification" or "://" in bare or _TOKEN.search(bare)
            shown = "this" if secret else repr(bare[:40])
            problem = f"{shown} cannot be a {kind}'s id"
            raise HandleError(problem, provider=self.name, field=kind, next_step=then)
        if kind == "asset":
            check_asset_id(bare, provider=self.name, prefix=self.asset_prefix, name=kind)
        elif kind in ("group", "video"):
            check_kind(bare, kind=kind, provider=self.name)
        return bare

    def seal(self, text: str) -> str:
        """Make a token fit for a handle: readable with this account's credentials only."""
        return seal(text, key=self.secrets[0].reveal())

    def unseal(self, sealed: str) -> str:
        """Read what `seal` made."""
        return unseal(sealed, key=self.secrets[0].reveal())

    def pace(self, subject: Subject) -> Pacing:
        """How a thing is waited for: the profile's word, then the adapter's."""
        return self.pacing.get(subject) or self.default_pacing.get(subject) or Pacing()

    def rate(self, family: str) -> Rate:
        """How often a family may be sent: the profile's word, then the adapter's."""
        return self.rates.get(family) or self.default_rates.get(family) or FREE

    def check_group(self, name: str, kind: GroupKind) -> tuple[Finding, ...]:
        """
        Check what every create_group checks.

        Raises:
            UnsupportedError: The kind is not one that a group can be created of.
        """
        if kind is not GroupKind.VIRTUAL:
            raise UnsupportedError(
                f"a group of kind {kind.name} is not created but verified",
                provider=self.name,
                field="kind",
                next_step="start_verification(name), then wait_until_verified",
            )
        return self.check_name(name)

    def check_name(self, name: str, *, strict_limits: bool | None = None) -> tuple[Finding, ...]:
        """Compare a name with the documented limit."""
        if not name.strip():
            raise InvalidInputError("the name is empty", provider=self.name, field="name")
        return self.limits(tuple(check_length("name", name, *self.name_limit)), strict_limits)

    def limits(self, findings: Findings, strict: bool | None) -> Findings:  # noqa: FBT001  (hands on what callers name)
        """Pass findings on, or raise the first one where limits are strict."""
        if self.strict_limits if strict is None else strict:
            enforce(findings, provider=self.name)
        return findings

    def _unforged(self, kind: HandleKind, ref: str) -> str:
        # Handles are not signed. Those of other kinds may hold more; `segment` escapes them.
        if kind == "video" and not _is_plain(ref):
            raise HandleError("an id leads out of its path", provider=self.name, field=kind)
        return ref

    def _mine(self, kind: str, provider: str, account: str) -> None:
        if (provider, account) != (self.name, self.account):
            whose = f"another account at {provider}" if provider == self.name else provider
            raise HandleError(
                f"this {kind} belongs to {whose}, and the active profile is another",
                provider=self.name,
                field=kind,
                next_step="connect with the profile that made it, or register it here again",
            )


def with_findings(result: R, findings: tuple[Finding, ...]) -> R:
    """Put findings on a result, if there are any."""
    return evolve(result, findings=(*result.findings, *findings)) if findings else result


def told(result: R, data: object, vendor: Vendor) -> R:
    """
    Say why a thing failed, wherever the vendor tells it; and how it ended, where no word is known.

    Without a word that is understood, a link to the video says that it is done, and an error beside
    a word that it failed. An error that says nothing is none.
    """
    if not isinstance(result, Asset | VideoTask):
        return result
    is_open, ended_badly = result.status.name == "UNKNOWN", result.status.name in _BADLY
    if is_open and isinstance(result, VideoTask) and result.video_link:
        return evolve(result, status=VideoStatus.SUCCEEDED)
    known = result.failure or Failure()
    reason = error_in(data) if is_open else reason_of(data) if ended_badly else Reason()
    fault = refusals.Fault(code=known.code, message=known.message)
    why = refusals.settled(fault, reason, vendor.error_codes)
    if not (why.code or why.message):
        return evolve(result, failure=None)
    failure = evolve(known, code=why.code, message=why.message)
    changes: dict[str, Any] = {"failure": failure}
    if is_open and result.status_word:
        changes["status"] = type(result.status)["FAILED"]
    return evolve(result, **changes)


def _without_token(result: R) -> R:
    """Part a name from the token that a create put behind it."""
    if not isinstance(result, Group | Asset):
        return result
    name, token = untagged(result.name)
    return evolve(result, name=name, name_token=token) if token else result


def _is_plain(bare: str) -> bool:
    """Tell whether an id can stand in a URL's path and mean nothing but itself."""
    odd = set(bare) & set(" /?#%\\") or bare in (".", "..")
    return bool(bare) and bare.isprintable() and len(bare) <= _LONGEST_ID and not odd


_LONGEST_ID: Final = 512
_MODELS: Final[Mapping[HandleKind, type[Result]]] = {
    "group": Group,
    "asset": Asset,
    "verification": Verification,
    "video": VideoTask,
}
_TOKEN: Final = re.compile(r"\w{20,}")
_BADLY: Final = ("FAILED", "CANCELLED", "EXPIRED")
_WORDS: Final = ("status_word", "kind_word", "model", "ratio", "resolution")
_SHORTEST_ECHO: Final = 16
