"""Which assumed facts of a vendor's contract the answers bear out: evidence, without any value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, field

from ..engine.transport import HttpxTransport
from ..testing.conformance.bodies import answer_of, codes_in
from ..testing.conformance.judging import Contract
from ..wire.steps import Request, Response

_WHERE: Final = re.compile(r"^ +- (body[\w.$\[\]]*|[a-z ]+)(?=:)", re.MULTILINE)
_REFUSED: Final = 400


@define
class WatchedTransport:
    """Sends, and keeps what was asked and answered."""

    exchanges: list[tuple[Request, Response]] = Factory(list[tuple[Request, Response]])
    _transport: HttpxTransport = field(factory=HttpxTransport, init=False)

    def send(self, request: Request) -> Response:
        """Send one request."""
        response = self._transport.send(request)
        self.exchanges.append((request, response))
        return response

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def contract_of(vendor: str) -> Contract | None:
    """A built-in vendor's contract, from the package or a checkout; None for others."""
    packed = Path(str(files("portraitkit").joinpath("contracts")))
    for folder in (packed, packed.parents[2] / "providers"):
        if (path := folder / vendor / "contract.yaml").exists():
            return Contract.load(path)
    return None


def evidence(contract: Contract, exchanges: list[tuple[Request, Response]]) -> list[dict[str, str]]:
    """
    Each assumed answer and refusal of the contract, and whether it was seen.

    Returns:
        Rows of `operation`, `fact`, `source`, `state` (`confirmed`, `contradicted`, `not seen`),
        and where a contradicting answer differs: places in it, and no value.
    """
    seen = [(name, answer) for name, answer in _named(contract, exchanges) if name]
    return [
        _row(contract, name, kind, claim, [each for of, each in seen if name in (of, "any")])
        for name, kind, claim in _assumed(contract.document)
    ]


def _named(
    contract: Contract, exchanges: list[tuple[Request, Response]]
) -> Iterator[tuple[str, tuple[str, Response]]]:
    for request, response in exchanges:
        try:
            name = contract.judge_request(request)
        except AssertionError:  # such as the bare HEAD to an origin
            continue
        yield name, (name, response)


def _assumed(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    operations: Mapping[str, Any] = document["operations"]
    for name, operation in operations.items():
        for kind in ("answers", "errors"):
            for claim in operation.get(kind, []):
                if claim["evidence"] == "assumed":
                    yield name, kind, claim
    for claim in document["errors"]:
        if claim["evidence"] == "assumed":
            yield "any", "errors", claim


def _row(
    contract: Contract,
    name: str,
    kind: str,
    claim: Mapping[str, Any],
    seen: list[tuple[str, Response]],
) -> dict[str, str]:
    judge = _broken_answer if kind == "answers" else _broken_refusal
    found = [judge(contract, operation, claim, response) for operation, response in seen]
    said = [each for each in found if each is not None]
    broken = [each for each in said if each]
    return {
        "operation": name,
        "fact": " ".join(["HTTP", str(claim["status"]), str(claim.get("code", ""))]).strip(),
        "source": str(claim["source"]),
        "state": "contradicted" if broken else "confirmed" if said else "not seen",
        "differs": "; ".join(dict.fromkeys(broken)),
    }


def _broken_answer(
    contract: Contract, name: str, claim: Mapping[str, Any], response: Response
) -> str | None:
    """Where a success differs from what is assumed; empty if nowhere, None if it says nothing."""
    if response.status != claim["status"]:
        return None
    problem = _differences(contract, name, response, answers=[claim])
    if not problem:
        return ""
    if not _differences(contract, name, response):
        return None  # another answer or a refusal with this status, as documented
    return problem


def _broken_refusal(
    contract: Contract, name: str, claim: Mapping[str, Any], response: Response
) -> str | None:
    """The same of a refusal; one of another status says nothing where its code has several."""
    if str(claim.get("code", "")) not in set(codes_in(answer_of(response))):
        return None
    if response.status == claim["status"]:
        return None if _differences(contract, name, response, errors=[claim]) else ""
    own = _alike(claim, contract.document["operations"][name].get("errors", []))
    rows = own or _alike(claim, contract.document["errors"])
    is_told = claim in rows and {each["status"] for each in rows} == {claim["status"]}
    return f"it came with HTTP {response.status}" if is_told else None


def _alike(claim: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in rows if each.get("code") == claim["code"]]


def _differences(contract: Contract, name: str, response: Response, **only: Any) -> str:
    """Where an answer differs from the contract, or from a few of its claims."""
    document = dict(contract.document)
    if only:
        operation: dict[str, Any] = {
            **document["operations"][name],
            "answers": [],
            "errors": [],
            **only,
        }
        document |= {"operations": {name: operation}, "errors": []}
    try:
        Contract(contract.vendor, document).judge_answer(name, response)
    except AssertionError as verdict:
        return ", ".join(dict.fromkeys(_WHERE.findall(str(verdict)))) or "its form"
    return ""
