"""Checks of what an adapter offers, what it refuses, and how it is configured."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from ...config.building import build_provider
from ...operations.provider import PortraitProvider
from ...providers.registry import provider_class, provider_names
from ...values.errors import (
    ConfigError,
    InvalidInputError,
    ManualStepError,
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
)
from ...values.origins import origin_of
from ...values.secret import Secret
from ...values.video import VideoRequest
from .journey import PICTURE
from .looking import nothing, require
from .suite import Suite

CALLS: Final[Mapping[str, Callable[[PortraitProvider], Any]]] = {
    "create_group": lambda p: p.create_group("Mia"),
    "get_group": lambda p: p.get_group("g-1"),
    "list_groups": lambda p: p.list_groups(None),
    "rename_group": lambda p: p.rename_group("g-1", "Mia"),
    "delete_group": lambda p: p.delete_group("g-1"),
    "add_asset": lambda p: p.add_asset("g-1", PICTURE),
    "get_asset": lambda p: p.get_asset(f"{p.asset_prefix}a-1"),
    "list_assets": lambda p: p.list_assets(None, "g-1"),
    "rename_asset": lambda p: p.rename_asset(f"{p.asset_prefix}a-1", "side"),
    "delete_asset": lambda p: p.delete_asset(f"{p.asset_prefix}a-1"),
    "start_verification": lambda p: p.start_verification("Ann"),
    "read_video_callback": lambda p: p.read_video_callback(b"{}"),
    "read_callback": lambda p: p.read_callback("https://app.example/back"),
    "check_verification": lambda p: p.check_verification("check-1"),
    "create_video": lambda p: p.create_video(VideoRequest(prompt="a slow push-in")),
    "get_video": lambda p: p.get_video("v-1"),
    "list_videos": lambda p: p.list_videos(None),
    "cancel_video": lambda p: p.cancel_video("v-1"),
}
"""Every operation that an adapter may override, called with the plainest arguments."""


class OffersChecks(Suite):
    """What is offered works; what is not is refused before any request."""

    def test_it_is_found_by_its_name(self) -> None:
        """An application reaches the adapter through its entry point."""
        provider = self.provider()
        cls = type(provider)
        _not_only_described(cls)
        require(
            cls.name in provider_names(),
            f"no installed package provides an adapter named {cls.name!r}",
            'add [project.entry-points."portraitkit.providers"] to pyproject.toml with '
            f'{cls.name} = "{cls.__module__}:{cls.__name__}", and install the package',
        )
        settings = {each.name: getattr(provider, each.name) for each in attrs.fields(cls)}
        require(
            provider_class(cls.name).chosen_by(settings) is cls,
            f"the entry point {cls.name!r} leads to another class than provider() makes",
            "let both name the same class, or the one that chosen_by(settings) chooses",
        )

    def test_what_is_offered_works(self) -> None:
        """Every operation that the adapter overrides gets through at the simulator."""
        journey = self._journey()
        require(
            not journey.broken,
            f"at your simulator, {journey.broken}",
            "mend the adapter or the simulator; an operation that the vendor does not offer is "
            "not overridden at all",
        )
        require(
            journey.steps,
            "the adapter offers nothing",
            "override the operations that the vendor offers, such as create_group or video_request",
        )

    def test_what_is_not_offered_is_refused_before_any_request(self) -> None:
        """The base refuses, and says so; what only a person can do says who does what."""
        provider = self.provider()
        require(
            type(provider).supports is PortraitProvider.supports,
            "the adapter overrides supports()",
            "remove it: what is offered is derived from what is overridden",
        )
        for operation, call in CALLS.items():
            if provider.supports(operation):
                continue
            error = self._refused(
                partial(call, provider),
                UnsupportedError,
                f"{operation} is not offered, and",
                "leave it to the base, which raises UnsupportedError; what the adapter overrides, "
                "it offers",
            )
            manual = operation in provider.manual_steps
            require(
                isinstance(error, ManualStepError) is manual
                and (not manual or getattr(error, "next_step", "")),
                f"{operation} is {'' if manual else 'not '}a manual step, and raised {error!r}",
                "write who does what, where, and what to bring back into manual_steps",
            )

    def test_results_say_where_they_come_from(self) -> None:
        """Each result names provider and account, and keeps the vendor's answer as raw."""
        journey = self._whole_journey()
        provider = journey.provider
        for found in journey.results:
            if not hasattr(found, "account"):
                continue
            require(
                (found.provider, found.account) == (provider.name, provider.account),
                f"{found!r} does not name this provider and account",
                "build results with self.read(…), which fills both in",
            )
        for step in self._asked("get_group", "get_asset", "get_video"):
            require(
                step.result.raw is not None and step.result.raw.body is not None,
                f"{step.operation} returned a result without .raw",
                "build results with self.read(Model, answer), which keeps the answer",
            )

    def test_what_is_deleted_is_gone(self) -> None:
        """Reading something after its deletion is a NotFoundError, or access to it is denied."""
        for step in self._whole_journey().steps:
            require(
                not step.gone or isinstance(step.error, NotFoundError | PermissionDeniedError),
                f"{step.operation} of something deleted came to {step.error or step.result!r}",
                "map the vendor's code for it to NotFoundError in error_codes (or to "
                "PermissionDeniedError, where it does not tell what is gone from what is foreign)",
            )

    def test_empty_names_are_refused_before_any_request(self) -> None:
        """A blank name is an InvalidInputError that names the field."""
        provider = self.provider()
        if not self._offers("create_group"):
            return
        then = (
            "override make_group: the base then checks the name (or begin create_group with "
            "self.check_group(name, kind))"
        )
        what = "create_group with a blank name"
        error = self._refused(lambda: provider.create_group("  "), InvalidInputError, what, then)
        require(error.field == "name", f"{what} came to {error!r}", then)

    def test_two_of_the_same_settings_are_equal(self) -> None:
        """An adapter is a value: frozen, comparable, and different for another account."""
        one, two, other = self.provider(), self.provider(), self.other_account()
        require(
            one == two and one.account == two.account,
            "two adapters with the same settings differ",
            "decorate the class with @frozen(kw_only=True, slots=False), and derive identity from "
            "the credentials alone",
        )
        require(
            one.account != other.account,
            "other_account() has the same account in its handles as provider()",
            "let identity name what tells accounts apart, such as the key",
        )

    def test_every_field_is_a_profile_key(self) -> None:
        """A portraitkit.toml with the adapter's fields builds the very same adapter."""
        provider = self.provider()
        _not_only_described(type(provider))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            built = _from_profile(provider, folder, {})
            require(
                built == provider,
                "a profile with every field's value builds another adapter",
                "let __init__ take the fields as they are: no converter that changes them, no "
                "default that depends on another field",
            )
            for key, value in _texts(provider):
                if origin_of(value) not in provider.origins:
                    continue
                try:
                    _ = _from_profile(provider, folder, {key: "http://plain.example"})
                except ConfigError:
                    continue
                require(
                    fact=False,
                    problem=f"{key} takes a plain http origin: credentials would go there in clear",
                    then="call the field base_url, assets_url or video_url, which are checked",
                )


def _not_only_described(cls: type[PortraitProvider]) -> None:
    """A vendor that a configuration describes has no entry point, and no profile without it."""
    if hasattr(cls, "table") and cls.name not in provider_names():
        nothing(f"no package brings {cls.name}'s table: a configuration describes it")


def _from_profile(
    provider: PortraitProvider, folder: Path, changes: Mapping[str, str]
) -> PortraitProvider:
    lines = ["[profiles.contract]", f"provider = {json.dumps(provider.name)}"]
    for each in attrs.fields(type(provider)):
        value = getattr(provider, each.name)
        key = {"account_name": "account"}.get(each.name, each.name)
        if isinstance(value, Secret):
            path = folder / f"{each.name}.secret"
            path.touch(mode=0o600)
            _ = path.write_text(value.reveal(), encoding="utf-8")
            lines.append(f'{key} = "file:{path.name}"')
        elif isinstance(value, str | bool | int | float):
            lines.append(f"{key} = {json.dumps(changes.get(each.name, value))}")
    config = folder / "portraitkit.toml"
    _ = config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return build_provider("contract", {}, config_file=config)[1]


def _texts(provider: PortraitProvider) -> Iterator[tuple[str, str]]:
    for each in attrs.fields(type(provider)):
        value = getattr(provider, each.name)
        if isinstance(value, str) and origin_of(value):
            yield each.name, value
