"""Checks of what a video's request says on the wire: every value as it was asked."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from attrs import evolve

from ...operations.making import draft_video
from ...values.errors import UnsupportedError
from ...values.prompts import Role
from ...values.statuses import MediaType
from ...values.video import SCALARS, Frames, Media, References, VideoRequest
from ...wire.steps import Request
from .bodies import XML_TYPES, sent_type
from .leaves import Leaf, said_by, says
from .looking import nothing, require
from .suite import Suite, first_request

_AT: Final = "https://media.example/{}?X-Signature=Aa0f1e2D3c4b5&n=1"
# Neither the alphabet's order nor the asked one is that of the addresses.
MIA, LEO, ZOE = (_AT.format(name) for name in ("Shot-MIA.jpg", "Face-LEO.png", "Zoë%20B.jpg"))
WALK, RUN, VOICE = (_AT.format(name) for name in ("Walk.mp4", "Run.mp4", "Voice.mp3"))
PROMPT: Final = (
    '  Zoë says "你好 & <welcome>":\nslow push-in, 50% light; a\\b, a=b, ?x#y, {{no label}}.\n' * 3
)
VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    "duration_s": (5, 7, 10),
    "ratio": ("16:9", "9:16", "1:1"),
    "resolution": ("720p", "480p"),
    "generate_audio": (True, False),
    "seed": (0, 7, 2_000_000_011),
    "watermark": (True, False),
    "return_last_frame": (True, False),
    "callback_url": (
        "https://app.example/Done?state=5a69788796a5b4c3&of=a%20b",
        "https://other.example/hook",
    ),
    "end_user": ("5a69788796B5c4d3", "u_7"),
    "expires_after_s": (3600, 86_400),
    "web_search": (True,),
}
"""What each field is asked to be."""
MEDIA: Final[tuple[tuple[Media, tuple[tuple[MediaType, Role, str], ...]], ...]] = (
    (References(images=[MIA]), ((MediaType.IMAGE, Role.REFERENCE, MIA),)),
    (
        References(images=[MIA, LEO, ZOE]),
        tuple((MediaType.IMAGE, Role.REFERENCE, each) for each in (MIA, LEO, ZOE)),
    ),
    (
        References(images=[LEO], videos=[WALK, RUN], audios=[VOICE]),
        (
            (MediaType.IMAGE, Role.REFERENCE, LEO),
            (MediaType.VIDEO, Role.REFERENCE, WALK),
            (MediaType.VIDEO, Role.REFERENCE, RUN),
            (MediaType.AUDIO, Role.REFERENCE, VOICE),
        ),
    ),
    (References(videos=[WALK]), ((MediaType.VIDEO, Role.REFERENCE, WALK),)),
    (Frames(first=MIA), ((MediaType.IMAGE, Role.FIRST_FRAME, MIA),)),
    (
        Frames(first=MIA, last=LEO),
        ((MediaType.IMAGE, Role.FIRST_FRAME, MIA), (MediaType.IMAGE, Role.LAST_FRAME, LEO)),
    ),
)
"""Media, and what has to be sent of them in which order."""
_ROLE_WORDS: Final = {
    Role.FIRST_FRAME: ("first", "start", "head"),
    Role.LAST_FRAME: ("last", "end_", "end frame", "tail"),
    Role.REFERENCE: ("reference",),
}
_FIELD_WORDS: Final = {
    "duration_s": ("duration", "second"),
    "ratio": ("ratio", "aspect"),
    "resolution": ("resolution", "quality"),
    "generate_audio": ("audio", "sound"),
    "seed": ("seed",),
    "watermark": ("watermark",),
    "return_last_frame": ("last_frame", "lastframe"),
    "callback_url": ("callback", "webhook", "notify"),
    "end_user": ("user", "safety_identifier"),
    "expires_after_s": ("expire", "ttl"),
    "web_search": ("search", "tool"),
}
_WHOLE: Final = "write the value as it was asked: also 0, False, long and foreign ones"


class BodiesChecks(Suite):
    """What a video's request says."""

    def test_fields_arrive_as_asked(self) -> None:
        """Each field is one member of the request, with the very value, also 0 and False."""
        plain = self._plain_request()
        fields = self._provider().dialect.fields
        for name in SCALARS:
            if name not in fields:
                self.passed_over(f"the dialect has no {name}")
                continue
            nothing_asked: dict[str, Any] = {name: None}
            without = self._said(evolve(plain, **nothing_asked))
            places = {
                self._arrives(name, value, without, self._said(evolve(plain, **{name: value})))
                for value in self._values(name)
            }
            require(
                len(places) == 1,
                f"{name} is written to {sorted(map(str, places))}, by its value",
                "give each field one key in VideoDialect.fields",
            )

    def test_models_arrive_as_asked(self) -> None:
        """Each model of the adapter's table is asked for by its own name at the vendor."""
        plain = self._plain_request()
        models = self._provider().video_models
        for model in models:
            require(
                self._names(model.id, evolve(plain, model=model.name)),
                f"a video by {model.name} does not ask for {model.id}",
                "send body['model'] as it is",
            )
        for one, two in itertools.combinations(models, 2):
            straight = _likeness(one.name, one.id) + _likeness(two.name, two.id)
            crossed = _likeness(one.name, two.id) + _likeness(two.name, one.id)
            require(
                one.id != two.id and straight >= crossed,
                f"{one.name} is asked for as {one.id}, and {two.name} as {two.id}",
                "give each VideoModel the vendor's own name for it",
            )
        if not models:
            self.passed_over("the adapter lists no video_models")
        require(
            self._names("vendor-model-x", evolve(plain, model="vendor-model-x")),
            "a model that the adapter does not list is not sent as it is named",
            "send body['model'] as it is: vendors bring new models before adapters know them",
        )

    def test_prompts_arrive_as_written(self) -> None:
        """Line breaks, quotes, foreign letters: the prompt is sent whole and unchanged."""
        sent = self._sent(evolve(self._plain_request(), prompt=PROMPT))
        said = [leaf.value for leaf in said_by(sent)]
        wanted = PROMPT.replace("{{", "{").replace("}}", "}")
        if sent_type(sent) in XML_TYPES:
            wanted = wanted.strip()  # as XML is read here
        require(
            wanted in said,
            "a prompt of several lines is sent otherwise than it was written",
            "write the prompt as it comes: not cut, stripped or recoded",
        )

    def test_extra_members_arrive(self) -> None:
        """What `extra` holds for this vendor is sent, and what it holds for others is not."""
        provider = self._provider()
        extra = {provider.name: {"x_ours": "Kept-1"}, "others": {"x_theirs": "Lost-1"}}
        said = [*self._said(evolve(self._plain_request(), extra=extra)).values()]
        require(
            "Kept-1" in said and "Lost-1" not in said,
            "extra does not arrive as it was given",
            "write every member of the body that video_request gets",
        )

    def test_media_arrive_as_asked(self) -> None:
        """Each picture, video and sound is sent once, in order, as what it is."""
        plain = self._plain_request()
        marks: dict[Role, str] = {}
        for media, wanted in MEDIA:
            said = self._medially(plain, media)
            for place in self._places(said, wanted):
                self._names_its_medium(*place)
                self._names_its_role(*place)
                _ = marks.setdefault(place[0][1], place[1].about)
        require(
            len(marks) == len({*marks.values()}) or len(marks) <= 1,
            f"frames and references are sent alike: {marks}",
            "write the role of each slot",
        )

    def test_media_are_read_back(self) -> None:
        """`VideoDialect.read` gives the prompt and each medium with its role, in order."""
        plain, provider = self._plain_request(), self._provider()
        for media, wanted in MEDIA:
            request = evolve(plain, prompt="a smile", media=media)
            try:
                draft = draft_video(provider, request, "raise", strict_limits=False)
            except UnsupportedError as error:
                self.passed_over(str(error))
                continue
            found = provider.dialect.read(draft.body)
            read = tuple((slot.media, slot.role, slot.url) for slot in found.slots)
            require(
                read == wanted and found.prompt == "a smile",
                f"written from {media!r}, the body is read as {found!r}",
                "let VideoDialect.read undo what VideoDialect.write did",
            )

    def test_fields_are_read_back(self) -> None:
        """A body is parsed into the request that it was written from."""
        plain, provider = self._plain_request(), self._provider()
        for name in SCALARS:
            for value in self._values(name) if name in provider.dialect.fields else ():
                request = evolve(plain, **{name: value})
                body = draft_video(provider, request, "raise", strict_limits=False).body
                parsed = provider.dialect.parse(body, provider=provider.name, model=plain.model)
                require(
                    getattr(parsed.request, name) == value,
                    f"{name}={value!r} is read back as {getattr(parsed.request, name)!r}",
                    "leave parsing to VideoDialect",
                )

    def test_labels_name_their_media(self) -> None:
        """A label in the prompt becomes the place of its medium, whatever the order is."""
        plain, label = self._plain_request(), self._provider().dialect.label
        for names in (("mia", "leo"), ("leo", "mia")):
            links = {"mia": MIA, "leo": LEO}
            images = {name: links[name] for name in names}
            request = evolve(
                plain, prompt="{mia} meets {leo}, then {mia}", media=References(images=images)
            )
            said = self._said(request)
            numbers = [str(names.index(name) + 1) for name in ("mia", "leo", "mia")]
            wanted = "{} meets {}, then {}".format(*(label.replace("1", each) for each in numbers))
            order = [value for value in said.values() if value in links.values()]
            require(
                wanted in said.values() and order == [links[name] for name in names],
                f"with the images {[*names]}, the prompt is not sent as {wanted!r} beside them",
                "write prompt and slots as VideoDialect.write gets them: places are counted there",
            )

    # -- what they share -------------------------------------------------------------------------

    def _plain_request(self) -> VideoRequest:
        if not self._offers("create_video"):
            nothing("the adapter makes no videos")
        return evolve(self.video(None), media=None)

    def _values(self, name: str) -> tuple[Any, ...]:
        model = next(iter(self._provider().video_models), None)
        allowed: Any = getattr(model, f"{name}s", ()) or getattr(model, name, None)
        if name == "duration_s" and allowed:
            return tuple({*allowed, allowed[0] + 1})
        return tuple(each for each in VALUES[name] if not allowed or each in allowed)

    def _said(self, request: VideoRequest) -> dict[tuple[Any, ...], Any]:
        return {leaf.path: leaf.value for leaf in said_by(self._sent(request))}

    def _names(self, model_id: str, request: VideoRequest) -> bool:
        """Whether a model is asked for: in the body, or in the path."""
        sent = self._sent(request)
        path = unquote(urlsplit(sent.url).path)
        return f"/{model_id}/" in f"{path}/" or model_id in (each.value for each in said_by(sent))

    def _sent(self, request: VideoRequest) -> Request:
        """The request that would be paid."""
        provider = self._provider()
        create = partial(provider.create_video, request, strict_limits=False)
        sent, error = first_request(create)
        if sent is None:
            if isinstance(error, UnsupportedError):
                raise error
            require(fact=False, problem=f"create_video of {request!r} came to {error!r}", then="")
        assert sent is not None  # noqa: S101  (told above)
        return sent

    def _arrives(
        self,
        name: str,
        value: object,
        without: Mapping[tuple[Any, ...], Any],
        said: Mapping[tuple[Any, ...], Any],
    ) -> tuple[Any, ...]:
        changed = {
            path: found
            for path, found in said.items()
            if path not in without or without[path] != found
        }
        fitting = [path for path, found in changed.items() if says(found, value) or found == name]
        require(
            len(fitting) == 1 and len(changed) == 1 and {*without} <= {*said},
            f"{name}={value!r} changes {changed!r} in the request",
            _WHOLE,
        )
        key = str(fitting[0][-1]).lower()
        own = any(word in key for word in _FIELD_WORDS[name])
        others = [
            other
            for other, words in _FIELD_WORDS.items()
            if other != name and any(word in key for word in words)
        ]
        require(
            own or not others,
            f"{name} is written as {key!r}, which is {' or '.join(others)}",
            "give each neutral field the vendor's own key for it in VideoDialect.fields",
        )
        return fitting[0]

    def _medially(self, plain: VideoRequest, media: Media) -> list[Leaf]:
        try:
            return said_by(self._sent(evolve(plain, prompt="a smile", media=media)))
        except UnsupportedError as error:
            require(error.field, f"{media!r} came to {error!r}", "name the field that is refused")
            self.passed_over(str(error))
            return []

    def _places(
        self, said: list[Leaf], wanted: tuple[tuple[MediaType, Role, str], ...]
    ) -> Iterator[tuple[tuple[MediaType, Role, str], Leaf]]:
        if not said:
            return
        links = [each[2] for each in wanted]
        found = [leaf for leaf in said if leaf.value in links]
        for kind in MediaType:
            asked = [url for media, _, url in wanted if media is kind]
            sent = [leaf.value for leaf in found if leaf.value in asked]
            require(
                sent == asked,
                f"the {kind.value}s {asked} are sent as {sent}",
                "write each slot once, in the order of slots, with its address as it is",
            )
        by_link = {leaf.value: leaf for leaf in found}
        yield from ((each, by_link[each[2]]) for each in wanted)

    def _names_its_medium(self, slot: tuple[MediaType, Role, str], leaf: Leaf) -> None:
        told = {
            kind
            for kind in (MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO)
            if kind.value in leaf.about
        }
        require(
            slot[0] in told or not told,
            f"{slot[0].value} {slot[2]} is sent as {leaf.about!r}",
            "write slot.media in the vendor's words",
        )

    def _names_its_role(self, slot: tuple[MediaType, Role, str], leaf: Leaf) -> None:
        told = {
            role for role, words in _ROLE_WORDS.items() if any(word in leaf.about for word in words)
        }
        require(
            slot[1] in told or not told,
            f"the {slot[1].value} {slot[2]} is sent as {leaf.about!r}",
            "write slot.role in the vendor's words",
        )


def _likeness(name: str, id: str) -> float:
    return difflib.SequenceMatcher(None, name, id).ratio()
