"""
Wrong adapters: AllToken's with one small mistake each, of the kinds that real authors make.

`WRONG` is the table, by the check that catches each: what is wrong, and the adapter. A mistake is
in what is asked (a value is dropped, swapped, inverted, coerced, cut), in what is told, or in what
an adapter promises of keys, handles, pages, errors and money.
"""

from __future__ import annotations

import itertools
import json
import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve, frozen

from portraitkit.adapter import MediaRead, VideoDialect
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.errors import NotFoundError, ProviderError, UnexpectedResponseError
from portraitkit.values.handles import Handle, is_handle
from portraitkit.values.models import Failure, Group, Page, Result, VideoTask
from portraitkit.values.prompts import Role
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from portraitkit.values.video import SCALARS
from portraitkit.vendor.calls import VendorCalls
from portraitkit.wire.codec import Codec, first
from portraitkit.wire.error_mapping import VendorError
from portraitkit.wire.steps import Auth, Request, pause, send, through

CACHE = {}
COUNT = itertools.count()
DIALECT = AllToken.dialect


def wrong(**members):
    """An adapter that differs from the right one in some members."""
    name = f"Wrong{next(COUNT)}"
    globals()[name] = found = type(name, (AllToken,), {**members, "__module__": __name__})
    return found  # a name of this module, so that it can be pickled


def but(body, **members):
    """A body with other members, each a value or a function of the body; None takes one out."""
    found = {key: each(body) if callable(each) else each for key, each in members.items()}
    return {key: each for key, each in {**body, **found}.items() if each is not None}


def other(found, **values):
    """A result with other values, each a value or a function of the result; None stays None."""
    told = {key: each(found) if callable(each) else each for key, each in values.items()}
    return found and evolve(found, **told)


def asking(operation, change):
    """An operation whose requests are changed: `change(request)`."""

    def do(step):
        return (yield change(step) if isinstance(step, Request) else step)

    def call(self, *args, **kwargs):
        return through(getattr(AllToken, operation)(self, *args, **kwargs), do)

    return wrong(**{operation: call})


def sending(operation, **members):
    """An operation whose JSON bodies have other members."""

    def changed(request):
        if not request.content.startswith(b"{"):
            return request
        body = but(json.loads(request.content), **members)
        return evolve(request, content=json.dumps(body).encode())

    return asking(operation, changed)


def telling(operation, change=other, **values):
    """An operation whose result is changed, or has other values."""

    def call(self, *args, **kwargs):
        return change((yield from getattr(AllToken, operation)(self, *args, **kwargs)), **values)

    return wrong(**{operation: call})


def rows(operation, **values):
    """A list whose rows have other values."""
    return telling(operation, items=lambda page: tuple(other(e, **values) for e in page.items))


def given(operation, change):
    """An operation whose arguments are changed: `change(*args)` gives others."""

    def call(self, *args, **kwargs):
        args, kwargs = change(args, kwargs)
        return getattr(AllToken, operation)(self, *args, **kwargs)

    return wrong(**{operation: call})


def paying(change=but, **members):
    """A video whose body is changed before it is sent, and in the preview."""
    return wrong(
        video_request=lambda self, body: AllToken.video_request(self, change(dict(body), **members))
    )


def with_text(change):
    """A video whose prompt is changed."""
    return paying(prompt=lambda body: change(body["prompt"]))


def with_items(change):
    """A video whose media are changed."""
    return paying(lambda body: but(body, content=change(body.get("content") or []) or None))


def requesting(change):
    """A video whose request is changed: `change(adapter, request)`."""
    return wrong(video_request=lambda self, body: change(self, AllToken.video_request(self, body)))


def falling(operation, error, instead):
    """An operation that takes an error for a result: `instead(adapter)`."""

    def call(self, *args, **kwargs):
        try:
            return (yield from getattr(AllToken, operation)(self, *args, **kwargs))
        except error:
            return instead(self)

    return wrong(**{operation: call})


def spelling(*, write=DIALECT.write, read=DIALECT.read, dialect=VideoDialect, **fields):
    """A dialect that differs in some keys, or in a function."""
    keys = {name: key for name, key in {**DIALECT.fields, **fields}.items() if key}
    return wrong(dialect=dialect(fields=keys, write=write, read=read))


def writing(change):
    """A dialect that changes each place of a medium before it writes it; None leaves it out."""

    def write(prompt, slots):
        return DIALECT.write(prompt, tuple(filter(None, map(change, slots))))

    return spelling(write=write)


def meaning(kind, **words):
    """A codec that takes some words for something else."""
    table = {**AllToken.codec.words[kind], **words}
    return wrong(
        codec=Codec(fields=AllToken.codec.fields, words={**AllToken.codec.words, kind: table})
    )


def tag(adapter, **values):
    """What a made-up result says of where it comes from."""
    return {"provider": adapter.name, "account": adapter.account, **values}


TURNED = {Role.FIRST_FRAME: Role.LAST_FRAME, Role.LAST_FRAME: Role.FIRST_FRAME}


def turned(slots):
    """Frames in each other's place."""
    return tuple(evolve(each, role=TURNED.get(each.role, each.role)) for each in slots)


def write_turned(prompt, slots):
    return DIALECT.write(prompt, turned(slots))


def read_turned(body):
    """Nobody who only reads back sees it."""
    found = DIALECT.read(body)
    return evolve(found, slots=turned(found.slots))


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


def _file_cut(self, task, path):
    saved = yield from AllToken.download_video(self, task, path)
    Path(saved).write_bytes(Path(saved).read_bytes()[:-7])
    return saved


def _deletes_the_newest(self, asset):
    group = (yield from self.get_asset(asset)).group_id
    page = yield from self.list_assets(None, group)
    yield from AllToken.delete_asset(self, page.items[0])


def _bare(url):
    return url and urlsplit(url)._replace(query="").geturl()


def _with_bare_link(args, kwargs):
    group, link = args
    return (group, evolve(link, url=Secret(_bare(link.url.reveal())))), kwargs


def _late(name, hours):
    return {name: lambda found: (at := getattr(found, name)) and at + timedelta(hours=hours)}


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


class _Dropping(VideoDialect):
    def compile(self, request, **options):
        unknown = dict.fromkeys(each for each in SCALARS if each not in self.fields)
        return super().compile(evolve(request, **unknown), **options)


def _any_handle(self, kind, ref):
    if isinstance(ref, Result):
        return ref.ref or ref.id
    return ref.split(":")[4] if is_handle(ref) else AllToken.id_of(self, kind, ref)


def _any_id(self, kind, ref):
    bare = isinstance(ref, str) and not is_handle(ref)
    return ref if bare else AllToken.id_of(self, kind, ref)


def _handle_as_id(self, group):
    group_id = group.id if isinstance(group, Group) else group
    return self.read(Group, (yield from self.act("GetAssetGroup", {"Id": group_id})))


def _read_with(**values):
    return wrong(
        read=lambda self, *args, **given: evolve(AllToken.read(self, *args, **given), **values)
    )


def _leaking(self, response):
    error = AllToken.refusal(self, response)
    if error is not None:
        error.add_note(f"the key was {self.api_key.reveal()}")
    return error


def _endless(self, cursor, *, kind=None):
    found = yield from AllToken.list_groups(self, None, kind=kind)
    return Page(items=found.items[:0], next=str(int(cursor or 0) + 1))


def _trusting(self, task):
    path = f"/v1/videos/generations/{self.id_of('video', task)}"
    answer = yield from self.ask(self.request("GET", path))
    model = answer.data["model"].strip()
    return evolve(self.read(VideoTask, answer), model=model)


def _with_statistics(self, cursor):
    headers = {"X-Who": self.api_key.reveal()}
    url = "https://stats.example/"
    yield from send(Request(method="GET", url=url, headers=headers, repeatable=True))
    return (yield from AllToken.list_videos(self, cursor))


def _fetched_with_the_key(self, task, path):
    link = task.video_link.reveal()
    yield from send(
        Request(method="GET", url=link, auth=Auth.BEARER, repeatable=True, save_to=path)
    )
    return path


def _paid_before(self, request):
    yield from self.ask(self.request("POST", "/v1/videos/generations", {"model": "warm-up"}))
    return request


def _muted(self, data, response):
    found = AllToken.fault(self, data, response)
    return found and VendorError(code=found.code, message="refused")


def _undeleted(self, asset):
    self.id_of("asset", asset)
    yield from ()


def _half_done(self, asset, name):
    raise NotImplementedError


def _nameless(self, name, *, kind=None, description="", on_unsupported="raise"):
    answer = yield from self.act("CreateAssetGroup", {"Name": name, "GroupType": "AIGC"})
    return Group(**tag(self, id=first(answer.data, "Id"), name=name, raw=answer.raw))


@frozen(kw_only=True, slots=False)
class PlainOrigin(AllToken):
    """An origin in a field that nobody checks."""

    gateway: str = "https://api.alltoken.ai"


def _untyped(self, request):
    kept = {key: each for key, each in request.headers.items() if key != "Content-Type"}
    return evolve(request, headers=kept)


def _logged(self, request, *, now):
    logging.getLogger("acme").debug("signing with %s", self.api_key.reveal())
    return AllToken.authorize(self, request, now=now)


def _rewritten(self, request, *, now):
    signed = AllToken.authorize(self, request, now=now)
    return evolve(signed, content=signed.content + b" ")


def _unhurried(self, task, *, deadline_s=None, on_event=None):
    while True:
        found = yield from self.get_video(task)
        if found.status is VideoStatus.SUCCEEDED:
            return found
        yield from pause(1)


def _hasty(args, kwargs):
    request = args[0]
    asset = getattr(request.media, "first", None)
    if hasattr(asset, "status"):
        media = evolve(request.media, first=evolve(asset, status=AssetStatus.ACTIVE))
        request = evolve(request, media=media)
    return (request,), kwargs


def _with_mark(request):
    return request.with_headers({"X-Attempts": str(next(COUNT))})


ANY_HANDLE = wrong(id_of=_any_handle)
OTHER_HANDLE = _read_with(account="main")
TRUSTING = wrong(get_video=_trusting)
RANDOM_NAME = given("create_group", lambda a, k: ((f"{a[0]} {next(COUNT)}",), k))
TASKLESS = telling("create_video", id=None, ref=lambda task: Handle.parse(task.handle).ref)
MODELS = {"seedance-2.0": "seedance-2.0-fast"}

# fmt: off
WRONG = {
    "test_creates_are_not_repeatable": {
        "the paid request may be sent again":
            requesting(lambda self, r: evolve(r, repeatable=True)),
    },
    "test_a_lost_create_is_not_sent_again": {
        "a lost answer is answered by creating again":
            asking("create_group", lambda r: evolve(r, repeatable=True)),
    },
    "test_reads_are_repeatable": {
        "a read ends at the first passing fault":
            asking("get_video", lambda r: evolve(r, repeatable=False)),
    },
    "test_handles_of_other_accounts_are_refused": {
        "handles are taken apart and not looked at": ANY_HANDLE,
    },
    "test_odd_ids_stay_out_of_paths": {
        "a bare id goes into the request as it comes": wrong(id_of=_any_id),
    },
    "test_objects_handles_and_ids_mean_the_same": {
        "a handle is taken for an id": wrong(get_group=_handle_as_id),
    },
    "test_results_say_where_they_come_from": {
        "results name an account of their own": OTHER_HANDLE,
        "nothing is kept of the vendor's answer": _read_with(raw=None),
    },
    "test_secrets_do_not_show_in_texts": {
        "the adapter shows its key":
            wrong(__repr__=lambda self: f"AllToken(api_key={self.api_key.reveal()})"),
    },
    "test_secrets_do_not_show_in_logs": {
        "the key is logged": wrong(authorize=_logged),
    },
    "test_secrets_do_not_travel_in_pickles": {
        "a result carries the key in an ordinary member": wrong(
            get_group=lambda self, group: evolve(
                (yield from AllToken.get_group(self, group)), description=self.api_key.reveal()
            )
        ),
    },
    "test_secrets_do_not_show_in_previews": {
        "the paid request is built with the key in it": requesting(
            lambda self, r: r.with_headers({"Authorization": f"Bearer {self.api_key.reveal()}"})
        ),
    },
    "test_secrets_are_known_as_secrets": {
        "what a request holds is not said to be secret":
            asking("add_link", lambda r: evolve(r, secrets=())),
    },
    "test_secrets_do_not_show_in_errors": {
        "an error carries the key in a note": wrong(refusal=_leaking),
    },
    "test_the_same_call_makes_the_same_requests": {
        "no two calls are alike": RANDOM_NAME,
        "the second client of a process sends something else": asking("list_videos", _with_mark),
    },
    "test_pages_end_and_repeat_nothing": {
        "a list always has another page": wrong(list_groups=_endless),
        "the last row of a list is lost": telling("list_videos", items=lambda p: p.items[:-1]),
        "every row is there twice": telling("list_videos", items=lambda p: p.items * 2),
        "a list has one page": telling("list_groups", next=None),
    },
    "test_lists_keep_to_their_filter": {
        "a list of one kind holds both": given("list_groups", lambda a, k: (a, {})),
        "a list's assets are all active": rows("list_assets", status=AssetStatus.ACTIVE),
        "a list of assets is of all groups":
            sending("list_assets", Filter={"GroupType": "AIGC"}),
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
    "test_unknown_status_words_are_kept": {
        "an unknown word is taken for the end": telling(
            "get_video",
            status=lambda t: VideoStatus.FAILED if t.status is VideoStatus.UNKNOWN else t.status,
        ),
    },
    "test_wrong_types_give_only_portrait_errors": {
        "a member is taken without looking whether it is there": TRUSTING,
    },
    "test_reads_of_garbage_are_unexpected_responses": {
        "what cannot be read is an empty list":
            falling("list_videos", UnexpectedResponseError, lambda _: Page(items=())),
    },
    "test_a_create_answered_with_garbage_is_an_unknown_outcome": {
        "what cannot be read was not done": falling(
            "create_group", UnexpectedResponseError,
            lambda self: Group(**tag(self, id="group-0", name="Mia")),
        ),
    },
    "test_credentials_go_only_to_its_origins": {
        "a statistics host gets the key": wrong(list_videos=_with_statistics),
    },
    "test_media_are_fetched_without_credentials": {
        "a video is fetched with the key": wrong(
            origins=property(
                lambda self: AllToken.origins.__get__(self) | {"https://simulator.invalid"}
            ),
            download_video=_fetched_with_the_key,
        ),
    },
    "test_preview_is_what_is_sent": {
        "what is sent has more in it than what is shown":
            asking("create_video", lambda r: r.with_headers({"X-Fast": "1"})),
    },
    "test_a_video_is_paid_for_once": {
        "a second request that costs money goes before the first":
            wrong(settle_media=_paid_before),
    },
    "test_documented_errors_have_their_class": {
        "a documented code means something else":
            wrong(error_codes={**AllToken.error_codes, "QuotaExceeded": NotFoundError}),
        "the vendor's message is replaced": wrong(fault=_muted),
    },
    "test_operations_raise_the_documented_class": {
        "a refusal becomes a result": falling(
            "get_group", ProviderError, lambda self: Group(**tag(self, id=None, name="gone"))
        ),
    },
    "test_what_is_deleted_is_gone": {
        "deleting does nothing": wrong(delete_asset=_undeleted),
    },
    "test_what_is_not_offered_is_refused_before_any_request": {
        "everything is offered": wrong(supports=lambda self, operation: True),
    },
    "test_what_is_offered_works": {
        "an operation is there by name only": wrong(rename_asset=_half_done),
        "the duration is a text": paying(duration=lambda b: str(b.get("duration", 5))),
        "answers are kept": wrong(get_video=_cached),
    },
    "test_empty_names_are_refused_before_any_request": {
        "a name is not looked at": wrong(create_group=_nameless),
    },
    "test_two_of_the_same_settings_are_equal": {
        "the account is another one each time":
            wrong(identity=property(lambda self: f"{self.api_key.reveal()} {id(self)}")),
    },
    "test_every_field_is_a_profile_key": {
        "an origin in a field that nobody checks": PlainOrigin,
    },
    "test_requests_and_answers_fit_the_contract": {
        "a member that the vendor does not document": paying(priority="high"),
    },
    "test_a_json_body_says_that_it_is_one": {
        "the body does not say what it is": requesting(_untyped),
    },
    "test_authorizing_adds_and_changes_nothing_else": {
        "authorising changes what is sent": wrong(authorize=_rewritten),
    },
    "test_waits_end_at_their_deadline": {
        "a wait takes as long as it takes": wrong(wait_for_video=_unhurried),
    },
    "test_assets_that_are_not_ready_are_refused_before_any_request": {
        "an asset under review is used all the same": given("create_video", _hasty),
    },
    "test_fields_it_cannot_express_are_refused_or_declared": {
        "a field that the vendor cannot express is left out without a word":
            spelling(dialect=_Dropping, callback_url=None),
    },
    "test_bodies_are_read_as_they_are_written": {
        "media are written and not read back":
            spelling(read=lambda body: evolve(DIALECT.read(body), slots=())),
    },
    "test_the_task_has_a_handle_before_any_waiting": {
        "a created task has no id": TASKLESS,
    },
    "test_lists_tell_what_reads_tell": {
        "a list's assets have no names": rows("list_assets", name=""),
    },
    "test_cancels_are_done": {
        "a cancel only reads": wrong(
            cancel_video=lambda self, task: evolve(
                (yield from self.get_video(task)),
                status=VideoStatus.CANCELLED, status_word="cancelled",
            )
        ),
        "a cancelled video has failed": meaning(VideoStatus, cancelled=VideoStatus.FAILED),
    },
    "test_renames_are_done": {
        "a renamed asset keeps its name": wrong(
            rename_asset=lambda self, asset, name: evolve(
                (yield from self.get_asset(asset)), name=name
            )
        ),
        "a renamed asset gets a cut name":
            given("rename_asset", lambda a, k: ((a[0], a[1][:8]), k)),
        "a renamed group gets its name in lower case":
            given("rename_group", lambda a, k: ((a[0], a[1].lower()), k)),
        "a renamed group loses its new description":
            given("rename_group", lambda a, k: (a, {**k, "description": None})),
        "a rename empties the description": given(
            "rename_group", lambda a, k: (a, {**k, "description": k.get("description") or ""})
        ),
        "an asset's name is not told": telling("get_asset", name=""),
        "a group's description is not told": telling("get_group", description=""),
    },
    "test_deletions_take_that_thing_alone": {
        "an asset goes into the newest group": wrong(add_link=_into_the_first_group),
        "another asset is deleted": wrong(delete_asset=_deletes_the_newest),
        "a group is not deleted": wrong(
            delete_group=lambda self, group: (yield from self.get_group(group)) and None
        ),
    },
    "test_groups_are_made_as_asked": {
        "a description is dropped": sending("make_group", Description=None),
        "a description is the name": sending("make_group", Description=lambda b: b.get("Name")),
        "a group's name is in ASCII":
            sending("make_group", Name=lambda b: b["Name"].encode("ascii", "ignore").decode()),
        "a group's name is cut": sending("make_group", Name=lambda b: b["Name"][:16]),
        "a group's name is capitalised": sending("make_group", Name=lambda b: b["Name"].title()),
    },
    "test_several_assets_keep_their_order": {
        "an asset's name is dropped": sending("add_link", Name=None),
    },
    "test_assets_are_registered_as_asked": {
        "an uploaded asset is not named": given("add_upload", lambda a, k: (a, {**k, "name": ""})),
        "an upload is cut":
            given("add_upload", lambda a, k: ((a[0], evolve(a[1], content=a[1].content[:-1])), k)),
        "an upload has another type":
            given("add_upload", lambda a, k: ((a[0], evolve(a[1], content_type="image/png")), k)),
        "a link loses its query": given("add_link", _with_bare_link),
        "a video is registered as a picture": sending("add_link", AssetType="Image"),
        "audio is registered as a video":
            sending("add_link", AssetType=lambda b: b["AssetType"].replace("Audio", "Video")),
        "an asset's medium is always a picture": telling("get_asset", media=MediaType.IMAGE),
    },
    "test_face_checks_are_begun_as_asked": {
        "a face check's callback is dropped":
            sending("start_verification", CallbackURL="https://app.example/"),
        "a face check's callback loses its query":
            sending("start_verification", CallbackURL=lambda b: _bare(b["CallbackURL"])),
        "a face check's link is its token": telling("start_verification", link=lambda v: v.token),
        "a face check ends an hour late": telling("start_verification", **_late("expires_at", 1)),
    },
    "test_face_checks_end_as_the_person_decides": {
        "a face check is believed before it is passed":
            telling("check_verification", status=VerificationStatus.VERIFIED),
        "a face check's group is virtual":
            telling("check_verification", group=lambda v: other(v.group, kind=GroupKind.VIRTUAL)),
    },
    "test_fields_arrive_as_asked": {
        "seed 0 is dropped": paying(seed=lambda b: b.get("seed") or None),
        "False is dropped": paying(lambda b: {key: each for key, each in b.items() if each}),
        "sound is inverted": paying(
            generate_audio=lambda b: (
                None if "generate_audio" not in b else not b["generate_audio"]
            )
        ),
        "the watermark is always off": paying(watermark=False),
        "the seed is dropped": paying(seed=None),
        "the duration is even": paying(duration=lambda b: b.get("duration", 4) // 2 * 2),
        "the ratio is always the same": paying(ratio="16:9"),
        "the resolution is always the same": paying(resolution="720p"),
        "two flags are swapped":
            spelling(watermark="return_last_frame", return_last_frame="watermark"),
        "flag and flag share a key": spelling(watermark="generate_audio"),
        "the callback is dropped": paying(callback_url=None),
        "the callback loses its query": paying(callback_url=lambda b: _bare(b.get("callback_url"))),
        "the last frame is never asked for": paying(return_last_frame=False),
    },
    "test_prompts_arrive_as_written": {
        "the prompt is cut": with_text(lambda text: text[:40]),
        "the prompt is stripped of line breaks": with_text(lambda text: " ".join(text.split())),
        "the prompt is in ASCII": with_text(lambda text: text.encode("ascii", "replace").decode()),
    },
    "test_models_arrive_as_asked": {
        "the model is always the same": paying(model="seedance-2.0"),
        "models are swapped": wrong(
            video_models=tuple(
                evolve(each, id=MODELS.get(each.name, "seedance-2.0"))
                for each in AllToken.video_models
            )
        ),
    },
    "test_media_are_read_back": {
        "frames are turned": spelling(write=write_turned),
        "the last frame is dropped":
            writing(lambda each: None if each.role is Role.LAST_FRAME else each),
        "the first frame is a reference": writing(lambda each: evolve(each, role=Role.REFERENCE)),
        "videos are sent as pictures": writing(
            lambda each: (
                evolve(each, media=MediaType.IMAGE) if each.role is Role.REFERENCE else each
            )
        ),
        "audio is dropped": writing(lambda each: None if each.media is MediaType.AUDIO else each),
        "videos are dropped": writing(lambda each: None if each.media is MediaType.VIDEO else each),
        "media are not read back": spelling(
            read=lambda body: MediaRead(
                prompt=body.get("prompt", ""), slots=(), used=frozenset({"prompt", "content"})
            )
        ),
        "read back as pictures": spelling(
            read=lambda body: other(
                DIALECT.read(body),
                slots=lambda r: tuple(evolve(each, media=MediaType.IMAGE) for each in r.slots),
            )
        ),
    },
    "test_media_arrive_as_asked": {
        "frames are turned, both ways": spelling(write=write_turned, read=read_turned),
    },
    "test_labels_name_their_media": {
        "only the first picture is sent": with_items(lambda found: found[:1]),
        "pictures are sent in another order": with_items(lambda found: found[::-1]),
        "pictures are sent sorted": with_items(lambda found: sorted(found, key=str)),
        "a picture's address is in lower case": with_items(
            lambda found: json.loads(json.dumps(found).replace("MIA", "mia").replace("LEO", "leo"))
        ),
        "labels count from zero":
            with_text(lambda t: t.replace("Image 1", "Image 0").replace("Image 2", "Image 1")),
        "labels are not bound": with_text(lambda text: text.replace("Image ", "picture ")),
        "every label is the first picture": with_text(lambda t: t.replace("Image 2", "Image 1")),
    },
    "test_extra_members_arrive": {
        "extra is dropped": paying(
            lambda body: {
                key: each
                for key, each in body.items()
                if key in {"model", "prompt", "content", *DIALECT.fields.values()}
            }
        ),
    },
    "test_times_are_aware_and_right": {
        "times are naive": telling(
            "get_video", created_at=lambda t: t.created_at and t.created_at.replace(tzinfo=None)
        ),
        "times are eight hours off": telling("get_video", **_late("created_at", 8)),
        "an asset's time is eight hours off": telling("get_asset", **_late("created_at", -8)),
    },
    "test_answers_are_told_whole": {
        "a group's time is dropped": telling("get_group", created_at=None),
        "a time of change is the time of birth":
            telling("get_video", updated_at=lambda t: t.created_at),
        "a video's model is dropped": telling("get_video", model=""),
        "a video's seed is dropped": telling("get_video", seed=None),
        "a video's ratio is its resolution":
            telling("get_video", ratio=lambda t: t.resolution, resolution=lambda t: t.ratio),
        "a video's duration is dropped": telling("get_video", duration_s=None),
        "the last frame's link is dropped": telling("get_video", last_frame_link=None),
        "a link's end is dropped": telling("get_video", link_expires_at=None),
        "a list's videos have one time": rows("list_videos", created_at=None),
    },
    "test_usage_is_kept": {
        "usage is dropped": telling("get_video", usage=None),
        "usage is swapped": telling(
            "get_video",
            usage=lambda t: (
                t.usage and evolve(t.usage, total_tokens=t.usage.completion_tokens,
                                   completion_tokens=t.usage.total_tokens)
            ),
        ),
        "usage is rounded": telling(
            "get_video",
            usage=lambda t: other(t.usage, total_tokens=lambda u: round(u.total_tokens, -3)),
        ),
    },
    "test_failures_keep_their_reason": {
        "a failed video has no reason": telling("get_video", failure=None),
        "a failed video's reason is replaced": telling(
            "get_video", failure=lambda t: other(t.failure, code="failed", message="failed")
        ),
        "a failed video's code and message are swapped": telling(
            "get_video",
            failure=lambda t: t.failure and Failure(code=t.failure.message, message=t.failure.code),
        ),
        "a failed asset has no reason": telling("get_asset", failure=None),
        "a list's videos have no status": rows("list_videos", status=VideoStatus.UNKNOWN),
    },
    "test_status_words_mean_what_the_contract_says": {
        "a failed video is a success": meaning(VideoStatus, failed=VideoStatus.SUCCEEDED),
        "a failed asset is active": meaning(AssetStatus, Failed=AssetStatus.ACTIVE),
        "an expired video has failed": meaning(VideoStatus, expired=VideoStatus.FAILED),
        "a queued video runs": meaning(VideoStatus, queued=VideoStatus.RUNNING),
        "a failed asset is processing": meaning(AssetStatus, Failed=AssetStatus.PROCESSING),
    },
    "test_links_are_the_vendors": {
        "the last frame's link is the video's":
            telling("get_video", last_frame_link=lambda t: t.last_frame_link and t.video_link),
        "a file is cut": wrong(download_video=_file_cut),
    },
    "test_results_are_what_the_simulator_holds": {
        "an asset's group is not told": telling("get_asset", group_id=None),
        "a group's kind is always virtual": telling("get_group", kind=GroupKind.VIRTUAL),
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
        "a seed is not read back": spelling(dialect=_Forgetful),
    },
}
# fmt: on
"""For each check of the suite that catches them: what is wrong, and the adapter that does it."""
