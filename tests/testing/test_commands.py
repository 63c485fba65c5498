"""The command line: linting, and reading what cassettes mean."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest
from attrs import evolve

from portraitkit.providers.token360 import Token360
from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes.cassettefile import load, save
from portraitkit.values.statuses import VideoStatus

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"


def said(capsys, *arguments):
    assert 0 == main(["read", *map(str, arguments)])
    return capsys.readouterr().out.splitlines()


def test_what_cassettes_mean_is_stable_text(capsys, caplog):
    """Every documented interaction that an operation sends, alike in every run, and no warning."""
    told = said(capsys, CASSETTES)

    assert set(told) >= set(said(capsys, CASSETTES / "alltoken"))
    assert 80 <= len([line for line in told if not line.startswith(" ")])
    assert 5 >= len([line for line in told if line.endswith("no operation sends it")])
    assert not caplog.messages


def test_another_reading_is_another_text(capsys, monkeypatch):
    """A changed table of words shows as the member that it changes, and nothing else does."""
    file = CASSETTES / "token360" / "documented" / "finished_video.yaml"
    before = said(capsys, file)
    words = {**Token360.codec.words[VideoStatus], "completed": VideoStatus.FAILED}
    codec = evolve(Token360.codec, words={**Token360.codec.words, VideoStatus: words})
    monkeypatch.setattr(Token360, "codec", codec)

    changed = [line for line in said(capsys, file) if line not in before]

    assert 'status: "FAILED"' in [line.strip() for line in changed]


def test_another_adapter_reads_what_it_sends(capsys):
    """The rest is named as sent by no operation of it."""
    told = said(capsys, "--as", "xcompute", CASSETTES / "volcengine" / "documented")

    assert any(line.endswith("no operation sends it") for line in told)


def test_an_unknown_adapter_is_refused(capsys):
    """Exit code 2, with the names that would do."""
    assert 2 == main(["read", str(CASSETTES), "--as", "nobody"])
    assert "no adapter is named 'nobody'" in capsys.readouterr().err


def test_lint_fixes_and_tells(tmp_path, capsys):
    """--fix lays out, and what it cannot mend is still told."""
    folder = tmp_path / "alltoken" / "documented"
    good = CASSETTES / "alltoken" / "documented" / "upload.yaml"
    save(folder / "upload.yaml", load(good))
    _ = (folder / "upload.yaml").write_text(json.dumps(plain(load(good))), encoding="utf-8")
    _ = (folder / "broken.yml").write_text("[", encoding="utf-8")

    assert 1 == main(["lint", str(folder)])
    assert "2 cassettes, 2 findings; no contracts were found" in capsys.readouterr().out
    assert 1 == main(["lint", str(folder), "--fix", "--contracts", str(ROOT / "providers")])
    assert "upload.yaml: laid out anew" in capsys.readouterr().out
    (folder / "broken.yml").unlink()
    assert 0 == main(["lint", str(folder), "--json"])
    assert {"cassettes": 1, "fixed": [], "findings": []} == json.loads(capsys.readouterr().out)


def plain(cassette):
    body = cassette["interactions"][0]["request"]
    body["body"] = ""
    body["method"] = "GET"
    body["uri"] = "https://files.example/a.png"
    cassette["interactions"][0]["response"]["body"]["string"] = ""
    return cassette


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["lint", "/nowhere"], "there is no /nowhere"),
        (["lint", str(ROOT / "docs")], "no cassette is in"),
        (["lint", str(CASSETTES), "--tests", "/nowhere"], "/nowhere is no folder"),
    ],
)
def test_a_wrong_call_is_told(arguments, problem, capsys):
    """Exit code 2, and what to give instead."""
    assert 2 == main(arguments)
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["lint"], ["lint", "x", "--budget-kb", "none"], ["what"]]
)
def test_usage_is_shown(arguments, capsys):
    """As every command line does."""
    with pytest.raises(SystemExit) as ended:
        _ = main(arguments)

    assert 2 == ended.value.code
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(("missing", "told"), [("yaml", "PyYAML"), ("jsonschema", "jsonschema")])
def test_a_missing_extra_is_named(missing, told, monkeypatch, capsys):
    """What to install, in place of a traceback."""
    hide(monkeypatch, missing)

    assert 2 == main(["lint", "x"])
    assert f"{told} is missing: pip install 'portraitkit[testing]'" in capsys.readouterr().err


def test_another_missing_module_is_a_defect(monkeypatch):
    """Only the extra's absence is explained."""
    hide(monkeypatch, "httpx_of_nobody")

    with pytest.raises(ModuleNotFoundError):
        _ = main(["lint", "x"])


def hide(monkeypatch, name):
    real = builtins.__import__

    def absent(module, *args, **kwargs):
        if module == "review" and "commands" in (args[2] or ()):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
