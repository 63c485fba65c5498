"""What editors complete is what some vendor's table lists."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import get_args

import pytest

from portraitkit.values.choices import KnownModel, KnownRatio, KnownResolution
from portraitkit.values.video import VideoRequest

MODELS = [
    model
    for entry in entry_points(group="portraitkit.providers")
    if entry.value.startswith("portraitkit.")
    for adapter in entry.load().interfaces()
    for model in adapter.video_models
]


@pytest.mark.parametrize(
    ("literal", "listed"),
    [
        (KnownModel, {each.name for each in MODELS}),
        (KnownRatio, {ratio for each in MODELS for ratio in each.ratios}),
        (KnownResolution, {size.replace("k", "K") for each in MODELS for size in each.resolutions}),
    ],
    ids=["model", "ratio", "resolution"],
)
def test_the_words_are_those_of_the_tables(literal, listed):
    """No word is missing, and none is offered that no vendor lists; `4k` is sent for `4K`."""
    assert listed == set(get_args(literal))


@pytest.mark.parametrize("field", ["model", "ratio", "resolution"])
def test_another_string_is_as_good(field):
    """A vendor may know more than its page says: nothing is refused for its spelling."""
    request = VideoRequest(prompt="a quiet sea", **{field: "of-tomorrow"})

    assert "of-tomorrow" == getattr(request, field)
