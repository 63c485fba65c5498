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


def changed(flow, change):
    """Run a flow with each of its requests changed."""

    def do(step):
        return (yield change(step) if isinstance(step, Request) else step)

    return through(flow, do)


@frozen(kw_only=True, slots=False)
class PaidTwice(AllToken):
    """The paid request may be sent again."""

    def video_request(self, body):
        return evolve(super().video_request(body), repeatable=True)


@frozen(kw_only=True, slots=False)
class SentTwice(AllToken):
    """A lost answer is answered by creating again."""

    def create_group(self, name, **options):
        return changed(super().create_group(name, **options), lambda r: evolve(r, repeatable=True))


@frozen(kw_only=True, slots=False)
class FragileRead(AllToken):
    """A read ends at the first passing fault."""

    def get_video(self, task):
        return changed(super().get_video(task), lambda r: evolve(r, repeatable=False))


@frozen(kw_only=True, slots=False)
class AnyHandle(AllToken):
    """Handles are taken apart and not looked at."""

    def id_of(self, kind, ref):
        if isinstance(ref, Result):
            return ref.ref or ref.id
        return ref.split(":")[4] if is_handle(ref) else super().id_of(kind, ref)


@frozen(kw_only=True, slots=False)
class AnyId(AllToken):
    """A bare id goes into the request as it comes."""

    def id_of(self, kind, ref):
        return ref if isinstance(ref, str) and not is_handle(ref) else super().id_of(kind, ref)


@frozen(kw_only=True, slots=False)
class NoHandles(AllToken):
    """A handle is taken for an id."""

    def get_group(self, group):
        group_id = group.id if isinstance(group, Group) else group
        return self.read(Group, (yield from self.act("GetAssetGroup", {"Id": group_id})))


@frozen(kw_only=True, slots=False)
class OtherHandle(AllToken):
    """Results name an account of their own."""

    def read(self, cls, answer, data=None, **given):
        return evolve(super().read(cls, answer, data, **given), account="main")


@frozen(kw_only=True, slots=False)
class OpenRepr(AllToken):
    """The adapter shows its key."""

    def __repr__(self):
        return f"AllToken(api_key={self.api_key.reveal()})"


@frozen(kw_only=True, slots=False)
class LoggedKey(AllToken):
    """The key is logged."""

    def authorize(self, request, *, now):
        logging.getLogger("acme").debug("signing with %s", self.api_key.reveal())
        return super().authorize(request, now=now)


@frozen(kw_only=True, slots=False)
class KeyInResult(AllToken):
    """A result carries the key in an ordinary member."""

    def get_group(self, group):
        found = yield from super().get_group(group)
        return evolve(found, description=self.api_key.reveal())


@frozen(kw_only=True, slots=False)
class KeyInPreview(AllToken):
    """The paid request is built with the key in it."""

    def video_request(self, body):
        request = super().video_request(body)
        return request.with_headers({"Authorization": f"Bearer {self.api_key.reveal()}"})


@frozen(kw_only=True, slots=False)
class Undeclared(AllToken):
    """What a request holds is not said to be secret."""

    def add_link(self, group, link, *, name):
        return changed(super().add_link(group, link, name=name), lambda r: evolve(r, secrets=()))


@frozen(kw_only=True, slots=False)
class LeakyError(AllToken):
    """An error carries the key in a note."""

    def refusal(self, response):
        error = super().refusal(response)
        if error is not None:
            error.add_note(f"the key was {self.api_key.reveal()}")
        return error


@frozen(kw_only=True, slots=False)
class RandomName(AllToken):
    """No two calls are alike."""

    def create_group(self, name, **options):
        return super().create_group(f"{name} {next(COUNT)}", **options)


@frozen(kw_only=True, slots=False)
class Endless(AllToken):
    """A list always has another page."""

    def list_groups(self, cursor, *, kind=None):
        found = yield from super().list_groups(None, kind=kind)
        return Page(items=found.items[:0], next=str(int(cursor or 0) + 1))


@frozen(kw_only=True, slots=False)
class Shortened(AllToken):
    """The last row of a list is lost."""

    def list_videos(self, cursor):
        found = yield from super().list_videos(cursor)
        return evolve(found, items=found.items[:-1])


@frozen(kw_only=True, slots=False)
class Doubled(AllToken):
    """Every row is there twice."""

    def list_videos(self, cursor):
        found = yield from super().list_videos(cursor)
        return evolve(found, items=found.items * 2)


@frozen(kw_only=True, slots=False)
class Unfiltered(AllToken):
    """A list of one kind holds both."""

    def list_groups(self, cursor, *, kind=None):
        return super().list_groups(cursor, kind=None)


@frozen(kw_only=True, slots=False)
class Guessed(AllToken):
    """An unknown word is taken for the end."""

    def get_video(self, task):
        found = yield from super().get_video(task)
        unknown = found.status is VideoStatus.UNKNOWN
        return evolve(found, status=VideoStatus.FAILED) if unknown else found


@frozen(kw_only=True, slots=False)
class Trusting(AllToken):
    """A member is taken without looking whether it is there."""

    def get_video(self, task):
        path = f"/v1/videos/generations/{self.id_of('video', task)}"
        answer = yield from self.ask(self.request("GET", path))
        model = answer.data["model"].strip()
        return evolve(self.read(VideoTask, answer), model=model)


@frozen(kw_only=True, slots=False)
class BlindList(AllToken):
    """What cannot be read is an empty list."""

    def list_videos(self, cursor):
        try:
            return (yield from super().list_videos(cursor))
        except UnexpectedResponseError:
            return Page(items=())


@frozen(kw_only=True, slots=False)
class BlindCreate(AllToken):
    """What cannot be read was not done."""

    def create_group(self, name, **options):
        try:
            return (yield from super().create_group(name, **options))
        except UnexpectedResponseError:
            return Group(provider=self.name, account=self.account, id="group-0", name=name)


@frozen(kw_only=True, slots=False)
class KeyToStrangers(AllToken):
    """A statistics host gets the key."""

    def list_videos(self, cursor):
        headers = {"X-Who": self.api_key.reveal()}
        yield from send(
            Request(method="GET", url="https://stats.example/", headers=headers, repeatable=True)
        )
        return (yield from super().list_videos(cursor))


@frozen(kw_only=True, slots=False)
class KeyToMedia(AllToken):
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


@frozen(kw_only=True, slots=False)
class FalsePreview(AllToken):
    """What is sent has more in it than what is shown."""

    def create_video(self, request, **options):
        return changed(
            super().create_video(request, **options), lambda r: r.with_headers({"X-Fast": "1"})
        )


@frozen(kw_only=True, slots=False)
class PaidBefore(AllToken):
    """A second request that costs money goes before the first."""

    def settle_media(self, request):
        yield from self.ask(self.request("POST", "/v1/videos/generations", {"model": "warm-up"}))
        return request


@frozen(kw_only=True, slots=False)
class WrongClass(AllToken):
    """A documented code means something else."""

    error_codes: ClassVar = {**AllToken.error_codes, "QuotaExceeded": NotFoundError}


@frozen(kw_only=True, slots=False)
class Mute(AllToken):
    """The vendor's message is replaced."""

    def fault(self, data, response):
        found = super().fault(data, response)
        return found and VendorError(code=found.code, message="refused")


@frozen(kw_only=True, slots=False)
class Swallowed(AllToken):
    """A refusal becomes a result."""

    def get_group(self, group):
        try:
            return (yield from super().get_group(group))
        except ProviderError:
            return Group(provider=self.name, account=self.account, id=None, name="gone")


@frozen(kw_only=True, slots=False)
class Undeleted(AllToken):
    """Deleting does nothing."""

    def delete_asset(self, asset):
        self.id_of("asset", asset)
        yield from ()


@frozen(kw_only=True, slots=False)
class Boastful(AllToken):
    """Everything is offered."""

    def supports(self, operation):
        return True


@frozen(kw_only=True, slots=False)
class HalfDone(AllToken):
    """An operation is there by name only."""

    def rename_asset(self, asset, name):
        raise NotImplementedError


@frozen(kw_only=True, slots=False)
class Rawless(AllToken):
    """Nothing is kept of the vendor's answer."""

    def read(self, cls, answer, data=None, **given):
        return evolve(super().read(cls, answer, data, **given), raw=None)


@frozen(kw_only=True, slots=False)
class Nameless(AllToken):
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


@frozen(kw_only=True, slots=False)
class Restless(AllToken):
    """The account is another one each time."""

    @property
    def identity(self):
        return f"{self.api_key.reveal()} {id(self)}"


@frozen(kw_only=True, slots=False)
class PlainOrigin(AllToken):
    """An origin in a field that nobody checks."""

    gateway: str = "https://api.alltoken.ai"


@frozen(kw_only=True, slots=False)
class OddBody(AllToken):
    """A member that the vendor does not document."""

    def video_request(self, body):
        return super().video_request({**body, "priority": "high"})


@frozen(kw_only=True, slots=False)
class Rewritten(AllToken):
    """Authorising changes where the request goes."""

    def authorize(self, request, *, now):
        signed = super().authorize(request, now=now)
        return evolve(signed, url=f"{signed.url}", content=signed.content + b" ")


@frozen(kw_only=True, slots=False)
class Unhurried(AllToken):
    """A wait takes as long as it takes."""

    def wait_for_video(self, task, *, deadline_s=None, on_event=None):
        while True:
            found = yield from self.get_video(task)
            if found.status is VideoStatus.SUCCEEDED:
                return found
            yield from pause(1)


@frozen(kw_only=True, slots=False)
class Hasty(AllToken):
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


@frozen(kw_only=True, slots=False)
class Silent(AllToken):
    """A field that the vendor cannot express is left out without a word."""

    dialect: ClassVar = _Dropping(
        fields={
            name: key for name, key in AllToken.dialect.fields.items() if name != "callback_url"
        },
        write=AllToken.dialect.write,
        read=AllToken.dialect.read,
    )


@frozen(kw_only=True, slots=False)
class Deaf(AllToken):
    """Media are written and not read back."""

    dialect: ClassVar = evolve(
        AllToken.dialect, read=lambda body: evolve(AllToken.dialect.read(body), slots=())
    )


@frozen(kw_only=True, slots=False)
class Stateful(AllToken):
    """The second client of a process sends something else."""

    def list_videos(self, cursor):
        mark = {"X-Attempts": str(next(COUNT))}
        return changed(super().list_videos(cursor), lambda r: r.with_headers(mark))


@frozen(kw_only=True, slots=False)
class Taskless(AllToken):
    """A created task has no id."""

    def create_video(self, request, **options):
        task = yield from super().create_video(request, **options)
        return evolve(task, id=None, ref=Handle.parse(task.handle).ref)
