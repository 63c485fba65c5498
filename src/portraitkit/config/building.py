"""From a profile to what a client is made of: the adapter is loaded, its settings are checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import attrs
from attrs import evolve, field, frozen

from .. import rehearsal
from ..journal.store import is_url
from ..operations.provider import PortraitProvider
from ..portraits import FILE_NAME
from ..providers.registry import provider_class, provider_names
from ..values.errors import ConfigError
from ..values.media import MediaHost
from ..values.secret import Secret
from .media_hosts import FOLDER_KEYS, MEDIA_KEYS, media_host_of
from .profiles import (
    Profile,
    check_keys,
    find_profile,
    find_profile_of,
    load_profile,
    resolve_secret,
)
from .references import is_reference
from .settings import kinds_of, one_of, texts_of, typed, value_of
from .simulating import CALLBACK_URL, Simulation, simulation, speed_of
from .trusting import check_trust

if TYPE_CHECKING:
    from ..engine.clock import Clock

_RENAMED: Final = {"account": "account_name"}
"""Configuration keys that are called otherwise on a provider."""
_CLIENT_KEYS: Final = ("journal", "ledger", "failover", "rate_limiter", "simulated", "transport")
"""Configuration keys that are the client's, whoever the vendor is."""
_Carrier: TypeAlias = Literal["aiohttp", "httpx"]


@frozen(kw_only=True)
class Setup:
    """
    What a client is made of.

    Attributes:
        profile: Its name.
        provider: The adapter, with the account's credentials.
        journal: Where unfinished jobs are kept: a file, or a database's URL, which may hold a
            password.
        ledger: Where portraits are looked up by name: a file, or a database's URL.
        failover: The profiles to go to when this one has no capacity, in order.
        rate_limiter: The Redis that shares rates between processes; its URL may hold a password.
        simulation: What answers in the vendor's place, and whose time holds.
        transport: What carries the calls of an asynchronous client.
    """

    profile: str
    provider: PortraitProvider
    journal: Path | Secret | None = None
    ledger: Path | Secret = Path(FILE_NAME)
    failover: tuple[str, ...] = ()
    rate_limiter: Secret | None = field(default=None, repr=False)
    simulation: Simulation | None = None
    transport: _Carrier = "httpx"

    @property
    def clock(self) -> Clock | None:
        """The time that holds; None for the real one."""
        return self.simulation.clock if self.simulation else None


def build_provider(
    profile: str | None,
    given: Mapping[str, Any],
    *,
    config_file: Path | str | None = None,
    media_host: MediaHost | str | None = None,
) -> tuple[str, PortraitProvider]:
    """Make a profile's provider; see `build`."""
    setup = build(profile, given, config_file=config_file, media_host=media_host)
    return setup.profile, setup.provider


def build(
    profile: str | None,
    given: Mapping[str, Any],
    *,
    config_file: Path | str | None = None,
    media_host: MediaHost | str | None = None,
) -> Setup:
    """
    Find a profile, lay *given* settings over it, and make what a client needs.

    A name that is no profile may be an installed adapter's: then *given* has to say everything.
    While a test rehearses, credentials are made up and nothing that they refer to is read. A
    *media_host* that is a URL stands for the key of that name.
    """
    if isinstance(media_host, str):
        given, media_host = {**given, "media_host": media_host}, None
    stage = rehearsal.current()
    if stage and stage.provider:
        provider = stage.provider()
        return Setup(profile=profile or provider.name, provider=provider)
    if stage and profile is None:
        profile = _rehearsed_profile(stage, config_file)
    read = _profile_of(profile, config_file)
    cls = provider_class(read.provider, read.table)
    from_file = read.settings
    read = evolve(read, settings={**from_file, **given})
    cls = cls.chosen_by(read.settings)
    speed = speed_of(read)
    simulated = simulation(cls, speed) if speed and not stage else None
    stage = simulated.rehearsal if simulated else stage
    if not (stage and stage.false_credentials):
        unused = MEDIA_KEYS if media_host else FOLDER_KEYS if "media_host" in given else ()
        check_trust(cls, evolve(read, settings=from_file), (*given, *unused))
    check_keys(read, known_keys(cls))
    kinds = kinds_of(cls)
    values: dict[str, Any] = {}
    if stage and stage.false_credentials:
        values |= _false_credentials(stage, read, cls, kinds)
    for key, value in read.settings.items():
        attribute = _RENAMED.get(key, key)
        if key not in (*MEDIA_KEYS, *_CLIENT_KEYS) and attribute not in values:
            values[attribute] = value_of(
                cls, kinds[attribute], key, value, profile=read, given=key in given
            )
    _check_complete(cls, values, read.name)
    returns_to = {"callback_url": CALLBACK_URL} if simulated else {}
    values = {"name_tokens": True, **returns_to, **values}
    rehearsed = bool(stage and stage.false_credentials)
    if host := simulated or media_host or media_host_of(read, given, rehearsed=rehearsed):
        values["media_host"] = host
    provider = cls(**values, simulation=simulated)
    settings = _client_settings(read, stage)
    return Setup(profile=read.name, provider=provider, simulation=simulated, **settings)


def _rehearsed_profile(stage: rehearsal.Rehearsal, config_file: Path | str | None) -> str | None:
    """What `connect()` without a name leads to; None leaves it to the configuration."""
    if stage.vendor:
        return find_profile_of(stage.vendor, config=config_file) or stage.vendor
    if stage.fallback_vendor and not find_profile_of(None, config=config_file):
        return stage.fallback_vendor
    return stage.profile or None


def _false_credentials(
    stage: rehearsal.Rehearsal,
    profile: Profile,
    cls: type[PortraitProvider],
    kinds: Mapping[str, Any],
) -> dict[str, Any]:
    """Make up every credential that is required, or that the profile has."""
    return {
        each.name: stage.credential(profile.name, each.name)
        for each in attrs.fields(cls)
        if Secret in (kinds[each.name], *get_args(kinds[each.name]))
        and (each.default is attrs.NOTHING or each.name in profile.settings)
    }


def _client_settings(profile: Profile, stage: rehearsal.Rehearsal | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    folder = stage.journal_folder if stage else None
    for key, default in (("journal", None), ("ledger", FILE_NAME)):
        if (text := profile.settings.get(key, default)) is not None:
            found[key] = _place(key, typed((str,), key, text, profile), profile, folder)
    if (names := profile.settings.get("failover")) is not None:
        found["failover"] = texts_of("failover", names, profile)
    if (url := profile.settings.get("rate_limiter")) is not None and not stage:
        text = typed((str,), "rate_limiter", url, profile)
        found["rate_limiter"] = resolve_secret(text, field="rate_limiter", profile=profile)
    if (name := profile.settings.get("transport")) is not None:
        found["transport"] = one_of("transport", name, get_args(_Carrier), profile)
    return found


def _place(key: str, text: str, profile: Profile, rehearsed: Path | None) -> Path | Secret:
    """Where something is kept: a path in the configuration's folder, or a database's URL."""
    is_path = not is_reference(text) and not is_url(text)
    if rehearsed:
        return rehearsed / (Path(text).name if is_path else key)
    if is_path:
        return (profile.folder or Path()) / text
    return resolve_secret(text, field=key, profile=profile) if is_reference(text) else Secret(text)


def _profile_of(profile: str | None, config_file: Path | str | None) -> Profile:
    """Find a profile, or take a bare adapter for one."""
    if profile and (found := find_profile(profile, config=config_file)):
        return found
    if profile in provider_names():
        return Profile(name=str(profile), provider=str(profile), settings={}, origins={})
    try:
        return load_profile(profile, config=config_file)
    except ConfigError as error:
        names = provider_names()
        import difflib  # noqa: PLC0415  (only for who mistypes)

        near = difflib.get_close_matches(profile or "", names, n=1)
        if near and repr(near[0]) not in error.next_step:
            error.next_step += f"; or did you mean the adapter {near[0]!r}?"
        raise


def known_keys(cls: type[PortraitProvider]) -> frozenset[str]:
    """The configuration keys of an adapter: its fields, by their names in a file."""
    made = {"media_host", "simulation", *_RENAMED.values()}
    names = {each.name for each in attrs.fields(cls)} - made
    return frozenset({*names, *_RENAMED, *MEDIA_KEYS, *_CLIENT_KEYS})


def _check_complete(cls: type[PortraitProvider], values: Mapping[str, Any], profile: str) -> None:
    missing = [
        each.name
        for each in attrs.fields(cls)
        if each.default is attrs.NOTHING and each.name not in values
    ]
    if missing:
        key = missing[0]
        raise ConfigError(
            f"profile {profile!r} lacks {', '.join(missing)}",
            provider=cls.name,
            field=key,
            next_step=f'set it in [profiles.{profile}], such as {key} = "env:{cls.variable(key)}"',
        )
