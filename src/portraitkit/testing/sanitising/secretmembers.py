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

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
"""Scripts without blanks between words: there, a value begins where another script does."""
_W: Final = rf"[^\W{UNSPACED}]"
_SIGNS: Final = r"\s,;()\[\]{}<>\"'`“”‘’«»|="
_QUOTES: Final = ('""', "``", "“”", "‘’", "«»", "「」", "『』", "《》")
_QUOTED: Final = "|".join(rf"{a}[^{a}{b}\n]{{1,200}}{b}" for a, b in _QUOTES)

FOUND: Final = re.compile(
    rf"""
      (?P<code>(?<!{_W}|[./-])(?:(?:[A-Z][a-z]+){{2,}}\.)+(?=[^\s.]))
    | (?P<data>data:[\w.+/-]*(?:;[\w=.+-]+)*,[^\s"'<>)]*)
    | (?P<link>(?:(?:https?|wss?|ftps?)|[A-Za-z][A-Za-z0-9+-]{{0,20}}):(?:\\?/){{2}}
        [^\s"'<>`{{}}|)\]\u3000-\u303f\uff00-\uff1f\u2018-\u201d]+)
    | (?P<assigned>(?i:(?<!{_W})(?:password|passwd|pwd|secret|token
        |api[ _-]?key|access[ _-]?key|secret[ _-]?key|signature|credential
        |authorization)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?|(?<!{_W})(?:bearer|basic)\s+)
        [^\s"',;&<>(){{}}]{{4,}})
    | (?P<resource>(?<!{_W})(?:trn|arn|urn|acs):[\w:/.*@+=,-]+)
    | (?P<email>(?:[{UNSPACED}]+|(?:{_W}|[.+%-])+)@(?:[{UNSPACED}]+|(?:{_W}|-)+)
        (?:\.(?:[{UNSPACED}]+|(?:{_W}|-)+))+)
    | (?P<quoted>{_QUOTED}|(?<!{_W})'[^'\n]{{1,200}}'(?!{_W}))
    | (?P<date>(?<!{_W}|-)(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d
        (?::[0-5]\d(?:[.,]\d{{1,9}})?)?(?:Z|\ ?[+-]\d\d:?\d\d)?)?(?!{_W}|[-_]))
    | (?P<file>[\w·-]*[{UNSPACED}]\.[A-Za-z]{{2,5}}(?!{_W})|[{UNSPACED}]+_[\w.-]+
        |[\w-]+\ \(?\d{{1,4}}\)?\.(?:[a-z]{{3,4}}|[A-Z]{{3,4}})(?!{_W}))
    | (?P<ip>(?<!{_W}|\.)(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?!{_W}|\.\d)
        |(?<!{_W}|:)(?=(?:[^\s:]*:){{2}})[0-9a-fA-F:]{{2,39}}(?:[0-9.]{{7,15}})?(?:%\w+)?(?!{_W}|:))
    | (?P<place>[\d.]+\s?°[^A-Za-z\s]{{0,20}}[NSEWO]?)
    | (?P<number>(?<!{_W}|[_~%/-])[+-]?\(?\d+(?:[ ().\u00a0/-]{{1,3}}(?!\d{{4}}-\d\d-\d\d)\d+)*
        (?!{_W}|\s?°|[_.~/+=%:-]\w|[.,×*]\d))
    | (?P<token>(?:/{{2}}|\\{{2}})?(?:[^{_SIGNS}{UNSPACED}])+={{0,2}})
    """,
    re.VERBOSE,
)
"""What a text is made of, beside words of unspaced scripts and signs: `token` is all the rest."""


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
