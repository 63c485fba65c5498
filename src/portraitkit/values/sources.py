"""What callers hand in as a picture, video or audio: paths, bytes, open files, pictures, URLs."""

from __future__ import annotations

import io
import re
import weakref
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias, TypeGuard, runtime_checkable
from urllib.parse import unquote_to_bytes

from attrs import field, frozen

from .body import PIECE_BYTES, START_BYTES, WHOLE_BYTES, FileBody, OpenBody
from .errors import InvalidInputError, MediaError
from .media import SOURCE_LIMIT_BYTES, Link, Upload, as_link, as_upload, read_file
from .statuses import MediaType


@runtime_checkable
class Readable(Protocol):
    """A file that is open for reading in binary mode, such as `io.BytesIO`. It is not closed."""

    def read(self, size: int = -1, /) -> bytes:
        """Read what is left, or at most *size* bytes."""
        ...


@runtime_checkable
class UploadedFile(Protocol):
    """An upload that a web framework received, such as Starlette's and FastAPI's `UploadFile`."""

    filename: str | None

    @property
    def file(self) -> Any:
        """The open file."""
        ...


@runtime_checkable
class Picture(Protocol):
    """A picture of Pillow, `PIL.Image.Image`."""

    format: str | None
    mode: str

    def convert(self, mode: str, /) -> Picture:
        """Change its mode."""
        ...

    def save(self, fp: IO[bytes], /, format: str | None = None) -> None:
        """Write it."""
        ...


MediaFile: TypeAlias = (
    str | Path | bytes | bytearray | memoryview | Readable | UploadedFile | Picture
)


@frozen
class Source:
    """
    A source with what is to be said of it, for `add_assets`.

    Attributes:
        file: A path, the bytes, an open file, a picture, a `data:` URI or a public https URL.
        name: The asset's, to find it again by; if not given, `stem`, where a create takes names.
        media: What it is; found out from the content, if not given.
    """

    file: MediaFile | Upload = field(repr=False)
    name: str = ""
    media: MediaType | None = None

    @property
    def stem(self) -> str:
        """The name of the file without its ending; empty for what has none."""
        return Path(_filename(self.file)).stem


MediaSource: TypeAlias = MediaFile | Source
"""What `add_asset` takes: a file in one of its forms, or a `Source`."""
MediaSources: TypeAlias = Mapping[str, MediaFile] | Sequence[MediaSource]
"""What `add_assets` takes: sources, or names with their files."""


def as_source(given: MediaSource, name: str = "", media: MediaType | None = None) -> Source:
    """Take a source with what is said beside it, else of itself."""
    whole = given if isinstance(given, Source) else Source(given)
    return Source(whole.file, name or whole.name, media or whole.media)


def as_sources(given: MediaSources) -> list[Source]:
    """
    Take the sources of a batch.

    Raises:
        InvalidInputError: It is one source.
    """
    if isinstance(given, Mapping):
        return [as_source(file, name) for name, file in given.items()]
    if isinstance(given, str | bytes | bytearray | memoryview | Source):
        raise InvalidInputError(
            "one source is not a list of sources",
            field="sources",
            next_step="put it into brackets, or call add_asset",
        )
    return [as_source(each) for each in given]


def is_inline(source: object) -> bool:
    """Tell a `data:` URI, which holds the file itself."""
    return isinstance(source, str) and source.lstrip()[:5].lower() == "data:"


def is_local(source: object) -> TypeGuard[MediaSource]:
    """Tell a file in one of its forms; of a text, by the ending that a picture or film has."""
    if isinstance(source, str):
        return is_inline(source) or ("://" not in source and bool(re.search(_ENDING, source)))
    if source is None or isinstance(source, tuple):
        return False  # to look for members of a protocol takes long
    forms = (Path, bytes, bytearray, memoryview, Readable, UploadedFile, Picture, Source)
    return isinstance(source, forms)


def read_source(source: Source) -> Upload | Link:
    """
    Read a source, unless it is a URL; a large one only as far as it tells what it is. May block.

    Raises:
        MediaError: There is nothing to read, or no vendor lists such a file.
    """
    file, media = source.file, source.media
    if isinstance(file, str) and is_inline(file):
        return as_upload(_inline(file.strip()), media=media)
    if isinstance(file, str) and "://" in file:
        return as_link(file, media=media)
    if isinstance(file, Upload):
        return file
    return as_upload(_content(file), filename=_filename(file), media=media)


def _content(file: MediaFile) -> bytes | FileBody:
    if isinstance(file, bytes | bytearray | memoryview):
        return bytes(file)
    if isinstance(file, str | Path):
        return read_file(Path(file).expanduser())
    label = f"the given {type(file).__name__}"
    try:
        if isinstance(file, Picture):
            return _written(file)
        return _opened(file.file if isinstance(file, UploadedFile) else file, label)
    except MediaError:
        raise
    except Exception as error:
        raise MediaError(
            f"{label} cannot be read: {error}",
            field="source",
            next_step="pass one that is open and whole, or its path",
        ) from error


def _opened(file: Any, label: str) -> bytes | FileBody:
    """What is left of an open file: bytes if that is little."""
    seekable = getattr(file, "seekable", None)
    kept = file if seekable and seekable() else _spooled(file)
    start = _read(kept, WHOLE_BYTES + 1)
    if not start:
        raise MediaError(
            "this open file has nothing left to read",
            field="source",
            next_step="seek(0) before you pass it, or pass its path",
        )
    if len(start) <= WHOLE_BYTES:
        return start
    offset = kept.tell() - len(start)
    size = kept.seek(0, io.SEEK_END) - offset
    if size > SOURCE_LIMIT_BYTES:
        raise MediaError(
            f"this open file has more than {SOURCE_LIMIT_BYTES} bytes",
            field="source",
            next_step="pass a smaller file",
        )
    body = OpenBody(file=kept, label=label, start=start[:START_BYTES], size=size, offset=offset)
    if kept is not file:
        _ = weakref.finalize(body, kept.close)
    return body


def _spooled(file: Any) -> Any:
    """Keep what can be read but once: where it is large, in a file that has no name."""
    import tempfile  # noqa: PLC0415  (few sources are streams)

    spool = tempfile.SpooledTemporaryFile(WHOLE_BYTES)  # noqa: SIM115  (closed with its body)
    while spool.tell() <= SOURCE_LIMIT_BYTES and (piece := _read(file, PIECE_BYTES)):
        _ = spool.write(piece)
    _ = spool.seek(0)
    return spool


def _read(file: Any, most: int) -> bytes:
    """Read so many bytes, or what is left: a pipe gives less at a time."""
    content = b""
    while len(content) < most and (piece := file.read(most - len(content))):
        if not isinstance(piece, bytes):
            raise MediaError(
                "this file gives text",
                field="source",
                next_step='open it in binary mode: open(path, "rb")',
            )
        content += piece
    return content


def _written(picture: Picture) -> bytes:
    """A picture as a file: a photograph stays a JPEG, all else becomes a PNG."""
    out = io.BytesIO()
    if picture.format == "JPEG" and picture.mode in ("RGB", "L"):
        picture.save(out, format="JPEG")
    else:
        plain = picture.mode in ("RGB", "RGBA", "L", "LA")
        colours = "RGB" if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV") else "RGBA"
        (picture if plain else picture.convert(colours)).save(out, format="PNG")
    return out.getvalue()


def _filename(file: MediaFile | Upload) -> str:
    """The name of a file, where it has one: no URL's, no buffer's."""
    if isinstance(file, str):
        known = "" if "://" in file or is_inline(file) else file
    elif isinstance(file, Path):
        known = str(file)
    else:
        known = getattr(file, "filename", None) or getattr(file, "name", None) or ""
    return Path(known).name if isinstance(known, str) else ""


_ENDING: Final = r"(?i)\.(jpe?g|png|webp|bmp|tiff?|gif|heic|mp4|mov|mp3|wav)\s*$"


def _inline(uri: str) -> bytes:
    """What a `data:` URI holds."""
    head, _, body = uri.partition(",")
    packed = unquote_to_bytes(body)
    try:
        return b64decode(packed, validate=True) if head.lower().endswith(";base64") else packed
    except ValueError:
        raise MediaError(
            "this data: URI cannot be read",
            field="source",
            next_step="write it as data:image/png;base64,…, or pass the bytes",
        ) from None
