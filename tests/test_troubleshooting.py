"""docs/troubleshooting.md quotes what users really read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import portraitkit as pk
from troubles import CAUSES, Ground

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^### `(.+)`\n\n`(\w+)`", PAGE, re.MULTILINE)
"""Each message, and the class that is named below it."""


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    """What each cause raises, by its name."""
    found = {}
    for name, cause in CAUSES.items():
        folder = tmp_path_factory.mktemp("folder")
        shutil.copy(ROOT / "examples" / "mia.jpg", folder)
        with pytest.MonkeyPatch.context() as patch, pytest.raises(pk.PortraitError) as caught:
            patch.chdir(folder)
            patch.setenv("HOME", str(folder))
            for each in ("PORTRAITKIT_PROFILE", "PORTRAITKIT_CONFIG", "ALLTOKEN_API_KEY"):
                patch.delenv(each, raising=False)
            cause(Ground(folder, patch))
        found[name] = caught.value
    return found


def fits(entry, error):
    """Whether what a user reads is this entry, which leaves out vendor and operation."""
    message, name = entry
    where = " ".join(word for word in (error.provider, error.operation) if word)
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    text = str(error).removeprefix(f"{where}: ")
    return name == type(error).__name__ and bool(re.match(pattern, text, re.DOTALL))


@pytest.mark.filterwarnings("ignore:.*the secret itself stands in the configuration")
@pytest.mark.parametrize("cause", CAUSES)
def test_a_trouble_is_on_the_page(raised, cause):
    """What a user reads then is one entry of the page, under the class of the error."""
    error = raised[cause]

    assert 1 == sum(fits(entry, error) for entry in ENTRIES), str(error)


@pytest.mark.filterwarnings("ignore:.*the secret itself stands in the configuration")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: each[0])
def test_what_the_page_quotes_is_really_said(raised, entry):
    """A message on the page is raised by what it is about."""
    assert any(fits(entry, error) for error in raised.values())


def test_no_entry_is_overlooked():
    """Every heading is a message with the class of its error below it."""
    assert PAGE.count("\n### ") == len(ENTRIES)
