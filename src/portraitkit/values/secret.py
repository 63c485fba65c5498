"""A value that can be used but not shown."""

from __future__ import annotations

import hmac
from typing import Any, Final, final


@final
class Secret:
    """
    Hold a key, a token, an H5 link or a signed URL.

    It has no useful text form: `str`, `repr`, f-strings, logging and tracebacks show `<secret>`.
    Only `reveal` gives the value. A pickle carries no value, and neither does anything built on
    pickle; revealing such a copy raises `LookupError`.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = value

    def reveal(self) -> str:
        """
        Return the value.

        Raises:
            LookupError: The secret went through a pickle, which keeps no secrets. Read the
                object it belongs to from the vendor again.
        """
        if self._value is None:
            raise LookupError("this secret was dropped when its object was pickled: read it again")
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self._value is None or other._value is None:
            return self._value is other._value
        # JSON can hold half a character, which plain UTF-8 has no form for.
        mine, its = (each.encode(errors="surrogatepass") for each in (self._value, other._value))
        return hmac.compare_digest(mine, its)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (_dropped, ())


@final
class Hidden:
    """Hold any value that may have secrets in it, such as an answer. A pickle drops it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return self.value == other.value if isinstance(other, Hidden) else NotImplemented

    def __hash__(self) -> int:
        return hash(Hidden)  # decoded JSON has no hash of its own

    def __reduce__(self) -> tuple[object, ...]:
        return (Hidden, (None,))


HIDDEN: Final = "<hidden>"
MASK: Final = "<secret>"


def _dropped() -> Secret:
    return Secret(None)
