"""Single images: what is not edited keeps its bits, attributes and bytes."""

import numpy as np
import OpenEXR
import pytest

from ned.errors import UserError
from ned.sequences.exr import ExrImage
from ned.sequences.images import read_image, write_png
from ned.sequences.view import SPACES
from ned.stills.metadata import png_chunks
from tests.sequences.sequence import parts_of, same, write_exr_sequence, write_png_sequence


@pytest.fixture
def rgb():
    y, x = np.mgrid[:48, :64] / 64
    return np.stack([x, y, 0.5 + 0.4 * np.sin(9 * x)], -1).astype(np.float32)


@pytest.mark.parametrize(
    "compression", [OpenEXR.NO_COMPRESSION, OpenEXR.ZIPS_COMPRESSION, OpenEXR.PIZ_COMPRESSION, OpenEXR.DWAA_COMPRESSION]
)
def test_an_edit_touches_what_it_should_and_nothing_else(tmp_path, rgb, compression):
    write_exr_sequence(tmp_path, [rgb], [7], compression)
    path = tmp_path / "shot.0007.exr"
    image, before = ExrImage.read(path), parts_of(path)
    view = image.view(None, True)
    codes = image.codes(view)
    new = codes.copy()
    new[20:30, 20:40] = np.minimum(new[20:30, 20:40].astype(int) + 900, 65535)
    image.edited(codes, new, view).write(tmp_path / "out.exr", "edited")
    after = parts_of(tmp_path / "out.exr")
    told = {name for name in before[0] if not same(before[0][name], after[0][name])}
    lossy = {"compression"} if compression == OpenEXR.DWAA_COMPRESSION else set()
    assert told == {"comments"} | lossy and after[0]["comments"] == "plate 7\nedited"
    assert set(before[1]) == set(after[1])
    for name in before[1]:
        a, b = before[1][name], after[1][name]
        assert a.dtype == b.dtype
        changed = (a.view(np.uint8).reshape(a.shape + (-1,)) != b.view(np.uint8).reshape(b.shape + (-1,))).any(-1)
        inside = np.zeros(a.shape, bool)
        inside[20:30, 20:40] = name in "RGB"
        assert not changed[~inside].any()
    shown = ExrImage.read(tmp_path / "out.exr").codes(view).astype(int)
    assert np.abs(shown - new)[20:30, 20:40].max() < 60  # of 65535: half precision


def test_what_the_header_says_of_colour_is_believed_unless_the_user_knows_better(tmp_path, rgb):
    write_exr_sequence(tmp_path, [rgb], [1])
    image = ExrImage.read(tmp_path / "shot.0001.exr")
    np.testing.assert_allclose(image.view(None, True).chromaticities, SPACES["acescg"], atol=1e-6)
    assert image.view("linear-rec2020", True).chromaticities == SPACES["linear-rec2020"]
    image.header["oiio:ColorSpace"] = "lin_ap0"
    assert image.view(None, True).chromaticities == SPACES["aces2065-1"]
    np.testing.assert_allclose(image.codes(image.view("acescg", False))[10:, 20:] / 65535, rgb[10:, 20:], atol=2e-3)


@pytest.mark.parametrize("bits", [8, 16])
def test_png_is_kept_with_its_chunks(tmp_path, rgb, bits):
    write_png_sequence(tmp_path, [rgb], [1], bits)
    image = read_image(tmp_path / "shot.0001.png")
    view = image.view(None, False)
    codes = image.codes(view)
    assert codes.dtype == np.uint16 and (np.abs(codes / 65535 - rgb) <= 0.51 / (2**bits - 1)).all()
    new = codes.copy()
    new[5, 6] = 0
    image.edited(codes, new, view).write(tmp_path / "out.png", "edited")
    again = read_image(tmp_path / "out.png").codes(view)
    assert np.array_equal(again, new) and again[5, 6].max() == 0
    assert [c[4:8] for c in png_chunks(tmp_path / "out.png")][:2] == [b"cICP", b"tEXt"]


def test_a_grey_png_stays_grey(tmp_path):
    write_png(tmp_path / "a.0001.png", np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20, "")
    image = read_image(tmp_path / "a.0001.png")
    codes = image.codes(image.view(None, False))
    new = codes.copy()
    new[3, 3] = [100, 200, 300]
    image.edited(codes, new, image.view(None, False)).write(tmp_path / "b.0001.png")
    assert (read_image(tmp_path / "b.0001.png").codes(image.view(None, False))[3, 3] == 200).all()


def test_damaged_and_unfit_images_are_told(tmp_path, rgb):
    (tmp_path / "a.0001.exr").write_bytes(b"v/1\x01" + b"\0" * 300)
    with pytest.raises(UserError, match="no OpenEXR image, or damaged"):
        read_image(tmp_path / "a.0001.exr")
    write_exr_sequence(tmp_path, [rgb], [1])
    whole = (tmp_path / "shot.0001.exr").read_bytes()
    (tmp_path / "cut.0001.exr").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged"):
        read_image(tmp_path / "cut.0001.exr")
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Y": np.ones((8, 8), np.float16)}).write(str(tmp_path / "y.1.exr"))
    with pytest.raises(UserError, match="no channels R, G and B"):
        read_image(tmp_path / "y.1.exr")
    (tmp_path / "no.0001.png").write_bytes(b"GIF89a")
    with pytest.raises(UserError):
        read_image(tmp_path / "no.0001.png")
