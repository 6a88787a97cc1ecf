"""What files say beside their pixels, kept as bytes: nothing is understood that need not be.

Small images of the whole, which would show faces as they were, are what goes.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_XMP_TEXT = b"XML:com.adobe.xmp\0"
_PACKED_PROFILES = tuple(b"Raw profile type " + kind for kind in (b"exif", b"APP1", b"8bim", b"xmp"))
"""Keywords under which some programs put EXIF and its like, thumbnails and all, into texts of a PNG."""
MAX_CHUNKS_BYTES = 16 * 1024**2

_THUMBNAILS = re.compile(rb"<(\w+):Thumbnails\b[^>]*>")
_IMAGES_IN_XMP = (
    re.compile(rb"""\s\w+:(?:image|Data)\s*=\s*(?:"[^"]{1024,}"|'[^']{1024,}')""", re.DOTALL),
    re.compile(rb"<(\w+):(image|Data)\b[^>]*>[^<]{1024,}</\1:\2\s*>", re.DOTALL),
)
"""Images as text: `xmpGImg:image`, `GImage:Data`."""

PHOTOSHOP = b"Photoshop 3.0\0"
"""Begins a segment of a JPEG with IPTC's caption, byline and rights."""
_THUMBNAIL_RESOURCES = (0x0409, 0x040C)


def without_thumbnail(exif: bytes) -> bytes:
    """EXIF whose second directory, that of the thumbnail, is cut off; what is not understood comes back as it is.

    The link to it, after the entries of the first directory, becomes 0 and the thumbnail's own bytes are blanked;
    everything else keeps its place, since makers' notes point to absolute offsets.
    """
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[start : start + 4])
    if order is None:
        return exif
    out = bytearray(exif)
    try:
        (first,) = struct.unpack_from(order + "I", exif, start + 4)
        (entries,) = struct.unpack_from(order + "H", exif, start + first)
        link = start + first + 2 + 12 * entries
        (second,) = struct.unpack_from(order + "I", exif, link)
        if second:
            struct.pack_into(order + "I", out, link, 0)
            _blank_thumbnail(out, order, start, second)
    except struct.error:
        pass
    return bytes(out)


def _blank_thumbnail(exif: bytearray, order: str, start: int, directory: int) -> None:
    """A JPEG has a beginning and a length; an image without compression has strips."""
    values: dict[int, tuple[int, ...]] = {}
    (entries,) = struct.unpack_from(order + "H", exif, start + directory)
    for k in range(entries):
        at = start + directory + 2 + 12 * k
        tag, kind, count = struct.unpack_from(order + "HHI", exif, at)
        if kind in (3, 4) and 0 < count <= 4096:
            form = f"{order}{count}{'H' if kind == 3 else 'I'}"
            if struct.calcsize(form) > 4:
                (far,) = struct.unpack_from(order + "I", exif, at + 8)
                values[tag] = struct.unpack_from(form, exif, start + far)
            else:
                values[tag] = struct.unpack_from(form, exif, at + 8)
    for begins, lengths in ((0x0201, 0x0202), (0x0111, 0x0117)):
        for first, length in zip(values.get(begins, ()), values.get(lengths, ()), strict=False):
            here = slice(start + first, min(start + first + length, len(exif)))
            if first > 0 and here.start < here.stop:
                exif[here] = bytes(here.stop - here.start)


def without_images(xmp: bytes) -> bytes:
    """XMP without the small images in it."""
    for pattern in _IMAGES_IN_XMP:
        xmp = pattern.sub(b"", xmp)
    while (found := _THUMBNAILS.search(xmp)) is not None:
        closing, ends = b"</" + found[1] + b":Thumbnails>", found.end()
        if not found[0].endswith(b"/>"):
            at = xmp.find(closing, ends)
            ends = at + len(closing) if at >= 0 else ends
        xmp = xmp[: found.start()] + xmp[ends:]
    return xmp


def iptc_of(segments: list[bytes]) -> bytes:
    """Photoshop's resources of a JPEG's segments APP13, among them IPTC's; thumbnails and what is damaged left out."""
    data = b"".join(part.removeprefix(PHOTOSHOP) for part in segments if part.startswith(PHOTOSHOP))
    kept, at = [], 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (kind,) = struct.unpack_from(">H", data, at + 4)
        begins = at + 6 + (data[at + 6] + 2) // 2 * 2  # a name, padded to an even length with its own
        if begins + 4 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, begins)
        ends = begins + 4 + (length + 1) // 2 * 2
        if begins + 4 + length > len(data):
            break
        if kind not in _THUMBNAIL_RESOURCES:
            kept.append(data[at:ends])
        at = ends
    return b"".join(kept)


def jpeg_segments(iptc: bytes) -> bytes:
    """Such resources as segments APP13; empty for none."""
    most = 65533 - len(PHOTOSHOP)
    parts = [PHOTOSHOP + iptc[at : at + most] for at in range(0, len(iptc), most)]
    return b"".join(b"\xff\xed" + struct.pack(">H", len(part) + 2) + part for part in parts)


def orientation_of(exif: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 where nothing is said."""
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[start : start + 4])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", exif, start + 4)
        (entries,) = struct.unpack_from(order + "H", exif, start + first)
        for k in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, start + first + 2 + 12 * k)
            if tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def png_chunks(path: Path) -> tuple[bytes, ...]:
    """The chunks of a PNG that say something about the image, whole, but for thumbnails and XMP, which is read with
    the image itself."""
    found, total = [], 0
    with path.open("rb") as file:
        if file.read(8) != _PNG:
            return ()
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IEND":
                break
            if kind not in _KEPT_CHUNKS:
                file.seek(length + 4, 1)
                continue
            total += length
            if total > MAX_CHUNKS_BYTES:
                break
            data = file.read(length)
            if len(data) < length or len(file.read(4)) < 4:
                break
            if kind == b"eXIf":
                data = without_thumbnail(data)
            elif kind in _TEXTS and data.startswith(_PACKED_PROFILES):
                continue
            elif kind == b"iTXt" and data.startswith(_XMP_TEXT):
                continue  # see `xmp_chunk`
            found.append(png_chunk(kind, data))
    return tuple(found)


def xmp_chunk(xmp: bytes) -> bytes:
    """XMP as a PNG has it."""
    return png_chunk(b"iTXt", _XMP_TEXT + bytes(4) + xmp)


def chunks_of(png: bytes) -> tuple[bytes, ...]:
    """The same of a PNG in memory that `ned` itself made."""
    found, at = [], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind in _KEPT_CHUNKS:
            found.append(png[at : at + 12 + length])
        at += 12 + length
    return tuple(found)


def with_chunks(png: bytes, chunks: tuple[bytes, ...], comment: str = "") -> bytes:
    """A PNG with these chunks instead of its own, after its header, and a comment."""
    said = [png_chunk(b"tEXt", b"Comment\0" + comment.encode("latin-1", "replace"))] if comment else []
    parts, at = [png[:8]], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind not in _KEPT_CHUNKS:
            parts.append(png[at : at + 12 + length])
        if kind == b"IHDR":
            parts += [*chunks, *said]
        at += 12 + length
    return b"".join(parts)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """With its length and checksum."""
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))
