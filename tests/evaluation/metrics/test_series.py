"""Metrics of numbers over time, against hand-made cases and plain numpy."""

import numpy as np
import pytest

from ned.evaluation.metrics import ccc, closures, confusion, cosine, lip_sync, pcc, rmse, sagr


def test_ccc_is_its_formula_and_knows_bias():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=50), rng.normal(size=50)
    rho = np.corrcoef(x, y)[0, 1]
    assert ccc(x, y) == pytest.approx(
        2 * rho * x.std() * y.std() / (x.var() + y.var() + (x.mean() - y.mean()) ** 2), rel=1e-12
    )
    assert ccc(x, x) == pytest.approx(1.0, rel=1e-12) and ccc(x, -x) < -0.9
    assert ccc(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == pytest.approx(2 * 0.25 / (0.25 + 0.25 + 1))
    assert np.isnan(ccc(np.zeros(3), np.zeros(3))) and np.isnan(ccc(np.zeros(0), np.zeros(0)))


def test_sagr_counts_equal_signs_and_zero_is_one():
    assert sagr(np.array([0.2, -0.1, 0.0, 0.3]), np.array([0.9, 0.5, 0.0, 0.0])) == 0.5
    assert np.isnan(sagr(np.zeros(0), np.zeros(0)))
    assert np.isnan(sagr(np.array([0.2, np.nan]), np.ones(2))) and np.isnan(sagr(np.ones(2), np.array([np.nan, 1.0])))


def test_rmse():
    assert rmse(np.array([1.0, 2.0]), np.array([1.0, 5.0])) == pytest.approx(np.sqrt(4.5))
    assert np.isnan(rmse(np.zeros(0), np.zeros(0)))


def test_pcc_leaves_out_frames_without_a_face():
    a, b = np.array([1.0, 2, np.nan, 3, 7]), np.array([2.0, 4, 9, 6, np.nan])
    assert pcc(a, b) == pytest.approx(1.0)
    assert np.isnan(pcc(np.ones(5), np.arange(5.0))) and np.isnan(pcc(a[:1], b[:1]))


def test_closures_are_counted_where_the_original_is_closed():
    original = np.array([0.001, 0.011, 0.013, 0.2, np.nan, 0.0])
    edited = np.array([0.019, 0.021, 0.0, 0.0, 0.0, np.nan])
    assert closures(original, edited) == (2, 0.5)
    count, kept = closures(np.array([0.5]), np.array([0.0]))
    assert count == 0 and np.isnan(kept)


def test_confusion_counts():
    table = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError, match="out of range|classes"):
        confusion(np.array([3]), np.array([0]), 3)


def test_cosine():
    a = np.array([[1.0, 0], [1, 1], [0, 0]])
    b = np.array([[2.0, 0], [-1, -1], [1, 0]])
    assert cosine(a, b)[:2] == pytest.approx([1, -1]) and np.isnan(cosine(a, b)[2])


@pytest.mark.parametrize("delay", [-4, 0, 6])
def test_lip_sync_finds_the_shift_of_sound_that_is_too_early_or_late(delay):
    rng = np.random.default_rng(1)
    sound = rng.normal(size=(120, 16))
    lips = np.roll(sound, delay, axis=0) + rng.normal(0, 0.01, (120, 16))
    found = lip_sync(lips, sound)
    assert found.shift == delay and found.distance < 1.5 and found.confidence > 3


def test_lip_sync_is_torchs_pairwise_distance():
    import torch

    rng = np.random.default_rng(2)
    lips, sound = rng.normal(size=(2, 40, 8))
    padded = torch.nn.functional.pad(torch.from_numpy(sound), (0, 0, 15, 15))
    means = torch.stack(
        [torch.nn.functional.pairwise_distance(torch.from_numpy(lips), padded[k : k + 40]).mean() for k in range(31)]
    )
    found = lip_sync(lips, sound)
    assert found.distance == pytest.approx(float(means.min()), rel=1e-9)
    assert found.confidence == pytest.approx(float(means.median() - means.min()), rel=1e-9)
    with pytest.raises(ValueError, match="windows"):
        lip_sync(lips[:0], sound[:0])
