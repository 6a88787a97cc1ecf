from fractions import Fraction

import pytest

from ned.errors import UserError
from ned.video import probe
from tests.video.tiny_clips import make_clip


def test_facts(tmp_path):
    path = make_clip(tmp_path / "a.mp4", rate=Fraction(30000, 1001), time_base=Fraction(1, 30000), audio="aac")
    info = probe(path)
    assert (info.height, info.width, info.frame_rate) == (48, 64, Fraction(30000, 1001))
    assert (info.time_base, info.num_frames, info.codec) == (Fraction(1, 30000), 12, "h264")
    assert (info.pixel_format, info.bit_depth, info.rotation) == ("yuv420p", 8, 0)
    assert [a.codec for a in info.audio] == ["aac"] and info.audio[0].sample_rate == 44100


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_clockwise_and_size_is_upright(tmp_path, rotation):
    info = probe(make_clip(tmp_path / "a.mp4", rotation=rotation))
    assert info.rotation == rotation
    assert (info.height, info.width) == ((48, 64) if rotation == 180 else (64, 48))


def test_depth_and_range(tmp_path):
    assert probe(make_clip(tmp_path / "a.mp4", form="yuv422p10le")).bit_depth == 10
    assert probe(make_clip(tmp_path / "b.mp4", form="yuvj420p")).colour.range == "pc"


def test_bad_input_is_a_one_line_user_error(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100)
    whole = make_clip(tmp_path / "whole.mp4")
    (tmp_path / "no_index.mp4").write_bytes(whole.read_bytes()[:2000])
    make_clip(tmp_path / "sound.mp4", audio="aac", video=False)
    for name, cause in {
        "missing.mp4": "no such file",
        "empty.mp4": "0 bytes",
        "text.mp4": "not a video",
        "no_index.mp4": "not a video",
        "sound.mp4": "no video stream",
        ".": "folder",
    }.items():
        with pytest.raises(UserError, match=cause) as caught:
            probe(tmp_path / name)
        assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_frame(tmp_path):
    path = tmp_path / "a.mkv"
    make_clip(path, count=3)
    data = path.read_bytes()
    at = data.index(b"\x1f\x43\xb6\x75")  # the first cluster, where images begin
    path.write_bytes(data[: at + 60])
    with pytest.raises(UserError, match="no frame can be decoded"):
        probe(path)
