"""Simulated vendors whose secrets are the marked ones, and profiles that lead to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files

import canary_marks as marks
from attrs import define, evolve, field, frozen

from portraitkit.simulators.finding import load
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import SimAccount, VirtualClock, World, scans_after
from portraitkit.wire.steps import Request, Response

FACE = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
BYTED = marks.BYTED_TOKEN.value
_VIDEO_QUERY = "X-Tos-Signature=simulated&X-Tos-Expires=86400"
_UPLOAD_QUERY = "X-Amz-Signature=simulated"
_PREVIEW_QUERY = "X-Tos-Expires=43200&X-Tos-Signature=simulated"

Instead = Callable[[Request], Response | None]


@frozen
class Vendor:
    """What tells them apart here."""

    name: str
    signed: bool = False
    provider: str = ""
    """Its adapter, where the name is another."""
    library: bool = False
    """Whether the library is another house's, with a key of its own."""
    takes_urls: bool = True
    checks: bool = True
    tokens: bool = True
    """Whether a face check is known by a token."""
    video_callback: bool = True
    renames_assets: bool = True
    reads_returns: bool = True
    """Whether the page that a face check returns to is the caller's."""

    @property
    def adapter(self) -> str:
        return self.provider or self.name

    @property
    def secrets(self) -> dict[str, str]:
        """The profile's credentials by key."""
        bearer = {"api_key": marks.API_KEY.value}
        signed = {
            "access_key": marks.ACCESS_KEY.value,
            "secret_key": marks.SECRET_KEY.value,
            "session_token": marks.SESSION_TOKEN.value,
        }
        if self.library:
            return bearer | {"library_key": marks.LIBRARY_KEY.value}
        return bearer | signed if self.signed else bearer

    @property
    def account(self) -> SimAccount:
        return SimAccount(name="main", **self.secrets)

    def profile(self, url: str, **more: str) -> str:
        """The profile as it stands in a configuration file."""
        two = self.signed or self.library
        origins = ("assets_url", "video_url") if two else ("base_url",)
        more = {**({"assets": "icover"} if self.library else {}), **more}
        settings = {
            "provider": self.adapter,
            **{key: f"env:CANARY_{key.upper()}" for key in self.secrets},
            **dict.fromkeys(origins, url),
            "callback_url": marks.CALLBACK_URL,
            **more,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        return "\n".join([f'profile = "{self.name}"', f"[profiles.{self.name}]", *lines]) + "\n"


VENDORS = {
    each.name: each
    for each in (
        Vendor("alltoken"),
        Vendor(
            "token360",
            takes_urls=False,
            tokens=False,
            renames_assets=False,
        ),
        Vendor("volcengine", signed=True),
        Vendor("apiyi", signed=True, checks=False, tokens=False, video_callback=False),
        Vendor("xcompute", video_callback=False, renames_assets=False),
        Vendor("apimart", video_callback=False, renames_assets=False),
        Vendor(
            "apiyi-icover",
            provider="apiyi",
            library=True,
            video_callback=False,
            reads_returns=False,
        ),
    )
}


@define(repr=False)
class Marked:
    """
    Stands before a simulator and puts the marked secrets in the place of its own.

    Attributes:
        instead: Answers in the simulator's place, where it does not return None.
    """

    vendor: Vendor
    simulator: Simulator
    instead: Instead | None = None
    requests: int = 0
    _tokens: dict[str, str] = field(factory=dict)

    @property
    def base_url(self) -> str:
        return self.simulator.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.simulator.base_url = url

    @property
    def world(self) -> World:
        return self.simulator.world

    def handle(self, request: Request) -> Response:
        self.requests += 1
        if self.instead and (given := self.instead(request)):
            return given
        response = self.simulator.handle(request)
        self._rename_checks()
        text = response.content.decode("latin-1")
        for own, marked in self._tokens.items():
            for token in (own, marked):
                text = text.replace(f"{self.base_url}/h5/{token}", marks.H5_LINK)
            text = text.replace(own, marked)
        text = text.replace(_UPLOAD_QUERY, f"X-Amz-Signature={marks.UPLOAD_LINK.value}")
        text = text.replace(_VIDEO_QUERY, f"X-Tos-Signature={marks.VIDEO_LINK.value}")
        text = text.replace(_PREVIEW_QUERY, f"X-Tos-Signature={marks.PREVIEW_LINK.value}")
        return evolve(response, content=text.encode("latin-1"))

    def _rename_checks(self) -> None:
        """Call each new face check by a marked token, of the vendor's length."""
        checks = self.world.checks
        for own in [token for token in checks if token not in self._tokens.values()]:
            marked = f"{20260102030405 + len(self._tokens)}{marks.BYTED_TOKEN.core}"
            self._tokens[own] = marked
            checks[marked] = checks.pop(own)
            checks[marked].token = marked
            for job in self.world.jobs.values():
                if job.check_token == own:
                    job.check_token = marked


def marked(vendor: Vendor) -> Marked:
    """Make a vendor on virtual time."""
    simulator = load(vendor.adapter)(world=World(clock=VirtualClock(), person=scans_after(4)))
    _ = simulator.add_account(vendor.account)
    return Marked(vendor, simulator)


def json_answer(body: object, status: int = 200, **headers: str) -> Response:
    return raw_answer(json.dumps(body).encode(), status, "application/json", **headers)


def raw_answer(
    content: bytes, status: int = 200, kind: str = "text/html", **headers: str
) -> Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(
        status=status,
        headers={"content-type": kind, **named},
        content=content,
        received_at=VirtualClock()(),
    )
