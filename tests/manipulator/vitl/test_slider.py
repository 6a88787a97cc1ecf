"""The slider of the product: the plane, displays, what the manipulator promises, and its file."""

import dataclasses

import numpy as np
import pytest

from ned.config.affect_path import parse_path
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.files.checkpoint import TrainingRecord, load_checkpoint, save_checkpoint
from ned.manipulator import Articulation, Manipulator, effects_of
from ned.manipulator.corpus.overlays import SEEN
from ned.manipulator.vitl.evaluation import compare, emotional, smoothness
from ned.manipulator.vitl.manipulator import VitlManipulator
from ned.manipulator.vitl.own_place import own_place, own_places
from ned.manipulator.vitl.path import glide
from ned.manipulator.vitl.plane import DEGREES, NAMES, check_place, mouth_at, place_of, ring_kernel, shares_at
from ned.manipulator.vitl.regression import Kernels, Settings, fit_features
from ned.manipulator.vitl.settings import SliderConfig
from ned.manipulator.vitl.slider import load_slider
from ned.manipulator.vitl.training.displays import half_seen, invented_faces, make_displays, places
from ned.manipulator.vitl.training.fit import at_labels, fit_slider, save_slider
from ned.pipeline.sample import sample_expression
from ned.types import EMOTIONS, Edit, Emotion, ExpressionTrack, Reference, ValenceArousal

RATE = 25.0
MODEL = load_face_model()
CONFIG = SliderConfig(people=40, anchors=150)


@pytest.fixture(scope="module")
def slider():
    return fit_slider(MODEL.space, CONFIG)


@pytest.fixture(scope="module")
def manipulator():
    return VitlManipulator(MODEL.space, effects_of(MODEL))


@pytest.fixture(scope="module")
def speech():
    """A speaker who smiles."""
    change, _ = sample_expression(MODEL.space, 150, RATE)
    for side in ("Left", "Right"):
        change[:, MODEL.space.index("mouthSmile" + side)] = 0.45
    track = ExpressionTrack.unpack(MODEL.space, np.clip(change, 0, 1))
    mouth, lids = effects_of(MODEL)[:2]
    opening = np.maximum(track.pack() @ mouth, 0.0)
    return track, Articulation(opening, np.maximum(1.0 + track.pack() @ lids, 0.0), 11.5)


def test_places_are_the_paper_s_and_neutral_is_the_middle():
    assert DEGREES["happy"] == pytest.approx(6.0, abs=0.1) and DEGREES["sad"] == pytest.approx(-158.0, abs=0.1)
    assert DEGREES["angry"] == pytest.approx(128.7, abs=0.1)
    assert (place_of("neutral") == 0).all() and set(EMOTIONS) <= set(NAMES)
    assert all(np.hypot(*place_of(name)) == pytest.approx(1) for name in DEGREES)


def test_shares_sum_to_one_are_pure_at_labels_and_change_continuously():
    for name in NAMES:
        share = shares_at(place_of(name)[None])[0]
        assert share[NAMES.index(name)] == pytest.approx(1.0)
    angles = np.radians(np.arange(0, 361, 1.0))
    ring = shares_at(0.7 * np.stack([np.cos(angles), np.sin(angles)], 1))
    assert np.allclose(ring.sum(1), 1) and (ring >= -1e-12).all()
    assert np.abs(np.diff(ring, axis=0)).max() < 0.06 and ring[:, 0] == pytest.approx(0.3)


def test_the_mouth_is_the_label_s_at_labels_and_plain_in_the_middle():
    assert mouth_at(place_of("happy")).gain > 1.0
    plain = mouth_at(np.zeros(2))
    assert (plain.gain, plain.offset, plain.silent_opening, plain.rest) == (1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("place", [(0.9, 0.9), (np.nan, 0.0), (0.0, -1.2)])
def test_places_outside_the_disc_are_refused(place):
    with pytest.raises(UserError, match="outside the circle"):
        check_place(*place)


def test_displays_are_at_rest_in_the_middle_and_targets_leave_alone_what_is_there():
    rng = np.random.default_rng(1)
    rest = invented_faces(MODEL.space, 5, rng)
    displays = make_displays(MODEL.space, rest, rng)
    count = len(places())
    assert displays.faces.shape == (5, count, 52) and np.allclose(displays.faces[:, 0], rest)
    own = np.arange(count)
    targets = displays.targets().reshape(5, count, count, 52)
    assert (targets[:, own, own] == displays.faces).all()
    smile = MODEL.space.index("mouthSmileLeft")
    happy = next(k for k, theta in enumerate(displays.theta) if np.allclose(theta, place_of("happy")))
    assert (displays.faces[:, happy, smile] > displays.faces[:, 0, smile] + 0.1).all()
    assert emotional(displays.theta).sum() == 13
    part = half_seen(displays, rng)
    assert (part.faces[:, happy, smile] < displays.faces[:, happy, smile] + 0.06).all()
    assert part.wanted is displays.wanted


def test_the_fitted_slider_beats_offsets_on_other_people(slider):
    rng = np.random.default_rng(7)
    known = make_displays(MODEL.space, invented_faces(MODEL.space, 40, rng), rng)
    new = make_displays(MODEL.space, invented_faces(MODEL.space, 12, rng), rng)
    rows = {row.name: row.rms for row in compare(slider, known, new)}
    assert rows["vITL"] < rows["mean offset, told the source"] < rows["copy of the input"]
    smooth = smoothness(slider, new)
    assert smooth.own_largest < 0.3 and smooth.step_largest < 1.0


def test_a_slider_comes_back_from_its_file(slider, tmp_path):
    path = tmp_path / "slider.safetensors"
    save_slider(path, slider, CONFIG, MODEL.space, TrainingRecord(licence="MIT"))
    kept = load_slider(path)
    x = np.random.default_rng(0).uniform(0, 0.5, (20, 52))
    theta = np.array([[0.3, 0.2], [-1.0, 0.0]])
    assert np.abs(kept(x, theta) - slider(x, theta)).max() < 1e-3
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError):
        load_slider(path)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_it_is_a_manipulator_of_labels(manipulator, speech, emotion):
    assert isinstance(manipulator, Manipulator)
    track, articulation = speech
    assert np.array_equal(manipulator.translate(*speech, RATE, Edit(Emotion(emotion), 0.0)).pack(), track.pack())
    difference = manipulator.translate(*speech, RATE, Edit(Emotion(emotion))).pack() - track.pack()
    mouth, lids = effects_of(MODEL)[:2]
    opening = articulation.mouth_opening + difference @ mouth
    assert np.corrcoef(opening, articulation.mouth_opening)[0, 1] > (0.9 if emotion == "surprised" else 0.97)
    closed = articulation.mouth_opening < 0.004 * articulation.face_height
    if emotion != "surprised":
        assert closed.sum() > 5 and opening[closed].max() < 0.012 * articulation.face_height
    for eye in range(2):
        after = articulation.lid_opening[:, eye] + difference @ lids[:, eye]
        assert np.corrcoef(after, articulation.lid_opening[:, eye])[0, 1] > 0.999


def test_it_knows_places_and_a_label_is_one(manipulator, speech):
    valence, arousal = (float(v) for v in place_of("sad"))
    there = manipulator.translate(*speech, RATE, Edit(ValenceArousal(valence, arousal), 0.8)).pack()
    assert np.allclose(there, manipulator.translate(*speech, RATE, Edit(Emotion("sad"), 0.8)).pack())
    half = manipulator.translate(*speech, RATE, Edit(ValenceArousal(valence / 2, arousal / 2), 0.8)).pack()
    assert np.abs(half - there).max() > 0.1
    with pytest.raises(UserError, match="outside the circle"):
        manipulator.translate(*speech, RATE, Edit(ValenceArousal(0.9, 0.9)))


def test_the_smile_goes_where_it_should(manipulator, speech):
    smile = MODEL.space.index("mouthSmileLeft")
    mean = lambda track: float(track.pack()[:, smile].mean())  # noqa: E731
    before = mean(speech[0])
    assert mean(manipulator.translate(*speech, RATE, Edit(Emotion("neutral")))) < before - 0.2
    assert mean(manipulator.translate(*speech, RATE, Edit(Emotion("sad")))) < before - 0.2
    assert mean(manipulator.translate(*speech, RATE, Edit(Emotion("happy")))) > before - 0.05


def test_a_path_that_stands_still_is_the_place(manipulator, speech):
    still = manipulator.move(*speech, RATE, place_of("sad")).pack()
    path = np.tile(place_of("sad"), (150, 1))
    assert np.allclose(manipulator.move(*speech, RATE, path).pack(), still, atol=1e-6)


def test_a_path_glides_without_jumps(manipulator, speech):
    stops = parse_path("0:-.4,-.2 3:.6,.4 5.5:.6,.4")
    path = glide(stops, np.arange(150) / RATE)
    assert np.allclose(path[0], (-0.4, -0.2)) and np.allclose(path[-1], (0.6, 0.4))
    calm = ExpressionTrack.unpack(MODEL.space, np.zeros((150, 52)))
    shut = Articulation(np.zeros(150), np.ones((150, 2)), 11.5)
    moved = manipulator.move(calm, shut, RATE, path).pack()
    assert np.abs(np.diff(moved, axis=0)).max() < 0.05 and np.abs(moved).max() > 0.2


def test_five_degree_steps_are_small_on_other_people(manipulator):
    """Of the shipped slider, on the scale of an edit, over all steps, people and displays."""
    rng = np.random.default_rng(17)
    new = make_displays(MODEL.space, invented_faces(MODEL.space, 15, rng), rng)
    assert smoothness(manipulator.slider, new).step_largest <= 0.4


def test_between_neighbours_on_the_ring_lies_their_mixture(manipulator):
    x = np.random.default_rng(0).uniform(0, 0.5, (5, 52))
    at = lambda degrees, radius=1.0: radius * np.array(  # noqa: E731
        [[np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]]
    )
    fear, angry = (manipulator.slider(x, place_of(name)[None]) for name in ("fear", "angry"))
    third = DEGREES["fear"] + (DEGREES["angry"] - DEGREES["fear"]) / 3
    assert np.allclose(manipulator.slider(x, at(third)), (2 * fear + angry) / 3, atol=1e-9)
    middle = manipulator.slider(x, np.zeros((1, 2)))
    assert np.allclose(manipulator.slider(x, at(DEGREES["fear"], 0.4)), 0.4 * fear + 0.6 * middle, atol=1e-9)


def test_labels_alone_say_what_all_places_say():
    """The slider that is kept has weights for the labels only; the fit has them for every place that is taught."""
    rng = np.random.default_rng(2)
    displays = make_displays(MODEL.space, invented_faces(MODEL.space, 6, rng), rng)
    x, settings = displays.inputs(), Settings(0.7, 5.0, 1e-4, residual=True)
    whole = fit_features(
        lambda: [(x, displays.targets())], displays.theta, Kernels(x[::5], 0.7), settings, style_kernel=ring_kernel
    )
    few = at_labels(whole)
    theta = rng.uniform(-0.7, 0.7, (9, 2))
    assert few.weights.shape[1] == len(NAMES) < whole.weights.shape[1]
    assert np.allclose(few(x, theta), whole(x, theta), atol=1e-8)
    assert np.allclose(few.along(x[:9], theta), whole.along(x[:9], theta), atol=1e-8)


def test_the_paper_s_gaussian_is_there_too(tmp_path):
    config = SliderConfig(people=10, anchors=40, places="gaussian", gamma_theta=3.0)
    fitted = fit_slider(MODEL.space, config)
    path = tmp_path / "slider.safetensors"
    save_slider(path, fitted, config, MODEL.space, TrainingRecord())
    x, theta = np.random.default_rng(0).uniform(0, 0.5, (4, 52)), np.array([[0.3, 0.2]])
    near = np.exp(-3.0 * ((theta - fitted.styles) ** 2).sum(1))
    by_hand = x + np.einsum("nf,fjd,j->nd", fitted.features(x), fitted.weights, near)
    assert np.allclose(fitted(x, theta)[:, 0], by_hand)
    assert np.allclose(load_slider(path)(x, theta)[:, 0], by_hand, atol=1e-3)
    with pytest.raises(UserError, match="gamma_theta is of the Gaussian"):
        SliderConfig(gamma_theta=3.0)
    with pytest.raises(UserError, match="unknown places 'disc'"):
        SliderConfig(places="disc")


def test_a_slider_of_before_the_ring_is_read_as_it_was(tmp_path):
    """Its configuration says nothing of the kernel over places."""
    config = SliderConfig(people=10, anchors=40, places="gaussian")
    fitted = fit_slider(MODEL.space, config)
    path = tmp_path / "slider.safetensors"
    save_slider(path, fitted, config, MODEL.space, TrainingRecord())
    kept = load_checkpoint(path, "vitl")
    save_checkpoint(path, dataclasses.replace(kept, config={k: v for k, v in kept.config.items() if k != "places"}))
    x, theta = np.random.default_rng(0).uniform(0, 0.5, (4, 52)), np.array([[0.3, 0.2]])
    assert np.allclose(load_slider(path)(x, theta), fitted(x, theta), atol=1e-3)


def test_a_still_has_no_drift_and_the_seed_gives_it_to_videos(manipulator, speech):
    one, shut = speech[0][:1], Articulation(np.zeros(1), np.ones((1, 2)), 11.5)
    edits = [manipulator.move(one, shut, RATE, place_of("happy"), seed=s, variation=0.0).pack() for s in (0, 1)]
    assert np.array_equal(*edits)
    videos = [manipulator.move(*speech, RATE, place_of("happy"), seed=seed).pack() for seed in (0, 0, 1)]
    assert np.array_equal(videos[0], videos[1]) and not np.array_equal(videos[0], videos[2])


def test_an_image_s_open_mouth_closes_where_it_is_asked_to(manipulator):
    mouth = effects_of(MODEL).opening
    open_wide = np.zeros((101, 52))
    open_wide[:, 0] = 0.2
    track = ExpressionTrack.unpack(MODEL.space, open_wide)
    said = Articulation(open_wide @ mouth, np.ones((101, 2)), 11.5)
    left = []
    for closing in (0.0, 0.75):
        moved = manipulator.move(track, said, RATE, place_of("tired"), variation=0.0, closing=closing)
        left.append(float((said.mouth_opening + (moved.pack() - open_wide) @ mouth)[50] / said.mouth_opening[50]))
    assert left[0] == pytest.approx(1.0, abs=0.05) and left[1] == pytest.approx(0.25, abs=0.05)


def test_a_face_s_own_place_is_found(manipulator):
    rng = np.random.default_rng(3)
    new = make_displays(MODEL.space, invented_faces(MODEL.space, 3, rng), rng)
    found = own_places(manipulator.slider, new.inputs())
    wanted = np.tile(new.theta, (3, 1))
    apart = np.hypot(*(found - wanted).T)
    assert apart.mean() < 0.3 < np.hypot(*wanted.T).mean() and np.hypot(*found.T).max() <= 1 + 1e-9


def test_refusals(manipulator, speech):
    with pytest.raises(UserError, match="reference"):
        manipulator.translate(*speech, RATE, Edit(Reference((speech[0],), (RATE,))))
    with pytest.raises(ValueError, match="unknown emotion"):
        manipulator.translate(*speech, RATE, Edit(Emotion("smug")))
    with pytest.raises(ValueError, match="places for"):
        manipulator.move(*speech, RATE, np.zeros((3, 2)))
    other = ExpressionTrack.unpack(dataclasses.replace(MODEL.space, name="other"), np.zeros((150, 52)))
    with pytest.raises(ValueError, match="speaks"):
        manipulator.move(other, speech[1], RATE, np.zeros(2))


def test_the_place_that_a_face_has_leaves_it_alone(manipulator):
    """Of the shipped slider: whoever is asked for the place that is told of them changes by a tenth at most, of what
    a coefficient of an edit can be, on average over people and displays."""
    rng = np.random.default_rng(11)
    new = make_displays(MODEL.space, invented_faces(MODEL.space, 4, rng), rng)
    x = new.inputs()
    theirs = own_places(manipulator.slider, x)
    change = np.abs(manipulator.slider.along(x, theirs) - x).max(1) / SEEN
    elsewhere = np.abs(manipulator.slider.along(x, np.roll(theirs, 7, axis=0)) - x).max(1) / SEEN
    assert change.mean() <= 0.1 < 0.3 < elsewhere.mean()


def test_the_place_of_a_track_is_that_of_its_mood(manipulator):
    rng = np.random.default_rng(5)
    shown = make_displays(MODEL.space, invented_faces(MODEL.space, 1, rng), rng)
    happy = next(k for k, theta in enumerate(shown.theta) if np.allclose(theta, place_of("happy")))
    speech = 0.1 * np.sin(np.arange(80))[:, None] * (np.arange(52) == 0)
    for k, wanted in ((0, (0.0, 0.0)), (happy, place_of("happy"))):
        found = own_place(ExpressionTrack.unpack(MODEL.space, shown.faces[0, k] + speech))
        assert np.hypot(*(found - wanted)) < 0.35
    with pytest.raises(ValueError, match="52 coefficients"):
        own_place(ExpressionTrack.unpack(MODEL.space, np.zeros((0, 52))))
