"""TIFF, of 8 and 16 bits, with tifffile; what it cannot unpack by itself, such as LZW, Pillow and OpenCV do."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ned.errors import UserError
from ned.stills.metadata import without_images
from ned.stills.upright import StillImage, check_size, turned

if TYPE_CHECKING:
    import tifffile

_RGB, _GREY = (2,), (0, 1)
_ICC, _XMP = 34675, 700
_ASSOCIATED = 1
"""Of an extra sample: colours are multiplied by it already."""
_KEPT = (270, 271, 272, 306, 315, 33432)
"""Description, maker, model, date, artist, copyright."""


def read_tiff(path: Path) -> StillImage:
    """See `ned.stills.image.read_image`. Makers' notes and the rest of EXIF are not kept; ICC, XMP and the tags of
    description, maker, model, date, artist and copyright are, as EXIF too, for files of another kind."""
    import tifffile

    with tifffile.TiffFile(path) as opened:
        pages = [page for page in opened.pages if not getattr(page, "is_reduced", False)]
        if len(pages) != 1:
            raise UserError(f"holds {len(pages)} images", path=path, remedy="give a TIFF with one")
        page = opened.pages[0]
        check_size(path, page.imagelength, page.imagewidth)
        photometric = int(page.photometric)
        if photometric == 5:
            raise UserError("is in CMYK, for print", path=path, remedy="convert it to RGB first")
        if photometric not in (*_RGB, *_GREY, 3, 6) or page.samplesperpixel > 4:
            said = f"has {page.samplesperpixel} channels that are no RGB"
            raise UserError(said, path=path, remedy="convert it to RGB first")
        stored = _pixels(path, page)
        if stored.dtype not in (np.uint8, np.uint16):
            raise UserError(f"has {stored.dtype} samples", path=path, remedy="convert it to 8 or 16 bits first")
        if photometric == 0:
            stored = np.iinfo(stored.dtype).max - stored
        tags = page.tags
        orientation = int(tags[274].value) if 274 in tags and 1 <= int(tags[274].value) <= 8 else 1
        tags_said = _tags(page)
        how: dict[str, Any] = {"tags": tags_said}
        if page.extrasamples:
            how["alpha"] = int(page.extrasamples[-1])
        if 282 in tags and 283 in tags:
            how["resolution"] = (_ratio(tags[282].value), _ratio(tags[283].value))
            how["unit"] = int(tags[296].value) if 296 in tags else 2
        icc, xmp = _bytes(page, _ICC), without_images(_bytes(page, _XMP))
    grey = stored.ndim == 2 or stored.shape[2] in (1, 2)
    stored = stored if stored.ndim == 3 else stored[..., None]
    colour = np.repeat(stored[..., :1], 3, 2) if grey else stored[..., :3]
    alpha = stored[..., -1] if stored.shape[2] in (2, 4) else None
    return StillImage(
        path, "TIFF", turned(colour, orientation), None if alpha is None else turned(alpha, orientation), grey,
        orientation, _as_exif(tags_said, orientation), icc, xmp, how=how,
    )  # fmt: skip


def encode_tiff(image: StillImage, pixels: np.ndarray, alpha: np.ndarray | None, notice: str) -> bytes:
    """The bytes of a TIFF in the image's depth, packed without loss. `pixels`, `alpha`: turned back as stored."""
    import tifffile

    colour = pixels[..., :1] if image.grey else pixels
    whole = colour if alpha is None else np.concatenate([colour, alpha[..., None]], 2)
    extra: list[tuple] = [(274, "H", 1, image.orientation, True)]
    if image.xmp:
        extra.append((_XMP, "B", len(image.xmp), image.xmp, True))
    tags = image.how.get("tags", ()) if image.kind == "TIFF" else _of_exif(image.exif)
    texts = {tag: value.encode() for tag, value in tags}
    described = texts.pop(270, None)
    extra += [(tag, "s", 0, value, True) for tag, value in texts.items()]
    multiplied = image.kind == "TIFF" and image.how.get("alpha") == _ASSOCIATED
    clear = ["assocalpha" if multiplied else "unassalpha"]
    out = io.BytesIO()
    tifffile.imwrite(
        out, np.ascontiguousarray(whole[..., 0] if whole.shape[2] == 1 else whole),
        photometric="minisblack" if image.grey else "rgb", compression="zlib",
        extrasamples=None if alpha is None else clear, iccprofile=image.icc or None,
        software=notice or "ned", description=described, metadata=None, extratags=extra,
        resolution=image.how.get("resolution"), resolutionunit=image.how.get("unit"),
    )  # fmt: skip
    return out.getvalue()


def _pixels(path: Path, page: tifffile.TiffPage) -> np.ndarray:
    """Contiguous samples as they are stored, whatever packing."""
    try:
        stored = page.asarray()
        if page.planarconfig == 2 and stored.ndim == 3:  # planes one after another
            stored = np.moveaxis(stored, 0, 2)
        if int(page.photometric) not in (3, 6):
            return np.ascontiguousarray(stored)
    except (ValueError, RuntimeError, KeyError, NotImplementedError, ImportError):
        pass
    return _unpacked(_plainly_said(path, page), page.bitspersample == 8)


def _plainly_said(path: Path, page: tifffile.TiffPage) -> bytes:
    """The file, but that it says of its samples neither that they are turned, nor inverted, nor multiplied by alpha:
    other libraries would act on it."""
    data = bytearray(path.read_bytes())
    order = page.parent.byteorder
    for tag, plain in ((274, 1), (338, 2), (262, 1)):
        said = page.tags.get(tag)
        if said is not None and said.count == 1 and int(said.dtype) == 3 and (tag != 262 or said.value == 0):
            struct.pack_into(order + "H", data, said.valueoffset, plain)
    return bytes(data)


def _unpacked(data: bytes, eight: bool) -> np.ndarray:
    """Samples by Pillow where they have 8 bits, else by OpenCV."""
    if eight:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as opened:
                known = opened.mode in ("L", "LA", "RGB", "RGBA")
                return np.array(opened if known else opened.convert("RGB"))
    import cv2

    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("cannot be unpacked")
    return stored if stored.ndim == 2 else np.ascontiguousarray(stored[..., [2, 1, 0, 3][: stored.shape[2]]])


def _tags(page: tifffile.TiffPage) -> tuple[tuple[int, str], ...]:
    found = [(tag, page.tags[tag].value) for tag in _KEPT if tag in page.tags]
    return tuple((tag, value) for tag, value in found if isinstance(value, str))


def _as_exif(tags: tuple[tuple[int, str], ...], orientation: int) -> bytes:
    """The same as EXIF; nothing where nothing is said."""
    if not tags and orientation == 1:
        return b""
    exif = Image.Exif()
    for tag, value in tags:
        exif[tag] = value.encode()
    exif[274] = orientation
    return exif.tobytes()


def _of_exif(exif: bytes) -> tuple[tuple[int, str], ...]:
    """These tags of an image of another kind; none where its EXIF cannot be read."""
    found = Image.Exif()
    try:
        found.load(exif)
        values = [(tag, found.get(tag)) for tag in _KEPT]
    except (ValueError, SyntaxError, struct.error, OSError, KeyError, IndexError):
        return ()
    return tuple((tag, _text(value)) for tag, value in values if isinstance(value, str))


def _text(read: str) -> str:
    """What Pillow reads as Latin-1 is mostly UTF-8."""
    plain = read.rstrip("\0")
    try:
        return plain.encode("latin-1").decode()
    except UnicodeError:
        return plain


def _bytes(page: tifffile.TiffPage, tag: int) -> bytes:
    value = page.tags[tag].value if tag in page.tags else b""
    return value if isinstance(value, bytes) else bytes(value) if isinstance(value, tuple) else b""


def _ratio(value: Any) -> float:
    top, bottom = value if isinstance(value, tuple) else (value, 1)
    return float(top) / float(bottom or 1)
