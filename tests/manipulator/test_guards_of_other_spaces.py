"""Guards where coefficients have no names: FLAME's own space."""

import numpy as np
import pytest

from ned.face_model import FLAME50
from ned.manipulator.protocol import Articulation, effects_of
from ned.manipulator.speech import LID_FACTORS, MouthTarget, keep_all, wanted_opening

RATE = 25.0


@pytest.fixture(scope="module")
def effects(flame):
    return effects_of(flame)


def talking(frames=120):
    t = np.arange(frames) / RATE
    opening = np.maximum(0.9 * np.sin(2 * np.pi * 2.1 * t), 0.0)
    lids = np.repeat(np.clip(1.0 - np.exp(-(((t - 2.0) / 0.06) ** 2)), 0, 1)[:, None], 2, 1)
    return Articulation(opening, lids, 16.0)


def edit(frames=120, size=0.4, seed=0):
    rng = np.random.default_rng(seed)
    out = size * (rng.normal(size=(1, 51)) + 0.3 * rng.normal(size=(frames, 51)))
    out[:, 0] *= 0.1  # rad
    return out


def test_each_correction_does_one_thing(effects):
    rows = {"opening": effects.opening, "left": effects.lids[:, 0], "right": effects.lids[:, 1],
            "width": effects.width, "lip": effects.upper_lip}  # fmt: skip
    by = effects.by
    changes = {"opening": by.opening, "left": by.lids[:, 0], "right": by.lids[:, 1], "width": by.width,
               "lip": by.upper_lip}  # fmt: skip
    for name, change in changes.items():
        assert change[0] == 0
        for other, row in rows.items():
            assert row @ change == pytest.approx(float(name == other), abs=0.1), (name, other)


def test_the_mouth_opens_as_wanted_and_closures_stay(effects, flame):
    said, target = talking(), MouthTarget(gain=1.2, offset=0.01)
    guarded = keep_all(FLAME50, edit(), said, effects, target, RATE, 1.0)
    wanted = wanted_opening(said, target, RATE, 1.0)
    assert np.abs(said.mouth_opening + guarded @ effects.opening - wanted).max() < 0.03
    closed = said.mouth_opening < 0.012 * said.face_height
    free = np.abs(edit() @ effects.opening)[closed].max()
    after = said.mouth_opening + guarded @ effects.opening
    assert free > 0.2 and after[closed].max() < 0.02 * said.face_height
    upper, lower = flame.topology.regions.inner_lips  # what the mesh itself does, whose jaw turns
    moved = flame.displacements(guarded)
    mesh = said.mouth_opening + moved[:, lower, 1] - moved[:, upper, 1]
    assert mesh[closed].max() < 0.02 * said.face_height and np.corrcoef(mesh, wanted)[0, 1] > 0.98


def test_blinks_keep_their_shape(effects):
    said = talking()
    guarded = keep_all(FLAME50, edit(), said, effects, MouthTarget(), RATE, 1.0)
    lids = said.lid_opening + guarded @ effects.lids
    open_eyes = said.lid_opening[:, 0] > 0.5
    ratio = lids[open_eyes] / said.lid_opening[open_eyes]
    assert np.ptp(ratio, axis=0).max() < 0.25
    assert LID_FACTORS[0] - 0.1 < ratio.min() < ratio.max() < LID_FACTORS[1] + 0.1
    assert np.corrcoef(lids[:, 0], said.lid_opening[:, 0])[0, 1] > 0.98


def test_nothing_asked_nothing_done(effects):
    said = talking()
    guarded = keep_all(FLAME50, np.zeros((120, 51)), said, effects, MouthTarget(), RATE, 0.0)
    assert np.abs(guarded).max() < 1e-6
