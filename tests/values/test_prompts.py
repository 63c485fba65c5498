"""Prompts name media by label: what is sent, and how it is read back."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portraitkit.values.errors import InvalidInputError, PromptError
from portraitkit.values.models import Asset
from portraitkit.values.prompts import (
    Role,
    Slot,
    literal,
    read_prompt,
    read_slots,
    slots_of,
    unread_labels,
    write_prompt,
)
from portraitkit.values.statuses import MediaType
from portraitkit.values.video import Frames, Reference, References, VideoRequest

FOUR = References(
    images={"mia": "asset://1", "ann": "asset://2"},
    videos={"clip": "asset://3"},
    audios={"voice": "asset://4"},
)


def slot(kind="image", role="reference", url="asset://1"):
    return Slot(MediaType(kind), Role(role), url)


# -- written ---------------------------------------------------------------------------------------


def test_a_label_becomes_kind_and_number():
    """Media are counted for each kind, in the order sent."""
    prompt = "{ann} hands {mia} the phone from {clip} while {voice} plays; {mia} smiles"

    assert write_prompt(prompt, FOUR) == (
        "Image 2 hands Image 1 the phone from Video 1 while Audio 1 plays; Image 1 smiles"
    )


def test_media_without_names_have_positional_labels():
    """A list's items may be named by kind and number, or left unmentioned."""
    media = References(images=["asset://1", "asset://2"], videos=["asset://3"])

    assert write_prompt("{image_2} as in {video_1}", media) == "Image 2 as in Video 1"
    assert write_prompt("a street", media) == "a street"


def test_a_named_reference_may_be_named_by_its_position_too():
    """Position labels work for all, and do not count as the name."""
    assert write_prompt("{mia} {ann} {clip} {voice} {image_2}", FOUR).endswith("Audio 1 Image 2")
    with pytest.raises(PromptError, match=r"never names \{ann\}"):
        write_prompt("{mia} {image_2} {clip} {voice}", FOUR)


def test_names_and_nameless_references_mix():
    """A sequence of references may name some of them."""
    media = References(images=["asset://1", Reference(source="asset://2", name="mia")])

    assert write_prompt("{mia} on {image_1}", media) == "Image 2 on Image 1"


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("{{mia}}", "{mia}"),
        ("{{{mia}}}", "{Image 1}"),
        ("{{}} {mia}", "{} Image 1"),
        ("让{mia}微笑", "让Image 1微笑"),
        ("{mia}", "Image 1"),
    ],
)
def test_double_braces_are_braces(prompt, sent):
    """`{{` and `}}` are literal, also around a label."""
    media = References(images=["asset://1"] if "{mia}" == sent else {"mia": "asset://1"})

    assert write_prompt(prompt, media) == sent


@pytest.mark.parametrize(
    ("prompt", "brace"),
    [("a { b", "{"), ("a } b", "}"), ("{mia", "{"), ("{}", "{"), ("{a b}", "{"), ("{1}", "{")],
)
def test_a_lone_brace_is_refused(prompt, brace):
    """A brace that begins or ends no label says where it stands and how to write it."""
    media = References(images={"mia": "asset://1"})
    with pytest.raises(PromptError, match=f"a lone {brace} stands at position") as caught:
        write_prompt(f"{{mia}} {prompt}", media)
    assert brace * 2 in caught.value.next_step
    assert "pk.literal" in caught.value.next_step


@pytest.mark.parametrize(
    "media", [None, Frames(first="asset://1"), References(images=["asset://1"])]
)
@given(text=st.text(st.sampled_from('{} a:_1"')))
def test_without_names_what_is_no_label_is_taken_as_it_stands(media, text):
    """Braces need no care where no reference has a name; a literal text is the same everywhere."""
    assert write_prompt(text, media) in (text, text.replace("{{", "{").replace("}}", "}"))
    assert write_prompt(literal(text), media) == text
    assert (
        write_prompt(literal(text) + "{mia}", References(images={"mia": "a"})) == text + "Image 1"
    )


@pytest.mark.parametrize("media", [References(images=["a"]), References(images={"mia": "a"})])
def test_a_prompt_in_json_keeps_its_braces_and_its_labels(media):
    """Prompts are written as objects, too."""
    label = "{mia}" if media.images[0].name else "{image_1}"
    prompt = json.dumps({"subject": f"{label} waves", "camera": {"move": {"speed": 1}}})
    sent = json.loads(write_prompt(prompt, media))
    assert sent == {"subject": "Image 1 waves", "camera": {"move": {"speed": 1}}}


def test_a_misspelt_label_in_json_is_refused():
    """A name that nobody has is a mistake there, too."""
    with pytest.raises(PromptError, match=r"names \{mai\}"):
        write_prompt('{"subject": "{mai} and {mia}"}', References(images={"mia": "asset://1"}))


@pytest.mark.parametrize(
    ("prompt", "media", "found"),
    [
        ("{mia} waves", References(images=["a"]), ["{mia}"]),
        ("{mia} waves", Frames(first="a"), ["{mia}"]),
        ("{image_2} {image_1}", References(images=["a"]), ["{image_2}"]),
        ("{{mia}} waves", References(images=["a"]), []),
        ("{mia} waves", None, []),
        ('{"a": "{mia}"}', References(images=["a"]), []),
    ],
)
def test_what_looks_like_a_label_and_is_none_is_told(prompt, media, found):
    """A label that was forgotten to be given is a finding."""
    assert unread_labels(prompt, media) == found


def test_a_label_without_a_reference_is_refused():
    """An undefined label is named, beside those that are known."""
    with pytest.raises(PromptError, match=r"names \{mai\}, and no reference") as caught:
        write_prompt("{mai} smiles", References(images={"mia": "asset://1"}))
    assert "known labels: image_1, mia" in caught.value.next_step


def test_a_name_that_the_prompt_never_uses_is_refused():
    """A labelled reference that is not named was forgotten, or its label mistyped."""
    with pytest.raises(PromptError, match=r"never names \{ann\}, \{clip\}"):
        write_prompt("{mia} {voice}", FOUR)


@pytest.mark.parametrize(
    "references",
    [
        {"images": {"mia": "asset://1"}, "videos": {"mia": "asset://2"}},
        {"images": [Reference(source="a", name="mia"), Reference(source="b", name="mia")]},
    ],
)
def test_a_label_given_twice_is_refused(references):
    """One name cannot stand for two media, of one kind or of two."""
    with pytest.raises(PromptError, match="'mia' is given to two references"):
        References(**references)


@pytest.mark.parametrize("name", ["", " ", "1st", "mia smith", "mia-2", "{mia}", "a.b"])
def test_a_name_that_cannot_be_a_label_is_refused(name):
    """Labels are letters, digits and underscores, so that braces around them are read."""
    with pytest.raises(PromptError, match="cannot be a label"):
        References(images={name: "asset://1"})


@pytest.mark.parametrize("name", ["mia", "Mia_2", "米娅", "é", "_x"])
def test_a_name_of_any_language_is_a_label(name):
    """Letters are those of every script."""
    assert write_prompt(f"{{{name}}}", References(images={name: "asset://1"})) == "Image 1"


@pytest.mark.parametrize(
    "references",
    [
        {"images": {"image_2": "asset://1", "mia": "asset://2"}},
        {"images": {"mia": "asset://1", "image_1": "asset://2"}},
        {"images": {"video_1": "asset://1", "mia": "asset://2"}, "videos": ["asset://3"]},
        {"images": ["asset://1"], "videos": {"image_1": "asset://2", "mia": "asset://3"}},
    ],
)
def test_a_name_that_is_anothers_position_is_refused(references):
    """A name must not read as the position of another reference, before or after it."""
    names = [
        each.name
        for group in References(**references).__getstate__().values()
        for each in group
        if each.name
    ]
    prompt = " ".join(f"{{{name}}}" for name in names)

    with pytest.raises(PromptError, match="by its position"):
        write_prompt(prompt, References(**references))


def test_a_name_that_is_its_own_position_is_taken():
    """`image_1` for the first image says what it says anyway."""
    assert write_prompt("{image_1}", References(images={"image_1": "asset://1"})) == "Image 1"


@pytest.mark.parametrize(
    "given", ["asset://1", Asset(provider="p", account="a", id="asset-1")], ids=["text", "asset"]
)
def test_a_single_reference_needs_brackets(given):
    """A text where a list belongs would be taken apart letter by letter, so it is refused."""
    with pytest.raises(InvalidInputError, match="put brackets around"):
        References(images=given)


@given(st.permutations(["mia", "ann", "eve", "joe"]))
def test_permuting_references_permutes_labels(order):
    """Names follow their media: whatever the order, a label means the same file."""
    media = References(images={name: f"asset://{name}" for name in order})
    sent = write_prompt("{mia} {ann} {eve} {joe}", media)
    slots = slots_of(media, lambda source, _: source)
    meant = [slots[int(number) - 1].url for number in sent.replace("Image ", "").split()]

    assert meant == ["asset://mia", "asset://ann", "asset://eve", "asset://joe"]


# -- a request -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [5.0, "5", True])
def test_a_duration_is_whole_seconds(seconds):
    """A duration that vendors would read differently is refused at once."""
    with pytest.raises(InvalidInputError, match="whole seconds"):
        VideoRequest(prompt="x", duration_s=seconds)


@pytest.mark.parametrize("seconds", [5, -1, None])
def test_a_duration_may_be_left_open(seconds):
    """Seconds, the model's choice and the vendor's default can all be asked for."""
    assert VideoRequest(prompt="x", duration_s=seconds).duration_s == seconds


# -- media in order --------------------------------------------------------------------------------


def test_media_are_sent_images_first_then_videos_then_audios():
    """Every source is turned into a URL with the name of the field it stands in."""
    slots = slots_of(FOUR, lambda source, field: f"{field}={source}")

    assert [each.url for each in slots] == [
        "media.images.image_1=asset://1",
        "media.images.image_2=asset://2",
        "media.videos.video_1=asset://3",
        "media.audios.audio_1=asset://4",
    ]
    assert {each.role for each in slots} == {Role.REFERENCE}


@pytest.mark.parametrize(
    ("media", "roles"),
    [
        (None, []),
        (References(), []),
        (Frames(first="a"), [Role.FIRST_FRAME]),
        (Frames(first="a", last="b"), [Role.FIRST_FRAME, Role.LAST_FRAME]),
    ],
)
def test_frames_are_sent_first_to_last(media, roles):
    """Frames have their roles; without media there is nothing."""
    assert [each.role for each in slots_of(media, lambda source, _: source)] == roles


# -- read back -------------------------------------------------------------------------------------

TWO = (slot(), slot(url="asset://2"), slot("video"))


@pytest.mark.parametrize(
    ("sent", "prompt"),
    [
        ("Image 1 and Image 2", "{image_1} and {image_2}"),
        ("Image 3 and Audio 1", "Image 3 and Audio 1"),
        ("Image 0, Image 01, Images 1, image 1", "Image 0, Image 01, Images 1, image 1"),
        ("让Image 1微笑、看Video 1。", "让{image_1}微笑、看{video_1}。"),
        ("{Image 1} {x}", "{{{image_1}}} {{x}}"),
        ("Image 12 Image 1x", "Image 12 Image 1x"),
        ("Image 1\N{ARABIC-INDIC DIGIT TWO}", "{image_1}\N{ARABIC-INDIC DIGIT TWO}"),
    ],
)
def test_spoken_numbers_become_labels_where_there_is_such_a_reference(sent, prompt):
    """Words that name a reference that is there become its label; all others stay words."""
    assert read_prompt(sent, TWO) == prompt


def test_a_vendor_may_call_media_otherwise():
    """What the first picture is called there says how all are called, both ways."""
    media = References(
        images={"mia": "asset://1", "leo": "asset://2"}, videos={"walk": "asset://3"}
    )
    prompt = "{leo} and {mia} as in {walk}, not Image 1 or a@Image1"

    sent = write_prompt(prompt, media, label="@Image1")

    assert sent == "@Image2 and @Image1 as in @Video1, not Image 1 or a@Image1"
    assert read_prompt(sent, TWO, label="@Image1") == (
        "{image_2} and {image_1} as in {video_1}, not Image 1 or a@Image1"
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "Image 1",
                "Image 2",
                "Image 3",
                "Video 1",
                "{",
                "}",
                "{{",
                " ",
                "mia",
                "微",
                ",",
                "\n",
                "1",
            ]
        )
    ).map("".join)
    | st.text(st.characters())
)
@example("{Image 1}}")
def test_what_is_read_back_is_sent_again_word_for_word(sent):
    """Reading a prompt and writing it again changes nothing, whatever it holds."""
    media = read_slots(TWO)

    assert write_prompt(read_prompt(sent, TWO), media) == sent


@pytest.mark.parametrize(
    ("slots", "media"),
    [
        ((), None),
        ((slot(role="first_frame"),), Frames(first="asset://1")),
        (
            (slot(role="last_frame", url="asset://2"), slot(role="first_frame")),
            Frames(first="asset://1", last="asset://2"),
        ),
        ((slot(role="last_frame"),), None),
        (TWO, References(images=["asset://1", "asset://2"], videos=["asset://1"])),
        ((slot("audio"), slot("image")), References(images=["asset://1"], audios=["asset://1"])),
    ],
)
def test_media_as_sent_become_neutral_media(slots, media):
    """Frames are told from references; a last frame without a first one is no frames."""
    assert read_slots(slots) == media


@pytest.mark.parametrize("count", range(4))
def test_reading_media_back_keeps_their_order(count):
    """What slots_of writes, read_slots reads."""
    for kinds in itertools.product(("images", "videos", "audios"), repeat=count):
        urls = {
            kind: [f"asset://{kind}{n}" for n, each in enumerate(kinds) if each == kind]
            for kind in kinds
        }
        media = References(**urls) if kinds else None
        assert read_slots(slots_of(media, lambda source, _: source)) == media
