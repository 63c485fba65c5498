"""Write docs/performance.md's table and pictures from what `make bench` measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "performance.md"
PICTURES: Final = ROOT / "docs" / "pictures"
RESULTS: Final = ROOT / "benchmarks" / "speed" / "results.json"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"
OURS: Final = ("portraitkit before", "portraitkit")
COLOURS: Final = {"portraitkit": "#2f6f9f", "portraitkit before": "#b9cfdf"}
CALLS: Final = ("first client", "signed call", "signed create", "video", "signing")


def told(found: dict[str, Any], subject: str) -> str:
    """What was measured of a subject: a ratio to the base, or a value where there is none."""
    values = found["values"].get(subject)
    if values is None:
        return "-"
    if ratios := found["ratios"].get(subject):
        each = ratios["cpu"]
        return f"{each['median']:.2f} ({each['low']:.2f} to {each['high']:.2f})"
    if "mb" in values:
        return f"{values['mb']['median']:.0f} MB"
    return f"{values['cpu']['median'] * 1000:.2f} ms"


def table(figures: dict[str, Any]) -> str:
    """One row for each figure: before, after, and the peers in the same run."""
    lines = ["| figure | divided by | before | now | peers |", "|---|---|---|---|---|"]
    for found in figures.values():
        peers = [each for each in found["values"] if each not in (*OURS, found["base"])]
        shown = ", ".join(f"{each} {told(found, each)}" for each in peers) or "-"
        before, now = (told(found, each) for each in OURS)
        lines.append(f"| {found['title']} | {found['base'] or '-'} | {before} | {now} | {shown} |")
    return "\n".join(lines)


def bars(names: list[str], figures: dict[str, Any], path: Path, unit: str) -> None:
    """Draw a group of bars for each figure."""
    rows = [
        (name, subject, _value(figures[name], subject, unit))
        for name in names
        for subject in figures[name]["values"]
        if subject != figures[name]["base"]
    ]
    drawing = Figure(figsize=(7, 0.28 * len(rows) + 0.8), layout="constrained")
    axes = drawing.subplots()
    labels = [f"{name} · {subject}" for name, subject, _ in rows]
    colours = [COLOURS.get(subject, "#a0a0a0") for _, subject, _ in rows]
    drawn = axes.barh(labels, [value for *_, value in rows], color=colours)
    _ = axes.bar_label(drawn, fmt="%.2f" if unit == "cpu" else "%.0f", padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if unit == "cpu":
        axes.axvline(1, color="#444444", linewidth=0.8)
    drawing.savefig(path, metadata={"Date": None})


def _value(found: dict[str, Any], subject: str, unit: str) -> float:
    values = found["ratios"].get(subject) or found["values"][subject]
    value: float = values[unit]["median"]
    return value


def main() -> None:
    """Write both."""
    mpl.rcParams.update({"svg.hashsalt": "portraitkit", "svg.fonttype": "none"})
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))
    figures = measured["figures"]
    bars([each for each in CALLS if each in figures], figures, PICTURES / "calls.svg", "cpu")
    memory = [
        name for name, found in figures.items() if "mb" in next(iter(found["values"].values()))
    ]
    bars(memory, figures, PICTURES / "memory.svg", "mb")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    machine = measured["machine"]
    kind = f"Python {machine['python']} on {machine['system']}, {machine['cores']} shared cores."
    body = f"{BEGIN}\n\n{kind}\n\n{table(figures)}\n\n{END}"
    _ = PAGE.write_text(before + body + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
