"""A report as one page that works from disk, without a network."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final

from .statistics import shares

_MOST_VOTES: Final = 60
"""Up to how many votes a preference has an interval."""


def as_page(report: dict[str, Any]) -> str:
    """
    Write a report as HTML.

    What vendors, prompts and files put in stands in it as JSON that no browser runs, and the page's
    policy lets nothing run but its own two scripts.
    """
    parts = files("portraitkit.compare") / "page"
    page, style, script, chart = (
        (parts / name).read_text(encoding="utf-8")
        for name in ("page.html", "page.css", "page.js", "chart.umd.min.js")
    )
    policy = (
        f"default-src 'none'; script-src {_digest(chart)} {_digest(script)}; "
        f"style-src {_digest(style)}; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    filled = {
        "POLICY": escape(policy),
        "TITLE": escape(report["name"]),
        "STYLE": style,
        "REPORT": _data(report),
        "SHARES": _data(shares(_MOST_VOTES)),
        "CHART": chart,
        "SCRIPT": script,
    }
    # One pass, so that nothing that is filled in is taken for a place to fill.
    head, *rest = page.split("<!--FILL ")
    return head + "".join(_fill(each, filled) for each in rest)


def _fill(text: str, filled: dict[str, str]) -> str:
    name, after = text.split("-->", 1)
    return filled[name] + after


def _data(value: Any) -> str:
    """Write JSON that can end no element and begin no comment."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
