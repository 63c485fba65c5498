"""Asks a simulated vendor in few words, and holds what it says to its contract."""

from __future__ import annotations

import json
from datetime import timedelta

import contract_judge
from portraitkit.providers.dialects.signing import sign
from portraitkit.simulators.state import SimAccount, VirtualClock, World
from portraitkit.values.secret import Secret
from portraitkit.wire.bodies import json_body, multipart
from portraitkit.wire.steps import Request


def made(cls, world=None, names=("main", "other"), **options):
    """Make a simulator on a virtual clock, with accounts whose keys end in their names."""
    simulator = cls(world=world or World(clock=VirtualClock()), **options)
    for name in names:
        keys = {"api_key": f"key-{name}", "access_key": f"AKLT-{name}", "secret_key": "secret=="}
        simulator.add_account(SimAccount(name=name, **keys))
    return simulator


def request_of(method, url, body=None, *, key="key-main", headers=None, **query):
    """Make a request with a bearer key and a JSON body."""
    url, _, asked = url.partition("?")
    pairs = [pair.split("=", 1) for pair in asked.split("&") if pair]
    bearer = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return Request(
        method=method,
        url=url,
        query={**dict(pairs), **query},
        headers={**bearer, **(headers or {})},
        content=body if isinstance(body, bytes) else b"" if body is None else json_body(body),
    )


def action_of(url, action, body=None, **options):
    """Make the request of an Action."""
    query = {"Action": action, "Version": "2024-01-01"}
    return request_of("POST", url, body or {}, **{**query, **options})


def upload_of(url, fields, content=b"picture", kind="image/jpeg", *, key="key-main", name="file"):
    """Make a request with a file in a form."""
    body, content_type = multipart(
        fields, name=name, filename="mia.jpg", content=content, content_type=kind
    )
    return request_of("POST", url, bytes(body), key=key, headers={"Content-Type": content_type})


def signed(vendor, request, of="main", skew_s=0):
    """Sign a request in an account's name."""
    return sign(
        request,
        access_key=Secret(f"AKLT-{of}"),
        secret_key=Secret("secret=="),
        session_token=None,
        region="cn-beijing",
        service="ark",
        now=vendor.world.now() + timedelta(seconds=skew_s),
    )


def ask(vendor, request, contract=None):
    """Return an answer's status and JSON, once it is held to a contract."""
    response = vendor.handle(request)
    if contract:
        contract.judge_answer(contract._operation_of(request), response)
    return response.status, json.loads(response.content)


ACTIONS = {"alltoken": "https://api.alltoken.ai/v1/portrait/"}


def act(vendor, action, body=None, *, of="main", **options):
    """Ask for an Action in an account's name: by its key, or by its signature."""
    url = ACTIONS.get(vendor.name)
    request = action_of(url or "https://open.volcengineapi.com/", action, body, key=f"key-{of}")
    request = request if url else signed(vendor, request, of, **options)
    return ask(vendor, request, contract_judge.load(vendor.name))


def result(vendor, *asked, **options):
    """What an Action came to; it went well."""
    status, answer = act(vendor, *asked, **options)
    assert (200, None) == (status, answer["ResponseMetadata"].get("Error"))
    return answer["Result"]


def refusal(vendor, *asked, **options):
    """The status and code of a refused Action."""
    status, answer = act(vendor, *asked, **options)
    return status, answer["ResponseMetadata"]["Error"]["Code"]
