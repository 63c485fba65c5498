"""What an adapter's calls are made of: asking the vendor, and reading what it answers."""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping
from functools import cache, cached_property, lru_cache, partial
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote

from attrs import evolve, field, fields, frozen

from ..values.errors import HandleError, PortraitError, ProviderError, UnexpectedResponseError
from ..values.handles import Handle, HandleKind, is_handle
from ..values.masking import masker
from ..values.models import Asset, Failure, Group, Result, Verification, VideoTask
from ..values.name_tokens import TOKEN_LENGTH, untagged
from ..values.origins import origin_of
from ..values.remarks import Finding, Raw
from ..values.secret import Secret
from ..values.statuses import AssetStatus, VerificationStatus, VideoStatus
from ..wire import error_mapping as refusals
from ..wire.codec import first, is_object, try_decode, unreadable
from ..wire.error_mapping import (
    MOVED,
    REFUSED,
    SERVER_FAULTS,
    VendorError,
    class_of,
    is_load,
    listed,
    retry_after_s,
    settled,
)
from ..wire.reasons import Reason, error_in, reason_in, reason_of
from ..wire.steps import Flow, Request, Response, request_id_of, send
from .account import Vendor
from .likely import ids_in
from .preflight import check_asset_id, check_kind

R = TypeVar("R", bound=Result)
_log: Final = logging.getLogger("portraitkit")


def refusal_in(
    vendor: VendorAnswers, response: Response
) -> ProviderError | UnexpectedResponseError | None:
    """
    Read an answer as a refusal; None if it is none.

    A body may refuse whatever the status says, and a status whatever the body says.
    """
    data = response.once("body", vendor.decode)
    found = vendor.fault(data, response)
    if response.ok and found is None and (told := first(data, "ResponseMetadata.Error")):
        # The upstream's own refusal, which any relay may hand on with HTTP 200.
        found = VendorError(code=first(told, "Code"), message=first(told, "Message"))
    if response.ok and (found is None or not (found.code or found.message)):
        return None  # relays write an empty error beside a success
    fault = settled(found or VendorError(), reason_in(data), vendor.error_codes)
    context: dict[str, Any] = {
        "provider": vendor.name,
        "status": response.status,
        "code": fault.code,
        "field": _place_in(data, fault.message),
        "vendor_message": fault.message,
        "request_id": fault.request_id or vendor.request_id(data, response),
        "attempts": response.attempts,
        "next_step": listed(vendor.error_advice, fault.code) or "",
        "retry_after_s": retry_after_s(response),
        "received_at": response.received_at,
    }
    if MOVED <= response.status < REFUSED:
        location = response.headers.get("location", "")
        where = origin_of(location) or ("another path" if location else "nowhere")
        context["next_step"] = "check the profile's base_url"
        return UnexpectedResponseError(
            f"the vendor's API redirects to {where}; credentials are not sent there", **context
        )
    kind = class_of(vendor.error_codes, fault.code, response.status)
    error = kind(_summary(fault, response), **context)
    # What names something may have made it, whatever it says beside; a plain refusal may name
    # what stands in the way.
    may_name = response.ok or response.status >= SERVER_FAULTS or is_load(error)
    unclear = fault.code in vendor.uncertain_codes or (may_name and bool(ids_in(data)))
    error.proves_refusal = not unclear
    return error


def _place_in(data: Any, message: str) -> str:
    """Name the member at fault: told beside the error, or in its text alone."""
    told = first(data, "error.param")
    found = _PLACE.search(message)
    return told if isinstance(told, str) and told else found[0] if found else ""


def advice_for(vendor: VendorAnswers, code: str) -> str:
    """What helps against a code, by the vendor's table and then by its class; maybe nothing."""
    return listed(vendor.error_advice, code) or class_of(vendor.error_codes, code, 0).advice


def is_readable(vendor: VendorAnswers, request: Request, response: Response) -> bool:
    """
    Tell whether a success holds an object, as every vendor's does.

    Where something is removed or renamed, nothing may come back.
    """
    if not response.content.strip():
        return request.silent or response.status == HTTPStatus.NO_CONTENT
    return is_object(response.once("body", vendor.decode))


def body_of(vendor: VendorAnswers, request: Request, response: Response) -> Any:
    """
    Decode a success.

    Raises:
        UnexpectedResponseError: It is not readable. A list without rows must not be made of it.
    """
    found = response.once("body", vendor.decode)
    if is_readable(vendor, request, response):
        return found or {}
    if found is None:
        raise unreadable(response, vendor.wire_form)
    raise UnexpectedResponseError(
        f"the answer is a {vendor.wire_form} {type(found).__name__} where an object is expected",
        status=response.status,
        attempts=response.attempts,
        next_step="report it if it lasts: the vendor's answer has changed",
    )


def _summary(fault: VendorError, response: Response) -> str:
    if fault.message:
        return fault.message
    if fault.code:
        return "the vendor refused"
    kind = response.headers.get("content-type", "").partition(";")[0] or "no content type"
    return f"the vendor answered HTTP {response.status} with {kind} and no error it documents"


@frozen(kw_only=True, slots=False)
class Answer:
    """A vendor's answer that is not a refusal, decoded."""

    data: Any = field(repr=False)
    response: Response
    request_id: str = ""
    secrets: tuple[Secret, ...] = ()
    """What the request held that no text may show."""

    @cached_property
    def raw(self) -> Raw:
        """What to keep of it on a result; the same for all that it holds."""
        return self.response.raw(self.data, self.request_id)


def logged(findings: tuple[Finding, ...], vendor: VendorAnswers) -> tuple[Finding, ...]:
    """Log each finding, and give them back without secrets."""
    clean = tuple(
        evolve(
            each,
            message=vendor.clean(each.message),
            found=vendor.clean(each.found) if isinstance(each.found, str) else each.found,
        )
        for each in findings
    )
    for each in clean:
        _log.warning("%s: %s", vendor.label, each.message)
    return clean


def with_findings(flow: Flow[R], findings: tuple[Finding, ...], vendor: VendorAnswers) -> Flow[R]:
    """Run what exceeds documented limits: it is logged, and kept on what comes of it."""
    clean = logged(findings, vendor)
    try:
        result = yield from flow
    except PortraitError as error:
        error.findings = (*error.findings, *clean)
        raise
    return evolve(result, findings=(*result.findings, *clean)) if clean else result


def with_failure(result: R, data: object, vendor: VendorAnswers) -> R:
    """
    Say why a thing failed, wherever the vendor tells it; and how it ended, where no word is known.

    Without a word that is understood, a link to the video says that it is done, and an error beside
    a word that it failed. An error that says nothing is none.
    """
    if not isinstance(result, _JUDGED):
        return result
    is_open, ended_badly = result.status is type(result.status).UNKNOWN, result.status.has_failed
    if not (is_open or ended_badly or result.failure):
        return result
    if is_open and isinstance(result, VideoTask) and result.video_link:
        return evolve(result, status=VideoStatus.SUCCEEDED)
    known = result.failure or Failure()
    reason = error_in(data) if is_open else reason_of(data) if ended_badly else Reason()
    if not (reason or known.code or known.message):
        return evolve(result, failure=None) if result.failure else result
    fault = refusals.VendorError(code=known.code, message=known.message)
    why = refusals.settled(fault, reason, vendor.error_codes)
    if not (why.code or why.message):
        return evolve(result, failure=None)
    failure = evolve(known, code=why.code, message=why.message)
    changes: dict[str, Any] = {"failure": failure}
    if is_open and result.status_word:
        changes["status"] = type(result.status)["FAILED"]
    return evolve(result, **changes)


def _with_link(result: R, data: object) -> R:
    """Find the link of a finished video where its vendor's table does not say that it stands."""
    if isinstance(result, VideoTask) and _lacks_link(result):
        for each in (first(data, place) for place in _LINKS):
            if isinstance(each, str) and origin_of(each).startswith("https://"):
                return evolve(result, video_link=Secret(each))
    return result


def _lacks_link(task: VideoTask) -> bool:
    return task.status is VideoStatus.SUCCEEDED and not task.video_link


def under_review(asset: Asset) -> Asset:
    """Take a create's answer that tells no status for what it is: a review has begun."""
    silent = asset.status is AssetStatus.UNKNOWN and not asset.status_word
    return evolve(asset, status=AssetStatus.PROCESSING) if silent else asset


def _masker(secrets: tuple[Secret, ...]) -> Callable[[str], str]:
    return masker((each.reveal() for each in secrets if each), in_paths=True)


_masker_of: Final = lru_cache(maxsize=64)(_masker)  # an account's credentials stay the same


@cache
def _is_clean(model: Hashable) -> Callable[[Any], bool]:
    """Make what tells at once of most results that nothing is to be added, parted or hidden."""
    cls = cast("type[Result]", model)
    is_named, is_fallible = issubclass(cls, _NAMED), issubclass(cls, _FALLIBLE)
    is_video = issubclass(cls, VideoTask)
    words = _words_of(model)

    def is_clean(result: Any) -> bool:
        if is_named and len(result.name) >= TOKEN_LENGTH:
            return False
        if is_fallible and (result.failure or result.status in _UNCLEAR):
            return False
        if is_video and _lacks_link(result):
            return False
        return not [each for each in words if len(getattr(result, each)) >= _SHORTEST_ECHO]

    return is_clean


def _without_token(result: R) -> R:
    """Part a name from the token that a create put behind it."""
    if not isinstance(result, _NAMED):
        return result
    name, token = untagged(result.name)
    return evolve(result, name=name, name_token=token) if token else result


@lru_cache(maxsize=64)  # what is waited for is asked for again and again
def _leads_out(url: str) -> bool:
    """Whether an id in it may have made another path of it, or a query."""
    path = [unquote(part) for part in url.partition("://")[2].split("/")[1:]]
    return bool({".", ".."} & {*path} or "" in path[:-1] or {*url} & {*"?#\\"})


@cache
def _words_of(cls: Hashable) -> tuple[str, ...]:
    """Which attributes of a model are the vendor's own words."""
    return tuple(each.name for each in fields(cast("Any", cls)) if each.name in _WORDS)


def _is_plain(bare: str, *, slashes: bool) -> bool:
    """Tell whether an id can stand in a URL's path and mean nothing but itself."""
    parts = bare.split("/") if slashes else [bare]
    odd = any(part in ("", ".", "..") or set(part) & set(" /?#%\\") for part in parts)
    return bool(bare) and bare.isprintable() and len(bare) <= _LONGEST_ID and not odd


_LONGEST_ID: Final = 512
_MODELS: Final[Mapping[HandleKind, type[Result]]] = {
    "group": Group,
    "asset": Asset,
    "verification": Verification,
    "video": VideoTask,
}
_TOKEN: Final = re.compile(r"\w{20,}")
_NAMED: Final = (Group, Asset)
_JUDGED: Final = (Asset, VideoTask)
_FALLIBLE: Final = (Asset, VideoTask, Verification)
_UNCLEAR: Final = tuple(
    each
    for kind in (AssetStatus, VideoStatus, VerificationStatus)
    for each in kind
    if each.has_failed or each.name == "UNKNOWN"
)
_WORDS: Final = ("status_word", "kind_word", "model", "ratio", "resolution")
_SHORTEST_ECHO: Final = 16
_PLACE: Final = re.compile(r"\bcontent\[\d{1,3}\](?:\.\w+)*")
_LINKS: Final = tuple(
    f"{before}{place}"
    for before in ("", "data.", "data.0.", "data.data.")
    for place in (
        *("content.video_url", "content.url", "video_url", "result_url", "url"),
        *("result.videos.0.url", "result.videos.0", "videos.0.url", "unsigned_urls.0"),
    )
)
"""Where vendors and relays of any make write a finished video's link, surest first."""


class VendorAnswers(Vendor):
    """How one vendor is asked, and how its answers are read."""

    @abstractmethod
    def fault(self, data: Any, response: Response) -> refusals.VendorError | None:
        """Find a refusal in a decoded answer; None if there is none in the body."""

    def decode(self, response: Response) -> Any:
        """
        Read an answer's body into plain mappings, lists and values; None if it cannot be read.

        JSON, unless an adapter overrides it for a vendor that speaks something else. Whatever comes
        in, it raises nothing.
        """
        return try_decode(response)

    def ask(self, request: Request) -> Flow[Answer]:
        """
        Send a request and decode its answer.

        Raises:
            ProviderError: The vendor refused, by status or in the body.
            OutcomeUnknownError: A create was answered in a way that leaves its fate open.
            UnexpectedResponseError: The answer is not readable.
        """
        if _leads_out(request.url):
            # Handles are not signed: a forged one must not lead to another of the vendor's paths.
            raise HandleError("an id leads out of its path", provider=self.name, field="handle")
        response = yield from send(request)
        if error := self.refusal(response):
            raise refusals.certain(error, request, response)
        data: Any = body_of(self, request, response)
        return Answer(
            data=data,
            response=response,
            request_id=self.request_id(data, response),
            secrets=request.secrets,
        )

    def refusal(self, response: Response) -> PortraitError | None:
        """Read an answer as a refusal; None if it is none."""
        return response.once("refusal", partial(refusal_in, self))

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
        return self.reader(cls, answer, **given)(answer.data if data is None else data)

    def reader(self, cls: type[R], answer: Answer, **given: Any) -> Callable[[Any], R]:
        """Make what `read` does for each of several parts, such as the rows of a list."""
        given |= {"provider": self.name, "account": self.account, "raw": answer.raw}
        build = self.codec.reader(cls, given, answer.response)
        is_clean = _is_clean(cast("Hashable", cls))

        def read(part: Any) -> R:
            found = build(part)
            if is_clean(found):
                return found
            found = with_failure(_with_link(_without_token(found), part), part, self)
            return self.cleaned(found, answer.secrets)

        return read

    def clean(self, text: str, secrets: tuple[Secret, ...] = ()) -> str:
        """Hide what a vendor's text echoes of our credentials, of *secrets*, and of links."""
        mask = _masker_of(self.secrets) if not secrets else _masker((*self.secrets, *secrets))
        return mask(text)

    def cleaned(self, result: R, secrets: tuple[Secret, ...] = ()) -> R:
        """Hide the same in the vendor's words on a result."""
        changes: dict[str, Any] = {}
        for name in _words_of(cast("Hashable", type(result))):
            text = getattr(result, name)
            if len(text) >= _SHORTEST_ECHO and (clean := self.clean(text, secrets)) != text:
                changes[name] = clean
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
                raise self._no_id(kind, f"this is a {type(ref).__name__}, not a {kind}", then)
            self._mine(kind, ref.provider, ref.account)
            if found := ref.ref or ref.id:
                return found
            raise self._no_id(kind, f"this {kind} has no id, as it was never created")
        if not isinstance(ref, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (an id may be None)
            problem = f"a {type(ref).__name__} is no {kind}, handle or id"  # type: ignore[unreachable]  # (as above)
            raise self._no_id(kind, problem, then)
        if is_handle(ref):
            handle = Handle.parse(ref)
            self._mine(kind, handle.provider, handle.account)
            if handle.kind == kind:
                return self._unforged(kind, handle.ref)
            problem = f"this handle names a {handle.kind}, not a {kind}"
            raise self._no_id(kind, problem, f"pass a {kind}'s handle")
        bare = ref.removeprefix("asset://") if kind == "asset" else ref
        if not _is_plain(bare, slashes=self.slashes_in_ids):
            # A check's bare id is the vendor's token; an address may have one in it.
            secret = kind == "verification" or "://" in bare or _TOKEN.search(bare)
            shown = "this" if secret else repr(bare[:40])
            raise self._no_id(kind, f"{shown} cannot be a {kind}'s id", then)
        if kind == "asset":
            check_asset_id(bare, provider=self.name, prefix=self.asset_prefix, name=kind)
        elif kind in ("group", "video"):
            check_kind(bare, kind=kind, provider=self.name)
        return bare

    def _unforged(self, kind: HandleKind, ref: str) -> str:
        # Handles are not signed. Those of other kinds may hold more; `segment` escapes them.
        if kind == "video" and not _is_plain(ref, slashes=self.slashes_in_ids):
            raise self._no_id(kind, "an id leads out of its path")
        return ref

    def _no_id(self, kind: str, problem: str, next_step: str = "") -> HandleError:
        return HandleError(problem, provider=self.name, field=kind, next_step=next_step)

    def _mine(self, kind: str, provider: str, account: str) -> None:
        if (provider, account) != (self.name, self.account):
            whose = f"another account at {provider}" if provider == self.name else provider
            problem = f"this {kind} belongs to {whose}, and the active profile is another"
            then = "connect with the profile that made it, or register it here again"
            raise self._no_id(kind, problem, then)
