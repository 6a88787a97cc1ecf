"""Names and kinds of files that come from a browser: nothing of what it says is believed."""

from __future__ import annotations

import re
import unicodedata

from ned.errors import UserError
from ned.workspace.images import READS
from ned.workspace.inputs import VIDEOS

HEAD_BYTES = 4096
"""What has to have arrived before a file's kind can be told."""
MAX_NAME = 80
_KEPT = re.compile(r"[^\w .+()-]", re.ASCII)

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_VIDEOS = (b"\x1aE\xdf\xa3", b"GIF8", b"FLV", b"\0\0\1\xba", b"\0\0\1\xb3", b"OggS",
           b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"\x06\x0e\x2b\x34\x02\x05\x01\x01")  # fmt: skip
"""Matroska and WebM, GIF, FLV, MPEG program and video streams, Ogg, ASF, MXF."""
_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def kind_of(head: bytes) -> str | None:
    """`video` or `image`, from the first bytes of a file; None for whatever is neither."""
    if head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "image"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return "image"
    if head.startswith(_VIDEOS) or head[4:8] in _ATOMS or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return "video"
    for packet in (188, 192, 204):  # MPEG transport streams, with and without time codes
        first = 4 if packet == 192 else 0
        if len(head) > 3 * packet and all(head[first + k * packet] == 0x47 for k in range(3)):
            return "video"
    return None


def safe_name(said: str, kind: str) -> str:
    """A file name like the one that was said, of letters, digits, blanks and `._+()-` alone. Raises UserError for an
    ending that is not read."""
    plain = unicodedata.normalize("NFKD", said.replace("\\", "/").rsplit("/", 1)[-1])
    kept = _KEPT.sub("_", "".join(c for c in plain if not unicodedata.combining(c)))
    stem, dot, ending = kept.rpartition(".")
    suffix = f".{ending.lower()}"
    known = VIDEOS if kind == "video" else READS
    if not dot or suffix not in known:
        raise UserError(f"a {kind} whose name ends in {suffix[:12]!r}", remedy=f"known are {', '.join(known)}")
    stem = " ".join(stem.split())[:MAX_NAME].strip(" .-_") or kind
    return stem + suffix
