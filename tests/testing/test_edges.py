"""The corners of the cassettes' tools: odd bodies, odd media, other readers."""

from __future__ import annotations

import io
import json
import struct

import pytest
from PIL import Image
from secret_corpus import ROOT

from portraitkit.testing.review import reading
from portraitkit.testing.sanitising.pseudonyms import Pseudonyms
from portraitkit.testing.sanitising.sanitiser import Sanitiser, UnsafeCassetteError
from portraitkit.testing.sanitising.standins import _KINDS, _UNKNOWN, _measured, stand_in

DOCUMENTED = ROOT / "cassettes"


def cleaned(body: object = "", request: object = "", **headers: str):
    told = {name.replace("_", "-"): [text] for name, text in headers.items()}
    asked = {"method": "POST", "uri": "https://api.alltoken.ai/v1", "headers": told}
    interaction = {
        "request": {**asked, "body": request},
        "response": {"status": {"code": 200}, "headers": told, "body": {"string": body}},
    }
    found = Sanitiser((), (), Pseudonyms(b"s")).clean({"interactions": [interaction]})
    return found["interactions"][0]["response"]["body"]["string"]


def form(*lines: bytes) -> tuple[bytes, str]:
    parts = b"".join(b"--b\r\n" + line for line in lines)
    return parts + b"--b--\r\n", "multipart/form-data; boundary=b"


HEAD = b'Content-Disposition: form-data; name="x"'


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (b"\xff\xfe\r\n\r\nx\r\n", "head is no text"),
        (b"nothing\r\n\r\nx\r\n", "no name, or no end"),
        (HEAD + b"; filename*=UTF-8''a\r\n\r\nx\r\n", "in a form that cannot be read"),
        (HEAD + b'; filename="a"\r\n\r\nx\r\n', "a file of an unknown type"),
        (HEAD + b"\r\n\r\n\xff\xfe\r\n", "neither text nor a file"),
    ],
)
def test_odd_forms_are_refused(part, problem):
    """A part that is not understood may hold anything."""
    content, kind = form(part)

    with pytest.raises(UnsafeCassetteError, match=problem):
        cleaned(request=content, Content_Type=kind)


def test_a_form_of_several_files_is_written_anew():
    """Each file has its stand-in, each field its text."""
    picture = stand_in(b"GIF89a\x05\0\x04\0")
    assert picture is not None
    file = HEAD + b'; filename="mia.gif"\r\nContent-Type: image/gif\r\n\r\n' + picture + b"\r\n"
    content, kind = form(file, HEAD + b"\r\n\r\nplain\r\n", file)

    assert "" == cleaned(request=content, Content_Type=kind)


@pytest.mark.parametrize(
    ("cassette", "problem"),
    [
        ({"interactions": [{"request": {}}]}, "has no request or no response"),
        ({"interactions": [{"request": {"method": "GET", "uri": "http://x", "body": ["a"]},
                            "response": {}}]}, "not recorded as a text or bytes"),
        ({"interactions": [{"request": {"method": "GET", "uri": "http://[x"}, "response": {}}]},
         "an address in it cannot be parsed"),
        ({"interactions": [{"request": {"method": "GET", "uri": "http://x"},
                            "response": {"body": {"string": "", "more": 1}}}]}, "vcrpy's form"),
        ({"interactions": [{"request": {"method": "GET", "uri": "http://x"}, "response": {},
                            "more": b"x"}]}, "of an unknown kind"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused(cassette, problem):
    """The sanitiser guesses nothing."""
    with pytest.raises(UnsafeCassetteError, match=problem):
        _ = Sanitiser((), (), Pseudonyms(b"s")).clean(cassette)


def test_deep_json_is_refused():
    """Forty levels are more than any vendor has."""
    with pytest.raises(UnsafeCassetteError, match="nested too deeply"):
        _ = cleaned("[" * 60 + "]" * 60)


def test_texts_that_only_begin_as_json_are_texts():
    """Their secrets go all the same."""
    given = json.dumps({"message": '{"a": sk-abcdef123456', "msg": "Bearer abcdefghijk"})
    found = json.loads(cleaned(given))

    assert found["message"].startswith('{"a": sk-')
    assert "abcdef123456" not in found["message"]
    assert found["msg"].startswith("Bearer ")
    assert "abcdefghijk" not in found["msg"]


def test_a_data_address_of_text_is_read():
    """It may hold a key, too."""
    found = cleaned(json.dumps({"u": "data:text/plain,key%20sk-abcdef123456"}))

    assert "abcdef123456" not in found
    assert "data:text/plain,key%20sk-" in found


@pytest.mark.parametrize("name", ["Li", "安娜", "Mia"])
def test_short_names_are_found_in_running_text(name):
    """Given as known or standing in a member; in a script that parts no words, too."""
    told = {"name": name, "message": f"{name}在跑" if name == "安娜" else f"{name} runs, {name}_2"}
    known = Sanitiser((), [name], Pseudonyms(b"s"))
    of_member = Sanitiser((), (), Pseudonyms(b"s"))
    asked = {"method": "GET", "uri": "https://api.alltoken.ai/v1", "headers": {}, "body": ""}
    for each, body in ((known, {"message": told["message"]}), (of_member, told)):
        answer = {"status": {"code": 200}, "headers": {}, "body": {"string": json.dumps(body)}}
        found = each.clean({"interactions": [{"request": asked, "response": answer}]})
        if name != "Li" or each is known:  # two letters of a member may be any word
            assert name not in found["interactions"][0]["response"]["body"]["string"]


def test_a_plain_answer_that_says_gzip_stays():
    """APIYI labels plain replies so, and a test may want to see it."""
    assert '{"status": "queued"}' == cleaned('{"status": "queued"}', Content_Encoding="gzip")


def pixels_of(content: bytes):
    sizes = [_measured(kind, content) for kind in _KINDS if kind.fits(content)]
    return next((size for size in sizes[:1] if size != _UNKNOWN), None)


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), name) + data


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"\0\0\0\x14ftypheic\0\0\0\0" + box(b"ispe", struct.pack(">III", 0, 30, 20)), (30, 20)),
        (b"\0\0\0\x14ftypqt  \0\0\0\0" + box(b"tkhd", b"\0" * 84), None),
        (b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + b"\x1d\0\0\x13\0\0", (30, 20)),
        (b"RIFF\0\0\0\0WEBPVP8 \n\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 30, 20), (30, 20)),
        (b"ID3\4 a song", None),
        (b"\xff\xd8\xff\xe0\0\4", None),
        (b"\xff\xd8\xff\xe0\0\2\0\0", None),
        (b"plain", None),
    ],
)
def test_sizes_are_read_without_a_library(content, size):
    """A stand-in has the same, and where the file does not say, one pixel."""
    assert size == pixels_of(content)
    found = stand_in(content)
    assert size == (pixels_of(found) if found else None)


def test_a_large_picture_has_a_small_stand_in():
    """Twelve million pixels take less than thirty kilobytes in every type."""
    for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP"):
        file = io.BytesIO()
        Image.new("RGB", (4000, 3000)).save(file, kind, method=0, compress_level=1)
        found = stand_in(file.getvalue())

        assert found is not None
        assert 30_000 > len(found)
        assert (4000, 3000) == Image.open(io.BytesIO(found)).size


@pytest.mark.parametrize(
    ("name", "operations"),
    [
        ("apiyi/documented/icover_person.yaml",
         ["start_verification", "check_verification", "check_verification"]),
        ("apiyi/documented/icover_portrait.yaml",
         ["create_group", "add_asset", "", "add_asset", "get_asset", "list_assets", "rename_asset",
          "get_asset", "delete_asset", "get_asset"]),
        ("apimart/documented/virtual_avatar.yaml",
         ["add_asset", "add_asset", "get_asset", "create_video", "get_video", "get_video"]),
        ("xcompute/documented/partial_review.yaml",
         ["add_assets", "get_asset", "get_asset", "get_asset", "get_asset", "create_video"]),
    ],
)  # fmt: skip
def test_each_is_read_by_the_very_operation_that_sends_it(name, operations):
    """A vendor's second library, reviews that are tasks as videos are, several files at once."""
    told = list(reading.lines(DOCUMENTED / name))
    sent = [line.rpartition(": ")[2] for line in told if not line.startswith(" ")]

    assert operations == [each.replace("no operation sends it", "") for each in sent]
    assert [] == [line for line in told if "UnexpectedResponseError" in line]
