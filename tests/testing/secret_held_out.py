"""
A second corpus, of other kinds in other carriers: it shows whether the first was merely fitted.

Nothing of it is looked at while a rule is written; what it measures is what a stranger would.
"""

from __future__ import annotations

import html
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from secret_carriers import (
    Carrier,
    Case,
    Made,
    answer,
    cases,
    dumped,
    exchange,
    given,
    link,
    multipart,
    of_script,
    said,
    text,
    word,
)
from secret_corpus import ALNUM, digits, hexes, letters

Draw = random.Random
LOWER = string.ascii_lowercase

CREDENTIALS: dict[str, Callable[[Draw], Made]] = {
    "key of a mail service": lambda r: f"SG.{letters(r, 22)}.{letters(r, 43)}",
    "token of a package index": lambda r: "pypi-AgEI" + letters(r, 60, ALNUM + "-_"),
    "token of a bot": lambda r: f"{digits(r, 10)}:AA{letters(r, 33, ALNUM + '-_')}",
    "webhook": lambda r: (
        f"https://hooks.chat.com/services/T{(a := letters(r, 8))}/B{(b := letters(r, 8))}/x",
        a,
        b,
    ),
    "key of a model host": lambda r: f"sk-proj-{letters(r, 24)}T3Bl{letters(r, 20)}",
    "key with dots": lambda r: f"{hexes(r, 32)}.{letters(r, 16)}",
    "digest in base64": lambda r: "sha256-" + letters(r, 43, ALNUM + "+/") + "=",
    "lower-case key": lambda r: letters(r, 28, LOWER + string.digits),
    "key of twelve": lambda r: letters(r, 6, LOWER) + digits(r, 6),
    "trace parent": lambda r: f"00-{hexes(r, 32)}-{hexes(r, 16)}-01",
    "session in a cookie": lambda r: (f"sid={(s := letters(r, 24))}; Path=/", s),
    "connection string": lambda r: (
        f"mongodb+srv://{(u := word(r))}:{(p := letters(r, 8))}@{(h := word(r))}.mongodb.net",
        u,
        p,
        h,
    ),
    "key assigned": lambda r: (f"API_KEY={(s := word(r) + word(r))}", s),
    "snowflake": lambda r: digits(r, 19),
}
NUMBERS: dict[str, Callable[[Draw], Made]] = {
    "phone, Spain": lambda r: f"6{digits(r, 2)} {digits(r, 3)} {digits(r, 3)}",
    "phone, Italy": lambda r: f"+39 3{digits(r, 2)} {digits(r, 7)}",
    "phone, Korea": lambda r: f"010-{digits(r, 4)}-{digits(r, 4)}",
    "phone, Switzerland": lambda r: f"044 {digits(r, 3)} {digits(r, 2)} {digits(r, 2)}",
    "phone, Australia": lambda r: f"04{digits(r, 2)} {digits(r, 3)} {digits(r, 3)}",
    "phone, Denmark": lambda r: " ".join(digits(r, 2) for _ in range(4)),
    "phone, Singapore": lambda r: f"9{digits(r, 3)} {digits(r, 4)}",
    "phone, Hong Kong, abroad": lambda r: f"+852-{digits(r, 4)}-{digits(r, 4)}",
    "phone with slash": lambda r: f"089/{digits(r, 3)}-{digits(r, 4)}",
    "phone as a link": lambda r: (f"tel:{(n := '+4915' + digits(r, 9))}", n),
    "extension": lambda r: (
        f"{(n := f'+1 ({digits(r, 3)}) {digits(r, 3)} {digits(r, 4)}')} ext. 12",
        n,
    ),
    "tax number": lambda r: f"{digits(r, 2)}-{digits(r, 7)}",
    "CPF": lambda r: f"{digits(r, 3)}.{digits(r, 3)}.{digits(r, 3)}-{digits(r, 2)}",
    "NIR": lambda r: "1 " + " ".join(digits(r, count) for count in (2, 2, 2, 3, 3)),
    "device number": lambda r: digits(r, 15),
    "order number": lambda r: f"ORD{digits(r, 9)}",
    "company number": lambda r: "9131" + letters(r, 14, string.digits + "ABCDEFGH"),
    "e-mail with a tag": lambda r: f"{word(r)}+{word(r)}@{word(r)}.io",
    "e-mail in angles": lambda r: (f"{given(r)} <{(m := word(r) + '@' + word(r) + '.org')}>", m),
    "e-mail, accents": lambda r: f"{word(r)}é{word(r)}@{word(r)}.fr",
    "network": lambda r: ".".join(str(r.randrange(11, 99)) for _ in range(4)) + "/24",
    "mapped address": lambda r: "::ffff:" + ".".join(str(r.randrange(11, 99)) for _ in range(4)),
    "address, version 6, port": lambda r: f"[2a01:{hexes(r, 4)}:{hexes(r, 4)}::{hexes(r, 3)}]:8080",
    "hardware address": lambda r: "-".join(hexes(r, 2).upper() for _ in range(6)),
    "place": lambda r: f"lat={r.randrange(20, 50)}.{digits(r, 5)}",
    "place, west": lambda r: f"-{r.randrange(60, 99)}.{digits(r, 6)}",
}
LINKS: dict[str, Callable[[Draw], Made]] = {
    "link, odd ending": link("https://{}.photography/{}"),
    "link, other letters in the host": lambda r: (
        f"https://{(h := of_script(0x430, 0x450, 6)(r))}.рф/{(n := word(r))}",
        h,
        n,
    ),
    "link, encoded host": lambda r: (f"https://xn--{(h := letters(r, 9, LOWER))}.com/a", h),
    "link, anchor": link("https://{}.com/#/users/{}"),
    "link, in brackets": link("(https://{}.app/{})"),
    "host and port": link("{}.{}.internal:6379"),
    "local host": link("{}.local"),
    "store's link, path style": link("s3.amazonaws.com/{}/{}.mov"),
    "store's link, other cloud": link("https://{}.blob.core.windows.net/{}/{}.mp4"),
    "google store": link("gs://{}/{}"),
    "app's link": link("weixin://dl/{}/{}"),
    "path of a server": link("/var/www/{}/uploads/{}.png"),
    "path of a mount": link("/mnt/{}/{}"),
    "path up": link("../{}/{}.jpeg"),
    "drive": link("D:/{}/{}.mp4"),
    "file with a blank": lambda r: (f"{(n := word(r))} {r.randrange(2, 9)}.jpg", n),
    "file, wave": link("{}-{}.wav"),
    "file, document": link("{}_contract.docx"),
    "file, numbered": link("{}_001.tiff"),
    "file, dated": link("2026-03-18_{}.mp4"),
    "file, Japanese": lambda r: (f"{(n := of_script(0x30A1, 0x30F0, 4)(r))}.webp", n),
    "resource": link("acs:ram::1234:user/{}"),
    "image of a registry": link("registry.{}.io/{}/portraits:v2"),
    "repository": link("git@{}.com:{}/{}.git"),
    "account and name": link("@{}_{}"),
    "bucket, Chinese": lambda r: (f"存储桶{(n := word(r) + '-' + word(r))}", n),
}
NAMES: dict[str, Callable[[Draw], Made]] = {
    "three names": lambda r: f"{given(r)} {given(r)} {given(r)}",
    "initial": lambda r: f"{given(r)[0]}. {given(r)}",
    "double name": lambda r: f"{given(r)}-{given(r)}",
    "Irish name": lambda r: f"O'{given(r)}",
    "Chinese name of two": of_script(0x4E00, 0x9F00, 2),
    "name with a dot": lambda r: "·".join(of_script(0x4E00, 0x9F00, 3)(r) for _ in range(2)),
    "Armenian name": of_script(0x561, 0x587, 7),
    "Georgian name": of_script(0x10D0, 0x10F0, 7),
    "Tamil name": of_script(0xBAE, 0xBB6, 5),
    "lower-case name": lambda r: f"{word(r)} {word(r)}",
}
GROUPS = {
    "credentials": CREDENTIALS,
    "personal numbers": NUMBERS,
    "links and file names": LINKS,
    "names": NAMES,
}


def wide(s: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in s)


def clean_head(s: str) -> str:
    return s.replace('"', "%22").replace("\\", "/")


NAME_CARRIERS: dict[str, Carrier] = {
    "member of an error": answer(lambda s: {"error": {"code": "X", "details": [{"v": s}]}}),
    "list at the top": answer(lambda s: [{"v": s}]),
    "text at the top": answer(lambda s: {"raw": json.dumps([s])}),
    "request, deep": lambda s: exchange(sent=("application/json", json.dumps({"a": [{"v": s}]}))),
    "request, XML": lambda s: exchange(
        sent=("application/xml", f"<A><V b='1'>{html.escape(s)}</V></A>")
    ),
    "form, braces": lambda s: exchange(
        sent=("application/x-www-form-urlencoded", f"u%5Bname%5D={quote(s, safe='')}&fps=24")
    ),
    "part of JSON": multipart(
        'Content-Disposition: form-data; name="meta"\n'
        'Content-Type: application/json\n\n{"v":"SECRET"}',
        dumped,
    ),
    "file name of the standard": multipart(
        'Content-Disposition: form-data; name="file"; filename="x.txt"; filename*=UTF-8\'\'SECRET\n'
        "Content-Type: text/plain\n\nok",
        lambda s: quote(s, safe=""),
    ),
    "XML, name space": text(
        "application/soap+xml", '<s:E xmlns:s="urn:x"><s:V>SECRET</s:V></s:E>', html.escape
    ),
    "events, many": text(
        "text/event-stream", 'data: {"a":1}\n\ndata: {"b":["SECRET"]}\n\ndata: [DONE]\n\n', dumped
    ),
    "lines under JSON's name": text("application/json", '{"a":1}\n{"v":"SECRET"}', dumped),
    "problem": text("application/problem+json", '{"title":"x","instance":"SECRET"}', dumped),
    "table": text("text/csv", "id,v\n1,SECRET\n", lambda s: f'"{s}"'),
    "page's field": text("text/html", '<form><input name="v" value="SECRET"></form>', html.escape),
    "page's data": text(
        "text/html", "<div data-v='SECRET'></div>", lambda s: html.escape(s, quote=True)
    ),
    "settings": text("text/plain", "user: SECRET\n"),
    "query, list": lambda s: exchange(
        uri=f"https://api.alltoken.ai/v1/videos?v[]={quote(s, safe='')}&limit=5"
    ),
    "redirect's query": lambda s: exchange(Location=f"/v1/next?v={quote(s, safe='')}"),
    "single quotes in a message": said("user 'SECRET' is not known"),
    "quotes of print": said("The name “SECRET” is too long"),
    "French quotes": said("Le nom «SECRET» est pris"),
}
TEXT_CARRIERS: dict[str, Carrier] = {
    "reason": said("failed: SECRET; code 400"),
    "equals": said("rejected (value=SECRET)"),
    "before a full stop": said("We cannot read SECRET. Please check"),
    "long Chinese": said("您好，系统检测到SECRET存在异常。"),
    "Thai": said("ไม่พบSECRETในระบบ"),
    "Russian": said("Ошибка: SECRET не найден"),
    "twice in percent signs": answer(
        lambda s: {"message": f"x={quote(quote(s, safe=''), safe='')}"}
    ),
    "escapes in a text": answer(lambda s: {"message": f'{{"q":"{wide(s)}"}}'}),
    "lines": said("line one\nSECRET\nline three"),
    "trace": said('Traceback:\n  File "SECRET", line 3'),
    "reason in a status": answer(lambda s: {"msg": s}),
    "list of messages": answer(lambda s: {"message": ["ok", f"see {s}"]}),
    "page's title": text("text/html", "<title>Error SECRET</title>", html.escape),
    "page's markdown": text("text/markdown", "# Error\n\n- SECRET\n"),
    "event's comment": text("text/event-stream", ": SECRET\n\ndata: ok\n\n"),
    "type in a part": multipart(
        'Content-Disposition: form-data; name="a"\nContent-Type: text/plain; x="SECRET"\n\nok',
        clean_head,
    ),
}

CARRIERS = {**NAME_CARRIERS, **TEXT_CARRIERS}


def corpus() -> Iterator[Case]:
    return cases(20261128, GROUPS, CARRIERS, NAME_CARRIERS)


SENTENCES = (
    "The video is too short: 1.2 seconds, at least 2 are needed.",
    "Model seedance-2.0-fast does not support 1080p.",
    "Only jpg, jpeg, png, webp are allowed, up to 30MB each.",
    "width must be >= 300px and <= 6000px",
    "aspect_ratio: unexpected value; permitted: '16:9', '9:16', '1:1'",
    "quota exceeded: 100/100 requests per minute",
    "Too Many Requests",
    "The content violates our usage policy (code 1301).",
    "invalid_request_error",
    "资源不存在或已被删除，请检查后再试。",
    "视频生成失败，错误码：500",
    "并发数超过限制（最多10个）",
    "動画の長さは15秒以内にしてください",
    "Der Parameter ist ungültig.",
    "Задача не найдена",
    "At 2026-03-18T03:57:10.123Z the task expired.",
    "seed must be an integer in [-1, 4294967295]",
    "We've sent your request; it'll take 2-3 minutes.",
    "Exceeded 108900 tokens.",
)
OPEN_MEMBERS: dict[str, Any] = {
    "seed": 2147483647,
    "fps": 24,
    "frames": 121,
    "updated_at": 1773806499,
    "service_tier": "default",
    "progress": 87,
    "execution_expires_after": 172800,
    "Message": "ok",
    "type": "image_url",
    "role": "reference_image",
    "watermark": False,
    "prompt_tokens": 0,
    "aspect_ratio": "9:16",
}


def kept() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for each in SENTENCES:
        for name in ("reason in a status", "lines"):
            yield "sentences", f"{each} in {name}", wrap(TEXT_CARRIERS[name](each))
    for member, value in OPEN_MEMBERS.items():
        told = exchange(body=json.dumps({"data": [{member: value}]}))
        yield "documented members", f"{member} {value}", wrap(told)


def wrap(interaction: dict[str, Any]) -> dict[str, Any]:
    return {"interactions": [interaction], "version": 1}
