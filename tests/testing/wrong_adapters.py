"""
Wrong adapters: AllToken's with one small mistake each, of the kinds that real authors make.

`WRONG` is the table, by the check that catches each: what is wrong, and the adapter. A mistake is
in what is asked (a value is dropped, swapped, inverted, coerced, cut) or in what is told.
"""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve

from portraitkit.adapter import MediaRead, VideoDialect
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.models import Failure, Page, Usage
from portraitkit.values.prompts import Role, Slot
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from portraitkit.vendor.calls import VendorCalls
from portraitkit.wire.codec import Codec
from portraitkit.wire.steps import Request, through

CACHE = {}
_COUNT = itertools.count()


def wrong(**members):
    """An adapter that differs from the right one in some members."""
    name = f"Wrong{next(_COUNT)}"
    globals()[name] = found = type(name, (AllToken,), {**members, "__module__": __name__})
    return found  # a name of this module, so that it can be pickled


def asking(operation, change):
    """An operation whose requests are changed: `change(request)`."""

    def call(self, *args, **kwargs):
        flow = getattr(AllToken, operation)(self, *args, **kwargs)

        def do(step):
            return (yield change(step) if isinstance(step, Request) else step)

        return through(flow, do)

    return wrong(**{operation: call})


def sending(operation, change):
    """An operation whose JSON bodies are changed: `change(body)` gives another."""

    def changed(request):
        if not request.content.startswith(b"{"):
            return request
        body = change(json.loads(request.content))
        return evolve(request, content=json.dumps(body).encode())

    return asking(operation, changed)


def telling(operation, change):
    """An operation whose result is changed: `change(result)` gives another."""

    def call(self, *args, **kwargs):
        return change((yield from getattr(AllToken, operation)(self, *args, **kwargs)))

    return wrong(**{operation: call})


def given(operation, change):
    """An operation whose arguments are changed: `change(*args)` gives others."""

    def call(self, *args, **kwargs):
        args, kwargs = change(args, kwargs)
        return getattr(AllToken, operation)(self, *args, **kwargs)

    return wrong(**{operation: call})


def paying(change):
    """A video whose body is changed before it is sent, and in the preview."""
    return wrong(video_request=lambda self, body: AllToken.video_request(self, change(dict(body))))


def spelling(*, write=AllToken.dialect.write, read=AllToken.dialect.read, **fields):
    """A dialect that differs in some keys, or in a function."""
    keys = {**AllToken.dialect.fields, **fields}
    return wrong(dialect=VideoDialect(fields=keys, write=write, read=read))


def reading(kind, **keys):
    """A codec that finds some attributes of a kind elsewhere; None: nowhere."""
    fields = {**AllToken.codec.fields[kind], **keys}
    fields = {name: key for name, key in fields.items() if key is not None}
    return wrong(
        codec=Codec(fields={**AllToken.codec.fields, kind: fields}, words=AllToken.codec.words)
    )


def meaning(kind, **words):
    """A codec that takes some words for something else."""
    table = {**AllToken.codec.words[kind], **words}
    return wrong(
        codec=Codec(fields=AllToken.codec.fields, words={**AllToken.codec.words, kind: table})
    )


def but(body, **members):
    """A body with other members; None takes one out."""
    found = {**body, **members}
    return {key: value for key, value in found.items() if value is not None}


def items(body, change):
    """A video's body with its media changed."""
    return but(body, content=change(body["content"])) if body.get("content") else body


def naive(moment):
    """A time without its zone."""
    return moment.replace(tzinfo=None)


def truthy(body):
    """A body without what is empty, zero or false."""
    return {key: value for key, value in body.items() if value}


def write_turned(prompt, slots):
    """Frames written in each other's place."""
    other = {Role.FIRST_FRAME: Role.LAST_FRAME, Role.LAST_FRAME: Role.FIRST_FRAME}
    turned = (evolve(each, role=other.get(each.role, each.role)) for each in slots)
    return AllToken.dialect.write(prompt, tuple(turned))


def read_turned(body):
    """And read back the same way, so that nobody who only reads back sees it."""
    found = AllToken.dialect.read(body)
    other = {Role.FIRST_FRAME: Role.LAST_FRAME, Role.LAST_FRAME: Role.FIRST_FRAME}
    slots = tuple(evolve(each, role=other.get(each.role, each.role)) for each in found.slots)
    return evolve(found, slots=slots)


def write_as(media):
    """Everything is written as one kind of medium."""

    def write(prompt, slots):
        changed = tuple(
            evolve(each, media=media) if each.role is Role.REFERENCE else each for each in slots
        )
        return AllToken.dialect.write(prompt, changed)

    return write


def write_without(*kinds):
    """Some kinds of media are left out."""
    return lambda prompt, slots: AllToken.dialect.write(
        prompt, tuple(each for each in slots if each.media not in kinds)
    )


def _cancel_by_reading(self, task):
    found = yield from self.get_video(task)
    return evolve(found, status=VideoStatus.CANCELLED, status_word="cancelled")


def _rename_by_reading(self, asset, name):
    return evolve((yield from self.get_asset(asset)), name=name)


def _into_the_first_group(self, group, link, *, name):
    page = yield from self.list_groups(None)
    return (yield from AllToken.add_link(self, page.items[0].id, link, name=name))


def _cached(self, task):
    key = self.id_of("video", task)
    if key not in CACHE or not CACHE[key].status.is_pending:
        CACHE[key] = yield from AllToken.get_video(self, task)
    return CACHE[key]


def _patient(self, response):
    error = AllToken.refusal(self, response)
    if error is not None:
        error.retry_after_s = None
    return error


def _cut_upload(self, group, upload, *, name):
    return AllToken.add_upload(self, group, evolve(upload, content=upload.content[:-1]), name=name)


def _file_cut(self, task, path):
    saved = yield from AllToken.download_video(self, task, path)
    Path(saved).write_bytes(Path(saved).read_bytes()[:-7])
    return saved


def _deletes_the_newest(self, asset):
    group = (yield from self.get_asset(asset)).group_id
    page = yield from self.list_assets(None, group)
    yield from AllToken.delete_asset(self, page.items[0])


def _shifted(hours):
    return lambda found: (
        found
        and evolve(found, created_at=found.created_at and found.created_at + timedelta(hours=hours))
    )


def _no_page(found):
    return Page(items=found.items)


def _rows(change):
    return lambda found: evolve(found, items=tuple(change(each) for each in found.items))


def _bare(url):
    return urlsplit(url)._replace(query="").geturl()


def _link_without_query(self, group, link, *, name):
    link = evolve(link, url=Secret(_bare(link.url.reveal())))
    return AllToken.add_link(self, group, link, name=name)


LIBRARY = [
    name
    for name in vars(VendorCalls)
    if name in ("add_upload", "add_link", "read_callback")
    or name.endswith(("_group", "_groups", "_asset", "_assets", "_verification"))
]
VideosAlone = wrong(**{name: getattr(VendorCalls, name) for name in LIBRARY})
"""A right adapter of a vendor that has no asset library."""


class _Forgetful(VideoDialect):
    def parse(self, body, **names):
        return super().parse(but(body, seed=None), **names)


FAILED = Failure(code="failed", message="failed")

WRONG = {
    "test_lists_tell_what_reads_tell": {
        "a list's assets have no names": telling(
            "list_assets", _rows(lambda each: evolve(each, name=""))
        ),
    },
    "test_what_is_offered_works": {
        "the duration is a text": paying(lambda b: but(b, duration=str(b.get("duration", 5)))),
        "answers are kept": wrong(get_video=_cached),
    },
    "test_cancels_are_done": {
        "a cancel only reads": wrong(cancel_video=_cancel_by_reading),
        "a cancelled video has failed": meaning(VideoStatus, cancelled=VideoStatus.FAILED),
    },
    "test_renames_are_done": {
        "a renamed asset keeps its name": wrong(rename_asset=_rename_by_reading),
        "a renamed asset gets a cut name": given(
            "rename_asset", lambda a, k: ((a[0], a[1][:8]), k)
        ),
        "a renamed group gets its name in lower case": given(
            "rename_group", lambda a, k: ((a[0], a[1].lower()), k)
        ),
        "a renamed group loses its new description": given(
            "rename_group", lambda a, k: (a, {**k, "description": None})
        ),
        "a rename empties the description": given(
            "rename_group", lambda a, k: (a, {**k, "description": k.get("description") or ""})
        ),
        "an asset's name is not told": telling("get_asset", lambda a: evolve(a, name="")),
        "a group's description is not told": telling(
            "get_group", lambda g: evolve(g, description="")
        ),
    },
    "test_deletions_take_that_thing_alone": {
        "an asset goes into the newest group": wrong(add_link=_into_the_first_group),
        "another asset is deleted": wrong(delete_asset=_deletes_the_newest),
        "a group is not deleted": wrong(
            delete_group=lambda self, group: (yield from self.get_group(group)) and None
        ),
    },
    "test_groups_are_made_as_asked": {
        "a description is dropped": sending("make_group", lambda b: but(b, Description=None)),
        "a description is the name": sending(
            "make_group", lambda b: but(b, Description=b.get("Name"))
        ),
        "a group's name is in ASCII": sending(
            "make_group", lambda b: but(b, Name=b["Name"].encode("ascii", "ignore").decode())
        ),
        "a group's name is cut": sending("make_group", lambda b: but(b, Name=b["Name"][:16])),
        "a group's name is capitalised": sending(
            "make_group", lambda b: but(b, Name=b["Name"].title())
        ),
    },
    "test_several_assets_keep_their_order": {
        "an asset's name is dropped": sending("add_link", lambda b: but(b, Name=None)),
    },
    "test_assets_are_registered_as_asked": {
        "an uploaded asset is not named": given("add_upload", lambda a, k: (a, {**k, "name": ""})),
        "an upload is cut": wrong(add_upload=_cut_upload),
        "an upload has another type": given(
            "add_upload", lambda a, k: ((a[0], evolve(a[1], content_type="image/png")), k)
        ),
        "a link loses its query": wrong(add_link=_link_without_query),
        "a video is registered as a picture": sending(
            "add_link", lambda b: but(b, AssetType="Image")
        ),
        "audio is registered as a video": sending(
            "add_link",
            lambda b: but(b, AssetType=b["AssetType"].replace("Audio", "Video")),
        ),
        "an asset's medium is always a picture": telling(
            "get_asset", lambda a: evolve(a, media=MediaType.IMAGE)
        ),
    },
    "test_face_checks_are_begun_as_asked": {
        "a face check's callback is dropped": sending(
            "start_verification", lambda b: but(b, CallbackURL="https://app.example/")
        ),
        "a face check's callback loses its query": sending(
            "start_verification", lambda b: but(b, CallbackURL=_bare(b["CallbackURL"]))
        ),
        "a face check's link is its token": telling(
            "start_verification", lambda v: evolve(v, link=v.token)
        ),
        "a face check ends an hour late": telling(
            "start_verification",
            lambda v: evolve(v, expires_at=v.expires_at and v.expires_at + timedelta(hours=1)),
        ),
    },
    "test_face_checks_end_as_the_person_decides": {
        "a face check is believed before it is passed": telling(
            "check_verification", lambda v: evolve(v, status=VerificationStatus.VERIFIED)
        ),
        "a face check's group is virtual": telling(
            "check_verification",
            lambda v: evolve(v, group=v.group and evolve(v.group, kind=GroupKind.VIRTUAL)),
        ),
    },
    "test_fields_arrive_as_asked": {
        "seed 0 is dropped": paying(lambda b: but(b, seed=b.get("seed") or None)),
        "False is dropped": paying(truthy),
        "sound is inverted": paying(
            lambda b: but(
                b, generate_audio=None if "generate_audio" not in b else not b["generate_audio"]
            )
        ),
        "the watermark is always off": paying(lambda b: but(b, watermark=False)),
        "the seed is dropped": paying(lambda b: but(b, seed=None)),
        "the duration is even": paying(lambda b: but(b, duration=b.get("duration", 4) // 2 * 2)),
        "the ratio is always the same": paying(lambda b: but(b, ratio="16:9")),
        "the resolution is always the same": paying(lambda b: but(b, resolution="720p")),
        "two flags are swapped": spelling(
            watermark="return_last_frame", return_last_frame="watermark"
        ),
        "flag and flag share a key": spelling(watermark="generate_audio"),
        "the callback is dropped": paying(lambda b: but(b, callback_url=None)),
        "the callback loses its query": paying(
            lambda b: but(b, callback_url=_bare(b["callback_url"]) if "callback_url" in b else None)
        ),
        "the last frame is never asked for": paying(lambda b: but(b, return_last_frame=False)),
    },
    "test_pages_end_and_repeat_nothing": {
        "a list has one page": telling("list_groups", _no_page),
    },
    "test_prompts_arrive_as_written": {
        "the prompt is cut": paying(lambda b: but(b, prompt=b["prompt"][:40])),
        "the prompt is stripped of line breaks": paying(
            lambda b: but(b, prompt=" ".join(b["prompt"].split()))
        ),
        "the prompt is in ASCII": paying(
            lambda b: but(b, prompt=b["prompt"].encode("ascii", "replace").decode())
        ),
    },
    "test_models_arrive_as_asked": {
        "the model is always the same": paying(lambda b: but(b, model="seedance-2.0")),
        "models are swapped": wrong(
            video_models=tuple(
                evolve(
                    each, id={"seedance-2.0": "seedance-2.0-fast"}.get(each.name, "seedance-2.0")
                )
                for each in AllToken.video_models
            )
        ),
    },
    "test_media_are_read_back": {
        "frames are turned": spelling(write=write_turned),
        "the last frame is dropped": spelling(
            write=lambda prompt, slots: AllToken.dialect.write(
                prompt, tuple(each for each in slots if each.role is not Role.LAST_FRAME)
            )
        ),
        "the first frame is a reference": spelling(
            write=lambda prompt, slots: AllToken.dialect.write(
                prompt, tuple(evolve(each, role=Role.REFERENCE) for each in slots)
            )
        ),
        "videos are sent as pictures": spelling(write=write_as(MediaType.IMAGE)),
        "audio is dropped": spelling(write=write_without(MediaType.AUDIO)),
        "videos are dropped": spelling(write=write_without(MediaType.VIDEO)),
        "media are not read back": spelling(
            read=lambda body: MediaRead(
                prompt=body.get("prompt", ""), slots=(), used=frozenset({"prompt", "content"})
            )
        ),
        "read back as pictures": spelling(
            read=lambda body: evolve(
                AllToken.dialect.read(body),
                slots=tuple(
                    Slot(MediaType.IMAGE, each.role, each.url)
                    for each in AllToken.dialect.read(body).slots
                ),
            )
        ),
    },
    "test_media_arrive_as_asked": {
        "frames are turned, both ways": spelling(write=write_turned, read=read_turned),
    },
    "test_labels_name_their_media": {
        "only the first picture is sent": paying(lambda b: items(b, lambda found: found[:1])),
        "pictures are sent in another order": paying(lambda b: items(b, lambda found: found[::-1])),
        "pictures are sent sorted": paying(
            lambda b: items(b, lambda found: sorted(found, key=str))
        ),
        "a picture's address is in lower case": paying(
            lambda b: json.loads(json.dumps(b).replace("MIA", "mia").replace("LEO", "leo"))
        ),
        "labels count from zero": paying(
            lambda b: but(
                b, prompt=b["prompt"].replace("Image 1", "Image 0").replace("Image 2", "Image 1")
            )
        ),
        "labels are not bound": paying(
            lambda b: but(b, prompt=b["prompt"].replace("Image ", "picture "))
        ),
        "every label is the first picture": paying(
            lambda b: but(b, prompt=b["prompt"].replace("Image 2", "Image 1"))
        ),
    },
    "test_extra_members_arrive": {
        "extra is dropped": paying(
            lambda b: {
                k: v
                for k, v in b.items()
                if k in {"model", "prompt", "content", *AllToken.dialect.fields.values()}
            }
        ),
    },
    "test_times_are_aware_and_right": {
        "times are naive": telling(
            "get_video",
            lambda t: evolve(t, created_at=t.created_at and t.created_at.replace(tzinfo=None)),
        ),
        "times are eight hours off": telling("get_video", _shifted(8)),
        "an asset's time is eight hours off": telling("get_asset", _shifted(-8)),
    },
    "test_answers_are_told_whole": {
        "a group's time is dropped": telling("get_group", lambda g: evolve(g, created_at=None)),
        "a time of change is the time of birth": telling(
            "get_video", lambda t: evolve(t, updated_at=t.created_at)
        ),
        "a video's model is dropped": telling("get_video", lambda t: evolve(t, model="")),
        "a video's seed is dropped": telling("get_video", lambda t: evolve(t, seed=None)),
        "a video's ratio is its resolution": telling(
            "get_video", lambda t: evolve(t, ratio=t.resolution, resolution=t.ratio)
        ),
        "a video's duration is dropped": telling("get_video", lambda t: evolve(t, duration_s=None)),
        "the last frame's link is dropped": telling(
            "get_video", lambda t: evolve(t, last_frame_link=None)
        ),
        "a link's end is dropped": telling("get_video", lambda t: evolve(t, link_expires_at=None)),
        "a list's videos have one time": telling(
            "list_videos",
            lambda p: evolve(p, items=tuple(evolve(e, created_at=None) for e in p.items)),
        ),
    },
    "test_usage_is_kept": {
        "usage is dropped": telling("get_video", lambda t: evolve(t, usage=None)),
        "usage is swapped": telling(
            "get_video",
            lambda t: evolve(
                t,
                usage=t.usage
                and Usage(
                    total_tokens=t.usage.completion_tokens, completion_tokens=t.usage.total_tokens
                ),
            ),
        ),
        "usage is rounded": telling(
            "get_video",
            lambda t: evolve(
                t, usage=t.usage and evolve(t.usage, total_tokens=round(t.usage.total_tokens, -3))
            ),
        ),
    },
    "test_failures_keep_their_reason": {
        "a failed video has no reason": telling("get_video", lambda t: evolve(t, failure=None)),
        "a failed video's reason is replaced": telling(
            "get_video", lambda t: evolve(t, failure=t.failure and FAILED)
        ),
        "a failed video's code and message are swapped": telling(
            "get_video",
            lambda t: evolve(
                t, failure=t.failure and Failure(code=t.failure.message, message=t.failure.code)
            ),
        ),
        "a failed asset has no reason": telling("get_asset", lambda a: evolve(a, failure=None)),
        "a list's videos have no status": telling(
            "list_videos", _rows(lambda each: evolve(each, status=VideoStatus.UNKNOWN))
        ),
    },
    "test_status_words_mean_what_the_contract_says": {
        "a failed video is a success": telling(
            "get_video",
            lambda t: evolve(
                t, status=VideoStatus.SUCCEEDED if t.status is VideoStatus.FAILED else t.status
            ),
        ),
        "a failed asset is active": telling(
            "get_asset",
            lambda a: evolve(
                a, status=AssetStatus.ACTIVE if a.status is AssetStatus.FAILED else a.status
            ),
        ),
        "an expired video has failed": meaning(VideoStatus, expired=VideoStatus.FAILED),
        "a queued video runs": meaning(VideoStatus, queued=VideoStatus.RUNNING),
        "a failed asset is processing": meaning(AssetStatus, Failed=AssetStatus.PROCESSING),
    },
    "test_links_are_the_vendors": {
        "the last frame's link is the video's": telling(
            "get_video",
            lambda t: evolve(t, last_frame_link=t.last_frame_link and t.video_link),
        ),
        "a file is cut": wrong(download_video=_file_cut),
    },
    "test_results_are_what_the_simulator_holds": {
        "an asset's group is not told": telling("get_asset", lambda a: evolve(a, group_id=None)),
        "a group's kind is always virtual": telling(
            "get_group", lambda g: evolve(g, kind=GroupKind.VIRTUAL)
        ),
    },
    "test_lists_keep_to_their_filter": {
        "a list's assets are all active": telling(
            "list_assets", _rows(lambda each: evolve(each, status=AssetStatus.ACTIVE))
        ),
        "a list of assets is of all groups": sending(
            "list_assets", lambda b: but(b, Filter={"GroupType": "AIGC"})
        ),
        "a list by status is empty": given(
            "list_assets",
            lambda a, k: (a, {**k, "status": AssetStatus.FAILED if k.get("status") else None}),
        ),
        "a list ignores its status": given("list_assets", lambda a, k: (a, {**k, "status": None})),
        "a list by kind is empty": given(
            "list_groups",
            lambda a, k: (a, {**k, "kind": GroupKind.VIRTUAL if k.get("kind") else None}),
        ),
    },
    "test_retry_after_is_obeyed": {
        "Retry-After is not read": wrong(refusal=_patient),
    },
    "test_full_accounts_are_told": {
        "a full account is not told": wrong(
            error_codes={k: v for k, v in AllToken.error_codes.items() if "Quota" not in k},
            refusal=lambda self, response: (
                None
                if response.status < 500 and b"Quota" in response.content
                else AllToken.refusal(self, response)
            ),
        ),
    },
    "test_notices_are_hints": {
        "a notice is believed": wrong(
            read_video_callback=lambda self, received: evolve(
                AllToken.read_video_callback(self, received), status=VideoStatus.SUCCEEDED
            )
        ),
    },
    "test_fields_are_read_back": {
        "a seed is not read back": wrong(
            dialect=_Forgetful(
                fields=AllToken.dialect.fields,
                write=AllToken.dialect.write,
                read=AllToken.dialect.read,
            )
        ),
    },
}
"""For each check of the suite that catches them: what is wrong, and the adapter that does it."""
