"""A second face model costs one file and one line of a table."""

import numpy as np
import pytest

from ned.config.roles import FACE_MODELS, Implementation
from ned.face_model import FaceModel, LandmarkFace, load_face_model
from ned.fitting import fit_face
from ned.manipulator import effects_of
from tests.face_model import scrambled


@pytest.fixture
def second(monkeypatch) -> LandmarkFace:
    monkeypatch.setitem(FACE_MODELS, "scrambled", Implementation("tests.face_model.scrambled", "load"))
    yield load_face_model("scrambled")
    load_face_model.cache_clear()


def test_it_is_seen_through_the_landmarks(second):
    first = load_face_model()
    assert isinstance(second, FaceModel) and isinstance(scrambled.load(), FaceModel)
    assert len(scrambled.load().mean) == len(first.mean) + scrambled.EXTRA
    assert not np.array_equal(scrambled.load().mean[:478], first.mean)
    for name in ("mean", "basis", "jaw_weights"):
        assert np.array_equal(getattr(second, name), getattr(first, name)), name
    assert np.array_equal(second.topology.triangles, first.topology.triangles)
    some = np.random.default_rng(0).random((3, second.space.width), np.float32)
    assert np.array_equal(second.displacements(some), first.displacements(some))
    for mine, theirs in zip(effects_of(second), effects_of(first), strict=True):
        assert np.array_equal(mine, theirs)


def test_it_is_fitted_as_the_first_is(second, sample):
    from ned.analysis import analyse

    (track,) = analyse(sample.path, end_s=0.4).tracks
    mine, theirs = (fit_face(track, model, 25.0) for model in (second, load_face_model()))
    assert np.allclose(mine.expression.pack(), theirs.expression.pack(), atol=1e-4)
