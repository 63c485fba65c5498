"""Arguments on their way into a journal and back: nothing lost but secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.journal.arguments import call_of
from portraitkit.journal.arguments import calls_of as tell
from portraitkit.journal.records import Record
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.handles import Handle
from portraitkit.values.models import Asset, Group, Verification, VideoTask
from portraitkit.values.portraits import OneOf
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import GroupKind, MediaType
from portraitkit.values.video import Frames, Reference, References, VideoRequest

KEY = "sk-not-a-real-key-0123456789"
ALLTOKEN = AllToken(api_key=Secret(KEY), account_name="main")
ASSET = Asset(provider="alltoken", account="main", id="asset-1")
CHECK = Verification(provider="alltoken", account="main", id=None, ref="sealed", token=Secret("t"))
TASK = VideoTask(
    provider="alltoken", account="main", id="vgen_1", video_link=Secret("https://x/?a")
)
GROUP = Group(provider="alltoken", account="main", id="group-1")
SIGNED = "https://cdn.example/mia.jpg?Signature=0123456789abcdef"

ELSEWHERE = str(Handle("token360", "other", "asset", "ta_1"))
EITHER = OneOf(ASSET.handle, ELSEWHERE)
sources = st.sampled_from(
    [EITHER, ASSET.handle, "asset://asset-2", "asset-3", "https://cdn.example/m.jpg"]
)
words = st.text(max_size=20).filter(lambda text: "://" not in text and "sk-" not in text)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
frames = st.builds(Frames, first=sources, last=st.none() | sources)
references = st.builds(
    References,
    images=st.dictionaries(names, sources, max_size=3),
    videos=st.lists(st.builds(Reference, source=sources), max_size=2),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
requests = st.builds(
    VideoRequest,
    prompt=words,
    model=words,
    media=st.none() | frames | references,
    duration_s=st.none() | st.integers(-1, 60),
    ratio=st.none() | words,
    resolution=st.none() | words,
    generate_audio=st.none() | st.booleans(),
    seed=st.none() | st.integers(),
    watermark=st.none() | st.booleans(),
    extra=st.dictionaries(words, st.dictionaries(words, json_values, max_size=2), max_size=2),
)


def kept(operation, **arguments):
    """Tell a call of one job, put it through JSON, and read it."""
    (told,) = tell(operation, ALLTOKEN, arguments)
    arguments = json.loads(json.dumps(told.arguments))
    others = {"group", "source", "task", "path", "asset", "name", "request"} - set(arguments)
    missing = (*told.missing, *others)
    record = Record(id="1", operation=operation, arguments=arguments, missing=missing)
    return call_of(record, ALLTOKEN), told


@given(request=requests)
def test_a_video_request_comes_back(request):
    """Prompt, media, scalars and extras are the same after a journal."""
    call, told = kept("create_video", request=request, on_unsupported={"seed": "drop"})

    assert request == call["request"]
    assert {"seed": "drop"} == call["on_unsupported"]
    assert () == told.missing


@given(name=words, kind=st.sampled_from(GroupKind), description=words)
def test_a_groups_arguments_come_back(name, kind, description):
    """Kinds are kept by their words."""
    call, told = kept("create_group", name=name, kind=kind, description=description)

    assert {"name": name, "kind": kind, "description": description} == call
    assert () == told.missing


@pytest.mark.parametrize(
    ("operation", "name", "thing", "expected"),
    [
        ("wait_until_active", "asset", ASSET, ASSET.handle),
        ("wait_until_active", "asset", "asset-1", ASSET.handle),
        ("wait_until_active", "asset", "asset://asset-1", ASSET.handle),
        ("wait_for_video", "task", TASK, TASK.handle),
        ("wait_for_video", "task", "vgen_1", TASK.handle),
        ("wait_until_verified", "verification", CHECK, CHECK.handle),
        ("add_asset", "group", GROUP, GROUP.handle),
        ("add_asset", "group", "group-1", GROUP.handle),
    ],
)
def test_things_are_kept_by_their_handles(operation, name, thing, expected):
    """An object, its handle and its bare id come to the same."""
    call, told = kept(operation, **{name: thing})

    assert expected == call[name]
    assert told.thing == ("" if name == "group" else expected)
    assert expected == told.about


def test_a_path_means_the_same_in_another_folder(monkeypatch, tmp_path):
    """Relative paths are made absolute, of sources and of targets."""
    monkeypatch.chdir(tmp_path)
    source, _ = kept("add_asset", group=GROUP, source="mia.jpg", media=MediaType.IMAGE)
    target, told = kept("download_video", task=TASK, path=Path("mia.mp4"))

    assert str(tmp_path / "mia.jpg") == source["source"]
    assert MediaType.IMAGE is source["media"]
    assert str(tmp_path / "mia.mp4") == target["path"]
    assert "" == told.thing


@pytest.mark.parametrize(
    ("operation", "arguments", "missing"),
    [
        ("add_asset", {"source": b"\xff\xd8\xff"}, "source"),
        ("add_asset", {"source": SIGNED}, "source"),
        ("add_asset", {"source": "https://user@cdn.example/mia.jpg"}, "source"),
        ("add_asset", {"source": f"https://cdn.example/{'a1' * 16}/mia.jpg"}, "source"),
        ("add_asset", {"source": "mia.jpg", "name": f"with {KEY}"}, "name"),
        ("add_asset", {"source": "mia.jpg", "name": object()}, "name"),
        ("start_verification", {"callback_url": "https://app.example/back"}, "callback_url"),
        ("wait_until_verified", {"verification": "20260102030405ABCDEF"}, "verification"),
        ("wait_until_active", {"asset": "https://cdn.example/mia.jpg"}, "asset"),
        ("wait_for_video", {"task": None}, "task"),
        ("create_video", {"request": VideoRequest(prompt=f"see {SIGNED}")}, "request"),
        (
            "create_video",
            {"request": VideoRequest(prompt="a", media=Frames(first=SIGNED))},
            "request",
        ),
        (
            "create_video",
            {"request": VideoRequest(prompt="a", media=References(images=[SIGNED]))},
            "request",
        ),
        (
            "create_video",
            {"request": VideoRequest(prompt="a", callback_url="https://app.example/done")},
            "request",
        ),
        (
            "create_video",
            {"request": VideoRequest(prompt="a", extra={"alltoken": {"cb": SIGNED}})},
            "request",
        ),
        ("create_video", {"request": VideoRequest(prompt="a", extra={"a": {"b": {1}}})}, "request"),
    ],
)
def test_what_may_be_secret_is_left_out_and_named(operation, arguments, missing):
    """Bytes, signed and callback addresses, tokens, keys; and what JSON cannot hold."""
    _, told = kept(operation, **arguments)

    assert (missing,) == told.missing
    text = json.dumps(told.arguments)
    assert not any(each in text for each in (KEY, "0123456789abcdef", "app.example", "a1a1"))


def test_what_nobody_gave_is_not_missing():
    """A callback address that is None, and a listener, are nothing to give again."""
    call, told = kept("start_verification", name="Ann", callback_url=None, on_event=print)

    assert {"name": "Ann"} == call
    assert () == told.missing


def test_each_part_is_a_job_of_its_own():
    """Of several sources, and of several assets that are waited for."""
    added = tell("add_assets", ALLTOKEN, {"group": GROUP, "sources": ["/a.jpg", b"x"]})
    waited = tell(
        "wait_until_all_active", ALLTOKEN, {"assets": [ASSET, "asset-2"], "deadline_s": 5}
    )

    assert ["add_asset", "add_asset"] == [each.operation for each in added]
    assert [(), ("source",)] == [each.missing for each in added]
    assert ["wait_until_active"] * 2 == [each.operation for each in waited]
    assert [5, 5] == [each.arguments["deadline_s"] for each in waited]
    assert ASSET.handle == waited[0].thing
