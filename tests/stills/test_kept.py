"""What files say beside their pixels is kept, in their own kind and in others; small images of the face are not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ned.errors import UserError
from ned.stills.image import encoded, read_image, write_image
from ned.stills.metadata import PHOTOSHOP, jpeg_segments, png_chunk, without_images, without_thumbnail

RNG = np.random.default_rng(0)
XMP = b"<x:xmpmeta><rdf:Description xmp:Rating=\"5\"/></x:xmpmeta>"


def _noise(channels=3, dtype=np.uint8, size=(48, 64)):
    return RNG.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)


def _smooth(channels=3):
    """What a JPEG keeps nearly as it is."""
    y, x = np.mgrid[:48, :64]
    return np.stack([2 * y + 20, 3 * x + 10, y + x + 60, 255 - 2 * y][:channels], 2).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_tiff_that_lies_on_its_side_stands_in_other_kinds(tmp_path, suffix, orientation):
    path, out = tmp_path / "a.tif", tmp_path / f"out{suffix}"
    Image.fromarray(_smooth()).save(path, tiffinfo={274: orientation, 315: "José".encode(), 33432: "©".encode()})
    image = read_image(path)
    write_image(image, out)
    again = read_image(out)
    assert again.pixels.shape == image.pixels.shape and again.orientation == orientation
    assert np.abs(again.pixels.astype(int) - image.pixels).mean() < 4
    if suffix != ".tif":
        with Image.open(out) as opened:
            assert opened.getexif()[315].encode("latin-1").decode() == "José"
    else:
        assert dict(again.how["tags"]) == {315: "José", 33432: "©"}


def test_the_tags_of_exif_go_into_a_tiff(tmp_path):
    exif = Image.Exif()
    exif[0x013B], exif[0x0112] = "Ann", 8
    Image.fromarray(_smooth()).save(tmp_path / "a.jpg", exif=exif)
    write_image(read_image(tmp_path / "a.jpg"), tmp_path / "b.tif")
    again = read_image(tmp_path / "b.tif")
    assert dict(again.how["tags"])[315] == "Ann" and again.orientation == 8


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("orientation", [1, 5, 6])
def test_every_packing_of_a_tiff_gives_its_samples(tmp_path, compression, mode, orientation):
    stored = _noise(len(mode))
    Image.fromarray(stored[..., 0] if mode == "L" else stored, mode).save(
        tmp_path / "a.tif", compression=compression, tiffinfo={274: orientation}
    )
    image = read_image(tmp_path / "a.tif")
    from ned.stills.upright import turned

    colours = stored[..., :3] if mode.startswith("RGB") else np.repeat(stored[..., :1], 3, 2)
    assert image.orientation == orientation and np.array_equal(image.pixels, turned(colours, orientation))
    assert (image.alpha is not None) == mode.endswith("A")
    assert image.alpha is None or np.array_equal(image.alpha, turned(stored[..., -1], orientation))


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_white_that_is_zero(tmp_path, compression):
    import tifffile

    stored = _noise(1)[..., 0]
    if compression is None:
        tifffile.imwrite(tmp_path / "a.tif", 255 - stored, photometric="miniswhite")
    else:  # Pillow inverts what it writes so
        Image.fromarray(stored).save(tmp_path / "a.tif", compression=compression, tiffinfo={262: 0})
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels[..., 1], stored)


def test_sixteen_bits_packed_by_lzw(tmp_path):
    import cv2

    stored = _noise(3, np.uint16)
    cv2.imwrite(str(tmp_path / "a.tif"), stored[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, stored)


@pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
def test_alpha_stays_of_its_kind(tmp_path, kind):
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", _noise(4), photometric="rgb", extrasamples=[kind])
    write_image(read_image(tmp_path / "a.tif"), tmp_path / "b.tif")
    with tifffile.TiffFile(tmp_path / "b.tif") as again:
        assert again.pages[0].extrasamples[0].name == kind.upper()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("source", [".jpg", ".webp"])
def test_xmp_goes_into_every_kind(tmp_path, source, suffix):
    Image.fromarray(_smooth()).save(tmp_path / f"a{source}", xmp=XMP)
    write_image(read_image(tmp_path / f"a{source}"), tmp_path / f"b{suffix}", "edited")
    write_image(read_image(tmp_path / f"b{suffix}"), tmp_path / f"c{suffix}", "edited")
    assert read_image(tmp_path / f"c{suffix}").xmp == XMP


def test_images_in_xmp_go():
    face = b"FACE" * 500
    thumbnails = b"<xmp:Thumbnails><rdf:Alt><xmpGImg:image>" + face + b"</xmpGImg:image></rdf:Alt></xmp:Thumbnails>"
    kept = without_images(b"<a>" + thumbnails + XMP + b"<xap:Thumbnails/></a>")
    assert kept == b"<a>" + XMP + b"</a>"
    assert b"FACE" not in without_images(b'<rdf:Description GImage:Mime="x" GImage:Data="' + face + b'" a:b="c"/>')
    assert without_images(b"<xmp:Thumbnails>" + XMP) == XMP  # never closed


def test_thumbnails_of_strips_are_blanked():
    """A TIFF directory linked to one whose image is uncompressed, in two strips."""
    first = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack(">HHHIIHHIHHI", 2, 0x0111, 4, 2, 56, 0x0117, 3, 2, 4, 4, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">I", 8) + first + second
    exif += bytes(6 + 56 - len(exif)) + struct.pack(">II", 64, 68) + b"faceFACE" + b"rest"
    without = without_thumbnail(exif)
    assert b"face" not in without and b"FACE" not in without and without.endswith(b"rest")


def test_a_jpeg_keeps_its_comment_and_iptc_but_no_thumbnail(tmp_path):
    def resource(kind, data):
        return b"8BIM" + struct.pack(">HBBI", kind, 0, 0, len(data)) + data + bytes(len(data) % 2)

    caption, thumbnail = resource(0x0404, b"\x1c\x02\x78\x00\x05Ann S"), resource(0x040C, b"face")
    plain = io.BytesIO()
    Image.fromarray(_smooth()).save(plain, "JPEG", comment=b"by Ann", extra=jpeg_segments(thumbnail + caption))
    (tmp_path / "a.jpg").write_bytes(plain.getvalue())
    image = read_image(tmp_path / "a.jpg")
    assert image.iptc == caption and image.comment == b"by Ann"
    for notice, said in (("edited", b"by Ann\nedited"), ("", b"by Ann")):
        data = encoded(image, ".jpg", notice)
        with Image.open(io.BytesIO(data)) as again:
            assert again.info["comment"] == said
        assert PHOTOSHOP + caption in data and b"face" not in data
    write_image(image, tmp_path / "b.jpg", "edited")
    assert encoded(read_image(tmp_path / "b.jpg"), ".jpg", "edited").count(b"edited") == 1


@pytest.mark.parametrize("icc", [b"", b"profile" * 40])
def test_webp_without_loss_is_known_behind_its_profile(tmp_path, icc):
    stored = _noise(4)
    Image.fromarray(stored).save(tmp_path / "a.webp", lossless=True, exact=True, icc_profile=icc)
    write_image(read_image(tmp_path / "a.webp"), tmp_path / "b.webp")
    again = read_image(tmp_path / "b.webp")
    assert np.array_equal(again.pixels, stored[..., :3]) and np.array_equal(again.alpha, stored[..., 3])
    assert again.icc == icc


def test_what_a_jpeg_has_no_room_for_is_said(tmp_path):
    Image.fromarray(_smooth()).save(tmp_path / "a.webp", xmp=XMP + bytes(70_000))
    image = read_image(tmp_path / "a.webp")
    with pytest.raises(UserError, match="XMP has 700.. bytes, a JPEG has room for") as caught:
        write_image(image, tmp_path / "b.jpg")
    assert "a.webp" in str(caught.value) and not list(tmp_path.glob("b*"))
    write_image(image, tmp_path / "b.png")


def test_exif_behind_the_pixels_of_a_png_is_read(tmp_path):
    plain, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(_smooth()).save(plain, "PNG")
    data = plain.getvalue()
    end = data.index(b"IEND") - 4
    (tmp_path / "a.png").write_bytes(data[:end] + png_chunk(b"eXIf", exif.tobytes()[6:]) + data[end:])
    image = read_image(tmp_path / "a.png")
    assert image.orientation == 6 and image.pixels.shape == (64, 48, 3)
    write_image(image, tmp_path / "b.png")
    assert np.array_equal(read_image(tmp_path / "b.png").pixels, image.pixels)


def test_profiles_packed_into_texts_of_a_png_go(tmp_path):
    plain = io.BytesIO()
    Image.fromarray(_smooth()).save(plain, "PNG")
    data = plain.getvalue()
    packed = png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 4\n66616365\n"))
    (tmp_path / "a.png").write_bytes(data[:33] + packed + png_chunk(b"tEXt", b"Title\0a name") + data[33:])
    written = encoded(read_image(tmp_path / "a.png"), ".png")
    assert b"Raw profile" not in written and b"a name" in written


def test_clear_pixels_are_white_in_a_jpeg(tmp_path):
    stored = np.zeros((48, 64, 4), np.uint8)
    stored[:, 32:, :3], stored[:, 32:, 3] = 90, 255
    Image.fromarray(stored).save(tmp_path / "a.png")
    write_image(read_image(tmp_path / "a.png"), tmp_path / "b.jpg")
    shown = read_image(tmp_path / "b.jpg").pixels
    assert shown[:, :28].min() > 245 and np.abs(shown[:, 36:].astype(int) - 90).max() < 8
