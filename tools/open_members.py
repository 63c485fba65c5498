"""
Write testing/sanitising/contracts.json: what the vendors' contracts leave open in a cassette.

    python tools/open_members.py            writes it
    python tools/open_members.py --check    fails if it is not up to date

A member is open if a schema marks it `x-open` or lists its values, and so is the number in one that
a schema documents as a number. The values and bounds are open everywhere, and so are the fixed
parts of paths. The words of descriptions, and of members' names, are plain words.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parent.parent
TABLE: Final = ROOT / "src" / "portraitkit" / "testing" / "sanitising" / "contracts.json"
_BOUNDS: Final = ("minimum", "maximum", "maxLength", "maxItems")
_TELLING: Final = ("description", "note", "why")
_WORD: Final = re.compile(r"(?<![\w.@/'-])[a-z]{2,18}(?![\w@/-])")
_NAMED: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def table() -> str:
    """Read every contract."""
    members: set[str] = set()
    paths: set[str] = set()
    words: set[str] = set()
    numbers: set[str] = set()
    lexicon: set[str] = set()
    for path in sorted((ROOT / "providers").glob("*/contract.yaml")):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        members |= {
            name
            for name, schema in _members(contract)
            if _is_open(schema, contract) and "{" not in name
        }
        numbers |= {name for name, schema in _members(contract) if _is_number(schema)}
        words |= {each for each in _values(contract["schemas"]) if isinstance(each, str)}
        words |= {str(each) for each in _values(contract, _BOUNDS) if isinstance(each, int)}
        told = " ".join(str(each) for each in _values(contract, _TELLING))
        lexicon |= set(_WORD.findall(told))
        named = " ".join(name for name, _ in _members(contract))
        lexicon |= {each.lower() for each in _NAMED.findall(named)}
        for operation in contract["operations"].values():
            paths |= {each for each in operation["path"].split("/") if each and "{" not in each}
    found = {
        "lexicon": lexicon,
        "members": members,
        "numbers": numbers,
        "paths": paths,
        "words": words,
    }
    return json.dumps({key: sorted(each) for key, each in found.items()}, indent=0) + "\n"


def _members(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        found = part.get("properties")
        yield from found.items() if isinstance(found, dict) else ()
        for each in part.values():
            yield from _members(each)
    elif isinstance(part, list):
        for each in part:
            yield from _members(each)


def _values(part: Any, keys: Collection[str] = ("enum", "const")) -> Iterator[Any]:
    if isinstance(part, dict):
        for key in keys:
            found = part.get(key)
            yield from found if isinstance(found, list) else [found]
        for each in part.values():
            yield from _values(each, keys)
    elif isinstance(part, list):
        for each in part:
            yield from _values(each, keys)


def _is_number(schema: Any) -> bool:
    found = schema.get("type") if isinstance(schema, dict) else None
    return bool({"integer", "number"} & set(found if isinstance(found, list) else [found]))


def _is_open(schema: Any, contract: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    if "$ref" in schema:
        found = contract
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return _is_open(found, contract)
    if {"x-open", "enum", "const"} & schema.keys():
        return True
    return "items" in schema and _is_open(schema["items"], contract)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(TABLE.read_text(encoding="utf-8") != table())
    _ = TABLE.write_text(table(), encoding="utf-8")
