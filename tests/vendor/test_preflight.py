"""What is known before anything is sent: limits as findings, impossibilities as errors."""

from __future__ import annotations

import io

import attrs
import pytest
from PIL import Image

from offered import offering
from portraitkit.operations.making import draft_video
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.testing import answer, replay
from portraitkit.values.errors import (
    InvalidInputError,
    PortraitError,
    PromptError,
)
from portraitkit.values.models import Asset, Group
from portraitkit.values.prompts import Role, Slot, slots_of
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import MediaType
from portraitkit.values.video import Frames, References, VideoRequest
from portraitkit.vendor.preflight import (
    VideoModel,
    check_asset_id,
    check_length,
    check_prompt,
    enforce,
)

PROVIDER = AllToken(api_key=Secret("sk-test-key"))
ASSET_ID = "asset-20260318035710-abcde"
RESULT = {"provider": "alltoken", "account": "a", "id": ASSET_ID}
MODEL = VideoModel(
    name="seedance-2.0",
    id="doubao-seedance-2.0",
    duration_s=(4, 15),
    resolutions=("480p", "720p"),
    ratios=("16:9", "9:16"),
    most={MediaType.IMAGE: 2, MediaType.AUDIO: 0},
    together=3,
    lacks=("seed",),
    prompt_length=10,
    source="a guide",
)
IMAGE = Slot(MediaType.IMAGE, Role.REFERENCE, "asset://a")
VIDEO = Slot(MediaType.VIDEO, Role.REFERENCE, "asset://d")
AUDIO = Slot(MediaType.AUDIO, Role.REFERENCE, "asset://b")
FRAME = Slot(MediaType.IMAGE, Role.FIRST_FRAME, "asset://c")


def findings(model=MODEL, slots=(), **members):
    return list(
        model.check(
            VideoRequest(prompt=members.pop("prompt", "x"), **members), slots, provider="acme"
        )
    )


# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "field", "found", "limit"),
    [
        ({"duration_s": 3}, "duration_s", 3, (4, 15)),
        ({"duration_s": 16}, "duration_s", 16, (4, 15)),
        ({"duration_s": 0}, "duration_s", 0, (4, 15)),
        ({"resolution": "8k"}, "resolution", "8k", ("480p", "720p")),
        ({"ratio": "5:4"}, "ratio", "5:4", ("16:9", "9:16")),
        ({"ratio": ""}, "ratio", "", ("16:9", "9:16")),
        ({"prompt": "x" * 11}, "prompt", 11, 10),
        ({"slots": (IMAGE,) * 3}, "media.images", 3, 2),
        ({"slots": (AUDIO,)}, "media.audios", 1, 0),
        ({"seed": 7}, "seed", 7, None),
        ({"slots": (IMAGE, IMAGE, VIDEO, VIDEO)}, "media", 4, 3),
    ],
)
def test_a_broken_limit_is_a_finding_with_its_source(members, field, found, limit):
    """A number or word outside what is documented says what was given, the limit and its source."""
    (finding,) = findings(**members)

    assert (finding.field, finding.found, finding.limit) == (field, found, limit)
    assert finding.source == "a guide"
    assert f"{field} {found!r} is outside what acme documents for doubao-seedance-2.0: " in str(
        finding.message
    )


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"duration_s": 4},
        {"duration_s": 15},
        {"duration_s": -1},
        {"resolution": "720p", "ratio": "9:16", "prompt": "x" * 10},
        {"slots": (IMAGE, IMAGE)},
        {"slots": (FRAME, FRAME, FRAME)},
    ],
)
def test_what_is_documented_has_no_findings(members):
    """The limits themselves, the model's own choice, and what is left open are within."""
    assert findings(**members) == []


def test_a_model_without_documented_limits_finds_nothing():
    """What no page states is not checked."""
    model = VideoModel(name="m", id="m", source="none")

    assert findings(model, slots=(IMAGE,) * 99, duration_s=999, ratio="1:99") == []


def test_every_broken_limit_of_a_request_is_found():
    """Findings do not hide each other."""
    found = findings(duration_s=99, ratio="?", resolution="?", prompt="x" * 99, slots=(AUDIO,))

    assert len(found) == 5


@pytest.mark.parametrize(("limit", "count"), [(None, 0), (4, 0), (3, 1)])
def test_a_length_is_compared_in_characters(limit, count):
    """A name of four Chinese characters has four, whatever their bytes."""
    assert len(list(check_length("name", "米娅微笑", limit, "a guide"))) == count


# -- strictness ------------------------------------------------------------------------------------


def test_findings_become_an_error_where_limits_are_strict():
    """The first finding is the error, and the others are counted."""
    both = tuple(findings(duration_s=3, ratio="5:4"))

    with pytest.raises(InvalidInputError, match=r"duration_s 3 .*\(and 1 more\)") as caught:
        enforce(both, provider="alltoken")
    with pytest.raises(InvalidInputError) as alone:
        enforce(both[1:], provider="alltoken")
    assert (caught.value.field, caught.value.provider) == ("duration_s", "alltoken")
    assert "more" not in alone.value.message


def test_no_findings_are_no_error():
    """Strictness costs nothing where nothing is found."""
    assert enforce((), provider="alltoken") is None


@pytest.mark.parametrize(
    ("profile", "call", "raises"),
    [(False, None, False), (True, None, True), (False, True, True), (True, False, False)],
)
def test_a_calls_strictness_wins_over_the_profiles(profile, call, raises):
    """`strict_limits` of a call decides, else the profile's; without either there are findings."""
    provider = attrs.evolve(PROVIDER, strict_limits=profile)
    request = VideoRequest(prompt="x", duration_s=99)

    if raises:
        with pytest.raises(InvalidInputError, match="duration_s"):
            provider.preview_video(request, strict_limits=call)
    else:
        preview = provider.preview_video(request, strict_limits=call)
        assert [each.field for each in preview.findings] == ["duration_s"]
        assert preview.body["duration"] == 99


def test_a_long_name_is_a_finding():
    """A name longer than documented is sent all the same."""
    (finding,) = PROVIDER.check_name("x" * 51)

    assert (finding.found, finding.limit) == (51, 50)
    assert PROVIDER.check_name("x" * 50) == ()
    with pytest.raises(InvalidInputError, match="51 characters"):
        PROVIDER.check_name("x" * 51, strict_limits=True)


# -- ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset_id", "prefix"),
    [(ASSET_ID, ""), ("ta_01K2X3", "ta_"), ("groupie", ""), ("2026-x", ""), ("tasks", "")],
)
def test_an_assets_id_passes(asset_id, prefix):
    """What may be an asset's id is left to the vendor."""
    assert check_asset_id(asset_id, provider="p", prefix=prefix, name="asset") is None


# -- prompts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        f"asset://{ASSET_ID} smiles",
        f"{ASSET_ID} smiles",
        f"the woman ({ASSET_ID}) smiles",
        "ta_0123456789abcdef0123 smiles",
        f"让asset://{ASSET_ID}微笑",
        f"让{ASSET_ID}微笑",
    ],
)
def test_a_raw_asset_id_in_a_prompt_is_refused(prompt):
    """The model would read the id as words: the error shows the label to write."""
    with pytest.raises(PromptError, match="would read as words") as caught:
        check_prompt(prompt, provider="alltoken")
    assert (caught.value.field, "{mia}" in caught.value.next_step) == ("prompt", True)


@pytest.mark.parametrize(
    "prompt", ["{mia} smiles", "an asset-rich company", "ta_da", "data_0123", "asset: a house"]
)
def test_ordinary_words_in_a_prompt_pass(prompt):
    """Words that only resemble an id are words."""
    assert check_prompt(prompt, provider="alltoken") is None


# -- what would be paid for and can never be what was meant ----------------------------------------

VENDORS = {
    name: provider_class(name)(
        **{
            each: Secret("sk-test")
            for each in ("api_key", "access_key", "secret_key")
            if each in {field.name for field in attrs.fields(provider_class(name))}
        }
    )
    for name in provider_names()
}
EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


def every_vendor_with(operation):
    """Those that offer it."""
    names = offering(operation)
    return pytest.mark.parametrize("vendor", [VENDORS[name] for name in names], ids=names)


def drafted(vendor, **members):
    request = VideoRequest(prompt=members.pop("prompt", "x"), **members)
    return draft_video(vendor, request, "drop", None)


def asset_of(vendor, media):
    prefix = (
        "ta_0123456789abcdef0123" if vendor.name == "token360" else "asset-20260318035710-abcde"
    )
    return Asset(provider=vendor.name, account=vendor.account, id=prefix, ref=prefix, media=media)


@EVERY_VENDOR
@pytest.mark.parametrize(
    "source", ["mia", "mia.jpg", "./mia", "C:\\mia.png", "asset://faces/mia.jpg", "a b"]
)
@pytest.mark.parametrize(
    "media",
    [lambda x: Frames(first=x), lambda x: References(images=[x]), lambda x: References(videos=[x])],
)
def test_a_files_name_is_no_asset(vendor, source, media):
    """It is refused before anything is paid, and the error says how a file becomes an asset."""
    with pytest.raises(InvalidInputError, match="is a (name|file)") as caught:
        drafted(vendor, media=media(source))
    assert "ensure_portrait" in caught.value.next_step


@EVERY_VENDOR
@pytest.mark.parametrize("media", [MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO])
@pytest.mark.parametrize(
    ("takes", "put"),
    [
        (MediaType.IMAGE, lambda x: Frames(first=x)),
        (MediaType.IMAGE, lambda x: References(images=[x])),
        (MediaType.VIDEO, lambda x: References(videos=[x])),
        (MediaType.AUDIO, lambda x: References(audios=[x])),
    ],
)
def test_an_asset_of_another_kind_is_refused(vendor, media, takes, put):
    """One that is known to be another kind goes nowhere else; one of no known kind is let pass."""
    unknown = put(attrs.evolve(asset_of(vendor, media), media=Asset(**RESULT).media))
    assert slots_of(unknown, lambda source, _: source.id)
    if media is takes:
        assert slots_of(put(asset_of(vendor, media)), lambda source, _: source.id)
        return
    with pytest.raises(InvalidInputError, match=media.value):
        drafted(vendor, media=put(asset_of(vendor, media)))


@pytest.mark.parametrize(
    "spoken", ["Image 2", "\u56fe2", "\u56fe\u7247 2", "Video 1", "\u89c6\u9891 1"]
)
@every_vendor_with("create_video")
def test_a_prompt_that_names_what_is_not_given(vendor, spoken):
    """Media are named by their position: one that is not there is a finding."""
    found = drafted(
        vendor,
        prompt=f"\u8ba9{spoken} smiles",
        media=References(images=["https://example.com/mia.jpg"]),
    )
    assert [spoken] == [each.found for each in found.findings if each.field == "prompt"]


# Source of each: the vendor's page that its model names as its source.
@pytest.mark.parametrize(
    ("name", "members", "field"),
    [
        *((each, {"seed": 7}, "seed") for each in ("volcengine", "byteplus", "apiyi")),
        *(
            (each, {"media": References(audios=["https://example.com/a.mp3"])}, "media.audios")
            for each in ("volcengine", "byteplus", "apiyi", "apimart", "xcompute")
        ),
        *(
            (each, {"media": References(images=["https://example.com/a.jpg"] * 10)}, "media.images")
            for each in ("volcengine", "byteplus", "apiyi", "apimart", "xcompute", "token360")
        ),
        *(
            (each, members, *members)
            for each in ("volcengine", "xcompute")
            for members in ({"duration_s": 3}, {"duration_s": 20}, {"ratio": "2:1"})
        ),
        *(
            (each, {"model": "seedance-2.0-fast", "resolution": "1080p"}, "resolution")
            for each in ("volcengine", "xcompute")
        ),
        ("apiyi", {"resolution": "4k"}, "resolution"),
        ("xcompute", {"duration_s": -1}, "duration_s"),
        (
            "xcompute",
            {"model": "doubao-seedance-2.0", "media": Frames(first="asset_a")},
            "model",
        ),
    ],
)
def test_documented_limits_of_a_video(name, members, field):
    """What a vendor's page says that Seedance 2.0 does not take is a finding there."""
    found = [each for each in drafted(VENDORS[name], **members).findings if each.field == field]

    assert found
    assert found[0].source


# -- strict limits, however a source comes ---------------------------------------------------------


def wide():
    buffer = io.BytesIO()
    Image.new("RGB", (7000, 10)).save(buffer, "PNG")
    return buffer.getvalue()


class Host:
    def publish(self, content, *, filename, content_type):
        raise AssertionError("nothing leaves before its limits are known")


@every_vendor_with("add_asset")
@pytest.mark.parametrize("form", ["bytes", "path"])
def test_strict_limits_hold_for_every_form_of_source(vendor, form, tmp_path):
    """A picture that is too wide is refused before it is sent anywhere, by whatever way it came."""
    path = tmp_path / "mia.png"
    _ = path.write_bytes(wide())
    group = Group(provider=vendor.name, account=vendor.account, id="group-20260318035710-abcde")
    source = wide() if form == "bytes" else path
    flow = attrs.evolve(vendor, media_host=Host()).add_asset(group, source, strict_limits=True)

    with pytest.raises(InvalidInputError, match="strict_limits"):
        _ = replay(flow, [])


FACE = "face-of-ann-0123456789"


class KnowsAFace(AllToken):
    """Names, in its request, something of the account's that nobody else may see."""

    def video_request(self, body):
        return attrs.evolve(
            super().video_request(body), secrets=(Secret("face-of-ann-0123456789"),)
        )


def test_what_an_adapters_request_calls_secret_stays_out_of_errors():
    """A vendor's refusal that quotes it is shown without it."""
    refusal = answer({"error": {"code": "x", "message": f"bad {FACE}"}}, 400)
    flow = KnowsAFace(api_key=Secret("sk-test-key")).create_video(VideoRequest(prompt="x"))

    with pytest.raises(PortraitError) as caught:
        _ = replay(flow, [refusal])
    assert "face-of-ann" not in str(caught.value) + repr(caught.value.vendor_message)
