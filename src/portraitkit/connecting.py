"""From a profile to a client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .attempts import Budget, Clock
from .building import build
from .client import AsyncClient, Client
from .errors import frameless
from .media import MediaHost
from .transport import Timeouts

if TYPE_CHECKING:
    import httpx


@frameless
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
    config: Path | str | None = None,
    media_host: MediaHost | None = None,
    http_client: httpx.Client | None = None,
    timeouts: Timeouts | None = None,
    budget: Budget | None = None,
    clock: Clock | None = None,
) -> Client:
    """
    Open a profile.

    Args:
        profile: Its name in the configuration, or an adapter's name where the arguments say the
            rest. Without it, PORTRAITKIT_PROFILE and then the configuration's `profile` decide.
        api_key, access_key, secret_key, session_token: Credentials, in place of configured ones.
        base_url, assets_url, video_url: Origins, in place of configured ones.
        settings: Any further settings of the adapter, by their configuration keys.
        config: A configuration file, in place of the one that is found.
        media_host: Publishes local files for vendors that take only URLs.
        http_client: An HTTP client of your own. It is used as it is, and not closed.
        timeouts: Limits for one request.
        budget: How often one request may be tried.
        clock: Time, for tests.

    Raises:
        ConfigError: No profile is found, or it cannot be used. Says what to change.
    """
    given = _given(
        settings,
        api_key=api_key,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        base_url=base_url,
        assets_url=assets_url,
        video_url=video_url,
    )
    setup = build(profile, given, config_file=config, media_host=media_host)
    return Client(
        setup.provider,
        profile=setup.profile,
        http_client=http_client,
        timeouts=timeouts,
        budget=budget,
        clock=clock,
    )


@frameless
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
    config: Path | str | None = None,
    media_host: MediaHost | None = None,
    http_client: httpx.AsyncClient | None = None,
    timeouts: Timeouts | None = None,
    budget: Budget | None = None,
    clock: Clock | None = None,
) -> AsyncClient:
    """Open a profile for asyncio or trio. Arguments and errors are those of `connect`."""
    given = _given(
        settings,
        api_key=api_key,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        base_url=base_url,
        assets_url=assets_url,
        video_url=video_url,
    )
    setup = build(profile, given, config_file=config, media_host=media_host)
    return AsyncClient(
        setup.provider,
        profile=setup.profile,
        http_client=http_client,
        timeouts=timeouts,
        budget=budget,
        clock=clock,
    )


def _given(settings: Mapping[str, Any] | None, **named: str | None) -> dict[str, Any]:
    return {**(settings or {}), **{key: value for key, value in named.items() if value is not None}}
