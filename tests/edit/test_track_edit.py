"""From coefficients to pixels: delta editing, openings, fades."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ned.edit.track_edit import TrackEdit, edit_strength, measure_articulation, resting_smile
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.types import Analysis, Colour, ExpressionTrack, FaceTrack, Shot, VideoInfo

MODEL = load_face_model()
FRAMES = 30


def _rotation(yaw):
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def _track(jaw, yaw=0.0, frames=None, shot=None):
    packed = np.zeros((len(jaw), MODEL.space.width), np.float32)
    packed[:, 0] = jaw
    face = MODEL.mean + MODEL.displacements(packed)
    points = face @ _rotation(yaw).T * 22 + np.array([300, 240, 0], np.float32)
    frames = np.arange(len(jaw)) if frames is None else frames
    boxes = np.concatenate([points[:, :, :2].min(1), points[:, :, :2].max(1)], 1)
    return FaceTrack(1, shot or Shot(0, len(jaw)), frames, boxes.astype(np.float32), points.astype(np.float32))


def _analysis(track):
    video = VideoInfo(
        Path("x.mp4"), "mp4", "h264", "yuv420p", 8, 480, 640, Fraction(25), Fraction(1, 25), 100, 4.0, 0, Fraction(1),
        Colour(), (),
    )  # fmt: skip
    return Analysis(video, 100, (track.shot,), (track,))


@pytest.fixture(scope="module")
def speaking():
    track = _track(0.15 + 0.15 * np.sin(np.arange(FRAMES) / 3))
    return track, fit_face(track, MODEL, 25.0)


def test_no_edit_is_exactly_the_tracked_face(speaking):
    track, fit = speaking
    edit = TrackEdit(track, fit, fit.expression, MODEL, np.ones(FRAMES))
    assert not edit.changed().any()
    face = edit.face_edit(3)
    assert np.array_equal(face.source, face.target) and not face.change.any()


def test_a_change_moves_the_face_by_the_models_displacement_in_pixels(speaking):
    track, fit = speaking
    packed = fit.expression.pack().copy()
    column = MODEL.space.index("browInnerUp")
    packed[:, column] += 0.5
    edit = TrackEdit(track, fit, ExpressionTrack.unpack(MODEL.space, packed), MODEL, np.ones(FRAMES))
    face = edit.face_edit(5)
    expected = 0.5 * MODEL.basis[column] @ fit.pose.rotation[5].T * fit.pose.scale[5]
    assert np.abs(face.target - face.source - expected).max() < 0.02
    assert edit.changed().all() and face.change[column] == pytest.approx(0.5, abs=1e-5)


def test_openings_are_measured_whatever_the_pose():
    jaw = 0.15 + 0.15 * np.sin(np.arange(FRAMES) / 3)
    frontal, turned = (_track(jaw, yaw) for yaw in (0.0, 0.5))
    packed = np.zeros((FRAMES, MODEL.space.width), np.float32)
    packed[:, 0] = jaw
    face = MODEL.mean + MODEL.displacements(packed)
    truth = face[:, 14, 1] - face[:, 13, 1]
    for track in (frontal, turned):
        opening = measure_articulation(track, fit_face(track, MODEL, 25.0), MODEL).mouth_opening
        assert np.corrcoef(opening, truth)[0, 1] > 0.995 and np.abs(opening - truth).max() < 0.25


def test_a_smiling_neutral_face_is_noticed():
    column = [MODEL.space.index("mouthSmileLeft"), MODEL.space.index("mouthSmileRight")]
    for amount in (0.0, 0.3, 0.6):
        identity = MODEL.mean + amount * MODEL.basis[column].sum(0)
        assert resting_smile(identity.astype(np.float32), MODEL) == pytest.approx(amount, abs=0.03)


def test_the_edit_fades_inside_a_shot_but_not_at_its_cuts():
    shot = Shot(0, 100)
    track = _track(np.full(30, 0.2), frames=np.arange(0, 30), shot=shot)
    strength = edit_strength(track, fit_face(track, MODEL, 25.0), _analysis(track))
    assert strength[0] == 1 and strength[10] == 1 and strength[-1] < 0.3 and (np.diff(strength[-5:]) < 0).all()


def test_a_profile_is_left_alone():
    track = _track(np.full(20, 0.2), yaw=np.radians(75))
    assert edit_strength(track, fit_face(track, MODEL, 25.0), _analysis(track)).max() < 0.05


def test_the_open_mouth_is_wide_and_seen_from_the_front():
    jaw = np.full(FRAMES, 0.02)
    jaw[10], jaw[20] = 0.3, 0.35
    track = _track(jaw)
    turned = track.landmarks.copy()
    turned[20] = _track(jaw, yaw=0.9).landmarks[20]
    track = FaceTrack(1, track.shot, track.frames, track.boxes, turned)
    fit = fit_face(track, MODEL, 25.0)
    assert TrackEdit(track, fit, fit.expression, MODEL, np.ones(FRAMES)).open_mouth() == 10
    shut = _track(np.full(FRAMES, 0.0))
    fit = fit_face(shut, MODEL, 25.0)
    assert TrackEdit(shut, fit, fit.expression, MODEL, np.ones(FRAMES)).open_mouth() is None
