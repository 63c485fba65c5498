"""What Ark checks in the body of a new task, apart from its content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .reading import MISSING, Json, Reader, Refusal, list_of
from .seedance import RATIOS, Family

_TO_1080P: Final = ("480p", "720p", "1080p")

_SECOND: Final[Mapping[str, Family]] = {
    "seedance-2-0-260128": Family(resolutions=(*_TO_1080P, "4k")),
    "seedance-2-0-fast-260128": Family(),
    "seedance-2-0-mini-260615": Family(),
    "seedance-2-5-260628": Family(
        resolutions=_TO_1080P, durations_s=(4, 30), references=(30, 10, 10), audio_alone=True
    ),
}
_FIRST: Final[Mapping[str, Family]] = {
    "seedance-1-5-pro-251215": Family(
        resolutions=_TO_1080P, durations_s=(4, 12), takes_assets=False, second_generation=False
    )
}


def models_of(second: str, first: str) -> Mapping[str, Family]:
    """List the models by the names of one vendor: what stands before each generation's."""
    return {
        **{second + name: family for name, family in _SECOND.items()},
        **{first + name: family for name, family in _FIRST.items()},
    }


MODELS: Final = models_of("doubao-", "doubao-")

_DEFAULTS: Final[Mapping[str, Any]] = {
    "resolution": "720p",
    "ratio": "adaptive",
    "duration": 5,
    "seed": -1,
    "generate_audio": True,
    "service_tier": "default",
    "execution_expires_after": 172_800,
    "priority": 0,
    "draft": False,
}
_FLAGS: Final = ("camera_fixed", "watermark", "generate_audio", "return_last_frame", "draft")
_RANGES: Final = {
    "seed": (-1, 2**32 - 1),
    "execution_expires_after": (3600, 259_200),
    "priority": (0, 9),
}
_CHOSEN_BY_MODEL: Final = -1
_USER_LIMIT: Final = 64


class ArkReader(Reader):
    """Reads and refuses as Ark does."""

    def invalid(self, member: str, why: str) -> Refusal:
        if not member:
            return Refusal(400, "InvalidParameter", f"The body {why}.")
        code = "MissingParameter" if why == MISSING else "InvalidParameter"
        return Refusal(400, code, f"The parameter {member} {why}.", member)

    def checked(self, sent: Mapping[str, Any], family: Family) -> Json:
        """Check a body whose nulls are gone, and fill in what the vendor takes for the rest."""
        body = {**_DEFAULTS, **sent}
        if "content" not in sent:
            raise self.invalid("content", MISSING)
        if not list_of(sent["content"]):
            raise self.invalid("content", "has to be a list with something in it")
        for name, allowed in (
            ("resolution", family.resolutions),
            ("ratio", RATIOS),
            ("service_tier", ("default", "flex")),
        ):
            _ = self.one_of(name, body[name], allowed)
        for name in _FLAGS:
            if not isinstance(body.get(name, False), bool):
                raise self.invalid(name, "is not true or false")
        chosen = body["duration"] == _CHOSEN_BY_MODEL
        ranges = _RANGES if chosen else {**_RANGES, "duration": family.durations_s}
        for name, (least, most) in ranges.items():
            _ = self.number_in(body, name, least, most, least)
        if len(str(body.get("safety_identifier", ""))) > _USER_LIMIT:
            raise self.invalid("safety_identifier", f"is longer than {_USER_LIMIT} characters")
        if family.second_generation:
            self._check_second_generation(body)
        # A finished task shows what the model chose.
        body["duration"] = 5 if chosen else body["duration"]
        return {**body, "ratio": "16:9" if body["ratio"] == "adaptive" else body["ratio"]}

    def _check_second_generation(self, body: Mapping[str, Any]) -> None:
        refused = {
            "frames": "frames" in body,
            "camera_fixed": body.get("camera_fixed"),
            "draft": body["draft"],
            "service_tier": body["service_tier"] == "flex",
        }
        for name, is_set in refused.items():
            if is_set:
                raise self.invalid(name, "is not supported by this model")
