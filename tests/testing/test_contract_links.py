"""The conformance suite at a vendor without a library: what it catches, and what it leaves out."""

from __future__ import annotations

import runpy

import pytest
from wrong_links import WRONG

from example_package import KESTREL, Kestrel
from portraitkit.adapter import LinkLibrary
from portraitkit.testing.conformance.contract import checks
from portraitkit.values.media import FolderMediaHost
from portraitkit.values.secret import Secret

pytestmark = pytest.mark.outside_the_contract  # broken adapters send what nobody documents

CONFORMANCE = runpy.run_path(str(KESTREL / "tests" / "test_conformance.py"))["TestKestrel"]
INSTALLED = {"test_it_is_found_by_its_name", "test_every_field_is_a_profile_key"}
SLOW = {"test_garbage_gives_only_portrait_errors", "test_wrong_types_give_only_portrait_errors"}


def suite_of(adapter, **settings):
    """The conformance suite of one adapter, at Kestrel's simulator."""

    class Suite(CONFORMANCE):
        def provider(self):
            return adapter(api_key=Secret("kestrel-key-1"), **settings)

        def other_account(self):
            return adapter(api_key=Secret("kestrel-key-2"), **settings)

    return Suite()


@pytest.mark.parametrize(
    ("check", "what"), [(check, what) for check, table in WRONG.items() for what in table]
)
def test_a_wrong_adapter_is_caught(check, what):
    """A mistake that real authors make is found by the check that looks there."""
    with pytest.raises(AssertionError, match="->"):
        getattr(suite_of(WRONG[check][what]), check)()


class _WithoutStorage(Kestrel):
    """A vendor that has no storage either."""

    store = LinkLibrary.store


def told_of(adapter, **settings):
    """What each check says that finds nothing to look at; a failure is raised."""
    suite, told = suite_of(adapter, **settings), {}
    for check in {*checks()} - INSTALLED - SLOW - {"test_the_suite_is_whole"}:
        try:
            getattr(suite, check)()
        except pytest.skip.Exception as nothing:
            told[check] = str(nothing)
    return told


def test_without_a_storage_files_go_to_the_media_host(tmp_path):
    """With one configured it passes, and without one addresses are exercised alone."""
    host = FolderMediaHost(tmp_path, "https://media.example/faces")

    hosted, bare = told_of(_WithoutStorage, media_host=host), told_of(_WithoutStorage)

    assert hosted == bare
    assert 2 == len(list(tmp_path.iterdir()))  # a picture and a clip
    assert "no account is full of them" in hosted["test_full_accounts_are_told"]
    assert all(each.startswith("nothing to check, because ") for each in hosted.values())
