"""Every vendor by name: its adapter, and a simulated one that is held to its contract."""

from __future__ import annotations

import importlib
from importlib.resources import files

import contract_judge
from portraitkit.config.building import build_provider
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.state import World, scans_after

DATA = files("portraitkit.simulators").joinpath("data")
FACE, CLIP = (DATA.joinpath(each).read_bytes() for each in ("face.jpg", "clip.mp4"))
PICTURE = "https://example.com/mia.jpg"
SIGNED = ("api_key", "access_key", "secret_key")
KEYS = {
    **dict.fromkeys(("alltoken", "apimart", "token360", "xcompute"), ("api_key",)),
    **dict.fromkeys(("apiyi", "byteplus", "volcengine"), SIGNED),
    "icover": ("api_key", "library_key"),
}
"""What each is asked with; `icover` is APIYI with that library."""


def vendor_of(way):
    return "apiyi" if way == "icover" else way


def provider_of(way, **more):
    keys = {key: getattr(ACCOUNT, key) for key in KEYS[way]}
    more |= {"assets": "icover"} if way == "icover" else {}
    return build_provider(vendor_of(way), {"name_tokens": False, **keys, **more})[1]


def judged(way, person=None, **variants):
    """A simulated vendor that behaves in a certain way, with one account."""
    cls = load(vendor_of(way))
    behaving = importlib.import_module(cls.__module__).Variants(**variants) if variants else None
    world = World(person=person or scans_after(5))
    simulator = cls(world=world, **({"variants": behaving} if behaving else {}))
    _ = simulator.add_account(ACCOUNT)
    return contract_judge.Judged(simulator)
