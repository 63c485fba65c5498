"""Checks of ids and handles: they lead back to the thing, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ...operations.provider import PortraitProvider
from ...values.errors import HandleError, PortraitError
from ...values.handles import Handle
from ...values.models import Asset, Group, Verification, VideoTask
from ...wire.steps import Flow
from .looking import require
from .suite import Suite, first_request

READS: Final[Mapping[str, tuple[str, ...]]] = {
    "group": ("get_group", "rename_group", "delete_group", "list_assets"),
    "asset": ("get_asset", "rename_asset", "delete_asset"),
    "verification": ("check_verification",),
    "video": ("get_video", "cancel_video"),
}
"""The operations that take a thing of each kind."""

KINDS: Final = {Group: "group", Asset: "asset", Verification: "verification", VideoTask: "video"}
ODD: Final = ("../groups", "a/b", "a?b=c", "a#b", "a b", "", ".", "a\\b", "a%2fb")
"""What would lead a URL elsewhere if it were taken for an id."""


class HandlesChecks(Suite):
    """Ids and handles."""

    def test_handles_lead_back(self) -> None:
        """A handle parses into provider, account, kind and reference."""
        for kind, thing in self._things():
            handle = Handle.parse(thing.handle)
            require(
                (handle.provider, handle.account, handle.kind)
                == (thing.provider, thing.account, kind),
                f"the handle of {thing!r} reads {handle!r}",
                "leave .handle to the models: give them id, or ref where there is no id yet",
            )

    def test_objects_handles_and_ids_mean_the_same(self) -> None:
        """An operation sends the same request for an object, its handle and its bare id."""
        provider = self._whole_journey().provider
        for kind, thing in self._things():
            for operation in self._operations(kind):
                if operation == "list_assets":
                    continue  # an object tells the group's kind, so that less has to be asked
                by_object, _ = first_request(_call(provider, operation, thing))
                forms = {"handle": thing.handle, "id": thing.id}
                if thing.ref or kind == "verification":
                    del forms["id"]
                for name, form in forms.items():
                    sent, error = first_request(_call(provider, operation, form))
                    require(
                        by_object == sent,
                        f"{operation} sends {by_object!r} for the object, and for its {name} "
                        f"{sent!r} {error or ''}",
                        f'read the argument with self.id_of("{kind}", {kind}), which takes all '
                        "three",
                    )

    def test_handles_of_other_accounts_are_refused(self) -> None:
        """What another account made is a HandleError before any request."""
        stranger = self.other_account()
        for kind, thing in self._things():
            for form in (thing, thing.handle):
                self._refuses(stranger, kind, form, f"a {kind} of another account")

    def test_handles_of_other_kinds_are_refused(self) -> None:
        """An asset's handle is no group's: a HandleError before any request."""
        provider = self._whole_journey().provider
        for kind, thing in self._things():
            for other in READS.keys() - {kind}:
                for form in (thing, thing.handle):
                    self._refuses(provider, other, form, f"a {kind}")

    def test_damaged_handles_are_refused(self) -> None:
        """A handle with one character changed means nothing: a HandleError before any request."""
        provider = self._whole_journey().provider
        for kind, thing in self._things():
            whole = thing.handle
            damaged = whole[:-1] + ("a" if whole[-1] != "a" else "b")
            self._refuses(provider, kind, damaged, "a damaged handle")

    def test_odd_ids_stay_out_of_paths(self) -> None:
        """A bare id that would lead a URL elsewhere is refused before any request."""
        for kind in READS:
            for odd in ODD:
                self._refuses(self._provider(), kind, odd, f"{odd!r} for an id", PortraitError)

    def _refuses(
        self,
        provider: PortraitProvider,
        kind: str,
        form: Any,
        what: str,
        error: type[PortraitError] = HandleError,
    ) -> None:
        for operation in self._operations(kind):
            _ = self._refused(
                _call(provider, operation, form),
                error,
                f"{operation} takes {what}: it",
                f'read the argument with self.id_of("{kind}", {kind}), which refuses it',
            )

    def _things(self) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for found in self._whole_journey().results:
            kind = next((word for model, word in KINDS.items() if isinstance(found, model)), "")
            if kind and found.handle and found.handle not in seen:
                seen.add(found.handle)
                yield kind, found

    def _operations(self, kind: str) -> list[str]:
        return [each for each in READS[kind] if self._provider().supports(each)]


def _call(provider: PortraitProvider, operation: str, thing: Any) -> Callable[[], Flow[Any]]:
    method = getattr(provider, operation)
    if operation == "list_assets":
        return lambda: method(None, thing)
    return lambda: method(thing, "new") if operation.startswith("rename") else method(thing)
