"""The learned manipulator as shipped: what it promises on invented speech, at any length and frame rate."""

import shutil

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.face_model import load_face_model
from ned.face_model.spaces import FLAME50
from ned.manipulator import Effects, Manipulator, build_manipulator, effects_of
from ned.manipulator import learned as module
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.evaluation import articulate
from ned.manipulator.family import build_family, load_family
from ned.manipulator.graphs import TorchNetworks
from ned.manipulator.learned import SHIPPED, LearnedManipulator, geometric_median
from ned.manipulator.prototypes import sided
from ned.manipulator.resample import at_frames, resample
from ned.manipulator.settings import SEEN, ManipulatorConfig
from ned.manipulator.speech import CLOSED_SHARE
from ned.types import EMOTIONS, Edit, Emotion, ExpressionTrack, Reference, ValenceArousal

RATE = 25.0
MODEL = load_face_model()
EFFECTS = effects_of(MODEL)


def _speaker(rate=RATE, seconds=8.0, seed=0, smile=0.0):
    values = speak(MODEL.space, round(seconds * rate), rate, np.random.default_rng(seed))
    values[:, sided(MODEL.space, "mouthSmile")] += smile
    track = ExpressionTrack.unpack(MODEL.space, np.clip(values, 0, 1))
    return track, articulate(track, EFFECTS)


@pytest.fixture(scope="module")
def manipulator():
    made = build_manipulator("learned", MODEL)
    assert isinstance(made, Manipulator)
    return made


def _edited(manipulator, speaker, style="happy", intensity=1.0, seed=0, rate=RATE):
    style = Emotion(style) if isinstance(style, str) else style
    return manipulator.translate(*speaker, rate, Edit(style, intensity, seed))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_intensity_zero_is_the_identity(manipulator, emotion):
    speaker = _speaker()
    assert _edited(manipulator, speaker, emotion, 0.0) is speaker[0]


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_mouth_keeps_time_and_closures(manipulator, emotion):
    track, said = _speaker()
    change = _edited(manipulator, (track, said), emotion).pack() - track.pack()
    opening = said.mouth_opening + change @ EFFECTS.opening
    assert np.corrcoef(opening, said.mouth_opening)[0, 1] > (0.9 if emotion == "surprised" else 0.97)
    closed = said.mouth_opening < 0.3 * CLOSED_SHARE * said.face_height
    assert closed.sum() > 10
    if emotion != "surprised":  # opens a silent mouth
        assert opening[closed].max() < CLOSED_SHARE * said.face_height


@pytest.mark.parametrize(("emotion", "up", "down"), [
    ("happy", "mouthSmile", "browDown"), ("sad", "browInnerUp", "mouthSmile"), ("angry", "browDown", "browInnerUp"),
    ("surprised", "browOuterUp", "mouthSmile"), ("fear", "mouthStretch", "mouthSmile"),
    ("disgusted", "noseSneer", "mouthSmile"), ("neutral", "", "mouthSmile"),
])  # fmt: skip
def test_emotions_show_their_action_units_and_take_a_smile_back(manipulator, emotion, up, down):
    track, said = _speaker(smile=0.4 if down == "mouthSmile" else 0.0)
    change = (_edited(manipulator, (track, said), emotion).pack() - track.pack()).mean(0)
    if up:
        assert change[sided(MODEL.space, up)].min() > 0.4
    assert change[sided(MODEL.space, down)].max() < (-0.25 if down == "mouthSmile" else 0.02)


def test_the_same_seed_gives_the_same_and_another_a_little_else(manipulator):
    speaker = _speaker()
    one, again, other = (_edited(manipulator, speaker, seed=s).pack() for s in (3, 3, 4))
    assert np.array_equal(one, again)
    assert 0.0005 < np.abs(one - other).mean() < 0.1


def test_more_intensity_is_more_of_the_same(manipulator):
    track, said = _speaker()
    smile = [_edited(manipulator, (track, said), "happy", k)["mouthSmileLeft"].mean() for k in (0.0, 0.3, 0.7, 1.5)]
    assert (np.diff(smile) > 0.1).all()


@pytest.mark.parametrize("frames", [1, 2, 5, 30])
def test_short_tracks_are_edited_too(manipulator, frames):
    track, _ = _speaker()
    short = track[:frames]
    edited = _edited(manipulator, (short, articulate(short, EFFECTS)), "sad")
    assert len(edited) == frames and np.isfinite(edited.pack()).all()
    assert edited["browInnerUp"].mean() > 0.5


@pytest.mark.parametrize("rate", [15.0, 23.976, 50.0, 60.0])
def test_other_frame_rates_give_the_same_edit(manipulator, rate):
    slow = _speaker(seconds=6.0)
    times = np.arange(round(6.0 * rate) - 3) / rate
    values = at_frames(slow[0].pack(), times * RATE).astype(np.float32)
    track = ExpressionTrack.unpack(MODEL.space, values)
    edited = _edited(manipulator, (track, articulate(track, EFFECTS)), "angry", rate=rate)
    same = at_frames(_edited(manipulator, slow, "angry").pack(), times * RATE)
    brows = [*sided(MODEL.space, "browDown"), *sided(MODEL.space, "noseSneer")]
    assert np.abs(edited.pack() - same)[:, brows].max() < 0.12


def test_pieces_of_any_size_give_the_same(manipulator, monkeypatch):
    track, _ = _speaker()
    styles = manipulator.emotion_styles("fear", 0, len(track))
    whole = manipulator.residual(track.pack(), styles)
    monkeypatch.setattr(module, "CHUNK", 17)
    assert np.allclose(whole, manipulator.residual(track.pack(), styles), atol=1e-5)


def test_a_reference_is_imitated(manipulator):
    happy = _edited(manipulator, _speaker(seed=5), "happy", SEEN)  # as a fit would see a happy person
    seen = ExpressionTrack.unpack(MODEL.space, np.clip(happy.pack(), 0, 1))
    speaker = _speaker(seed=6)
    edited = _edited(manipulator, speaker, Reference((seen, seen), (RATE, RATE)))
    assert edited["mouthSmileLeft"].mean() > speaker[0]["mouthSmileLeft"].mean() + 0.3
    wanted = manipulator.reference_style((seen,), (RATE,))
    before = speaker[0].pack()
    after = np.clip(before + SEEN * (edited.pack() - before), 0, 1).astype(np.float32)
    distance = [np.abs(manipulator.window_styles(v) - wanted).mean() for v in (after, before)]
    assert distance[0] < 0.5 * distance[1]


def test_an_empty_reference_is_refused(manipulator):
    track, said = _speaker()
    with pytest.raises(UserError, match="no face"):
        _edited(manipulator, (track, said), Reference((track[:0],), (RATE,)))


def test_prototypes_refuse_a_reference():
    track, said = _speaker()
    with pytest.raises(UserError, match="learned"):
        _edited(build_manipulator("prototypes", MODEL), (track, said), Reference((track,), (RATE,)))


def test_another_expression_space_is_refused(tmp_path):
    with pytest.raises(UserError, match="speaks the expression space arkit52"):
        LearnedManipulator(FLAME50, Effects(np.zeros(51), np.zeros((51, 2)), np.zeros(51), np.zeros(51)), SHIPPED)
    with pytest.raises(UserError, match="no such checkpoint"):
        LearnedManipulator(MODEL.space, EFFECTS, tmp_path / "none.safetensors")


def test_a_damaged_copy_of_the_shipped_weights_is_refused(tmp_path):
    shutil.copy(SHIPPED, tmp_path / "m.safetensors")
    data = bytearray(SHIPPED.read_bytes())
    (tmp_path / "m.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="damaged"):
        build_manipulator("learned", MODEL, tmp_path / "m.safetensors")


def test_the_shipped_weights_say_where_they_come_from_and_hold_what_an_edit_needs():
    from ned.files.checkpoint import check_digest, load_checkpoint

    checkpoint = load_checkpoint(SHIPPED, "manipulator")
    record = checkpoint.record
    check_digest(SHIPPED)
    assert record.licence and record.data and record.command
    assert not any(word in " ".join(record.data) for word in ("speech256", "style_", "M003", "M030", "W036", "address"))
    assert {name.split(".")[0] for name in checkpoint.tensors} == {"translator", "encoder", "mapping"}


def test_the_shipped_weights_tell_seven_emotions_apart_on_people_they_never_saw(manipulator):
    """The nearest of the mean changes that two other speakers get is the right one."""
    changes = []
    for seed in (11, 12, 13):
        speaker = _speaker(seconds=4.0, seed=seed)
        before = speaker[0].pack()
        changes.append([(_edited(manipulator, speaker, e, seed=seed).pack() - before).mean(0) for e in EMOTIONS])
    changes = np.array(changes)
    for k, mine in enumerate(changes):
        known = np.delete(changes, k, axis=0).mean(0)
        distance = np.linalg.norm(mine[:, None] - known[None], axis=2)
        assert np.array_equal(distance.argmin(1), np.arange(len(EMOTIONS)))
        others = distance + np.where(np.eye(len(EMOTIONS)) > 0, np.inf, 0.0)
        assert (distance.diagonal() < 0.5 * others.min(1)).all()  # by a wide margin


def test_weights_with_a_discriminator_edit_the_same():
    config = ManipulatorConfig(channels=8)
    trained = build_family(MODEL.space, config)
    tensors = {f"{name}.{k}": v for name, module in trained.modules().items() for k, v in module.state_dict().items()}
    assert any(name.startswith("discriminator.") for name in tensors)
    with_it = load_family(MODEL.space, config, tensors, SHIPPED)
    without = {name: tensor for name, tensor in tensors.items() if not name.startswith("discriminator.")}
    bare = load_family(MODEL.space, config, without, SHIPPED)
    networks = (TorchNetworks(with_it), TorchNetworks(bare))
    made = [LearnedManipulator(MODEL.space, EFFECTS, networks=n).emotion_styles("sad", 0, 5) for n in networks]
    assert np.array_equal(*made)
    del without["mapping.shared.0.bias"]
    with pytest.raises(UserError, match="lacks tensor shared"):
        load_family(MODEL.space, config, without, SHIPPED)


def test_an_untrained_family_changes_only_what_guards_change():
    family = build_family(MODEL.space, ManipulatorConfig(channels=8))
    track, _ = _speaker()
    made = LearnedManipulator(MODEL.space, EFFECTS, networks=TorchNetworks(family))
    with torch.no_grad():
        assert np.array_equal(made.residual(track.pack(), np.zeros((1, 16), np.float32)), np.zeros_like(track.pack()))


def test_the_paper_s_networks_run_over_any_length_by_overlapping_windows():
    family = build_family(MODEL.space, ManipulatorConfig(networks="ned2022", window=10))
    made = LearnedManipulator(MODEL.space, EFFECTS, networks=TorchNetworks(family))
    style = np.zeros((1, 16), np.float32)
    still = np.full((37, MODEL.space.width), 0.2, np.float32)
    with torch.no_grad():  # on a still face all windows are the same one
        window = family.translator(torch.from_numpy(still[None, :10]), torch.from_numpy(style))[0].numpy()
    out = still + made.residual(still, style)
    assert np.isfinite(out).all() and out.min() >= window.min() - 1e-4 and out.max() <= window.max() + 1e-4
    assert made.residual(still[:3], style).shape == (3, MODEL.space.width)


def test_the_geometric_median_ignores_an_outlier():
    points = np.concatenate([np.random.default_rng(0).normal(0, 0.1, (20, 3)), [[100.0, 100, 100]]])
    assert np.linalg.norm(geometric_median(points)) < 0.2 < np.linalg.norm(points.mean(0))


def test_resampling_keeps_a_slow_wave_and_its_ends():
    wave = np.sin(np.arange(101) / 50 * 2 * np.pi)[:, None].astype(np.float32)
    half = resample(wave, 50.0, 25.0)
    assert half.shape == (51, 1) and np.allclose(half[1:-1], wave[2:-2:2], atol=0.02)
    assert np.array_equal(resample(wave, 25.0, 25.0), wave) and resample(wave[:1], 25.0, 15.0).shape == (1, 1)


@pytest.mark.parametrize("name", ["learned", "prototypes"])
def test_kinds_of_style_that_it_does_not_know_are_said(name):
    with pytest.raises(UserError, match="cannot imitate valence and arousal"):
        _edited(build_manipulator(name, MODEL), _speaker(), ValenceArousal(0.5, -0.2))
