"""
APIYI: videos at its gateway; portraits in one of two libraries, chosen by `assets` in the profile.

`signed`, the default, is Volcengine's library, by Actions that keys from APIYI sign. `icover` is
the newer one at icover.ai, by a key of its own.

Source: docs/vendors/apiyi.md (the vendor's asset guide and public documentation). Never tried with
a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, field, fields, frozen

from ..limits.rates import Rate
from ..operations.provider import PortraitProvider
from ..values.errors import (
    ConfigError,
    ContentRejectedError,
    PermissionDeniedError,
    ProviderError,
    UnexpectedResponseError,
)
from ..values.origins import origin_of
from ..values.secret import Secret
from ..vendor.dialect import VideoDialect
from ..vendor.pacing import Pacing, Subject
from ..vendor.preflight import VideoModel
from ..wire.codec import Codec, try_decode
from ..wire.error_mapping import VendorError
from ..wire.steps import Auth, Request, Response
from .dialects import content as _content
from .dialects.ark_account import ARK_CODEC, ARK_DIALECT, ARK_NAMES, ArkAccount
from .dialects.ark_models import TO_1080P, second_generation
from .dialects.ark_tasks import TASK_SECRETS, ArkVideo
from .dialects.codes import RELAYED_CODES, Codes, advice, classes
from .dialects.icover import LIBRARY_RATES, SECRET_MEMBERS, IcoverLibrary
from .dialects.known_rates import ACTION_RATES, GATEWAY_RATES

VIDEO_ORIGIN: Final = "https://api.apiyi.com"
SIGNED: Final = "signed"
ICOVER: Final = "icover"

_CODES: Final[Codes] = {
    **RELAYED_CODES,
    "PUBLIC_*": (ContentRejectedError, ""),
    # Unverified: only the wording is documented, for a token whose group lacks the model.
    "model_not_found": (
        PermissionDeniedError,
        "give the video token the group SeeDance2, or SeeDance25 for 2.5; check the model's name",
    ),
}
_LACKS: Final = ("callback_url", "end_user", "web_search")
_IN_THE_CONSOLE: Final = (
    "have the account's owner open Volcengine's console, My > Real-Person Avatars > Manage Assets "
    "and then Create Asset Group, and confirm subject and purpose; the person being filmed passes "
    "the face check there. Bring back the new group's id for add_asset(group_id, ...), or the id "
    "of an asset in it for the video request"
)


@frozen(kw_only=True, slots=False)
class _Gateway(ArkVideo):
    """
    APIYI's videos, whichever library the portraits are in. The token needs the group SeeDance2.

    Attributes:
        video_url: An origin, without `/seedance`.
    """

    name: ClassVar[str] = "apiyi"
    task_prefix: ClassVar[str] = "/seedance/api/v3"
    # The gateway labels plain answers as gzip unless it is asked for plain ones.
    task_headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "identity"}
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = classes(_CODES)
    error_advice: ClassVar[Mapping[str, str]] = advice(_CODES)
    dialect: ClassVar[VideoDialect] = evolve(
        ARK_DIALECT,
        name="",
        fields={name: key for name, key in _content.FIELDS.items() if name not in _LACKS},
        unsupported=dict.fromkeys(_LACKS, "it is not among the members that the gateway documents"),
    )
    video_models: ClassVar[tuple[VideoModel, ...]] = second_generation(
        "doubao-", standard=TO_1080P, newest=TO_1080P
    )
    codec: ClassVar[Codec] = ARK_CODEC
    name_limit: ClassVar[tuple[int | None, str]] = ARK_NAMES

    video_url: str = VIDEO_ORIGIN

    def decode(self, response: Response) -> Any:
        """
        Read JSON, also without its beginning.

        Source: the gateway's page on videos, that `{"` may be lost where an answer is not asked for
        plain.
        """
        data = try_decode(response)
        if data is None and response.content.rstrip().endswith(b"}"):
            data = try_decode(evolve(response, content=b'{"' + response.content.lstrip(b'{"')))
        return data

    @classmethod
    def chosen_by(cls, settings: Mapping[str, Any]) -> type[PortraitProvider]:
        """
        Choose by `assets`: keys from APIYI sign at Volcengine, or icover holds the library.

        Raises:
            ConfigError: It is neither, or a setting is for the other library.
        """
        mode = _mode(settings.get("assets", SIGNED))
        chosen = _modes()[mode]
        own = {each.name for each in fields(chosen)}
        for other, cls_of_other in _modes().items():
            for key in sorted({each.name for each in fields(cls_of_other)} - own):
                if key in settings:
                    raise ConfigError(
                        f"{key} is for assets = {other!r}, and here assets is {mode!r}",
                        provider=cls.name,
                        field=key,
                        next_step=f"take {key} out, or set assets to {other!r}",
                    )
        return chosen

    @classmethod
    def interfaces(cls) -> tuple[type[PortraitProvider], ...]:
        """Both libraries' classes."""
        return tuple(_modes().values())


def _mode(value: object) -> str:
    if isinstance(value, str) and value in _modes():
        return value
    raise ConfigError(
        "assets names no asset library of APIYI's",
        provider="apiyi",
        field="assets",
        next_step=f"write {' or '.join(repr(each) for each in _modes())}: keys from APIYI that "
        "sign at Volcengine, or a library_key of icover.ai",
    )


def _modes() -> Mapping[str, type[PortraitProvider]]:
    return {SIGNED: APIYI, ICOVER: APIYIWithIcover}


def _only(mode: str) -> Any:
    """Make the field `assets`, which takes the one word that this class is for."""

    def check(account: object, attribute: object, value: object) -> None:
        del account, attribute
        if _mode(value) != mode:
            raise ConfigError(
                f"assets is {value!r}, and this class is for {mode!r}",
                provider="apiyi",
                field="assets",
                next_step="let connect() choose the class",
            )

    return field(default=mode, validator=check)


@frozen(kw_only=True, slots=False)
class APIYI(_Gateway, ArkAccount):
    """
    APIYI, with portraits by signed Actions at Volcengine.

    The token's project has to be the signing key's.
    """

    manual_steps: ClassVar[Mapping[str, str]] = {
        "start_verification": _IN_THE_CONSOLE,
        "check_verification": _IN_THE_CONSOLE,
    }
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # The guide: about 13 s for one picture. A new asset may not be found at once.
        "asset": Pacing(first_s=10, step_s=4, deadline_s=300, unseen_s=20),
        # The documents: first after 20 to 30 s, then every 10 to 20 s, 10 to 15 min in all.
        "video": Pacing(first_s=20, step_s=10, deadline_s=900),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**ACTION_RATES, **GATEWAY_RATES}

    assets: str = _only(SIGNED)


@frozen(kw_only=True, slots=False)
class APIYIWithIcover(_Gateway, IcoverLibrary):
    """
    APIYI, with portraits in icover's library.

    Attributes:
        api_key: APIYI's token. It is sent to `video_url` and nowhere else.
    """

    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # The documents: every 3 s, for 90 s. A new asset may not be found at once.
        "asset": Pacing(first_s=3, step_s=3, deadline_s=300, unseen_s=20),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        "video": APIYI.default_pacing["video"],
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**LIBRARY_RATES, **GATEWAY_RATES}

    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS | TASK_SECRETS

    api_key: Secret
    assets: str = _only(ICOVER)

    @property
    def identity(self) -> str:
        """The library's key: whoever holds another sees other portraits."""
        return self.library_key.reveal()

    @property
    def origins(self) -> frozenset[str]:
        """One for the library, one for the videos."""
        return frozenset({origin_of(self.assets_url), origin_of(self.video_url)})

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """
        Add the one key that belongs to the place that is called.

        Raises:
            UnexpectedResponseError: A key was meant for the other place.
        """
        library = request.auth is Auth.LIBRARY
        key, url = (
            (self.library_key, self.assets_url) if library else (self.api_key, self.video_url)
        )
        if request.origin != origin_of(url):
            raise UnexpectedResponseError(
                f"a key for {origin_of(url)} was meant for {request.origin}", provider=self.name
            )
        return request.with_headers({"Authorization": f"Bearer {key.reveal()}"})

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Read the library's refusals, or the tasks' `error`."""
        return self.library_fault(data, response) or self.task_fault(data, response)
