"""A report as text, for a ticket or a pull request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from . import costs

_WHY_NOT_RANKED: Final = {
    "nothing_to_compare": "nothing to compare",
    "too_few": "too few runs to rank",
    "not_comparable": "nothing was sent the same, so not ranked",
    "one_session": "one session only, so not ranked",
}
_SHOWN: Final = ("downloaded", "queued", "generating", "likeness_median", "first_frame_ssim")


def as_markdown(report: dict[str, Any]) -> str:
    """Write a report in Markdown. What vendors, prompts and files put in is shown as it is."""
    parts = [
        f"# {_plain(report['name'] or 'Comparison')}",
        _headline(report),
        _profiles(report),
        _list(_registration(each) for each in report["registrations"] if each["error"]),
        *(_scene(report, scene) for scene in report["scenes"]),
        _origins(report),
        _environment(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(report: dict[str, Any]) -> str:
    intervals = f"{report['confidence']:.0%} bootstrap intervals of the median"
    told = [
        f"{report['sessions']} session(s), {len(report['runs'])} runs. Intervals are {intervals}.",
        f"Fewer than {report['least_runs']} runs are not ranked, nor is a single session.",
    ]
    if report["simulated"]:
        told.insert(0, "Made from simulated vendors: the numbers say nothing of the real ones.")
    if report["replayed"]:
        told.insert(0, "Replayed from cassettes: times are those of the replay.")
    if report["unread_lines"]:
        told.append(f"{report['unread_lines']} line(s) of the log could not be read.")
    return "\n\n".join(told)


def _profiles(report: dict[str, Any]) -> str:
    rows = [
        [
            _plain(each["profile"]),
            "{delivered} of {asked}".format(**each["counts"]),
            *(str(each["counts"][name]) for name in ("refused", "timed_out", "failed")),
            _sample(each["measures"].get("downloaded"), " s"),
            _sample(each["measures"].get("likeness_median")),
            _money(each["cost"]["per_usable_s"]["reconciled"]),
            *(_sum(each["cost"]["sums"][which], which) for which in costs.NUMBERS),
        ]
        for each in report["profiles"]
    ]
    heads = ["profile", "delivered", "refused", "timed out", "failed", "time to file"]
    heads += ["face distance", "cost per usable second", *costs.NUMBERS]
    return "## Summary\n\n" + _table(heads, rows)


def _registration(told: dict[str, Any]) -> str:
    error = told["error"]
    words = f"{error.get('class', '')} {error.get('code', '')}: {error.get('message', '')}"
    return f"{_plain(told['profile'])} did not register {_plain(told['portrait'])}: {_plain(words)}"


def _scene(report: dict[str, Any], scene: dict[str, Any]) -> str:
    rows = [
        [
            _plain(row["profile"]),
            "{delivered} of {asked}".format(**row["counts"]),
            *(_sample(row["measures"].get(name)) for name in _SHOWN),
            _plain("; ".join(f"{mark['field']}: {mark['why']}" for mark in row["marks"])),
            _plain("; ".join(each["problem"] for each in row["problems"])),
        ]
        for row in scene["rows"]
    ]
    heads = [
        *("profile", "delivered", "time to file, s", "queued, s", "generating, s"),
        *(
            "face distance",
            "first frame, SSIM",
            "not the same as asked",
            "not as asked in the file",
        ),
    ]
    parts = [
        f"## Scene {_plain(scene['name'])}",
        f"> {_plain(scene['prompt'])}" if scene["prompt"] else "",
        _table(heads, rows),
        _list(_ranking(each) for each in scene["rankings"]),
        _list(_difference(report, each) for each in scene["differences"] if "low" in each),
        _list(_failure(each) for each in scene["failures"]),
    ]
    return "\n\n".join(filter(None, parts))


def _ranking(ranking: dict[str, Any]) -> str:
    told = _WHY_NOT_RANKED.get(ranking["refused"] or "")
    if told is None:
        leaders = f"lowest, within the noise: {', '.join(ranking['leaders'])}"
        told = _plain(f"{', '.join(ranking['order'])} ({leaders})")
    for name, why in (("apart", "not sent the same"), ("too_few", "too few runs to rank")):
        told += f"; {why}: {_plain(', '.join(ranking[name]))}" if ranking[name] else ""
    return f"{ranking['measure']}: {told}"


def _difference(report: dict[str, Any], told: dict[str, Any]) -> str:
    a, b, low, high = _plain(told["a"]), _plain(told["b"]), told["low"], told["high"]
    unit = {each["name"]: each["unit"] for each in report["measures"]}[told["measure"]]
    verdict = {
        "too_few": "too few runs to tell",
        "inside_the_noise": "inside the noise",
        "a_is_lower": f"{a} is lower",
        "b_is_lower": f"{b} is lower",
    }[told["verdict"]]
    excluded = "" if low is None else f"; {b} minus {a} is between {low:.3g} and {high:.3g} {unit}"
    return f"{told['measure']}, {a} and {b}: {verdict}{excluded.rstrip()}"


def _failure(told: dict[str, Any]) -> str:
    words = told["vendor_message"] or told["message"]
    code = " ".join(filter(None, (told["class"], told["code"], told["status"])))
    outcome = told["outcome"].replace("_", " ")
    return (
        f"{_plain(told['profile'])} {outcome} {len(told['runs'])}: {_plain(code)}: {_plain(words)}"
    )


def _origins(report: dict[str, Any]) -> str:
    rows = [
        [
            _plain(each["profile"]),
            _plain(origin["key"]),
            f"{origin['files']} of {origin['of']}",
            _plain("; ".join(origin["values"])) + ("only at others" if origin["lacks"] else ""),
        ]
        for each in report["profiles"]
        for origin in each["origin"]
    ]
    if not rows:
        return ""
    return "## What the files say of their origin\n\n" + _table(
        ["profile", "", "files", "says"], rows
    )


def _environment(report: dict[str, Any]) -> str:
    told = {**report["environment"], "opened": report["opened_at"], "last event": report["last_at"]}
    rows = [f"{_plain(str(name))}: {_plain(_json(value))}" for name, value in told.items()]
    how = "Rebuild this report from its log: `portraitkit compare report FOLDER`."
    return f"## How it was made\n\n{_list(rows)}\n\n{how}"


def _sample(sample: dict[str, Any] | None, unit: str = "") -> str:
    if sample is None:
        return "-"
    interval = "" if sample["low"] is None else f" ({sample['low']:.3g} to {sample['high']:.3g})"
    return f"{sample['median']:.3g}{unit}{interval}, n={sample['n']}"


def _money(money: dict[str, str] | None) -> str:
    if not money:
        return "unpriced"
    form = "{amount} {currency} by {unit}" if money["currency"] else "{amount} {unit}"
    return _plain(form.format(**money))


def _sum(told: dict[str, Any], which: str) -> str:
    parts = [_money(each) for each in told["known"]]
    unknown = "not reported" if which == "reported" else "unpriced"
    parts += [f"{told['unpriced']} {unknown}"] if told["unpriced"] else []
    return " + ".join(parts) or "-"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Keep text from being read as Markdown or HTML, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!:@^$])", r"\\\1", " ".join(text.split()))
