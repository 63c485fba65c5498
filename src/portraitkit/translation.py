"""Video bodies from one vendor's dialect into neutral words, and into another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from .operations.making import find_model
from .providers.registry import provider_class
from .values.errors import InvalidInputError, without_frames
from .values.masking import masked_repr
from .values.portraits import MediaRef
from .values.prompts import slots_of, write_prompt
from .values.remarks import Finding
from .values.video import VideoRequest
from .vendor.dialect import Loss, ParsedVideo

__all__ = ["Loss", "ParsedVideo", "Translation", "parse_video", "translate"]


@frozen(kw_only=True)
class Translation:
    """
    A body in another vendor's dialect.

    Attributes:
        body: What the other vendor would be sent.
        request: The neutral request in between.
        losses: What could not be carried, from either side. Empty means nothing was lost.
        findings: Limits that the other vendor documents and this exceeds; it is written as it is.
    """

    body: Mapping[str, Any] = field(repr=masked_repr)
    request: VideoRequest
    losses: tuple[Loss, ...]
    findings: tuple[Finding, ...] = ()


@without_frames
def parse_video(provider: str, body: Mapping[str, Any]) -> ParsedVideo:
    """
    Read a vendor's video body.

    Args:
        provider: An adapter's name, such as `token360`.
        body: The JSON that was, or would be, sent to that vendor.

    Returns:
        The neutral request, and the losses: what it cannot carry. Members without a neutral field
        are kept in `extra` under the provider's name, so that compiling for it again repeats them.

    Raises:
        InvalidInputError: It is no JSON object, or has no model.
    """
    cls = provider_class(provider)
    if not isinstance(body, Mapping) or not isinstance(body.get("model"), str):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers pass any JSON)
        raise InvalidInputError(
            "a video body is a JSON object with a model",
            provider=provider,
            field="model",
            next_step="pass the body as it was sent to the vendor",
        )
    known = find_model(cls.video_models, body["model"])
    return cls.dialect.parse(body, provider=provider, model=known.name if known else body["model"])


@without_frames
def translate(
    body: Mapping[str, Any],
    *,
    from_: str,
    to: str,
    assets: Mapping[str, str] | None = None,
) -> Translation:
    """
    Rewrite a video body for another vendor.

    An asset belongs to the vendor where it was registered, and a real person's consent does not
    move by itself: addresses that *assets* does not map are kept and listed as losses.

    Args:
        body: The JSON for the one vendor.
        from_: The adapter it was written for.
        to: The adapter to write for.
        assets: For each `asset://` address of the one vendor, its counterpart at the other.
    """
    parsed = parse_video(from_, body)
    cls = provider_class(to)
    losses = list(parsed.losses)
    request, own = parsed.request, parsed.request.extra.get(from_, {})
    if from_ != to and cls.dialect.name and cls.dialect.name == provider_class(from_).dialect.name:
        request = evolve(request, extra={to: own} if own else {})
    elif from_ != to:
        request = evolve(request, extra={})
        why = f"only {from_} has such a member"
        losses += [Loss(field=key, value=value, why=why) for key, value in own.items()]
    mapped = dict(assets or {})

    def url_of(source: MediaRef, field: str) -> str:
        url = str(source)
        if from_ != to and url.startswith("asset://") and url not in mapped:
            losses.append(Loss(field=field, value=url, why=f"register it at {to} first"))
        return mapped.get(url, url)

    slots = slots_of(request.media, url_of)
    with_assets = any(slot.url.startswith("asset://") for slot in slots)
    known = find_model(cls.video_models, request.model)
    model_id = cls.model_id(known, with_assets=with_assets) if known else request.model
    if known and with_assets and not known.takes_assets and from_ != to:
        losses.append(Loss(field="model", value=model_id, why="it takes no portrait assets"))
    if known is None and from_ != to:
        losses.append(Loss(field="model", value=model_id, why=f"{to} lists no such model"))
    findings: tuple[Finding, ...] = ()
    if known and from_ != to:
        request = known.spelled(request)
        findings = tuple(known.check(request, slots, provider=to))
    compiled, adaptations = cls.dialect.compile(
        request,
        provider=to,
        model_id=body["model"] if from_ == to else model_id,
        prompt=write_prompt(request.prompt, request.media, label=cls.dialect.label),
        slots=slots,
        on_unsupported="drop",
    )
    losses += [Loss(field=each.field, value=each.asked, why=each.why) for each in adaptations]
    return Translation(body=compiled, request=request, losses=tuple(losses), findings=findings)
