"""What is delivered beside the video: mattes, handles, the edited expression."""

import json
import struct

import numpy as np
import pytest

import ned
from ned.config import ProcessConfig
from ned.errors import UserError
from ned.video import read_frames
from ned.video.matte import matte
from tests.video.tiny_clips import frame_of


def _planes(path):
    return [tuple(plane.copy() for plane in frame.planes) for frame in read_frames(path)]


@pytest.fixture(scope="module")
def delivered(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivered")
    return ned.process(
        sample.path, output=folder / "sad.mkv", emotion="sad", quality="lossless", start_s=0.4, end_s=0.6, handles=2,
        alpha=folder / "matte.mp4", export_edited=folder / "face.glb",
    )  # fmt: skip


def test_handles_are_edited_frames_around_the_cut(sample, delivered):
    assert delivered.frames == delivered.edited_frames == 5 + 2 * 2
    before = [frame for frame in read_frames(sample.path) if 8 <= frame.index < 17]
    after = _planes(delivered.output)
    assert len(before) == len(after)
    for a, b in zip(before, after, strict=True):
        assert np.array_equal(a.planes[0][500:], b[0][500:])  # the same moment: what is no face is equal


def test_the_matte_is_exactly_what_changed(sample, delivered):
    mattes = [planes[0] for planes in _planes(delivered.output.with_name("matte.mp4"))]
    assert len(mattes) == 9
    truth = [frame for frame in read_frames(sample.path) if 8 <= frame.index < 17]
    for white, a, b in zip(mattes, truth, _planes(delivered.output), strict=True):
        assert set(np.unique(white)) == {0, 255}
        luma = a.planes[0] != b[0]
        chroma = ((a.planes[1] != b[1]) | (a.planes[2] != b[2])).repeat(2, 0).repeat(2, 1)
        assert np.array_equal(white > 0, luma | chroma) and luma.any()


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p10le", "yuv444p", "gbrp16le", "gray", "yuv410p"])
def test_a_single_sample_is_seen(form):
    frame = frame_of(form, 38, 45)
    image = frame_of(form, 38, 45).image
    plane = np.frombuffer(image.planes[-1], np.uint8)
    plane[0] ^= 1
    after = type(frame)(image, 0, 0, 0, frame.encoding)
    white = matte(frame, after).planes[0] > 0
    down, across = 1 << frame.format.shift_y, 1 << frame.format.shift_x
    truth = np.zeros((38, 45), bool)
    truth[:down, :across] = True
    assert np.array_equal(white, truth)
    assert not matte(frame, frame).planes[0].any()


def test_the_mesh_moves_as_the_edit(delivered):
    data = (delivered.output.with_name("face.glb")).read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    told = json.loads(data[20 : 20 + length])
    sampler = told["animations"][0]["samplers"][0]
    names = told["meshes"][0]["extras"]["targetNames"]
    view = told["bufferViews"][told["accessors"][sampler["output"]]["bufferView"]]
    weights = np.frombuffer(data, np.float32, view["byteLength"] // 4, 28 + length + view["byteOffset"])
    weights = weights.reshape(9, len(names))
    frowns = weights[:, [names.index("mouthFrownLeft"), names.index("browInnerUp")]]
    assert frowns.mean(0).min() > 0.1


def test_options_that_do_not_go_together_are_told(tmp_path):
    for options, message in (
        ({"handles": 8}, "handles need a start or an end"),
        ({"alpha": "a.gif"}, "no kind of matte"),
        ({"export_edited": "a.fbx"}, "no kind of track"),
        ({"output": "o.%04d.exr", "compare": True}, "side by side is a video"),
        ({"output": "o.mkv", "alpha": "o.mkv"}, "two outputs have one name"),
        ({"frame_rate": "fast"}, "frame rate is 'fast'"),
        ({"colour_space": "rec709"}, "did you mean linear-rec709"),
    ):
        with pytest.raises(UserError, match=message):
            ProcessConfig.build(input=tmp_path / "in.mp4", **options)
    assert ProcessConfig.build(input="a.mp4", frame_rate="23.976").frame_rate.denominator == 1001
