"""
Files for vendors that register links, and have a storage of their own to make one.

A file is stored, and the link to it registered. Storing makes no asset, so that it may be repeated;
only the registration is a create.

Source: docs/vendors/apimart.md, docs/vendors/apiyi.md.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from attrs import evolve, frozen

from ...operations.provider import PortraitProvider
from ...operations.publishing import publish
from ...values.errors import MediaError, ProviderError, UnexpectedResponseError
from ...values.media import Link, MediaRules, Upload, as_link
from ...values.models import Asset, GroupRef
from ...values.statuses import MediaType
from ...vendor.account import Vendor
from ...vendor.answers import Answer, with_findings
from ...wire.codec import moment
from ...wire.error_mapping import class_of
from ...wire.steps import Flow, Request, send


@frozen(kw_only=True, slots=False)
class StoredFiles(PortraitProvider):
    """Files go into the vendor's storage, and what it does not take to the media host."""

    storage_rules: ClassVar[Mapping[MediaType, MediaRules]] = {}
    """What the storage takes; a kind without a row goes to the media host."""

    @abstractmethod
    def store(self, upload: Upload) -> Flow[Link]:
        """Put a file into the vendor's storage."""

    def takes_upload(self, upload: Upload) -> bool:
        """Tell by the file's type."""
        rules = self.storage_rules.get(upload.media)
        return rules is not None and upload.content_type in rules.types

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Store a file, then register the link to it."""
        _ = self.id_of("group", group)  # a wrong group is told before a face leaves the house
        rules = self.storage_rules.get(upload.media)
        known = rules is self.media_rules.get(upload.media)  # then it was compared already
        findings = self.limits(tuple(rules.check(upload)), None) if rules and not known else ()
        link = yield from self.store(upload)
        added = self.add_link(group, link, name=name)
        return (yield from with_findings(added, findings, self))

    def link_to(self, upload: Upload) -> Flow[Link]:
        """Make a file reachable."""
        return self.store(upload) if self.takes_upload(upload) else publish(self, upload)


def link_in(answer: Answer, found: object, upload: Upload, *, expires_at: object = None) -> Link:
    """
    Take the link that a storage gives.

    Args:
        answer: What it answered.
        found: The member that holds the link.
        upload: What is stored.
        expires_at: The member that says when the link runs out: a time, or seconds since 1970.

    Raises:
        UnexpectedResponseError: There is none, or nothing could be sent to it safely.
    """
    try:
        link = as_link(found if isinstance(found, str) else "", media=upload.media)
    except MediaError as error:
        raise UnexpectedResponseError(
            f"the vendor's storage gives no usable link: {error.message}",
            status=answer.response.status,
            request_id=answer.request_id,
            next_step="pass an https URL in place of the file; nothing was registered",
        ) from None
    return evolve(link, expires_at=moment(expires_at))


def put_file(vendor: Vendor, place: Link, upload: Upload) -> Flow[None]:
    """
    Put a file at a presigned address: bare, to whatever host that is.

    Raises:
        ProviderError: The storage refused it. Nothing was registered.
    """
    put = Request(
        method="PUT",
        url=place.url.reveal(),
        headers={"Content-Type": upload.content_type},
        content=upload.body,
        repeatable=True,
        public_only=vendor.public_only,
        secrets=(place.url,),
    )
    response = yield from send(put)
    if response.ok:
        return
    kind = class_of({}, "", response.status)
    raise (kind if kind is not ProviderError else UnexpectedResponseError)(
        f"the vendor's storage did not take the file: HTTP {response.status}",
        status=response.status,
        attempts=response.attempts,
        next_step="add it again for another place to put it; nothing was registered",
    )
