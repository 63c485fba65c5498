"""A small application with its own tests, in a folder of its own."""

from __future__ import annotations

import httpcore  # noqa: F401  (as the names below)
import pytest
import vcr.stubs.httpx_stubs  # noqa: F401
from PIL import Image

import portraitkit
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.testing import practice, pytestrun, recording  # noqa: F401
from portraitkit.testing.cassettes import answers, network  # noqa: F401
from portraitkit.testing.doubles import fakes, vendors  # noqa: F401

# Each run within this process forgets the modules that it loaded; what the package loads late
# and keeps would then come from a module that nobody else has. And it would load them anew.
for _name in portraitkit.__all__:
    getattr(portraitkit, _name)
for _name in provider_names():
    provider_class(_name)
Image.preinit()

SHOP = """
from pathlib import Path

import portraitkit as pk

PICTURE = Path(pk.__file__).with_name("simulators") / "data" / "face.jpg"


def register(name):
    with pk.connect() as client:
        group = client.create_group(name)
        return client.wait_until_active(client.add_asset(group, PICTURE, name="front"))


async def register_async(name):
    async with pk.connect_async() as client:
        group = await client.create_group(name)
        asset = await client.add_asset(group, PICTURE, name="front")
        return await client.wait_until_active(asset)


def film(asset, prompt="{mia} smiles", model="seedance-2.0"):
    media = pk.References(images={"mia": asset})
    request = pk.VideoRequest(prompt=prompt, model=model, media=media, duration_s=5)
    with pk.connect() as client:
        return client.wait_for_video(client.create_video(request))


def verify(name):
    with pk.connect() as client:
        check = client.start_verification(name, callback_url="https://app.example/back")
        return client.wait_until_verified(check)
"""


@pytest.fixture
def shop(pytester, monkeypatch):
    """The application's folder; `shop.runpytest` runs its tests in this process."""
    for name in ("PORTRAITKIT_PROFILE", "PORTRAITKIT_CONFIG", "ALLTOKEN_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(pytester.path / "config"))
    pytester.makepyfile(shop=SHOP)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:sybil\n")
    return pytester


@pytest.fixture
def run(shop):
    """Write a module of tests and run it; returns pytester's result."""

    def run(*options, **modules):
        if modules:
            shop.makepyfile(
                **{
                    name: f"import portraitkit as pk\nimport pytest\nimport shop\n\n{text}"
                    for name, text in modules.items()
                }
            )
        return shop.runpytest_inprocess(*options)

    return run
