"""Any input to every parser and codec: a value, or a PortraitError."""

from __future__ import annotations

import atexit
import contextlib
import io
import math
import shutil
import tempfile
import warnings
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from attrs import evolve
from fuzz_answers_subject import (
    ACCOUNT,
    FACE,
    NOW,
    PROVIDERS,
    drive,
    judge,
    outcome,
    templates,
    things,
)
from fuzz_choices import Choices, dumped

import portraitkit as pk
from portraitkit.config.building import build_provider
from portraitkit.config.profiles import Profile, load_profile
from portraitkit.config.references import read_reference, show_reference
from portraitkit.engine.response_body import ResponseBody, TransportError
from portraitkit.engine.transport import HttpxTransport
from portraitkit.providers.dialects.reviews import Review
from portraitkit.simulators.dialects.signatures import KeyPair, SignatureRefusedError, verify
from portraitkit.simulators.finding import load
from portraitkit.simulators.simulator import Simulator, form_of, json_of, query_of
from portraitkit.simulators.state import SimAccount
from portraitkit.values.errors import PortraitError
from portraitkit.values.handles import Handle, fingerprint, is_handle
from portraitkit.values.masking import masker
from portraitkit.values.media import FolderMediaHost, as_link, as_upload
from portraitkit.values.origins import check_origin, is_loopback, origin_of
from portraitkit.values.prompts import write_prompt
from portraitkit.values.remarks import Outcome
from portraitkit.values.sealing import seal, unseal
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, MediaType
from portraitkit.wire.bodies import json_body, multipart
from portraitkit.wire.codec import decode, try_decode
from portraitkit.wire.error_mapping import retry_after_s
from portraitkit.wire.partial_file import PartialFile
from portraitkit.wire.steps import Auth, Request, Response

Subject = Callable[[Choices], None]
SUBJECTS: dict[str, Subject] = {}
FOLDER = Path(tempfile.mkdtemp(prefix="portraitkit-fuzz-"))
_ = atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
NAMES = tuple(sorted(PROVIDERS))
VENDORS = tuple(sorted({each.name for each in PROVIDERS.values()}))


def subject(function: Subject) -> Subject:
    """Enter a function among the subjects."""
    SUBJECTS[function.__name__] = function
    return function


def _tried(call: Callable[[], Any], *also: type[Exception]) -> Any:
    """The value, or None for a PortraitError, which has to have a text."""
    try:
        return call()
    except (PortraitError, *also) as error:
        assert str(error)
        return None


# -- handles and ids -------------------------------------------------------------------------------


@subject
def handles(choices: Choices) -> None:
    """Handles: any text, and handles of any parts, taken apart and put together."""
    text = choices.text()
    found = _tried(lambda: Handle.parse(text))
    assert found is None or str(found) == text.strip()
    kind = choices.pick(("group", "asset", "verification", "video"))
    made = Handle(choices.pick(VENDORS), choices.text(), kind, choices.text())
    assert Handle.parse(str(made)) == made
    assert is_handle(str(made))


@subject
def sealed_parts(choices: Choices) -> None:
    """Sealing: any text with any key comes back; any other text is refused."""
    text, key = choices.text(), choices.text()
    assert unseal(seal(text, key=key), key=key) == text
    _ = _tried(lambda: unseal(choices.text(), key=key))
    assert len(fingerprint(text.encode("utf-8", "replace").decode(), "x")) == len("0123456789")


@subject
def ids(choices: Choices) -> None:
    """Any text, and any handle of the right account, in the place of every id."""
    name = choices.pick(NAMES)
    provider = PROVIDERS[name]
    kind = choices.pick(("group", "asset", "verification", "video"))
    ref = choices.text()
    if choices.chance(2):
        ref = str(Handle(provider.name, provider.account, kind, ref))
    made = things(name)
    source = FACE if name == "token360" else "https://cdn.example/mia.jpg"
    every: dict[str, tuple[str, Callable[[], Any]]] = {
        "get_group": ("group", lambda: provider.get_group(ref)),
        "rename_group": ("group", lambda: provider.rename_group(ref, "Eve")),
        "delete_group": ("group", lambda: provider.delete_group(ref)),
        "list_assets": ("group", lambda: provider.list_assets(None, ref)),
        "add_asset": ("group", lambda: provider.add_asset(ref, source)),
        "add_assets": ("group", lambda: provider.add_assets(ref, [source])),
        "get_asset": ("asset", lambda: provider.get_asset(ref)),
        "rename_asset": ("asset", lambda: provider.rename_asset(ref, "side")),
        "delete_asset": ("asset", lambda: provider.delete_asset(ref)),
        "wait_until_active": ("asset", lambda: provider.wait_until_active(ref, deadline_s=9)),
        "wait_until_all_active": (
            "asset",
            lambda: provider.wait_until_all_active([ref, made.asset], deadline_s=9),
        ),
        "create_video": (
            "asset",
            lambda: provider.create_video(
                pk.VideoRequest(prompt="x", media=pk.References(images=[ref]))
            ),
        ),
        "check_verification": ("verification", lambda: provider.check_verification(ref)),
        "wait_until_verified": (
            "verification",
            lambda: provider.wait_until_verified(ref, deadline_s=9),
        ),
        "get_video": ("video", lambda: provider.get_video(ref)),
        "cancel_video": ("video", lambda: provider.cancel_video(ref)),
        "wait_for_video": ("video", lambda: provider.wait_for_video(ref, deadline_s=9)),
        "download_video": ("video", lambda: provider.download_video(ref, FOLDER / "x.mp4")),
    }
    operation = choices.pick([key for key, (of, _) in every.items() if of == kind])
    if not provider.supports(operation):
        return
    told = choices.pick(templates(name))
    answer = Response(
        status=choices.pick((200, 404)),
        headers={"content-type": "application/json"},
        content=dumped(told),
        received_at=NOW,
    )
    got = outcome(every[operation][1](), provider, lambda _: answer)
    assert isinstance(got, PortraitError) or got is not NotImplemented
    assert str(got)


@subject
def reviews(choices: Choices) -> None:
    """What a handle of a review holds, or does not: read, and written so that it reads again."""
    found = Review.parse(choices.pick(("", "task_1#", "task_1#0of", "t#1of2#")) + choices.text())
    if found is not None:
        assert Review.parse(str(found)) is not None


# -- configuration ---------------------------------------------------------------------------------


def _toml(choices: Choices) -> str:
    lines = []
    for _ in range(choices.below(8)):
        kind = choices.below(5)
        key = choices.pick(
            ("profile", "provider", "api_key", "base_url", "pacing", "models", "account",
             "callback_url", "verification_life_s", "strict_limits", "media_folder", "media_url",
             "access_key", "secret_key", "assets_url", "video_url", "token_paging", "region",
             "media_host", "media_options", "media_link_life_s")
        )  # fmt: skip
        if kind == 0:
            lines.append(f"[profiles.{choices.pick((*NAMES, 'mine'))}]")
        elif kind == 1:
            lines.append(choices.text())
        elif kind == 2:
            lines.append(f"{key} = {choices.pick(('1', 'true', '[]', '{}', '1e400', '-3', '0.5'))}")
        elif kind == 3:
            lines.append(
                f"{key} = {{ asset = {{ first_s = {choices.pick(('1', '-1', 'nan'))} }} }}"
            )
        else:
            lines.append(f'{key} = "{choices.text()}"')
    return "\n".join(lines)


@subject
def configuration_files(choices: Choices) -> None:
    """Any file: a profile or a ConfigError, and the same of its explanation."""
    path = FOLDER / "portraitkit.toml"
    text = _toml(choices)
    path.write_bytes(text.encode("utf-8", "surrogatepass") + choices.rest())
    name = choices.pick((None, *NAMES, "mine"))
    with warnings.catch_warnings(), patch.dict("os.environ", {"KEY": "sk-x"}, clear=True):
        warnings.simplefilter("ignore")
        profile = _tried(lambda: load_profile(name, config=path, environ={}))
        assert profile is None or isinstance(profile, Profile)
        told = _tried(lambda: pk.explain_config(name, config=path, environ={}))
        assert told is None or isinstance(told, str)
        _ = _tried(lambda: build_provider(name, {}, config_file=path))


def _json_like(choices: Choices, keys: tuple[str, ...]) -> Any:
    return choices.json(keys, 3)


@subject
def settings_given(choices: Choices) -> None:
    """Any settings as arguments: a provider that can work, or a ConfigError."""
    name = choices.pick(VENDORS)
    keys = ("base_url", "assets_url", "video_url", "callback_url", "account", "models", "pacing",
            "strict_limits", "verification_life_s", "project_name", "region", "token_paging",
            "media_folder", "media_url", "session_token", "assets", "library_key",
            "media_host", "media_options", "media_link_life_s")  # fmt: skip
    credentials = dict.fromkeys(("api_key", "access_key", "secret_key"), "sk-0123")
    given: dict[str, Any] = {
        key: value
        for key, value in credentials.items()
        if key == "api_key" or name in ("volcengine", "byteplus", "apiyi")
    }
    for _ in range(choices.below(4)):
        given[choices.key(keys)] = _json_like(choices, ("asset", "first_s", "deadline_s", "x"))
    with patch.dict("os.environ", {}, clear=True):
        made = _tried(lambda: build_provider(name, given, config_file=FOLDER / "empty.toml"))
    if made is None:
        return
    provider = made[1]
    assert repr(provider)
    simulator = load(name)()
    _ = simulator.add_account(evolve_account(provider))

    def answer(request: Request) -> Response:
        if request.auth is not Auth.NONE:
            request = provider.authorize(request, now=simulator.world.now())
        return simulator.handle(request)

    for call in (
        lambda: provider.create_group("Mia"),
        lambda: provider.start_verification("Ann"),
        lambda: provider.wait_for_video("vgen_1", deadline_s=60),
        lambda: provider.wait_until_active(things_id(name), deadline_s=30),
        lambda: provider.create_video(pk.VideoRequest(prompt="rain", model=choices.text())),
    ):
        try:
            flow = call()
        except PortraitError:
            continue
        got = outcome(flow, provider, answer)
        assert str(got)
        if isinstance(got, pk.Verification):
            for ref in (got, got.handle):
                seen = outcome(provider.check_verification(ref), provider, answer)
                judge(name, "check_verification", seen, provider.account)


def evolve_account(provider: Any) -> SimAccount:
    """The account whose credentials a provider has."""
    credentials = {
        key: getattr(provider, key).reveal()
        for key in ("api_key", "access_key", "secret_key", "session_token")
        if getattr(provider, key, None)
    }
    return SimAccount(name="main", **credentials)


def things_id(name: str) -> str:
    return "ta_0123456789abcdef" if name == "token360" else "asset-20260318035710-abcde"


(FOLDER / "empty.toml").write_text("")


@subject
def secrets_by_reference(choices: Choices) -> None:
    """Any reference: a secret or a ConfigError that does not show it."""
    text = choices.pick(("env:", "file:", "keyring:", "", "ENV:")) + choices.text()
    (FOLDER / "key").write_bytes(choices.raw())
    with (
        warnings.catch_warnings(),
        patch("portraitkit.config.references.import_module", _no_keyring),
    ):
        warnings.simplefilter("ignore")
        found = _tried(
            lambda: read_reference(
                text, field="api_key", where="here", folder=FOLDER, environ={"KEY": "sk-x"}
            )
        )
    assert found is None or isinstance(found, Secret)
    assert show_reference(f"env:{text}", folder=FOLDER, environ={})


def _no_keyring(name: str) -> Any:
    raise ImportError(name)


@subject
def origins(choices: Choices) -> None:
    """Any base URL: an origin, or a ConfigError."""
    url = choices.pick(("https://", "http://", "http://127.0.0.1", "")) + choices.text()
    found = _tried(lambda: check_origin(url, field="base_url"))
    assert found is None or check_origin(found, field="base_url") == found
    assert isinstance(origin_of(url), str)
    assert isinstance(is_loopback(url), bool)


# -- prompts and bodies ----------------------------------------------------------------------------


def _video_request(choices: Choices) -> Any:
    def source() -> str:
        return choices.pick(("asset://asset-1", "https://a.example/x.png", things_id("alltoken")))

    def references() -> Any:
        return {choices.text(): source() for _ in range(choices.below(3))}

    media: Any = choices.pick((None, "frames", "references"))
    if media == "frames":
        media = pk.Frames(first=source(), last=choices.pick((None, choices.text())))
    elif media == "references":
        media = pk.References(
            images=references(), videos=references(), audios=[source()] * choices.below(3)
        )
    return pk.VideoRequest(
        prompt=choices.text() + choices.text(),
        model=choices.pick(("seedance-2.0", "seedance-1.5-pro", choices.text())),
        media=media,
        duration_s=choices.pick((None, -1, 0, 5, 10**30)),
        ratio=choices.pick((None, "16:9", choices.text())),
        seed=choices.pick((None, 1, -(10**40))),
        watermark=choices.pick((None, True)),
        callback_url=choices.pick((None, choices.text())),
        extra={choices.pick(VENDORS): {choices.text(): choices.json(("model", "prompt"), 2)}},
    )


@subject
def prompts_and_requests(choices: Choices) -> None:
    """Any request with any labels: a preview or a PortraitError, at every vendor."""
    request = _tried(lambda: _video_request(choices))
    if request is None:
        return
    _ = _tried(lambda: write_prompt(request.prompt, request.media))
    provider = PROVIDERS[choices.pick(NAMES)]
    policy: Any = choices.pick(("raise", "drop", {"callback_url": "drop"}, choices.text()))
    strict = choices.pick((None, True, False))
    preview = _tried(
        lambda: provider.preview_video(request, on_unsupported=policy, strict_limits=strict)
    )
    assert preview is None or repr(preview)
    assert repr(request)


_BODY_KEYS = (
    "model", "prompt", "content", "type", "text", "image_url", "video_url", "audio_url", "url",
    "role", "frame_images", "frame_type", "input_references", "image_with_roles", "video_urls",
    "audio_urls", "image_urls", "duration", "ratio", "aspect_ratio", "size", "resolution", "seed",
    "generate_audio", "watermark", "callback_url", "return_last_frame",
)  # fmt: skip


@subject
def translators(choices: Choices) -> None:
    """Any JSON as a video body: read and rewritten between any two vendors, or refused."""
    body = choices.json(_BODY_KEYS)
    if isinstance(body, dict) and not choices.chance(4):
        body["model"] = choices.pick(("seedance-2.0", "doubao-seedance-2-0-260128", "x"))
    from_, to = choices.pick(VENDORS), choices.pick(VENDORS)
    parsed = _tried(lambda: pk.parse_video(from_, body))
    assert parsed is None or repr(parsed)
    made = _tried(lambda: pk.translate(body, from_=from_, to=to))
    assert made is None or repr(made)


@subject
def json_bodies(choices: Choices) -> None:
    """Any values that callers pass: JSON bytes, or an InvalidInputError."""
    odd: Any = choices.pick((None, b"x", object(), {1: 2}, {None: 1}, {("a",): 1}, set()))
    value = {choices.text(): choices.json(("a", "b")), "odd": odd}
    if not choices.chance(2):
        del value["odd"]
    found = _tried(lambda: json_body(value))
    assert (
        found is None
        or try_decode(Response(status=200, content=found, received_at=NOW)) is not None
    )


# -- what arrives ----------------------------------------------------------------------------------


@subject
def callbacks(choices: Choices) -> None:
    """Any return of the face check's page: a check that still waits, or an InvalidInputError."""
    name = choices.pick(("alltoken", "volcengine", "xcompute"))
    provider = PROVIDERS[name]
    received: Any
    if choices.chance(2):
        received = choices.json(("bytedToken", "resultCode", "byted_token", "BytedToken"), 2)
        received = received if isinstance(received, dict) else {"bytedToken": received}
    else:
        start = choices.pick(("", "?", "https://app.example/?", "bytedToken="))
        received = (
            f"{start}{choices.text()}&bytedToken={choices.text()}&resultCode={choices.text()}"
        )
    check = _tried(lambda: provider.read_callback(received))
    if check is None:
        return
    judge(name, "read_callback", check)
    told = choices.pick(templates(name))
    answer = Response(status=200, content=dumped(told), received_at=NOW)
    for ref in (check, check.handle):
        got = outcome(provider.check_verification(ref), provider, lambda _: answer)
        judge(name, "check_verification", got)


@subject
def retry_after(choices: Choices) -> None:
    """Any `Retry-After`: seconds from now on, or nothing."""
    text = choices.pick(("", "Wed, ", "21 Oct 2026 ", "0")) + choices.text()
    for received_at in (NOW, NOW + timedelta(days=9_000)):
        found = retry_after_s(
            Response(status=429, headers={"retry-after": text}, received_at=received_at)
        )
        assert found is None or (found >= 0 and not math.isnan(found))


@subject
def bodies(choices: Choices) -> None:
    """Any bytes as a body: decoded, or an UnexpectedResponseError."""
    answer = Response(
        status=200,
        headers={"content-type": choices.text()},
        content=choices.rest(),
        received_at=NOW,
    )
    _ = _tried(lambda: decode(answer))


@subject
def sinks(choices: Choices) -> None:
    """Any pieces of any answer, also falsely labelled as compressed: taken, or a TransportError."""
    limit = choices.pick((0, 10, 1000))
    request = Request(method="GET", url="https://a.example/", limit_bytes=limit)
    if choices.chance(3):
        request = evolve(request, save_to=PartialFile(FOLDER / "taken"))
    sink = ResponseBody(request, 60)
    headers = {
        "Content-Encoding": choices.pick(("", "gzip", "x-gzip", "br", " GZIP ")),
        "content-length": choices.pick(("", "0", "5", choices.text())),
        "accept-ranges": choices.pick(("", "bytes")),
        "etag": choices.pick(("", '"v1"', choices.text())),
        "content-range": choices.pick(("", "bytes 3-4/5", choices.text())),
    }
    if not headers["Content-Encoding"]:
        del headers["Content-Encoding"]
    try:
        with contextlib.suppress(PortraitError, TransportError):
            _ = sink.asks()
            sink.begin(choices.pick((200, 206, 404, 416)), headers)
            for _ in range(choices.below(4)):
                sink.take(choices.pick((b"", b"\x1f", b"\x8b\x08")) + choices.raw())
            assert len(sink.response().content) <= limit
    finally:
        sink.leave()
    parts = list(FOLDER.glob(".taken*.part"))
    assert len(parts) <= 1
    assert all(each.stat().st_size <= limit for each in parts)


@subject
def media(choices: Choices) -> None:
    """Any bytes, names and URLs as media: taken, or a MediaError."""
    kind = choices.pick((None, MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO))
    start = choices.pick(
        (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBP", b"0000ftypmp42")
    )
    upload = _tried(lambda: as_upload(start + choices.raw(), filename=choices.text(), media=kind))
    if upload is not None:
        for rules in PROVIDERS["volcengine"].media_rules.values():
            assert isinstance(list(rules.check(upload)), list)
        body, content_type = multipart(
            {"a": choices.text()},
            name="file",
            filename=upload.filename,
            content=upload.content,
            content_type=upload.content_type,
        )
        headers = {"Content-Type": content_type}
        sent = Request(method="POST", url="https://a.example", headers=headers, content=body)
        assert form_of(sent)["file"].content == upload.content
        assert FolderMediaHost(FOLDER / "published", "https://m.example").publish(
            upload.content, filename=upload.filename, content_type="x"
        )
    link = _tried(lambda: as_link(choices.pick(("https://", "")) + choices.text(), media=kind))
    assert link is None or origin_of(link.url.reveal())


@subject
def masks(choices: Choices) -> None:
    """Any text with any secrets: the secrets are gone, whatever stands around them."""
    secret = "sk-" + choices.raw(30).hex()
    text = f"{choices.text()}{secret}{choices.text()}"
    if len(secret) > len("sk-"):
        assert secret not in masker([secret, choices.text()], in_paths=choices.chance(2))(text)
    assert isinstance(masker([choices.text()])(choices.text()), str)


# -- the vendors' side -----------------------------------------------------------------------------


@cache
def _prepared(name: str) -> Simulator:
    simulator = load(PROVIDERS[name].name if name in PROVIDERS else name)()
    _ = simulator.add_account(ACCOUNT)
    return simulator


_BOUNDARY = b"--b\r\nContent-Disposition: form-data; name="


@subject
def forms(choices: Choices) -> None:
    """Any bytes as a form: parts, never an exception, here and in a simulator's upload."""
    kind = choices.pick(
        ("multipart/form-data; boundary=b", "multipart/form-data", "", choices.text())
    )
    parts = b"".join(
        _BOUNDARY + choices.pick((b'"file"', b'"GroupId"', b"", b'"a'))
        + choices.pick((b"; filename=x", b'; filename="x.png"', b""))
        + choices.pick((b"\r\n", b"\r\nContent-Type: image/png\r\n", b"\n"))
        + choices.raw() + choices.pick((b"\r\n\r\n", b"")) + choices.raw() + b"\r\n"
        for _ in range(choices.below(4))
    )  # fmt: skip
    request = Request(
        method="POST",
        url="https://simulator.invalid/v1/portrait/upload",
        headers={"Content-Type": kind},
        content=parts + choices.pick((b"--b--\r\n", b"", choices.rest())),
    )
    for name, part in form_of(request).items():
        assert isinstance(name, str)
        assert isinstance(part.content, bytes)
    for name, url in (
        ("alltoken", request.url),
        ("token360", "https://simulator.invalid/v1/assets"),
    ):
        provider = PROVIDERS[name]
        sent = provider.authorize(evolve(request, url=url, auth=Auth.BEARER), now=NOW)
        assert isinstance(_prepared(name).handle(sent), Response)


@subject
def requests_at_simulators(choices: Choices) -> None:
    """Any body and query at every path of a simulator: an answer, never an exception."""
    name = choices.pick(NAMES)
    provider = PROVIDERS[name]
    paths = {
        "alltoken": ("/v1/portrait/", "/v1/videos/generations", "/v1/videos/generations/x"),
        "token360": ("/v1/asset-groups", "/v1/asset-groups/x", "/v1/assets", "/v1/videos"),
        "volcengine": ("/", "/api/v3/contents/generations/tasks"),
        "apiyi": ("/", "/seedance/api/v3/contents/generations/tasks"),
        "xcompute": (
            "/v1/seedance2/real-avatar",
            "/v1/seedance2/private-avatar",
            "/v1/videos/generations",
            "/v1/tasks/x",
        ),
        "apimart": ("/v1/uploads/images", "/v1/seedance2/private-avatar", "/v1/tasks/x"),
        "byteplus": ("/", "/api/v3/contents/generations/tasks"),
        "apiyi-icover": (
            "/api/storage/presign",
            "/api/asset-library/groups",
            "/api/asset-library/assets",
            "/api/asset-library/assets/x",
            "/api/asset-library/real-person/sessions",
            "/api/asset-library/real-person/sessions/x",
            "/bucket/x",
        ),
    }[name]
    path = choices.pick((*paths, "/h5/x"))
    actions = (
        "CreateAssetGroup", "GetAssetGroup", "ListAssetGroups", "UpdateAssetGroup", "CreateAsset",
        "GetAsset", "ListAssets", "UpdateAsset", "DeleteAsset", "CreateVisualValidateSession",
        "GetVisualValidateResult", "x",
    )  # fmt: skip
    body_keys = (*_BODY_KEYS, "Name", "GroupType", "Filter", "GroupId", "GroupIds", "URL", "Id",
                 "AssetType", "CallbackURL", "BytedToken", "PageNumber", "PageSize", "NextToken",
                 "MaxResults", "name", "groupKind", "group_id", "group", "assets", "asset_type",
                 "callback_url", "byted_token", "project_name", "Statuses", "SortBy", "ext",
                 "contentType", "imageUrl", "groupId", "label", "assetType")  # fmt: skip
    content = dumped(choices.json(body_keys)) if not choices.chance(4) else choices.raw()
    query = (
        {"Action": choices.pick(actions), "Version": "2024-01-01"}
        if "portrait" in path or path == "/"
        else {
            choices.pick(
                ("current", "size", "limit", "page_num", "keyword", "after")
            ): choices.text()
        }
    )
    base = "https://open.volcengineapi.com" if path == "/" else "https://simulator.invalid"
    auth = Auth.SIGNATURE if path == "/" else Auth.BEARER
    if path.startswith(("/api/", "/bucket/")) and name == "apiyi-icover":
        base, auth = provider.assets_url, Auth.LIBRARY
    elif name == "apiyi-icover":
        base = provider.video_url
    request = Request(
        method=choices.pick(("POST", "GET", "DELETE", "PATCH", "PUT")),
        url=base + path,
        query=query,
        headers={"Content-Type": choices.pick(("application/json", "text/plain"))},
        content=content,
        auth=auth,
    )
    simulator = _prepared(name)
    sent = provider.authorize(request, now=simulator.world.now())
    assert isinstance(simulator.handle(sent), Response)
    assert isinstance(query_of(sent), dict)
    _ = json_of(sent)


@subject
def signatures(choices: Choices) -> None:
    """Any request to be verified: an access key, or the vendor's refusal."""
    headers = {
        choices.pick(
            ("Authorization", "X-Date", "Host", "X-Content-Sha256", "x-security-token")
        ): choices.pick(
            (
                "HMAC-SHA256 Credential=AK/20260102/cn-beijing/ark/request, "
                "SignedHeaders=host;x-date, Signature=" + "0" * 64,
                "20260102T030405Z",
                choices.text(),
            )
        )
        for _ in range(choices.below(5))
    }
    request = Request(
        method="POST",
        url="https://open.volcengineapi.com/",
        query={choices.text().encode("utf-8", "replace").decode(): "x"},
        headers=headers,
        content=choices.raw(),
    )
    keys = KeyPair(secret_key=Secret("secret"))
    _ = _tried(
        lambda: verify(
            request, keys_of=lambda _: keys, region="cn-beijing", service="ark", now=NOW
        ),
        SignatureRefusedError,
    )


@subject
def addresses_on_the_wire(choices: Choices) -> None:
    """Any address and header, handed to the real transport: a TransportError before any byte."""
    request = Request(
        method="GET",
        url=choices.pick(("http://127.0.0.1:1/", "http://[", "")) + choices.text(),
        query={choices.text(): choices.text()} if choices.chance(2) else {},
        headers={"X-A": choices.text()} if choices.chance(2) else {},
    )
    assert repr(request)
    if not is_loopback(request.url):
        return
    try:
        _ = _transport().send(request)
    except TransportError as fault:
        assert fault.outcome in Outcome


@cache
def _transport() -> HttpxTransport:
    import httpx

    def refuse(_: Any) -> Any:
        raise httpx.ConnectError("nobody is there")

    return HttpxTransport(httpx.Client(transport=httpx.MockTransport(refuse)))


def fuzz_input(data: bytes) -> str:
    """Let bytes choose a subject and its input."""
    choices = Choices(data)
    name = choices.pick(sorted(SUBJECTS))
    with contextlib.redirect_stderr(io.StringIO()):
        SUBJECTS[name](choices)
    return name


__all__ = ["SUBJECTS", "AssetStatus", "GroupKind", "drive", "fuzz_input"]
