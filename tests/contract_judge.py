"""
Holds requests and answers to what a vendor's contract promises.

`load("alltoken")` reads providers/alltoken/contract.yaml; `Judged(simulator)` stands before a
simulator and judges everything that passes. The judge itself is
`portraitkit.testing.conformance.judging`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from portraitkit.simulators.simulator import Simulator
from portraitkit.testing.conformance.judging import Contract
from portraitkit.wire.steps import Request, Response

__all__ = ["FOLDER", "OUTSIDE", "Contract", "Judged", "judge_simulated", "load"]

FOLDER: Final = Path(__file__).parents[1] / "providers"

OUTSIDE: Final = ("/media/", "/h5/", "/files/", "/bucket/")
"""Paths of a simulator that are not the vendor's interface."""


@functools.cache
def load(vendor: str) -> Contract:
    """Read a vendor's contract."""
    return Contract.load(FOLDER / vendor / "contract.yaml")


def judge_simulated(vendor: str, request: Request, response: Response) -> None:
    """
    Hold a simulator's answer to the contract, if the request is one that the contract knows.

    Raises:
        AssertionError: It is none of the documented answers.
    """
    contract = load(vendor)
    if urlsplit(request.url).path.startswith(OUTSIDE):
        return
    try:
        name = contract.judge_request(request)
    except AssertionError:
        return
    contract.judge_answer(name, response)


class Judged:
    """
    A simulator under judgement: every request and answer is held to the vendor's contract.

    Answers that a test queued with `answer_next` are not judged, and neither is what lies outside
    the contract: media, face check pages, files. Everything else is the simulator's own.
    """

    def __init__(self, simulator: Simulator, contract: Contract | None = None) -> None:
        self.simulator = simulator
        self.contract = contract or load(simulator.name)
        self.operations: list[str] = []
        """What was asked for, by the names in the contract."""

    @property
    def base_url(self) -> str:
        return self.simulator.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.simulator.base_url = url

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulator, name)

    def handle(self, request: Request) -> Response:
        """Answer one request, if it and the answer are as documented."""
        if urlsplit(request.url).path.startswith(OUTSIDE):
            return self.simulator.handle(request)
        operation = self.contract.judge_request(request)
        self.operations.append(operation)
        queued = len(self.simulator._instead)
        response = self.simulator.handle(request)
        if len(self.simulator._instead) == queued:
            self.contract.judge_answer(operation, response)
        return response
