"""
Values that nobody has announced, in every carrier, from one seed; and what has to stay in each.

Written from what the world writes, not from what the sanitiser looks for: keys of vendors that
nothing here knows, numbers as people write them at home, names in eleven scripts, odd links.
"""

from __future__ import annotations

import base64
import html
import json
import random
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from secret_corpus import ALNUM, digits, hexes, letters

Draw = random.Random
Made = str | tuple[str, ...]
"""A text; behind it, where not all of it is secret, the parts that are."""
UPPER = string.ascii_uppercase
BASE58 = "".join(each for each in ALNUM if each not in "0OIl")


@dataclass(frozen=True)
class Case:
    group: str
    kind: str
    carrier: str
    cassette: dict[str, Any]
    secrets: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.group}: {self.kind} in {self.carrier}"


def word(r: Draw) -> str:
    """What can be said aloud and stands in no dictionary."""
    return "".join(
        letters(r, 1, "bdfgklmnprstvz") + letters(r, 1, "aeiou") for _ in range(r.randrange(3, 5))
    )


def given(r: Draw) -> str:
    return word(r).title()


def of_script(first: int, last: int, length: int) -> Callable[[Draw], str]:
    return lambda r: "".join(chr(r.randrange(first, last)) for _ in range(length))


def in_digits(text: str, zero: int) -> str:
    return "".join(chr(zero + int(each)) if each.isdigit() else each for each in text)


CREDENTIALS: dict[str, Callable[[Draw], Made]] = {
    "key of a map service": lambda r: "AIza" + letters(r, 35, ALNUM + "-_"),
    "token of a code host": lambda r: "ghp_" + letters(r, 36),
    "fine token of a code host": lambda r: f"github_pat_{letters(r, 22)}_{letters(r, 59)}",
    "token of a chat": lambda r: f"xoxb-{digits(r, 12)}-{digits(r, 12)}-{letters(r, 24)}",
    "key of a bank": lambda r: "sk_live_" + letters(r, 24),
    "token of a model host": lambda r: "hf_" + letters(r, 34),
    "key of another cloud": lambda r: "LTAI5t" + letters(r, 18),
    "key of a third cloud": lambda r: "AKID" + letters(r, 32),
    "key in groups": lambda r: "-".join(letters(r, 5, UPPER + string.digits) for _ in range(5)),
    "key in base 58": lambda r: letters(r, 44, BASE58),
    "padded base64": lambda r: base64.b64encode(r.randbytes(25)).decode(),
    "sortable id": lambda r: "01J" + letters(r, 23, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
    "short random id": lambda r: letters(r, 21, ALNUM + "_-"),
    "object id": lambda r: "65f" + hexes(r, 21),
    "uuid in capitals": lambda r: "-".join(hexes(r, n) for n in (8, 4, 4, 4, 12)).upper(),
    "cursor": lambda r: base64.b64encode(f'{{"after":{digits(r, 9)}}}'.encode()).decode(),
    "signed cookie": lambda r: f"{base64.b64encode(r.randbytes(12)).decode()}.{letters(r, 27)}",
    "basic": lambda r: (f"Basic {(key := base64.b64encode(r.randbytes(18)).decode())}", key),
    "database": lambda r: (
        f"postgresql://{(user := word(r))}:{(key := letters(r, 9))}@db.{(host := word(r))}.io/x",
        user,
        key,
        host,
    ),
    "password with signs": lambda r: f"{word(r)}!{r.randrange(10, 99)}${letters(r, 6)}",
}
NUMBERS: dict[str, Callable[[Draw], Made]] = {
    "mobile, China": lambda r: "1" + digits(r, 10),
    "mobile, China, in groups": lambda r: f"1{digits(r, 2)} {digits(r, 4)} {digits(r, 4)}",
    "mobile, China, abroad": lambda r: f"0086-1{digits(r, 2)}-{digits(r, 4)}-{digits(r, 4)}",
    "landline, China": lambda r: f"010-{digits(r, 8)}",
    "phone, Britain": lambda r: f"020 {digits(r, 4)} {digits(r, 4)}",
    "mobile, Britain": lambda r: f"07{digits(r, 3)} {digits(r, 6)}",
    "phone, United States": lambda r: f"({digits(r, 3)}) {digits(r, 3)}-{digits(r, 4)}",
    "phone with dots": lambda r: f"{digits(r, 3)}.{digits(r, 3)}.{digits(r, 4)}",
    "phone, France": lambda r: "06 " + " ".join(digits(r, 2) for _ in range(4)),
    "phone, Germany": lambda r: f"030/{digits(r, 7)}",
    "mobile, Germany": lambda r: f"0151 {digits(r, 8)}",
    "mobile, Japan": lambda r: f"090-{digits(r, 4)}-{digits(r, 4)}",
    "mobile, Brazil": lambda r: f"({digits(r, 2)}) 9{digits(r, 4)}-{digits(r, 4)}",
    "mobile, India": lambda r: f"{digits(r, 5)} {digits(r, 5)}",
    "mobile, Russia": lambda r: f"8 (9{digits(r, 2)}) {digits(r, 3)}-{digits(r, 2)}-{digits(r, 2)}",
    "phone in wide digits": lambda r: in_digits("1" + digits(r, 10), 0xFF10),
    "phone in Arabic digits": lambda r: in_digits("0" + digits(r, 9), 0x0660),
    "identity card, China": lambda r: f"110105196{digits(r, 1)}0{digits(r, 1)}1{digits(r, 4)}X",
    "payment card": lambda r: " ".join(digits(r, 4) for _ in range(4)),
    "bank account": lambda r: f"DE{digits(r, 2)} " + " ".join(digits(r, 4) for _ in range(5)),
    "social security": lambda r: f"{digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}",
    "passport": lambda r: "E" + digits(r, 8),
    "messenger's number": lambda r: digits(r, 9),
    "e-mail": lambda r: f"{word(r)}.{word(r)}@{word(r)}.co.uk",
    "e-mail, other letters": lambda r: f"{of_script(0x430, 0x450, 6)(r)}@{word(r)}.рф",
    "e-mail, Chinese": lambda r: f"{of_script(0x4E00, 0x9F00, 3)(r)}@{word(r)}.cn",
    "address": lambda r: ".".join(str(r.randrange(11, 99)) for _ in range(4)),
    "address with a port": lambda r: (
        f"{(ip := '.'.join(str(r.randrange(11, 99)) for _ in range(4)))}:{r.randrange(1024, 9999)}",
        ip,
    ),
    "address, version 6": lambda r: f"2a02:{hexes(r, 4)}::{hexes(r, 4)}:{hexes(r, 4)}",
    "address, version 6, all of it": lambda r: ":".join(hexes(r, 4) for _ in range(8)),
    "address, version 6, link": lambda r: f"fe80::{hexes(r, 4)}:{hexes(r, 4)}%eth0",
    "hardware address": lambda r: ":".join(hexes(r, 2) for _ in range(6)),
    "coordinates": lambda r: (
        (
            f"{(n := f'{r.randrange(20, 50)}.{digits(r, 6)}')}, "
            f"{(e := f'{r.randrange(100, 130)}.{digits(r, 6)}')}"
        ),
        n,
        e,
    ),
    "coordinates in degrees": lambda r: (
        f"{r.randrange(10, 60)}°{r.randrange(10, 60)}'{r.randrange(10, 60)}.{digits(r, 1)}\"N"
    ),
}


def link(form: str) -> Callable[[Draw], Made]:
    """A text with words for each {}: all of them secret."""

    def make(r: Draw) -> Made:
        words = [word(r) for _ in range(form.count("{}"))]
        return form.format(*words), *words

    return make


def chinese_link(r: Draw) -> Made:
    host, name = word(r), of_script(0x4E00, 0x9F00, 3)(r)
    return f"https://{host}.cn/{quote(name)}/a.mp4", host, name, quote(name)


LINKS: dict[str, Callable[[Draw], Made]] = {
    "link without a scheme": link("cdn.{}.com/{}/{}.mp4"),
    "link to a host": link("www.{}.cn"),
    "link of the page's scheme": link("//static.{}.net/{}.png"),
    "link with a port": link("http://{}.{}.io:8443/{}"),
    "link to an address": lambda r: (
        f"http://{(ip := '.'.join(str(r.randrange(11, 99)) for _ in range(4)))}/{(n := word(r))}",
        ip,
        n,
    ),
    "link in markdown": link("[here](https://{}.dev/{})"),
    "link with other letters": chinese_link,
    "signed link": lambda r: (
        (
            f"https://{(host := word(r))}.com/v/{(n := word(r))}.mp4?Expires={digits(r, 10)}"
            f"&Signature={(sign := letters(r, 27))}~"
        ),
        host,
        n,
        sign,
    ),
    "object in a store": link("s3://{}/{}/{}.png"),
    "object in another store": link("tos://{}/{}.jpg"),
    "object by its resource name": link("arn:aws:s3:::{}/{}.jpg"),
    "file link": link("file:///home/{}/{}.png"),
    "host of a store": link("{}-{}.oss-cn-beijing.aliyuncs.com"),
    "path": link("/home/{}/pictures/{}.jpg"),
    "path of a home": link("~/{}/{}.jpg"),
    "path of Windows": link("C:\\Users\\{}\\{}.png"),
    "path on a server": link("\\\\nas\\{}\\{}.png"),
    "path from here": link("uploads/{}/{}.webp"),
    "path of a key": link("users/{}/portraits/{}"),
    "file": link("{}_{}.jpg"),
    "file of one word": link("{}.png"),
    "file, capital ending": link("{}-{}.HEIC"),
    "file of a camera": lambda r: f"IMG_{digits(r, 8)}_{digits(r, 6)}.jpg",
    "file, packed": link("{}.tar.gz"),
    "file of Chinese letters": lambda r: (
        f"{(name := of_script(0x4E00, 0x9F00, 3)(r))}_正面.png",
        name,
    ),
    "file of other letters": lambda r: (f"{(n := of_script(0x430, 0x450, 7)(r))}.jpg", n),
    "bucket": link("bucket {}-{}-prod"),
    "project": link("project {}-{}"),
    "path of a bucket": link("projects/{}/buckets/{}"),
    "database's table": link("{}_prod.{}_users"),
}
NAMES: dict[str, Callable[[Draw], Made]] = {
    "first name": given,
    "full name": lambda r: f"{given(r)} {given(r)}",
    "name with accents": lambda r: f"{given(r)}é {given(r)}ñez",
    "Chinese name": of_script(0x4E00, 0x9F00, 3),
    "Japanese name": lambda r: of_script(0x4E00, 0x9F00, 2)(r) + of_script(0x3041, 0x3096, 3)(r),
    "Korean name": of_script(0xAC00, 0xD7A0, 3),
    "Cyrillic name": lambda r: of_script(0x430, 0x450, 7)(r).title(),
    "Greek name": of_script(0x3B1, 0x3C9, 7),
    "Arabic name": of_script(0x627, 0x63A, 6),
    "Hebrew name": of_script(0x5D0, 0x5EA, 6),
    "Thai name": of_script(0xE01, 0xE2E, 6),
    "Hindi name": of_script(0x915, 0x939, 5),
    "a handle": lambda r: f"{word(r)}{r.randrange(70, 99)}",
}
GROUPS = {
    "credentials": CREDENTIALS,
    "personal numbers": NUMBERS,
    "links and file names": LINKS,
    "names": NAMES,
}


# -- carriers -------------------------------------------------------------------------------------

Carrier = Callable[[str], dict[str, Any]]


def exchange(
    uri: str = "https://api.alltoken.ai/v1/videos",
    sent: tuple[str, str | bytes] = ("", ""),
    kind: str = "application/json",
    body: str | bytes = "{}",
    **headers: str,
) -> dict[str, Any]:
    """One interaction; *sent* is the request's type and body."""
    told = {"Content-Type": [kind], **{n.replace("_", "-"): [v] for n, v in headers.items()}}
    asked = {"Content-Type": [sent[0]]} if sent[0] else {}
    return {
        "request": {"method": "POST", "uri": uri, "headers": asked, "body": sent[1]},
        "response": {"status": {"code": 200}, "headers": told, "body": {"string": body}},
    }


def answer(make: Callable[[str], Any]) -> Carrier:
    return lambda s: exchange(body=json.dumps(make(s), ensure_ascii=False))


def text(kind: str, form: str, escape: Callable[[str], str] = str) -> Carrier:
    return lambda s: exchange(kind=kind, body=form.replace("SECRET", escape(s)))


def dumped(s: str) -> str:
    return json.dumps(s, ensure_ascii=False)[1:-1]


def multipart(form: str, escape: Callable[[str], str] = str) -> Carrier:
    def carry(s: str) -> dict[str, Any]:
        head = form.replace("SECRET", escape(s)).replace("\n", "\r\n")
        return exchange(
            sent=(
                "multipart/form-data; boundary=xxbordexx",
                f"--xxbordexx\r\n{head}\r\n--xxbordexx--\r\n",
            )
        )

    return carry


def said(form: str) -> Carrier:
    return answer(lambda s: {"error": {"message": form.replace("SECRET", s)}})


JSON = "application/json"
NAME_CARRIERS: dict[str, Carrier] = {
    "unknown member": answer(lambda s: {"zebra": s}),
    "member in a list": answer(lambda s: {"data": [{"a": [s, 1]}]}),
    "JSON in a text": answer(lambda s: {"message": json.dumps({"zebra": s})}),
    "JSON behind words": answer(
        lambda s: {"message": f"upstream: {json.dumps({'zebra': s}, ensure_ascii=False)} (400)"}
    ),
    "Python behind words": answer(lambda s: {"message": f"got {{'zebra': {s!r}}}"}),
    "quoted in a message": said('the value "SECRET" is taken'),
    "quoted in Chinese": said("名称「SECRET」已存在"),
    "form": lambda s: exchange(
        sent=("application/x-www-form-urlencoded", f"a=1&zebra={quote(s, safe='')}")
    ),
    "multipart field": multipart('Content-Disposition: form-data; name="zebra"\n\nSECRET'),
    "multipart file name": multipart(
        'Content-Disposition: form-data; name="file"; filename="SECRET"\n'
        "Content-Type: text/plain\n\nok",
        lambda s: s.replace("\\", "/").replace('"', "%22"),
    ),
    "XML element": text("application/xml", "<R><Zebra>SECRET</Zebra></R>", html.escape),
    "XML attribute": text("text/xml", '<R><Z zebra="SECRET"/></R>', html.escape),
    "XML, plain part": text("application/xml", "<R><Zebra><![CDATA[SECRET]]></Zebra></R>"),
    "event stream": text("text/event-stream", 'event: x\ndata: {"zebra":"SECRET"}\n\n', dumped),
    "lines of JSON": text("application/x-ndjson", '{"a":1}\n{"zebra":"SECRET"}\n', dumped),
    "page's attribute": text("text/html", '<p><a title="SECRET">x</a></p>', html.escape),
    "page's script": text("text/html", '<script>var x = {"zebra": "SECRET"};</script>', dumped),
    "query": lambda s: exchange(uri=f"https://api.alltoken.ai/v1/videos?zebra={quote(s, safe='')}"),
    "path": lambda s: exchange(uri=f"https://api.alltoken.ai/v1/videos/{quote(s, safe='')}"),
    "type's parameter": lambda s: exchange(kind=f'application/json; zebra="{quote(s)}"'),
    "header": lambda s: exchange(X_Zebra=quote(s)),
}
"""Where a whole value stands, and nothing says that it may be known."""
TEXT_CARRIERS: dict[str, Carrier] = {
    "message": said("cannot use SECRET here. Try again"),
    "message's end": said("not allowed: SECRET"),
    "message in brackets": said("no access (SECRET), see the manual"),
    "Chinese message": said("参数SECRET错误，请重试"),
    "Japanese message": said("値SECRETは無効です。"),
    "Korean message": said("값SECRET이 잘못되었습니다"),
    "open status": answer(lambda s: {"status": s}),
    "open code": answer(lambda s: {"code": f"NotFound.{s}"}),
    "member's name": answer(lambda s: {s: 1}),
    "percent signs in a message": answer(lambda s: {"message": f"no {quote(s, safe='')} here"}),
    "entities in a message": answer(lambda s: {"message": f"&lt;{html.escape(s)}&gt;"}),
    "multipart field's name": multipart(
        'Content-Disposition: form-data; name="SECRET"\n\n1',
        lambda s: s.replace("\\", "/").replace('"', "%22"),
    ),
    "XML message": text("application/xml", "<E><Message>no SECRET here</Message></E>", html.escape),
    "event's id": text("text/event-stream", "id: SECRET\ndata: ok\n\n"),
    "event's message": text("text/event-stream", 'data: {"message":"no SECRET"}\n\n', dumped),
    "page": text("text/html", "<html><p>Hello SECRET!</p></html>", html.escape),
    "page's comment": text("text/html", "<!-- SECRET --><p>ok</p>"),
    "plain text": text("text/plain", "Error: SECRET was refused"),
    "query's key": lambda s: exchange(
        uri=f"https://api.alltoken.ai/v1/videos?{quote(s, safe='')}=1"
    ),
    "redirect": lambda s: exchange(Location=f"https://api.alltoken.ai/v1/{quote(s, safe='')}"),
    "status line": lambda s: {
        **(made := exchange()),
        "response": {**made["response"], "status": {"code": 400, "message": f"No {s}"}},
    },
}
CARRIERS = {**NAME_CARRIERS, **TEXT_CARRIERS}


def cases(
    seed: int,
    groups: Mapping[str, Mapping[str, Callable[[Draw], Made]]],
    carriers: Mapping[str, Carrier],
    named: Mapping[str, Carrier],
) -> Iterator[Case]:
    """Every kind in every carrier; a name, which looks like any word, where it is the value."""
    r = random.Random(seed)
    for group, kinds in groups.items():
        for kind, make in kinds.items():
            for carrier, put in (named if group == "names" else carriers).items():
                made = make(r)
                whole, *parts = (made,) if isinstance(made, str) else made
                cassette = {"interactions": [put(whole)], "version": 1}
                yield Case(group, kind, carrier, cassette, tuple(parts) or (whole,))


def corpus() -> Iterator[Case]:
    return cases(20261127, GROUPS, CARRIERS, NAME_CARRIERS)


# -- what stays -----------------------------------------------------------------------------------

OPEN_TEXTS = (
    "1920x1080",
    "1280×720",
    "16:9",
    "720p",
    "4K",
    "30 MB",
    "2-12",
    "0.5",
    "24fps",
    "5s",
    "12h",
    "2026-03-18",
    "2026-03-18T03:57:10Z",
    "2026-03-18 03:57:10",
    "HTTP 429",
    "image/png",
    "seedance-2.0",
    "doubao-seedance-2-0-260128",
    "InvalidParameter",
    "first_frame",
    "reference_image",
    "content[0].image_url",
    "application/json",
    "Image 1",
    "10,000",
    "99.9%",
)
"""Words and amounts that name nobody: they stay in any message."""
OPEN_SENTENCES = (
    "The specified asset is not found.",
    "Rate limit exceeded, please retry after 30 seconds.",
    "The parameter `duration` must be between 2 and 12.",
    'The value of "resolution" is not one of 480p, 720p, 1080p.',
    "Internal Server Error",
    "Bad Gateway",
    "Insufficient balance. Please top up your account and try again.",
    "The request failed because the input image may contain real person.",
    "参数错误：时长必须在2到12秒之间",
    "图片尺寸不符合要求，宽高比应为16:9",
    "余额不足，请充值后重试",
    "部分素材审核失败",
    "リクエストの形式が正しくありません。",
    "잘못된 요청입니다",
    "Erreur interne, veuillez réessayer",
    "We couldn't process the video: it's longer than 15 seconds.",
)
OPEN_MEMBERS: dict[str, Any] = {
    "seed": 4294967295,
    "total_tokens": 108900,
    "completion_tokens": 123456789,
    "created_at": 1773806400,
    "TotalCount": 123456,
    "duration": 5,
    "status": "in_progress",
    "ratio": "16:9",
    "resolution": "1080p",
    "model": "doubao-seedance-2-0-260128",
    "code": "InputImageSensitiveContentDetected.PrivacyInformation",
    "CreateTime": "2026-03-18T03:57:10+08:00",
    "size": "1920x1080",
    "generate_audio": True,
}
OPEN_CARRIERS: dict[str, Carrier] = {
    "message": said("SECRET"),
    "message of two": said("cannot use SECRET here."),
    "Chinese message": said("参数SECRET错误，请重试"),
    "XML message": text("application/xml", "<E><Message>SECRET</Message></E>", html.escape),
    "event's message": text("text/event-stream", 'data: {"message":"SECRET"}\n\n', dumped),
    "lines of JSON": text("application/x-ndjson", '{"a":1}\n{"message":"SECRET"}\n', dumped),
    "page": text("text/html", "<html><p>SECRET</p></html>", html.escape),
    "plain text": text("text/plain", "Error: SECRET"),
}


def kept() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What must come out as it went in: group, what it is, cassette."""
    for group, texts in (("amounts and words", OPEN_TEXTS), ("sentences", OPEN_SENTENCES)):
        for each in texts:
            for carrier, put in OPEN_CARRIERS.items():
                if group == "amounts and words" or carrier == "message":
                    yield group, f"{each} in {carrier}", {"interactions": [put(each)], "version": 1}
    for member, value in OPEN_MEMBERS.items():
        told = exchange(body=json.dumps({"data": {member: value}}))
        yield "documented members", f"{member} {value}", {"interactions": [told], "version": 1}
    for put in (
        lambda: exchange(kind="application/json; charset=utf-8"),
        lambda: exchange(Retry_After="30"),
        lambda: exchange(
            kind="text/event-stream", body='event: done\ndata: {"status":"queued"}\n\n'
        ),
        lambda: exchange(kind="application/xml", body="<R><Status>queued</Status></R>"),
        lambda: exchange(
            sent=("application/x-www-form-urlencoded", "model=seedance-2.0&duration=5")
        ),
    ):
        made = put()
        yield "carriers", str(made["response"]["headers"]), {"interactions": [made], "version": 1}
