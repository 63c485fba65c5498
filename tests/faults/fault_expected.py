"""What a caller has to get in each cell: from what is known of the request that met the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fault_jobs import AVATARS
from fault_list import Means

if TYPE_CHECKING:
    from fault_cells import Cell

OK: Final = "result"
PASSING: Final = frozenset({"ConnectionFailedError", "RateLimitedError", "ServiceUnavailableError"})
_LASTING: Final = {
    Means.NOT_SENT: "ConnectionFailedError",
    Means.BUSY: "RateLimitedError",
    Means.BUSY_LONG: "RateLimitedError",
    Means.DOWN: "ServiceUnavailableError",
    Means.LOST: "ConnectionFailedError",
    Means.GATEWAY: "ServiceUnavailableError",
    Means.UNREADABLE: "UnexpectedResponseError",
    Means.TOO_LARGE: "UnexpectedResponseError",
    Means.MOVED: "UnexpectedResponseError",
}
PROVES_NOTHING: Final = (
    Means.LOST,
    Means.GATEWAY,
    Means.DOWN,
    Means.MOVED,
    Means.UNREADABLE,
    Means.TOO_LARGE,
)
"""After these a create may have been carried out."""
_ONCE: Final = ("create", "paid create", "change, once")
_UPLOADS: Final = ("add_asset, bytes, named", "add_asset, bytes with a name, named")
_AT_ONCE: Final = (Means.BUSY_LONG, Means.MOVED, Means.TOO_LARGE)
"""Repeating does not help, or not soon enough."""


def expected(cell: Cell, *, kinds: tuple[str, ...], signed: bool) -> frozenset[str]:
    """What a caller may get; mostly one thing."""
    means = cell.fault.means
    if means is Means.STALE:
        return frozenset({"AuthenticationError" if signed else OK})
    words = _for_request(cell, cell.kind)
    if cell.job.does == "wait":
        return _for_wait(cell, words)
    if cell.lasting:
        # What the first request gets through, a later one may not.
        for kind in kinds[cell.first :]:
            if OK in words:
                words = (words - {OK}) | _for_request(cell, kind)
    created = any("create" in kind for kind in kinds[: cell.first - 1])
    if created and cell.kind == "read":
        # What was made is known: either it is returned all the same, or the error says so.
        return words | {OK, "OutcomeUnknownError"}
    return words


def _for_request(cell: Cell, kind: str) -> frozenset[str]:
    means = cell.fault.means
    if kind == "media":
        return _for_media(cell, means)
    if kind == "storage" and means in (Means.UNREADABLE, Means.ODD):
        return frozenset({OK})  # the vendor's own storage, of whose success nothing is read
    if words := _exception(cell, kind):
        return words
    unclear = kind in _ONCE and means in (*PROVES_NOTHING, Means.ODD)
    if unclear and (found := _found_again(cell)):
        return found
    if kind in _ONCE and means in PROVES_NOTHING:
        return frozenset({"OutcomeUnknownError"})
    if means is Means.ODD:
        odd = "OutcomeUnknownError" if kind in _ONCE else "UnexpectedResponseError"
        return frozenset({OK, odd})
    lasts = cell.lasting or means in _AT_ONCE
    return frozenset({_LASTING.get(means, OK) if lasts else OK})


def _found_again(cell: Cell) -> frozenset[str]:
    """What looking for a lost create comes to; nothing where it cannot be told for certain."""
    job, vendor = cell.job, cell.vendor
    first_is_nameless = job.operation == "add_assets" and cell.first == 1
    nameless = vendor == "alltoken" and (job.name in _UPLOADS or first_is_nameless)
    if not job.named or cell.lasting or nameless or vendor in AVATARS:
        return frozenset()
    if vendor == "alltoken" and job.operation == "add_assets":
        # The first of the two is new and has no name: so it may be what the second one made.
        return frozenset({OK, "OutcomeUnknownError"})
    if job.operation in ("create_group", "add_asset", "add_assets"):
        return frozenset({OK})
    if (job.operation, vendor) == ("start_verification", "token360"):
        # The group is found; the person's link was in the lost answer only.
        return frozenset({OK, "OutcomeUnknownError"})
    return frozenset()


def _exception(cell: Cell, kind: str) -> frozenset[str]:
    """Look for what one operation does otherwise, and with a reason; mostly there is nothing."""
    means, name = cell.fault.means, cell.job.operation
    odd = means in (Means.ODD, Means.NEW_WORD)
    deletes = name.startswith("delete")
    if cell.vendor == "alltoken" and deletes and means in (*PROVES_NOTHING, Means.ODD):
        # It denies access to what is gone: a repeated deletion cannot tell what happened.
        return frozenset({OK, "OutcomeUnknownError", _LASTING.get(means, OK)})
    if deletes and means is Means.UNREADABLE and cell.lasting:
        # The second attempt's refusal is readable: it is gone already.
        return frozenset({OK, "UnexpectedResponseError"})
    if kind == "change, once" and means in (Means.UNREADABLE, Means.MOVED):
        # A cancellation may be answered with nothing; after any other success it is not certain.
        return frozenset({OK, "OutcomeUnknownError"})
    if name == "cancel_video" and kind == "read" and odd:
        # Only what is surely queued is cancelled.
        return frozenset({OK, "UnexpectedResponseError", "ConflictError"})
    if name == "create_video" and kind == "read" and odd:
        # Only what is surely active goes into a video.
        return frozenset({OK, "UnexpectedResponseError", "AssetNotReadyError"})
    return frozenset()


def _for_media(cell: Cell, means: Means) -> frozenset[str]:
    """Files come without credentials, from hosts that may move them."""
    refused = means in (Means.BUSY, Means.BUSY_LONG, Means.DOWN, Means.GATEWAY)
    bad_page = means is Means.UNREADABLE
    if means in (Means.MOVED, Means.ODD, Means.HARMLESS, Means.NEW_WORD, Means.TOO_LARGE):
        return frozenset({OK})
    if "create" in cell.job.does and (refused or bad_page):
        # The caller's own file: nothing was sent to the vendor.
        at_once = cell.lasting or bad_page or means in _AT_ONCE
        return frozenset({"MediaError", *([OK] if bad_page else [])} if at_once else {OK})
    if bad_page:
        return frozenset({OK, "ConnectionFailedError"} if cell.lasting else {OK})
    if cell.lasting or means in _AT_ONCE:
        return frozenset({_LASTING[means]})
    return frozenset({OK})


def _for_wait(cell: Cell, words: frozenset[str]) -> frozenset[str]:
    """A wait rides out what passes, and ends at its deadline."""
    late = "WaitTimeoutError"
    if words & PASSING:
        return frozenset({late if cell.lasting else OK})
    if cell.fault.means in (Means.ODD, Means.NEW_WORD) and cell.lasting:
        return words | {late}
    return words
