"""What a secret is known by: the member it stands in, or what it looks like."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

ID_MEMBER: Final = re.compile(
    r"(?:^|[_-])(?:id|ids|ID|IDs|uid|uuid)$|(?<=[a-z0-9])(?:Id|ID|Ids|IDs)$|^I[dD]s?$"
)

FOUND: Final = re.compile(
    r"""
      (?P<data>data:[\w.+/-]*(?:;[\w=.+-]+)*,[^\s"'<>)]*)
    | (?P<link>(?:(?:https?|wss?|ftps?)|[A-Za-z][A-Za-z0-9+-]{0,20}):(?:\\?/){2}
        [^\s"'<>`{}|\u3000-\u303f\uff00-\uff1f\u2018-\u201d]+)
    | (?P<assigned>(?i:\b(?:password|passwd|pwd|secret|token
        |api[ _-]?key|access[ _-]?key|secret[ _-]?key|signature|credential
        |authorization)["']?\s*[:=]\s*["']?(?:bearer\s+)?|\bbearer\s+)
        [^\s"',;&<>(){}]{4,})
    | (?P<resource>\b(?:trn|arn|urn):[\w:/.*@+=,-]+)
    | (?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<date>(?<![\w-])(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?
        (?:Z|\ ?[+-]\d\d:?\d\d)?)?(?![\w-]))
    | (?P<ip>(?<![\d_])(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)
        |(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4}){1,5}(?![\w:])
        |(?<![\w:])[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,5}::
            (?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)?(?![\w:]))
    | (?P<phone>(?<![\w-])\+\d[\d ()./-]{6,18}\d(?![\w-])
        |(?<![\w-])(?<!\d\.)(?:\(0?\d{2,4}\)|0?\d{2,4})[ -]\d{3,4}[ -]\d{4}(?![\w-])
        |(?<!\w)1[3-9]\d{9}(?!\w))
    | (?P<base64>(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/]{40,}|[A-Za-z0-9_-]{40,})={0,2}
        (?![A-Za-z0-9+/_=-]))
    | (?P<token>[\w~-]{8,}(?:[+/=][\w+/=~-]*)?|[\w~-]+[+/][\w+/~-]{8,}={0,2})
    """,
    re.VERBOSE,
)


def forms_of(secret: str) -> Iterable[str]:
    """The forms in which a text may hold a secret."""
    raw = secret.encode(errors="surrogatepass")
    yield secret
    yield quote(secret, safe="", errors="surrogatepass")
    yield json.dumps(secret)[1:-1]
    yield secret.replace("/", "\\/")
    yield html.escape(secret)
    yield raw.hex()
    for skip in range(3):  # within a longer text, base64 begins at one of three places
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * skip + raw).decode().rstrip("=")
            yield text[-(-skip * 8 // 6) : len(text) - (1 if (skip + len(raw)) % 3 else 0)]
