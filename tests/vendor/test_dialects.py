"""Each vendor's video body, written and read back."""

from __future__ import annotations

import json
import warnings

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.providers.registry import provider_class
from portraitkit.translation import parse_video
from portraitkit.values.errors import InvalidInputError, UnsupportedError
from portraitkit.values.prompts import Role, Slot
from portraitkit.values.statuses import MediaType
from portraitkit.values.video import SCALARS, Frames, References, VideoRequest
from portraitkit.vendor.dialect import Loss, MediaRead, VideoDialect, unsupported
from video_cases import NAMES, bodies, body_of, marks_in, requests, vendor

every_vendor = pytest.mark.parametrize("name", NAMES)

FIRST = Slot(MediaType.IMAGE, Role.FIRST_FRAME, "asset://first")
LAST = Slot(MediaType.IMAGE, Role.LAST_FRAME, "asset://last")
IMAGE = Slot(MediaType.IMAGE, Role.REFERENCE, "asset://image")


def dialect(slots=(), prompt="Image 1"):
    """A dialect that knows two fields, and reads what it is told to."""
    return VideoDialect(
        fields={"duration_s": "seconds", "ratio": "size"},
        write=lambda prompt, slots: {"text": prompt, "media": [slot.url for slot in slots]},
        read=lambda body: MediaRead(
            prompt=prompt, slots=tuple(slots), used=frozenset({"text", "media"})
        ),
        unsupported={"seed": "it is drawn by lot"},
    )


def compiled(request, policy="raise", slots=()):
    return dialect().compile(
        request,
        provider="toy",
        model_id="toy-1",
        prompt=request.prompt,
        slots=slots,
        on_unsupported=policy,
    )


# -- writing ---------------------------------------------------------------------------------------


def test_a_body_has_model_prompt_media_and_the_fields_that_are_set():
    """What is None is left to the vendor; False, 0 and an empty text are sent."""
    request = VideoRequest(prompt="x", duration_s=0, ratio="", extra={"toy": {"a": None}})

    assert compiled(request, slots=(FIRST,)) == (
        {
            "model": "toy-1",
            "text": "x",
            "media": ["asset://first"],
            "seconds": 0,
            "size": "",
            "a": None,
        },
        (),
    )


def test_only_the_providers_own_extra_is_sent():
    """Another vendor's block stays at home."""
    request = VideoRequest(prompt="x", extra={"toy": {"a": 1}, "other": {"b": 2}})

    assert compiled(request)[0] == {"model": "toy-1", "text": "x", "media": [], "a": 1}


@pytest.mark.parametrize("key", ["model", "text", "seconds"])
def test_extra_does_not_repeat_what_is_set(key):
    """Two values for one member are refused, as nobody could tell which was meant."""
    request = VideoRequest(prompt="x", duration_s=5, extra={"toy": {key: "y"}})

    with pytest.raises(InvalidInputError, match=f"repeats '{key}'") as caught:
        compiled(request)
    assert caught.value.field == f"extra.toy.{key}"


@pytest.mark.parametrize(
    ("members", "why"),
    [({"seed": 0}, "drawn by lot"), ({"watermark": False}, "toy documents no such member")],
)
@pytest.mark.parametrize("policy", ["raise", {}, {"ratio": "drop"}])
def test_what_cannot_be_expressed_is_an_error(members, why, policy):
    """Strict by default: the error names the field, and why the vendor cannot."""
    with pytest.raises(UnsupportedError, match=why) as caught:
        compiled(VideoRequest(prompt="x", **members), policy)
    assert caught.value.field in members
    assert caught.value.field in caught.value.next_step


@pytest.mark.parametrize("policy", ["drop", {"seed": "drop"}])
def test_what_cannot_be_expressed_can_be_left_out(policy):
    """Dropping is recorded with what was asked, and says nothing aloud."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        body, (adaptation,) = compiled(VideoRequest(prompt="x", seed=7), policy)

    assert "seed" not in body
    assert (adaptation.field, adaptation.asked, adaptation.sent) == ("seed", 7, None)


def test_leaving_out_can_warn():
    """`warn` records the same and warns."""
    with pytest.warns(UserWarning, match=r"toy: seed=7 is left out: it is drawn by lot"):
        _, (adaptation,) = compiled(VideoRequest(prompt="x", seed=7), {"seed": "warn"})

    assert adaptation.field == "seed"


@pytest.mark.parametrize("policy", ["ignore", {"seed": "Drop"}, {"seed": None}])
def test_a_misspelt_policy_leaves_nothing_out(policy):
    """Only `drop` and `warn` relax; another word is the caller's mistake, never silence."""
    with pytest.raises(InvalidInputError, match="on_unsupported") as caught:
        compiled(VideoRequest(prompt="x", seed=7), policy)
    assert caught.value.field == "on_unsupported"


def test_leaving_out_is_the_same_outside_a_video():
    """A description that a vendor has no place for goes the same way."""
    adaptation = unsupported("toy", "description", "tall", "no such member", "drop")

    assert (adaptation.field, adaptation.why) == ("description", "no such member")


# -- reading ---------------------------------------------------------------------------------------


def parsed(body, slots=(), prompt="Image 1"):
    return dialect(slots, prompt).parse(body, provider="toy", model="seedance-2.0")


def test_members_without_a_neutral_field_go_into_extra():
    """What only this vendor knows is kept under its name, so that writing repeats it."""
    found = parsed({"model": "toy-1", "text": "x", "seconds": 5, "a": {"b": 1}, "c": None})

    assert found.request.extra == {"toy": {"a": {"b": 1}}}
    assert (found.request.duration_s, found.request.ratio, found.losses) == (5, None, ())


@pytest.mark.parametrize("odd", ["5", 5.0, True, [5]])
def test_a_value_of_another_type_is_a_loss(odd):
    """A duration that is no integer is not guessed."""
    found = parsed({"seconds": odd})

    assert found.losses == (Loss(field="seconds", value=odd, why="not a value for duration_s"),)
    assert found.request.duration_s is None


@pytest.mark.parametrize(
    ("slots", "media", "lost"),
    [
        ((FIRST, IMAGE), Frames(first="asset://first"), ["asset://image"]),
        ((IMAGE, LAST), References(images=["asset://image"]), ["asset://last"]),
        ((LAST,), None, ["asset://last"]),
        (
            (
                FIRST,
                attrs.evolve(FIRST, url="asset://2"),
                LAST,
                attrs.evolve(LAST, url="asset://3"),
            ),
            Frames(first="asset://first", last="asset://last"),
            ["asset://2", "asset://3"],
        ),
        (
            (IMAGE, LAST, FIRST),
            Frames(first="asset://first", last="asset://last"),
            ["asset://image"],
        ),
    ],
)
def test_media_that_do_not_go_together_are_losses(slots, media, lost):
    """Frames win over references, a last frame needs a first, and there is one of each."""
    found = parsed({}, slots)

    assert found.request.media == media
    assert [loss.value for loss in found.losses] == lost


def test_a_prompt_names_only_media_that_are_kept():
    """Words for a reference that was lost stay words, so that the prompt can be sent."""
    assert parsed({}, (FIRST, IMAGE)).request.prompt == "Image 1"
    assert parsed({}, (IMAGE,)).request.prompt == "{image_1}"


# -- every vendor ----------------------------------------------------------------------------------


@every_vendor
@given(data=st.data())
def test_reading_a_written_body_gives_the_request_again(name, data):
    """What was asked comes back, less what the vendor cannot express; names become positions."""
    request, positional = data.draw(requests(name))
    body, adaptations = body_of(name, request)
    found = parse_video(name, body)

    lost = {each.field: None for each in adaptations}
    own = {name: request.extra[name]} if name in request.extra else {}
    assert found.request == attrs.evolve(positional, extra=own, **lost)
    assert found.losses == ()
    assert json.loads(json.dumps(body)) == body


@every_vendor
@given(data=st.data())
def test_only_fields_that_the_vendor_has_no_key_for_are_adapted(name, data):
    """A dialect never leaves out what it could have sent."""
    request, _ = data.draw(requests(name))
    _, adaptations = body_of(name, request)
    unset = {field for field in SCALARS if getattr(request, field) is None}

    assert {each.field for each in adaptations} == (
        set(SCALARS) - set(vendor(name).dialect.fields) - unset
    )


@every_vendor
@given(data=st.data())
def test_whatever_was_sent_is_kept_or_declared_lost(name, data):
    """No address in a body disappears in silence, however odd the body is."""
    body = data.draw(bodies(name))
    found = parse_video(name, body)

    assert marks_in(body) <= marks_in((found.request, found.losses))


@every_vendor
def test_every_field_has_a_key_of_its_own(name):
    """No two neutral fields share a member, and each is one that requests have."""
    fields = vendor(name).dialect.fields

    assert set(fields) <= set(SCALARS)
    assert len(set(fields.values())) == len(fields)


@pytest.mark.parametrize("name", ["volcengine", "alltoken", "apimart", "xcompute"])
def test_a_search_of_the_web_is_a_tool(name):
    """Written as the one tool that three vendors document, and read back; no other tool is one."""
    dialect = provider_class(name).dialect
    body = {"model": "m", "prompt": "x", "content": [], "tools": [{"type": "web_search"}]}
    found = dialect.parse(body, provider=name, model="m")
    other = dialect.parse({**body, "tools": [{"type": "draw"}]}, provider=name, model="m")

    assert True is found.request.web_search
    assert ["tools"] == [each.field for each in other.losses]
    written, _ = dialect.compile(found.request, provider=name, model_id="m", prompt="x", slots=())
    assert body["tools"] == written["tools"]


@pytest.mark.parametrize(
    ("extra", "sent"),
    [
        ({"ark": {"draft": True}}, {"draft": True}),
        ({"ark": {"draft": True}, "volcengine": {"priority": 1}}, {"draft": True, "priority": 1}),
        ({"avatar": {"nsfw_check": True}, "byteplus": {"draft": True}}, {}),
    ],
)
def test_members_may_be_given_to_a_dialect(extra, sent):
    """What `extra` holds for Ark is for each vendor that speaks it, beside the vendor's own."""
    dialect = provider_class("volcengine").dialect
    request = VideoRequest(prompt="x", extra=extra)
    body, _ = dialect.compile(request, provider="volcengine", model_id="m", prompt="x", slots=())

    assert sent == {key: body[key] for key in body.keys() - {"model", "content"}}


def test_a_member_is_not_given_twice():
    """A block of the dialect and one of the vendor that name the same member contradict."""
    dialect = provider_class("volcengine").dialect
    request = VideoRequest(prompt="x", extra={"ark": {"a": 1}, "volcengine": {"a": 2}})
    with pytest.raises(InvalidInputError, match="repeats 'a'") as caught:
        dialect.compile(request, provider="volcengine", model_id="m", prompt="x", slots=())

    assert "extra.volcengine.a" == caught.value.field
