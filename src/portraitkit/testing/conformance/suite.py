"""What every check of the conformance suite stands on: the author's hooks, and one journey."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from weakref import WeakKeyDictionary

from attrs import evolve

from ...client.client import Client
from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import PortraitError, ProviderError
from ...values.models import Asset, Verification
from ...values.video import VideoRequest
from ...wire.steps import Flow, Request, Response, Step
from ..doubles.replaying import NOW, drive
from ..doubles.simulating import SimulatedVendor, clock_of
from .journey import Journey, StepResult, plain_video
from .looking import require
from .runner import JourneyRunner, SpyVendor, Trial

T = TypeVar("T")

LOCAL: Final = ("get_group", "get_asset")
"""What a `LinkLibrary` tells without a request."""
_LONGEST_FLOW: Final = 500
_journeys: Final[WeakKeyDictionary[type, Journey]] = WeakKeyDictionary()


class Suite:
    """The hooks that an adapter's author fills in, and what checks are made with."""

    contract_version: ClassVar[int] = 0
    passed_over: Callable[[str], None]
    """Notes what a check could not look at, and why; told where that was all of it."""

    # -- what an author supplies -----------------------------------------------------------------

    def provider(self) -> PortraitProvider:
        """Make the adapter, with credentials that the simulator knows."""
        raise NotImplementedError("define provider(self): return your adapter")

    def other_account(self) -> PortraitProvider:
        """Make the adapter with another account's credentials at the same vendor."""
        raise NotImplementedError("define other_account(self): the same vendor, another account")

    def simulator(self) -> SimulatedVendor:
        """
        Make a fresh simulator: `handle(request) -> response`, with a `VirtualClock` as `clock`.

        Reviews and videos have to take some virtual seconds, and the person passes a face check a
        few seconds after it began (or see `pass_check`).
        """
        raise NotImplementedError("define simulator(self): a fresh one at each call")

    def contract(self) -> Path | str | None:
        """Where the vendor's contract.yaml is: then every request and answer is judged by it."""
        return None

    def refusals(self, status: int, code: str, message: str) -> Sequence[Response]:
        """Write a refusal in each form that the vendor has; at least one has to hold the code."""
        error = {"code": code, "message": message} if code else {"message": message}
        return [self.json_answer({"error": error}, status)]

    def documented_errors(self) -> Iterable[tuple[int, str, type[ProviderError]]]:
        """List the documented errors: HTTP status, code, class. Both tables, unless overridden."""
        provider = self.provider()
        rows = [(400, code, kind) for code, kind in provider.error_codes.items()]
        return [*rows, *self._contract_errors()]

    def video(self, asset: Asset | None) -> VideoRequest:
        """Make a request that the vendor accepts, with the asset if there is one."""
        return plain_video(self.provider(), asset)

    def pass_check(self, check: Verification) -> object:
        """Do what the person does, where the simulator's person does not do it by itself."""
        del check
        return None

    def many(self, operation: str) -> int:
        """How many things make more than one page of a list, such as `list_assets`."""
        del operation
        return 3

    # -- what checks are made with ---------------------------------------------------------------

    @staticmethod
    def json_answer(body: object, status: int = 200) -> Response:
        """Make a JSON answer."""
        return Response(
            status=status,
            headers={"content-type": "application/json"},
            content=json.dumps(body).encode(),
            received_at=NOW,
        )

    def _provider(self) -> PortraitProvider:
        """The adapter, without random tokens behind names: checks compare what it asks for."""
        made = self.provider()
        return evolve(made, name_tokens=False) if getattr(made, "name_tokens", False) else made

    def _journey(self) -> Journey:
        """Everything that is offered, once through; the same for all checks."""
        if type(self) not in _journeys:
            _journeys[type(self)] = self._runner().run()
        return _journeys[type(self)]

    def _whole_journey(self) -> Journey:
        journey = self._journey()
        require(
            not journey.broken,
            f"your adapter does not get through at your simulator: {journey.broken}",
            "mend this first: test_what_is_offered_works asks for nothing else",
        )
        return journey

    def _runner(self) -> JourneyRunner:
        return JourneyRunner(
            provider=self._provider(),
            simulator=self.simulator(),
            video=self.video,
            pass_check=self.pass_check,
        )

    def _trial(self) -> Trial:
        """A client at a fresh simulator."""
        return Trial.of(self._provider(), self.simulator())

    def _offers(self, *operations: str) -> bool:
        """Tell whether all operations are offered, and note what is not."""
        provider = self._provider()
        missing = [each for each in operations if not provider.supports(each)]
        for each in missing:
            self.passed_over(f"{provider.name} offers no {each}")
        return not missing

    def _asked(self, *operations: str) -> list[StepResult]:
        """Steps that went well; not those that a vendor without a library is never asked."""
        local = LOCAL if isinstance(self._provider(), LinkLibrary) else ()
        for each in set(operations) & {*local}:
            self.passed_over(f"{each} sends nothing: groups are local, and assets are links")
        return self._whole_journey().of(*(each for each in operations if each not in local))

    def _refused(
        self, begin: Callable[[], Flow[Any]], kind: type[Exception], what: str, then: str
    ) -> Any:
        """Insist on an error of a kind before any request, and return it."""
        request, error = first_request(begin)
        fits = request is None and isinstance(error, kind)
        require(fits, f"{what} came to {request or error!r}", then)
        return error

    def _answered(self, step: StepResult, odd: Response) -> Any:
        """What an operation comes to where every request is answered alike; its error, if any."""
        provider, simulator = self._provider(), self.simulator()
        vendor = SpyVendor(simulator)
        vendor.instead = lambda _: odd
        client = Client(provider, transport=vendor, clock=clock_of(simulator))
        try:
            return client.run(step.begin(provider), step.operation)
        except PortraitError as error:
            return error

    def _contract_errors(self) -> Iterator[tuple[int, str, type[ProviderError]]]:
        if (path := self.contract()) is None:
            return
        from ...values import errors  # noqa: PLC0415  (only with a contract)
        from .judging import Contract  # noqa: PLC0415  (an extra)

        for row in Contract.load(path).document["errors"]:
            kind: Any = getattr(errors, row["means"])
            yield int(row["status"]), str(row.get("code", "")), kind


def run_flow(
    begin: Callable[[], Flow[Any]], answer: Callable[[int, Request], Response | PortraitError]
) -> tuple[list[Request], Any, Exception | None]:
    """Run a flow on answers by number; what it sent, returned and raised."""
    steps: list[Step] = []
    result: Any = None
    error: Exception | None = None

    def sent() -> list[Request]:
        return [step for step in steps if isinstance(step, Request)]

    try:
        result = drive(
            begin(), lambda request: answer(len(sent()) - 1, request), steps, _LONGEST_FLOW
        )
    except Exception as raised:  # noqa: BLE001  (what it raises is what is asked)
        error = raised
    return sent(), result, error


def first_request(begin: Callable[[], Flow[Any]]) -> tuple[Request | None, Exception | None]:
    """The first request that an operation would send, or what it raises before any."""
    sent, _, error = run_flow(begin, lambda _, __: _EnoughError("nobody answers"))
    if sent:
        return sent[0], None
    return None, error


class _EnoughError(PortraitError):
    """Nobody answers."""
