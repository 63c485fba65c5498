"""
What type checkers see of the public interface. Read by mypy and pyright, and never run.

A call that has to be refused carries an ignore; if it were accepted, mypy would call it unused.
"""

# pyright: reportUnusedCallResult=false
# (`assert_type` hands its argument back)

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Literal, assert_type

import httpx

import portraitkit as pk
from portraitkit.client.methods import AsyncItems, Items
from portraitkit.failover import BreakerLimits
from portraitkit.wire.steps import Flow, Request, Response, send


def connecting(host: pk.MediaHost, http: httpx.Client, http_async: httpx.AsyncClient) -> None:
    """Both ways in, with every argument."""
    assert_type(pk.connect(), pk.Client)
    assert_type(pk.connect_async("token360"), pk.AsyncClient)
    assert_type(
        pk.connect(
            "volcengine",
            api_key="k",
            access_key="a",
            secret_key="s",
            session_token=None,
            assets_url="https://a.example",
            video_url="https://b.example",
            settings={"project_name": "films"},
            config=Path("portraitkit.toml"),
            media_host=host,
            http_client=http,
            timeouts=pk.Timeouts(read_s=5),
            budget=pk.Budget(attempts=2),
            clock=pk.Clock(),
            failover=["token360"],
            failover_rules=pk.FailoverRules(breaker=BreakerLimits(failures=5)),
        ),
        pk.Client,
    )
    _ = pk.connect_async(http_client=http_async)
    _ = pk.connect(http_client=http_async)  # type: ignore[arg-type]
    _ = pk.connect_async(http_client=http)  # type: ignore[arg-type]
    _ = pk.connect(failover={"token360": 1.0}, failover_rules=3)  # type: ignore[arg-type]
    _ = pk.connect(profile=7)  # type: ignore[arg-type]
    _ = pk.connect(key="k")  # type: ignore[call-arg]
    assert_type(pk.explain_config("alltoken"), str)
    assert_type(pk.provider_names(), tuple[str, ...])


def several_vendors(here: pk.Asset, there: str) -> None:
    """One portrait at several vendors, wherever an asset may stand."""
    both = pk.OneOf(here, there)
    _ = pk.Frames(first=both, last=both)
    _ = pk.References(images={"mia": both}, videos=[both, here, there])
    _ = pk.Reference(source=both)
    assert_type(both.at("alltoken", "1"), pk.Asset | str | None)
    _ = pk.OneOf(7)  # type: ignore[arg-type]


def names(group: pk.GroupRef, source: pk.MediaSource, asset: pk.AssetRef) -> pk.MediaRef:
    """What operations take has names for a caller's own signatures; known words are strings."""
    check: pk.VerificationRef = "check-1"
    task: pk.VideoRef = "task-1"
    policy: pk.OnUnsupported = {"seed": "warn"}
    on_event: pk.OnEvent = print
    model: pk.Model = "seedance-2.0"
    ratio: pk.Ratio = "16:9"
    size: pk.Resolution = "of-tomorrow"
    _ = pk.VideoRequest(prompt="x", model=model, ratio=ratio, resolution=size)
    _ = pk.VideoRequest(prompt="x", ratio=16 / 9)  # type: ignore[arg-type]
    with pk.connect() as client:
        assert_type(client.add_asset(group, source), pk.Asset)
        assert_type(client.check_verification(check), pk.Verification)
        assert_type(client.wait_for_video(task, on_event=on_event), pk.VideoTask)
        _ = client.create_video(pk.VideoRequest(prompt="x"), on_unsupported=policy)
    return asset


def groups(client: pk.Client, group: pk.Group) -> None:
    """Groups, called."""
    assert_type(client.create_group("Mia"), pk.Group)
    assert_type(
        client.create_group(
            "Mia", kind=pk.GroupKind.VIRTUAL, description="", on_unsupported="drop"
        ),
        pk.Group,
    )
    assert_type(client.get_group(group.handle), pk.Group)
    assert_type(client.list_groups(), Items[pk.Group])
    assert_type(client.list_groups(kind=None), Items[pk.Group])
    assert_type(client.rename_group(group, "Ann", description="a dancer"), pk.Group)
    client.delete_group(group)
    _ = client.create_group()  # type: ignore[call-arg]
    _ = client.create_group(7)  # type: ignore[arg-type]
    _ = client.create_group("Mia", pk.GroupKind.VIRTUAL)  # type: ignore[call-arg]
    _ = client.create_group("Mia", kind="virtual")  # type: ignore[arg-type]
    _ = client.create_group("Mia", on_unsupported="ignore")  # type: ignore[arg-type]
    _ = client.list_groups(pk.GroupKind.VIRTUAL)  # type: ignore[call-arg]
    _ = client.list_groups(cursor="2")  # type: ignore[call-arg]
    _ = client.get_group(None)  # type: ignore[arg-type]


def assets(client: pk.Client, group: pk.Group, asset: pk.Asset) -> None:
    """Assets, called; one or several to wait for."""
    assert_type(client.add_asset(group, "mia.jpg", name="front"), pk.Asset)
    assert_type(client.add_asset("group-1", Path("mia.jpg"), media=pk.MediaType.IMAGE), pk.Asset)
    assert_type(client.add_asset(group, b"...", strict_limits=True), pk.Asset)
    assert_type(client.add_assets(group, ["a.jpg", Path("b.jpg"), b"..."]), list[pk.Asset])
    assert_type(client.get_asset(asset), pk.Asset)
    assert_type(client.list_assets(group, status=pk.AssetStatus.ACTIVE), Items[pk.Asset])
    several = (pk.AssetStatus.ACTIVE, pk.AssetStatus.FAILED)
    assert_type(client.list_assets([group, "group-1"], status=several), Items[pk.Asset])
    assert_type(client.rename_asset(asset, "face"), pk.Asset)
    client.delete_asset(asset)
    assert_type(client.wait_until_active(asset), pk.Asset)
    assert_type(client.wait_until_active("asset-1", deadline_s=30, on_event=print), pk.Asset)
    assert_type(client.wait_until_active([asset, asset]), list[pk.Asset])
    assert_type(client.wait_until_active((asset,), on_event=print), list[pk.Asset])
    assert_type(client.wait_until_active([asset.handle, "asset-1"]), list[pk.Asset])
    _ = client.add_asset(group, 7)  # type: ignore[arg-type]
    _ = client.add_asset(asset, "mia.jpg")  # type: ignore[arg-type]
    _ = client.add_asset(group, "mia.jpg", "front")  # type: ignore[call-arg]
    _ = client.wait_until_active(group)  # type: ignore[call-overload]
    _ = client.wait_until_active(asset, 30)  # type: ignore[call-overload]
    _ = client.get_asset(group)  # type: ignore[arg-type]


def people(client: pk.Client, check: pk.Verification) -> None:
    """Face checks, called."""
    assert_type(client.start_verification("Ann"), pk.Verification)
    assert_type(client.start_verification("Ann", callback_url="https://a.example"), pk.Verification)
    assert_type(client.read_callback({"bytedToken": "t"}), pk.Verification)
    assert_type(client.check_verification(check.handle), pk.Verification)
    assert_type(client.wait_until_verified(check, deadline_s=120, on_event=print), pk.Group)
    assert_type(check.url, str | None)
    assert_type(check.group, pk.Group | None)
    _ = client.check_verification(check.group)  # type: ignore[arg-type]


def videos(client: pk.Client, asset: pk.Asset, task: pk.VideoTask) -> None:
    """Videos, called."""
    request = pk.VideoRequest(
        prompt="{mia} smiles",
        model="seedance-2.0",
        media=pk.References(images={"mia": asset}, videos=["https://a.example/b.mp4"]),
        duration_s=5,
        extra={"token360": {"watermark": False}},
    )
    preview = client.preview_video(request, on_unsupported={"seed": "warn"})
    assert_type(preview, pk.Preview)
    assert_type(preview.findings, tuple[pk.Finding, ...])
    assert_type(preview.adaptations, tuple[pk.Adaptation, ...])
    assert_type(client.create_video(request, strict_limits=True), pk.VideoTask)
    assert_type(client.get_video(task), pk.VideoTask)
    assert_type(client.list_videos(), Items[pk.VideoTask])
    assert_type(client.cancel_video(task.handle), pk.VideoTask)
    assert_type(client.wait_for_video(task, deadline_s=1800, on_event=print), pk.VideoTask)
    assert_type(client.wait_for_videos([task]), list[pk.VideoTask])
    assert_type(client.list_videos().first(), pk.VideoTask | None)
    assert_type(client.ensure_portrait("mia", "mia.jpg"), pk.Portrait)
    assert_type(client.download_video(task, "mia.mp4"), Path)
    assert_type(task.video_url, str | None)
    assert_type(client.supports("list_assets"), pk.Support)
    _ = pk.VideoRequest("a quiet sea")  # type: ignore[call-arg]
    _ = pk.VideoRequest(prompt="x", media=[asset])  # type: ignore[arg-type]
    _ = pk.VideoRequest(prompt="x", duration_s="5")  # type: ignore[arg-type]
    _ = pk.Frames(last=asset)  # type: ignore[call-arg]
    _ = client.create_video("a quiet sea")  # type: ignore[arg-type]
    _ = client.create_video(request, on_unsupported={"seed": "ignore"})  # type: ignore[dict-item]
    _ = client.download_video(task)  # type: ignore[call-arg]
    task.status = pk.VideoStatus.FAILED  # type: ignore[misc]


async def awaiting(client: pk.AsyncClient, group: pk.Group, asset: pk.Asset) -> None:
    """The same, awaited; what is not yet awaited can become a task."""
    _ = assert_type(client.create_group("Mia"), Coroutine[Any, Any, pk.Group])
    assert_type(await client.create_group("Mia", kind=pk.GroupKind.VIRTUAL), pk.Group)
    assert_type(await asyncio.create_task(client.get_asset(asset)), pk.Asset)
    assert_type(await client.get_group(group), pk.Group)
    assert_type(client.list_groups(), AsyncItems[pk.Group])
    assert_type([each async for each in client.list_assets(group)], list[pk.Asset])
    assert_type(await client.rename_group(group, "Ann"), pk.Group)
    await client.delete_group(group)
    assert_type(await client.add_asset(group, "mia.jpg", name="front"), pk.Asset)
    assert_type(await client.add_assets(group, ["a.jpg", b"..."]), list[pk.Asset])
    assert_type(await client.get_asset(asset), pk.Asset)
    assert_type(await client.rename_asset(asset, "face"), pk.Asset)
    await client.delete_asset(asset)
    assert_type(await client.wait_until_active(asset), pk.Asset)
    assert_type(await client.wait_until_active("asset-1", deadline_s=3), pk.Asset)
    assert_type(await client.wait_until_active([asset], on_event=print), list[pk.Asset])
    _ = await client.create_group(7)  # type: ignore[arg-type]
    _ = await client.create_group("Mia", pk.GroupKind.VIRTUAL)  # type: ignore[call-arg]
    _ = await client.wait_until_active(group)  # type: ignore[call-overload]
    _ = await client.list_groups()  # type: ignore[misc]
    for _each in client.list_groups():  # type: ignore[attr-defined]
        pass


async def awaiting_more(client: pk.AsyncClient, check: pk.Verification, task: pk.VideoTask) -> None:
    """People and videos, awaited; what sends nothing is not."""
    assert_type(await client.start_verification("Ann"), pk.Verification)
    assert_type(client.read_callback("https://a.example?bytedToken=t"), pk.Verification)
    assert_type(await client.check_verification(check), pk.Verification)
    assert_type(await client.wait_until_verified(check), pk.Group)
    request = pk.VideoRequest(prompt="a quiet sea")
    assert_type(client.preview_video(request), pk.Preview)
    assert_type(await client.create_video(request), pk.VideoTask)
    assert_type(await client.get_video(task), pk.VideoTask)
    assert_type(client.list_videos(), AsyncItems[pk.VideoTask])
    assert_type(await client.cancel_video(task), pk.VideoTask)
    assert_type(await client.wait_for_video(task), pk.VideoTask)
    assert_type(await client.download_video(task, Path("mia.mp4")), Path)
    async with client as same:
        assert_type(same, pk.AsyncClient)
    await client.close()
    with client:  # type: ignore[attr-defined]
        pass


def both(provider: pk.PortraitProvider) -> Flow[tuple[pk.Group, Response]]:
    """A flow of one's own keeps its types."""
    group = yield from provider.create_group("Mia")
    assert_type(group, pk.Group)
    response = yield from send(Request(method="GET", url="https://a.example"))
    assert_type(response, Response)
    page = yield from provider.list_groups(None)
    assert_type(page.items, tuple[pk.Group, ...])
    return group, response


async def running(client: pk.Client, aclient: pk.AsyncClient) -> None:
    """And runs on either client."""
    with client as same:
        assert_type(same, pk.Client)
    assert_type(client.run(both(client.provider)), tuple[pk.Group, Response])
    assert_type(await aclient.run(both(aclient.provider)), tuple[pk.Group, Response])
    client.close()


def look(event: pk.Event) -> None:
    """A listener takes an event."""
    assert_type(event.subject, Literal["asset", "verification", "video"])
    assert_type(event.look, int)
    assert_type(event.next_look_s, float | None)


def failing(client: pk.Client, task: pk.VideoTask) -> None:
    """Errors carry typed facts."""
    try:
        _ = client.wait_for_video(task)
    except pk.VideoFailedError as error:
        assert_type(error.code, str)
        assert_type(error.attempts, tuple[pk.Attempt, ...])
        assert_type(error.retry_after_s, float | None)
    except pk.WaitTimeoutError as error:
        assert_type(error.handle, str)


def misspelt() -> None:
    """What is not there is seen, though names are loaded when they are first used."""
    _ = pk.conect  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
