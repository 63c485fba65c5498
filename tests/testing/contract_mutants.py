"""AllToken's adapter with one defect each; the docstring of each is what it does wrong."""

from __future__ import annotations

import itertools
import logging
from typing import ClassVar

from attrs import evolve, frozen

from portraitkit.providers.alltoken import AllToken
from portraitkit.values.errors import NotFoundError, ProviderError, UnexpectedResponseError
from portraitkit.values.handles import Handle, is_handle
from portraitkit.values.models import Group, Page, Result, VideoTask
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import SCALARS
from portraitkit.vendor.dialect import VideoDialect
from portraitkit.wire.codec import first
from portraitkit.wire.error_mapping import VendorError
from portraitkit.wire.steps import Auth, Request, pause, send, through

COUNT = itertools.count()
MUTANTS = {}
"""The check that catches each."""


class Mutant(AllToken):
    """A subclass says which check its defect breaks."""

    def __init_subclass__(cls, breaks="", **options):
        super().__init_subclass__(**options)
        MUTANTS[cls] = breaks


def changed(flow, change):
    """Run a flow with each of its requests changed."""

    def do(step):
        return (yield change(step) if isinstance(step, Request) else step)

    return through(flow, do)


class PaidTwice(Mutant, breaks="test_creates_are_not_repeatable"):
    """The paid request may be sent again."""

    def video_request(self, body):
        return evolve(super().video_request(body), repeatable=True)


class SentTwice(Mutant, breaks="test_a_lost_create_is_not_sent_again"):
    """A lost answer is answered by creating again."""

    def create_group(self, name, **options):
        return changed(super().create_group(name, **options), lambda r: evolve(r, repeatable=True))


class FragileRead(Mutant, breaks="test_reads_are_repeatable"):
    """A read ends at the first passing fault."""

    def get_video(self, task):
        return changed(super().get_video(task), lambda r: evolve(r, repeatable=False))


class AnyHandle(Mutant, breaks="test_handles_of_other_accounts_are_refused"):
    """Handles are taken apart and not looked at."""

    def id_of(self, kind, ref):
        if isinstance(ref, Result):
            return ref.ref or ref.id
        return ref.split(":")[4] if is_handle(ref) else super().id_of(kind, ref)


class AnyId(Mutant, breaks="test_odd_ids_stay_out_of_paths"):
    """A bare id goes into the request as it comes."""

    def id_of(self, kind, ref):
        return ref if isinstance(ref, str) and not is_handle(ref) else super().id_of(kind, ref)


class NoHandles(Mutant, breaks="test_objects_handles_and_ids_mean_the_same"):
    """A handle is taken for an id."""

    def get_group(self, group):
        group_id = group.id if isinstance(group, Group) else group
        return self.read(Group, (yield from self.act("GetAssetGroup", {"Id": group_id})))


class OtherHandle(Mutant, breaks="test_results_say_where_they_come_from"):
    """Results name an account of their own."""

    def read(self, cls, answer, data=None, **given):
        return evolve(super().read(cls, answer, data, **given), account="main")


class OpenRepr(Mutant, breaks="test_secrets_do_not_show_in_texts"):
    """The adapter shows its key."""

    def __repr__(self):
        return f"AllToken(api_key={self.api_key.reveal()})"


class LoggedKey(Mutant, breaks="test_secrets_do_not_show_in_logs"):
    """The key is logged."""

    def authorize(self, request, *, now):
        logging.getLogger("acme").debug("signing with %s", self.api_key.reveal())
        return super().authorize(request, now=now)


class KeyInResult(Mutant, breaks="test_secrets_do_not_travel_in_pickles"):
    """A result carries the key in an ordinary member."""

    def get_group(self, group):
        found = yield from super().get_group(group)
        return evolve(found, description=self.api_key.reveal())


class KeyInPreview(Mutant, breaks="test_secrets_do_not_show_in_previews"):
    """The paid request is built with the key in it."""

    def video_request(self, body):
        request = super().video_request(body)
        return request.with_headers({"Authorization": f"Bearer {self.api_key.reveal()}"})


class Undeclared(Mutant, breaks="test_secrets_are_known_as_secrets"):
    """What a request holds is not said to be secret."""

    def add_link(self, group, link, *, name):
        return changed(super().add_link(group, link, name=name), lambda r: evolve(r, secrets=()))


class LeakyError(Mutant, breaks="test_secrets_do_not_show_in_errors"):
    """An error carries the key in a note."""

    def refusal(self, response):
        error = super().refusal(response)
        if error is not None:
            error.add_note(f"the key was {self.api_key.reveal()}")
        return error


class RandomName(Mutant, breaks="test_the_same_call_makes_the_same_requests"):
    """No two calls are alike."""

    def create_group(self, name, **options):
        return super().create_group(f"{name} {next(COUNT)}", **options)


class Endless(Mutant, breaks="test_pages_end_and_repeat_nothing"):
    """A list always has another page."""

    def list_groups(self, cursor, *, kind=None):
        found = yield from super().list_groups(None, kind=kind)
        return Page(items=found.items[:0], next=str(int(cursor or 0) + 1))


class Shortened(Mutant, breaks="test_pages_end_and_repeat_nothing"):
    """The last row of a list is lost."""

    def list_videos(self, cursor):
        found = yield from super().list_videos(cursor)
        return evolve(found, items=found.items[:-1])


class Doubled(Mutant, breaks="test_pages_end_and_repeat_nothing"):
    """Every row is there twice."""

    def list_videos(self, cursor):
        found = yield from super().list_videos(cursor)
        return evolve(found, items=found.items * 2)


class Unfiltered(Mutant, breaks="test_lists_keep_to_their_filter"):
    """A list of one kind holds both."""

    def list_groups(self, cursor, *, kind=None):
        return super().list_groups(cursor, kind=None)


class Guessed(Mutant, breaks="test_unknown_status_words_are_kept"):
    """An unknown word is taken for the end."""

    def get_video(self, task):
        found = yield from super().get_video(task)
        unknown = found.status is VideoStatus.UNKNOWN
        return evolve(found, status=VideoStatus.FAILED) if unknown else found


class Trusting(Mutant, breaks="test_wrong_types_give_only_portrait_errors"):
    """A member is taken without looking whether it is there."""

    def get_video(self, task):
        path = f"/v1/videos/generations/{self.id_of('video', task)}"
        answer = yield from self.ask(self.request("GET", path))
        model = answer.data["model"].strip()
        return evolve(self.read(VideoTask, answer), model=model)


class BlindList(Mutant, breaks="test_reads_of_garbage_are_unexpected_responses"):
    """What cannot be read is an empty list."""

    def list_videos(self, cursor):
        try:
            return (yield from super().list_videos(cursor))
        except UnexpectedResponseError:
            return Page(items=())


class BlindCreate(Mutant, breaks="test_a_create_answered_with_garbage_is_an_unknown_outcome"):
    """What cannot be read was not done."""

    def create_group(self, name, **options):
        try:
            return (yield from super().create_group(name, **options))
        except UnexpectedResponseError:
            return Group(provider=self.name, account=self.account, id="group-0", name=name)


class KeyToStrangers(Mutant, breaks="test_credentials_go_only_to_its_origins"):
    """A statistics host gets the key."""

    def list_videos(self, cursor):
        headers = {"X-Who": self.api_key.reveal()}
        yield from send(
            Request(method="GET", url="https://stats.example/", headers=headers, repeatable=True)
        )
        return (yield from super().list_videos(cursor))


class KeyToMedia(Mutant, breaks="test_media_are_fetched_without_credentials"):
    """A video is fetched with the key."""

    @property
    def origins(self):
        return super().origins | {"https://simulator.invalid"}

    def download_video(self, task, path):
        link = task.video_link.reveal()
        yield from send(
            Request(method="GET", url=link, auth=Auth.BEARER, repeatable=True, save_to=path)
        )
        return path


class FalsePreview(Mutant, breaks="test_preview_is_what_is_sent"):
    """What is sent has more in it than what is shown."""

    def create_video(self, request, **options):
        return changed(
            super().create_video(request, **options), lambda r: r.with_headers({"X-Fast": "1"})
        )


class PaidBefore(Mutant, breaks="test_a_video_is_paid_for_once"):
    """A second request that costs money goes before the first."""

    def settle_media(self, request):
        yield from self.ask(self.request("POST", "/v1/videos/generations", {"model": "warm-up"}))
        return request


class WrongClass(Mutant, breaks="test_documented_errors_have_their_class"):
    """A documented code means something else."""

    error_codes: ClassVar = {**AllToken.error_codes, "QuotaExceeded": NotFoundError}


class Mute(Mutant, breaks="test_documented_errors_have_their_class"):
    """The vendor's message is replaced."""

    def fault(self, data, response):
        found = super().fault(data, response)
        return found and VendorError(code=found.code, message="refused")


class Swallowed(Mutant, breaks="test_operations_raise_the_documented_class"):
    """A refusal becomes a result."""

    def get_group(self, group):
        try:
            return (yield from super().get_group(group))
        except ProviderError:
            return Group(provider=self.name, account=self.account, id=None, name="gone")


class Undeleted(Mutant, breaks="test_what_is_deleted_is_gone"):
    """Deleting does nothing."""

    def delete_asset(self, asset):
        self.id_of("asset", asset)
        yield from ()


class Boastful(Mutant, breaks="test_what_is_not_offered_is_refused_before_any_request"):
    """Everything is offered."""

    def supports(self, operation):
        return True


class HalfDone(Mutant, breaks="test_what_is_offered_works"):
    """An operation is there by name only."""

    def rename_asset(self, asset, name):
        raise NotImplementedError


class Rawless(Mutant, breaks="test_results_say_where_they_come_from"):
    """Nothing is kept of the vendor's answer."""

    def read(self, cls, answer, data=None, **given):
        return evolve(super().read(cls, answer, data, **given), raw=None)


class Nameless(Mutant, breaks="test_empty_names_are_refused_before_any_request"):
    """A name is not looked at."""

    def create_group(self, name, *, kind=None, description="", on_unsupported="raise"):
        answer = yield from self.act("CreateAssetGroup", {"Name": name, "GroupType": "AIGC"})
        return Group(
            provider=self.name,
            account=self.account,
            id=first(answer.data, "Id"),
            name=name,
            raw=answer.raw,
        )


class Restless(Mutant, breaks="test_two_of_the_same_settings_are_equal"):
    """The account is another one each time."""

    @property
    def identity(self):
        return f"{self.api_key.reveal()} {id(self)}"


@frozen(kw_only=True, slots=False)
class PlainOrigin(Mutant, breaks="test_every_field_is_a_profile_key"):
    """An origin in a field that nobody checks."""

    gateway: str = "https://api.alltoken.ai"


class OddBody(Mutant, breaks="test_requests_and_answers_fit_the_contract"):
    """A member that the vendor does not document."""

    def video_request(self, body):
        return super().video_request({**body, "priority": "high"})


class Untyped(Mutant, breaks="test_a_json_body_says_that_it_is_one"):
    """The body does not say what it is."""

    def video_request(self, body):
        made = super().video_request(body)
        kept = {k: v for k, v in made.headers.items() if k != "Content-Type"}
        return evolve(made, headers=kept)


class Rewritten(Mutant, breaks="test_authorizing_adds_and_changes_nothing_else"):
    """Authorising changes where the request goes."""

    def authorize(self, request, *, now):
        signed = super().authorize(request, now=now)
        return evolve(signed, url=f"{signed.url}", content=signed.content + b" ")


class Unhurried(Mutant, breaks="test_waits_end_at_their_deadline"):
    """A wait takes as long as it takes."""

    def wait_for_video(self, task, *, deadline_s=None, on_event=None):
        while True:
            found = yield from self.get_video(task)
            if found.status is VideoStatus.SUCCEEDED:
                return found
            yield from pause(1)


class Hasty(Mutant, breaks="test_assets_that_are_not_ready_are_refused_before_any_request"):
    """An asset under review is used all the same."""

    def create_video(self, request, **options):
        asset = getattr(request.media, "first", None)
        if hasattr(asset, "status"):
            media = evolve(request.media, first=evolve(asset, status=AssetStatus.ACTIVE))
            request = evolve(request, media=media)
        return super().create_video(request, **options)


class _Dropping(VideoDialect):
    def compile(self, request, **options):
        unknown = dict.fromkeys(each for each in SCALARS if each not in self.fields)
        return super().compile(evolve(request, **unknown), **options)


class Silent(Mutant, breaks="test_fields_it_cannot_express_are_refused_or_declared"):
    """A field that the vendor cannot express is left out without a word."""

    dialect: ClassVar = _Dropping(
        fields={
            name: key for name, key in AllToken.dialect.fields.items() if name != "callback_url"
        },
        write=AllToken.dialect.write,
        read=AllToken.dialect.read,
    )


class Deaf(Mutant, breaks="test_bodies_are_read_as_they_are_written"):
    """Media are written and not read back."""

    dialect: ClassVar = evolve(
        AllToken.dialect, read=lambda body: evolve(AllToken.dialect.read(body), slots=())
    )


class Stateful(Mutant, breaks="test_the_same_call_makes_the_same_requests"):
    """The second client of a process sends something else."""

    def list_videos(self, cursor):
        mark = {"X-Attempts": str(next(COUNT))}
        return changed(super().list_videos(cursor), lambda r: r.with_headers(mark))


class Taskless(Mutant, breaks="test_the_task_has_a_handle_before_any_waiting"):
    """A created task has no id."""

    def create_video(self, request, **options):
        task = yield from super().create_video(request, **options)
        return evolve(task, id=None, ref=Handle.parse(task.handle).ref)
