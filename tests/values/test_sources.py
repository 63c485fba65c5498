"""What callers hand in as a picture: every form reads as the same file."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

import portraitkit as pk
from portraitkit.values.media import Link, Upload
from portraitkit.values.sources import as_source, as_sources, read_source


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(out, "PNG")
    return out.getvalue()


PNG = _png()


def _closed() -> io.BytesIO:
    buffer = io.BytesIO(PNG)
    buffer.close()
    return buffer


class Opened(io.BytesIO):
    """A buffer with the name of a file."""

    name = "/faces/mia.png"


FORMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text path": (str, "mia"),
    "path": (Path, "mia"),
    "home": (lambda _: "~/mia.png", "mia"),
    "bytes": (lambda _: PNG, ""),
    "bytearray": (lambda _: bytearray(PNG), ""),
    "memoryview": (lambda _: memoryview(PNG), ""),
    "buffer": (lambda _: io.BytesIO(PNG), ""),
    "open file": (lambda path: path.open("rb"), "mia"),
    "named buffer": (lambda _: Opened(PNG), "mia"),
    "web upload": (
        lambda _: SimpleNamespace(filename="mia.png", file=io.BytesIO(PNG), read=None),
        "mia",
    ),
    "picture": (Image.open, ""),
    "data URI": (lambda _: "data:image/png;base64," + base64.b64encode(PNG).decode(), ""),
    "source": (pk.Source, "mia"),
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture in the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "mia.png"
    _ = path.write_bytes(PNG)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_as_the_same_picture(form: str, file: Path) -> None:
    make, stem = FORMS[form]
    given = make(file)
    source = as_source(given)  # type: ignore[arg-type]
    upload = read_source(source)
    getattr(given, "close", lambda: None)()
    assert isinstance(upload, Upload)
    with Image.open(io.BytesIO(upload.content)) as read, Image.open(file) as drawn:
        assert read.tobytes() == drawn.tobytes()
    assert (upload.content_type, upload.media) == ("image/png", pk.MediaType.IMAGE)
    assert source.stem == (stem if form != "picture" else source.stem)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", None])
def test_a_picture_of_any_mode_is_written_in_a_form_that_vendors_list(
    mode: str, kind: str | None
) -> None:
    picture = Image.new(mode, (400, 300))
    picture.format = kind
    upload = read_source(as_source(picture))
    assert isinstance(upload, Upload)
    assert upload.content_type in ("image/jpeg", "image/png", "image/webp")


@pytest.mark.parametrize(
    ("source", "says", "then"),
    [
        (io.StringIO("text"), "gives text", "binary mode"),
        (io.BytesIO(), "nothing left", "seek"),
        ("data:image/png;base64,!!!", "cannot be read", "data:image/png;base64"),
        ("data:", "is empty", "content"),
        (_closed(), "closed file", "open and whole"),
        ("mia.png", "looked for it in", "path of an existing"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    source: object, says: str, then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pk.MediaError, match=says) as refused:
        read_source(as_source(source))  # type: ignore[arg-type]
    assert then in refused.value.next_step


def test_a_url_is_left_for_the_vendor() -> None:
    link = read_source(as_source("https://pictures.example/mia.jpg"))
    assert isinstance(link, Link)
    assert as_source("https://pictures.example/mia.jpg").stem == ""


def test_what_is_said_beside_a_source_goes_before_what_it_says_itself() -> None:
    source = pk.Source(PNG, name="front", media=pk.MediaType.IMAGE)
    assert as_source(source, "side").name == "side"
    assert as_source(source).name == "front"
    assert repr(PNG)[:20] not in repr(source)


@pytest.mark.parametrize("one", ["mia.png", PNG, bytearray(PNG), pk.Source(PNG)])
def test_one_source_is_no_batch(one: object) -> None:
    with pytest.raises(pk.InvalidInputError, match="one source is not a list"):
        as_sources(one)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [each for each in FORMS if "text" not in each])
def test_a_file_in_a_request_is_told_where_it_goes(form: str, file: Path) -> None:
    given = FORMS[form][0](file)
    media = pk.Frames(first=given)  # type: ignore[arg-type]
    with (
        pk.connect("alltoken", simulated=True) as client,
        pytest.raises(pk.InvalidInputError) as no,
    ):
        client.preview_video(pk.VideoRequest(prompt="x", media=media))
    getattr(given, "close", lambda: None)()
    assert no.value.field == "media.first"
    assert "ensure_portrait" in no.value.next_step


WAYS = ("alltoken", "token360", "volcengine", "byteplus", "apiyi", "apimart", "xcompute")


@pytest.mark.parametrize("form", [each for each in FORMS if "text" not in each])
@pytest.mark.parametrize(
    "put", [lambda it: pk.Frames(first=it), lambda it: pk.References(images=[it])]
)
def test_a_file_in_a_request_is_registered_once_and_sent(form: str, put: Any, file: Path) -> None:
    with pk.connect(WAYS[len(form) % len(WAYS)], simulated=1000) as client:
        for _ in range(2):
            given = FORMS[form][0](file)
            task = client.create_video(pk.VideoRequest(prompt="x", media=put(given)))
            getattr(given, "close", lambda: None)()
            assert client.wait_for_videos([task.handle])[0].status is pk.VideoStatus.SUCCEEDED
        (files,) = client.ledger.bindings("_files")
        assert len(files.looks) == 1


@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine", "xcompute", "apimart"])
def test_a_batch_gets_its_names(vendor: str, file: Path) -> None:
    with pk.connect(vendor, simulated=200) as client:
        group = client.create_group("Mia")
        assets = client.add_assets(group, {"front": PNG, "side": file})
        assert [each.name for each in assets] == ["front", "side"]
        assert client.add_assets(group, [pk.Source(PNG, name="back")])[0].name == "back"


@pytest.mark.parametrize(("vendor", "name"), [("volcengine", "mia"), ("xcompute", "mia")])
def test_a_files_name_is_the_assets_where_a_create_takes_one(
    vendor: str, name: str, file: Path
) -> None:
    with pk.connect(vendor, simulated=200) as client:
        assert client.add_asset(client.create_group("Mia"), file).name == name
