"""Video requests and bodies for property tests."""

from __future__ import annotations

import re
from functools import cache
from itertools import count

import attrs
from hypothesis import strategies as st

from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.values.prompts import slots_of, write_prompt
from portraitkit.values.video import Frames, Reference, References, VideoRequest

NAMES = provider_names()


vendor = cache(provider_class)


# -- requests --------------------------------------------------------------------------------------

SOURCES = st.integers(1, 99).flatmap(
    lambda n: st.sampled_from(
        [f"asset://asset-202603180357{n:02}-abcde", f"asset://ta_{n}", f"https://a.example/{n}?s=1"]
    )
)
LABELS = st.sampled_from(["mia", "ann", "米娅", "clip_7", "_x", "Image"])
# No capitals, so that no words happen to name a medium as the sent form does.
WORDS = st.text("ab 1'\"\\\n{}、让é😀-_:", max_size=8)


@st.composite
def references(draw):
    """Media of up to three kinds, some with names, and a prompt that uses every name."""
    names = draw(st.lists(LABELS, unique=True, max_size=4))
    groups = {
        kind: [
            Reference(source=source, name=names.pop() if names and draw(st.booleans()) else None)
            for source in draw(st.lists(SOURCES, max_size=3))
        ]
        for kind in ("images", "videos", "audios")
    }
    return References(**groups)


def labels_of(media):
    """Every label that a prompt may use: name or position -> position."""
    labels = {}
    if isinstance(media, References):
        for kind in ("image", "video", "audio"):
            for number, each in enumerate(getattr(media, f"{kind}s"), 1):
                labels[f"{kind}_{number}"] = f"{kind}_{number}"
                if each.name:
                    labels[each.name] = f"{kind}_{number}"
    return labels


@cache
def requests(name):
    """Requests for one vendor, each with the same one in positions instead of names."""
    return _requests(name)


@st.composite
def _requests(draw, name):
    """
    Draw a request, and the same one in positions instead of names.

    What a body cannot tell apart is drawn in one form only: no media are None.
    """
    frames = st.builds(Frames, first=SOURCES, last=st.none() | SOURCES)
    media = draw(st.none() | frames | references())
    if isinstance(media, References) and not labels_of(media):
        media = None
    labels = labels_of(media)
    needed = [label for label, position in labels.items() if label != position]
    used = draw(
        st.permutations(
            needed + draw(st.lists(st.sampled_from([*labels]), max_size=3)) if labels else []
        )
    )
    named = positional = escaped(draw(WORDS))
    for label in used:
        after = draw(st.sampled_from([" ", "、", ", ", "\n", "微笑"])) + escaped(draw(WORDS))
        named += f" {{{label}}}{after}"
        positional += f" {{{labels[label]}}}{after}"
    models = [model.name for model in vendor(name).video_models]
    request = VideoRequest(
        prompt=named,
        model=draw(st.sampled_from([*models, "some-later-model"])),
        media=media,
        duration_s=draw(st.none() | st.integers(-1, 30)),
        ratio=draw(st.sampled_from([None, "16:9", "adaptive", "7:5"])),
        resolution=draw(st.sampled_from([None, "720p", "8k"])),
        generate_audio=draw(st.sampled_from([None, True, False])),
        seed=draw(st.none() | st.integers()),
        watermark=draw(st.sampled_from([None, True, False])),
        return_last_frame=draw(st.sampled_from([None, True, False])),
        end_user=draw(st.sampled_from([None, "5a69788796b5a4c3"])),
        expires_after_s=draw(st.sampled_from([None, 86_400])),
        web_search=draw(st.sampled_from([None, True])),
        callback_url=draw(st.sampled_from([None, "https://app.example/back"])),
        extra=draw(st.sampled_from([{}, {name: {"x_a": 1, "x_b": {"c": [""]}}, "else": {"d": 1}}])),
    )
    return request, attrs.evolve(request, prompt=positional, media=nameless(media))


def escaped(text):
    return text.replace("{", "{{").replace("}", "}}")


def nameless(media):
    if not isinstance(media, References):
        return media
    return References(
        images=[each.source for each in media.images],
        videos=[each.source for each in media.videos],
        audios=[each.source for each in media.audios],
    )


def body_of(name, request):
    """Compile a request as a provider would, leaving out what the vendor cannot express."""
    cls = vendor(name)
    slots = slots_of(request.media, lambda source, _: source)
    known = next((model for model in cls.video_models if model.name == request.model), None)
    with_assets = any(slot.url.startswith("asset://") for slot in slots)
    return cls.dialect.compile(
        request,
        provider=name,
        model_id=cls.model_id(known, with_assets=with_assets) if known else request.model,
        prompt=write_prompt(request.prompt, request.media),
        slots=slots,
        on_unsupported="drop",
    )


# -- bodies ----------------------------------------------------------------------------------------

MARK = "MARK"
_marks = st.just(MARK)
_odd = st.sampled_from([None, 7, True, "", [], {}, [MARK], {"a": MARK}])
_address = (
    _marks | st.fixed_dictionaries({}, optional={"url": _marks | _odd, "more": _marks}) | _odd
)
_item = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image_url", "video_url", "audio_url", "image", MARK, 7]),
        "text": _marks | _odd,
        "image_url": _address,
        "video_url": _address,
        "audio_url": _address,
        "url": _marks | _odd,
        "role": st.sampled_from(
            [
                "first_frame",
                "last_frame",
                "reference",
                "reference_image",
                "reference_video",
                MARK,
                7,
            ]
        ),
        "frame_type": st.sampled_from(["first_frame", "last_frame", MARK, 7]),
        "more": _marks,
    },
)
_items = st.lists(_item | _marks | _odd, max_size=4) | _marks | _odd
_TRUE_ITEMS = st.sampled_from(
    [
        {"type": "text", "text": "Image 1 {x}"},
        {"type": "image_url", "image_url": {"url": MARK}, "role": "reference_image"},
        {"type": "image_url", "image_url": {"url": MARK}, "role": "first_frame"},
        {"type": "image_url", "image_url": {"url": MARK}, "role": "last_frame"},
        {"type": "image_url", "image_url": {"url": MARK}, "frame_type": "last_frame"},
        {"type": "image_url", "image_url": {"url": MARK}},
        {"type": "video_url", "video_url": {"url": MARK}, "role": "reference_video"},
        {"url": MARK, "role": "reference_image"},
        {"url": MARK, "role": "last_frame"},
    ]
)
_lists = _items | st.lists(_TRUE_ITEMS, max_size=4)
_scalar = st.sampled_from([None, MARK, 5, 5.0, -1, True, "16:9", "720p", [MARK], {"a": MARK}])


@cache
def bodies(name):
    """Draw what somebody might have sent to a vendor; every MARK in it is made unique."""
    models = [each for model in vendor(name).video_models for each in (model.id, *model.other_ids)]
    scalars = {*(each.key for each in vendor(name).dialect.fields.values()), "more"}
    drawn = st.fixed_dictionaries(
        {"model": st.sampled_from([*models, MARK])},
        optional={
            "prompt": st.sampled_from(["Image 1, {Video 1} and Image 2", MARK]) | _odd,
            "content": _lists,
            "frame_images": _lists,
            "input_references": _lists,
            "image_with_roles": _lists,
            "image_urls": _lists,
            "video_urls": _lists,
            "audio_urls": _lists,
            **dict.fromkeys(sorted(scalars), _scalar),
        },
    )
    return drawn.map(lambda body: numbered(body, count(1)))


def numbered(value, numbers):
    """Replace each MARK by an address of its own."""
    if value == MARK:
        return f"https://mark-{next(numbers)}.example/x"
    if isinstance(value, list):
        return [numbered(each, numbers) for each in value]
    if isinstance(value, dict):
        return {key: numbered(each, numbers) for key, each in value.items()}
    return value


def marks_in(value):
    """Every marked address in a value's text form."""
    return set(re.findall(r"mark-\d+\.example", repr(value)))
