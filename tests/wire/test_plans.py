"""Models that a written function reads are those that attrs would make."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from portraitkit.values.assembling import replaced
from portraitkit.values.models import Asset, Failure, Usage, VideoTask
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus
from portraitkit.wire.codec import Codec

WHOSE = {"provider": "acme", "account": "a1"}
MADE = Asset(
    **WHOSE,
    id="asset-1",
    name="front",
    status=AssetStatus.ACTIVE,
    status_word="Active",
    link=Secret("https://cdn.example/1.jpg?X-Signature=1"),
    created_at=datetime(2026, 3, 18, 3, 57, tzinfo=UTC),
)
CODEC = Codec(
    fields={
        Asset: {
            "id": ("Id", "data.id"),
            "name": "Name'\n\"]",
            "status": "Status",
            "link": "URL",
            "created_at": "Time",
        },
        VideoTask: {"id": "id", "progress": "progress", "usage": "usage", "failure": "error"},
        Usage: {"total_tokens": "total"},
        Failure: {"message": "message"},
    },
    words={AssetStatus: {"Active": AssetStatus.ACTIVE}},
)
ROW = {
    "Id": "asset-1",
    "Name'\n\"]": "front",
    "Status": "Active",
    "URL": "https://cdn.example/1.jpg?X-Signature=1",
    "Time": "2026-03-18T11:57:00+08:00",
}


def test_a_model_that_is_read_is_the_one_that_attrs_makes():
    """Equal, of one hash and one text, frozen, and able to go through a pickle."""
    read = CODEC.read(Asset, ROW, **WHOSE)

    assert (MADE, hash(MADE), repr(MADE)) == (read, hash(read), repr(read))
    assert evolve(read, link=None) == pickle.loads(pickle.dumps(evolve(read, link=None)))
    with pytest.raises(FrozenInstanceError):
        read.name = "back"


def test_members_that_are_models_are_made_as_attrs_makes_them():
    """A converter, such as the one that hides what signs a link, is not passed over."""
    error = {"message": "no https://cdn.example/1.jpg?X-Signature=0123456789"}
    read = CODEC.read(VideoTask, {"id": "cgt-1", "usage": {"total": 7}, "error": error}, **WHOSE)

    assert (Usage(total_tokens=7), Failure(**error)) == (read.usage, read.failure)
    assert "0123456789" not in repr(read)


def test_a_replaced_attribute_changes_nothing_else():
    """What is copied at once is what attrs copies piece by piece, and the first stays."""
    assert evolve(MADE, name="back") == replaced(MADE, name="back")
    assert "front" == MADE.name
