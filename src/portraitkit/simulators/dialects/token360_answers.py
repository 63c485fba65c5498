"""The forms of a simulated Token360's answers, and the switches for what its pages leave open."""

from __future__ import annotations

from typing import Final, Literal

from attrs import Factory, define, frozen

from ...wire.steps import Request, Response
from ..simulator import Simulator, json_of
from .reading import Json, Reader, Refusal, need

INVALID: Final = "invalid_request_error"
MISSING: Final = "not_found_error"


@frozen(kw_only=True)
class Variants:
    """
    What the vendor's pages leave open or contradict.

    Attributes:
        real_person_kind: The accepted `groupKind` of a real person's group.
        list_key: Where a list's rows are; `list` comes with `pagination`, the others with `total`.
        group_id_key: The name of a group's id.
        capitals: Whether status words begin with a capital, as on the vendor's web page.
        activates: Whether a passed face check makes the group active; one caller saw it stuck.
        names_outcome: Whether a lapsed or failed check shows as `expired` or `failed`.
        error_body: The form of a refusal by groups and assets.
        has_get_group: Whether one group can be read by its id.
        video_link: Where a finished video's link is; `nowhere` leaves only the download.
        firewall: Whether inline base64 is answered by an HTML page with status 403.
        upload_status: HTTP status of a successful upload.
    """

    real_person_kind: str = "REAL_FACE"
    list_key: Literal["list", "records", "items", "groups"] = "list"
    group_id_key: Literal["assetGroupId", "groupId", "id"] = "assetGroupId"
    capitals: bool = False
    activates: bool = True
    names_outcome: bool = False
    error_body: Literal["service", "gateway", "message"] = "service"
    has_get_group: bool = True
    video_link: Literal["url", "video_url", "content", "nowhere"] = "url"
    firewall: bool = False
    upload_status: int = 200


@define(kw_only=True)
class Answers(Simulator, Reader):
    """Speaks both of the vendor's envelopes; a refusal in capitals is a `serviceCode`."""

    variants: Variants = Factory(Variants)

    def invalid(self, member: str, why: str) -> Refusal:
        return Refusal(400, INVALID, f"{member} {why}", member)

    def _body(self, request: Request) -> Json:
        return need(json_of(request), Refusal(400, INVALID, "the body is not a JSON object"))

    def _yes(self, data: object, message: str = "success", status: int = 200) -> Response:
        return self.json({"code": 0, "data": data, "msg": message, "serviceCode": None}, status)

    def _rows(self, rows: list[Json], query: dict[str, str], key: str) -> Response:
        current = self.asked_number(query, "current", 1, 1_000_000)
        size = self.asked_number(query, "size", 20, 100)
        shown = rows[(current - 1) * size : current * size]
        total: Json = {"total": len(rows)}
        if key == "list":
            total = {"pagination": {"current": current, "size": size, **total}}
        return self._yes({key: shown, **total})

    def _refuse(self, no: Refusal) -> Response:
        if self.variants.error_body == "gateway":
            return self._gateway(no)
        if self.variants.error_body == "message":
            return self.json({"message": no.message}, no.status)
        body = {"code": no.status, "data": None, "msg": no.message, "serviceCode": no.code}
        return self.json(body, no.status)

    def _gateway(self, no: Refusal) -> Response:
        word = {404: MISSING}.get(no.status, INVALID) if no.code.isupper() else no.code
        param, code = no.param or None, str(no.status)
        error = {"message": no.message, "type": word, "param": param, "code": code}
        return self.json({"error": error}, no.status)

    def _html(self, text: str, status: int) -> Response:
        return self.text(f"<!doctype html><title>Token360</title><p>{text}</p>\n", "html", status)

    def _word(self, word: str) -> str:
        return word.capitalize() if self.variants.capitals else word


def matching(
    rows: list[Json], query: dict[str, str], exact: tuple[str, ...], id: str
) -> list[Json]:
    """The rows whose *exact* members are as asked and whose name or *id* holds the keyword."""
    word = query.get("keyword", "")
    return [
        row
        for row in rows
        if all(row[key] == query.get(key, row[key]) for key in exact)
        and (word in row[id] or word in row["name"])
    ]
