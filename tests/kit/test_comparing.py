"""Differential replay, and the command line around it."""

from __future__ import annotations

import builtins
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes.cassettefile import load, save
from portraitkit.testing.review import comparing
from portraitkit.testing.review.comparing import compare
from portraitkit.values.errors import ConfigError

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another portraitkit, whose Token360 takes `completed` for a failure."""
    folder = tmp_path_factory.mktemp("other")
    ignore = shutil.ignore_patterns("__pycache__", "data")
    shutil.copytree(ROOT / "src" / "portraitkit", folder / "src" / "portraitkit", ignore=ignore)
    table = folder / "src" / "portraitkit" / "providers" / "_token360.py"
    text = table.read_text(encoding="utf-8")
    changed = text.replace('"completed": VideoStatus.SUCCEEDED', '"completed": VideoStatus.FAILED')
    assert changed != text
    _ = table.write_text(changed, encoding="utf-8")
    return folder


def test_a_checkout_that_reads_alike_differs_in_nothing():
    """Every documented interaction that an operation sends is read twice, the same way."""
    found = compare([CASSETTES], str(ROOT))

    assert () == found.differences
    assert 80 <= found.read
    assert 5 >= found.unread


def test_a_difference_is_told_in_words(other):
    """File, interaction, operation, member, and what each side reads."""
    found = compare([CASSETTES / "token360"], str(other))
    told = [str(each).partition("documented/")[2] for each in found.differences]

    assert (
        "finished_video.yaml:3: get_video: the video's status: SUCCEEDED here, FAILED there" in told
    )
    assert (
        "lists.yaml:4: list_videos: the page's items 2, the video's status: "
        "SUCCEEDED here, FAILED there" in told
    )


def test_a_wheel_is_compared_too(other, tmp_path):
    """It is unpacked, and nothing is installed."""
    wheel = tmp_path / "portraitkit-9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for path in (other / "src").rglob("*.py"):
            file.write(path, path.relative_to(other / "src"))

    assert compare([CASSETTES / "token360"], str(wheel)).differences


def test_two_adapters_are_compared_on_what_both_speak():
    """Cassettes of another wire are left out, not called different."""
    found = compare([CASSETTES], "volcengine")
    calls = {each.what for each in found.differences}

    assert any("xcompute" in each for each in found.strangers)
    assert not any("xcompute" in each.file for each in found.differences)
    assert "the call that sends it" in calls


def test_a_crash_there_is_a_difference(other, tmp_path):
    """A side that cannot read an answer says with what error."""
    cassette = load(CASSETTES / "token360" / "documented" / "refused_key.yaml")
    path = tmp_path / "token360" / "refused.yaml"
    save(path, cassette)
    copied = tmp_path / "copy"
    shutil.copytree(other, copied)
    table = copied / "src" / "portraitkit" / "providers" / "_token360.py"
    text = table.read_text(encoding="utf-8").replace(
        '"invalid_api_key": (AuthenticationError', '"invalid_api_key": (NotFoundError'
    )
    _ = table.write_text(text, encoding="utf-8")
    (found,) = compare([path], str(copied)).differences

    assert "the result's error" in found.what or "AuthenticationError" in found.here


@pytest.mark.parametrize("against", ["nobody", "/", __file__])
def test_what_is_no_portraitkit_is_refused(against):
    """The message says what would do."""
    with pytest.raises(ConfigError, match=r"no adapter, no checkout .* and no wheel"):
        compare([CASSETTES], against)


def test_a_portraitkit_that_does_not_run_is_refused(tmp_path):
    """Its last words are shown."""
    (tmp_path / "portraitkit").mkdir()
    _ = (tmp_path / "portraitkit" / "__init__.py").write_text("import nothing_of_the_kind")

    with pytest.raises(ConfigError, match="nothing_of_the_kind"):
        compare([CASSETTES], str(tmp_path))


def test_an_endless_one_is_given_up(monkeypatch, tmp_path):
    """After a limit, not never."""
    (tmp_path / "portraitkit").mkdir()
    _ = (tmp_path / "portraitkit" / "__init__.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(comparing, "_LIMIT_S", 0.2)

    with pytest.raises(ConfigError, match="did not end within"):
        _ = comparing._run(comparing.Side(name="slow", path=tmp_path), [])


def test_the_commands_exit_as_ci_wants(other, capsys, tmp_path):
    """0 alike, 1 different, 2 not compared."""
    videos = str(CASSETTES / "token360")

    assert 0 == main(["compare", str(CASSETTES / "alltoken"), "--against", str(ROOT)])
    assert 1 == main(["compare", videos, "--against", str(other)])
    assert "differences" in capsys.readouterr().out
    assert 1 == main(["compare", videos, "--against", str(other), "--json"])
    assert json.loads(capsys.readouterr().out)["differences"]
    assert 1 == main(["compare", str(CASSETTES / "volcengine"), videos, "--against", "apiyi"])
    assert "left out, as of another wire: 6 cassettes" in capsys.readouterr().out
    assert 2 == main(["compare", videos, "--against", "nobody"])
    assert "Next: give a folder" in capsys.readouterr().err


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
        if module == "" and "commands" in (args[2] or ()):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
