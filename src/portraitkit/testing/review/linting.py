"""
The linter of cassettes: origin stated, no secret, no idle answer, as documented, well laid out.

`lint(paths)` gives findings; `fix(path)` lays a file out anew and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ...providers.registry import provider_classes, provider_names
from ...values.errors import PortraitError
from ...wire.codec import is_array, is_object
from ..cassettes import cassettefile
from ..cassettes.answers import TaskState, standing_of
from ..sanitising.placeholders import Placeholders
from ..sanitising.pseudonyms import Pseudonyms
from ..sanitising.sanitiser import Sanitiser, UnsafeCassetteError
from . import contractcheck

EVIDENCE: Final = ("documented", "recorded", "simulated", "assumed")
BUDGET_BYTES: Final = 64 * 1024
"""The largest cassette. A flow of thirty requests takes about a third of it."""
BODY_BYTES: Final = 16 * 1024
_MOST_IDLE: Final = 2
"""So many equal answers of a wait in a row show that it goes on; more show nothing."""


@frozen(kw_only=True)
class Finding:
    """
    Something to mend in one cassette.

    Attributes:
        interaction: Its number, from 1; 0 for the whole file.
        rule: The rule's name, as in docs/cassettes.md.
        then: What to do.
    """

    file: str
    interaction: int = 0
    rule: str
    problem: str = field(repr=False)
    then: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.interaction}" if self.interaction else self.file
        return f"{where}: {self.rule}: {self.problem}" + (f". {self.then}" if self.then else "")


@frozen(kw_only=True)
class Limits:
    """What the linter is told: size budgets, where contracts and tests are."""

    budget_bytes: int = BUDGET_BYTES
    contracts: Path | None = None
    tests: Path | None = None


def cassettes_in(paths: Sequence[Path]) -> list[Path]:
    """The cassettes among files and folders, sorted."""
    found: set[Path] = set()
    for path in paths:
        found |= {*path.rglob("*.yaml"), *path.rglob("*.yml")} if path.is_dir() else {path}
    return sorted(found)


def lint(paths: Sequence[Path], limits: Limits | None = None) -> list[Finding]:
    """Look through cassettes, and say what is to be mended."""
    limits = limits or Limits()
    return [finding for path in cassettes_in(paths) for finding in _lint_file(path, limits)]


def fix(path: Path) -> bool:
    """
    Lay a cassette out anew.

    Returns:
        Whether the file changed.

    Raises:
        InvalidInputError: It cannot be read.
    """
    before = path.read_text(encoding="utf-8")
    cassette = cassettefile.load(path)
    if cassettefile.dump(cassette) == before:
        return False
    cassettefile.save(path, cassette)
    return True


def vendor_of(path: Path, cassette: Mapping[str, Any]) -> str:
    """Whose answers these are: the origin's word, else the folder's; empty if neither knows."""
    names = provider_names()
    for word in (*_said(cassette), *reversed(path.parts)):
        if word in names:
            return word
    return ""


def _said(cassette: Mapping[str, Any]) -> list[str]:
    """The vendors that the origin names: a story may be told by several."""
    origin = cassette.get("origin")
    return str(origin.get("provider", "")).split(", ") if is_object(origin) else []


def _lint_file(path: Path, limits: Limits) -> Iterator[Finding]:
    shown = path.as_posix()
    try:
        cassette = cassettefile.load(path)
    except PortraitError as error:
        yield Finding(file=shown, rule="readable", problem=error.message, then="record it again")
        return
    vendor = vendor_of(path, cassette)
    for rule, found in (
        ("origin", _origin(path, cassette, vendor)),
        ("secret", _secrets(cassette, vendor)),
        ("idle", _idle(cassette, vendor)),
        ("contract", _contract(path, cassette, vendor, limits)),
        ("played", _played(path, limits)),
        ("form", _form(path, cassette)),
        ("size", _size(path, cassette, limits)),
    ):
        for number, problem, then in found:
            yield Finding(file=shown, interaction=number, rule=rule, problem=problem, then=then)


_Found = Iterator[tuple[int, str, str]]


def _origin(path: Path, cassette: Mapping[str, Any], vendor: str) -> _Found:
    origin = cassette.get("origin")
    if not is_object(origin):
        yield 0, "it does not say where it comes from", "add `origin:` with evidence and sources"
        return
    evidence = origin.get("evidence")
    if evidence not in EVIDENCE:
        yield 0, f"its evidence is none of {', '.join(EVIDENCE)}", "set origin.evidence"
    folder = path.parent.name
    if folder in EVIDENCE and folder != evidence:
        then = "move the file, or set origin.evidence"
        yield 0, f"the folder says {folder}, the origin says {evidence}", then
    if not origin.get("sources") and evidence in ("documented", "assumed"):
        yield 0, "it names no source", "name the pages or code it was written from, origin.sources"
    if evidence == "recorded" and not origin.get("recorded_at"):
        yield 0, "it does not say when it was recorded", "set origin.recorded_at"
    if not vendor:
        then = "put it below a folder named after the adapter, or set origin.provider"
        yield 0, "it does not say which vendor answers", then


def _secrets(cassette: Mapping[str, Any], vendor: str) -> _Found:
    again = "sanitise it: record it with the plugin, or see docs/cassettes.md; change leaked keys"
    origin = cassette.get("origin")
    by_hand = is_object(origin) and origin.get("evidence") in ("documented", "assumed")
    vendors = {vendor, *_said(cassette)} & {*provider_names()}
    classes = [cls for each in vendors for cls in provider_classes(each)]
    fields = {name for cls in classes for name in cls.secret_fields}
    plain = origin.get("plain", ()) if is_object(origin) else ()
    pseudonyms = Placeholders() if by_hand else Pseudonyms()
    sanitiser = Sanitiser(fields, (), pseudonyms, plain=plain)
    for number, each in enumerate(cassette["interactions"], 1):
        try:
            cleaned = sanitiser.clean({"interactions": [each]})["interactions"][0]
        except UnsafeCassetteError as error:
            yield number, error.message.partition(", ")[2], again
            continue
        before = cassettefile.dump({"interactions": [each]})
        if cassettefile.dump({"interactions": [cleaned]}) != before:
            where = ", ".join(sorted(set(_differences(each, cleaned)))[:5])
            yield number, f"it holds what the sanitiser would replace, at {where}", again


def _differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Places where two values differ, as dotted paths into texts of JSON, too."""
    inner = cassettefile.json_in(before), cassettefile.json_in(after)
    if None not in inner:
        before, after = inner
    if is_object(before) and is_object(after):
        for key in {**before, **after}:
            path = f"{where}.{key}" if where else str(key)
            if key not in after or key not in before:
                yield path
            else:
                yield from _differences(before[key], after[key], path)
    elif is_array(before) and is_array(after) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from _differences(one, other, where)
    elif before != after:
        yield where


def _idle(cassette: Mapping[str, Any], vendor: str) -> _Found:
    """Find answers that are told twice in a row, where once says all."""
    run = 1
    last: Any = None
    for number, each in enumerate(cassette["interactions"], 1):
        same = last is not None and _plain(each) == _plain(last)
        run = run + 1 if same else 1
        last = each
        if not same or each.get("why"):
            continue
        standing = standing_of(each, vendor)
        if standing is TaskState.ENDED:
            then = "leave it out if no test needs it, or say why it is read again in `why:`"
            yield number, "the same final answer as before", then
        elif standing is TaskState.WAITING and run > _MOST_IDLE:
            then = "leave out all but two"
            yield number, f"the same waiting answer for the {run}. time", then


def _plain(interaction: Mapping[str, Any]) -> tuple[Any, Any]:
    return interaction.get("request"), interaction.get("response")


def _contract(path: Path, cassette: Mapping[str, Any], vendor: str, limits: Limits) -> _Found:
    folder = limits.contracts or contractcheck.contracts_folder(path)
    if vendor and folder:
        then = "mend the cassette, or the contract if the vendor has changed"
        for number, problem in contractcheck.problems(cassette, vendor, folder):
            yield number, problem, then


def _played(path: Path, limits: Limits) -> _Found:
    if limits.tests is None:
        return
    texts = (each.read_text(encoding="utf-8") for each in limits.tests.rglob("*.py"))
    if not any(path.stem in text for text in texts):
        yield 0, f"no test in {limits.tests} names {path.stem}", "play it, or delete it"


def _form(path: Path, cassette: Mapping[str, Any]) -> _Found:
    if cassettefile.dump(cassette) != path.read_text(encoding="utf-8"):
        yield 0, "it is not laid out as `cassettefile.dump` does", "run the linter with --fix"


def _size(path: Path, cassette: Mapping[str, Any], limits: Limits) -> _Found:
    size = path.stat().st_size
    if size > limits.budget_bytes:
        then = "record fewer polls, or part it into several"
        yield 0, f"{size} bytes are more than the budget of {limits.budget_bytes}", then
    for number, each in enumerate(cassette["interactions"], 1):
        for part, body in (
            ("request", each["request"].get("body")),
            ("answer", cassettefile.answer_body(each["response"])),
        ):
            length = len(body) if isinstance(body, str | bytes) else 0
            if length > BODY_BYTES:
                then = "media and long lists do not belong into a cassette"
                yield number, f"the {part}'s body has {length} bytes", then
