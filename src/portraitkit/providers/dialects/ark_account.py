"""
An account at Ark: portraits by signed Actions, videos by an API key.

Volcengine's customers have both there; APIYI's have the videos at a gateway.

Source: docs/vendors/volcengine.md, docs/vendors/apiyi.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final

from attrs import field, frozen

from ...limits.rates import Rate
from ...values.errors import ConfigError, ProviderError
from ...values.handles import fingerprint
from ...values.media import MediaRules
from ...values.models import Asset, Failure, Group, Page, Verification
from ...values.origins import origin_of
from ...values.secret import Secret
from ...values.statuses import GroupKind, MediaType
from ...vendor.dialect import VideoDialect
from ...wire.codec import Codec
from ...wire.error_mapping import VendorError
from ...wire.steps import Auth, Flow, Request, Response
from . import content as _content
from .action_tables import ASSET_FIELDS, GROUP_FIELDS, SECRET_MEMBERS, UPSTREAM_MEDIA, WORDS
from .actions import ActionLibrary
from .ark_tasks import TASK_FIELDS, TASK_SECRETS, TASK_WORDS, ArkVideo
from .codes import ARK_CODES, advice, classes
from .known_rates import ACTION_RATES
from .sessions import SESSION_FIELDS
from .signing import sign

ASSETS_ORIGIN: Final = "https://open.volcengineapi.com"
SERVICE: Final = "ark"

ARK_CODEC: Final = Codec(
    fields={
        Group: GROUP_FIELDS,
        Asset: ASSET_FIELDS,
        Failure: {"code": ("Code", "code"), "message": ("Message", "message")},
        Verification: SESSION_FIELDS,
        **TASK_FIELDS,
    },
    words={**WORDS, **TASK_WORDS},
)
ARK_DIALECT: Final = VideoDialect(
    name="ark", fields=_content.FIELDS, write=_content.write_with_text, read=_content.read
)
ARK_NAMES: Final = (64, "Volcengine docs 82379/2318270")


def check_region(account: object, attribute: object, region: str) -> None:
    """Refuse what cannot stand in a signature's scope; a validator of attrs' form."""
    del account, attribute
    if not re.fullmatch(r"[A-Za-z0-9_-]+", region):
        raise ConfigError(
            "region is no region's name",
            field="region",
            next_step='write the name that signatures carry, like "cn-beijing"',
        )


@frozen(kw_only=True, slots=False, eq=False, repr=False)
class ArkAccount(ActionLibrary, ArkVideo):
    """
    Groups and assets by signed Actions, videos by an API key. Both have to be of one project.

    Attributes:
        secret_key: Signs Actions. Used as text, as it is.
        access_key: Names the secret key.
        api_key: Opens the video tasks.
        session_token: Comes with temporary keys.
        assets_url: The origin of the Actions. It is signed, so it has to be the one that is called.
        region: The region that signatures name.
    """

    action_auth: ClassVar[Auth] = Auth.SIGNATURE
    codec: ClassVar[Codec] = ARK_CODEC
    dialect: ClassVar[VideoDialect] = ARK_DIALECT
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = classes(ARK_CODES)
    error_advice: ClassVar[Mapping[str, str]] = advice(ARK_CODES)
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = UPSTREAM_MEDIA
    name_limit: ClassVar[tuple[int | None, str]] = ARK_NAMES
    default_rates: ClassVar[Mapping[str, Rate]] = ACTION_RATES
    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS | TASK_SECRETS

    secret_key: Secret
    access_key: Secret
    api_key: Secret
    session_token: Secret | None = None
    assets_url: str = ASSETS_ORIGIN
    region: str = field(default="cn-beijing", validator=check_region)

    @property
    def identity(self) -> str:
        """The access key and the project: what is in one project is not seen in another."""
        return f"{self.access_key.reveal()}\0{self.project_name}"

    @cached_property
    def rate_account(self) -> str:
        """The access key's: an account's rates are shared by its projects."""
        return fingerprint(self.name, self.access_key.reveal())

    @property
    def origins(self) -> frozenset[str]:
        """One for the signed Actions, one for the videos."""
        return frozenset({origin_of(self.assets_url), origin_of(self.video_url)})

    @property
    def action_url(self) -> str:
        """The root path."""
        return f"{self.assets_url}/"

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Sign an Action, or add the key to a video call."""
        if request.auth is Auth.BEARER:
            return request.with_headers({"Authorization": f"Bearer {self.api_key.reveal()}"})
        return sign(
            request,
            access_key=self.access_key,
            secret_key=self.secret_key,
            session_token=self.session_token,
            region=self.region,
            service=SERVICE,
            now=now,
        )

    def search_groups(self, cursor: str | None, text: str, *, kind: GroupKind) -> Flow[Page[Group]]:
        """Let the vendor look by name, fuzzily. Source: Volcengine docs 82379/2318272."""
        return self.groups_page(cursor or "", kind, name=text)

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Read the Actions' envelope, whatever the status, or the tasks' `error`."""
        return self.action_fault(data, response) or self.task_fault(data, response)
