import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from ned.errors import UserError
from ned.video import MediaWarning, frame_at, frames_at, prefetch, read_frames
from tests.video.tiny_clips import CLIPS, decode, make_clip, needs_clips, planes_of

IRREGULAR = [0, 512, 1100, 1101, 2900, 3333, 4000, 6000, 6001, 7777, 9000, 12800]


def same_samples(frame, image) -> bool:
    return all((a == b).all() for a, b in zip(frame.planes, planes_of(image), strict=True))


@pytest.mark.parametrize(
    "suffix,pts",
    [
        (".mp4", None),
        (".mp4", IRREGULAR),
        (".mp4", [p + 5000 for p in IRREGULAR]),
        (".mkv", [10 * p + 5000 for p in IRREGULAR]),
    ],
)
def test_times_and_samples_equal_the_decoder(tmp_path, pts, suffix):
    path = make_clip(tmp_path / f"a{suffix}", pts=pts)
    truth = decode(path)
    frames = list(read_frames(path))
    assert [f.pts for f in frames] == [f.pts for f in truth] and len(frames) == 12
    assert [f.index for f in frames] == list(range(12))
    assert all(same_samples(a, b) for a, b in zip(frames, truth, strict=True))


@pytest.mark.parametrize("options", [{}, {"g": "5", "bf": "2"}])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_cut_keeps_the_index_of_the_video(tmp_path, options, suffix):
    path = make_clip(tmp_path / f"a{suffix}", count=30, options=options)
    whole = list(read_frames(path))
    zero, unit = whole[0].pts, decode(path)[0].time_base
    for start_s, end_s in ((0.4, 0.8), (0.41, 0.72), (0.0, 0.2), (1.0, None), (None, 0.2)):
        at_s = [round(float((f.pts - zero) * unit), 6) for f in whole]
        want = [f for f, t in zip(whole, at_s, strict=True) if (start_s or 0) <= t < (end_s or 99)]
        got = list(read_frames(path, start_s, end_s))
        assert [(f.index, f.pts) for f in got] == [(f.index, f.pts) for f in want]
        assert all((a.planes[0] == b.planes[0]).all() for a, b in zip(got, want, strict=True))


def test_a_cut_outside_is_a_user_error(tmp_path):
    path = make_clip(tmp_path / "a.mp4")
    for start_s, end_s in ((100, None), (2, 1), (-1, None)):
        with pytest.raises(UserError):
            list(read_frames(path, start_s, end_s))


def test_truncated_file_gives_its_good_frames_and_warns(tmp_path):
    whole = make_clip(tmp_path / "a.mp4", count=40, options={"movflags": "faststart", "g": "4"})
    cut = tmp_path / "cut.mp4"
    from ned.video import VideoWriter, probe  # the writer puts the index first

    with VideoWriter(tmp_path / "fast.mp4", probe(whole), preset="ultrafast") as out:
        for frame in read_frames(whole):
            out.write(frame)
    data = (tmp_path / "fast.mp4").read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    with pytest.warns(MediaWarning, match="damaged or cut off"):
        frames = list(read_frames(cut))
    assert 10 < len(frames) < 40


def test_frames_without_times_get_some(tmp_path):
    path = make_clip(tmp_path / "a.h264", count=6, options={"bf": "0"})
    pts = [f.pts for f in read_frames(path)]
    assert len(pts) == 6 and all(a < b for a, b in zip(pts, pts[1:], strict=False))


def test_rgb_video_is_held_as_planes(tmp_path):
    path = make_clip(tmp_path / "a.mkv", codec="ffv1", form="gbrp10le", count=2)
    frame = next(read_frames(path))
    np.testing.assert_allclose(frame.region_rgb((0, 0, 64, 48)) * 255, frame.rgb(), atol=1.1)


@needs_clips
def test_a_hidden_part_is_no_loss(recwarn):
    path = CLIPS / "wild" / "man_1080p_2997_second_face.mp4"
    assert len(list(read_frames(path))) == 300 and not [w for w in recwarn if w.category is MediaWarning]


def test_prefetch_gives_everything_in_order():
    assert list(prefetch(iter(range(100)), 3)) == list(range(100))


def test_prefetch_hands_errors_over():
    def broken():
        yield 1
        raise UserError("broken")

    items = prefetch(broken(), 4)
    assert next(items) == 1
    with pytest.raises(UserError, match="broken"):
        next(items)
    with pytest.raises(StopIteration):
        next(items)


def test_prefetch_is_bounded_and_stops_early():
    taken, closed = [], threading.Event()

    def endless():
        try:
            while True:
                taken.append(0)
                yield 0
        finally:
            closed.set()

    with prefetch(endless(), 3) as items:
        next(items)
        time.sleep(0.1)
        assert len(taken) <= 5
    assert closed.is_set()
    assert list(items) == []


def test_time_base_of_2997(tmp_path):
    path = make_clip(tmp_path / "a.mp4", rate=Fraction(30000, 1001), time_base=Fraction(1, 30000))
    assert [f.pts for f in read_frames(path)] == [1001 * k for k in range(12)]


@pytest.mark.parametrize("pts", [None, IRREGULAR])
def test_a_frame_by_its_index_is_the_streamed_one(tmp_path, pts):
    path = make_clip(tmp_path / "a.mp4", pts=pts, options={"g": "5", "bf": "2"})
    frames = list(read_frames(path))
    for index in (0, 4, 11):
        found = frame_at(path, index, 25.0)
        assert found.index == index and same_samples(found, decode(path)[index]) and found.pts == frames[index].pts
    assert frame_at(path, 12, 25.0) is None
    several = list(frames_at(path, [1, 2, 7, 10, 40], 25.0))
    assert [frame.index for frame in several] == [1, 2, 7, 10]
    assert all(np.array_equal(frame.rgb(), frames[frame.index].rgb()) for frame in several)


@pytest.mark.parametrize("parity", ["tff", "bff"])
def test_interlaced_images_are_joined(tmp_path, parity):
    """Fields of two moments, as ffmpeg weaves them, come back as images without a comb, one for each pair."""
    from ned.video.ffmpeg import _ask, find_ffmpeg

    source, mode = tmp_path / "a.mkv", {"tff": "interleave_top", "bff": "interleave_bottom"}[parity]
    _ask(find_ffmpeg(), "-f", "lavfi", "-i", "testsrc2=s=128x96:r=50:d=0.6", "-vf", f"tinterlace={mode}", "-c:v",
 "ffv1", "-pix_fmt", "yuv420p", str(source))  # fmt: skip
    with av.open(str(source)) as container:
        woven = list(container.decode(video=0))
    assert all(frame.interlaced_frame for frame in woven)
    with pytest.warns(MediaWarning, match="interlaced"):
        frames = list(read_frames(source))
    assert [frame.pts for frame in frames] == [frame.pts for frame in woven]

    def comb(luma):
        return np.abs(luma[2:].astype(int) - 2 * luma[1:-1].astype(int) + luma[:-2]).mean()

    before = np.mean([comb(frame.to_ndarray()[:96]) for frame in woven])
    assert np.mean([comb(frame.planes[0]) for frame in frames]) < 0.8 * before


def test_avi_frames_take_the_times_of_packets_in_order(tmp_path):
    options = {"bf": "2", "preset": "medium"}
    source = make_clip(tmp_path / "a.avi", time_base=Fraction(1, 25), count=15, size=(96, 128), options=options)
    assert np.diff([frame.pts for frame in read_frames(source)]).tolist() == [1] * 14
