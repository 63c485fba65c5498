"""
Differential replay: what two portraitkits, or two adapters, make of the same cassettes.

Each side reads all cassettes in a process of its own. Compared are the results, by their members'
names: `the asset's status: ACTIVE here, UNKNOWN there`.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from ...providers.registry import provider_names
from ...values.errors import ConfigError
from ...wire.codec import is_array, is_object
from ..cassettes import cassettefile
from .linting import cassettes_in, vendor_of

_WORKER: Final = Path(__file__).with_name("rereading.py")
_LIMIT_S: Final = 300
_UNSENT: Final = "none"
_NAMES: Final = {
    "Asset": "the asset",
    "Group": "the group",
    "VideoTask": "the video",
    "Verification": "the face check",
    "Failure": "the failure",
    "Page": "the page",
    "Usage": "the usage",
}


@frozen(kw_only=True)
class Side:
    """
    Who reads.

    Attributes:
        adapter: Reads instead of the cassettes' own adapter, if given.
        path: A folder that is put first on the path, with another portraitkit in it.
    """

    name: str
    adapter: str = ""
    path: Path | None = None


@frozen(kw_only=True)
class Difference:
    """One difference between what two sides read."""

    file: str
    interaction: int
    operation: str
    what: str
    here: str
    there: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.interaction}: {self.operation or 'request'}"
        return f"{where}: {self.what}: {self.here} here, {self.there} there"


@frozen(kw_only=True)
class Comparison:
    """
    What two sides made of cassettes.

    Attributes:
        read: Interactions that at least one side sends itself.
        unread: The others, such as a file's download.
        strangers: Cassettes of another wire than the adapter's, which were left out.
    """

    here: str
    there: str
    read: int
    unread: int
    strangers: tuple[str, ...] = ()
    differences: tuple[Difference, ...]


def compare(paths: Iterable[Path], against: str) -> Comparison:
    """
    Read cassettes here and *against* another: a checkout's folder, a wheel, or an adapter's name.

    Raises:
        ConfigError: *against* is none of these, or cannot be run.
    """
    cassettes = list(_tapes(cassettes_in(list(paths))))
    with tempfile.TemporaryDirectory(prefix="portraitkit-") as scratch:
        other = side_of(against, Path(scratch))
        mine = _run(Side(name="here"), cassettes)
        its = _run(other, cassettes)
    differences: list[Difference] = []
    strangers: list[str] = []
    read = unread = 0
    for each in cassettes:
        ours, theirs = mine["cassettes"][each["name"]], its["cassettes"][each["name"]]
        for problem in (found for found in (ours, theirs) if is_object(found)):
            raise ConfigError(f"{each['name']} cannot be read: {problem['problem']}")
        if other.adapter and not any(found["operation"] for found in theirs):
            strangers.append(each["name"])
            continue
        for number, (one, two) in enumerate(zip(ours, theirs, strict=True), 1):
            read += bool(one["operation"] or two["operation"])
            unread += not (one["operation"] or two["operation"])
            differences += _between(each["name"], number, one, two)
    return Comparison(
        here=f"portraitkit {mine['version']}",
        there=f"{other.name} ({its['version']})",
        read=read,
        unread=unread,
        strangers=tuple(strangers),
        differences=tuple(differences),
    )


def side_of(against: str, scratch: Path) -> Side:
    """
    Find out what is compared with.

    Raises:
        ConfigError: It is no adapter, checkout or wheel.
    """
    if against in provider_names():
        return Side(name=f"adapter {against}", adapter=against)
    path = Path(against)
    if path.suffix == ".whl" and path.is_file():
        with zipfile.ZipFile(path) as wheel:
            wheel.extractall(scratch)
        return Side(name=path.name, path=scratch)
    for folder in (path / "src", path):
        if (folder / "portraitkit" / "__init__.py").is_file():
            return Side(name=str(path), path=folder)
    names = ", ".join(provider_names())
    raise ConfigError(
        f"{against!r} is no adapter, no checkout of portraitkit and no wheel",
        field="--against",
        next_step=f"give a folder with src/portraitkit in it, a .whl file, or one of {names}",
    )


def _tapes(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        cassette = cassettefile.load(path)
        if vendor := vendor_of(path, cassette):
            tape = [_told(each) for each in cassette["interactions"]]
            yield {"name": path.as_posix(), "vendor": vendor, "interactions": tape}


def _told(interaction: Mapping[str, Any]) -> dict[str, Any]:
    request, response = interaction["request"], interaction["response"]
    headers = cassettefile.headers_of(response)
    return {
        "request": {
            "method": request["method"],
            "uri": request["uri"],
            "body": _base64(request.get("body")),
        },
        "response": {
            "status": response["status"]["code"],
            "headers": {str(k).lower(): v[0] for k, v in headers.items() if v},
            "body": _base64(cassettefile.answer_body(response)),
        },
    }


def _base64(body: object) -> str:
    content = body if isinstance(body, bytes) else str(body or "").encode(errors="surrogatepass")
    return base64.b64encode(content).decode()


def _run(side: Side, cassettes: list[dict[str, Any]]) -> Any:
    tapes = [{**each, "vendor": side.adapter or each["vendor"]} for each in cassettes]
    environment = dict(os.environ)
    if side.path is not None:
        environment["PYTHONPATH"] = str(side.path.resolve())
    try:
        done = subprocess.run(  # noqa: S603  (our own script, by our own interpreter)
            [sys.executable, "-P", str(_WORKER)],
            input=json.dumps({"cassettes": tapes}),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{side.name} did not end within {_LIMIT_S} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ConfigError(
            f"{side.name} cannot read cassettes: {lines[-1] if lines else 'it said nothing'}",
            next_step="run its own tests first; its dependencies have to be installed here",
        )
    told = json.loads(done.stdout)
    if side.path is not None and not Path(told["where"]).is_relative_to(side.path.resolve()):
        raise ConfigError(f"{side.name} was not used: portraitkit came from another place")
    return told


def _between(
    file: str, number: int, one: Mapping[str, Any], two: Mapping[str, Any]
) -> Iterator[Difference]:
    operation = one["operation"] or two["operation"]
    if one["operation"] != two["operation"]:
        told = (one["operation"] or _UNSENT, two["operation"] or _UNSENT)
        parts = [("the call that sends it", *told)]
    else:
        parts = list(_parts(one["result"], two["result"], ""))
    for what, here, there in parts:
        yield Difference(
            file=file, interaction=number, operation=operation, what=what, here=here, there=there
        )


def _parts(one: Any, two: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Members that differ, in words: `the asset's status`."""
    if is_object(one) and is_object(two) and one.get("is") == two.get("is"):
        thing = _NAMES.get(str(one.get("is")), "")
        base = f"{where}, {thing}" if where and thing else thing or where
        for key in {**one, **two}:
            name = f"{base}'s {key}" if base else f"the {key}"
            yield from _parts(one.get(key, _NOTHING), two.get(key, _NOTHING), name)
    elif is_array(one) and is_array(two) and len(one) == len(two):
        for place, (a, b) in enumerate(zip(one, two, strict=True), 1):
            yield from _parts(a, b, f"{where} {place}")
    elif one != two:
        yield where or "the result", _shown(one), _shown(two)


_NOTHING: Final = "(no such member)"


def _shown(value: Any) -> str:
    if is_object(value):
        if "error" in value:
            return f"{value['error']} ({value.get('code') or 'no code'})"
        return str(value.get("is") or json.dumps(value, ensure_ascii=False)[:80])
    if is_array(value):
        return f"{len(value)} of them"
    return "nothing" if value is None else str(value)[:80]
