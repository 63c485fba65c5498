"""
Cassettes with secrets planted in every position, from one seed.

Each plant is a secret of one kind in one position of one vendor's documented interaction. What the
sanitiser makes of it is searched in every encoding that somebody could undo.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import html
import io
import json
import random
import re
import string
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from PIL import Image

from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.registry import provider_class
from portraitkit.testing.cassettes.cassettefile import load

ROOT = Path(__file__).parents[2]
SEED = 20260318
ALNUM = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Plant:
    vendor: str
    kind: str
    position: str
    cassette: dict[str, Any]
    secrets: tuple[str | bytes, ...]
    known: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.vendor}: {self.kind} in {self.position}"


# -- secrets --------------------------------------------------------------------------------------


def letters(rng: random.Random, count: int, alphabet: str = ALNUM) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def low(rng: random.Random, count: int) -> str:
    return letters(rng, count, string.ascii_lowercase)


def digits(rng: random.Random, count: int) -> str:
    return rng.choice("3456789") + letters(rng, count - 1, string.digits)


def hexes(rng: random.Random, count: int) -> str:
    return letters(rng, count, "0123456789abcdef")


def encoded(rng: random.Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


TOKENS: dict[str, Callable[[random.Random], str]] = {
    "api key": lambda r: "sk-" + letters(r, 40),
    "short key": lambda r: "sk-" + letters(r, 8) + str(r.randrange(1000, 9999)),
    "access key": lambda r: "AKLT" + encoded(r, 30).replace("/", "x").replace("+", "y"),
    "access key of AWS": lambda r: "AKIA" + base64.b32encode(r.randbytes(10)).decode(),
    "base32 key": lambda r: "sk-" + base64.b32encode(r.randbytes(20)).decode(),
    "encoded hex": lambda r: base64.b64encode(hexes(r, 40).encode()).decode(),
    "secret key": lambda r: encoded(r, 40),
    "secret key of 22 bytes": lambda r: encoded(r, 22),
    "secret key for addresses": lambda r: encoded(r, 34).replace("/", "_").replace("+", "-"),
    "session token": lambda r: "nC" + encoded(r, 90),
    "bearer": lambda r: "Bearer " + letters(r, 48),
    "jwt": lambda r: f"eyJ{letters(r, 33)}.eyJ{letters(r, 60)}.{letters(r, 43)}",
    "byted token": lambda r: "20260318035710" + letters(r, 18, "0123456789ABCDEF") + digits(r, 4),
    "hex key": lambda r: hexes(r, 32),
    "digest": lambda r: hexes(r, 64),
    "uuid": lambda r: "-".join(hexes(r, n) for n in (7, 4, 4, 4, 12)).replace("-", "9-", 1),
    "asset id": lambda r: f"asset-20260318{digits(r, 6)}-{low(r, 5)}",
    "group id": lambda r: f"group-20260318{digits(r, 6)}-{low(r, 5)}",
    "task id": lambda r: f"cgt-20260318{digits(r, 6)}-{low(r, 5)}",
    "record id": lambda r: "ta_" + hexes(r, 32),
    "letters": lambda r: letters(r, 32, string.ascii_letters),
}
OTHERS: dict[str, Callable[[random.Random], str]] = {
    "account id": lambda r: "2100" + digits(r, 6),
    "e-mail": lambda r: f"{low(r, 6)}.{low(r, 5)}@{low(r, 7)}.com",
    "phone": lambda r: f"+86 1{digits(r, 2)} {digits(r, 4)} {digits(r, 4)}",
    "mobile": lambda r: "1" + digits(r, 10),
    "national phone": lambda r: f"(0{digits(r, 2)}) {digits(r, 3)}-{digits(r, 4)}",
    "ip": lambda r: (
        f"{r.randrange(11, 99)}.{r.randrange(10, 99)}.{r.randrange(10, 255)}.{r.randrange(10, 255)}"
    ),
    "ip v6": lambda r: ":".join(hexes(r, 4) for _ in range(8)),
    "resource name": lambda r: f"trn:iam::{digits(r, 5)}:user/{low(r, 6)}",
    "bucket link": lambda r: f"https://{low(r, 9)}.{low(r, 6)}.cn/{low(r, 6)}.mp4",
    "signed link": lambda r: (
        f"https://cdn.{low(r, 8)}.com/{low(r, 6)}.mp4?X-Tos-Credential={letters(r, 7)}"
        f"&X-Tos-Date=20260318T{digits(r, 6)}Z&X-Tos-Signature={hexes(r, 64)}"
    ),
    "user in a link": lambda r: f"https://{letters(r, 6)}:{letters(r, 7)}@example.com/a.png",
    "anchor in a link": lambda r: f"https://example.com/a.png#{low(r, 7)}",
    "asset address": lambda r: f"asset://asset-{digits(r, 12)}-{low(r, 5)}",
}
NAMES: dict[str, Callable[[random.Random], str]] = {
    "name": lambda r: letters(r, 1, string.ascii_uppercase) + letters(r, 6, "bcdfghklmnprstvwz"),
    "full name": lambda r: (
        f"{letters(r, 6, 'bcdfgklmnprst').title()} {letters(r, 8, 'bcdfgklmnprst').title()}"
    ),
    "chinese name": lambda r: "".join(chr(r.randrange(0x4E00, 0x9F00)) for _ in range(4)),
    "project": lambda r: f"team-{low(r, 7)}-prod",
}
SECRETS = frozenset(TOKENS) - {"asset id", "group id", "task id", "short key"}
"""What nobody makes up: found in a cassette written by hand, too."""
ALWAYS = ("api key", "secret key", "secret key of 22 bytes", "signed link", "e-mail")
FREE = TOKENS | OTHERS
"""What is recognised by its looks, wherever it stands."""


def picture(rng: random.Random, form: str) -> bytes:
    image = Image.frombytes("RGB", (48, 36), rng.randbytes(48 * 36 * 3))
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def film(rng: random.Random) -> bytes:
    head = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
    return head + b"\0\0\1\0mdat" + rng.randbytes(248)


def wave(rng: random.Random) -> bytes:
    return b"RIFF\x28\1\0\0WAVEfmt \x10\0\0\0\1\0\1\0" + rng.randbytes(280)


FORMS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MEDIA: dict[str, Callable[[random.Random], bytes]] = {
    **{form: lambda r, form=form: picture(r, form) for form in FORMS},
    "film": film,
    "sound": wave,
}


# -- positions ------------------------------------------------------------------------------------

Put = Callable[[dict[str, Any], str], None]


def answer_json(interaction: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(interaction["response"]["body"]["string"])
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def set_answer(interaction: dict[str, Any], value: Any, **changes: Any) -> None:
    text = value if isinstance(value, str | bytes) else json.dumps(value, ensure_ascii=False)
    interaction["response"]["body"]["string"] = text
    interaction["response"]["headers"].update(changes.get("headers", {}))


def in_answer(make: Callable[[dict[str, Any], str], None]) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        body = answer_json(interaction)
        make(body, secret)
        set_answer(interaction, body)

    return put


def in_request(make: Callable[[str], dict[str, Any]]) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        interaction["request"]["headers"]["Content-Type"] = ["application/json"]
        interaction["request"]["body"] = json.dumps(make(secret))

    return put


def header(side: str, name: str) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        interaction[side]["headers"][name] = [quote(secret, safe=" :/?&=#@+,;.()-_")]

    return put


def packed(how: Callable[[bytes], bytes], word: str) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        body = how(json.dumps({**answer_json(interaction), "note_x": secret}).encode())
        set_answer(interaction, body, headers={"Content-Encoding": [word]})

    return put


def form(interaction: dict[str, Any], secret: str) -> None:
    interaction["request"]["headers"]["Content-Type"] = ["application/x-www-form-urlencoded"]
    interaction["request"]["body"] = f"a=1&note_x={quote(secret, safe='')}&b=2"


def part(interaction: dict[str, Any], name: str, filename: str | None, content: bytes) -> None:
    boundary = f"portraitkit-{hashlib.sha256(content).hexdigest()[:32]}"
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
    kind = "" if filename is None else "Content-Type: image/png\r\n"
    body = (head + kind + "\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
    interaction["request"]["headers"]["Content-Type"] = [
        f"multipart/form-data; boundary={boundary}"
    ]
    interaction["request"]["body"] = body


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in text)


def page(text: str) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        body = text.replace("SECRET", secret)
        set_answer(interaction, body, headers={"Content-Type": ["text/html; charset=utf-8"]})

    return put


def raw_json(make: Callable[[str], str]) -> Put:
    return lambda interaction, secret: set_answer(interaction, make(secret))


def address(make: Callable[[str, str], str]) -> Put:
    def put(interaction: dict[str, Any], secret: str) -> None:
        uri = interaction["request"]["uri"]
        interaction["request"]["uri"] = make(uri, quote(secret, safe=""))

    return put


FREE_POSITIONS: dict[str, Put] = {
    "request header X-Date": header("request", "X-Date"),
    "request header Authorization": header("request", "Authorization"),
    "request header of its own": header("request", "X-Anything"),
    "answer header of its own": header("response", "X-Anything"),
    "answer header Set-Cookie": header("response", "Set-Cookie"),
    "answer header ETag": header("response", "ETag"),
    "answer header X-Tt-Logid": header("response", "X-Tt-Logid"),
    "answer header Retry-After": header("response", "Retry-After"),
    "answer member unheard of": in_answer(lambda b, s: b.update(note_x=s)),
    "answer member deep inside": in_answer(lambda b, s: b.update(a={"b": [{"c": [s]}]})),
    "answer member's name": in_answer(lambda b, s: b.update({s: 1})),
    "answer list": in_answer(lambda b, s: b.update(items_x=["a", s])),
    "error message": in_answer(
        lambda b, s: b.update(error={"message": f"not allowed: {s}. Mend it"})
    ),
    "error code": in_answer(lambda b, s: b.update(error={"code": f"NotFound.{s}"})),
    "open member": in_answer(lambda b, s: b.update(status=s)),
    "JSON in a text": in_answer(lambda b, s: b.update(message=json.dumps({"q": s}))),
    "JSON in JSON in a text": in_answer(
        lambda b, s: b.update(message=json.dumps({"q": json.dumps([{"r": s}])}))
    ),
    "escaped letters": raw_json(lambda s: '{"note_x":"' + escaped(s) + '"}'),
    "escaped letters in a text": in_answer(
        lambda b, s: b.update(message='{"q":"' + escaped(s) + '"}')
    ),
    "escaped slashes": raw_json(
        lambda s: json.dumps({"note_x": s}, ensure_ascii=False).replace("/", "\\/")
    ),
    "percent signs": in_answer(lambda b, s: b.update(message=quote(s, safe=""))),
    "gzip": packed(gzip.compress, "gzip"),
    "gzip without a word": packed(gzip.compress, "identity"),
    "deflate": packed(zlib.compress, "deflate"),
    "page": page("<html><p>SECRET</p></html>"),
    "page's attribute": page('<html><a class="SECRET">x</a></html>'),
    "request member": in_request(lambda s: {"note_x": s}),
    "request deep inside": in_request(lambda s: {"a": [{"b": {"note_x": s}}]}),
    "form": form,
    "part": lambda i, s: part(i, "note_x", None, s.encode()),
    "file's name": lambda i, s: part(
        i, "file", quote(s) + ".png", picture(random.Random(1), "PNG")
    ),
    "query": address(lambda u, s: f"{u}{'&' if '?' in u else '?'}note_x={s}"),
    "path": address(lambda u, s: f"{u.partition('?')[0]}/{s}"),
    "status message": lambda i, s: i["response"]["status"].update(message=f"Refused {s}"),
    "member of a newer recorder": lambda i, s: i["response"].update(note_x=s),
    "member beside the answer": lambda i, s: i.update(note_x=s),
}
LINK_POSITIONS: dict[str, Put] = {
    "redirect": header("response", "Location"),
    "address of a file": lambda i, s: i["request"].update(uri=s),
    "link in a text": in_answer(lambda b, s: b.update(note_x=f"see {s} (now)")),
}
TOKEN = "pk-qdauny4hct"
"""As `connect` puts one behind a name."""
MEMBERS = (
    "name", "Name", "label", "group_name", "ProjectName", "userName", "owner", "title",
    "Description",
)  # fmt: skip
NAME_POSITIONS: dict[str, Put] = {
    **{f"member {key}": in_answer(lambda b, s, k=key: b.update({k: s})) for key in MEMBERS},
    "request's name": in_request(lambda s: {"Name": s}),
    "below a user": in_answer(lambda b, s: b.update(user={"x": [s]})),
    "prompt": in_request(lambda s: {"prompt": f"{s} smiles"}),
    "name in a part": lambda i, s: part(i, "name", None, s.encode()),
    "file called so": lambda i, s: part(i, "file", f"{s}.png", picture(random.Random(1), "PNG")),
    "name in a query": address(lambda u, s: f"{u}{'&' if '?' in u else '?'}name={s}"),
    "echo in a message": in_answer(
        lambda b, s: b.update(name=s, error={"message": f"{s} is not ready"})
    ),
    "echo in a link": in_answer(
        lambda b, s: b.update(name=s, note_x=f"https://example.com/{quote(s)}.png")
    ),
    "echo in percent signs": in_answer(
        lambda b, s: b.update(name=s, note_x=f"no {quote(s + '!', safe='')} here")
    ),
    "name with a token": in_answer(lambda b, s: b.update(Name=f"{s} {TOKEN}")),
    "echo without its token": in_answer(
        lambda b, s: b.update(Name=f"{s} {TOKEN}", error={"message": f"{s} is not ready"})
    ),
    "echo with its token": in_answer(
        lambda b, s: b.update(Name=f"{s} {TOKEN}", error={"message": f"no {s} {TOKEN} here"})
    ),
}
SHORT: dict[str, Put] = {
    # Too short to be known by their looks: the member tells.
    **{
        f"member {key}": in_answer(lambda b, s, k=key: b.update({k: s}))
        for key in ("api_key", "SecretKey", "signature", "BytedToken", "password",
                    "X-Tos-Signature", "myAccessToken", "GroupId", "asset_id", "userId", "ids")
    },
    **{
        f"a message that says {word}": in_answer(
            lambda b, s, w=word: b.update(error={"message": f"no such account, {w}{s}, try again"})
        )
        for word in ("password=", "token: ", 'secret_key="', "Authorization: Bearer ", "bearer ")
    },
    "below a secret": in_answer(lambda b, s: b.update(credentials={"x": [s]})),
}  # fmt: skip
OWN: dict[str, dict[str, str]] = {
    "alltoken": {"H5Link": "https://example.com/{0}", "__Message.resourceContent": "{0}",
                 "CallbackURL": "https://example.com/{0}"},
    "volcengine": {"H5Link": "https://example.com/{0}", "safety_identifier": "{0}",
                   "callback_url": "https://example.com/{0}"},
    "byteplus": {"H5Link": "https://example.com/{0}", "safety_identifier": "{0}",
                 "CallbackURL": "https://example.com/{0}"},
    "apiyi-icover": {"label": "{0}", "_label": "{0}", "H5Link": "https://example.com/{0}",
                     "imageUrl": "https://example.com/{0}.png", "sessions": "{0}",
                     "uploadUrl": "https://example.com/{0}.png?a=1", "safety_identifier": "{0}",
                     "publicUrl": "https://example.com/{0}.png"},
    "apimart": {"h5_link": "https://example.com/{0}", "callback_url": "https://example.com/{0}"},
    "apiyi": {"__Message.resourceContent": "{0}", "callback_url": "https://example.com/{0}"},
    "token360": {"h5Link": "https://example.com/verify/{0}"},
    "xcompute": {"h5_link": "https://example.com/{0}", "callback_url": "https://example.com/{0}"},
}  # fmt: skip
"""Members that only the vendor's own table says are secret, with values that look harmless."""


PATHS: dict[str, tuple[str, ...]] = {
    "apiyi-icover": ("https://icover.ai/api/asset-library/real-person/sessions/{0}",
                     "https://icover.ai/api/asset-library/real-person/sessions/{0}?note_x=1"),
}  # fmt: skip
"""Addresses with a part that only the vendor's own table says is secret."""


# -- the corpus -----------------------------------------------------------------------------------


def profile_of(path: Path) -> str:
    """Whose cassette this is; where a vendor has two libraries, which of them."""
    return path.parts[-3] + ("-icover" if path.stem.startswith("icover_") else "")


def class_of(profile: str) -> type[PortraitProvider]:
    vendor, _, library = profile.partition("-")
    return provider_class(vendor).chosen_by({"assets": library} if library else {})


def bases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((ROOT / "cassettes").glob("*/documented/*.yaml")):
        for each in load(path)["interactions"]:
            if each["response"]["body"]["string"].lstrip().startswith("{"):
                found.setdefault(profile_of(path), []).append(each)
    return found


def corpus() -> Iterator[Plant]:
    rng = random.Random(SEED)
    for vendor, interactions in bases().items():

        def planted(kind: str, position: str, secret: str, put: Put, *parts: str) -> Plant:
            chosen = copy.deepcopy(rng.choice(interactions))  # noqa: B023  (used at once)
            put(chosen, secret)
            return wrapped(vendor, kind, position, chosen, *(parts or pieces(secret)))  # noqa: B023

        for position, put in FREE_POSITIONS.items():
            for kind, make in FREE.items():
                if rng.random() < 0.15 or kind in ALWAYS:
                    yield planted(kind, position, make(rng), put)
        for position, put in LINK_POSITIONS.items():
            for kind in ("bucket link", "signed link", "user in a link", "anchor in a link"):
                yield planted(kind, position, OTHERS[kind](rng), put)
        for position, put in NAME_POSITIONS.items():
            for kind, make in NAMES.items():
                yield planted(kind, position, make(rng), put)
        for position, put in SHORT.items():
            secret = letters(rng, 7, string.ascii_lowercase)
            yield planted("short token", position, secret, put, secret)
        for member, form_ in OWN[vendor].items():
            secret = letters(rng, 7, "bcdfghkmnp")
            make = in_answer(lambda b, s, m=member: b.update({m: s}))
            yield planted("harmless looks", f"member {member}", form_.format(secret), make, secret)
        for form_ in PATHS.get(vendor, ()):
            secret = letters(rng, 7, "bcdfghkmnp")
            put = address(lambda _, s, f=form_: f.format(s))
            yield planted("harmless looks", "an own path", secret, put, secret)
        yield from numbers(rng, vendor, planted)
        yield from media(rng, vendor, interactions)
        yield from told(rng, vendor, interactions)


def numbers(rng: random.Random, vendor: str, planted: Any) -> Iterator[Plant]:
    del vendor
    for member in ("AccountId", "userId", "note_x"):
        secret = "2100" + digits(rng, 6)
        put = in_answer(lambda b, s, m=member: b.update({m: int(s)}))
        yield planted("account number", f"number {member}", secret, put)


def media(rng: random.Random, vendor: str, interactions: list[Any]) -> Iterator[Plant]:
    for kind, make in MEDIA.items():
        content = make(rng)
        text = base64.b64encode(content).decode()
        url = text.replace("+", "-").replace("/", "_").rstrip("=")
        positions: dict[str, Callable[[Any], None]] = {
            "an answer": lambda i, c=content: set_answer(
                i, c, headers={"Content-Type": ["application/octet-stream"]}
            ),
            "a packed answer": lambda i, c=content: set_answer(
                i, gzip.compress(c), headers={"Content-Encoding": ["gzip"]}
            ),
            "a file part": lambda i, c=content: part(i, "file", "a.png", c),
            "a request": lambda i, c=content: i["request"].update(body=c, headers={}),
            "base64": lambda i, t=text: set_answer(i, {"b64_json": t}),
            "base64 for addresses": lambda i, t=url: set_answer(i, {"note_x": t}),
            "a data address": lambda i, t=text: set_answer(
                i, {"url": f"data:image/png;base64,{t}"}
            ),
        }
        for position, put in positions.items():
            chosen = copy.deepcopy(rng.choice(interactions))
            put(chosen)
            sample = content[len(content) // 2 :][:24]
            digest = hashlib.sha256(content).hexdigest()[:32]
            yield wrapped(vendor, kind, position, chosen, sample, digest)


def told(rng: random.Random, vendor: str, interactions: list[Any]) -> Iterator[Plant]:
    """Given by whoever records: a word that looks like any other."""
    for position in ("error message", "page", "gzip", "percent signs", "JSON in a text"):
        chosen = copy.deepcopy(rng.choice(interactions))
        secret = letters(rng, 7, "bcdfghkmnp")
        FREE_POSITIONS[position](chosen, secret)
        plant = wrapped(vendor, "known secret", position, chosen, secret)
        yield Plant(**{**plant.__dict__, "known": (secret,)})


def wrapped(
    vendor: str, kind: str, position: str, interaction: Any, *secrets: str | bytes
) -> Plant:
    origin = {"evidence": "recorded", "sources": ["a test"]}
    cassette = {"origin": origin, "interactions": [interaction], "version": 1}
    return Plant(vendor, kind, position, cassette, secrets)


def pieces(secret: str) -> tuple[str, ...]:
    """What of a secret must not be found: of a link each part that was drawn, else all of it."""
    if "://" in secret:
        drawn = re.split(r"[/:?&=#@.]+", secret.partition("://")[2])
        plain = {"example", "com", "cdn", "mp4", "png", "asset", "cn"}
        return tuple(e for e in drawn if len(e) >= 5 and e not in plain and "X-Tos" not in e)
    if secret.startswith("Bearer "):
        return (secret.removeprefix("Bearer "),)
    if secret.startswith("eyJ"):
        return tuple(secret.split("."))
    return (secret,)


# -- the search -----------------------------------------------------------------------------------


def found_in(cassette: dict[str, Any], secrets: tuple[str | bytes, ...]) -> list[str | bytes]:
    """Search a cassette for secrets, in every encoding."""
    texts = views(flat(cassette))
    for interaction in cassette["interactions"]:
        for body in (interaction["request"]["body"], interaction["response"]["body"]["string"]):
            raw = body if isinstance(body, bytes) else str(body).encode()
            texts |= views(raw.decode("latin-1")) | views(unpacked(raw).decode("latin-1"))
    whole = "\0".join(texts)
    return [each for each in secrets if any(piece in whole for piece in eights(as_text(each)))]


def eights(secret: str) -> set[str]:
    """Every eight characters in a row, without a kind such as `asset-` before the secret."""
    bare = re.sub(r"^(?:[a-z]{2,5}[-_]|trn:iam::)", "", secret)
    return {bare[place : place + 8] for place in range(max(1, len(bare) - 7))}


def flat(part: Any) -> str:
    if isinstance(part, dict):
        return "\n".join(f"{key}\n{flat(each)}" for key, each in part.items())
    if isinstance(part, list):
        return "\n".join(map(flat, part))
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)


def as_text(secret: str | bytes) -> str:
    return secret.decode("latin-1") if isinstance(secret, bytes) else secret


def unpacked(raw: bytes) -> bytes:
    for how in (gzip.decompress, zlib.decompress):
        try:
            return how(raw)
        except (OSError, EOFError, zlib.error):
            continue
    return b""


def views(text: str) -> set[str]:
    found = {text}
    for _ in range(2):
        for each in list(found):
            found |= {unquote(each), html.unescape(each), each.replace("\\", ""), unescaped(each)}
            found |= {each.encode("latin-1", "ignore").decode("utf-8", "ignore")}
    runs = re.findall(r"[A-Za-z0-9+/_-]{16,}", text)
    return found | {decoded(each) for each in runs}


def unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)


def decoded(run: str) -> str:
    run = run.replace("-", "+").replace("_", "/")
    return base64.b64decode(run[: len(run) // 4 * 4]).decode("latin-1")
