"""
Video bodies, both ways: from a neutral request to a vendor's JSON and back.

A dialect is data plus two small functions: one writes media and prompt, the other reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

import attrs
from attrs import field, frozen

from ..values.errors import InvalidInputError, UnsupportedError
from ..values.masking import masked_repr
from ..values.prompts import Role, Slot, read_prompt, read_slots
from ..values.remarks import Adaptation
from ..values.video import SCALARS, OnUnsupported, Policy, VideoRequest
from ..wire.codec import is_array, is_object


@frozen(kw_only=True)
class Loss:
    """One thing in a vendor's body that a neutral request, or another vendor, cannot carry."""

    field: str
    value: Any = attrs.field(repr=masked_repr)
    why: str


@frozen(kw_only=True)
class MediaRead:
    """What a dialect found in a body: prompt, media in order, the keys it used, what was odd."""

    prompt: str
    slots: tuple[Slot, ...]
    used: frozenset[str]
    losses: tuple[Loss, ...] = ()


@frozen(kw_only=True)
class ParsedVideo:
    """A vendor's body in neutral words, and what could not be carried over."""

    request: VideoRequest
    losses: tuple[Loss, ...]


DIALECTS: Final = ("ark", "avatar")
"""Dialects that several vendors share with all their members."""


def _as_it_is(value: Any) -> Any:
    return value


@frozen
class Member:
    """
    Where a neutral field stands in a vendor's body, and how its value is written and read.

    Attributes:
        key: The body's member.
        write: From the neutral value to the vendor's, such as 5 to "5"; None leaves it out.
        read: Back. What it raises ValueError or TypeError for is no value of the field.
    """

    key: str
    write: Callable[[Any], Any] = _as_it_is
    read: Callable[[Any], Any] = _as_it_is


def _members(fields: Mapping[str, str | Member]) -> dict[str, Member]:
    return {
        name: Member(found) if isinstance(found, str) else found for name, found in fields.items()
    }


@frozen(kw_only=True)
class VideoDialect:
    """
    How one vendor spells a video request.

    Attributes:
        name: What `extra` calls it, where several vendors take the same members.
        fields: For each neutral field that the vendor can express, its key in the body; or a
            `Member`, where its value is spelled otherwise, too.
        write: From prompt and media to the members that carry them.
        read: From a body to prompt and media.
        unsupported: For each neutral field that it cannot express, why, where that helps.
        label: What a prompt calls the first picture, such as `@Image1`; others likewise.
    """

    name: str = ""
    fields: Mapping[str, Member] = field(converter=_members)
    write: Callable[[str, tuple[Slot, ...]], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], MediaRead]
    unsupported: Mapping[str, str] = field(factory=dict[str, str])
    label: str = "Image 1"

    def compile(
        self,
        request: VideoRequest,
        *,
        provider: str,
        model_id: str,
        prompt: str,
        slots: tuple[Slot, ...],
        on_unsupported: OnUnsupported = "raise",
    ) -> tuple[dict[str, Any], tuple[Adaptation, ...]]:
        """
        Spell a request.

        Raises:
            UnsupportedError: A field is set that this vendor cannot express, and the policy for it
                is `raise`.
            InvalidInputError: `extra` repeats a member that is already there.
        """
        body: dict[str, Any] = {"model": model_id, **self.write(prompt, slots)}
        adaptations: list[Adaptation] = []
        for name in SCALARS:
            value = getattr(request, name)
            if value is None:
                continue
            if member := self.fields.get(name):
                if (written := member.write(value)) is not None:
                    body[member.key] = written
                continue
            why = self.unsupported.get(name, f"{provider} documents no such member")
            adaptations.append(unsupported(provider, name, value, why, on_unsupported))
        for block in filter(None, (self.name, provider)):
            for key, value in request.extra.get(block, {}).items():
                if key in body:
                    raise InvalidInputError(
                        f"extra[{block!r}] repeats {key!r}, which the request already sets",
                        provider=provider,
                        field=f"extra.{block}.{key}",
                        next_step="set it in one of the two places",
                    )
                body[key] = value
        return body, tuple(adaptations)

    def parse(self, body: Mapping[str, Any], *, provider: str, model: str) -> ParsedVideo:
        """Read a body. Members without a neutral field go into `extra` under *provider*."""
        found = self.read(body)
        slots, misfits = _fitting(found.slots)
        losses = [*found.losses, *misfits]
        values: dict[str, Any] = {}
        used = {*found.used, "model"}
        for name, member in self.fields.items():
            if (found_value := body.get(member.key)) is None:
                continue
            used.add(member.key)
            if type(value := _read(member, found_value)) in _TYPES[name]:
                values[name] = value
            else:
                why = f"not a value for {name}"
                losses.append(Loss(field=member.key, value=found_value, why=why))
        rest = {key: value for key, value in body.items() if key not in used and value is not None}
        request = VideoRequest(
            prompt=read_prompt(found.prompt, slots, label=self.label),
            model=model,
            media=read_slots(slots),
            extra={provider: rest} if rest else {},
            **values,
        )
        return ParsedVideo(request=request, losses=tuple(losses))


def _read(member: Member, value: Any) -> Any:
    try:
        return member.read(value)
    except (ValueError, TypeError, AttributeError):
        return None


def items_of(body: Mapping[str, Any], member: str, losses: list[Loss]) -> Iterator[tuple[str, Any]]:
    """Walk a body's list, each item with where it stands; what is no list is a loss."""
    found = body.get(member)
    if found is not None and not is_array(found):
        losses.append(Loss(field=member, value=found, why="not a list"))
    for number, item in enumerate(found if is_array(found) else []):
        yield f"{member}[{number}]", item


def prompt_of(body: Mapping[str, Any], losses: list[Loss]) -> str:
    """Read a body's prompt; what is no text is a loss."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str | None):
        losses.append(Loss(field="prompt", value=prompt, why="not a text"))
    return prompt if isinstance(prompt, str) else ""


def take_address(item: Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """
    Take the address of a medium out of its item: in `{kind}_url`, in an object there, or in `url`.

    Returns:
        The address, empty if there is none, and every member that says something else.
    """
    member = item.get(f"{kind}_url")
    inner = member if is_object(member) else {"url": member}
    known = ("type", "role", "frame_type", f"{kind}_url")
    rest = {f"{kind}_url.{key}": value for key, value in inner.items()}
    rest |= {key: value for key, value in item.items() if key not in known}
    rest = {key: value for key, value in rest.items() if value is not None}
    for place in (f"{kind}_url.url", "url"):
        address = rest.get(place)
        if isinstance(address, str) and address:
            del rest[place]
            return address, rest
    return "", rest


def unread(where: str, members: Mapping[str, Any]) -> Iterator[Loss]:
    """Declare the members of an item that nothing reads."""
    for key, value in members.items():
        yield Loss(field=f"{where}.{key}", value=value, why="not a member that can be carried")


def _fitting(slots: tuple[Slot, ...]) -> tuple[tuple[Slot, ...], list[Loss]]:
    """Keep what goes together: a first frame and maybe a last one, or else references."""
    frames: dict[Role, Slot] = {}
    for slot in slots:
        _ = frames.setdefault(slot.role, slot)
    framed = Role.FIRST_FRAME in frames
    kept = tuple(
        slot
        for slot in slots
        if (slot.role is Role.REFERENCE) is not framed and (not framed or slot is frames[slot.role])
    )
    why = "frames and references exclude each other, and there is one frame of each kind"
    lost = [slot for slot in slots if not any(slot is each for each in kept)]
    return kept, [Loss(field="media", value=slot.url, why=why) for slot in lost]


def unsupported(
    provider: str, name: str, asked: object, why: str, policy: OnUnsupported
) -> Adaptation:
    """
    Leave something out, if the policy allows it.

    Raises:
        UnsupportedError: It does not.
        InvalidInputError: The policy is none of `raise`, `warn` and `drop`.
    """
    choice: Policy = policy if isinstance(policy, str) else policy.get(name, "raise")
    if choice not in get_args(Policy):
        raise InvalidInputError(
            f"on_unsupported is {choice!r} for {name}",
            provider=provider,
            field="on_unsupported",
            next_step="use raise, warn or drop",
        )
    if choice == "raise":
        raise UnsupportedError(
            f"{provider} cannot express {name}={masked_repr(asked)}: {why}",
            provider=provider,
            field=name,
            next_step=f'leave it out, or pass on_unsupported={{"{name}": "drop"}}',
        )
    adaptation = Adaptation(field=name, asked=asked, sent=None, why=why)
    if choice == "warn":
        import warnings  # noqa: PLC0415  (only when something is left out)

        shown = masked_repr(asked)
        warnings.warn(f"{provider}: {name}={shown} is left out: {why}", stacklevel=2)
    return adaptation


_TYPES: Mapping[str, tuple[type, ...]] = {
    "duration_s": (int,),
    "ratio": (str,),
    "resolution": (str,),
    "generate_audio": (bool,),
    "seed": (int,),
    "watermark": (bool,),
    "return_last_frame": (bool,),
    "callback_url": (str,),
    "end_user": (str,),
    "expires_after_s": (int,),
    "web_search": (bool,),
}
