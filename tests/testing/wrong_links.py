"""
Wrong adapters of a vendor without a library: the example package Kestrel's, with one mistake each.

`WRONG` is the table, by the check that catches each: what is wrong, and the adapter.
"""

from __future__ import annotations

import itertools
from urllib.parse import urlsplit

from attrs import evolve

from example_package import Kestrel
from portraitkit.adapter import Auth, LinkLibrary, Request, VideoTask
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.wire.steps import through

_COUNT = itertools.count()


def wrong(**members):
    """An adapter that differs from the right one in some members."""
    name = f"WrongLinks{next(_COUNT)}"
    globals()[name] = found = type(name, (Kestrel,), {**members, "__module__": __name__})
    return found  # a name of this module, so that it can be pickled


def storing(change):
    """A storage whose link is changed: `change(link)` gives another."""

    def store(self, upload):
        return change((yield from Kestrel.store(self, upload)))

    return wrong(store=store)


def linking(change):
    """An asset that is changed as it is made: `change(asset)` gives another."""

    def add_link(self, group, link, *, name):
        return change((yield from LinkLibrary.add_link(self, group, link, name=name)))

    return wrong(add_link=add_link)


def paying(change):
    """A video whose request is changed before it is sent."""
    return wrong(video_request=lambda self, body: change(Kestrel.video_request(self, body)))


def _bare(self, group, link, *, name):
    url = urlsplit(link.url.reveal())._replace(query="").geturl()
    return LinkLibrary.add_link(self, group, evolve(link, url=Secret(url)), name=name)


def _where_it_was_put(self, upload):
    places = []

    def do(step):
        if isinstance(step, Request) and step.method == "PUT":
            places.append(step.url)
        return (yield step)

    link = yield from through(Kestrel.store(self, upload), do)
    return evolve(link, url=Secret(places[0]))


def _unescaped(self, method, task, what=""):
    path = f"/requests/{self.id_of('video', task)}{what}"
    return Request.json(method, self.base_url + path, auth=Auth.BEARER, repeatable=True)


def _at_the_address_given(self, answer):
    return evolve(self.read(VideoTask, answer), ref=answer.data["status_url"])


def _following(self, task):
    at = self.id_of("video", task)
    request = Request(method="GET", url=at, auth=Auth.BEARER, repeatable=True)
    return self.read(VideoTask, (yield from self.ask(request)))


def _settled(self, request):
    yield from ()
    return request


def _cut(self, upload):
    return Kestrel.store(self, evolve(upload, content=upload.content[:-1]))


def _reading_the_status_alone(self, task):
    answer = yield from self.ask(self._request("GET", task, "/status"))
    return self.read(VideoTask, answer)


WRONG = {
    "test_assets_are_registered_as_asked": {
        "the link is where the file was put": wrong(store=_where_it_was_put),
        "a file is cut": wrong(store=_cut),
        "a link loses its query": wrong(add_link=_bare),
        "a link is under review": linking(lambda a: evolve(a, status=AssetStatus.PROCESSING)),
        "a link is in another group": linking(lambda a: evolve(a, group_id="all")),
    },
    "test_several_assets_keep_their_order": {
        "an asset has no name": wrong(
            add_link=lambda self, group, link, *, name: LinkLibrary.add_link(
                self, group, link, name=""
            )
        ),
    },
    "test_links_are_sealed_and_end": {
        "a handle shows its link": wrong(
            seal=lambda self, text: text, unseal=lambda self, text: text
        ),
        "the end of a link is dropped": storing(lambda link: evolve(link, expires_at=None)),
        "a link that ran out is sent": wrong(settle_media=_settled),
    },
    "test_groups_are_made_as_asked": {
        "a real person's group is made": wrong(check_group=lambda self, name, kind: ()),
    },
    "test_what_is_offered_works": {
        "an id is not escaped in a path": wrong(_request=_unescaped),
    },
    "test_credentials_go_only_to_its_origins": {
        "the address in an answer is followed": wrong(
            created_video=_at_the_address_given, get_video=_following
        ),
    },
    "test_models_arrive_as_asked": {
        "the model is always the same": paying(
            lambda r: evolve(r, url="https://queue.kestrel.example/films/seedance-2.0")
        ),
    },
    "test_labels_name_their_media": {
        "labels are those of other vendors": paying(
            lambda r: evolve(r, content=r.content.replace(b"@Image", b"Image "))
        ),
    },
    "test_reads_are_repeatable": {
        "a status is asked for once": wrong(
            _request=lambda self, *args: evolve(Kestrel._request(self, *args), repeatable=False)
        ),
    },
    "test_creates_are_not_repeatable": {
        "a video may be paid twice": paying(lambda r: evolve(r, repeatable=True)),
    },
    "test_a_lost_create_is_not_sent_again": {
        "a video is sent again": paying(lambda r: evolve(r, repeatable=True)),
    },
    "test_failures_keep_their_reason": {
        "COMPLETED is a success, whatever stands beside it": wrong(
            get_video=_reading_the_status_alone
        ),
    },
    "test_notices_are_hints": {
        "a notice is believed": wrong(
            read_video_callback=lambda self, received: evolve(
                Kestrel.read_video_callback(self, received), status=VideoStatus.SUCCEEDED
            )
        ),
    },
}
"""For each check of the suite that catches them: what is wrong, and the adapter that does it."""
