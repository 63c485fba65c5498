"""What is compared: scenes, profiles, how often, and what it may cost; read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import asdict, evolve, field, fields, frozen

from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError, InvalidInputError, PortraitError
from ..values.media import read_regular
from ..values.prices import Money, Price, listed_price
from ..values.prompts import write_prompt
from ..values.sources import Source, read_source
from ..values.video import Frames, Policy, References, VideoRequest
from ..wire.codec import is_object

EXAMPLE: Final = """\
name = "spring"
runs = 5                                # of each scene at each profile; fewer than five rank nobody
profiles = ["alltoken", "token360"]     # of portraitkit.toml
seed = 1                                # of the order, which is random and interleaved
# strict = true                         # refuse what a vendor cannot express, instead of marking it
# budget = "20 USD"                     # what may be spent; needs a price for every profile

[scenes.dance]
prompt = "{mia} dances on a roof at dusk"
portraits = { mia = "mia.jpg" }
parameters = { resolution = "720p", duration_s = 5, ratio = "16:9" }

# [scenes.walk]
# prompt = "she walks towards the camera"
# first_frame = "street.jpg"

# Your own prices come before those that a vendor's page lists, which few do: look at your account.
# [[prices]]
# profile = "token360"
# amount = "0.10 USD"
# unit = "second"                       # or "token" (then per 1000 tokens), or "video"
# source = "the console's price page, 2026-11-20"
"""
_LIMIT_BYTES: Final = 1024**2
_PARAMETERS: Final = ("model", "duration_s", "ratio", "resolution", "generate_audio", "seed")


@frozen(kw_only=True)
class Scene:
    """
    One scene, which every profile is to make.

    Attributes:
        prompt: What happens; `{label}` names a portrait.
        portraits: Picture files by label.
        first_frame: A picture file to begin with, in place of portraits.
        parameters: Fields of `VideoRequest`: model, duration_s, ratio, resolution, ...
    """

    prompt: str
    portraits: Mapping[str, str] = field(factory=dict[str, str])
    first_frame: str = ""
    parameters: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def files(self) -> dict[str, str]:
        """Its picture files, by label."""
        return {**self.portraits, **({"first_frame": self.first_frame} if self.first_frame else {})}

    @property
    def sketch(self) -> VideoRequest:
        """The request, with something made up for each picture."""
        return self.request(dict.fromkeys(self.files, "asset-20260101000000-00000"))

    def request(self, media: Mapping[str, Any]) -> VideoRequest:
        """The request, with what stands for each picture."""
        if self.first_frame:
            return VideoRequest(
                prompt=self.prompt, media=Frames(first=media["first_frame"]), **self.parameters
            )
        images = {label: media[label] for label in self.portraits}
        given = References(images=images) if images else None
        return VideoRequest(prompt=self.prompt, media=given, **self.parameters)


@frozen(kw_only=True)
class Plan:
    """
    A comparison before it runs.

    Attributes:
        name: The comparison's.
        profiles: Names of the configuration's profiles, or of adapters.
        scenes: By name.
        runs: Of each scene at each profile and session, without the warm-up.
        seed: Of the random order.
        strict: Refuse what a vendor cannot express.
        budget: What all runs together may cost.
        prices: The user's own, before those that a vendor's page lists.
    """

    name: str = "comparison"
    profiles: tuple[str, ...]
    scenes: Mapping[str, Scene]
    runs: int = 5
    seed: int = 1
    strict: bool = False
    budget: Money | None = None
    prices: tuple[Price, ...] = ()

    @property
    def policy(self) -> Policy:
        """What becomes of what a vendor cannot express."""
        return "raise" if self.strict else "drop"

    def price(
        self, profile: str, request: VideoRequest, provider: PortraitProvider
    ) -> Price | None:
        """The price of a request at a profile: the user's own, else the vendor's page's."""
        mine = [each for each in self.prices if each.profile == profile]
        listed = () if provider.simulation else provider.prices
        return listed_price(mine, request) or listed_price(listed, request)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""

        def plain(_: object, __: object, value: Any) -> Any:
            return str(value) if isinstance(value, Decimal) else value

        found = asdict(self, value_serializer=plain)
        return {**found, "profiles": list(self.profiles)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """
        Read what `to_dict` gave, or a TOML document.

        Raises:
            ConfigError: Names the member that is wrong.
        """
        return _plan(dict(data), "the plan")


def read_plan(path: Path | str) -> Plan:
    """
    Read a plan; files in it are relative to it, and looked at now.

    Raises:
        ConfigError: It is not there, no TOML, or says what nobody reads.
        MediaError: A picture is missing, or is none.
    """
    place = Path(path)
    try:
        document = tomllib.loads(read_regular(place, _LIMIT_BYTES).decode())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{str(place)!r} cannot be read: {getattr(error, 'strerror', None) or error}",
            field="plan",
            next_step="`portraitkit compare init plan.toml` writes one to begin with",
        ) from None
    plan = _plan(document, str(place))
    scenes: dict[str, Scene] = {}
    for name, scene in plan.scenes.items():
        found = {
            label: str((place.parent / file).absolute()) for label, file in scene.files.items()
        }
        for file in found.values():
            _ = read_source(Source(file))
        first = found.pop("first_frame", "")
        scenes[name] = evolve(scene, portraits=found, first_frame=first)
    return evolve(plan, scenes=scenes)


def _plan(data: dict[str, Any], where: str) -> Plan:
    given = _known(data, Plan, where)
    try:
        scenes = {
            name: _scene(table, f"{where}: scenes.{name}")
            for name, table in given.pop("scenes").items()
        }
        profiles = tuple(given.pop("profiles"))
        prices = tuple(Price.read(each) for each in given.pop("prices", ()))
        budget = (
            Money.read(given.pop("budget")) if given.get("budget") else given.pop("budget", None)
        )
        plan = Plan(scenes=scenes, profiles=profiles, prices=prices, budget=budget, **given)
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise _wrong(
            where, f"{error} is missing" if isinstance(error, KeyError) else str(error)
        ) from None
    words = {"profiles": plan.profiles, "scenes": plan.scenes}
    for name, value in words.items():
        if not value or {type(each) for each in value} != {str}:
            raise _wrong(where, f"{name} is empty, or names something that is no text")
    if isinstance(plan.runs, bool) or not isinstance(plan.runs, int) or not plan.runs > 0:  # pyright: ignore[reportUnnecessaryIsInstance]  (a file says anything)
        raise _wrong(where, "runs has to be a whole number from 1 on")
    return plan


def _scene(table: Any, where: str) -> Scene:
    scene = Scene(**_known(table, Scene, where))
    unknown = sorted({*scene.parameters} - {*_PARAMETERS})
    if unknown:
        raise _unknown(where, unknown[0], _PARAMETERS)
    if scene.first_frame and scene.portraits:
        raise _wrong(where, "a scene has portraits or a first_frame, and not both")
    try:
        request = scene.sketch
        _ = write_prompt(request.prompt, request.media)
    except (PortraitError, InvalidInputError) as error:
        raise _wrong(where, error.message) from None
    return scene


def _known(table: Any, cls: type[Any], where: str) -> dict[str, Any]:
    if not is_object(table):
        raise _wrong(where, "it is no table")
    names = [each.name for each in fields(cls)]
    given: dict[str, Any] = dict(table)
    for key in given:
        if key not in names:
            raise _unknown(where, key, names)
    return given


def _unknown(where: str, key: str, known: Iterable[str]) -> ConfigError:
    near = get_close_matches(key, [*known], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return _wrong(where, f"unknown key {key!r}", f"{hint}known: {', '.join(known)}")


def _wrong(where: str, problem: str, next_step: str = "") -> ConfigError:
    return ConfigError(
        f"{where}: {problem}",
        field="plan",
        next_step=next_step or "`portraitkit compare init` writes a plan that shows each member",
    )
