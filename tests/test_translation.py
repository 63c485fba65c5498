"""A body for one vendor, rewritten for another: nothing is lost in silence."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_cases import json_values
from portraitkit.operations.making import find_model
from portraitkit.providers.registry import provider_class
from portraitkit.translation import parse_video, translate
from portraitkit.values.errors import ConfigError, InvalidInputError, PortraitError
from portraitkit.values.prompts import slots_of
from portraitkit.values.video import SCALARS
from video_cases import NAMES, bodies, body_of, marks_in, requests, vendor

every_source = pytest.mark.parametrize("from_", NAMES)  # each to all others


def others(name):
    """Every vendor but one."""
    return [each for each in NAMES if each != name]


ALLTOKEN = {
    "model": "seedance-2.0",
    "prompt": "Image 1 smiles",
    "content": [
        {
            "type": "image_url",
            "image_url": {"url": "asset://asset-1"},
            "role": "reference_image",
        }
    ],
    "duration": 5,
    "ratio": "16:9",
}


def test_a_body_is_respelled():
    """The same video, as the other vendor's guide writes it."""
    found = translate(
        ALLTOKEN, from_="alltoken", to="token360", assets={"asset://asset-1": "asset://ta_1"}
    )

    assert found.body == {
        "model": "seedance-2.0",
        "prompt": "Image 1 smiles",
        "input_references": [{"type": "image_url", "image_url": {"url": "asset://ta_1"}}],
        "duration": 5,
        "aspect_ratio": "16:9",
    }
    assert found.losses == ()
    assert found.request.prompt == "{image_1} smiles"


def test_an_asset_of_the_other_vendor_is_a_loss():
    """A portrait does not move by itself: the loss names field, address and what to do."""
    found = translate(ALLTOKEN, from_="alltoken", to="token360")

    (loss,) = found.losses
    assert (loss.field, loss.value) == ("media.images.image_1", "asset://asset-1")
    assert loss.why == "register it at token360 first"
    assert found.body["input_references"][0]["image_url"]["url"] == "asset://asset-1"


def test_a_member_that_only_the_one_vendor_has_is_a_loss():
    """What is in `extra` does not go into another vendor's body."""
    found = translate(
        {"model": "seedance-2.0", "prompt": "x", "safety": {"level": 1}},
        from_="alltoken",
        to="token360",
    )

    assert [(loss.field, loss.value) for loss in found.losses] == [("safety", {"level": 1})]
    assert (found.body, found.request.extra) == ({"model": "seedance-2.0", "prompt": "x"}, {})


def test_a_model_is_translated_by_its_neutral_name():
    """The vendors' own names for one model are exchanged; portraits get the advised one."""
    body = {"model": "doubao-seedance-2-0-260128", "content": [{"type": "text", "text": "x"}]}
    frame = {
        "type": "image_url",
        "image_url": {"url": "asset://asset-1"},
        "role": "first_frame",
    }
    portrait = {**body, "content": [*body["content"], frame]}

    assert translate(body, from_="volcengine", to="alltoken").body["model"] == "seedance-2.0"
    assert translate(portrait, from_="volcengine", to="xcompute").body["model"] == (
        "doubao-seedance-2.0-face"
    )


def test_a_model_that_the_other_vendor_does_not_list_is_a_loss():
    """An unknown model is passed on as it is, and said."""
    found = translate({"model": "kling-3", "prompt": "x"}, from_="alltoken", to="token360")

    assert [(loss.field, loss.value) for loss in found.losses] == [("model", "kling-3")]
    assert found.body["model"] == "kling-3"


@pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"model": None}, {"model": 7}])
def test_a_body_without_a_model_is_refused(body):
    """What is no video body is refused before anything is guessed."""
    with pytest.raises(InvalidInputError, match="a JSON object with a model"):
        parse_video("alltoken", body)


def test_an_unknown_vendor_is_refused():
    """Either name is looked up, and a near one offered."""
    with pytest.raises(ConfigError, match="no adapter is named 'altoken'") as caught:
        translate(ALLTOKEN, from_="altoken", to="token360")
    with pytest.raises(ConfigError):
        translate(ALLTOKEN, from_="alltoken", to="token36O")
    assert "did you mean 'alltoken'?" in caught.value.next_step


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_translating_to_the_same_vendor_changes_nothing(name, data):
    """A body that this library wrote is the same again, its own extras and model's name too."""
    request, _ = data.draw(requests(name))
    body, _ = body_of(name, request)
    found = translate(body, from_=name, to=name)

    assert found.body == body
    assert found.losses == ()


@pytest.mark.matrix
@every_source
@given(data=st.data())
def test_a_translated_body_reads_as_the_same_request(from_, data):
    """At any other vendor it is the same video, less the losses that were declared."""
    request, positional = data.draw(requests(from_))
    body, left_out = body_of(from_, request)
    for to in others(from_):
        there = translate(body, from_=from_, to=to)
        found = parse_video(to, there.body)

        gone = {each.field for each in (*left_out, *there.losses)} & set(SCALARS)
        shared = vendor(to).dialect.name == vendor(from_).dialect.name != ""
        own = request.extra.get(from_, {}) if shared else {}
        extra = {to: own} if own else {}
        assert found.request == attrs.evolve(positional, extra=extra, **dict.fromkeys(gone))
        assert found.losses == ()
        assert gone <= set(SCALARS) - (
            set(vendor(from_).dialect.fields) & set(vendor(to).dialect.fields)
        )


@pytest.mark.matrix
@every_source
@given(data=st.data())
def test_every_foreign_asset_is_a_loss_until_it_is_mapped(from_, data):
    """Assets are declared one by one; with a counterpart for each, all are replaced."""
    request, _ = data.draw(requests(from_))
    body, _ = body_of(from_, request)
    urls = [slot.url for slot in slots_of(request.media, lambda source, _: source)]
    foreign = [url for url in urls if url.startswith("asset://")]
    counterparts = {url: f"asset://there-{number}" for number, url in enumerate(foreign)}
    for to in others(from_):
        bare = translate(body, from_=from_, to=to)
        mapped = translate(body, from_=from_, to=to, assets=counterparts)

        assert [loss.value for loss in bare.losses if "register" in loss.why] == foreign
        assert not [loss for loss in mapped.losses if "register" in loss.why]
        assert not any(repr(url) in repr(mapped.body) for url in foreign)


@pytest.mark.matrix
@every_source
@given(data=st.data())
def test_whatever_was_sent_is_in_the_other_body_or_declared_lost(from_, data):
    """No address disappears in silence, however odd the body is, and none makes it fail."""
    body = data.draw(bodies(from_))
    for to in NAMES:
        found = translate(body, from_=from_, to=to)

        assert marks_in(body) <= marks_in((found.body, found.losses))


@every_source
@given(body=json_values(st.sampled_from(["model", "prompt", "content", "frame_images", "type"])))
def test_any_json_is_translated_or_refused(from_, body):
    """Arbitrary JSON raises nothing but a PortraitError."""
    for to in others(from_):
        try:
            found = translate(body, from_=from_, to=to)
        except PortraitError:
            continue

        assert "model" in found.body


def test_a_model_that_takes_no_assets_is_a_loss():
    """A portrait on its way to an older model is said to be lost there."""
    item = {"type": "image_url", "image_url": {"url": "asset://asset-1"}, "role": "first_frame"}
    body = {"model": "seedance-1.5-pro", "prompt": "x", "content": [item]}

    moved = translate(body, from_="alltoken", to="token360")

    assert "model" in [loss.field for loss in moved.losses]


@pytest.mark.parametrize("to", NAMES)
@pytest.mark.parametrize(
    ("member", "value"),
    [("resolution", "4k"), ("resolution", "720p"), ("duration", -1), ("seed", 7)],
)
def test_a_value_is_one_that_the_other_vendor_lists_or_a_finding(to, member, value):
    """A documented value is written as that vendor spells it; any other is said to be lost."""
    field = {"duration": "duration_s"}.get(member, member)
    model = "doubao-seedance-2-0-260128"
    body = {"model": model, "content": [{"type": "text", "text": "x"}], member: value}
    cls = provider_class(to)
    known = find_model(cls.video_models, "seedance-2.0")

    found = translate(body, from_="volcengine", to=to)

    lost = field in [each.field for each in (*found.losses, *found.findings)]
    if known is None:
        assert "model" in [each.field for each in found.losses]
        return
    spelled = cls.dialect.fields.get(field)
    written = found.body.get(spelled.key) if spelled else None
    if member == "resolution":
        assert lost or written in known.resolutions
        assert lost or written.lower() == value
    else:
        assert lost or written == value
    assert lost or to == "volcengine" or not list(known.check(found.request, (), provider=to))


def test_members_of_one_dialect_go_along():
    """Volcengine and BytePlus take the same body: what only it has is not lost between them."""
    body = {"model": "doubao-seedance-2-0-260128", "content": [{"type": "text", "text": "x"}]}

    found = translate({**body, "service_tier": "flex"}, from_="volcengine", to="byteplus")

    assert "flex" == found.body["service_tier"]
    assert [] == [each for each in found.losses if each.field == "service_tier"]
