"""A table's calls: each a template to fill, sent, and its answer taken out of the envelope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from attrs import evolve, frozen

from ...limits.rates import family_of
from ...values.errors import NotFoundError
from ...values.models import Asset, Group, Page, VideoTask
from ...values.secret import Secret
from ...vendor.answers import Answer
from ...wire.codec import count, first, is_array, listed
from ...wire.error_mapping import VendorError
from ...wire.steps import Auth, Flow, Request, Response
from ..dialects.bearer import BearerProvider, with_form
from ..dialects.paging import PAGE_SIZE, Position, read_rows
from .table import VendorTable
from .template import filled, filled_path, placeholders_in

T = TypeVar("T", Group, Asset, VideoTask)


@frozen(kw_only=True, slots=False)
class TableCalls(BearerProvider):
    """How a vendor that is a table is asked."""

    table: ClassVar[VendorTable]

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Add the key, as the table's header says."""
        header = self.table.header
        value = f"{header.scheme} {self.api_key.reveal()}".strip()
        return request.with_headers({header.name: value})

    # -- requests and answers --------------------------------------------------------------------

    def call(
        self, called: str, /, *, secrets: tuple[Secret, ...] = (), **values: Any
    ) -> Flow[Answer]:
        """Make one of the table's calls; the answer is what the vendor sent, with its envelope."""
        return self.ask(evolve(self.call_request(called, values), secrets=secrets))

    def call_request(self, name: str, values: Mapping[str, Any]) -> Request:
        """Fill one of the table's calls. A file is under `file`."""
        template = self.table.calls[name]
        values = {**{key: getattr(self, key) for key in self.table.settings}, **values}
        path, query, body = template.path, template.fixed_query, template.body
        if template.action and (action := self.table.action):
            values["action"] = template.action
            path, query = action.path, action.fixed_query
            body = {**action.body, **body}
        method = "POST" if template.action else template.method
        asked = {**query, **_texts(filled(template.query, values) or {})}
        url = self.base_url + filled_path(path, values)
        request = Request(
            method=method,
            url=url,
            query={key: filled(value, values) for key, value in asked.items()},
            headers={"Accept": "application/json"},
            auth=Auth.BEARER,
            repeatable=method != "POST" if template.repeatable is None else template.repeatable,
            silent=name.startswith(("delete", "rename", "cancel")),
            family=template.action or family_of(method, filled_path(path, values)),
        )
        if upload := values.get("file"):
            fields = _texts(filled(template.form, values) or {})
            return with_form(request, fields, upload, name=template.file)
        if method == "GET" or not (body or method in ("POST", "PATCH", "PUT")):
            return request
        return request.with_json(filled(body, values) or {})

    def inside(self, data: Any) -> Any:
        """Take what an answer is about out of its envelope, if it is in one."""
        for name in self.table.answers.inside:
            if (found := first(data, name)) is not None:
                return found[0] if is_array(found) and len(found) == 1 else found
        return data

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Find a refusal: where the table says what a success is, or by an error's own members."""
        answers = self.table.answers
        said = first(data, answers.success.member) if answers.success else None
        failed = (
            answers.success is not None
            and said is not None
            and not _is_one_of(said, answers.success.values)
        )
        code, message = answers.code, answers.message
        inner = self.inside(data)
        named = first(inner, self.table.members.get("video", {}).get("id", ())) is not None
        if response.ok and named and not (failed and inner is data):
            return None  # a task's own error, which is read with it
        if response.ok and not failed:
            # A plain `code` or `message` beside a success means nothing.
            code, message = (
                tuple(each for each in keys if "." in each) for keys in (code, message)
            )
        word, text = first(data, code), first(data, message)
        if word is None and text is None and not failed:
            return None
        return VendorError(code=word, message=text, request_id=first(data, answers.request_id))

    def request_id(self, data: Any, response: Response) -> str:
        """The id in the body, else in the headers."""
        found = first(data, self.table.answers.request_id)
        return found if isinstance(found, str) else super().request_id(data, response)

    def _takes(self, call: str, place: str) -> bool:
        return place in placeholders_in(self.table.calls[call])

    def _page(
        self,
        called: str,
        cursor: str | None,
        reader: Callable[[Answer], Callable[[Any], T]],
        keep: Callable[[T], bool],
        /,
        **values: Any,
    ) -> Flow[Page[T]]:
        """Ask for one page, by number, offset or the vendor's cursor; *reader* reads its rows."""
        template = self.table.calls[called]
        place = Position() if template.next else Position.parse(cursor)
        answer = yield from self.call(
            called, page=place.number, size=PAGE_SIZE, offset=place.seen, cursor=cursor, **values
        )
        rows = listed(answer.data, template.rows, template.total)
        found = read_rows(rows, reader(answer))
        if template.next:
            after = first(answer.data, template.next)
            following = str(after) if isinstance(after, str | int) and after else None
            return found.page(next=following, keep=keep)
        total = count(answer.data, template.total)
        if {"page", "offset"} & placeholders_in(template):
            return place.page(found, total=total, keep=keep)
        return found.page(total=total, keep=keep)

    def _in_list(
        self, what: str, wanted: str, page_of: Callable[[str | None], Flow[Page[T]]]
    ) -> Flow[T]:
        """
        Find a thing in its list, where the vendor reads none by its id.

        Raises:
            NotFoundError: No page has it.
        """
        cursor: str | None = None
        while True:
            page = yield from page_of(cursor)
            for each in page.items:
                if each.id == wanted:
                    return each
            if page.next is None or page.next == cursor:
                raise NotFoundError(f"the vendor's list has no such {what}", provider=self.name)
            cursor = page.next


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in query.items()}


def _is_one_of(said: object, values: Sequence[object]) -> bool:
    """Compare as texts: some vendors write 0, some "0"."""
    return str(said).casefold() in {str(each).casefold() for each in values}
