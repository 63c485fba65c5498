"""
The simulator of a vendor that is a table: what its calls read and write, by the same table.

It holds an adapter to nothing that the table does not say, so that it proves the table's own
coherence and no more: whether the vendor is like that, its page says, or a recording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import define

from ..providers.tables.table import FORMS, VendorTable
from ..providers.tables.template import CallTemplate, taken_from_path, taken_out_of
from ..values import errors
from ..values.statuses import MediaType
from ..wire.steps import Request, Response
from .dialects.face_page import PASSED, face_page
from .dialects.reading import Json, Reader, Refusal, list_of, need, object_of
from .dialects.seedance import Family, check_content, tokens, usable_asset
from .dialects.token360_video import media_of
from .simulator import NOWHERE, Simulator, form_of, header, json_of, query_of
from .state import SimAccount, SimAsset, SimCheck, SimGroup, SimVideo, own

_WORDS: Final = {"Processing": "processing", "Active": "active", "Failed": "failed"}
_REFUSALS: Final[Mapping[type[errors.ProviderError], tuple[int, str]]] = {
    errors.AuthenticationError: (401, "AuthenticationError"),
    errors.NotFoundError: (404, "NotFound"),
    errors.VerificationPendingError: (400, "ValidatePending"),
    errors.QuotaExceededError: (429, "QuotaExceeded"),
    errors.ConflictError: (409, "InvalidAction"),
}
"""HTTP status, and the upstream's code where the table has none of its own."""


@define(kw_only=True)
class TableSimulator(Simulator, Reader):
    """One vendor, as its table describes it."""

    table: ClassVar[VendorTable]

    def invalid(self, member: str, why: str) -> Refusal:
        """Refuse a member."""
        return Refusal(400, "invalid_parameter", f"{member or 'the body'} {why}", member)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if page := face_page(self, request):
            return page
        try:
            return self._routed(request)
        except Refusal as no:
            return self._refuse(no)

    def _routed(self, request: Request) -> Response:
        account = self._account(request)
        for name, template in self.table.calls.items():
            values = self._values(template, request)
            if values is not None:
                handler: Callable[[SimAccount, Json], Response] = getattr(self, f"_{name}")
                return handler(account, values)
        raise Refusal(404, "not_found", f"nothing answers {request.method} {request.url}")

    def media_url(self, name: str) -> str:
        """A file's link, at the vendor's own origin where the key is wanted."""
        link = super().media_url(name)
        return link.replace(NOWHERE, self.table.base_url) if self.table.links_need_key else link

    def opens(self, request: Request) -> bool:
        """Tell whether a file is handed out: where the table says so, to the key alone."""
        try:
            return not self.table.links_need_key or bool(self._account(request))
        except Refusal:
            return False

    def _account(self, request: Request) -> SimAccount:
        scheme = self.table.header.scheme
        key = header(request, self.table.header.name).removeprefix(scheme).strip()
        account = self.world.account_of_key(key) if key else None
        return need(account, self._refusal(errors.AuthenticationError, "the key is not known"))

    def _values(self, template: CallTemplate, request: Request) -> Json | None:
        """What a request fills a call's places with; None if it is another call's."""
        action = self.table.action if template.action else None
        call = action or template
        path = urlsplit(request.url).path
        method = "POST" if action else template.method
        values = taken_from_path(call.path, path)
        if request.method != method or values is None:
            return None
        query = query_of(request)
        for key, value in call.fixed_query.items():
            if value != "{action}" and query.get(key) != value:
                return None
            values |= {"action": query.get(key)} if value == "{action}" else {}
        if template.action and values.pop("action", "") != template.action:
            return None
        values |= taken_out_of(template.query, query)
        if template.form and (parts := form_of(request)):
            values |= taken_out_of(template.form, {k: v.text for k, v in parts.items()})
            return {**values, "file": parts.get(template.file)}
        if template.form:
            return None
        body = need(json_of(request), self.invalid("", "is not a JSON object"))
        values |= taken_out_of({**(action.body if action else {}), **template.body}, body)
        return {**values, "body": body}

    # -- the envelope ----------------------------------------------------------------------------

    def _yes(self, data: Json, *, bare: bool = False, status: int = 200) -> Response:
        answers = self.table.answers
        whole: Json = {}
        inside = answers.inside[0] if answers.inside and not bare else ""
        put(whole, inside, data)
        if answers.success:
            put(whole, answers.success.member, answers.success.values[0])
        return self.json(whole, status)

    def _refuse(self, no: Refusal) -> Response:
        answers = self.table.answers
        body: Json = {}
        put(body, answers.code[0], no.code)
        put(body, answers.message[0], no.message)
        return self.json(body, no.status)

    def _refusal(self, kind: type[errors.ProviderError], message: str) -> Refusal:
        """Refuse in the table's own code for it, else in the upstream's."""
        status, code = _REFUSALS[kind]
        own = [each for each, row in self.table.errors.items() if row.means == kind.__name__]
        return Refusal(status, own[0] if own else code, message)

    def _listed(self, called: str, values: Json, rows: list[Json]) -> Response:
        template = self.table.calls[called]
        size = int(values.get("size") or len(rows) or 1)
        start = int(values.get("offset") or (int(values.get("page") or 1) - 1) * size)
        start = int(values.get("cursor") or start)
        whole: Json = {}
        put(whole, template.rows[0], rows[start : start + size])
        if template.total:
            put(whole, template.total[0], len(rows))
        if template.next and start + size < len(rows):
            put(whole, template.next[0], str(start + size))
        if success := self.table.answers.success:
            put(whole, success.member, success.values[0])
        return self.json(whole)

    def _row(self, model: str, values: Mapping[str, Any]) -> Json:
        """Spell a thing's attributes as the table's members."""
        row: Json = {}
        for attribute, keys in self.table.members.get(model, {}).items():
            if (value := values.get(attribute)) is not None:
                put(row, keys[0], value.isoformat() if isinstance(value, datetime) else value)
        return row

    def _failure(self, failure: tuple[str, str] | None) -> Json | None:
        if failure is None:
            return None
        return self._row("failure", {"code": failure[0], "message": failure[1]})

    def _word(self, kind: str, meaning: str) -> str | int:
        word = self.table.written(kind, meaning)
        return meaning if word is None else word

    def _meaning(self, kind: str, word: object) -> str:
        rows = self.table.words.get(kind, {})
        return next((each for each, words in rows.items() if word in words), "")

    # -- groups ----------------------------------------------------------------------------------

    def _create_group(self, account: SimAccount, values: Json) -> Response:
        name = self.text_in(values, "name", required=True)
        if len(self.world.groups_of(account)) >= self.world.group_quota:
            raise self._refusal(errors.QuotaExceededError, "the account has no room for a group")
        made = self.world.add_group(
            account,
            self.world.new_id("group"),
            name,
            description=self.text_in(values, "description"),
        )
        return self._yes(self._group(made))

    def _group(self, group: SimGroup) -> Json:
        kind = "real_person" if group.real_person else "virtual"
        return self._row(
            "group",
            {
                "id": group.id,
                "name": group.name,
                "description": group.description or None,
                "kind": self._word("kind", kind),
                "created_at": group.created_at,
                "updated_at": group.updated_at,
            },
        )

    def _own_group(self, account: SimAccount, group_id: object) -> SimGroup:
        found = own(self.world.groups, account, str(group_id))
        return need(found, self._refusal(errors.NotFoundError, "there is no such group"))

    def _get_group(self, account: SimAccount, values: Json) -> Response:
        return self._yes(self._group(self._own_group(account, values["group"])))

    def _list_groups(self, account: SimAccount, values: Json) -> Response:
        kind = self._meaning("kind", values.get("kind"))
        rows = [
            self._group(each)
            for each in self.world.listed(self.world.groups_of(account))
            if kind in ("", "real_person" if each.real_person else "virtual")
        ]
        return self._listed("list_groups", values, rows)

    def _rename_group(self, account: SimAccount, values: Json) -> Response:
        group = self._own_group(account, values["group"])
        group.name = self.text_in(values, "name", required=True)
        group.description = values.get("description") or group.description
        group.updated_at = self.world.now()
        return self._yes(self._group(group))

    def _delete_group(self, account: SimAccount, values: Json) -> Response:
        self.world.delete_group(self._own_group(account, values["group"]).id)
        return self._yes({})

    # -- assets ----------------------------------------------------------------------------------

    def _add_link(self, account: SimAccount, values: Json) -> Response:
        url = self.text_in(values, "url", required=True)
        media = self._meaning("media", values.get("media")) or "image"
        return self._add(account, values, media, url)

    def _add_upload(self, account: SimAccount, values: Json) -> Response:
        file = need(values.get("file"), self.invalid("file", "is missing"))
        media = file.content_type.partition("/")[0]
        return self._add(account, values, media, self.media_url("upload"))

    def _add(self, account: SimAccount, values: Json, media: str, url: str) -> Response:
        group = self._own_group(account, values.get("group"))
        if len(self.world.assets_of(account, group.id)) >= self.world.asset_quota:
            raise self._refusal(errors.QuotaExceededError, "the group is full")
        if media not in [each.value for each in MediaType]:
            raise self.invalid("media", "is not known")
        made = self.world.add_asset(
            group,
            self.world.new_id("asset"),
            name=self.text_in(values, "name"),
            media=media.title(),
            url=url,
        )
        return self._yes(self._asset(made))

    def _asset(self, asset: SimAsset) -> Json:
        status = asset.status(self.world.now())
        return self._row(
            "asset",
            {
                "id": asset.id,
                "name": asset.name or None,
                "media": self._word("media", asset.media.lower()),
                "status": self._word("asset", _WORDS[status]),
                "group_id": asset.group_id,
                "link": asset.url,
                "failure": self._failure(asset.failure if status == "Failed" else None),
                "created_at": asset.created_at,
                "updated_at": asset.updated_at,
            },
        )

    def _own_asset(self, account: SimAccount, asset_id: object) -> SimAsset:
        found = own(self.world.assets, account, str(asset_id))
        return need(found, self._refusal(errors.NotFoundError, "there is no such asset"))

    def _get_asset(self, account: SimAccount, values: Json) -> Response:
        return self._yes(self._asset(self._own_asset(account, values["asset"])))

    def _list_assets(self, account: SimAccount, values: Json) -> Response:
        groups = values.get("groups") or ([values["group"]] if values.get("group") else None)
        kind = self._meaning("kind", values.get("kind"))
        for each in groups or ():
            _ = self._own_group(account, each)
        rows = [
            self._asset(each)
            for each in self.world.listed(self.world.assets_of(account))
            if groups is None or each.group_id in groups
            if kind in ("", self._kind_of(each))
        ]
        return self._listed("list_assets", values, rows)

    def _kind_of(self, asset: SimAsset) -> str:
        return "real_person" if self.world.groups[asset.group_id].real_person else "virtual"

    def _rename_asset(self, account: SimAccount, values: Json) -> Response:
        asset = self._own_asset(account, values["asset"])
        asset.name = self.text_in(values, "name", required=True)
        asset.updated_at = self.world.now()
        return self._yes(self._asset(asset))

    def _delete_asset(self, account: SimAccount, values: Json) -> Response:
        del self.world.assets[self._own_asset(account, values["asset"]).id]
        return self._yes({})

    # -- real people -----------------------------------------------------------------------------

    def _start_verification(self, account: SimAccount, values: Json) -> Response:
        callback = self.text_in(values, "callback_url")
        self.world.token_life_s = self.table.verification_life_s
        check = self.world.add_check(account.name, self.world.new_id("check"), callback)
        link = f"{self.base_url}/h5/{check.token}"
        return self._yes(self._row("verification", {"link": link, "token": check.token}))

    def _check_verification(self, account: SimAccount, values: Json) -> Response:
        found = own(self.world.checks, account, str(values.get("token")))
        check = need(found, self._refusal(errors.NotFoundError, "there is no such check"))
        _ = self.world.settle_check(check)
        meaning = self._outcome(check)
        if "status" not in self.table.members.get("verification", {}):
            if meaning != "verified":
                raise self._unfinished(meaning)
            return self._yes(self._row("group", {"id": check.group_id}))
        word = self._word("verification", meaning)
        data = self._row("verification", {"status": word})
        if meaning == "verified":
            data |= self._row("group", {"id": check.group_id})
        return self._yes(data)

    def _outcome(self, check: SimCheck) -> str:
        if check.result_code is not None:
            return "verified" if check.result_code == PASSED else "failed"
        return "expired" if self.world.now() >= check.expires_at else "waiting"

    def _unfinished(self, meaning: str) -> Refusal:
        if meaning == "waiting":
            return self._refusal(errors.VerificationPendingError, "the person has not finished")
        return self._refusal(errors.NotFoundError, "the check has run out")

    # -- videos ----------------------------------------------------------------------------------

    def _create_video(self, account: SimAccount, values: Json) -> Response:
        body: Json = values["body"]
        model = str(values.get("model") or body.get("model"))
        known = [each.id for each in self.table.models]
        if model not in known:
            raise self._refusal(errors.NotFoundError, f"there is no model {model}")
        self._check_media(account, body)
        video = self.world.add_video(account, self.world.new_id("video"), {**body, "model": model})
        return self._yes(self._row("video", self._of_video(video, created=True)))

    def _check_media(self, account: SimAccount, body: Json) -> None:
        def find(named: str) -> SimAsset | None:
            return usable_asset(self.world, named, account=account.name, project=None)

        if self.table.media == "frames":
            _ = self.text_in(body, "prompt", required=True)
            for slot, _item, url in media_of(body):
                if url.startswith("asset://") and not find(url.removeprefix("asset://")):
                    raise self.invalid(slot, "names no usable asset")
            return
        content = need(list_of(body.get("content", [])), self.invalid("content", "is not a list"))
        _ = check_content(content, Family(resolutions=("480p", "720p", "1080p", "4k")), find)

    def _of_video(self, video: SimVideo, *, created: bool = False) -> Json:
        state = video.state(self.world.now())
        done = state == "succeeded"
        settings: Json = {}
        for name in ("duration_s", "ratio", "resolution", "seed"):
            if (row := self.table.fields.get(name)) and (sent := video.body.get(row.member)):
                settings[name] = FORMS[row.form][1](sent)
        link = self.media_url("clip.mp4") if done else None
        return {
            "id": video.id,
            "status": self._word("video", state),
            "model": video.body["model"],
            "created_at": video.created_at,
            **({} if created else settings),
            "video_link": link if done and "video_link" not in self.table.calls else None,
            "failure": object_of(self._failure(video.failure)) if state == "failed" else None,
            "usage": self._usage(settings) if done else None,
        }

    def _usage(self, settings: Mapping[str, Any]) -> Json:
        resolution = str(settings.get("resolution") or "720p").lower()
        ratio, seconds = str(settings.get("ratio")), int(settings.get("duration_s") or 5)
        spent = tokens(resolution, ratio, max(seconds, 1))
        return self._row("usage", {"total_tokens": spent, "completion_tokens": spent})

    def _own_video(self, account: SimAccount, video_id: object) -> SimVideo:
        found = own(self.world.videos, account, str(video_id))
        return need(found, self._refusal(errors.NotFoundError, "there is no such video"))

    def _get_video(self, account: SimAccount, values: Json) -> Response:
        video = self._own_video(account, values["video"])
        return self._yes(self._row("video", self._of_video(video)))

    def _list_videos(self, account: SimAccount, values: Json) -> Response:
        videos = self.world.listed(self.world.videos_of(account))
        rows = [self._row("video", self._of_video(each)) for each in videos]
        return self._listed("list_videos", values, rows)

    def _cancel_video(self, account: SimAccount, values: Json) -> Response:
        video = self._own_video(account, values["video"])
        if video.state(self.world.now()) not in ("queued", "running"):
            raise self._refusal(errors.ConflictError, "the video has ended")
        video.cancelled_at = self.world.now()
        return self._yes(self._row("video", self._of_video(video)))

    def _video_link(self, account: SimAccount, values: Json) -> Response:
        video = self._own_video(account, values["video"])
        if video.state(self.world.now()) != "succeeded":
            raise self._refusal(errors.ConflictError, "the video is not finished")
        link = {"id": video.id, "video_link": self.media_url("clip.mp4")}
        return self._yes(self._row("video", link))


def simulator_of(table: VendorTable) -> type[TableSimulator]:
    """Make the simulator of a vendor's table."""
    return type("TableSimulator", (TableSimulator,), {"table": table, "name": table.name})


def put(whole: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a dotted path; an empty one is the whole, a number a list's first item."""
    if not path:
        whole.update(value)
        return
    head, _, rest = path.partition(".")
    if not rest:
        known, more = object_of(whole.get(head)), object_of(value)
        whole[head] = value if known is None or more is None else {**known, **more}
    elif _FIRST.match(rest):
        inner = rest.partition(".")[2]
        item: Json = {}
        put(item, inner, value) if inner else None
        whole[head] = [item if inner else value]
    else:
        put(whole.setdefault(head, {}), rest, value)


_FIRST: Final = re.compile(r"0(\.|$)")
