"""Images out of files and into them, so that a file differs only where pixels were changed."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ned.errors import UserError
from ned.files.atomic import atomic_path
from ned.stills.metadata import (
    chunks_of,
    iptc_of,
    jpeg_segments,
    orientation_of,
    png_chunks,
    with_chunks,
    without_images,
    without_thumbnail,
    xmp_chunk,
)
from ned.stills.upright import StillImage, check_size, eight_bits, turned, turned_back
from ned.workspace.images import check_writes

MAX_BYTES = 1024**3
QUALITY = 95
"""Of a JPEG or WebP whose source says no quality of its own."""

_DAMAGE = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, MemoryError)


def read_image(path: Path) -> StillImage:
    """Read JPEG, PNG, WebP or TIFF, and HEIC where pillow-heif is installed.

    Raises UserError, before anything large is unfolded, for what is too large, animated, in CMYK, truncated, or none of
    these.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError("is larger than 1 GiB", path=path, remedy="give a smaller image")
        if path.suffix.lower() in (".heic", ".heif"):
            _allow_heif(path)
        if _is_tiff(path):
            from ned.stills.tiff import read_tiff

            return read_tiff(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                return _read(path, opened)
    except UserError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        large = isinstance(error, Image.DecompressionBombError)
        raise UserError(
            "the image is too large" if large else "is no image that can be read", path=path,
            remedy="give one of up to 100 megapixels" if large else "give a JPEG, PNG, WebP or TIFF",
        ) from error  # fmt: skip
    except _DAMAGE as error:
        said = str(error).split("\n")[0][:80].lower()
        what = "is truncated" if "truncated" in said or "incomplete" in said else "is damaged"
        raise UserError(what, path=path, remedy="copy it again") from error


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _allow_heif(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise UserError(
            "HEIC needs a library that is not installed", path=path,
            remedy="pip install 'ned[heic]', or convert the image to JPEG",
        ) from error  # fmt: skip
    pillow_heif.register_heif_opener()


def _read(path: Path, opened: Image.Image) -> StillImage:
    kind = {"MPO": "JPEG"}.get(opened.format or "", opened.format or "")  # telephones keep a preview behind the photo
    if kind not in ("JPEG", "PNG", "WEBP", "HEIF"):
        raise UserError(f"is a {kind or 'file'} that is not edited", path=path, remedy="give a JPEG, PNG, WebP or TIFF")
    check_size(path, opened.height, opened.width)
    if opened.format != "MPO" and kind != "HEIF" and getattr(opened, "n_frames", 1) > 1:
        remedy = "give one image of it, or make a video of it for `ned process`"
        raise UserError("is animated", path=path, remedy=remedy)
    if opened.mode in ("CMYK", "YCCK"):
        raise UserError("is in CMYK, for print", path=path, remedy="convert it to RGB first")
    if opened.mode in ("F", "LAB", "HSV"):
        raise UserError(f"has pixels of the kind {opened.mode}", path=path, remedy="convert it to RGB first")
    how = _how(opened, kind, path)  # before loading, which closes the file
    segments = [data for name, data in getattr(opened, "applist", ()) if name == "APP13"]
    opened.load()
    exif = opened.info.get("exif") or b""  # of a PNG it may lie behind the pixels
    pixels, alpha = _samples(opened, path)
    # pillow-heif turns the image itself and says so
    orientation = orientation_of(exif) if kind != "HEIF" else 1
    icc, xmp = opened.info.get("icc_profile") or b"", opened.info.get("xmp") or b""
    comment = opened.info.get("comment", b"") if kind == "JPEG" else b""
    return StillImage(
        path, kind, turned(pixels, orientation), None if alpha is None else turned(alpha, orientation),
        opened.mode in ("1", "L", "LA", "I;16", "I;16B", "I"), orientation, without_thumbnail(exif), icc,
        without_images(xmp if isinstance(xmp, bytes) else xmp.encode()), iptc_of(segments), comment,
        png_chunks(path) if kind == "PNG" else (), how,
    )  # fmt: skip


def _how(opened: Image.Image, kind: str, path: Path) -> dict[str, Any]:
    if kind == "JPEG":
        from PIL import JpegImagePlugin

        assert isinstance(opened, JpegImagePlugin.JpegImageFile)
        sampling = JpegImagePlugin.get_sampling(opened)
        how: dict[str, Any] = {"qtables": opened.quantization, "subsampling": max(sampling, 0)}
        if "dpi" in opened.info:
            how["dpi"] = opened.info["dpi"]
        return how | {"progressive": bool(opened.info.get("progressive"))}
    if kind == "WEBP":
        return {"lossless": True, "exact": True} if _is_lossless(path) else {"quality": QUALITY, "method": 4}
    return {}


def _is_lossless(webp: Path) -> bool:
    """Whether the image of a WebP is packed without loss: what its chunk is called, behind those that lie before."""
    with webp.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            kind, length = struct.unpack("<4sI", head)
            if kind in (b"VP8L", b"VP8 "):
                return kind == b"VP8L"
            file.seek(length + length % 2, 1)
    return False


def _samples(opened: Image.Image, path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """RGB in the file's depth and, where there is one, alpha."""
    if opened.format == "PNG" and _png_depth(path) == 16:
        import cv2

        stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if stored is None or stored.dtype != np.uint16:
            raise ValueError("16 bits")
        if stored.ndim == 2:
            return np.repeat(stored[..., None], 3, 2), None
        rgb = np.ascontiguousarray(stored[..., 2::-1])
        return rgb, np.ascontiguousarray(stored[..., 3]) if stored.shape[2] == 4 else None
    clear = opened.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in opened.info
    if not clear:
        return np.array(opened.convert("RGB")), None
    whole = np.array(opened.convert("RGBA"))
    return np.ascontiguousarray(whole[..., :3]), np.ascontiguousarray(whole[..., 3])


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def write_image(image: StillImage, path: Path, notice: str = "") -> None:
    """Write atomically in the kind that the name's ending says: the source's own with its quality, or another.

    What is kept of a source of another kind: EXIF, ICC and XMP (in TIFF of EXIF some tags). What a kind cannot hold is
    flattened: alpha onto white and 16 bits in a JPEG; what it cannot say of how the image is turned is turned in the
    pixels. Raises UserError for an ending that is not written, and for EXIF or XMP that a JPEG has no room for.
    """
    check_writes(path)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded(image, path.suffix.lower(), notice))


def encoded(image: StillImage, suffix: str, notice: str = "") -> bytes:
    """The file's bytes. Raises UserError as `write_image`."""
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}.get(suffix, "TIFF")
    says_turn = kind == "TIFF" or orientation_of(image.exif) == image.orientation
    orientation = image.orientation if says_turn else 1
    pixels = turned_back(image.pixels, orientation)
    alpha = None if image.alpha is None else turned_back(image.alpha, orientation)
    if kind == "TIFF":
        from ned.stills.tiff import encode_tiff

        return encode_tiff(image, pixels, alpha, notice)
    if kind == "PNG" and image.bits == 16:
        return with_chunks(_deep_png(pixels, alpha, image.grey), _chunks(image), notice)
    shown = pixels if image.bits == 8 else eight_bits(pixels)
    clear = alpha if alpha is None or alpha.dtype == np.uint8 else eight_bits(alpha)
    if clear is not None and kind == "JPEG":
        shown = _on_white(shown, clear)
    encodable = Image.fromarray(shown[..., 0] if image.grey else shown)
    if clear is not None and kind != "JPEG":
        encodable = encodable.convert("LA" if image.grey and kind == "PNG" else "RGBA")
        encodable.putalpha(Image.fromarray(clear))
    how = dict(image.how) if kind == image.kind else {}
    if kind == "JPEG":
        how = _fitting(encodable, (how or {"quality": QUALITY, "subsampling": 0}) | _said_in_jpeg(image, notice))
    elif kind == "WEBP":
        how = how or {"quality": QUALITY, "method": 4}
    if kind != "PNG":
        said = {"exif": image.exif, "icc_profile": image.icc, "xmp": image.xmp}
        how |= {name: value for name, value in said.items() if value}
    out = io.BytesIO()
    encodable.save(out, kind, **how)
    return with_chunks(out.getvalue(), _chunks(image), notice) if kind == "PNG" else out.getvalue()


def _said_in_jpeg(image: StillImage, notice: str) -> dict[str, Any]:
    """Comment, with the notice after what it says already, and IPTC. UserError for what a segment has no room for."""
    comment = image.comment
    if notice and notice.encode() not in comment:
        comment = b"\n".join(filter(None, [comment, notice.encode()]))
    for name, data, most in (("EXIF", image.exif, 65_533), ("XMP", image.xmp, 65_504), ("comment", comment, 65_533)):
        if len(data) > most:
            said = f"its {name} has {len(data)} bytes, a JPEG has room for {most}"
            raise UserError(said, path=image.path, remedy="write .png, .webp or .tif")
    segments = {"comment": comment, "extra": jpeg_segments(image.iptc)}
    return {name: value for name, value in segments.items() if value}


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """What is clear shows white; in bands, for the sake of memory."""
    out = np.empty_like(rgb)
    for top in range(0, len(rgb), 256):
        band, share = rgb[top : top + 256].astype(np.uint16), alpha[top : top + 256, :, None].astype(np.uint16)
        out[top : top + 256] = (band * share + 255 * (255 - share) + 127) // 255
    return out


def _fitting(encodable: Image.Image, how: dict[str, Any]) -> dict[str, Any]:
    """A grey image has one table and no chroma."""
    if encodable.mode != "L" or "qtables" not in how:
        return how
    return {name: value for name, value in how.items() if name != "subsampling"} | {"qtables": [how["qtables"][0]]}


def _chunks(image: StillImage) -> tuple[bytes, ...]:
    """What the image says, as a PNG says it."""
    said = image.chunks
    if image.kind != "PNG":
        out, other = io.BytesIO(), {"exif": image.exif, "icc_profile": image.icc}
        Image.new("L" if image.grey else "RGB", (1, 1)).save(out, "PNG", **{k: v for k, v in other.items() if v})
        said = chunks_of(out.getvalue())
    return (*said, xmp_chunk(image.xmp)) if image.xmp else said


def _deep_png(pixels: np.ndarray, alpha: np.ndarray | None, grey: bool) -> bytes:
    import cv2

    if grey and alpha is None:
        stored = pixels[..., 0]
    else:
        planes = [pixels[..., ::-1], *([] if alpha is None else [alpha[..., None]])]
        stored = np.ascontiguousarray(np.concatenate(planes, 2))
    done, data = cv2.imencode(".png", stored)
    if not done:
        raise OSError("PNG could not be written")
    return data.tobytes()
