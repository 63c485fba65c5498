"""Votes that people gave on a comparison's page without knowing who made what, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from ..values.errors import InvalidInputError
from ..values.media import read_regular
from .runs import Facts, Log, facts, items, objects, text
from .statistics import Share, share

_FORMAT: Final = "portraitkit votes"
_LIMIT_BYTES: Final = 16 * 1024**2


@frozen(kw_only=True)
class Preference:
    """
    How often a profile's video was the best of those that were shown together.

    Attributes:
        chosen: In how many of its rounds, with Wilson's interval of the share.
        by_chance: The share that it would have if all videos were alike.
    """

    profile: str
    chosen: Share
    by_chance: float

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return asdict(self)


def preferences(log: Log, paths: Iterable[Path | str]) -> list[Preference]:
    """
    Count the votes in files that the page has exported, the most preferred profile first.

    Of two files by one person the last counts.

    Raises:
        InvalidInputError: A file holds no votes on this comparison.
    """
    name = f"{text(log.plan.get('name'))} {text(log.opened.get('at'))}"
    by_voter = {text(told.get("voter")): told for told in (_read(each, name) for each in paths)}
    made = {run.id: run.profile for run in log.runs}
    votes = [vote for told in by_voter.values() for vote in objects(told.get("votes"))]
    shown = [([made.get(each) for each in vote["shown"]], made.get(vote["best"])) for vote in votes]
    profiles = dict.fromkeys(profile for each, _ in shown for profile in each if profile)
    counted = [_preference(each, shown) for each in profiles]
    return sorted(counted, key=lambda each: -each.chosen.k / each.chosen.n)


def _preference(profile: str, votes: Sequence[tuple[list[str | None], str | None]]) -> Preference:
    mine = [(shown, best) for shown, best in votes if profile in shown]
    chosen = share(sum(best == profile for _, best in mine), len(mine))
    by_chance = sum(1 / len(shown) for shown, _ in mine) / len(mine)
    return Preference(profile=profile, chosen=chosen, by_chance=round(by_chance, 4))


def _read(path: Path | str, comparison: str) -> Facts:
    try:
        told = facts(json.loads(read_regular(Path(path), _LIMIT_BYTES)))
    except (OSError, ValueError):
        told = {}
    is_ours = (told.get("format"), told.get("comparison")) == (_FORMAT, comparison)
    is_list = isinstance(told.get("votes"), list)
    if not (is_ours and is_list and all(map(_is_vote, objects(told.get("votes"))))):
        raise InvalidInputError(
            f"{str(path)!r} holds no votes on this comparison",
            field="votes",
            next_step="name a file that *Export votes* of this comparison's page has written",
        )
    return told


def _is_vote(vote: Facts) -> bool:
    shown = items(vote.get("shown"))
    are_texts = {type(each) for each in shown} == {str}
    return are_texts and (vote.get("best") is None or vote["best"] in shown)
