"""Timelines applied: weights over time, blends of translations, references."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ned.config import ProcessConfig
from ned.config.affect_path import Stop
from ned.config.timeline import Keyframe, PersonEdit
from ned.edit.keyframes import Styles, check_end, edit_track, keyframe_weights, reference_tracks
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.manipulator import Articulation, build_manipulator, effects_of
from ned.manipulator.vitl.plane import place_of
from ned.pipeline.sample import sample_expression
from ned.runtime.progress import Silent
from ned.types import Analysis, Colour, Edit, ExpressionTrack, FaceTrack, Shot, ValenceArousal, VideoInfo

MODEL = load_face_model()
RATE, FRAMES = 25.0, 200
TIMES = np.arange(FRAMES) / RATE


@pytest.fixture(scope="module")
def speech():
    change, _ = sample_expression(MODEL.space, FRAMES, RATE)
    track = ExpressionTrack.unpack(MODEL.space, np.clip(change, 0, 1))
    mouth, lids, *_ = effects_of(MODEL)
    return track, Articulation(
        np.maximum(track.pack() @ mouth, 0.0), np.maximum(1.0 + track.pack() @ lids, 0.0), 11.5
    )


def _keys(*entries):
    return tuple(Keyframe(t, style, strength, transition) for t, style, strength, transition in entries)


def test_weights_sum_to_one_and_are_smooth():
    keys = _keys((0.0, "neutral", 1.0, 0.8), (2.0, "happy", 1.0, 1.0), (2.5, "sad", 1.0, 1.0), (5.0, "fear", 1.0, 0.4))
    weights = keyframe_weights(keys, TIMES, 0.0)
    assert np.allclose(weights.sum(1), 1) and weights.min() >= 0
    assert (weights[:50, 1] == 1).all() and weights[(TIMES >= 3.5) & (TIMES <= 5)][:, 3].min() == 1
    assert weights[-1, 4] == 1 and np.abs(np.diff(weights, axis=0)).max() < 1.6 / (0.4 * RATE)
    half = keyframe_weights(keys[:2], np.array([2.5]), 0.0)
    assert half[0] == pytest.approx([0, 0.5, 0.5])


def test_before_the_first_keyframe_the_face_is_the_actors_own():
    weights = keyframe_weights(_keys((2.0, "happy", 1.0, 0.8)), TIMES, 0.0)
    assert (weights[TIMES <= 2.0, 0] == 1).all() and (weights[TIMES >= 2.8, 1] == 1).all()
    late = keyframe_weights(_keys((2.0, "happy", 1.0, 0.8)), TIMES[60:], TIMES[60])  # --start lies after it
    assert (late[:, 1] == 1).all()


def test_no_transition_is_a_step():
    weights = keyframe_weights(_keys((0.0, "sad", 1.0, 0.0), (2.0, "happy", 1.0, 0.0)), TIMES, 0.0)
    assert set(np.unique(weights)) == {0.0, 1.0} and weights[50, 1] == 1 and weights[51, 2] == 1


class _Counting:
    """A manipulator that counts how often it is asked."""

    def __init__(self):
        self.real, self.asked = build_manipulator("prototypes", MODEL), []
        self.space = self.real.space

    def translate(self, expression, articulation, frame_rate, edit):
        self.asked.append((edit.style.name, edit.intensity))
        return self.real.translate(expression, articulation, frame_rate, edit)


def _edited(speech, *entries):
    manipulator = _Counting()
    styles = Styles(MODEL, 0, Silent(), None)
    out = edit_track(*speech, TIMES, 0.0, RATE, PersonEdit(_keys(*entries)), manipulator, styles)
    return out.pack(), manipulator.asked


def test_one_keyframe_is_the_translation_itself(speech):
    edited, _ = _edited(speech, (0.0, "happy", 0.8, 0.8))
    plain = _Counting().translate(*speech, RATE, Styles(MODEL, 0, Silent(), None)(Keyframe(0.0, "happy", 0.8), TIMES))
    assert np.allclose(edited, plain.pack(), atol=1e-6)


def test_each_style_is_translated_once_and_holds_between_transitions(speech):
    styles = ("neutral", "happy", "neutral", "original")
    entries = [(2.0 * k, style, 1.0, 0.8) for k, style in enumerate(styles)]
    edited, asked = _edited(speech, *entries)
    assert sorted(asked) == [("happy", 1.0), ("neutral", 1.0)]
    neutral, _ = _edited(speech, (0.0, "neutral", 1.0, 0.8))
    happy, _ = _edited(speech, (0.0, "happy", 1.0, 0.8))
    for low, high, same in ((0, 2, neutral), (2.8, 4, happy), (4.8, 6, neutral), (6.8, 9, speech[0].pack())):
        held = (low <= TIMES) & (high >= TIMES)
        assert np.allclose(edited[held], same[held], atol=1e-6)
    assert np.abs(np.diff(edited - speech[0].pack(), axis=0)).max() < 0.35


def test_two_places_are_two_styles(speech):
    keys = tuple(Keyframe(t, "va", 1.0, 0.8, place=place) for t, place in ((0.0, (-0.6, -0.2)), (3.0, (0.7, 0.1))))
    styles, slider = Styles(MODEL, 0, Silent(), None), build_manipulator("vitl", MODEL)
    edited = edit_track(*speech, TIMES, 0.0, RATE, PersonEdit(keys), slider, styles).pack()
    for held, place in ((TIMES < 3.0, (-0.6, -0.2)), (TIMES > 3.8, (0.7, 0.1))):
        alone = slider.translate(*speech, RATE, Edit(ValenceArousal(*place))).pack()
        assert held.any() and np.allclose(edited[held], alone[held], atol=1e-5)


def test_a_path_is_taken_at_the_times_of_the_video(speech):
    """A track that begins at 4 s is met where the path is then, not at its beginning."""
    valence, arousal = (float(v) for v in place_of("happy"))
    path = Stop(0.0, -0.6, -0.2), Stop(4.0, valence, arousal)
    keys = (Keyframe(0.0, "va-path", 1.0, 0.8, path=path),)
    styles, slider = Styles(MODEL, 0, Silent(), None), build_manipulator("vitl", MODEL)
    late, early = (
        edit_track(*speech, TIMES + start, 0.0, RATE, PersonEdit(keys), slider, styles).pack() for start in (4.0, 0.0)
    )
    there = slider.translate(*speech, RATE, Edit(ValenceArousal(valence, arousal))).pack()
    assert np.allclose(late, there, atol=1e-5)
    assert np.abs(early[:10] - there[:10]).max() > 0.1
    assert np.abs(np.diff(early - speech[0].pack(), axis=0)).max() < 0.2


def test_closed_lips_stay_closed_through_a_transition(speech):
    mouth = effects_of(MODEL).opening
    closed = speech[1].mouth_opening < 0.05
    edited, _ = _edited(speech, (0.0, "happy", 1.0, 0.8), (1.0, "angry", 1.0, 3.0), (4.5, "fear", 1.0, 3.0))
    opening = speech[1].mouth_opening + (edited - speech[0].pack()) @ mouth
    assert closed.sum() > 5 and opening[closed].max() < 0.06


def test_intensity_zero_and_original_change_nothing(speech):
    for entries in (((0.0, "happy", 0.0, 0.8),), ((0.0, "original", 1.0, 0.8), (3.0, "sad", 0.0, 1.0))):
        edited, asked = _edited(speech, *entries)
        assert np.array_equal(edited, speech[0].pack()) and not asked


def _analysis(path, lengths, persons, rate=25):
    video = VideoInfo(
        path, "mp4", "h264", "yuv420p", 8, 480, 640, Fraction(rate), Fraction(1, rate), 100, 4.0, 0, Fraction(1),
        Colour(), (),
    )  # fmt: skip
    points = (MODEL.mean * 22 + np.array([300, 240, 0], np.float32)).astype(np.float32)
    tracks, start = [], 0
    for length, person in zip(lengths, persons, strict=True):
        box = np.array([[200.0, 150.0, 400.0, 350.0]] * length, np.float32)
        frames = np.arange(start, start + length)
        tracks.append(
            FaceTrack(person, Shot(start, start + length), frames, box, np.repeat(points[None], length, axis=0))
        )
        start += length
    return Analysis(video, start, tuple(track.shot for track in tracks), tuple(tracks))


def test_a_reference_is_its_most_prominent_persons_expression(monkeypatch, tmp_path):
    found = {
        tmp_path / "a.mp4": _analysis(tmp_path / "a.mp4", (40, 5, 30), (1, 1, 2)),
        tmp_path / "b.mp4": _analysis(tmp_path / "b.mp4", (20,), (1,), rate=30),
    }
    asked = []
    monkeypatch.setattr(
        "ned.edit.keyframes.analyse_cached", lambda clip, progress, cache: asked.append(clip) or found[clip]
    )
    styles = Styles(MODEL, 3, Silent(), None)
    key = Keyframe(0.0, "reference", 0.7, references=tuple(found))
    edit = styles(key, TIMES)
    styles(replace(key, intensity=0.2), TIMES)
    assert asked == list(found)  # each is read once
    assert [len(track) for track in edit.style.tracks] == [40, 20] and edit.style.rates == (25.0, 30.0)
    assert (edit.intensity, edit.seed) == (0.7, 3)
    own = fit_face(reference_tracks(found[tmp_path / "a.mp4"])[0], MODEL, 25.0).expression
    assert np.array_equal(edit.style.tracks[0].pack(), own.pack())


def test_a_reference_without_a_face_is_named(monkeypatch):
    nobody = _analysis(Path("wall.mp4"), (), ())
    monkeypatch.setattr("ned.edit.keyframes.analyse_cached", lambda *_, **__: nobody)
    with pytest.raises(UserError, match="wall.mp4: no face was found in this reference"):
        Styles(MODEL, 0, Silent(), None).read(
            (PersonEdit((Keyframe(0.0, "reference", 1.0, 0.8, (Path("wall.mp4"),)),)),)
        )


def test_a_timeline_past_the_end_is_refused_before_any_work(sample):
    config = ProcessConfig.build(input=sample.path, timeline="0:neutral 3.9:happy")
    check_end(config, config.input)
    check_end(ProcessConfig.build(input=sample.path, va_path="0:0,0 3.9:.5,.5"), sample.path)
    for options in ({"timeline": "0:neutral 4.5:happy"}, {"edit": ["1:0:neutral 60:happy"]}, {"va_path": "5:.1,.1"}):
        with pytest.raises(UserError, match="the video ends at 4.00 s"):
            check_end(ProcessConfig.build(input=sample.path, **options), sample.path)
