"""Write docs/performance.md's table and pictures from what `make bench` measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "performance.md"
PICTURES: Final = ROOT / "docs" / "pictures"
RESULTS: Final = ROOT / "benchmarks" / "speed" / "results.json"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"
BEFORE, NOW = OURS = ("portraitkit before", "portraitkit")
COLOURS: Final = {BEFORE: "#b9cfdf", NOW: "#2f6f9f", f"{NOW} over aiohttp": "#17456b"}
PEERS: Final = {"httpx": "#a0a0a0", "httpx-aiohttp": "#c98a4b", "aiohttp": "#7a9a5a"}
VIRTUAL: Final = (
    "What waits cost, and what grows, is told in virtual time, at a simulated vendor, with 0.1 s "
    "for each request: the numbers do not depend on the machine, but for milliseconds and KB."
)
STARTS: Final = ("import", "first client", "first call")
CALLS: Final = ("signed call", "signed create", "video", "signing")
UNITS: Final = {
    "requests_each": "requests",
    "lag_s": "s late",
    "of_bound": "times the bound",
    "requests_a_look": "a look",
    "settle_ms": "ms to settle",
    "resume_ms": "ms to resume",
    "cpu_ms_each": "ms of CPU",
    "kb_each": "KB",
}


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


def counted(counts: dict[str, Any]) -> str:
    """One row for each figure that is counted in virtual time."""
    lines = ["| figure | before | now |", "|---|---|---|"]
    for name, versions in counts.items():
        told = (
            ", ".join(
                f"{value:g} {UNITS[unit]}"
                for unit, value in versions.get(each, {}).items()
                if unit in UNITS  # quartiles are for the file alone
            )
            for each in OURS
        )
        lines.append(f"| {name} | {' | '.join(each or '-' for each in told)} |")
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


def panels(*titles: tuple[str, str, str]) -> tuple[Figure, list[Axes]]:
    """Panels side by side: title, and what the axes are."""
    drawing = Figure(figsize=(max(5.0, 3.6 * len(titles)), 3.4), layout="constrained")
    every = list(drawing.subplots(1, len(titles), squeeze=False)[0])
    for axes, (title, along, up) in zip(every, titles, strict=True):
        axes.set(title=title, xlabel=along, ylabel=up, xscale="log")
        axes.spines[["top", "right"]].set_visible(False)
    return drawing, every


def curve(axes: Axes, points: dict[int, float], subject: str) -> None:
    """A line of what was measured at several sizes."""
    colour = {**PEERS, **COLOURS}[subject]
    _ = axes.plot(list(points), list(points.values()), "o-", color=colour, label=subject)


def concurrency(figures: dict[str, Any], path: Path) -> None:
    """Draw what a call costs by how many are under way."""
    drawing, [axes] = panels(("", "calls at once", "ms of CPU for each"))
    for subject in (*PEERS, *COLOURS):
        points = {
            _size(name): found["values"][subject]["cpu"]["median"] * 1000
            for name, found in figures.items()
            if name.startswith("async at") and subject in found["values"]
        }
        if points:
            curve(axes, points, subject)
    axes.set_yscale("log")
    _ = axes.legend(frameon=False)
    drawing.savefig(path, metadata={"Date": None})


def waiting(counts: dict[str, Any], path: Path) -> None:
    """Draw requests against delay, before and now: single waits beside their bound, and many."""
    titles = ("one asset", "requests", "seconds late"), ("many assets", "requests for each", "")
    drawing, every = panels(*titles)
    rows = {name: versions for name, versions in counts.items() if "lag_s" in versions[NOW]}
    for axes, is_single in zip(every, (True, False), strict=True):
        markers = dict[str, str]()
        for name, versions in rows.items():
            if ("of_bound" in versions[NOW]) is not is_single:
                continue
            spread, _, kind = name.removeprefix("one asset, spread ").partition(", ")
            kind = kind if is_single else spread
            label = "" if kind in markers else kind
            marker = markers.setdefault(kind, "osXD^v<>P"[len(markers)])
            points = [versions[each] for each in OURS if each in versions]
            across, up = ([each[of] for each in points] for of in ("requests_each", "lag_s"))
            _ = axes.plot(across, up, color=COLOURS[BEFORE], linewidth=0.8)
            _ = axes.plot(across[:1], up[:1], marker, color=COLOURS[BEFORE])
            _ = axes.plot(across[-1:], up[-1:], marker, color=COLOURS[NOW], label=label)
            if is_single:
                _ = axes.annotate(spread, (across[-1], up[-1]), (4, 3), textcoords="offset points")
                least = across[-1] * up[-1] / points[-1]["of_bound"]
                _ = axes.plot([2, 8], [least / 2, least / 8], ":", color="#888888", linewidth=0.8)
        axes.set_yscale("log")
        _ = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), frameon=False, ncols=2)
    drawing.savefig(path, metadata={"Date": None})


def growth(counts: dict[str, Any], path: Path) -> None:
    """Draw what grows with the work, and what does not."""
    kinds = {"videos in flight": "cpu_ms_each", "polls at once": "cpu_ms_each"}
    kinds["ended jobs"] = "resume_ms"
    drawing, every = panels(*((kind, "", UNITS[unit]) for kind, unit in kinds.items()))
    for axes, (kind, unit) in zip(every, kinds.items(), strict=True):
        for subject in OURS:
            points = {
                _size(name): versions[subject][unit]
                for name, versions in counts.items()
                if name.endswith(kind) and subject in versions
            }
            curve(axes, points, subject)
        if unit == "resume_ms":
            axes.set_yscale("log")
        else:
            axes.set_ylim(0)
    _ = every[0].legend(frameon=False)
    drawing.savefig(path, metadata={"Date": None})


def _size(name: str) -> int:
    """The number in a figure's name."""
    return int(re.sub(r"\D", "", name))


def _value(found: dict[str, Any], subject: str, unit: str) -> float:
    values = found["ratios"].get(subject) or found["values"][subject]
    value: float = values[unit]["median"]
    return value


def main() -> None:
    """Write both."""
    mpl.rcParams.update({"svg.hashsalt": "portraitkit", "svg.fonttype": "none", "font.size": 8})
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))
    figures, counts = measured["figures"], measured["counts"]
    bars([each for each in STARTS if each in figures], figures, PICTURES / "starts.svg", "cpu")
    bars([each for each in CALLS if each in figures], figures, PICTURES / "calls.svg", "cpu")
    memory = [
        name for name, found in figures.items() if "mb" in next(iter(found["values"].values()))
    ]
    bars(memory, figures, PICTURES / "memory.svg", "mb")
    concurrency(figures, PICTURES / "concurrency.svg")
    waiting(counts, PICTURES / "waiting.svg")
    growth(counts, PICTURES / "growth.svg")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    machine = measured["machine"]
    kind = f"Python {machine['python']} on {machine['system']}, {machine['cores']} shared cores."
    body = f"{BEGIN}\n\n{kind}\n\n{table(figures)}\n\n{VIRTUAL}\n\n{counted(counts)}\n\n{END}"
    _ = PAGE.write_text(before + body + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
