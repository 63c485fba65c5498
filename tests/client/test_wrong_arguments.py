"""Whatever an operation is called with, only our own errors leave, and nothing is sent."""

from __future__ import annotations

import asyncio
import inspect
import io
import itertools
import math
from pathlib import Path

import attrs
import httpx
import pytest

import portraitkit as pk
from portraitkit.client.client import AsyncClient, Client, _Client
from portraitkit.client.methods import Operation, PagedOperation
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.testing import VirtualTime
from portraitkit.values.secret import Secret

WRONG = (None, 7, b"x", bytearray(b"x"), io.BytesIO(b"x"), object(), {"a": 1}, [None], math.nan)
NAMED = {
    "add_asset": {"media": "image"},
    "create_group": {"kind": "virtual"},
    "list_groups": {"kind": "virtual"},
    "list_assets": {"status": "active"},
    "wait_until_active": {"deadline_s": "5"},
    "wait_for_video": {"deadline_s": math.nan},
    "download_video": {"deadline_s": -1},
    "wait_until_verified": {"deadline_s": True},
    "create_video": {"strict_limits": "yes"},
    "preview_video": {"on_unsupported": "ignore"},
}
PLAIN = [
    "get_group",
    "list_assets",
    "rename_group",
    "delete_group",
    "add_asset",
    "add_assets",
    "get_asset",
    "rename_asset",
    "delete_asset",
    "check_verification",
    "wait_until_verified",
    "create_video",
    "preview_video",
    "get_video",
    "cancel_video",
    "wait_for_video",
    "download_video",
    "start_verification",
    "create_group",
    "wait_until_active",
]


def _never(request):
    raise AssertionError(request.url)


PROVIDER = AllToken(api_key=Secret("sk-not-a-real-key-0123456789"))
BLOCKING = Client(PROVIDER, http_client=httpx.Client(transport=httpx.MockTransport(_never)))


def _blocking(operation, *args, **named):
    found = getattr(BLOCKING, operation)(*args, **named)
    return list(found) if operation.startswith("list_") else found


def _awaited(operation, *args, **named):
    async def call():
        http_client = httpx.AsyncClient(transport=httpx.MockTransport(_never))
        async with AsyncClient(PROVIDER, http_client=http_client) as client:
            found = getattr(client, operation)(*args, **named)
            if inspect.isawaitable(found):
                return await found
            return [each async for each in found]

    return asyncio.run(call())


def _needed(operation):
    parameters = inspect.signature(getattr(pk.PortraitProvider, operation)).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)
    names = [each.name for each in parameters if each.kind in kinds and each.default is each.empty]
    return len([each for each in names if each not in ("self", "cursor")])


@pytest.mark.parametrize("call", [_blocking, _awaited])
@pytest.mark.parametrize("operation", PLAIN)
def test_a_wrong_argument_is_refused_by_name(call, operation):
    """Each operation refuses each value of a wrong type, names the field, and sends nothing."""
    for wrong in WRONG:
        if operation == "preview_video" and call is _awaited:
            continue
        with pytest.raises(pk.InvalidInputError) as caught:
            call(operation, *[wrong] * _needed(operation))
        assert caught.value.field


@pytest.mark.parametrize("operation", NAMED)
def test_a_wrong_option_is_refused_by_name(operation):
    """An option of a wrong type is refused by its name."""
    good = pk.VideoRequest(prompt="x") if operation.endswith("e_video") else "asset-1"
    good = pk.VideoRequest(prompt="x") if operation == "preview_video" else good
    args = {"list_groups": 0, "add_asset": 2, "download_video": 2}.get(operation, 1)
    with pytest.raises(pk.InvalidInputError) as caught:
        _blocking(operation, *[good] * args, **NAMED[operation])
    assert next(iter(NAMED[operation])) == caught.value.field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generate_audio", "yes"),
        ("seed", "abc"),
        ("seed", True),
        ("resolution", 720),
        ("watermark", 1),
        ("duration_s", "5"),
        ("prompt", None),
        ("media", "asset-1"),
        ("extra", {"alltoken": 1}),
    ],
)
def test_a_request_refuses_values_of_a_wrong_type(name, value):
    """A video request names the field whose value has a wrong type."""
    with pytest.raises(pk.InvalidInputError) as caught:
        pk.VideoRequest(**{"prompt": "x", name: value})
    assert name == caught.value.field


# -- every operation of every vendor, each argument by itself --------------------------------------

KEYS = ("api_key", "access_key", "secret_key")


def _adapter(name):
    cls = provider_class(name)
    held = [each.name for each in attrs.fields(cls) if each.name in KEYS]
    return cls(**dict.fromkeys(held, Secret("sk-not-a-key")))


LISTED = (Operation, PagedOperation)
OPERATIONS = [
    *(each for each, found in vars(_Client).items() if isinstance(found, LISTED)),
    "wait_until_active",
    "preview_video",
    "supports",
]
ODD = (None, -1, "", "a\0b", "../x", "\ud800", Path("a\0b"), [[]], io.BytesIO(b"x"))
FIT = {
    "source": b"\x89PNG\r\n\x1a\n",
    "sources": [],
    "request": pk.VideoRequest(prompt="x"),
    "path": "/dev/null/x.mp4",
    "assets": [],
}


def _refused(request):
    return httpx.Response(400, json={"error": {"code": "InvalidParameter", "message": "no"}})


@pytest.mark.matrix
@pytest.mark.outside_the_contract
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", provider_names())
def test_only_our_errors_leave(name, operation):
    """Whatever one argument is, a call ends with a result or an error that says what to do."""
    http_client = httpx.Client(transport=httpx.MockTransport(_refused))
    with Client(_adapter(name), http_client=http_client, clock=VirtualTime().clock) as client:
        call = getattr(client, operation)
        parameters = inspect.signature(call).parameters.values()
        needed = [each.name for each in parameters if each.default is each.empty]
        fit = {each: FIT.get(each, "asset-20260318035710-abcde") for each in needed}
        for parameter, value in itertools.product(parameters, ODD):
            try:
                found = call(**{**fit, parameter.name: value})
                _ = list(found) if operation.startswith("list_") else found
            except pk.PortraitError as error:
                assert error.next_step, (parameter.name, value)
