"""What a video file says of where it comes from. Nothing of it is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ..values.masking import mask_links

if TYPE_CHECKING:
    from av.container import InputContainer

_LONGEST_TEXT: Final = 300
_MOST_TEXTS: Final = 50
_STATUS: Final = {"ManifestNotFound": "none", "Remote": "kept elsewhere"}
"""By the first word of the library's error."""
_OFFLINE: Final = {"verify": {"verify_after_reading": False, "remote_manifest_fetch": False}}


@frozen(kw_only=True)
class Origin:
    """
    What a file says of where it comes from, as it says it: nothing of it is checked.

    Attributes:
        c2pa: The newest manifest of Content Credentials: `claim_generator`, `issuer` (the name in
            the certificate) and `assertions` (their labels); None where there is none to show.
        c2pa_status: `found`, `none`, `unreadable`, `kept elsewhere` (at an address that is not
            asked), or `not looked at` without c2pa-python.
        encoder: The program that wrote the file, by its own tag; empty without one.
        tags: All tags of the file.
    """

    c2pa: dict[str, Any] | None
    c2pa_status: str
    encoder: str
    tags: dict[str, str]


def read_origin(path: Path, container: InputContainer) -> Origin:
    """Read what a file's tags and its manifest say."""
    tags = {**container.streams.video[0].metadata, **container.metadata}
    shown = {_short(name): _short(value) for name, value in sorted(tags.items())[:_MOST_TEXTS]}
    status, manifest = _manifest(path)
    return Origin(c2pa=manifest, c2pa_status=status, encoder=shown.get("encoder", ""), tags=shown)


def _manifest(path: Path) -> tuple[str, dict[str, Any] | None]:
    """The newest C2PA manifest in a file: not verified, and nothing is fetched for it."""
    try:
        c2pa: Any = import_module("c2pa")  # may be missing, and has no types
    except ImportError:
        return "not looked at", None
    try:
        offline = c2pa.Context(c2pa.Settings.from_dict(_OFFLINE))
        with path.open("rb") as file, c2pa.Reader(None, file, context=offline) as reader:
            store = json.loads(reader.json())
        return "found", _signature_of(store["manifests"][store["active_manifest"]])
    except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it is this file)
        return _STATUS.get(str(error).partition(":")[0], "unreadable"), None


def _signature_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    names = [
        f"{each.get('name', '')} {each.get('version', '')}".strip()
        for each in manifest.get("claim_generator_info", ())
    ]
    return {
        "claim_generator": _short(", ".join(names) or str(manifest.get("claim_generator", ""))),
        "issuer": _short(str(manifest.get("signature_info", {}).get("issuer", ""))),
        "assertions": [_short(str(each["label"])) for each in manifest["assertions"]][:_MOST_TEXTS],
    }


def _short(text: str) -> str:
    return mask_links(text[:_LONGEST_TEXT])
