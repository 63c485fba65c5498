"""Pictures, videos and sounds on their way to a vendor: what they are, and how they get there."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from datetime import datetime
from errno import EFBIG
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from .body import PIECE_BYTES, START_BYTES, WHOLE_BYTES, FileBody, PathBody, open_regular
from .errors import MediaError
from .masking import masked_repr
from .origins import is_loopback
from .remarks import Finding
from .secret import Secret
from .statuses import MediaType

SOURCE_LIMIT_BYTES: Final = 512 * 1024**2
"""The largest file that is taken; no vendor takes one as large."""


@frozen(kw_only=True)
class Upload:
    """
    A file on its way: bytes, or what is read where it lies when it is sent.

    Attributes:
        body: What is in it; given as `content`.
    """

    body: bytes | FileBody = field(alias="content", repr=False)
    filename: str
    content_type: str
    media: MediaType

    @property
    def content(self) -> bytes:
        """The whole of it, read into memory: `body` costs none."""
        return bytes(self.body)

    @cached_property
    def pixels(self) -> tuple[int, int] | None:
        """Width and height of a picture; None without Pillow, or if it cannot tell. May block."""
        return measure(self)

    def open(self) -> BinaryIO:
        """Open it for reading, at its first byte."""
        return io.BytesIO(self.body) if isinstance(self.body, bytes) else self.body.open()


@frozen(kw_only=True)
class Link:
    """A file that the vendor fetches itself. The URL may be signed, so it is kept as a secret."""

    url: Secret
    media: MediaType
    published: Secret | None = None
    """The URL once more, where a media host of the caller's made it."""
    expires_at: datetime | None = None
    """When the URL runs out, where the storage that made it tells."""


class MediaHost(Protocol):
    """
    Makes a file reachable for vendors that take only public URLs.

    You choose where faces are stored: nothing is ever published without a media host of yours. One
    that also has `withdraw(url)` is called back with what `publish` returned, once the asset's
    review has ended or nothing came of its create; if that fails, a warning is logged. One that
    also has `publish_file(file, *, filename, content_type)` is given the file open for reading, so
    that a large one need not be in memory.
    """

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Store *content* and return its URL. Called in a worker thread by `AsyncClient`."""
        ...


@frozen
class FolderMediaHost:
    """
    Write files into a folder that a web server of yours serves.

    Attributes:
        folder: Where files are written. A file's name is a digest of its content, so publishing
            it twice stores it once.
        base_url: Under which URL the folder is reachable from the internet.
    """

    folder: Path = field(converter=Path)
    base_url: str = field(repr=masked_repr)

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Write the file and return its URL."""
        return self.publish_file(io.BytesIO(content), filename=filename, content_type=content_type)

    def publish_file(self, file: BinaryIO, *, filename: str, content_type: str) -> str:
        """Write the file and return its URL."""
        del content_type
        self.folder.mkdir(parents=True, exist_ok=True)
        # Others may publish the same content meanwhile, so each has a part of its own.
        part = self.folder / f".{os.urandom(24).hex()}.part"
        digest = hashlib.sha256()
        try:
            with part.open("xb") as out:
                while piece := file.read(PIECE_BYTES):
                    digest.update(piece)
                    _ = out.write(piece)
            name = digest.hexdigest()[:40] + suffix_of(filename)
            _ = part.replace(self.folder / name)
        finally:
            part.unlink(missing_ok=True)
        return f"{self.base_url.rstrip('/')}/{name}"


@frozen(kw_only=True)
class MediaRules:
    """A vendor's documented limits for one kind of media, with their source."""

    source: str
    types: frozenset[str] = frozenset()
    """Content types, such as `image/png`."""
    max_bytes: int | None = None
    side_px: tuple[int, int] | None = None
    """Shortest and longest side."""
    ratio: tuple[float, float] | None = None
    """Least and greatest width divided by height."""

    def check(self, upload: Upload) -> Iterator[Finding]:
        """Compare a file with the limits. Pixels need the `images` extra."""
        kind = upload.content_type
        if self.types and kind not in self.types:
            yield self._finding("media", kind, sorted(self.types), f"{kind} is not a listed type")
        size = len(upload.body)
        if self.max_bytes and size > self.max_bytes:
            yield self._finding(
                "media", size, self.max_bytes, f"{size} bytes is more than {self.max_bytes}"
            )
        if (pixels := upload.pixels) is None:
            return
        width, height = pixels
        if self.side_px and not all(self.side_px[0] <= n <= self.side_px[1] for n in pixels):
            least, most = self.side_px
            message = f"{width}x{height} px has a side outside {least} to {most} px"
            yield self._finding("media", pixels, self.side_px, message)
        if self.ratio and not self.ratio[0] <= width / height <= self.ratio[1]:
            message = f"{width}x{height} px is a ratio outside {self.ratio[0]} to {self.ratio[1]}"
            yield self._finding("media", round(width / height, 3), self.ratio, message)

    def _finding(self, name: str, found: object, limit: object, message: str) -> Finding:
        return Finding(field=name, found=found, limit=limit, message=message, source=self.source)


def suffix_of(filename: str) -> str:
    """A name's ending, if it can stand in a URL; one with `?` or a blank makes another of it."""
    suffix = Path(filename).suffix
    return suffix if _plain_suffix(suffix) else ""


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """
    Read a file that has an end; nothing is waited for when it is opened.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger than the limit.
    """
    with open_regular(path) as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise too_large(limit_bytes)
    return content


def too_large(limit_bytes: int) -> OSError:
    """Make the error for a file that nobody wants the whole of."""
    return OSError(EFBIG, f"it is larger than {limit_bytes} bytes")


def read_file(path: Path) -> bytes | FileBody:
    """
    Read a local file; of one that is larger than a MiB, only what tells what it is.

    Raises:
        MediaError: It is not there, or not a file.
    """
    name = f"{(path.name or str(path))[:60]!r}"
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno())
            if found.st_size > SOURCE_LIMIT_BYTES:
                raise too_large(SOURCE_LIMIT_BYTES)
            if found.st_size <= WHOLE_BYTES:
                return read_regular(path, SOURCE_LIMIT_BYTES)
            start = file.read(START_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can have such a name"
        raise MediaError(
            f"cannot read {name}: {reason}{_looked_in(path)}",
            field="source",
            next_step="pass the path of an existing picture, video or audio file",
        ) from None
    whole = path.absolute()  # the folder may change
    return PathBody(
        path=whole, label=name, start=start, size=found.st_size, modified_ns=found.st_mtime_ns
    )


def _looked_in(path: Path) -> str:
    """Where a relative path was looked for."""
    try:
        return "" if path.is_absolute() else f" (looked for it in {Path.cwd()})"
    except (OSError, ValueError):
        return ""


def as_upload(
    content: bytes | FileBody, *, filename: str = "", media: MediaType | None = None
) -> Upload:
    """
    Find out what *content* is from its first bytes. May block, if it is a file.

    Raises:
        MediaError: It is empty, or no picture, video or audio that any vendor lists, or not of
            the kind that was asked for.
    """
    name = filename or "the given bytes"
    if not content:
        raise MediaError(f"{name} is empty", field="source", next_step="pass a file with content")
    start = content if isinstance(content, bytes) else content.start
    if (sniffed := sniff(start)) is None:
        raise MediaError(
            f"{name} is no picture, video or audio of a known type",
            field="source",
            next_step="use jpeg, png or webp, mp4 or mov, mp3 or wav",
        )
    content_type, found = sniffed
    if media is not None and media is not found:
        raise MediaError(
            f"{name} is {content_type}, not the {media.value} that was announced",
            field="media",
            next_step=f"pass media=MediaType.{found.name}, or another file",
        )
    fallback = f"{found.value}.{_SUFFIX[content_type]}"
    upload = Upload(
        content=content, filename=filename or fallback, content_type=content_type, media=found
    )
    if isinstance(content, FileBody):
        _ = upload.pixels  # read here, where it may block, and kept
    return upload


def as_link(url: str, *, media: MediaType | None = None) -> Link:
    """
    Take a URL that the vendor can fetch.

    Raises:
        MediaError: It is no https URL. Plain http is taken for this machine only.
    """
    if problem := _problem(url):
        raise MediaError(
            problem, field="source", next_step="use a plain https URL, or pass the file itself"
        )
    suffix = urlsplit(url).path.rpartition(".")[2].lower()
    return Link(url=Secret(url), media=media or _MEDIA_OF_SUFFIX.get(suffix, MediaType.IMAGE))


def _problem(url: str) -> str:
    """Say why a URL cannot be taken, without showing it; empty if it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the host or port of this URL cannot be read"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        return f"a URL has to begin https://, not {parts.scheme}://"
    if not host or "@" in parts.netloc:
        return "this URL has no host, or carries a user name"
    return "" if url.isprintable() and " " not in url else "this URL holds blanks or line breaks"


def sniff(content: bytes) -> tuple[str, MediaType] | None:
    """Tell a file's content type from its first bytes; None for what no vendor lists."""
    for start, content_type in _MAGIC:
        if re.match(start, content, re.DOTALL):
            return content_type, MediaType(content_type.partition("/")[0])
    return None


def measure(upload: Upload) -> tuple[int, int] | None:
    """Width and height of a picture in pixels; None without Pillow, or if it cannot tell."""
    if upload.media is not MediaType.IMAGE:
        return None
    try:
        from PIL import Image  # noqa: PLC0415  (an extra)
    except ImportError:
        return None
    try:
        with upload.open() as file, Image.open(file) as picture:
            return picture.size
    except Exception:  # noqa: BLE001  (Pillow raises many kinds for a damaged file)
        return None


# Texts may begin BM or ID3 too, so these are taken with what must follow.
_MAGIC: Final = (
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"BM.{4}\x00{4}", "image/bmp"),
    (rb"II\*\x00|MM\x00\*", "image/tiff"),
    (rb"RIFF.{4}WEBP", "image/webp"),
    (rb"RIFF.{4}WAVE", "audio/wav"),
    (rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", "audio/mpeg"),
    (rb".{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)", "image/heic"),
    (rb".{4}ftypqt  ", "video/quicktime"),
    # The same container holds sounds and other pictures, which no vendor lists.
    (rb".{4}ftyp(?!M4[ABP] |avi[fs]|crx )", "video/mp4"),
)
_plain_suffix: Final = re.compile(r"\.[A-Za-z0-9]{1,8}").fullmatch
_SUFFIX: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}
_MEDIA_OF_SUFFIX: Final = {
    **{suffix: MediaType(kind.partition("/")[0]) for kind, suffix in _SUFFIX.items()},
    "jpeg": MediaType.IMAGE,
}
