"""Prompts: labels for media, and the words that are sent in their place."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from attrs import field, frozen

from .errors import InvalidInputError, PromptError
from .masking import masked_repr
from .models import Asset
from .portraits import MediaRef
from .statuses import MediaType
from .video import Frames, Media, Reference, References


class Role(enum.Enum):
    """What a piece of media is to the video."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE = "reference"


@frozen
class Slot:
    """One piece of media as it is sent, in order."""

    media: MediaType
    role: Role
    url: str = field(repr=masked_repr)


def slots_of(media: Media | None, url_of: Callable[[MediaRef, str], str]) -> tuple[Slot, ...]:
    """
    Put media in the order sent.

    Args:
        media: The request's media.
        url_of: Turns a source and the field it stands in into a URL.
    """
    if media is None:
        return ()
    if isinstance(media, Frames):
        frames = [(Role.FIRST_FRAME, media.first, "media.first")]
        if media.last is not None:
            frames.append((Role.LAST_FRAME, media.last, "media.last"))
        for _, source, name in frames:
            _check_media(source, MediaType.IMAGE, name)
        return tuple(
            Slot(MediaType.IMAGE, role, url_of(source, name)) for role, source, name in frames
        )
    for kind, label, each in _labelled(media):
        _check_media(each.source, kind, f"media.{kind.value}s.{label}")
    return tuple(
        Slot(kind, Role.REFERENCE, url_of(each.source, f"media.{kind.value}s.{label}"))
        for kind, label, each in _labelled(media)
    )


def _check_media(source: MediaRef, kind: MediaType, name: str) -> None:
    """Refuse an asset in another kind's place; of some, the vendor does not tell the kind."""
    if isinstance(source, Asset) and source.media not in (MediaType.UNKNOWN, kind):
        raise InvalidInputError(
            f"the asset is of the kind {source.media.value}, and {name} takes {kind.value}s",
            field=name,
            handle=source.handle,
            next_step=f"give it in References({source.media.value}s=[...])",
        )


def literal(text: str) -> str:
    """Write a text so that a prompt says it as it stands, whatever braces it holds."""
    return text.replace("{", "{{").replace("}", "}}")


def write_prompt(prompt: str, media: Media | None, *, label: str = "Image 1") -> str:
    """
    Replace labels by the words that are sent; *label* is what the first picture is called.

    `{{` and `}}` stand for braces. In a prompt that is a JSON object or array, and in any prompt
    whose media have no names, other braces are taken as they stand.

    Raises:
        PromptError: A label has no reference, a named reference is unused, or a brace stands alone.
    """
    texts, named = _texts_of(media, label)
    for name, text in named.items():
        if texts.setdefault(name, text) != text:
            raise PromptError(
                f"the label {name!r} also names {texts[name]} by its position",
                field="media",
                next_step="choose a label that is not image_N, video_N or audio_N",
            )

    is_lenient = not named or _is_json(prompt)
    escapes = _is_escaped(prompt, texts)

    def replace(match: re.Match[str]) -> str:
        token, name = match[0], match[1]
        if name in texts:
            _ = named.pop(name, None)
            return texts[name]
        if token in _ESCAPES and (escapes or not is_lenient):
            return token[0]
        if is_lenient and not (name and named):
            return token
        problem = f"the prompt names {token}, and no reference has that label"
        if name is None:
            problem = f"a lone {token} stands at position {match.start()} of the prompt"
        known = f"known labels: {', '.join(sorted(texts))}; " if name else ""
        raise PromptError(
            problem,
            field="prompt",
            next_step=f"{known}for the words as such write {literal(token)}, or pk.literal(text)",
        )

    text = _TOKEN.sub(replace, prompt)
    if named:
        raise PromptError(
            f"the prompt never names {', '.join(f'{{{name}}}' for name in sorted(named))}",
            field="prompt",
            next_step="name each labelled reference in the prompt, or give references as a list",
        )
    return text


def unread_labels(prompt: str, media: Media | None) -> list[str]:
    """What looks like a label in a prompt whose media have no names, and goes out as it stands."""
    texts, named = _texts_of(media)
    if media is None or named or _is_escaped(prompt, texts) or _is_json(prompt):
        return []
    tokens = (match for match in _TOKEN.finditer(prompt) if match[1] and match[1] not in texts)
    return list(dict.fromkeys(match[0] for match in tokens))


def _texts_of(media: Media | None, like: str = "Image 1") -> tuple[dict[str, str], dict[str, str]]:
    """What is sent for each label by position, and for each name."""
    texts: dict[str, str] = {}
    named: dict[str, str] = {}
    for kind, label, each in _labelled(media if isinstance(media, References) else References()):
        number = label.rpartition("_")[2]
        texts[label] = like.replace("Image", kind.value.capitalize()).replace("1", number)
        if each.name:
            named[each.name] = texts[label]
    return texts, named


def _is_escaped(prompt: str, known: Collection[str]) -> bool:
    """Whether every brace of a prompt is doubled or belongs to a known label."""
    return all(match[0] in _ESCAPES or match[1] in known for match in _TOKEN.finditer(prompt))


def read_prompt(text: str, slots: tuple[Slot, ...], *, label: str = "Image 1") -> str:
    """Turn the words that were sent back into labels; *label* is as in `write_prompt`."""
    counts = {
        kind: sum(slot.media is kind and slot.role is Role.REFERENCE for slot in slots)
        for kind in (MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO)
    }
    escaped = literal(text)
    spoken = re.escape(label).replace("Image", "(Image|Video|Audio)").replace("1", r"([1-9]\d?)")

    def named(match: re.Match[str]) -> str:
        kind, number = MediaType(match[1].lower()), int(match[2])
        return f"{{{kind.value}_{number}}}" if 1 <= number <= counts[kind] else match[0]

    return re.sub(rf"(?<!\w){spoken}\b", named, escaped, flags=re.ASCII)  # 让Image 1微笑


def read_slots(slots: tuple[Slot, ...]) -> Media | None:
    """Turn media as sent back into neutral media."""
    frames = {slot.role: slot.url for slot in slots if slot.role is not Role.REFERENCE}
    if Role.FIRST_FRAME in frames:
        return Frames(first=frames[Role.FIRST_FRAME], last=frames.get(Role.LAST_FRAME))
    of = {
        kind: [slot.url for slot in slots if slot.media is kind and slot.role is Role.REFERENCE]
        for kind in MediaType
    }
    if not any(of.values()):
        return None
    return References(
        images=of[MediaType.IMAGE], videos=of[MediaType.VIDEO], audios=of[MediaType.AUDIO]
    )


def _labelled(media: References) -> Iterator[tuple[MediaType, str, Reference]]:
    for kind, group in (
        (MediaType.IMAGE, media.images),
        (MediaType.VIDEO, media.videos),
        (MediaType.AUDIO, media.audios),
    ):
        for number, each in enumerate(group, 1):
            yield kind, f"{kind.value}_{number}", each


def _is_json(prompt: str) -> bool:
    try:
        return prompt.lstrip()[:1] in ("{", "[") and isinstance(json.loads(prompt), dict | list)
    except ValueError:
        return False


_ESCAPES: Final = ("{{", "}}")
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^\W\d]\w*)\}|[{}]")
