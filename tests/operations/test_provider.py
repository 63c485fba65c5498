"""The interface itself: what an adapter does not override is refused before any request."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from portraitkit.operations.provider import PortraitProvider
from portraitkit.values.errors import ManualStepError, UnsupportedError
from portraitkit.values.media import Link, Upload
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import MediaType
from portraitkit.values.video import VideoRequest
from portraitkit.vendor.dialect import MediaRead, VideoDialect

UPLOAD = Upload(content=b"x", filename="x.png", content_type="image/png", media=MediaType.IMAGE)
LINK = Link(url=Secret("https://example.com/x.png"), media=MediaType.IMAGE)
CALLS = {
    "create_group": ("Mia",),
    "get_group": ("g",),
    "list_groups": (None,),
    "rename_group": ("g", "Leo"),
    "delete_group": ("g",),
    "add_upload": ("g", UPLOAD),
    "add_link": ("g", LINK),
    "get_asset": ("a",),
    "list_assets": (None, "g"),
    "rename_asset": ("a", "front"),
    "delete_asset": ("a",),
    "start_verification": ("Ann",),
    "check_verification": ("v",),
    "read_video_callback": ("{}",),
    "read_callback": ("bytedToken=x",),
    "get_video": ("t",),
    "list_videos": (None,),
    "cancel_video": ("t",),
    "video_request": ({},),
    "preview_video": (VideoRequest(prompt="x"),),
}


class Bare(PortraitProvider):
    name = "bare"
    manual_steps = MappingProxyType({"start_verification": "ask the owner to open the console"})
    video_models = ()
    dialect = VideoDialect(
        fields={},
        write=lambda prompt, slots: {"prompt": prompt},
        read=lambda body: MediaRead(prompt="", slots=(), used=frozenset()),
    )
    identity = "someone"
    origins = frozenset()

    def authorize(self, request, *, now):
        return request

    def fault(self, data, response):
        return None


@pytest.mark.parametrize("operation", CALLS)
def test_what_is_not_overridden_is_refused_at_once(operation):
    """The call itself raises, names vendor and operation, and makes no flow."""
    given = {"name": ""} if operation in ("add_upload", "add_link") else {}

    with pytest.raises(UnsupportedError) as caught:
        getattr(Bare(), operation)(*CALLS[operation], **given)

    assert "bare" == caught.value.provider
    assert caught.value.operation
    assert not Bare().supports(operation)


def test_a_step_for_a_person_says_who_does_what():
    """What only a person can do is a ManualStepError with the step."""
    with pytest.raises(ManualStepError) as caught:
        Bare().start_verification("Ann")

    assert "ask the owner to open the console" == caught.value.next_step


@pytest.mark.parametrize("operation", ["add_asset", "wait_for_video", "download_video"])
def test_what_is_built_on_it_is_not_supported(operation):
    """`supports` is derived from what the adapter overrides, so that it cannot say otherwise."""
    assert not Bare().supports(operation)
