"""The cassettes themselves: honest about their origin, free of secrets, true to the contracts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

import contract_judge
from portraitkit.config.building import build_provider
from portraitkit.values.origins import origin_of
from portraitkit.wire.steps import Auth, Request, Response

ROOT = Path(__file__).parent.parent
CASSETTES = sorted((ROOT / "cassettes").rglob("*.yaml"))
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRETS = re.compile(r"(?i)authorization|x-security-token|sk-[a-z0-9]{8,}|AKLT|AKTP")
KEYS = {"api_key": "sk-x", "access_key": "AKLTx", "secret_key": "x"}


def named(path: Path) -> str:
    return "/".join(path.parts[-3:])


cassettes = pytest.mark.parametrize("path", CASSETTES, ids=named)


def provider_of(path: Path):
    vendor = path.parts[-3]
    keys: dict[str, str] = {"api_key": KEYS["api_key"]}
    if path.stem.startswith("icover_"):
        keys |= {"assets": "icover", "library_key": "sk-y"}
    elif vendor in ("volcengine", "byteplus", "apiyi"):
        keys = KEYS
    return build_provider(vendor, keys)[1]


def auth_of(parts) -> Auth:
    if parts.netloc == "icover.ai":
        return Auth.LIBRARY
    return Auth.SIGNATURE if parts.path == "/" and "Action=" in parts.query else Auth.BEARER


def request_of(recorded: dict, provider) -> Request:
    parts = urlsplit(recorded["uri"])
    body = recorded.get("body") or ""
    headers = {name: values[0] for name, values in recorded.get("headers", {}).items()}
    request = Request(
        method=recorded["method"],
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        content=body if isinstance(body, bytes) else body.encode(),
        auth=auth_of(parts),
    )
    return provider.authorize(request, now=NOW)


@cassettes
def test_a_cassette_says_where_it_comes_from(path):
    """The folder and the file agree on the evidence, and sources are named."""
    origin = yaml.safe_load(path.read_text(encoding="utf-8"))["origin"]

    assert path.parts[-2] == origin["evidence"]
    assert origin["sources"]


@cassettes
def test_a_cassette_holds_no_credential(path):
    """No key, signature or authorization header is in the file."""
    assert [] == SECRETS.findall(path.read_text(encoding="utf-8"))


@cassettes
def test_a_cassette_is_as_the_contract_says(path):
    """Every request and every answer in it is one that the vendor's contract knows."""
    provider = provider_of(path)
    contract = contract_judge.load(provider.name)
    interactions = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]

    for each in interactions:
        if origin_of(each["request"]["uri"]) not in provider.origins:
            continue  # a media host or a storage, which is not the vendor's interface
        request = request_of(each["request"], provider)
        told = each["response"]
        text = told["body"].get("string", "")
        response = Response(
            status=told["status"]["code"],
            headers={k.lower(): v[0] for k, v in told.get("headers", {}).items()},
            content=text if isinstance(text, bytes) else text.encode(),
            received_at=NOW,
        )
        contract.judge_answer(contract.judge_request(request), response)


@cassettes
def test_a_cassette_is_played_by_a_test(path):
    """Some test names it; an unused cassette proves nothing."""
    stories = "".join(
        each.read_text(encoding="utf-8") for each in (ROOT / "tests" / "cassettes").glob("*.py")
    )

    assert path.stem in stories
