"""What worlds came to, as a page: docs/fault-matrix.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from worlds.network import FAULTS
from worlds.playing import Tally
from worlds.restructuring import CHANGES

SEEDS: Final = range(20_000)
"""The worlds that the page is made of."""
COLUMNS: Final = ("read", "list", "wait", "download", "create", "change", "resume")
_RARE: Final = 0.01
UNTOLD: Final = frozenset({"killed", "interrupted"})
_INTRO: Final = """\
# What faults do

Whole worlds are simulated, each made of one seed: vendors, a network, a journal on a disk, programs
with blocking or asynchronous clients, and other people who use the same account. Everything runs in
one thread on virtual time. Faults are composed: of how far a request gets, of who answers, of how
old the state is that a replica answers from, of how the bytes travel, of how the answer's structure
is changed in one place that the vendor's contract describes, of killed programs, power cuts, full
disks, clocks that jump and callers who give up.

In each cell stands what a caller got from calls that met this one fault and no other, once or
several times; the most frequent first. `result` is what the call returns. The other words are
classes of errors, whose names end in `Error`. One request is tried 3 times here, a wait has 40 s,
and most clients look for what a lost create made, as those of `connect` do: see
[What cannot be made safe](safety.md). What a fault hides for good, such as a vendor's row that no
total counts, no client can tell.

- *read*: get, check a verification. *list*: groups, assets, videos. *wait*: until active, verified
  or finished. *download*: the video's file.
- *create*: a group, an asset, a verification, a video. *change*: rename, delete, cancel.
- *resume*: what is left of a job of the journal.
"""
_LAWS: Final = """\
## What holds in every world

- No create is carried out twice for one call, whoever carries it on.
- What was made is in the result, or the error says that it may have been, or the journal has it;
  and nothing is sent to be made that the journal has not noted before.
- A create returns what it made, and never what somebody else made under the same name.
- Every call ends in its time, a wait at its deadline, and only errors of the library leave.
- A list is whole, or an error. What is said to be active, verified or finished is so, and what is
  waited for is said to be gone only where it is not there.
- No handle reaches another account, and nothing of a real person is made at another vendor.
- What a vendor asks for in `Retry-After` is waited for.
- A job is in one hand at a time; and when all is carried on, the journal names all that was made.
- No key, token or signed address is in a text of a result or an error, in a log, a warning, a
  pickle, a frame or the journal, although the faulty answers quote them; and no other host is shown
  a credential.

A mend that is taken out of the library is missed by one of these worlds: `tests/worlds/mends.py`.

    make simulate SEED=42        # one world, step by step
    make simulate WORLDS=100000  # many; those that break a law are made small
"""


def page_of(tally: Tally) -> str:
    """The whole page."""
    head = f"| fault | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}"
    rows = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows_of(tally).items()]
    table = "\n".join([head, *rows]) + "\n"
    return "\n".join(
        [_INTRO, table, _figures(tally), _LAWS, "Written by `python tools/faults.py`.\n"]
    )


def rows_of(tally: Tally) -> dict[str, list[str]]:
    """The cells of each fault."""
    names = ["none", *(each.name for each in FAULTS if each.stage != "structure"), *CHANGES]
    return {name: [_cell(words_of(tally.met, name, does)) for does in COLUMNS] for name in names}


def words_of(met: Mapping[tuple[str, str, str], int], name: str, does: str) -> Counter[str]:
    """What calls of a kind came to that met a fault, as often as they did."""
    found = {word: number for (n, d, word), number in met.items() if (n, d) == (name, does)}
    return Counter({word: number for word, number in found.items() if word not in UNTOLD})


def _cell(words: Counter[str]) -> str:
    least = max(1, words.total() * _RARE)
    often = [word for word, number in words.items() if number >= least]
    return ", ".join(sorted((w.removesuffix("Error") for w in often), key=_order(words))) or "-"


def _order(words: Counter[str]) -> object:
    return lambda word: (-(words[word] or words[f"{word}Error"]), word)


def _figures(tally: Tally) -> str:
    words = Counter[str]()
    for (_, _, word), number in tally.met.items():
        words[word.removesuffix("Error")] += number
    return (
        f"{tally.worlds:,} worlds, {len(tally.states)} states of operation, outcome and vendor; "
        f"{words.total():,} calls met one fault or none:\n\n"
        "| the caller gets | calls |\n|---|---|\n"
        + "".join(f"| {word} | {number:,} |\n" for word, number in words.most_common())
    )
