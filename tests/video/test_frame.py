import numpy as np
import pytest

from ned.video.colour import Encoding
from ned.video.frame import Frame
from ned.video.pixel_format import describe, planar_format
from tests.video.tiny_clips import BT601, frame_of, image, planes_of

BT709 = Encoding("bt709", 0.2126, 0.0722, False)
BT709_FULL = BT709._replace(full_range=True)
BT2020 = Encoding("bt2020nc", 0.2627, 0.0593, False)
FORMATS = ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le",
           "yuv411p", "yuv440p"]  # fmt: skip


def slow_rgb(frame: Frame) -> np.ndarray:
    """The numpy twin of the compiled conversion: the whole coded image, float64."""
    form, code = frame.format, frame.encoding
    luma, *chroma = (p.astype(np.float64) for p in frame.planes[:3])
    step = 2 ** (form.bits - 8)
    black, span, chroma_span = (0, 255, 255) if code.full_range else (16, 219, 224)
    if code.full_range:
        luma /= 2**form.bits - 1
        chroma = [(c - 128 * step) / (2**form.bits - 1) for c in chroma]
    else:
        luma = (luma - black * step) / (span * step)
        chroma = [(c - 128 * step) / (chroma_span * step) for c in chroma]
    height, width = luma.shape
    y = (np.arange(height) + 0.5) / (1 << form.shift_y) - 0.5
    x = np.arange(width) / (1 << form.shift_x)
    blue, red = (_sample(_sample(c, y).T, x).T for c in chroma)
    kr, kb = code.red, code.blue
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(np.stack([r, g, b], -1), 0, 1)


def _sample(rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    at = np.clip(at, 0, len(rows) - 1)
    low = np.floor(at).astype(int)
    weight = (at - low)[:, None]
    return (1 - weight) * rows[low] + weight * rows[np.minimum(low + 1, len(rows) - 1)]


def slow_add(frame: Frame, box, delta: np.ndarray) -> list[np.ndarray]:
    """The numpy twin of the compiled addition."""
    form, code = frame.format, frame.encoding
    planes = [p.astype(np.float64) for p in frame.planes]
    whole = np.zeros((*planes[0].shape, 3))
    whole[box[1] : box[3], box[0] : box[2]] = delta
    top = 2**form.bits - 1
    luma_span, chroma_span = (top, top) if code.full_range else (219 * 2 ** (form.bits - 8), 224 * 2 ** (form.bits - 8))
    level = whole @ [code.red, 1 - code.red - code.blue, code.blue]
    changes = [level * luma_span]
    for channel, weight in ((2, code.blue), (0, code.red)):
        full = (whole[..., channel] - level) / (2 * (1 - weight)) * chroma_span
        mean = np.zeros(planes[1].shape)
        for i in range(mean.shape[0]):
            for j in range(mean.shape[1]):
                rows = slice(i << form.shift_y, (i + 1) << form.shift_y)
                mean[i, j] = full[rows, j << form.shift_x : (j + 1) << form.shift_x].mean()
        changes.append(mean)
    return [np.clip(np.floor(p + c + 0.5), 0, top) for p, c in zip(planes, changes, strict=False)]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", [BT601, BT709_FULL, BT2020])
def test_region_equals_the_numpy_twin(name, encoding):
    frame = frame_of(name, 37, 49, encoding=encoding)
    truth = slow_rgb(frame)
    for box in ((0, 0, 49, 37), (5, 3, 20, 36), (48, 36, 49, 37)):
        np.testing.assert_allclose(frame.region_rgb(box), truth[box[1] : box[3], box[0] : box[2]], atol=3e-5)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", [BT601, BT709_FULL])
def test_addition_equals_the_numpy_twin(name, encoding):
    frame, box = frame_of(name, 37, 49, encoding=encoding), (5, 3, 49, 36)
    delta = np.random.default_rng(1).normal(0, 0.2, (33, 44, 3)).astype(np.float32)
    delta[::3] = 0
    before = [p.copy() for p in frame.planes]
    for got, want in zip(frame.add_region(box, delta).planes, slow_add(frame, box, delta), strict=True):
        assert np.abs(got.astype(float) - want).max() <= 1 and (got != want).mean() < 0.01  # ties of float32
    assert all((a == b).all() for a, b in zip(before, frame.planes, strict=True)), "the frame itself was changed"


@pytest.mark.parametrize("name", [*FORMATS, "gray", "gray10le", "gbrp", "gbrp12le", "yuva444p10le"])
def test_zero_difference_keeps_every_bit(name):
    frame = frame_of(name, 37, 49)
    same = frame.add_region((3, 1, 30, 30), np.zeros((29, 27, 3), np.float32))
    assert all((a == b).all() for a, b in zip(same.planes, frame.planes, strict=True))
    assert same.image is not frame.image and (same.index, same.pts) == (frame.index, frame.pts)


@pytest.mark.parametrize("name", ["yuv444p12le", "gbrp", "gbrp12le"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_difference_arrives_upright(name, rotation):
    frame = frame_of(name, 36, 48, rotation=rotation)
    box = (4, 6, 30, 32)
    before = frame.region_rgb(box)
    delta = (np.random.default_rng(2).uniform(0.2, 0.8, before.shape).astype(np.float32) - before) * 0.5
    np.testing.assert_allclose(frame.add_region(box, delta).region_rgb(box), before + delta, atol=0.008)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_region_is_a_part_of_the_upright_image(rotation):
    frame = frame_of("yuv420p", 36, 48, rotation=rotation)
    whole = frame.region_rgb((0, 0, frame.width, frame.height))
    upright = np.rot90(slow_rgb(frame_of("yuv420p", 36, 48)), -rotation // 90)
    np.testing.assert_allclose(whole, upright, atol=1e-5)
    np.testing.assert_array_equal(frame.region_rgb((3, 5, 20, 31)), whole[5:31, 3:20])
    assert frame.rgb().shape == whole.shape


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p", "yuv422p10le", "gray", "gbrp"])
@pytest.mark.parametrize("encoding", [BT601, BT709, BT709_FULL])
def test_swscale_uses_the_same_matrix_and_range(name, encoding):
    if name in ("yuvj420p", "gray") and not encoding.full_range:
        pytest.skip("swscale takes these for full range whatever is said")
    frame = frame_of(name, 64, 96, encoding=encoding)
    exact = frame.region_rgb((0, 0, 96, 64)) * 255
    assert np.abs(frame.rgb() - exact).mean() < 2.5


def test_gray_takes_the_luma_of_a_difference():
    frame, delta = frame_of("gray"), np.full((8, 8, 3), 0.1, np.float32)
    change = frame.add_region((0, 0, 8, 8), delta).region_rgb((0, 0, 8, 8)) - frame.region_rgb((0, 0, 8, 8))
    np.testing.assert_allclose(change, 0.1, atol=0.004)


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (0, 0, 49, 5), (5, 5, 4, 9)])
def test_bad_boxes(box):
    with pytest.raises(ValueError):
        frame_of("yuv420p").region_rgb(box)
    with pytest.raises(ValueError, match="does not fit"):
        frame_of("yuv420p").add_region((0, 0, 5, 5), np.zeros((4, 5, 3), np.float32))


@pytest.mark.parametrize(
    "name,target",
    [
        ("rgb24", "gbrp"),
        ("bgr0", "gbrp"),
        ("rgba", "gbrap"),
        ("rgb48le", "gbrp16le"),
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("yuyv422", "yuv422p"),
        ("yuv420p10be", "yuv420p10le"),
        ("yuv420p", "yuv420p"),
    ],
)
def test_other_formats_go_to_a_planar_one_without_loss(name, target):
    assert planar_format(name) == target
    source = image(target, 36, 48)
    if target == "gbrap":
        source.planes[3].update(b"\xff" * source.planes[3].buffer_size)
    there_and_back = source.reformat(format=name, threads=1).reformat(format=target, threads=1)
    for a, b in zip(planes_of(source), planes_of(there_and_back), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "name", ["pal8", "monob", "xyz12le", "ayuv64le", "v30xle", "rgb565le", "x2rgb10le", "gbrpf32le"]
)
def test_odd_formats_have_a_planar_home(name):
    describe(planar_format(name))
