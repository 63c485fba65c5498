"""
Video bodies, both ways: from a neutral request to a vendor's JSON and back.

A dialect is data plus two small functions: one writes media and prompt, the other reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from .errors import InvalidInputError, UnsupportedError
from .models import Adaptation
from .video import (
    SCALARS,
    OnUnsupported,
    Policy,
    Role,
    Slot,
    VideoRequest,
    read_prompt,
    read_slots,
)


@frozen(kw_only=True)
class Loss:
    """One thing in a vendor's body that a neutral request, or another vendor, cannot carry."""

    field: str
    value: Any
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


@frozen(kw_only=True)
class VideoDialect:
    """
    How one vendor spells a video request.

    Attributes:
        fields: For each neutral field that the vendor can express, its key in the body.
        write: From prompt and media to the members that carry them.
        read: From a body to prompt and media.
        unsupported: For each neutral field that it cannot express, why, where that helps.
    """

    fields: Mapping[str, str]
    write: Callable[[str, tuple[Slot, ...]], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], MediaRead]
    unsupported: Mapping[str, str] = field(factory=dict[str, str])

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
            if key := self.fields.get(name):
                body[key] = value
                continue
            why = self.unsupported.get(name, f"{provider} documents no such member")
            adaptations.append(unsupported(provider, name, value, why, on_unsupported))
        for key, value in request.extra.get(provider, {}).items():
            if key in body:
                raise InvalidInputError(
                    f"extra[{provider!r}] repeats {key!r}, which the request already sets",
                    provider=provider,
                    field=f"extra.{provider}.{key}",
                    next_step="set it in one of the two places",
                )
            body[key] = value
        return body, tuple(adaptations)

    def parse(self, body: Mapping[str, Any], *, provider: str, model: str) -> ParsedVideo:
        """Read a body. Members without a neutral field go into `extra` under *provider*."""
        found = self.read(body)
        losses = list(found.losses)
        if {slot.role for slot in found.slots} > {Role.REFERENCE}:
            losses += [
                Loss(field="media", value=slot.url, why="frames and references exclude each other")
                for slot in found.slots
                if slot.role is Role.REFERENCE
            ]
        values: dict[str, Any] = {}
        used = {*found.used, "model"}
        for name, key in self.fields.items():
            if body.get(key) is None:
                continue
            used.add(key)
            if type(body[key]) in _TYPES[name]:
                values[name] = body[key]
            else:
                losses.append(Loss(field=key, value=body[key], why=f"not a value for {name}"))
        rest = {key: value for key, value in body.items() if key not in used and value is not None}
        request = VideoRequest(
            prompt=read_prompt(found.prompt, found.slots),
            model=model,
            media=read_slots(found.slots),
            extra={provider: rest} if rest else {},
            **values,
        )
        return ParsedVideo(request=request, losses=tuple(losses))


def unsupported(
    provider: str, name: str, asked: object, why: str, policy: OnUnsupported
) -> Adaptation:
    """
    Leave something out, if the policy allows it.

    Raises:
        UnsupportedError: It does not.
    """
    choice: Policy = policy if isinstance(policy, str) else policy.get(name, "raise")
    if choice == "raise":
        raise UnsupportedError(
            f"{provider} cannot express {name}={asked!r}: {why}",
            provider=provider,
            field=name,
            next_step=f'leave it out, or pass on_unsupported={{"{name}": "drop"}}',
        )
    adaptation = Adaptation(field=name, asked=asked, sent=None, why=why)
    if choice == "warn":
        import warnings  # noqa: PLC0415  (only when something is left out)

        warnings.warn(f"{provider}: {name}={asked!r} is left out: {why}", stacklevel=2)
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
}
