"""
Files that stand in for media: the same type, the same size in pixels, and nothing on them.

Nothing of the original is kept but these two. Needs no picture library.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

from attrs import frozen

Size = tuple[int, int]
_MOST_PX: Final = 20_000
_SHORT: Final = 3
"""A TIFF's word for a number of two bytes."""
_MOST_SEARCHED: Final = 1_000_000


@frozen
class _Kind:
    content_type: str
    fits: Callable[[bytes], bool]
    measure: Callable[[bytes], Size]
    make: Callable[[Size], bytes]


def stand_in(content: bytes) -> bytes | None:
    """Make the file that stands in for *content*; None if it is no media of a known type."""
    for kind in _KINDS:
        if kind.fits(content):
            return kind.make(_measured(kind, content))
    return None


_UNKNOWN: Final = (1, 1)


def _measured(kind: _Kind, content: bytes) -> Size:
    try:
        width, height = kind.measure(content)
    except (struct.error, IndexError, ValueError):
        return _UNKNOWN
    return (width, height) if 0 < width <= _MOST_PX and 0 < height <= _MOST_PX else _UNKNOWN


def _at(layout: str, content: bytes, place: int) -> Size:
    first, second = struct.unpack_from(layout, content, place)
    return int(first), int(second)


# -- pictures ------------------------------------------------------------------------------------


def _png(size: Size) -> bytes:
    width, height = size
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = (b"\0" * (1 + (width + 7) // 8)) * height
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _jpeg_size(content: bytes) -> Size:
    place = 2
    while content[place] == 0xFF:  # noqa: PLR2004  (what every marker begins with)
        marker = content[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # noqa: PLR2004  (frames)
            height, width = _at(">HH", content, place + 5)
            return width, height
        place += 2 + int(struct.unpack_from(">H", content, place + 2)[0])
    return _UNKNOWN


def _jpeg(size: Size) -> bytes:
    """Progressive, grey, first scan only: one bit for each block of eight by eight."""
    width, height = size

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    blocks = -(-width // 8) * -(-height // 8)
    whole, rest = divmod(blocks, 8)
    scan = b"\0" * whole + (bytes([0xFF >> rest]) if rest else b"")
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
            segment(0xC4, b"\0\1" + b"\0" * 15 + b"\0"),
            segment(0xDA, b"\1\1\0\0\0\0"),
            scan,
            b"\xff\xd9",
        )
    )


def _gif(size: Size) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", *size) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return head + b",\0\0\0\0\1\0\1\0\0\x02\x02D\x01\0;"


def _webp_size(content: bytes) -> Size:
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = _at("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    wide, high = content[24:27], content[27:30]
    return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1


def _webp(size: Size) -> bytes:
    """Lossless, one colour: five tables of one symbol each, so that a pixel takes no bit."""
    width, height = (min(each, 1 << 14) for each in size)
    bits = (width - 1) | (height - 1) << 14
    place = 32 + 3  # no transform, no cache, no table of tables
    for _ in range(5):
        bits |= 0b0001 << place  # a simple table of one symbol, which is 0
        place += 4
    data = b"\x2f" + bits.to_bytes(-(-place // 8), "little")
    data += b"\0" * (len(data) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _bmp(size: Size) -> bytes:
    """Run lengths of eight bits, all of whose rows are skipped."""
    whole, rest = divmod(abs(size[1]), 255)
    data = b"\0\2\0\xff" * whole + bytes((0, 2, 0, rest)) + b"\0\1"
    palette = b"\0" * 8
    start = 14 + 40 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, *size, 1, 8, 1, len(data), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data


def _tiff_size(content: bytes) -> Size:
    order = "<" if content[:2] == b"II" else ">"
    table = int(struct.unpack_from(order + "I", content, 4)[0])
    found: dict[int, int] = {}
    for place in range(int(struct.unpack_from(order + "H", content, table)[0])):
        entry = table + 2 + 12 * place
        tag, kind = _at(order + "HH", content, entry)
        width = order + ("H" if kind == _SHORT else "I")
        found[tag] = int(struct.unpack_from(width, content, entry + 8)[0])
    return found.get(256, 1), found.get(257, 1)


def _tiff(size: Size) -> bytes:
    width, height = size
    data = zlib.compress(b"\0" * ((width + 7) // 8 * height), 9)
    rows = ((256, width), (257, height), (258, 1), (259, 8), (262, 1), (273, 8), (278, height),
            (279, len(data)))  # fmt: skip
    table = struct.pack("<H", len(rows))
    table += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in rows)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + table + b"\0" * 4


# -- films and sounds ----------------------------------------------------------------------------


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), name) + data


def _film_size(content: bytes) -> Size:
    """Read the first track header that has a size, near the start or the end of the file."""
    for part in (content[:_MOST_SEARCHED], content[-_MOST_SEARCHED:]):
        place = part.find(b"tkhd")
        while place >= 0:
            start = place + 4 + (76 if part[place + 4] == 0 else 88)
            width, height = _at(">II", part, start)
            if width >> 16 and height >> 16:
                return width >> 16, height >> 16
            place = part.find(b"tkhd", place + 4)
    return _UNKNOWN


def _film(brand: bytes) -> Callable[[Size], bytes]:
    def make(size: Size) -> bytes:
        matrix = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
        movie = struct.pack(">5I", 0, 0, 0, 1000, 0) + struct.pack(">IHHII", 1 << 16, 256, 0, 0, 0)
        movie += matrix + b"\0" * 24 + struct.pack(">I", 2)
        track = struct.pack(">6I", 7, 0, 0, 1, 0, 0) + b"\0" * 16 + matrix
        track += struct.pack(">II", size[0] << 16, size[1] << 16)
        parts = _box(b"mvhd", movie) + _box(b"trak", _box(b"tkhd", track))
        return _box(b"ftyp", brand + b"\0\0\0\0" + brand) + _box(b"moov", parts)

    return make


def _heic_size(content: bytes) -> Size:
    return _at(">II", content, content.index(b"ispe", 0, _MOST_SEARCHED) + 8)


def _heic(size: Size) -> bytes:
    extents = _box(b"ispe", struct.pack(">III", 0, *size))
    whole = _box(b"iprp", _box(b"ipco", extents))
    return _box(b"ftyp", b"heic\0\0\0\0mif1heic") + _box(b"meta", b"\0\0\0\0" + whole)


def _wav(size: Size) -> bytes:
    del size
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data = b"WAVE" + shape + struct.pack("<4sI", b"data", 0)
    return b"RIFF" + struct.pack("<I", len(data)) + data


def _mp3(size: Size) -> bytes:
    del size
    return b"ID3\4\0\0\0\0\0\0" + b"\xff\xfb\x10\xc4" + b"\0" * 100


def _no_size(content: bytes) -> Size:
    del content
    return _UNKNOWN


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(starts)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[:4] == b"RIFF" and content[8:12] == form


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[4:8] == b"ftyp" and content[8:12].startswith(brands)


_KINDS: Final = (
    _Kind("image/png", _begins(b"\x89PNG\r\n\x1a\n"), lambda c: _at(">II", c, 16), _png),
    _Kind("image/jpeg", _begins(b"\xff\xd8\xff"), _jpeg_size, _jpeg),
    _Kind("image/gif", _begins(b"GIF87a", b"GIF89a"), lambda c: _at("<HH", c, 6), _gif),
    _Kind("image/webp", _riff(b"WEBP"), _webp_size, _webp),
    _Kind("image/bmp", lambda c: c[:2] == b"BM" and c[6:10] == b"\0" * 4,
          lambda c: _at("<ii", c, 18), _bmp),
    _Kind("image/tiff", _begins(b"II*\0", b"MM\0*"), _tiff_size, _tiff),
    _Kind("image/heic", _brand(b"hei", b"hev", b"mif1", b"avif"), _heic_size, _heic),
    _Kind("video/quicktime", _brand(b"qt  "), _film_size, _film(b"qt  ")),
    _Kind("video/mp4", lambda c: c[4:8] == b"ftyp", _film_size, _film(b"isom")),
    _Kind("audio/wav", _riff(b"WAVE"), _no_size, _wav),
    _Kind("audio/mpeg", _begins(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
          _no_size, _mp3),
)  # fmt: skip
