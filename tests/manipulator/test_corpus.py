"""Synthetic people and overlays: what they promise the networks that learn from them."""

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model.spaces import ARKIT52, mirrored
from ned.manipulator.corpus.overlays import (
    LATENT,
    SEEN,
    Display,
    Events,
    onset_offset,
    overlay,
    random_display,
    removed_share,
    slow_part,
    taken_back,
)
from ned.manipulator.corpus.people import RealTrack, synthetic_person, without_mood
from ned.manipulator.corpus.store import build_corpus, load_corpus, save_corpus
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.prototypes import PROTOTYPES, sided
from ned.manipulator.settings import NOMINAL_RATE
from ned.manipulator.training.batches import SyntheticBatches
from ned.types import EMOTIONS


def _real(person, seed, frames=150):
    return RealTrack(person, speak(ARKIT52, frames, NOMINAL_RATE, np.random.default_rng(seed)))


@pytest.fixture(scope="module")
def corpus():
    return build_corpus(ARKIT52, [_real(f"p{k}", k) for k in range(4)], 12, 100, seed=1, sources=("a.mp4",))


def test_speech_has_closures_vowels_and_the_rhythm_of_speech():
    jaw = speak(ARKIT52, 1000, NOMINAL_RATE, np.random.default_rng(3))[:, 0]
    assert jaw.min() >= 0 and jaw.max() <= 1 and jaw.max() > 0.25
    assert 0.1 < (jaw < 0.03).mean() < 0.8
    turns = (np.diff(np.sign(np.diff(jaw))) != 0).sum() / 2 / 40  # maxima a second
    assert 2 < turns < 8


def test_without_mood_takes_a_lasting_smile_and_leaves_the_jaw():
    track = _real("a", 0).values.copy()
    smile = sided(ARKIT52, "mouthSmile")
    track[:, smile] += 0.5
    clean = without_mood(ARKIT52, track)
    assert clean[:, smile].mean() < 0.1 and np.array_equal(clean[:, 0], track[:, 0])


def test_people_are_different_bounded_and_repeatable():
    real = [_real("a", 0), _real("a", 1)]
    one, again, other = (synthetic_person(ARKIT52, real, 90, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one.shape == (90, 52) and one.min() >= 0 and one.max() <= 1
    assert np.array_equal(one, again) and np.abs(one - other).mean() > 0.005


def test_real_persons_give_to_one_split_only(monkeypatch):
    seen = {}
    from ned.manipulator.corpus import store

    def spy(space, pool, frames, rng):
        seen.setdefault(tuple(sorted({t.person for t in pool})), 0)
        return synthetic_person(space, pool, frames, rng)

    monkeypatch.setattr(store, "synthetic_person", spy)
    build_corpus(ARKIT52, [_real(f"p{k}", k) for k in range(5)], 10, 60, seed=0, sources=())
    people = [name for pool in seen for name in pool]
    assert len(seen) == 3 and sorted(people) == [f"p{k}" for k in range(5)]


def test_a_corpus_is_read_as_it_was_written(corpus, tmp_path):
    save_corpus(corpus, tmp_path / "c.npz")
    read = load_corpus(tmp_path / "c.npz")
    assert np.allclose(read.clean, corpus.clean, atol=1e-3) and np.array_equal(read.split, corpus.split)
    assert read.sources == ("a.mp4",) and read.space == ARKIT52 and len(read.of("test")) >= 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a corpus"])
def test_what_is_no_corpus_is_refused(tmp_path, content):
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(UserError, match="no corpus"):
        load_corpus(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", clean=np.zeros((0, 4, 52)), split=np.zeros(0), head=np.array('{"format": 1}'))
    with pytest.raises(UserError):
        load_corpus(tmp_path / "d.npz")


def _still(emotion, intensity=1.0, latent=0.0):
    clean = np.zeros((1, 60, 52), np.float32)
    shows = Display(np.array([EMOTIONS.index(emotion)]), np.array([intensity], np.float32),
                    np.full((1, LATENT), latent, np.float32), np.ones((1, 52), np.float32))  # fmt: skip
    events = Events.of(ARKIT52, clean)
    return overlay(ARKIT52, clean, events.stress, events.pause, shows)[0].mean(0)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_on_a_still_face_an_overlay_is_the_prototype_as_a_fit_sees_it(emotion):
    expected = np.zeros(52)
    for amounts in (PROTOTYPES[emotion].adds, PROTOTYPES[emotion].shut):  # a still face keeps its mouth shut
        for name, amount in amounts.items():
            expected[sided(ARKIT52, name)] += SEEN * amount
    assert np.allclose(_still(emotion), expected, atol=1e-5)
    assert np.allclose(_still(emotion, 0.5), expected / 2, atol=1e-5)


def test_latent_vectors_vary_the_display():
    even, tilted = _still("happy"), _still("happy", latent=1.0)
    left, right = sided(ARKIT52, "mouthSmile")
    assert even[left] == pytest.approx(even[right]) and tilted[left] > 1.05 * tilted[right]


def test_what_is_taken_back_is_what_the_prototypes_take():
    clean = np.zeros((1, 80, 52), np.float32)
    smile = sided(ARKIT52, "mouthSmile")
    clean[..., smile] = 0.4
    neutral = np.array([EMOTIONS.index("neutral")])
    taken = taken_back(ARKIT52, clean, slow_part(clean), neutral)[0, :, smile]
    assert np.allclose(taken, SEEN * (PROTOTYPES["neutral"].keeps["mouthSmile"] - 1) * 0.4, atol=1e-5)
    assert (removed_share(ARKIT52)[neutral[0], smile] >= 0.85).all()


def test_flanks_start_and_end_softly():
    strength = onset_offset(200, 150, np.random.default_rng(0))
    assert strength.min() >= 0 and strength.max() <= 1.0
    assert 0.4 < (strength.min(1) == 1).mean() < 0.8 and np.abs(np.diff(strength, axis=1)).max() < 0.4


def test_batches_are_repeatable_consistent_and_have_true_answers(corpus):
    source = SyntheticBatches(ARKIT52, corpus.of("train"))
    batch, again = (source.draw(16, 70, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(batch.source, again.source) and np.array_equal(batch.by_label, again.by_label)
    assert batch.source.min() >= 0 and batch.source.max() <= 1 and np.isfinite(batch.by_reference).all()
    happy = batch.target_emotion == EMOTIONS.index("happy")
    smile = sided(ARKIT52, "mouthSmile")
    assert (batch.by_label[happy][..., smile].mean((1, 2)) > 0.4).all()
    # gaze and lids of the answer are the source's own
    looking = ARKIT52.index("eyeLookUpLeft")
    assert np.allclose(batch.by_label[..., looking], batch.source[..., looking], atol=1e-6)


def test_mirroring_is_an_involution_that_leaves_displays_possible(corpus):
    swap = np.array(mirrored(ARKIT52))
    assert np.array_equal(swap[swap], np.arange(52))
    shows = random_display(ARKIT52, 64, np.random.default_rng(0))
    assert set(shows.emotion) == set(range(7)) and 0.4 < shows.intensity.min() < shows.intensity.max() < 1.2
