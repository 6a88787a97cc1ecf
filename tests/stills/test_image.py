"""Images come back from disk as they were but for their pixels; what is harmful or odd is refused in one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from ned.errors import UserError
from ned.stills.image import encoded, read_image, write_image
from ned.stills.metadata import orientation_of, without_thumbnail
from ned.stills.upright import turned, turned_back
from ned.workspace.images import check_writes, default_image, is_image

RNG = np.random.default_rng(0)


def _noise(dtype=np.uint8, channels=3, size=(48, 64)):
    return RNG.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_pillow_s_and_has_an_inverse(orientation):
    stored = _noise()
    plain = Image.fromarray(stored)
    plain.getexif()[0x0112] = orientation
    upright = turned(stored, orientation)
    assert np.array_equal(upright, np.asarray(ImageOps.exif_transpose(plain)))
    assert np.array_equal(turned_back(upright, orientation), stored)


def test_jpeg_keeps_quality_orientation_exif_and_icc(photo, tmp_path):
    image = read_image(photo)
    assert image.pixels.shape == (512, 512, 3) and image.orientation == 6
    out = tmp_path / "out.jpg"
    write_image(image, out, "edited")
    with Image.open(photo) as before, Image.open(out) as after:
        assert before.quantization == after.quantization
        assert after.getexif()[0x0112] == 6 and after.getexif()[0x010F] == "Maker"
        assert after.info["icc_profile"] == before.info["icc_profile"]
        assert after.info["comment"] == b"edited" and after.info["dpi"] == before.info["dpi"]
        apart = np.abs(np.asarray(before).astype(int) - np.asarray(after))
    assert apart.max() <= 10 and (apart**2).mean() < 255**2 * 1e-5  # 50 dB: rounded once more by the same tables


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("alpha", [False, True])
def test_kinds_without_loss_keep_every_sample(tmp_path, name, alpha):
    stored = _noise(channels=4 if alpha else 3)
    path = tmp_path / name
    if name == "a.webp":
        Image.fromarray(stored).save(path, lossless=True, exact=True)
        stored[..., :3] = np.asarray(Image.open(path).convert("RGB"))
    else:
        Image.fromarray(stored).save(path)
    image = read_image(path)
    assert np.array_equal(image.pixels, stored[..., :3])
    assert (image.alpha is not None) == alpha and (not alpha or np.array_equal(image.alpha, stored[..., 3]))
    out = tmp_path / f"out{path.suffix}"
    write_image(image, out)
    again = read_image(out)
    seen = slice(None) if not alpha else stored[..., 3] > 0
    assert np.array_equal(again.pixels[seen], image.pixels[seen])
    assert not alpha or np.array_equal(again.alpha, image.alpha)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_sixteen(tmp_path, name, channels):
    stored = _noise(np.uint16, channels)
    path = tmp_path / name
    if name.endswith("tif"):
        import tifffile

        plane = stored[..., 0] if channels == 1 else stored
        tifffile.imwrite(
            path, plane, photometric="minisblack" if channels == 1 else "rgb", metadata=None, description="words",
            resolution=(300, 300), resolutionunit=2,
        )  # fmt: skip
    else:
        import cv2

        order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        cv2.imwrite(str(path), stored[..., order])
    image = read_image(path)
    assert image.bits == 16 and image.grey == (channels == 1)
    assert np.array_equal(image.pixels[..., 0], stored[..., 0])
    out = tmp_path / f"out{path.suffix}"
    write_image(image, out)
    again = read_image(out)
    assert again.bits == 16 and np.array_equal(again.pixels, image.pixels) and again.grey == image.grey
    if channels == 4:
        assert np.array_equal(again.alpha, stored[..., 3])
    if name.endswith("tif"):
        assert dict(again.how["tags"])[270] == "words" and again.how["resolution"] == (300.0, 300.0)


def test_png_keeps_its_chunks(tmp_path):
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a name")
    path, out = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(_noise()).save(path, pnginfo=info, dpi=(72, 72))
    write_image(read_image(path), out, "edited")
    with Image.open(out) as again:
        assert again.text == {"Title": "a name", "Comment": "edited"} and again.info["dpi"][0] == pytest.approx(72, 0.1)


def test_grey_jpegs_and_palettes(tmp_path):
    grey, palette = tmp_path / "grey.jpg", tmp_path / "palette.png"
    Image.fromarray(_noise(channels=1)[..., 0]).save(grey, quality=90)
    Image.fromarray(_noise()).convert("P").save(palette)
    image = read_image(grey)
    assert image.grey
    with Image.open(io.BytesIO(encoded(image, ".jpg"))) as again:
        assert again.mode == "L"
    assert read_image(palette).pixels.shape == (48, 64, 3)


def test_an_image_goes_into_another_kind(photo, tmp_path):
    image = read_image(photo)
    for suffix in (".png", ".webp", ".tif"):
        write_image(image, tmp_path / f"a{suffix}")
        again = read_image(tmp_path / f"a{suffix}")
        assert again.pixels.shape == image.pixels.shape and again.icc == image.icc
        assert np.abs(again.pixels.astype(int) - image.pixels).mean() < 4


def test_the_thumbnail_goes_and_the_rest_of_exif_stays():
    """A TIFF directory with the orientation, linked to one with a thumbnail."""
    thumbnail = b"\xff\xd8face\xff\xd9"
    first = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 8, 0, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<I", 8) + first + second
    exif += b"\0" * (6 + 56 - len(exif)) + thumbnail
    assert orientation_of(exif) == 8
    without = without_thumbnail(exif)
    assert len(without) == len(exif) and b"face" not in without and orientation_of(without) == 8
    assert struct.unpack_from("<I", without, 6 + 8 + 14)[0] == 0
    for damaged in (b"", b"Exif\0\0II*\0", exif[:20], b"nothing at all"):
        assert without_thumbnail(damaged)[:4] == damaged[:4] and orientation_of(damaged) == 1


def _png_that_says(width, height):
    def chunk(kind, data):
        return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def _refused(tmp_path, name, data, words):
    path = tmp_path / name
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        data(path)
    with pytest.raises(UserError, match=words) as caught:
        read_image(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_what_is_refused(tmp_path, photo):
    whole, plain = photo.read_bytes(), Image.fromarray(_noise())
    _refused(tmp_path, "bomb.png", _png_that_says(60000, 60000), "too large|pixels")
    _refused(tmp_path, "wide.png", _png_that_says(40000, 100), "pixels")
    _refused(tmp_path, "short.png", _png_that_says(500, 500), "truncated|damaged")
    _refused(tmp_path, "short.jpg", whole[: len(whole) // 2], "truncated")
    _refused(tmp_path, "none.jpg", b"no image", "no image")
    _refused(tmp_path, "empty.jpg", b"", "no image|damaged")
    _refused(tmp_path, "none.tif", b"II*\0" + bytes(100), "damaged|no image|holds")
    _refused(tmp_path, "print.jpg", lambda p: plain.convert("CMYK").save(p), "CMYK")
    _refused(tmp_path, "print.tif", lambda p: plain.convert("CMYK").save(p), "CMYK")
    _refused(tmp_path, "tiny.png", lambda p: plain.resize((16, 16)).save(p), "only")
    frames = [Image.fromarray(_noise()) for _ in range(3)]
    for name in ("moving.webp", "moving.png"):
        _refused(tmp_path, name, lambda p: frames[0].save(p, save_all=True, append_images=frames[1:]), "animated")
    _refused(tmp_path, "pages.tif", lambda p: frames[0].save(p, save_all=True, append_images=frames[1:]), "3 images")
    _refused(tmp_path, "a.gif", lambda p: plain.convert("P").save(p), "not edited")


def test_heic_is_read_where_its_library_is(tmp_path, portrait):
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    heif.register_heif_opener()
    path = tmp_path / "a.heic"
    Image.fromarray(portrait).save(path, quality=90)
    image = read_image(path)
    assert image.pixels.shape == portrait.shape
    assert np.abs(image.pixels.astype(int) - portrait).mean() < 6
    assert default_image(path, "sad").name == "a_sad.jpg"


def test_names(tmp_path):
    assert is_image("A.JPG") and is_image("b.heic") and not is_image("c.mp4") and not is_image("d.gif")
    assert default_image(tmp_path / "a.TIF", "sad").name == "a_sad.TIF"
    with pytest.raises(UserError, match="unknown kind"):
        check_writes(tmp_path / "a.bmp")
