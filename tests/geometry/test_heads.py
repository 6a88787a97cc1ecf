"""Heads in other images and with other expressions."""

import numpy as np

from ned.geometry import heads
from ned.geometry.pose import project
from ned.types import HeadPose, Heads


def some(frames=3, detail=True, seed=0):
    rng = np.random.default_rng(seed)
    turns = np.linalg.qr(rng.normal(size=(frames, 3, 3)))[0].astype(np.float32)
    return Heads(
        rng.normal(size=(frames, 5)), rng.normal(size=(frames, 50)), 0.1 * rng.normal(size=(frames, 3)), turns,
        rng.uniform(5, 9, frames).astype(np.float32), rng.normal(size=(frames, 2)).astype(np.float32),
        rng.normal(size=(frames, 128)) if detail else None,
    )  # fmt: skip


def test_placed_is_the_similarity_of_every_point():
    known, points = some(), np.random.default_rng(1).normal(size=(3, 20, 3)).astype(np.float32)
    angle, factor = 0.3, 1.7
    matrix = factor * np.array([[np.cos(angle), -np.sin(angle), 4.0], [np.sin(angle), np.cos(angle), -2.0]])
    other = heads.placed(known, matrix)
    before, after = (project(HeadPose(h.rotation, h.scale, h.translation), points) for h in (known, other))
    wanted = before[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(after[..., :2] - wanted).max() < 1e-3
    assert np.allclose(after[..., 2], factor * before[..., 2], atol=1e-3)
    assert np.allclose(other.rotation @ other.rotation.transpose(0, 2, 1), np.eye(3), atol=1e-5)


def test_only_opening_and_expression_move():
    known, change = some(), np.random.default_rng(2).normal(size=(3, 51))
    other = heads.moved(known, change)
    assert np.allclose(other.jaw_rad - known.jaw_rad, np.c_[change[:, 0], np.zeros((3, 2))])
    assert np.allclose(other.expression - known.expression, change[:, 1:])
    assert other.identity is known.identity and other.detail is known.detail and other.rotation is known.rotation


def test_parts_and_joining():
    known = some(4)
    again = heads.joined([heads.part(known, slice(0, 1)), heads.part(known, slice(1, 4))])
    for name, array in heads.arrays(known).items():
        assert np.array_equal(getattr(again, name), array)
    assert heads.joined([known, some(2, detail=False)]).detail is None
