"""`portraitkit providers new`: a table is written, and held to the conformance suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import portraitkit as pk
from portraitkit.cli import providers
from portraitkit.cli.app import app

GIVEN = {
    "--dialect": "ark-actions",
    "--base-url": "https://api.myhouse.example",
    "--action": "POST /open/{action}",
    "--model": "seedance-2.0=sd2",
    "--source": "https://docs.myhouse.example/assets",
    "--inside": "data",
    "--success": "code=0",
    "--price": "9.2 USD / 1000000 tokens",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def unchecked(monkeypatch):
    """Write a table without holding it to the suite, which takes a process of its own."""
    with monkeypatch.context() as patched:
        patched.setattr(providers, "_run_conformance", lambda *_: None)
        yield patched


def new(name="myhouse", **changed):
    """Describe a vendor; what is None is asked for."""
    given = GIVEN | {f"--{key.replace('_', '-')}": value for key, value in changed.items()}
    options = [each for pair in given.items() if pair[1] is not None for each in pair]
    return CliRunner().invoke(app, ["providers", "new", name, *options], input="\n" * 4)


def test_a_described_vendor_passes_and_can_be_used():
    """What is not given is asked for; the profile that is written works at once."""
    done = new(dialect=None, inside=None, price=None, success=None)

    assert 0 == done.exit_code, done.output
    assert "passed" in done.stdout
    assert "failed" not in done.stdout
    with pk.connect("myhouse", config="portraitkit.toml", simulated=True) as client:
        assert "Mia" == client.create_group("Mia").name


def test_where_answers_stand_and_what_a_video_costs_is_written(unchecked):
    """As the page has it; the price has its page and day."""
    done = new()
    assert 0 == done.exit_code, done.output
    with pk.connect("myhouse", config="portraitkit.toml", simulated=True) as client:
        table, prices = client.provider.table, client.provider.prices

    assert (("data",), "code", (0,)) == (
        table.answers.inside,
        table.answers.success.member,
        table.answers.success.values,
    )
    assert ["0.0092 USD a 1000 tokens"] == [str(each) for each in prices]
    assert prices[0].source.startswith("https://docs.myhouse.example/assets, 20")


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("alltoken", {}, "has an adapter already"),
        ("My House", {}, "no name of a vendor"),
        ("myhouse", {"dialect": "soap"}, "vendors.myhouse.dialect"),
        ("myhouse", {"base_url": "nothing"}, "vendors.myhouse.base_url"),
        ("myhouse", {"base_url": "http://api.myhouse.example"}, "vendors.myhouse.base_url"),
        ("myhouse", {"action": "/open"}, "vendors.myhouse.action.call"),
        ("myhouse", {"price": "cheap"}, "is no price"),
        ("myhouse", {"price": "1 USD / frame"}, "vendors.myhouse.prices.0.unit"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(name, changed, said):
    """The field is named, and the configuration stays as it was."""
    done = new(name, **changed)

    assert 0 != done.exit_code
    assert said in done.stderr
    assert not Path("portraitkit.toml").exists()


def test_a_name_that_the_file_has_is_not_taken_twice():
    """What is described already is edited, not repeated."""
    text = '[profiles.myhouse]\nprovider = "alltoken"\n'
    Path("portraitkit.toml").write_text(text, encoding="utf-8")
    done = new()

    assert 0 != done.exit_code
    assert "has a 'myhouse' already" in done.stderr
    assert text == Path("portraitkit.toml").read_text(encoding="utf-8")


OWN_PATHS = """
[vendors.myhouse.calls.create_group]
call = "POST /groups"
body = { Name = "{name}", GroupType = "{kind}" }

[vendors.myhouse.calls.add_link]
call = "POST /assets"
body = { GroupId = "{group}", URL = "{url}", AssetType = "{media}", Name = "{name}" }

[vendors.myhouse.calls.get_asset]
call = "GET /assets/{asset}"

[vendors.myhouse.errors]
"full.of_groups" = "QuotaExceededError"
"""


def test_an_edited_table_is_checked_again(unchecked):
    """Ark's members at paths of the vendor's own: no Action is left, and each call is written."""
    assert 0 == new(action="none").exit_code
    unchecked.undo()
    with Path("portraitkit.toml").open("a", encoding="utf-8") as file:
        file.write(OWN_PATHS)
    done = CliRunner().invoke(app, ["providers", "check", "myhouse"])

    assert 0 == done.exit_code, done.output
    assert "passed" in done.stdout
    with pk.connect("myhouse", config="portraitkit.toml", simulated=True) as client:
        assert client.supports("add_asset")
        assert not client.supports("list_groups")


def test_a_vendor_that_is_not_described_is_not_checked():
    """The next step writes it."""
    Path("portraitkit.toml").write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["providers", "check", "myhouse"])

    assert 0 != done.exit_code
    assert "providers new myhouse" in done.stderr
