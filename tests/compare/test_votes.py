"""Votes from the page's file: counted by profile, with the interval of their share."""

from __future__ import annotations

import json

import pytest
from folders import Comparison as Log

import portraitkit as pk
from portraitkit.compare import Comparison


@pytest.fixture
def folder(tmp_path):
    return Log(tmp_path / "c", runs=3).write()


def written(folder, path, votes, voter="1-2", **changes):
    opened = json.loads((folder / "events.jsonl").read_text().splitlines()[0])
    told = {
        "format": "portraitkit votes",
        "version": 1,
        "comparison": f"{opened['plan']['name']} {opened['at']}",
        "voter": voter,
        "votes": votes,
    }
    path.write_text(json.dumps({**told, **changes}))
    return path


def vote(number, best):
    shown = [f"s1-dance-{each}-{number}" for each in ("aster", "birch", "cedar")]
    best = best and f"s1-dance-{best}-{number}"
    return {"round": f"dance {number}", "shown": shown, "best": best}


def test_votes_are_counted_by_profile(folder, tmp_path):
    """A tie counts for nobody; a person's later file stands in place of the earlier."""
    early = written(folder, tmp_path / "early.json", [vote(1, "cedar")])
    late = written(folder, tmp_path / "late.json", [vote(1, "birch"), vote(2, None)])
    other = written(folder, tmp_path / "other.json", [vote(3, "birch")], voter="3-4")
    found = Comparison(folder).votes(early, late, other)

    assert [("birch", 2), ("aster", 0), ("cedar", 0)] == [
        (each.profile, each.chosen.k) for each in found
    ]
    assert {3} == {each.chosen.n for each in found}
    assert found[0].chosen.low < found[0].by_chance < found[0].chosen.high


@pytest.mark.parametrize(
    "changes",
    [
        {"comparison": "another"},
        {"votes": 3},
        {"votes": [{"shown": []}]},
        {"votes": [{**vote(1, None), "best": "s1-dance-elm-1"}]},
        {"format": "x"},
    ],
)
def test_what_holds_no_votes_on_it_is_refused(folder, tmp_path, changes):
    """Another comparison's, or no votes at all: the file is named."""
    path = written(folder, tmp_path / "votes.json", **{"votes": [], **changes})

    with pytest.raises(pk.InvalidInputError, match=r"votes\.json"):
        Comparison(folder).votes(path)
    with pytest.raises(pk.InvalidInputError, match=r"gone\.json"):
        Comparison(folder).votes(tmp_path / "gone.json")
