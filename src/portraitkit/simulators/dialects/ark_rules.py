"""What Ark checks in the body of a new task, apart from its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .seedance import RATIOS, Family
from .values import list_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_TO_1080P: Final = ("480p", "720p", "1080p")

_SECOND: Final[Mapping[str, Family]] = {
    "seedance-2-0-260128": Family(resolutions=(*_TO_1080P, "4k")),
    "seedance-2-0-fast-260128": Family(),
    "seedance-2-0-mini-260615": Family(),
    "seedance-2-5-260628": Family(
        resolutions=_TO_1080P,
        durations_s=(4, 30),
        references=(30, 10, 10),
        audio_alone=True,
    ),
}
_FIRST: Final[Mapping[str, Family]] = {
    "seedance-1-5-pro-251215": Family(
        resolutions=_TO_1080P,
        durations_s=(4, 12),
        takes_assets=False,
        second_generation=False,
    ),
}


def models_of(second: str, first: str) -> Mapping[str, Family]:
    """List the models by the names of one house: what stands before each generation's."""
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


class ArkError(Exception):
    """A refusal in the error envelope's words."""

    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def checked(sent: Mapping[str, Any], family: Family) -> dict[str, Any]:
    """
    Check a body whose nulls are gone, and fill in what the vendor takes where nothing is said.

    Raises:
        ArkError: The vendor would refuse it.
    """
    body = {**_DEFAULTS, **sent}
    if "content" not in sent:
        raise ArkError(400, "MissingParameter", "The content is missing.", "content")
    if not list_of(sent["content"]):
        raise _invalid("content", "has to be a list with something in it")
    _check_choice(body, "resolution", family.resolutions)
    _check_choice(body, "ratio", RATIOS)
    _check_choice(body, "service_tier", ("default", "flex"))
    for name in _FLAGS:
        if not isinstance(body.get(name, False), bool):
            raise _invalid(name, "is not true or false")
    for name, (low, high) in _RANGES.items():
        _check_range(body, name, low, high)
    if body["duration"] != _CHOSEN_BY_MODEL:
        _check_range(body, "duration", *family.durations_s)
    if len(str(body.get("safety_identifier", ""))) > _USER_LIMIT:
        raise _invalid("safety_identifier", f"is longer than {_USER_LIMIT} characters")
    if family.second_generation:
        _check_second_generation(body)
    # A finished task shows what the model chose.
    chosen = {"duration": 5} if body["duration"] == _CHOSEN_BY_MODEL else {}
    return {**body, **chosen, "ratio": "16:9" if body["ratio"] == "adaptive" else body["ratio"]}


def _check_second_generation(body: Mapping[str, Any]) -> None:
    refused = {
        "frames": "frames" in body,
        "camera_fixed": bool(body.get("camera_fixed")),
        "draft": bool(body["draft"]),
        "service_tier": body["service_tier"] == "flex",
    }
    for name, is_set in refused.items():
        if is_set:
            raise _invalid(name, "is not supported by this model")


def _check_choice(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> None:
    if body[name] not in allowed:
        raise _invalid(name, f"is not one of {', '.join(allowed)}")


def _check_range(body: Mapping[str, Any], name: str, low: int, high: int) -> None:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _invalid(name, f"is not a whole number from {low} to {high}")


def _invalid(param: str, why: str) -> ArkError:
    return ArkError(400, "InvalidParameter", f"The parameter {param} {why}.", param)
