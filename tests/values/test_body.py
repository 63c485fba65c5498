"""What is too large to be held: the same content from every source, as often as it is read."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime

import pytest
from attrs import evolve
from PIL import Image

import portraitkit as pk
from portraitkit.providers.dialects.signing import sign
from portraitkit.values.body import PIECE_BYTES, WHOLE_BYTES, Body
from portraitkit.values.secret import Secret
from portraitkit.values.sources import Source, read_source
from portraitkit.wire.bodies import multipart
from portraitkit.wire.steps import Request


def _content() -> bytes:
    """A picture, and more than a MiB of what is not alike anywhere."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return out.getvalue() + b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(50_000))


CONTENT = _content()
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Pipe(io.BytesIO):
    """What comes once, and as it comes."""

    def seekable(self):
        return False

    def read(self, size=-1, /):
        return super().read(min(size, 1000))


def after_a_head(_):
    file = io.BytesIO(b"head" + CONTENT)
    file.seek(4)
    return file


FORMS = {
    "path": lambda path: path,
    "open file": lambda path: path.open("rb"),
    "stream": lambda _: Pipe(CONTENT),
    "rest of a file": after_a_head,
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mia.png"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def upload(request, path):
    file = request.param(path)
    yield read_source(Source(file))
    getattr(file, "close", lambda: None)()


def large(path):
    return read_source(Source(path))


def test_every_form_of_a_large_file_reads_the_same_again_and_again(upload):
    """Also where two read at a time, and where a reader goes back."""
    body = upload.body
    one, other = body.pieces(), body.pieces()
    pairs = list(zip(one, other, strict=True))

    assert (CONTENT, CONTENT) == tuple(b"".join(each) for each in zip(*pairs, strict=True))
    assert PIECE_BYTES == max(len(piece) for piece, _ in pairs)
    assert (len(CONTENT), DIGEST, CONTENT) == (len(body), body.sha256, upload.content)
    assert ("image/png", (40, 30)) == (upload.content_type, upload.pixels)
    with upload.open() as file:
        assert (len(CONTENT) - 5, CONTENT[-5:]) == (file.seek(-5, io.SEEK_END), file.read())


def test_neither_body_nor_request_shows_what_is_in_it(upload):
    """Not even the bytes that tell what it is."""
    request = Request(method="PUT", url="https://a.example/x", content=upload.body)

    for each in (upload, upload.body, request, Request.__repr__(request)):
        assert "PNG" not in repr(each)
    assert f"{len(CONTENT)} bytes" in repr(request)


@pytest.mark.parametrize("size", [WHOLE_BYTES, WHOLE_BYTES + 1])
@pytest.mark.parametrize("form", [Source, lambda path: Source(io.BytesIO(path.read_bytes()))])
def test_what_is_small_is_read_at_once(path, size, form):
    """It is bytes then, and stays what it was when it was looked at."""
    path.write_bytes(CONTENT[:size])
    body = read_source(form(path)).body

    assert (size > WHOLE_BYTES) == isinstance(body, Body)


def test_an_open_file_that_got_shorter_is_told(path):
    """It is not sent as if it were whole."""
    with path.open("rb") as file:
        body = read_source(Source(file)).body
        with path.open("r+b") as other:
            other.truncate(WHOLE_BYTES)

        with pytest.raises(pk.MediaError, match="has changed since it was looked at"):
            bytes(body)


def test_an_open_file_that_was_closed_is_told(path):
    """By an error that says that nothing was registered."""
    with path.open("rb") as file:
        body = read_source(Source(file)).body

    with pytest.raises(pk.MediaError, match="closed file; nothing was registered"):
        bytes(body)


# -- in requests -----------------------------------------------------------------------------------


def form(content):
    return multipart(
        {"GroupId": "g-1"},
        name="file",
        filename="mia.png",
        content=content,
        content_type="image/png",
    )


def test_a_form_around_a_file_is_the_one_around_its_bytes(path):
    """But for the boundary, which is random, as nobody has read the file by then."""
    body = large(path).body
    whole, plain = (form(each) for each in (body, CONTENT))
    (ours, theirs) = (kind.partition("boundary=")[2].encode() for _, kind in (whole, plain))

    assert isinstance(whole[0], Body)
    assert bytes(plain[0]) == bytes(whole[0]).replace(ours, theirs)
    assert len(plain[0]) == len(whole[0])
    assert form(body) == whole
    assert form(large(path).body)[1] != whole[1]


def test_a_signature_of_a_file_is_the_one_of_its_bytes(path):
    """Its digest is taken without holding it."""
    request = Request(
        method="POST",
        url="https://open.volcengineapi.com/",
        headers={"Content-Type": "image/png"},
        content=large(path).body,
    )
    keys = {"access_key": Secret("AKLT"), "secret_key": Secret("s"), "session_token": None}
    place = {"region": "r", "service": "ark", "now": datetime(2026, 1, 2, tzinfo=UTC)}

    one, other = (
        sign(each, **keys, **place) for each in (request, evolve(request, content=CONTENT))
    )
    assert one.headers == other.headers


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine", "apimart"])
def test_a_portrait_is_known_by_its_bytes_however_they_came(vendor, path):
    """A large file, an open one and its bytes are one look; another file is another."""
    with pk.connect(vendor, simulated=1000) as client:
        client.ensure_portrait("Mia", path)
        with path.open("rb") as file:
            client.ensure_portrait("Mia", file)
        client.ensure_portrait("Mia", CONTENT)
        path.write_bytes(CONTENT + b"more")

        with pytest.raises(pk.PortraitChangedError):
            client.ensure_portrait("Mia", path)
