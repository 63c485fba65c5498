"""What flows tell their client's driver: how long they wait for a turn, and what they share."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from ..values.errors import InvalidInputError
from ..wire.steps import Flow, Pause

CREATE_TURN_S: Final = 3600.0
"""A video that was asked for is worth waiting for, as a refusal is only asked for again."""


@frozen
class SetPatience(Pause):
    """A pause of no time, from which on the flow's requests wait so long for their turn."""

    turn_s: float
    seconds: float = field(default=0.0, init=False)


@frozen
class AskShared(Pause):
    """
    A pause of no time, that a client's driver answers with what its waits have in common.

    Any other driver answers with its clock, and the wait shares with nobody.
    """

    seconds: float = field(default=0.0, init=False)


def patient(turn_s: float | None) -> Flow[None]:
    """
    Wait so many seconds for the account's rate, or as long as a create does.

    Raises:
        InvalidInputError: It is no number of seconds from 0.
    """
    chosen_s = CREATE_TURN_S if turn_s is None else turn_s
    if not chosen_s >= 0:
        raise InvalidInputError(
            f"patience_s is {chosen_s}", field="patience_s", next_step="give seconds, from 0"
        )
    yield SetPatience(chosen_s)
