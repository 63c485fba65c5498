"""What a call exceeds of the documented limits: on results, on waits, in the log, in refusals."""

from __future__ import annotations

import inspect
import struct
import zlib

import anyio
import pytest

import portraitkit as pk
from accounts import KEY, Accounts
from offered import offering
from portraitkit.values.errors import InvalidRequestError

VENDORS = {"asset": offering("create_group", "add_asset"), "video": offering("create_video")}


def png(side):
    """A picture that is smaller than any vendor documents."""
    size = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(bytes(side * (side + 1)))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


class Host:
    def publish(self, content, *, filename, content_type):
        return "https://files.example.com/mia.png"


class Case:
    """One vendor's client, blocking or awaited, and what exceeds its limits."""

    def __init__(self, vendor, driver, **settings):
        self.accounts = Accounts(
            vendor, driver=driver, **{vendor: {"media_host": Host(), **settings}}
        )
        self.client, self.vendor = self.accounts.client(), vendor
        self.group = self("create_group", "Mia") if vendor in VENDORS["asset"] else None

    def __call__(self, operation, *args, **kwargs):
        async def call():
            return await getattr(self.client, operation)(*args, **kwargs)

        made = getattr(self.client, operation)
        return anyio.run(call) if inspect.iscoroutinefunction(made) else made(*args, **kwargs)

    def create(self, what):
        if what == "asset":
            return self("add_asset", self.group, png(9), name="Mia")
        media = pk.References(images=["https://files.example.com/mia.png"])
        named = {"prompt": "As in Image 7", "model": "seedance-2.0"}
        request = pk.VideoRequest(**named, media=media, duration_s=5)
        return self("create_video", request)

    def wait(self, what, thing):
        return self("wait_until_active" if what == "asset" else "wait_for_video", thing)


each_case = pytest.mark.parametrize(
    ("vendor", "driver", "what"),
    [(v, d, w) for w in VENDORS for v in VENDORS[w] for d in ("blocking", "awaited")],
)


@each_case
def test_findings_are_kept_and_logged_once(vendor, driver, what, caplog):
    """On the result, and on what is waited for by object and by handle."""
    case = Case(vendor, driver)
    caplog.clear()

    made = case.create(what)

    assert made.findings
    warned = [each.getMessage() for each in caplog.records if each.name == "portraitkit"]
    assert [f"{vendor}: {each.message}" for each in made.findings] == warned
    assert made.findings == case.wait(what, made.handle).findings
    assert made.findings == case.wait(what, made).findings


@each_case
def test_a_refusal_names_them(vendor, driver, what):
    """They are likely why."""
    case = Case(vendor, driver)
    case.accounts.faults[vendor].append("plain")

    with pytest.raises(InvalidRequestError) as caught:
        case.create(what)

    assert caught.value.findings
    assert f"Likely why: {caught.value.findings[0].message}" in str(caught.value)


@pytest.mark.parametrize("driver", ["blocking", "awaited"])
def test_after_a_failover_they_are_those_of_who_took_it(driver):
    """A wait by the handle alone knows of them, and of who was left."""
    accounts = Accounts("alltoken", "token360", driver=driver)
    case = Case.__new__(Case)
    case.client = accounts.client()
    accounts.lasting["alltoken"] = "overloaded"

    made = case.create("video")
    waited = case.wait("video", made.handle)

    assert ["alltoken"] == [each.provider for each in waited.tried]
    assert (made.provider, made.findings) == (waited.provider, waited.findings)
    assert 1 == len(made.findings)


@pytest.mark.outside_the_contract
def test_no_key_shows_in_them(caplog):
    """A key given for a resolution is masked in the log, on the error and in its text."""
    case = Case("alltoken", "blocking")

    with pytest.raises(pk.PortraitError) as caught:
        case("create_video", pk.VideoRequest(prompt="A street", resolution=KEY, duration_s=5))

    assert caught.value.findings
    assert KEY not in f"{caplog.text} {caught.value} {caught.value.findings!r}"


def test_one_that_failed_among_several_has_them():
    """Of `add_assets`, too, each part's own."""
    case = Case("alltoken", "blocking")
    case.accounts.faults["alltoken"].append("plain")

    failed, added = case("add_assets", case.group, [png(9), png(10)])

    assert failed.findings == failed.failure.error.findings != ()
    assert added.findings
