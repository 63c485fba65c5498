"""The commands of `python -m portraitkit.testing`: look, print, say whether anything was found."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, ElementTree, SubElement

from attrs import asdict

from ...values.errors import ConfigError, PortraitError
from . import contractcheck, drifting, linting, reading

PROBLEMS: Final = (PortraitError, OSError)
"""What keeps a command from looking."""


def lint(arguments: Namespace) -> bool:
    """Look through cassettes; with `--fix` lay them out first."""
    paths = _existing(arguments.paths)
    cassettes = linting.cassettes_in(paths)
    contracts = _folder(arguments.contracts, "--contracts")
    limits = linting.Limits(
        budget_bytes=arguments.budget_kb * 1024 if arguments.budget_kb else linting.BUDGET_BYTES,
        contracts=contracts,
        tests=_folder(arguments.tests, "--tests"),
    )
    fixed = _fixed(cassettes) if arguments.fix else []
    found = linting.lint(paths, limits)
    if arguments.junit:
        names = [each.as_posix() for each in cassettes]
        _write_junit(arguments.junit, {n: [f for f in found if f.file == n] for n in names})
    if arguments.json:
        shown = [asdict(each) for each in found]
        _print_json({"cassettes": len(cassettes), "fixed": fixed, "findings": shown})
        return bool(found)
    for name in fixed:
        _print(f"{name}: laid out anew")
    for each in found:
        _print(str(each))
    held = contracts or next(filter(None, map(contractcheck.contracts_folder, cassettes)), None)
    unheld = "" if held else "; no contracts were found to hold them to, see --contracts"
    _print(f"{_count(len(cassettes), 'cassette')}, {_count(len(found), 'finding')}{unheld}")
    return bool(found)


def drift(arguments: Namespace) -> bool:
    """Compare the forms of old and new cassettes."""
    old, new = (drifting.forms_in(_existing([each])) for each in (arguments.old, arguments.new))
    both = old.keys() & new.keys()
    if not both:
        raise ConfigError(
            f"{arguments.old} and {arguments.new} have no endpoint in common",
            next_step="give two folders of cassettes of the same vendor",
        )
    found = drifting.compare(old, new)
    real = [each for each in found if each.kind not in drifting.COVERAGE]
    if arguments.junit:
        keys = sorted(both)
        told = {k: [each for each in real if (each.vendor, each.endpoint) == k] for k in keys}
        _write_junit(arguments.junit, {" ".join(key): each for key, each in told.items()})
    if arguments.json:
        digests = [
            {
                "vendor": key[0],
                "endpoint": key[1],
                "old": old[key].digest(),
                "new": new[key].digest(),
            }
            for key in sorted(both)
        ]
        _print_json({"drifts": [each.as_json() for each in found], "endpoints": digests})
        return bool(real)
    for (vendor, endpoint), drifts in groupby(found, lambda each: (each.vendor, each.endpoint)):
        _print(f"{vendor} {endpoint}")
        for each in drifts:
            _print(f"  {each.told}")
    kinds = Counter(each.kind.value for each in real)
    listed = ", ".join(f"{number} {name}" for name, number in sorted(kinds.items()))
    drifted = len({(each.vendor, each.endpoint) for each in real})
    listed += f" at {drifted} of them" if real else ""
    _print(f"{_count(len(both), 'endpoint')} compared: {listed or 'no drift'}")
    return bool(real)


def read(arguments: Namespace) -> bool:
    """Print what cassettes mean."""
    for path in linting.cassettes_in(_existing(arguments.paths)):
        for line in reading.lines(path, arguments.adapter):
            _print(line)
    return False


def _fixed(cassettes: Sequence[Path]) -> list[str]:
    fixed: list[str] = []
    for path in cassettes:
        try:
            if linting.fix(path):
                fixed.append(path.as_posix())
        except PortraitError:
            continue  # the linter says what is wrong with it
    return fixed


def _existing(names: Sequence[str]) -> list[Path]:
    paths = [Path(name) for name in names]
    for path in paths:
        if not path.exists():
            raise ConfigError(f"there is no {path}", next_step="give cassettes or folders of them")
    if not linting.cassettes_in(paths):
        shown = ", ".join(names)
        raise ConfigError(f"no cassette is in {shown}", next_step="cassettes end in .yaml")
    return paths


def _folder(name: str | None, option: str) -> Path | None:
    if name is None:
        return None
    if not Path(name).is_dir():
        raise ConfigError(f"{name} is no folder", field=option)
    return Path(name)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _write_junit(path: str, found: Mapping[str, Sequence[object]]) -> None:
    """Write one test case for each thing looked at, which fails if anything is told of it."""
    failures = str(sum(map(bool, found.values())))
    suite = Element("testsuite", name="portraitkit", tests=str(len(found)), failures=failures)
    for name, lines in found.items():
        case = SubElement(suite, "testcase", classname="portraitkit", name=name)
        if lines:
            failure = SubElement(case, "failure", message=f"{len(lines)} found")
            failure.text = "\n".join(map(str, lines))
    ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _print_json(value: Any) -> None:
    _print(json.dumps(value, indent=2, ensure_ascii=False))


def _print(text: str) -> None:
    print(text)  # noqa: T201  (a command line speaks)
