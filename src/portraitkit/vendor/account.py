"""What every adapter builds on: one vendor's tables, one account's settings, its answers."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import attrs
from attrs import field, frozen

from ..limits.rates import UNLIMITED, Rate
from ..values.errors import (
    InvalidInputError,
    ProviderError,
    UnsupportedError,
)
from ..values.handles import fingerprint
from ..values.masking import masked_repr
from ..values.media import MediaHost, MediaRules
from ..values.models import Result
from ..values.origins import is_loopback
from ..values.prices import Price
from ..values.remarks import Finding
from ..values.sealing import seal, unseal
from ..values.secret import Secret
from ..values.statuses import GroupKind, MediaType
from ..wire.codec import Codec
from ..wire.steps import Request, Response
from .dialect import VideoDialect
from .pacing import Pacing, Subject
from .preflight import Difference, VideoModel, check_length, enforce

R = TypeVar("R", bound=Result)
Findings: TypeAlias = tuple[Finding, ...]


class Simulation(Protocol):
    """A simulated vendor inside this process, in the place of the one that costs money."""

    def answer(self, provider: Any, request: Request) -> Response:
        """Answer a request; nothing is sent."""
        ...


@frozen(kw_only=True, slots=False)
class Vendor(ABC):
    """
    One vendor, with one account's credentials and settings. Holds no connection: share it freely.

    Attributes:
        account_name: Names the account in handles, so that they outlive a change of keys.
        callback_url: Where face checks return to, where a call names no other place.
        models: Neutral model names to this vendor's, before the adapter's own table.
        strict_limits: Treat findings as errors.
        media_host: Makes local files reachable for vendors that take only URLs.
        pacing: Replaces the adapter's pacing for `asset`, `verification` or `video`.
        rates: Replaces the adapter's rates, by family.
        allow_private_addresses: Fetch sources and videos from this machine and its network too, as
            where a link is your own server's.
        name_tokens: When the answer to a create is lost, look for what it made: of groups and
            assets, by a short token that is put behind each new name. Clients of `connect` do,
            unless the profile says otherwise. A name is read without its token in any case.
        simulation: Answers every request in the vendor's place; None for the vendor itself.
    """

    name: ClassVar[str]
    """What profiles and handles call the vendor: small letters, digits, `-` and `_`."""
    variables: ClassVar[Mapping[str, str]] = {}
    """The environment variable that a credential is suggested to be in; see `variable`."""
    codec: ClassVar[Codec]
    """Where each attribute of a result is found in an answer, and what the vendor's words mean."""
    dialect: ClassVar[VideoDialect]
    """How a video request is spelled, and read back."""
    video_models: ClassVar[tuple[VideoModel, ...]]
    """The models that it sells, with what each documents; empty where nothing is known of any."""
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {}
    """What a code means: whole, what stands before its last dots, or a pattern with `*`."""
    error_advice: ClassVar[Mapping[str, str]] = {}
    """What helps against a code, looked up likewise, where its class cannot know."""
    uncertain_codes: ClassVar[frozenset[str]] = frozenset()
    """Codes of refusals after which the vendor may have acted all the same."""
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = {}
    """Limits of files by kind; what exceeds them is a finding."""
    name_limit: ClassVar[tuple[int | None, str]] = (None, "")
    """Most characters in a group's or asset's name, and the source."""
    most_groups: ClassVar[int | None] = None
    """How many groups an account may have, where that is documented and the same for all."""
    most_assets: ClassVar[int | None] = None
    """How many assets a group may have, likewise."""
    asset_cost: ClassVar[str] = "no price is documented"
    """What registering costs, as documented."""
    prices: ClassVar[tuple[Price, ...]] = ()
    """What videos cost by the vendor's page, each with its source and date; few pages say."""
    links_need_key: ClassVar[bool] = False
    """Whether a finished video's link wants the key, where it is at one of the vendor's origins."""
    nameless: ClassVar[frozenset[str]] = frozenset()
    """Creates whose request has no place for a name, such as `add_upload`."""
    asset_prefix: ClassVar[str] = ""
    """What every asset's id begins with, where that is certain; another id is refused."""
    slashes_in_ids: ClassVar[bool] = False
    """Whether its ids hold slashes, as `films/seedance|3f2a`; in a path `segment` escapes them."""
    wire_form: ClassVar[str] = "JSON"
    """What answers are written in, for messages; see `decode`."""
    manual_steps: ClassVar[Mapping[str, str]] = {}
    """Operations that only a person can do: who does what, where, and what to bring back."""
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {}
    """How often `asset`, `verification` and `video` are asked for while they are waited for."""
    default_rates: ClassVar[Mapping[str, Rate]] = {}
    """How often an account may send each family of requests (`Request.family`)."""
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """
    Members of requests and answers whose values open something or tell of somebody. A cassette
    holds none of them; what any vendor calls a key, a name or an id need not be listed.
    """
    differences: ClassVar[Mapping[str, Difference]] = {}
    """Steps of providers/scenario.yaml that go otherwise here, though they are offered."""

    account_name: str = ""
    callback_url: str | None = field(default=None, repr=masked_repr)
    models: Mapping[str, str] = field(factory=dict[str, str])
    strict_limits: bool = False
    media_host: MediaHost | None = field(default=None, eq=False, repr=masked_repr)
    pacing: Mapping[str, Pacing] = field(factory=dict[str, Pacing])
    rates: Mapping[str, Rate] = field(factory=dict[str, Rate])
    allow_private_addresses: bool = False
    name_tokens: bool = False
    simulation: Simulation | None = field(default=None, eq=False)

    # -- what an adapter must say of itself ------------------------------------------------------

    @property
    @abstractmethod
    def identity(self) -> str:
        """What names the account among the credentials, such as the API key."""

    @property
    @abstractmethod
    def origins(self) -> frozenset[str]:
        """The only origins that ever see a credential."""

    @abstractmethod
    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Add the credential that `request.auth` asks for. Called afresh for every attempt."""

    @classmethod
    def variable(cls, key: str) -> str:
        """Suggest an environment variable for a credential: the vendor's own client's, if any."""
        return cls.variables.get(key) or f"{cls.name}_{key}".upper().replace("-", "_")

    # -- what adapters build on ------------------------------------------------------------------

    @property
    def public_only(self) -> bool:
        """Whether links are kept to the public internet: not for a stand-in on this machine."""
        here = self.simulation is not None or any(map(is_loopback, self.origins))
        return not (self.allow_private_addresses or here)

    @functools.cached_property
    def account(self) -> str:
        """The account in handles: the configured name, or a fingerprint of the credentials."""
        own = fingerprint(self.name, self.identity)
        return f"simulated-{own}" if self.simulation else self.account_name or own

    @property
    def label(self) -> str:
        """What logs and representations call the vendor, so that a simulated one is told apart."""
        return self.name if self.simulation is None else f"{self.name} (simulated)"

    @functools.cached_property
    def rate_account(self) -> str:
        """Whom the vendor counts requests for; the account in handles, unless that is narrower."""
        return self.account

    @functools.cached_property
    def secrets(self) -> tuple[Secret, ...]:
        """Every credential held."""
        values = (getattr(self, each.name) for each in attrs.fields(type(self)))
        return tuple(value for value in values if isinstance(value, Secret))

    def seal(self, text: str) -> str:
        """Make a token fit for a handle: readable with this account's credentials only."""
        return seal(text, key=self.secrets[0].reveal())

    def unseal(self, sealed: str) -> str:
        """Read what `seal` made."""
        return unseal(sealed, key=self.secrets[0].reveal())

    def pace(self, subject: Subject) -> Pacing:
        """How a thing is waited for: the profile's word, then the adapter's."""
        return self.pacing.get(subject) or self.default_pacing.get(subject) or Pacing()

    def rate(self, family: str) -> Rate:
        """How often a family may be sent: the profile's word, then the adapter's."""
        return self.rates.get(family) or self.default_rates.get(family) or UNLIMITED

    def check_group(self, name: str, kind: GroupKind) -> tuple[Finding, ...]:
        """
        Check what every create_group checks.

        Raises:
            UnsupportedError: The kind is not one that a group can be created of.
        """
        if kind is not GroupKind.VIRTUAL:
            raise UnsupportedError(
                f"a group of kind {kind.name} is not created but verified",
                provider=self.name,
                field="kind",
                next_step="start_verification(name), then wait_until_verified",
            )
        return self.check_name(name)

    def check_name(self, name: str, *, strict_limits: bool | None = None) -> tuple[Finding, ...]:
        """Compare a name with the documented limit."""
        if not name.strip():
            raise InvalidInputError(
                "the name is empty", provider=self.name, field="name", next_step="give a name"
            )
        return self.limits(tuple(check_length("name", name, *self.name_limit)), strict_limits)

    def limits(self, findings: Findings, strict: bool | None) -> Findings:  # noqa: FBT001  (hands on what callers name)
        """Pass findings on, or raise the first one where limits are strict."""
        if self.strict_limits if strict is None else strict:
            enforce(findings, provider=self.name)
        return findings
