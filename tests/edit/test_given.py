"""A file's expression, cut to the tracks of a person."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ned.config.timeline import TRACK, Keyframe
from ned.edit.given import given_styles, joined
from ned.exchange.livelink import write_livelink
from ned.face_model.spaces import ARKIT52
from ned.types import Analysis, Colour, ExpressionTrack, FaceTrack, Shot, Track, VideoInfo

RATE = Fraction(25)


def _expression(frames, seed):
    return ExpressionTrack.unpack(ARKIT52, np.random.default_rng(seed).random((frames, 52), np.float32))


def _track(start, stop):
    count = stop - start
    return FaceTrack(
        1, Shot(0, 16), np.arange(start, stop), np.zeros((count, 4), np.float32), np.zeros((count, 478, 3), np.float32)
    )


def test_one_file_for_all_shots_is_cut_where_they_end(tmp_path):
    tracks = [_track(0, 4), _track(10, 16)]
    info = VideoInfo(
        tmp_path / "talk.mp4", "mp4", "h264", "yuv420p", 8, 240, 320, RATE, 1 / RATE, 16, 0.64, 0, Fraction(1),
        Colour(), (),
    )  # fmt: skip
    analysis = Analysis(info, 16, (Shot(0, 16),), tuple(tracks))
    wanted = _expression(10, 0)
    write_livelink(tmp_path / "e.csv", wanted, np.arange(10) / float(RATE), RATE)
    own = [_expression(4, 1), _expression(6, 2)]
    styles = given_styles(tmp_path / "e.csv", tracks, own, analysis)
    key = Keyframe(0.0, TRACK, 0.5)
    edits = [style(key, np.zeros(4)) for style in styles]
    assert all(isinstance(edit.style, Track) and edit.intensity == 0.5 for edit in edits)
    assert np.allclose(edits[0].style.expression.pack(), wanted.pack()[:4], atol=1e-6)
    assert np.allclose(edits[1].style.expression.pack(), wanted.pack()[4:], atol=1e-6)
    assert styles[0](replace(key, intensity=None), np.zeros(4)).intensity == 1.0
    assert np.array_equal(joined(own).pack(), np.concatenate([own[0].pack(), own[1].pack()]))
