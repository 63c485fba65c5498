"""
Assets that are known by their review: a task, and a place in what was submitted with it.

    task_01K…#0             alone in its submission, under review
    task_01K…#2of5          the third of five
    task_01K…#0#asset-…     reviewed: the id is known
    task_01K…               as the vendor's console shows it: taken for one that is alone

Source: docs/vendors/xcompute.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from attrs import frozen

from ...values.errors import UnexpectedResponseError
from ...values.statuses import AssetStatus
from ...vendor.answers import Answer
from ...wire.codec import first, rows
from ...wire.synonyms import meant_by

T = TypeVar("T")

_REF: Final = re.compile(r"([^#]+)#(\d{1,6})(?:of(\d{1,6}))?(?:#(.+))?", re.ASCII)
_TASK: Final = re.compile(r"task_[^#]+")


@frozen
class Review:
    """One asset's place in a review."""

    task_id: str
    index: int = 0
    count: int = 1
    asset_id: str = ""

    def __str__(self) -> str:
        place = f"{self.task_id}#{self.index}" + (f"of{self.count}" if self.count > 1 else "")
        return f"{place}#{self.asset_id}" if self.asset_id else place

    @classmethod
    def parse(cls, ref: str) -> Review | None:
        """Read what a handle holds; None if it is an asset's id."""
        if match := _REF.fullmatch(ref):
            task_id, index, count, asset_id = match.groups()
            return cls(task_id, int(index), int(count or 1), asset_id or "")
        return cls(ref) if _TASK.fullmatch(ref) else None

    def members(self, answer: Answer) -> dict[str, Any]:
        """
        Gather what a task says of this asset: its own status where there is one, else the task's.

        A `failed` task may hold usable assets, so that its word counts only without a result.

        Raises:
            UnexpectedResponseError: The review has ended, and does not tell which asset is which.
        """
        task = answer.data
        word = str(first(task, "status") or "")
        found = {"status": word, "group_id": first(task, ("result.group_id", "result.GroupId"))}
        item = self._item(task)
        done = meant_by(AssetStatus, word) is AssetStatus.ACTIVE
        if item is None:
            if done or (meant_by(AssetStatus, word) is AssetStatus.FAILED and _any_item(task)):
                raise _unclear(self, answer)
            return {**found, "error": first(task, "error")}
        status = first(item, "status") or ("Active" if done else word)
        address = str(first(item, "asset_url") or "")
        return {
            **found,
            "asset_id": first(item, "asset_id") or address.removeprefix("asset://") or None,
            "status": status,
            "name": first(item, "raw_response.Name"),
            "error": None
            if meant_by(AssetStatus, status) is AssetStatus.ACTIVE
            else first(item, ("error", "fail_reason", "reason", "message")) or first(task, "error"),
        }

    def _item(self, task: object) -> Mapping[str, Any] | None:
        items = list(rows(task, "result.assets"))
        if not items and self.count == 1:
            items = [
                *rows(task, "result.usable_assets"),
                *rows(task, "result.failed_assets"),
            ]
            # Source: a public page shows a single asset's id and address beside the lists.
            if not items and first(task, ("result.asset_id", "result.asset_url")):
                items = [first(task, "result")]
        # Unverified: that assets come in the order submitted. A list of another length proves not.
        return items[self.index] if len(items) == self.count > self.index else None


def batches(items: Sequence[tuple[T, object]], size: int) -> Iterator[list[T]]:
    """Put items of one key together, at most *size* in each batch, in the order given."""
    for wanted in dict.fromkeys(key for _, key in items):
        alike = [item for item, key in items if key == wanted]
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _any_item(task: object) -> bool:
    lists = ("result.assets", "result.usable_assets", "result.failed_assets")
    return any(True for key in lists for _ in rows(task, key))


def _unclear(review: Review, answer: Answer) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"the review {review.task_id} has ended, and its result does not tell what became of "
        f"asset {review.index + 1} of {review.count}",
        status=answer.response.status,
        request_id=answer.request_id,
        next_step="read the task in the vendor's console, or submit the file again on its own",
    )
