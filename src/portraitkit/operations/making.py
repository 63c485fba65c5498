"""Making a video: preflight, compile, send once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen

from ..values.errors import AssetNotReadyError, HandleError, InvalidInputError, UnsupportedError
from ..values.masking import masked_repr
from ..values.media import as_link
from ..values.models import Asset, VideoTask
from ..values.portraits import MediaRef, OneOf, Portrait
from ..values.prompts import slots_of, write_prompt
from ..values.remarks import Adaptation, Finding
from ..values.secret import MASK, Secret
from ..values.statuses import AssetStatus, VideoStatus
from ..values.video import Frames, OnUnsupported, Preview, References, VideoRequest
from ..vendor.answers import with_findings
from ..vendor.preflight import (
    VideoModel,
    check_no_file,
    check_prompt,
    check_spoken,
    refuse_file,
)
from ..wire.codec import is_object
from ..wire.steps import Auth, Flow, Request
from . import reconciling
from .missing_assets import explained
from .patience import patient

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls


@frozen(kw_only=True)
class Draft:
    """A request that passed preflight and is ready to send."""

    request: Request
    body: dict[str, object] = field(repr=masked_repr)
    adaptations: tuple[Adaptation, ...]
    findings: tuple[Finding, ...]


def draft_video(
    provider: VendorCalls,
    request: VideoRequest,
    on_unsupported: OnUnsupported,
    strict_limits: bool | None,  # noqa: FBT001  (hands on what callers name)
) -> Draft:
    """Compile a request, and stop what can never work before any money is spent."""
    if not request.prompt.strip():
        raise InvalidInputError(
            "the prompt is empty",
            provider=provider.name,
            field="prompt",
            next_step="say what the video shows",
        )
    check_prompt(request.prompt, provider=provider.name)
    request = own_media(provider, request)
    slots = slots_of(request.media, partial(asset_url, provider))
    prompt = write_prompt(request.prompt, request.media, label=provider.dialect.label)
    with_assets = any(slot.url.startswith("asset://") for slot in slots)
    model = find_model(provider.video_models, provider.models.get(request.model, request.model))
    if model and with_assets and not model.takes_assets:
        raise UnsupportedError(
            f"the model {request.model} takes no portrait assets",
            provider=provider.name,
            field="model",
            next_step="use seedance-2.0 or seedance-2.0-fast",
        )
    request = model.spelled(request) if model else request
    body, adaptations = provider.dialect.compile(
        request,
        provider=provider.name,
        model_id=_model_id(provider, request.model, model, with_assets=with_assets),
        prompt=prompt,
        slots=slots,
        on_unsupported=on_unsupported,
    )
    found = (
        *(model.check(request, slots, provider=provider.name) if model else ()),
        *provider.video_findings(request, slots),
        *check_spoken(request, slots),
    )
    links = [slot.url for slot in slots if not slot.url.startswith("asset://")]
    secrets = tuple(Secret(url) for url in (*links, request.callback_url) if url)
    sent = provider.video_request(body)
    return Draft(
        request=evolve(sent, secrets=(*sent.secrets, *secrets)),
        body=body,
        adaptations=adaptations,
        findings=provider.limits(found, strict_limits),
    )


def preview_video(
    provider: VendorCalls,
    request: VideoRequest,
    on_unsupported: OnUnsupported,
    strict_limits: bool | None,  # noqa: FBT001  (hands on what callers name)
) -> Preview:
    """Show a draft, credentials masked."""
    draft = draft_video(provider, request, on_unsupported, strict_limits)
    sent = draft.request
    return Preview(
        method=sent.method,
        url=sent.target,
        headers={**sent.headers, **_masked_credentials(provider, sent)},
        body=_sent_body(sent) or draft.body,
        content=sent.content,
        adaptations=draft.adaptations,
        findings=draft.findings,
    )


def _masked_credentials(provider: VendorCalls, request: Request) -> dict[str, str]:
    """The headers that authorising adds, without what they say."""
    if request.auth is Auth.NONE:
        return {}
    added = provider.authorize(request, now=_ANY_TIME).headers.items() - request.headers.items()
    return {
        name: f"Bearer {MASK}" if text.startswith("Bearer ") else MASK
        for name, text in sorted(added)
    }


def _sent_body(request: Request) -> Mapping[str, Any]:
    """The body as it is written, where it is written in JSON."""
    try:
        body = json.loads(request.content)
    except ValueError:
        return {}
    return body if is_object(body) else {}


_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def create_video(
    provider: VendorCalls,
    request: VideoRequest,
    on_unsupported: OnUnsupported,
    strict_limits: bool | None,  # noqa: FBT001  (hands on what callers name)
    patience_s: float | None = None,
) -> Flow[VideoTask]:
    """Send a draft, once, when it is its turn."""
    yield from patient(patience_s)
    settled = yield from provider.settle_media(own_media(provider, request))
    draft = draft_video(provider, settled, on_unsupported, strict_limits)
    model = str(draft.body.get("model", ""))
    created = reconciling.create_video(provider, _sent(provider, draft), model)
    task = yield from with_findings(created, draft.findings, provider)
    # Some vendors answer a create with nothing but an id: it is queued then.
    silent = task.status is VideoStatus.UNKNOWN and not task.status_word
    return evolve(
        task,
        model=task.model or model,
        status=VideoStatus.QUEUED if silent else task.status,
        adaptations=draft.adaptations,
    )


def _sent(provider: VendorCalls, draft: Draft) -> Flow[VideoTask]:
    asked = explained(provider.ask(draft.request), provider, draft.body)
    return provider.created_video((yield from asked))


def find_model(models: tuple[VideoModel, ...], wanted: str) -> VideoModel | None:
    """Find what is known of a model, by our name or the vendor's."""
    for model in models:
        if wanted in (model.name, model.id, *model.other_ids):
            return model
    return None


def _model_id(
    provider: VendorCalls, name: str, model: VideoModel | None, *, with_assets: bool
) -> str:
    wanted = provider.models.get(name, name)
    return (
        provider.model_id(model, with_assets=with_assets)
        if model and wanted == model.name
        else wanted
    )


def own_media(provider: VendorCalls, request: VideoRequest) -> VideoRequest:
    """Choose this provider's asset wherever a portrait is registered at several."""
    return with_media(request, partial(own, provider))


def with_media(request: VideoRequest, change: Callable[[MediaRef], MediaRef]) -> VideoRequest:
    """Put something else in the place of each medium of a request."""
    media = request.media
    if isinstance(media, Frames):
        last = None if media.last is None else change(media.last)
        return evolve(request, media=Frames(first=change(media.first), last=last))
    if media is None:
        return request
    images, videos, audios = (
        [evolve(each, source=change(each.source)) for each in part]
        for part in (media.images, media.videos, media.audios)
    )
    return evolve(request, media=References(images=images, videos=videos, audios=audios))


def own(provider: VendorCalls, source: MediaRef) -> MediaRef:
    """
    Choose this provider's asset of a portrait that is registered at several.

    Raises:
        HandleError: It is not registered here.
    """
    if isinstance(source, Portrait):
        raise HandleError(
            f"the portrait {str(source)!r} is a name: a client looks it up in its ledger",
            provider=provider.name,
            field="media",
            next_step="call create_video or preview_video of a client, or pass the asset",
        )
    if not isinstance(source, OneOf):
        return source
    found = source.at(provider.name, provider.account)
    if found is None:
        raise HandleError(
            f"no asset of a OneOf is registered at {provider.name} in this account",
            provider=provider.name,
            field="media",
            next_step="register the portrait here, too, and add that asset to the OneOf",
        )
    return found


def asset_url(provider: VendorCalls, source: MediaRef, name: str) -> str:
    """Turn a source into the URL that a video body carries."""
    source = own(provider, source)
    if isinstance(source, Asset):
        _ = provider.id_of("asset", source)
        if source.status is not AssetStatus.ACTIVE and source.status is not AssetStatus.UNKNOWN:
            raise AssetNotReadyError(
                f"{name} is {source.status.value}",
                provider=provider.name,
                field=name,
                handle=source.handle,
                next_step="wait_until_active(asset), and use what it returns",
            )
        return provider.asset_address(source)
    if not isinstance(source, str):
        refuse_file("this is a file", provider=provider.name, name=name)
    if "://" in source and not source.startswith("asset://"):
        _ = as_link(source)
        return source
    check_no_file(source, provider=provider.name, name=name)
    return provider.asset_address(source)
