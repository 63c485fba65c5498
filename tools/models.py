"""
Write the table of docs/models.md, from the adapters themselves.

    python tools/models.py            writes it
    python tools/models.py --check    fails if it is not up to date
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.vendor.preflight import VideoModel

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "models.md"
COLUMNS: Final = (
    "model",
    "the vendor's name",
    "seconds",
    "resolutions",
    "ratios",
    "pictures, videos, audios",
    "takes no",
    "portraits",
)


def row(model: VideoModel) -> tuple[str, ...]:
    """One model at one vendor; a dash for what is not documented."""
    most = ", ".join(str(count) for count in (model.most or {}).values())
    most += f"; {model.together} together" if model.together else ""
    seconds = "{}–{}".format(*model.duration_s) if model.duration_s else ""  # noqa: RUF001
    if seconds and model.chooses_duration:
        seconds += ", or -1"
    names = " or ".join(f"`{each}`" for each in (model.id, *model.other_ids))
    cells = (
        f"`{model.name}`",
        names,
        seconds,
        ", ".join(model.resolutions),
        ", ".join(model.ratios),
        most,
        ", ".join(f"`{each}`" for each in model.lacks),
        "yes" if model.takes_assets else "no",
    )
    return tuple(each or "–" for each in cells)  # noqa: RUF001


def page_of(name: str) -> tuple[str, str]:
    """Where a vendor is told of, and under which heading: a table's in a section."""
    page = f"vendors/{name}.md"
    if hasattr(provider_class(name), "table"):
        return f"vendors/tables.md#{name}", f"# {name}"
    return page, (PAGE.parent / page).read_text(encoding="utf-8").partition("\n")[0]


def tables() -> str:
    """A table for each vendor, in Markdown."""
    parts: list[str] = []
    for name in provider_names():
        models = provider_class(name).video_models
        if not models:
            continue
        sources = "; ".join(dict.fromkeys(model.source for model in models))
        lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
        lines += [f"| {' | '.join(row(model))} |" for model in models]
        vendor, title = page_of(name)
        source = f"Source: {sources}. More on [the vendor's page]({vendor})."
        parts.append("\n".join([f"#{title}", "", *lines, "", source]))
    return "\n\n".join(parts)


def main() -> int:
    """Write or check."""
    text = PAGE.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- models -->\n).*?(<!-- /models -->)", re.DOTALL)
    made = marks.sub(lambda found: f"{found[1]}\n{tables()}\n\n{found[2]}", text)
    if "--check" not in sys.argv[1:]:
        _ = PAGE.write_text(made, encoding="utf-8")
        return 0
    if made == text:
        return 0
    _ = sys.stderr.write("docs/models.md is out of date: run python tools/models.py\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
