"""Checks of ids and handles: they lead back to the thing, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import AssetNotReadyError, HandleError, PortraitError
from ...values.handles import Handle
from ...values.models import Asset, Group, Verification, VideoTask
from ...wire.steps import Flow
from .bodies import answer_of
from .journey import sources
from .leaves import leaves, moment_of
from .looking import nothing, require
from .suite import Suite, first_request

READS: Final[Mapping[str, tuple[str, ...]]] = {
    "group": ("get_group", "rename_group", "delete_group", "list_assets"),
    "asset": ("get_asset", "rename_asset", "delete_asset"),
    "verification": ("check_verification",),
    "video": ("get_video", "cancel_video"),
}
"""The operations that take a thing of each kind."""

KINDS: Final = {Group: "group", Asset: "asset", Verification: "verification", VideoTask: "video"}
ODD: Final = ("../groups", "a/b", "a?b=c", "a#b", "a b", "", ".", "a\\b", "a%2fb", "a/../b")
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

    def test_links_are_sealed_and_end(self) -> None:
        """Where an asset is a link, its handle hides it, and none is sent that has run out."""
        trial = self._trial()
        if not isinstance(trial.provider, LinkLibrary):
            nothing("no asset is a link")
        group, source = trial.client.create_group("Mia"), sources(trial.provider)[0]
        asset: Asset = trial.client.add_asset(group, source)
        until = asset.link_expires_at
        require(
            "://" not in Handle.parse(asset.handle).ref
            and trial.provider.asset_address(asset.handle) == (asset.link and asset.link.reveal()),
            "an asset's handle shows its link, or leads to another",
            "leave add_link, get_asset and asset_address to LinkLibrary, which seals it",
        )
        said = [leaf for _, answer in trial.vendor.exchanged for leaf in leaves(answer_of(answer))]
        told = {moment_of(leaf.value) for leaf in said if "expire" in leaf.key} - {None}
        require(
            not told or (until and until.replace(microsecond=0) in told),
            f"the vendor tells when a link runs out, and the asset says {until}",
            "give link_in(…, expires_at=…) what the answer says, or evolve(link, expires_at=…)",
        )
        if until is None or not self._offers("create_video"):
            return
        trial.clock.sleep((until - trial.clock.now()).total_seconds() + 1)
        before = trial.count
        try:
            found: object = trial.client.create_video(self.video(asset))
        except PortraitError as error:
            found = error
        require(
            isinstance(found, AssetNotReadyError) and trial.count == before,
            f"a video of a link that ran out came to {found!r}",
            "leave settle_media to LinkLibrary, or call it in your own",
        )

    def test_odd_ids_stay_out_of_paths(self) -> None:
        """A bare id that would lead a URL elsewhere is refused before any request."""
        for kind in READS:
            for odd in ODD:
                if _is_an_id(odd, kind, self._provider()):
                    continue
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


def _is_an_id(odd: str, kind: str, provider: PortraitProvider) -> bool:
    """Whether what is odd elsewhere may be an id here."""
    if isinstance(provider, LinkLibrary) and kind == "group":
        return bool(odd)  # a name, which no request holds
    return provider.slashes_in_ids and odd == "a/b"


def _call(provider: PortraitProvider, operation: str, thing: Any) -> Callable[[], Flow[Any]]:
    method = getattr(provider, operation)
    if operation == "list_assets":
        return lambda: method(None, thing)
    return lambda: method(thing, "new") if operation.startswith("rename") else method(thing)
