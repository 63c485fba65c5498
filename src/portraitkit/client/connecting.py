"""From a profile to a client."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .. import engine
from .. import failover as failovers
from ..config.building import Setup, build
from ..limits.limiter import Limiter
from ..values.errors import ConfigError, without_frames
from ..values.media import MediaHost
from ..wire.codec import is_object
from ..wire.steps import Budget
from .client import AsyncClient, Client

if TYPE_CHECKING:
    import httpx

    from ..engine.clock import Clock
    from ..engine.transport import AsyncTransport, Timeouts
    from ..failover import FailoverRules
    from ..failover.router import Failover


@without_frames
def connect(
    profile: str | None = None,
    *,
    api_key: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    session_token: str | None = None,
    base_url: str | None = None,
    assets_url: str | None = None,
    video_url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    simulated: bool | float | None = None,
    config: Path | str | None = None,
    media_host: MediaHost | str | None = None,
    http_client: httpx.Client | None = None,
    timeouts: Timeouts | None = None,
    budget: Budget | None = None,
    clock: Clock | None = None,
    failover: Sequence[str] | None = None,
    failover_rules: FailoverRules | None = None,
) -> Client:
    """
    Open a profile.

    Args:
        profile: Its name in the configuration, or an adapter's name where the arguments say the
            rest. Without it, PORTRAITKIT_PROFILE and then the configuration's `profile` decide.
        api_key, access_key, secret_key, session_token: Credentials, in place of configured ones.
        base_url, assets_url, video_url: Origins, in place of configured ones.
        settings: Any further settings of the adapter, by their configuration keys.
        simulated: True for a simulated vendor inside this process, 20 times as fast as a real one,
            or how many times as fast. Nothing is sent, and no credential is read.
        config: A configuration file, in place of the one that is found.
        media_host: Publishes local files for vendors that take only URLs: an object store's URL,
            such as `s3://bucket/prefix`, or a host of your own.
        http_client: An HTTP client of your own. It is used as it is, and not closed.
        timeouts: Limits for one request.
        budget: How often one request may be tried.
        clock: Time, for tests.
        failover: Profiles to go to when this one has no capacity, in order, in place of the
            configured ones. Arguments such as `api_key` are for this profile, and not for them.
        failover_rules: How patient to be with a profile before going to the next.

    Raises:
        ConfigError: No profile is found, or it cannot be used. Says what to change.
    """
    given = _given(
        settings,
        failover,
        simulated=simulated,
        api_key=api_key,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        base_url=base_url,
        assets_url=assets_url,
        video_url=video_url,
    )
    _check_parts(
        awaited=False,
        media_host=media_host,
        http_client=http_client,
        timeouts=timeouts,
        budget=budget,
        clock=clock,
        failover_rules=failover_rules,
    )
    setup = build(profile, given, config_file=config, media_host=media_host)
    return Client(
        setup.provider,
        profile=setup.profile,
        http_client=http_client,
        timeouts=timeouts,
        budget=budget,
        clock=clock or setup.clock,
        failover=_fallbacks(setup, failover_rules, config, media_host),
        limiter=_limiter(setup),
        journal=setup.journal,
        ledger=setup.ledger,
    )


@without_frames
def connect_async(
    profile: str | None = None,
    *,
    api_key: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    session_token: str | None = None,
    base_url: str | None = None,
    assets_url: str | None = None,
    video_url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    simulated: bool | float | None = None,
    config: Path | str | None = None,
    media_host: MediaHost | str | None = None,
    http_client: httpx.AsyncClient | None = None,
    timeouts: Timeouts | None = None,
    budget: Budget | None = None,
    clock: Clock | None = None,
    failover: Sequence[str] | None = None,
    failover_rules: FailoverRules | None = None,
) -> AsyncClient:
    """
    Open a profile for asyncio or trio. Arguments and errors are those of `connect`.

    With `transport = "aiohttp"` in the profile, calls under asyncio go over aiohttp; see
    docs/concurrency.md.
    """
    given = _given(
        settings,
        failover,
        simulated=simulated,
        api_key=api_key,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        base_url=base_url,
        assets_url=assets_url,
        video_url=video_url,
    )
    _check_parts(
        awaited=True,
        media_host=media_host,
        http_client=http_client,
        timeouts=timeouts,
        budget=budget,
        clock=clock,
        failover_rules=failover_rules,
    )
    setup = build(profile, given, config_file=config, media_host=media_host)
    return AsyncClient(
        setup.provider,
        profile=setup.profile,
        http_client=http_client,
        transport=None if http_client else _transport(setup, timeouts),
        timeouts=timeouts,
        budget=budget,
        clock=clock or setup.clock,
        failover=_fallbacks(setup, failover_rules, config, media_host),
        limiter=_limiter(setup),
        journal=setup.journal,
        ledger=setup.ledger,
    )


def _given(
    settings: Mapping[str, Any] | None, failover: Sequence[str] | None, **named: str | float | None
) -> dict[str, Any]:
    given = {key: value for key, value in named.items() if value is not None}
    names: Any = settings or {}
    if not is_object(names) or {type(key) for key in names} - {str}:
        raise ConfigError(
            "settings has to be a mapping from configuration keys to values",
            field="settings",
            next_step='pass it like settings={"strict_limits": True}',
        )
    return {**(settings or {}), **given, **({} if failover is None else {"failover": failover})}


def _check_parts(
    *, awaited: bool, media_host: object, http_client: object, **parts: object
) -> None:
    """Refuse what a client cannot be made of; it would show in the middle of a call."""
    send = getattr(http_client, "send", None)
    fit = {
        "media_host": isinstance(media_host, str) or callable(getattr(media_host, "publish", None)),
        "http_client": callable(send) and inspect.iscoroutinefunction(send) is awaited,
        **{name: part is None or isinstance(part, _PARTS[name]()) for name, part in parts.items()},
    }
    given = {"media_host": media_host, "http_client": http_client, **parts}
    for name, fits in fit.items():
        if given[name] is not None and not fits:
            raise ConfigError(
                f"{name} is of a kind that no client can use",
                field=name,
                next_step=f"leave it out, or see the documentation of {name} in connect",
            )


_PARTS: Final[Mapping[str, Callable[[], type]]] = {
    "timeouts": lambda: engine.transport.Timeouts,
    "budget": lambda: Budget,
    "clock": lambda: engine.clock.Clock,
    "failover_rules": lambda: failovers.FailoverRules,
}


def _fallbacks(
    setup: Setup,
    rules: FailoverRules | None,
    config: Path | str | None,
    media_host: MediaHost | str | None,
) -> Failover | None:
    """Build the profiles of a failover at once; their own lists are not followed."""
    if not setup.failover:
        return None
    media_host = media_host and setup.provider.media_host  # one for all, where it is a URL
    routes = [failovers.routes.Route(profile=setup.profile, provider=setup.provider)]
    for name in setup.failover:
        try:
            given = {"simulated": setup.simulation.speed} if setup.simulation else {}
            made = build(name, given, config_file=config, media_host=media_host)
        except ConfigError as error:
            error.message = f"failover to {name!r}: {error.message}"
            error.args = (error.message,)
            raise error.fill(field="failover") from None
        place = failovers.routes.Route(profile=made.profile, provider=made.provider)
        if twin := next((each for each in routes if each.owner == place.owner), None):
            raise ConfigError(
                f"failover to {name!r} leads to the same account as the profile {twin.profile!r}",
                provider=place.provider.name,
                field="failover",
                next_step="name profiles of other accounts, each once",
            )
        if made.simulation and not setup.simulation:
            raise ConfigError(
                f"failover to {name!r} leads to a simulated vendor: its videos are made up",
                provider=place.provider.name,
                field="failover",
                next_step=f"take {name!r} out of failover, or connect with simulated=True",
            )
        routes.append(place)
    rules = rules or failovers.FailoverRules()
    return failovers.router.Failover(fallbacks=tuple(routes[1:]), rules=rules)


def _transport(setup: Setup, timeouts: Timeouts | None) -> AsyncTransport | None:
    """What carries the calls of an asynchronous client, where the profile names it."""
    if setup.transport == "httpx":
        return None
    from ..engine.transport import AsyncHttpxTransport  # noqa: PLC0415  (loads httpx)

    return AsyncHttpxTransport(timeouts=timeouts, over=setup.transport)


def _limiter(setup: Setup) -> Limiter | None:
    """What shares rates between processes, where the profile names a Redis."""
    if setup.rate_limiter is None:
        return None
    try:
        from ..limits.redis_limiter import shared  # noqa: PLC0415  (an extra; most processes share nothing)
    except ImportError as missing:
        raise ConfigError(
            f"profile {setup.profile!r}: rate_limiter needs a package that is not installed",
            provider=setup.provider.name,
            field="rate_limiter",
            next_step="pip install 'portraitkit[redis]'",
        ) from missing
    return shared(setup.rate_limiter)
