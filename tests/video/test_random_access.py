"""Frames here and there: decord where it tells the truth, our own reader where not."""

import sys
import types

import numpy as np
import pytest

from ned.pipeline.sample import _COLOUR
from ned.video import random_access, read_frames
from ned.video.ffmpeg import find_ffmpeg
from ned.video.random_access import random_frames, trusted_reader


def make(path, *options, frames=40, rate=25):
    """A film of moving bars, key frames now and then."""
    import subprocess

    source = f"testsrc2=size=96x64:rate={rate}:duration={frames / rate}"
    subprocess.run([find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-g", "8",
                    *options, "-y", str(path)], check=True)  # fmt: skip
    return path


@pytest.fixture
def clip(tmp_path):
    return make(tmp_path / "a.mp4")


def test_frames_are_those_of_our_reader(clip, monkeypatch):
    pytest.importorskip("decord", reason="decord is not installed")
    whole = {frame.index: frame.rgb() for frame in read_frames(clip)}
    assert trusted_reader(clip) is not None
    monkeypatch.setattr(random_access, "read_frames", lambda path: read_frames(path))
    found = dict(random_frames(clip, [3, 17, 18, 35, 39]))
    assert list(found) == [3, 17, 18, 35, 39]
    for index, image in found.items():
        assert np.abs(image.astype(int) - whole[index]).mean() < 3, index
        others = [np.abs(image.astype(int) - whole[k]).mean() for k in whole if abs(k - index) == 1]
        assert np.abs(image.astype(int) - whole[index]).mean() < 0.5 * min(others)


def test_without_decord_and_where_most_is_wanted(clip, monkeypatch):
    whole = {frame.index: frame.rgb() for frame in read_frames(clip)}
    monkeypatch.setitem(sys.modules, "decord", None)
    assert trusted_reader(clip) is None
    for wanted in ([0, 9, 39], list(range(40)), [38, 39, 50], []):
        found = dict(random_frames(clip, wanted))
        assert list(found) == [k for k in wanted if k < 40]
        assert all(np.array_equal(image, whole[index]) for index, image in found.items())


class Lying:
    """A reader as decord's that says something else than the container."""

    def __init__(self, count=40, shift=0.0):
        self.count, self.shift = count, shift

    def __call__(self, path, num_threads):
        return self

    def __len__(self):
        return self.count

    def get_frame_timestamp(self, indices):
        return np.array([[k / 25 + self.shift, (k + 1) / 25] for k in indices])

    def __getitem__(self, index):
        return types.SimpleNamespace(asnumpy=lambda: np.zeros((64, 96, 3), np.uint8))


@pytest.mark.parametrize("reader", [Lying(60), Lying(shift=4.9), Lying()], ids=["count", "times", "pixels"])
def test_a_reader_that_errs_is_not_used(clip, monkeypatch, reader):
    fake = types.SimpleNamespace(VideoReader=reader, DECORDError=RuntimeError)
    monkeypatch.setitem(sys.modules, "decord", fake)
    assert trusted_reader(clip) is None
    whole = {frame.index: frame.rgb() for frame in read_frames(clip)}
    assert all(np.array_equal(image, whole[index]) for index, image in random_frames(clip, [2, 30]))


def test_a_start_offset_and_an_edit_list(tmp_path):
    """What is shown is what counts: whoever reads them, the frames are those of our reader."""
    whole = make(tmp_path / "a.mp4", "-bf", "2")
    cut = tmp_path / "b.mp4"
    import subprocess

    subprocess.run([find_ffmpeg(), "-v", "error", "-ss", "0.5", "-i", str(whole), "-c", "copy", "-y", str(cut)],
                   check=True)  # fmt: skip
    ours = {frame.index: frame.rgb() for frame in read_frames(cut)}
    last = max(ours)
    found = dict(random_frames(cut, [1, last]))
    assert list(found) == [1, last]
    for index, image in found.items():
        assert np.abs(image.astype(int) - ours[index]).mean() < 3


def test_colours_that_decord_does_not_know(tmp_path):
    assert _COLOUR.matrix == "bt709"
    full = make(tmp_path / "full.mp4", "-color_range", "pc", "-vf", "scale=out_range=pc")
    assert trusted_reader(full) is None
