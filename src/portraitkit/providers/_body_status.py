"""
The HTTP status that a body repeats, where HTTP itself says 200.

Source: docs/vendors/xcompute.md, docs/vendors/apiyi.md.
"""

from __future__ import annotations

from attrs import evolve

from ..codec import first, try_decode
from ..wire import Response


def with_body_status(response: Response) -> Response:
    """
    Take the code in the body for the status where HTTP says 200 and the body does not.

    Unverified: such an answer is a guess; the body's code is documented to equal the status.
    """
    code = first(try_decode(response), ("code", "error.code")) if response.ok else None
    return evolve(response, status=code) if type(code) is int and 300 <= code < 600 else response  # noqa: PLR2004  (the range of refusals)
