"""The matrix as a page: what a caller gets, fault by fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from fault_cells import ATTEMPTS, Judged
from fault_jobs import VENDORS
from fault_list import FAULTS

COLUMNS: Final = ("read", "wait", "download", "create", "paid create", "named create", "change")
_NONE: Final = "-"
_INTRO: Final = f"""\
# What faults do

Every operation of every vendor has met every fault of this table, with the blocking and with the
asynchronous client. The vendors are the simulated ones; the client is real. Connecting, TLS,
resets, cuts and large answers travel over sockets, stalls and 1xx over a wire in memory through the
HTTP library, and answers are handed over inside it. A fault meets each request of a call, once, or
from then on; one request is tried {ATTEMPTS} times here.

In each cell stands what the caller gets when the fault passes after one attempt, and behind
"lasting" what he gets when it stays; one word alone holds for both. `result` is what the call
returns without the fault. The other words are classes of errors, whose names end in `Error`.

- *read*: get, list, check a verification. *wait*: wait until active, verified or finished.
- *download*: the video's file. *create*: a group, a verification. *paid create*: an asset, a video.
- *named create*: all of these by a client that looks for what a lost create made, as those of
  `connect` do; see [What cannot be made safe](safety.md).
- *change*: rename, delete, cancel.
"""
_CHECKED: Final = """\
## What holds in every cell

- The vendor has carried out a create once at most, paid or not, whatever came back.
- A create of unknown outcome is sent again once at most, and only where its absence is certain. If
  it was carried out, its id is in the result, or the error is an `OutcomeUnknownError`, or it
  carries a handle.
- A read that succeeds in the end brings what it brings without the fault; an unreadable list is
  never an empty one.
- What comes out is a result or a `PortraitError`, within the budget of attempts and, for a wait, at
  its deadline; an error of a wait carries the handle.
- `Retry-After` is waited for, if anybody can wait that long.
- No key, token or signed address is in a result's or an error's text, although the faulty answers
  quote them; and no other host is shown a credential, neither by a redirect nor by a server whose
  certificate is another's.

## What cannot be told

| where | what happens | why |
|---|---|---|
| a create whose answer was lost, without a token behind its name | `OutcomeUnknown` | no vendor \
documents a way to repeat one without doing it twice |
| AllToken, a deletion whose first answer was lost | `OutcomeUnknown` | the gateway denies access \
to what is not there, in the words it has for what belongs to others |
| Volcengine, a cancellation whose answer was lost | `OutcomeUnknown` | the same call, sent late, \
removes the record of a finished video, so that it is sent once |
| xcompute, a session whose task cannot be read | `OutcomeUnknown` | the session exists and its \
link is not known: start another |
"""


def row_of(name: str, judged: Iterable[Judged]) -> str:
    """One fault's row."""
    mine = [each for each in judged if each.cell.fault.name == name]
    cells = [_cell([each for each in mine if column_of(each) == column]) for column in COLUMNS]
    return f"| {name} | {' | '.join(cells)} |"


def column_of(judged: Judged) -> str:
    """Where an outcome is shown; empty for a request that is not what its operation is about."""
    does, kind = judged.cell.job.does, judged.cell.kind
    if judged.cell.job.named:
        return "named create" if does == kind else ""
    if does == "download":
        return does if kind == "media" else ""
    if does in ("wait", kind):
        return does
    return "change" if kind == "change, once" else ""


def page_of(judged: Sequence[Judged]) -> str:
    """The whole page, from the outcomes of one client."""
    head = f"| fault | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}"
    rows = [row_of(fault.name, judged) for fault in FAULTS]
    parts = [_INTRO, "\n".join([head, *rows]) + "\n", _figures(judged), _CHECKED]
    return "\n".join(parts) + "\nWritten by `python tools/faults.py`.\n"


def _figures(judged: Sequence[Judged]) -> str:
    operations = Counter((each.cell.vendor, each.cell.job.name) for each in judged)
    words = Counter(each.word for each in judged)
    kinds = Counter(
        "named create" if each.cell.job.named else each.cell.job.does for each in judged
    )
    size = (
        f"{len(FAULTS)} faults, {len(VENDORS)} ways to vendors, "
        f"{len(operations)} operations there: "
        f"{len(judged):,} cells for each client."
    )
    lines = [
        "## Its size",
        "",
        size,
        "",
        "| operations | cells |",
        "|---|---|",
        *(f"| {kind} | {kinds[kind]:,} |" for kind in COLUMNS),
        "",
        "| the caller gets | cells |",
        "|---|---|",
        *(f"| `{word}` | {number:,} |" for word, number in words.most_common()),
    ]
    return "\n".join(lines) + "\n"


def _cell(judged: Sequence[Judged]) -> str:
    once = _words([each for each in judged if not each.cell.lasting])
    lasting = _words([each for each in judged if each.cell.lasting])
    if once == lasting or not lasting:
        return once or _NONE
    return f"{once}; lasting: {lasting}" if once else f"lasting: {lasting}"


def _words(judged: Sequence[Judged]) -> str:
    found = Counter(each.word.removesuffix("Error") for each in judged)
    return " or ".join(sorted(found, key=lambda word: (-found[word], word)))
