"""Adapters are found by entry point: built-in ones and a stranger's in one way."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from portraitkit.providers import registry
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.values.errors import ConfigError


@pytest.fixture
def installed(monkeypatch):
    """Pretend that packages with these entry points are installed."""

    def install(*points):
        found = tuple(EntryPoint(each, value, registry.GROUP) for each, value in points)
        monkeypatch.setattr(registry, "_installed", lambda: found)
        monkeypatch.setattr(registry, "_tables", lambda: ())

    return install


BUILT_IN = ("alltoken", "apimart", "apiyi", "byteplus", "token360", "volcengine", "xcompute")
ALLTOKEN = ("alltoken", "portraitkit.providers.alltoken:AllToken")


def test_the_built_in_adapters_are_listed():
    """Seven vendors come with the package, sorted by name."""
    assert set(BUILT_IN) <= set(provider_names())
    assert list(provider_names()) == sorted(provider_names())


def test_listing_loads_no_adapter():
    """Names are read from metadata, so that listing is cheap and cannot fail."""
    code = (
        "import sys; from portraitkit.providers.registry import provider_names; provider_names(); "
        "print([m for m in sys.modules if m.startswith('portraitkit.providers.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['portraitkit.providers.registry']"


def test_a_strangers_adapter_is_found(installed):
    """A package of somebody else's is loaded in the same way."""
    installed(ALLTOKEN, ("toy", "portraitkit.providers.alltoken:AllToken"))

    assert provider_names() == ("alltoken", "toy")
    assert provider_class("toy") is AllToken


def test_one_adapter_listed_twice_is_one(installed):
    """An editable install beside a built one lists the same adapter twice."""
    installed(ALLTOKEN, ALLTOKEN)

    assert (provider_names(), provider_class("alltoken")) == (("alltoken",), AllToken)


def test_two_adapters_of_one_name_are_refused(installed):
    """Which of two packages was meant is not guessed; both are named."""
    installed(ALLTOKEN, ("alltoken", "stranger:AllToken"))

    with pytest.raises(ConfigError, match="two packages") as caught:
        provider_class("alltoken")
    assert "portraitkit.providers.alltoken:AllToken, stranger:AllToken" in caught.value.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("altoken", "did you mean 'alltoken'? installed: alltoken, token360"),
        ("zzz", "installed: alltoken, token360"),
    ],
)
def test_an_unknown_name_offers_the_nearest_and_lists_all(installed, name, hint):
    """A mistyped name is told from one that nothing resembles."""
    installed(ALLTOKEN, ("token360", "x:Y"))

    with pytest.raises(ConfigError, match=f"no adapter is named '{name}'") as caught:
        provider_class(name)
    assert (caught.value.next_step, caught.value.field) == (hint, "provider")


def test_without_any_adapter_the_error_says_none(installed):
    """A broken installation is told from a mistyped name."""
    installed()

    with pytest.raises(ConfigError) as caught:
        provider_class("alltoken")
    assert caught.value.next_step == "installed: none"


@pytest.mark.parametrize(
    "value", ["no_such_module:X", "portraitkit.providers.alltoken:NoSuchClass", "json.decoder:1"]
)
def test_an_adapter_that_does_not_load_is_named(installed, value):
    """The error names adapter, place and cause, and how to mend it."""
    installed(("broken", value))

    with pytest.raises(ConfigError, match=r"'broken'.*cannot be loaded") as caught:
        provider_class("broken")
    assert caught.value.__cause__ is not None
    assert "reinstall" in caught.value.next_step


@pytest.mark.parametrize("value", ["json:loads", "json:JSONDecoder"])
def test_what_is_no_adapter_is_refused(installed, value):
    """An entry point has to lead to a subclass of PortraitProvider."""
    installed(("odd", value))

    with pytest.raises(ConfigError, match="is no PortraitProvider"):
        provider_class("odd")
