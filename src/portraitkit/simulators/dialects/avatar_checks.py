"""What the simulated avatar dialect says of a face check. Assumed, save for the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...wire.bodies import json_body
from ...wire.steps import Request

if TYPE_CHECKING:
    from ..state import SimCheck


def session_result(check: SimCheck, base_url: str) -> dict[str, Any]:
    """Give the link and the token of a session (documented)."""
    link = f"{base_url}/h5/{check.token}"
    return {"byted_token": check.token, "h5_link": link, "raw_response": {}}


def exchange_result(check: SimCheck, how: str) -> dict[str, Any]:
    """Say what the task of a step 2 holds."""
    if check.group_id is None:
        return {"raw_response": {}}
    raw = {"Result": {"GroupId": check.group_id}}
    if how == "raw":
        return {"raw_response": raw}
    return {"group_id": check.group_id, "raw_response": raw}


def exchange_data(check: SimCheck, task_id: str, how: str) -> dict[str, Any]:
    """Answer step 2; see `Variants.exchange`."""
    task: dict[str, Any] = {"id": task_id, "status": "completed"}
    if check.group_id is None or how == "task":
        return task
    if how == "data":
        return {**task, "group_id": check.group_id}
    result = exchange_result(check, how)
    return {**task, **result} if how == "raw" else {**task, "result": result}


def notice_of(check: SimCheck) -> Request:
    """Make what is posted to the callback URL when a check is over."""
    return Request(
        method="POST",
        url=check.callback_url,
        headers={"content-type": "application/json"},
        content=json_body({"bytedToken": check.token, "resultCode": str(check.result_code)}),
    )
