"""A second face model, manipulator and renderer go through the whole pipeline; outside their files a line each."""

import av
import numpy as np
import pytest

import ned
from ned.config.roles import FACE_MODELS, MANIPULATORS, RENDERERS, Implementation
from ned.provenance import verify_video


def _frames(path):
    with av.open(str(path)) as video:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]).astype(int)


@pytest.fixture(scope="module")
def usual(sample, tmp_path_factory):
    """The sample's first half second, made angry the usual way."""
    path = tmp_path_factory.mktemp("usual") / "usual.mp4"
    ned.process(sample.path, output=path, emotion="angry", end_s=0.5, renderer="warp", provenance=False)
    return path


def test_a_face_model_of_another_topology_gives_the_same_images(sample, usual, tmp_path, monkeypatch):
    monkeypatch.setitem(FACE_MODELS, "scrambled", Implementation("tests.face_model.scrambled", "load"))
    made = tmp_path / "scrambled.mp4"
    ned.process(
        sample.path, output=made, emotion="angry", end_s=0.5, renderer="warp", provenance=False,
        face_model="scrambled",
    )  # fmt: skip
    first, second = _frames(usual), _frames(made)
    assert first.shape == second.shape and np.abs(first - second).mean() < 0.1
    plain = _frames(sample.path)[: len(first)]
    assert np.abs(second - plain).max() > 40  # there was an edit


def test_a_manipulator_and_a_renderer_of_ones_own(sample, tmp_path, monkeypatch):
    monkeypatch.setitem(MANIPULATORS, "frowning", Implementation("tests.pipeline.newcomers", "build"))
    monkeypatch.setitem(RENDERERS, "painted", Implementation("tests.pipeline.newcomers", "prepare", trained=True))
    made = tmp_path / "painted.mp4"
    result = ned.process(
        sample.path, output=made, end_s=0.2, renderer="painted", manipulator="frowning", quality="lossless"
    )
    assert result.edited_frames == result.frames == 5
    change = _frames(made) - _frames(sample.path)[:5]
    inside = change[:, 280:360, 280:360]
    assert 30 < np.median(inside) < 60 and np.abs(change[:, :40]).max() <= 2
    assert verify_video(made).good
    manifest = made.read_bytes()
    assert b"painted" in manifest and b"frowning" in manifest


def test_a_renderer_that_is_not_there_is_said(sample):
    with pytest.raises(ned.errors.UserError, match="unknown renderer 'painted'.*auto, warp, neural"):
        ned.process(sample.path, renderer="painted")
