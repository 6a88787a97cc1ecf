"""A plan that is kept in a folder is the same plan when it is read, whoever fitted the faces."""

from dataclasses import replace

import numpy as np

from ned.analysis import analyse
from ned.edit.track_edit import TrackEdit
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.pipeline.planned import EditedPerson, VideoPlan, load_plan, save_plan
from ned.types import Heads


def _heads(frames, rng):
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    return Heads(draw(frames, 100), draw(frames, 50), draw(frames, 3), draw(frames, 3, 3), draw(frames),
                 draw(frames, 2))  # fmt: skip


def test_what_is_kept_is_what_is_read(sample, tmp_path):
    """Fits, edits and FLAME's heads, where a network is to be shown them."""
    model, analysis = load_face_model(), analyse(sample.path)
    track = analysis.tracks[0]
    fit = fit_face(track, model, float(analysis.video.frame_rate))
    heads = _heads(len(track), np.random.default_rng(0))
    person = EditedPerson(track.person, "", "happy@1", len(track), len(track), 0, 0)
    for told in (None, heads):
        edit = TrackEdit(track, fit, fit.expression, model, np.ones(len(track)), told)
        folder = tmp_path / ("told" if told else "plain")
        folder.mkdir()
        save_plan(folder, VideoPlan(replace(analysis, tracks=(track,)), (person,), [edit]))
        read = load_plan(folder, sample.path, model)
        assert read.people == (person,) and len(read.edits) == 1
        assert np.array_equal(read.edits[0].edited.pack(), fit.expression.pack())
        assert np.array_equal(read.edits[0].track.landmarks, track.landmarks)
        assert (read.edits[0].heads is None) == (told is None)
    assert np.array_equal(read.edits[0].heads.jaw_rad, heads.jaw_rad) and read.edits[0].heads.detail is None
