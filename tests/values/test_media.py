"""Media: what a file is, which documented limits it breaks, and how it gets to a public URL."""

from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from portraitkit.values.errors import MediaError
from portraitkit.values.media import (
    FolderMediaHost,
    MediaRules,
    Upload,
    as_link,
    as_upload,
    measure,
    read_file,
    read_regular,
    sniff,
)
from portraitkit.values.statuses import MediaType


def picture(kind="PNG", size=(4, 3)):
    """Make a real picture with Pillow."""
    file = io.BytesIO()
    Image.new("RGB", size, "white").save(file, kind)
    return file.getvalue()


def container(brand):
    """Begin a file of the MP4 family."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00isomiso2"


FILES = {
    "jpg": (picture("JPEG"), "image/jpeg"),
    "png": (picture("PNG"), "image/png"),
    "gif": (picture("GIF"), "image/gif"),
    "bmp": (picture("BMP"), "image/bmp"),
    "tiff": (picture("TIFF"), "image/tiff"),
    "webp": (picture("WEBP"), "image/webp"),
    "tiff, other byte order": (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
    "gif of 1987": (b"GIF87a\x01\x00\x01\x00", "image/gif"),
    "heic": (container(b"heic"), "image/heic"),
    "heif": (container(b"mif1"), "image/heic"),
    "mp4": (container(b"isom"), "video/mp4"),
    "mp4, newer": (container(b"mp42"), "video/mp4"),
    "mov": (container(b"qt  "), "video/quicktime"),
    "mp3 with tags": (b"ID3\x04\x00\x00\x00\x00\x00\x00", "audio/mpeg"),
    "mp3": (b"\xff\xfb\x90\x00" + bytes(16), "audio/mpeg"),
    "mp3, low rate": (b"\xff\xf3\x90\x00" + bytes(16), "audio/mpeg"),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(16), "audio/wav"),
}
NO_MEDIA = {
    "text": b"a text file\n",
    "text that begins like a bitmap": b"BMW is a maker of cars, as everyone knows.",
    "text that begins like an mp3": b"ID3 tags are explained here.",
    "html": b"<!doctype html><title>Not found</title>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "pdf": b"%PDF-1.7",
    "zip": b"PK\x03\x04",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "webm": b"\x1a\x45\xdf\xa3",
    "m4a": container(b"M4A "),
    "avif": container(b"avif"),
    "aac": b"\xff\xf1\x50\x80" + bytes(16),
    "ogg": b"OggS\x00",
    "one byte": b"\xff",
    "blanks": b"\n\n\n",
}
RULES = MediaRules(
    source="a guide",
    types=frozenset({"image/png", "image/jpeg"}),
    max_bytes=1000,
    side_px=(3, 100),
    ratio=(0.4, 2.5),
)


def upload(content, media=MediaType.IMAGE, content_type="image/png"):
    return Upload(content=content, filename="x", content_type=content_type, media=media)


def fields(rules, item):
    return [finding.field for finding in rules.check(item)]


# -- what it is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "content_type"), FILES.values(), ids=FILES)
def test_every_listed_type_is_known_by_its_first_bytes(content, content_type):
    """A file is what its content says, whatever its name."""
    found = as_upload(content, filename="mia.bin")

    assert (found.content_type, found.filename) == (content_type, "mia.bin")
    assert found.media.value == content_type.partition("/")[0]


@pytest.mark.parametrize("content", NO_MEDIA.values(), ids=NO_MEDIA)
def test_what_no_vendor_lists_is_refused(content):
    """A text, an archive or another kind of media is named and refused before anything is sent."""
    with pytest.raises(MediaError, match=r"notes\.txt is no picture, video or audio"):
        as_upload(content, filename="notes.txt")


def test_an_empty_file_is_refused():
    """Nothing cannot be registered; the error names the file, or says that bytes were given."""
    with pytest.raises(MediaError, match=r"mia\.jpg is empty"):
        as_upload(b"", filename="mia.jpg")
    with pytest.raises(MediaError, match="the given bytes is empty"):
        as_upload(b"")


@given(st.binary(max_size=40))
@example(b"RIFF")
@example(b"\x00\x00\x00\x18ftyp")
def test_any_bytes_are_media_or_none(content):
    """No content whatever makes sniffing fail."""
    found = sniff(content)

    assert found is None or found[1] is MediaType(found[0].partition("/")[0])


def test_a_file_of_another_kind_than_announced_is_refused():
    """A picture announced as a video says what it is and what to pass."""
    with pytest.raises(MediaError, match=r"image/png, not the video") as caught:
        as_upload(FILES["png"][0], filename="mia.png", media=MediaType.VIDEO)
    assert "MediaType.IMAGE" in caught.value.next_step


def test_a_file_of_the_announced_kind_is_taken():
    """Announcing what it is changes nothing."""
    assert as_upload(FILES["mp4"][0], media=MediaType.VIDEO).media is MediaType.VIDEO


@pytest.mark.parametrize(
    ("name", "filename"), [("jpg", "image.jpg"), ("mov", "video.mov"), ("wav", "audio.wav")]
)
def test_bytes_without_a_name_get_one(name, filename):
    """A vendor that goes by the name's ending gets the right one."""
    assert as_upload(FILES[name][0]).filename == filename


def test_an_upload_shows_no_bytes():
    """A face does not land in a log."""
    assert "PNG\\r" not in repr(as_upload(FILES["png"][0]))


# -- reading ---------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path):
    """The content is what the file holds."""
    path = tmp_path / "mia.png"
    path.write_bytes(b"content")

    assert read_file(path) == b"content"


@pytest.mark.parametrize("name", ["missing.png", ".", "missing/mia.png", "mia\0.png", "x" * 999])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    """A missing file, a directory or an impossible name is a MediaError with the reason."""
    with pytest.raises(MediaError, match="cannot read") as caught:
        read_file(tmp_path / name)
    assert caught.value.field == "source"
    assert str(tmp_path.parent) not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe", "is no file"),
        ("/dev/zero", "is no file"),
        (".", "(?i)is a directory"),
        ("large.bin", "larger than 1000 bytes"),
    ],
)
def test_only_a_file_that_has_an_end_is_read(tmp_path, name, said):
    """A pipe that nobody writes to is not waited for, and a device does not fill the memory."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.bin").write_bytes(bytes(1001))

    with pytest.raises(OSError, match=said):
        read_regular(tmp_path / name, 1000)

    (tmp_path / "full.bin").write_bytes(bytes(1000))
    assert read_regular(tmp_path / "full.bin", 1000) == bytes(1000)


# -- limits ----------------------------------------------------------------------------------------


def test_a_file_within_the_limits_has_no_findings():
    """A fitting picture passes in silence."""
    assert fields(RULES, upload(picture(size=(10, 10)))) == []


def test_rules_without_limits_find_nothing():
    """What a vendor does not document is not checked."""
    assert fields(MediaRules(source="none"), upload(picture(size=(1, 500)))) == []


@pytest.mark.parametrize(
    ("content", "found", "limit"),
    [
        (picture("GIF", (10, 10)), "image/gif", ["image/jpeg", "image/png"]),
        (picture("PNG", (10, 10)) + bytes(2000), 2000 + len(picture("PNG", (10, 10))), 1000),
        (picture(size=(2, 3)), (2, 3), (3, 100)),
        (picture(size=(101, 50)), (101, 50), (3, 100)),
        (picture(size=(30, 10)), 3.0, (0.4, 2.5)),
        (picture(size=(10, 30)), 0.333, (0.4, 2.5)),
    ],
    ids=["type", "size", "too small", "too large", "too wide", "too tall"],
)
def test_a_broken_limit_is_a_finding(content, found, limit):
    """Type, size, pixels and ratio are each reported with what was found, limit and source."""
    (finding,) = [each for each in RULES.check(as_upload(content)) if each.found == found]

    assert (finding.field, finding.limit, finding.source) == ("media", limit, "a guide")
    assert finding.message


@pytest.mark.parametrize("size", [(3, 3), (100, 100), (4, 10), (25, 10)])
def test_a_limit_itself_is_within(size):
    """The documented numbers are the last allowed ones."""
    assert fields(RULES, upload(picture(size=size))) == []
    assert fields(MediaRules(source="s", max_bytes=4), upload(b"1234")) == []


def test_every_broken_limit_is_reported():
    """Findings do not hide each other."""
    item = as_upload(picture("GIF", (300, 1)) + bytes(1000))

    assert len(fields(RULES, item)) == 4


def test_a_damaged_picture_is_checked_as_far_as_it_can_be():
    """A picture that Pillow cannot read has no pixels, and its size still counts."""
    item = upload(b"\x89PNG\r\n\x1a\n" + bytes(2000))

    assert measure(item) is None
    assert len(fields(RULES, item)) == 1


@pytest.mark.parametrize("name", ["mp4", "wav"])
def test_only_pictures_are_measured(name):
    """Videos and sounds have no pixels that Pillow could count."""
    assert measure(as_upload(FILES[name][0])) is None


def test_without_pillow_the_rest_is_checked(monkeypatch):
    """The `images` extra is optional: type and size are found, pixels are not."""
    item = as_upload(picture("GIF", (300, 1)) + bytes(1000))
    monkeypatch.setitem(sys.modules, "PIL", None)

    assert measure(item) is None
    assert len(fields(RULES, item)) == 2


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "media"),
    [
        ("https://a.example/mia.jpg", MediaType.IMAGE),
        ("https://a.example/mia.JPEG?sig=x.mp3", MediaType.IMAGE),
        ("https://a.example/mia.mp4#t=1", MediaType.VIDEO),
        ("https://a.example/mia.mov", MediaType.VIDEO),
        ("https://a.example/mia.wav", MediaType.AUDIO),
        ("https://a.example/mia.mp3", MediaType.AUDIO),
        ("https://a.example/mia", MediaType.IMAGE),
        ("https://a.example:8443/", MediaType.IMAGE),
        ("http://127.0.0.1:8360/mia.png", MediaType.IMAGE),
        ("http://localhost/mia.mp4", MediaType.VIDEO),
        ("HTTPS://a.example/mia.mp4", MediaType.VIDEO),
    ],
)
def test_a_public_address_is_taken_as_it_is(url, media):
    """An https URL is kept word for word; its ending says what it is, a picture if nothing does."""
    link = as_link(url)

    assert (link.url.reveal(), link.media) == (url, media)


def test_what_is_announced_wins_over_the_ending():
    """A caller knows what an address without a telling name holds."""
    assert as_link("https://a.example/x.jpg", media=MediaType.AUDIO).media is MediaType.AUDIO


def test_an_address_is_kept_as_a_secret():
    """A signed URL does not show in the text form of a link."""
    assert "abcdef" not in repr(as_link("https://a.example/mia.jpg?sig=abcdef"))


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/mia.jpg",
        "http://127.0.0.1.evil.com/mia.jpg",
        "ftp://a.example/mia.jpg",
        "file:///etc/passwd",
        "data://image/png;base64,AAAA",
        "//a.example/mia.jpg",
        "mia.jpg",
        "",
    ],
)
def test_another_scheme_is_refused(url):
    """Only https goes over the network, and http stays on this machine."""
    with pytest.raises(MediaError, match="https"):
        as_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret-pass@a.example/mia.jpg",
        "https://user@a.example/mia.jpg",
        "https://:secret-pass@a.example/mia.jpg",
        "https://@a.example/mia.jpg",
        "https://",
        "https:///mia.jpg",
        "https://a.example:99999/mia.jpg",
        "https://a.example:port/mia.jpg",
        "https://[::1/mia.jpg",
        "https://[evil]/mia.jpg",
        "https://a.example/mia.jpg\r\nX: 1",
        "https://a.example/mi a.jpg",
        "https://a\t.example/mia.jpg",
    ],
)
def test_an_address_with_a_user_name_or_without_a_host_is_refused(url):
    """A password, a lacking host or port, and blanks are refused without showing the URL."""
    with pytest.raises(MediaError) as caught:
        as_link(url)
    assert "secret-pass" not in str(caught.value)


# -- a host of one's own ---------------------------------------------------------------------------


def publish(host, content=b"content", filename="mia.png"):
    return host.publish(content, filename=filename, content_type="image/png")


def test_publishing_writes_the_file_and_names_its_address(tmp_path):
    """The file lies in the folder, made if it is not there, under the name in the URL."""
    host = FolderMediaHost(str(tmp_path / "public" / "faces"), "https://media.example/faces/")
    url = publish(host)

    (path,) = (tmp_path / "public" / "faces").iterdir()
    assert url == f"https://media.example/faces/{path.name}"
    assert (path.read_bytes(), path.suffix) == (b"content", ".png")


def test_publishing_twice_stores_once(tmp_path):
    """Equal content has one address and one file; other content has its own."""
    host = FolderMediaHost(tmp_path, "https://media.example")

    assert publish(host) == publish(host)
    assert publish(host) != publish(host, b"other")
    assert len(list(tmp_path.iterdir())) == 2


def test_the_address_does_not_tell_the_files_name(tmp_path):
    """A person's name in a file's name does not get into a public URL."""
    url = publish(FolderMediaHost(tmp_path, "https://media.example"), filename="Ann Smith.png")

    assert "Ann" not in url


@pytest.mark.parametrize(
    "filename",
    ["mia", "mia.p?g", "mia.p g", "mia.é", "mia.#", "mia.png%2e", "", "mia." + "x" * 300],
)
def test_the_address_is_a_plain_one_whatever_the_files_name(tmp_path, filename):
    """An ending that does not belong into a URL is left out."""
    url = publish(FolderMediaHost(tmp_path, "https://media.example"), filename=filename)

    (path,) = tmp_path.iterdir()
    assert url == f"https://media.example/{path.name}"
    assert as_link(url).url.reveal().rpartition("/")[2].isalnum()


def test_two_who_publish_the_same_at_once_do_not_disturb_each_other(tmp_path):
    """While one writes, another may publish the same content from beginning to end."""
    host = FolderMediaHost(tmp_path, "https://media.example")
    urls = []

    class Slow(io.BytesIO):
        def read(self, size=-1, /):
            if not urls:
                urls.append(publish(host))
            return super().read(size)

    kind = {"filename": "mia.png", "content_type": "image/png"}
    url = host.publish_file(Slow(b"content"), **kind)

    assert (urls, len(list(tmp_path.iterdir()))) == ([url], 1)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    """When the disk fails half-way, neither the file nor a part of it stays behind."""

    class Full(io.BytesIO):
        def read(self, size=-1, /):
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(3)

    host = FolderMediaHost(tmp_path, "https://media.example")
    with pytest.raises(OSError, match="No space left"):
        host.publish_file(Full(b"content"), filename="mia.png", content_type="image/png")
    assert list(tmp_path.iterdir()) == []
