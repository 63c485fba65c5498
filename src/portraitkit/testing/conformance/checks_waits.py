"""Checks of what takes time or several requests: waits and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ...client.client import Client
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import AssetFailedError, PortraitError, WaitTimeoutError
from ...values.handles import HandleKind
from ...values.models import Asset
from ...values.statuses import AssetStatus, GroupKind
from ..doubles.simulating import simulated
from .journey import CALLBACK_URL, sources
from .looking import require
from .runner import Trial
from .suite import Suite

_SOON_S: Final = 1.0
_MOST_PAGES: Final = 30


class WaitsChecks(Suite):
    """Waiting and listing."""

    def test_waits_end_at_their_deadline(self) -> None:
        """A wait raises WaitTimeoutError in time, with a handle to wait again by."""
        _ = self._whole_journey()
        for what, kind, wait, begin in _WAITS:
            provider, simulator = self._provider(), self.simulator()
            if kind == "asset" and isinstance(provider, LinkLibrary):
                self.passed_over("a link is active at once")
                continue
            if not self._offers(*(("create_group",) if kind == "asset" else ()), what, wait):
                continue
            client = simulated(provider, simulator)
            thing = begin(self, client)
            method: Callable[..., Any] = getattr(client, wait)
            try:
                result: Any = method(thing.handle, deadline_s=_SOON_S)
            except PortraitError as error:
                result = error
            require(
                isinstance(result, WaitTimeoutError),
                f"{wait} with a deadline of {_SOON_S:g} s came to {result!r}",
                "let the simulator take longer, and leave waiting to the base",
            )
            require(
                result.handle and provider.id_of(kind, result.handle),
                f"{wait} timed out and left {result.handle!r} as its handle",
                "give the result that get_… reads an id, or a ref, from the argument",
            )
            _ = self.pass_check(thing) if wait == "wait_until_verified" else None
            done = method(result.handle)
            require(
                done.handle,
                f"{wait} with the handle out of the error returned {done!r}",
                "read the argument with self.id_of(…), and return what the vendor tells",
            )

    def test_pages_end_and_repeat_nothing(self) -> None:
        """Walking a list's pages comes to an end, with everything once."""
        provider, simulator = self._provider(), self.simulator()
        client = simulated(provider, simulator)
        for operation, made, arguments in self._lists(client):
            pages: list[Any] = []
            cursor: str | None = None
            while len(pages) < _MOST_PAGES + len(made):
                page = client.run(getattr(provider, operation)(cursor, *arguments), operation)
                pages.append(page)
                cursor = page.next
                if cursor is None:
                    break
            require(
                cursor is None,
                f"{operation} has given {len(pages)} pages and goes on",
                "let Page.next be None on the last page: an empty or absent cursor is no cursor",
            )
            found = [item.handle for page in pages for item in page.items]
            require(
                len(found) == len({*found}),
                f"{operation} gives something twice on {len(pages)} pages",
                "pass the vendor's cursor on as it comes, and ask for one order",
            )
            missing = {each.handle for each in made} - {*found}
            require(
                not missing,
                f"{operation} lacks {len(missing)} of {len(made)} things on {len(pages)} pages",
                "read every row, and take the next page's cursor from where the vendor puts it",
            )

    def test_lists_keep_to_their_filter(self) -> None:
        """A list by group, kind or status holds all of those, and nothing else."""
        trial = self._trial()
        if trial.world:
            trial.world.reject_assets["failing"] = ("OddReason", "refused")
        if self._offers("list_groups", "create_group"):
            self._lists_kinds(trial)
        if self._offers("list_assets", "add_asset", "create_group"):
            self._lists_assets(trial)

    def _lists_kinds(self, trial: Trial) -> None:
        client = trial.client
        made = {GroupKind.VIRTUAL: {client.create_group("Mia").id}}
        if self._offers("start_verification", "check_verification"):
            check = client.start_verification("Ann", callback_url=CALLBACK_URL)
            _ = self.pass_check(check)
            made[GroupKind.REAL_PERSON] = {client.wait_until_verified(check).id}
        for kind, wanted in made.items():
            listed = {each.id: each for each in client.list_groups(kind=kind)}
            require(
                wanted == {*listed} and all(each.kind is kind for each in listed.values()),
                f"list_groups(kind={kind}) holds {listed}, and should hold {wanted}",
                "ask the vendor for the kind, or leave out other rows",
            )
        every = {each.id for each in client.list_groups()}
        require(
            {each for ids in made.values() for each in ids} == every,
            f"list_groups() holds {every}, and should hold {made}",
            "list both kinds where none is asked for",
        )

    def _lists_assets(self, trial: Trial) -> None:
        client, source = trial.client, sources(trial.provider)[-1]
        made: dict[AssetStatus, set[str | None]] = {}
        group: Any = client.create_group("Mia")
        other = client.add_asset(client.create_group("Leo"), source, name="other")
        for name in ("fine", "failing" if trial.world else "good", "late"):
            found: Any = client.add_asset(group, source, name=name)
            if name != "late":
                found = _reviewed(client, found)
            group = found.group_id or group
            made.setdefault(found.status, set()).add(found.id)
        for status, wanted in [
            *made.items(),
            (None, {each for ids in made.values() for each in ids}),
        ]:
            listed = [*client.list_assets(group, status=status)]
            require(
                wanted == {each.id for each in listed}
                and all(status in (None, each.status) for each in listed)
                and other.id not in {each.id for each in listed},
                f"list_assets(status={status}) holds {listed}, and should hold {wanted}",
                "ask the vendor for the group and the status, or leave out other rows",
            )

    def _made(self, client: Client, count: int) -> list[Any]:
        provider = client.provider
        if not (provider.supports("create_group") and provider.supports("add_asset")):
            return []
        group = client.create_group("Mia")
        assets: list[Any] = [
            client.add_asset(group, sources(provider)[0], name=f"n-{number}")
            for number in range(count)
        ]
        return [*assets, group]

    def _lists(self, client: Client) -> Iterator[tuple[str, list[Any], tuple[Any, ...]]]:
        """Make more than a page of what can be listed: the list, what it holds, its arguments."""
        supports = client.provider.supports
        makes: dict[str, tuple[str, Callable[[int], Any]]] = {
            "list_groups": ("create_group", lambda number: client.create_group(f"n-{number // 2}")),
            "list_videos": ("create_video", lambda _: client.create_video(self.video(None))),
        }
        for operation, (create, make) in makes.items():
            if self._offers(operation) and supports(create):
                yield operation, [make(number) for number in range(self.many(operation))], ()
        if self._offers("list_assets") and supports("add_asset"):
            *assets, group = self._made(client, self.many("list_assets"))
            yield "list_assets", assets, (group,)


def _reviewed(client: Client, asset: Asset) -> Asset:
    """Wait for an asset's review, however it ends."""
    try:
        found: Asset = client.wait_until_active(asset)
    except AssetFailedError as error:
        found = error.result
    return found


_WAITS: Final[tuple[tuple[str, HandleKind, str, Callable[[Suite, Client], Any]], ...]] = (
    (
        "add_asset",
        "asset",
        "wait_until_active",
        lambda _, c: c.add_asset(c.create_group("Mia"), sources(c.provider)[0]),
    ),
    (
        "start_verification",
        "verification",
        "wait_until_verified",
        lambda _, c: c.start_verification("Ann", callback_url=CALLBACK_URL),
    ),
    ("create_video", "video", "wait_for_video", lambda s, c: c.create_video(s.video(None))),
)
"""The operation that begins it, the kind of its result, the wait, and how it is begun."""
