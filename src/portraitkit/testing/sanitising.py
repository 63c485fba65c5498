"""
Make a recording fit to be shown: no key, no link, no token, no face, no name, no account.

A `Sanitiser` fails closed: what it cannot parse it refuses with `UnsafeCassetteError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import PortraitError
from .pseudonyms import Pseudonyms


class UnsafeCassetteError(PortraitError):
    """
    A cassette cannot be made safe, so it was not written.

    The message names the interaction and the position, such as `interaction 3, response body,
    data.h5Link`; never the value.
    """

    fix = "caller"


class Sanitiser:
    """
    Cleans cassettes of one folder.

    Args:
        secret_fields: Members whose values are secret at this vendor: `Vendor.secret_fields`.
        known_secrets: Values that must not appear in any form, such as the recording profile's
            keys. They are never written.
        pseudonyms: False values for real ones, `Pseudonyms.of(folder)`.
    """

    def __init__(
        self,
        secret_fields: Iterable[str],
        known_secrets: Iterable[str],
        pseudonyms: Pseudonyms,
    ) -> None:
        self._secret_fields = frozenset(secret_fields)
        self._known = tuple(known_secrets)
        self._pseudonyms = pseudonyms

    def clean(self, cassette: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return a copy without secrets. Cleaning it again changes nothing.

        Raises:
            UnsafeCassetteError: Something in it cannot be parsed, or a secret remains.
        """
        raise NotImplementedError

    def veil(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return one request of a cassette with a fixed word for each value that `clean` replaces.

        A live request and its cleaned recording are alike once veiled, without the salt: this is
        what a matcher compares.
        """
        raise NotImplementedError
