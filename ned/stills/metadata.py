"""What files say beside their pixels, kept as bytes: nothing is understood that need not be."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME")
MAX_CHUNKS_BYTES = 16 * 1024**2


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
    values = {}
    (entries,) = struct.unpack_from(order + "H", exif, start + directory)
    for k in range(entries):
        tag, _, _, value = struct.unpack_from(order + "HHII", exif, start + directory + 2 + 12 * k)
        values[tag] = value
    at, length = values.get(0x0201, 0), values.get(0x0202, 0)
    if at > 0 and start + at + length <= len(exif):
        exif[start + at : start + at + length] = bytes(length)


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
    """The chunks of a PNG that say something about the image, whole; thumbnails in eXIf are cut off."""
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
            found.append(_chunk(kind, without_thumbnail(data) if kind == b"eXIf" else data))
    return tuple(found)


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
    said = [_chunk(b"tEXt", b"Comment\0" + comment.encode("latin-1", "replace"))] if comment else []
    parts, at = [png[:8]], 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind not in _KEPT_CHUNKS:
            parts.append(png[at : at + 12 + length])
        if kind == b"IHDR":
            parts += [*chunks, *said]
        at += 12 + length
    return b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))
