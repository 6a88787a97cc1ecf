"""Bending crops by the mesh, and which frames a memory answers with."""

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.neural.crops import align, to_crop
from ned.renderer.neural.memory import MIXED, Memory, diverse, features, warp_maps, warp_views

MODEL, SIZE = load_face_model(), 96


def _face(**coefficients):
    values = np.zeros((1, MODEL.space.width), np.float32)
    for name, value in coefficients.items():
        values[0, MODEL.space.index(name)] = value
    face = (MODEL.mean + MODEL.displacements(values)[0]).astype(np.float32)
    return to_crop(face, align(MODEL.mean, SIZE))


def _image_of(face, places):
    """A crop in which every surface point has the colour that `places`, where it lies at rest, say: smooth in them."""
    x, y = (warp_maps(places[None], face, (SIZE, SIZE))[0] / SIZE).transpose(2, 0, 1)
    return np.stack([0.5 + 0.4 * np.sin(25 * x), 0.5 + 0.4 * np.cos(22 * y), x * y], -1).astype(np.float32)


def test_a_bent_crop_shows_the_same_surface_points():
    rest, smile = _face(), _face(mouthSmileLeft=0.8, mouthSmileRight=0.8, jawOpen=0.3)
    before, after = _image_of(rest, rest), _image_of(smile, rest)
    ((bent, displacement),) = warp_views([[(before, rest, 1.0)]], smile)
    assert np.abs(after - before)[30:90, 20:76].max() > 0.1  # there is something to do
    assert np.abs(bent - after)[20:88, 24:72].max() < 0.04
    corner = smile[61, :2].round().astype(int)
    assert displacement[corner[1], corner[0]] * SIZE == pytest.approx((rest - smile)[61, :2], abs=0.6)


def test_bending_to_itself_changes_nothing():
    face = _face(jawOpen=0.5)
    image = np.random.default_rng(0).random((SIZE, SIZE, 3)).astype(np.float32)
    ((bent, displacement),) = warp_views([[(image, face, 1.0)]], face)
    assert np.abs(bent - image).max() < 0.02 and np.abs(displacement).max() * SIZE < 0.02


def test_a_window_is_a_part_of_the_whole():
    rest, smile = _face(), _face(mouthSmileLeft=0.8)
    groups = [[(_image_of(rest, rest), rest, 0.5), (_image_of(smile, rest), smile, 0.5)]]
    ((whole, displacement),) = warp_views(groups, smile)
    ((part, part_displacement),) = warp_views(groups, smile, (24, 40, 48, 32))
    assert np.abs(part - whole[40:72, 24:72]).max() < 1e-3
    assert np.abs(part_displacement - displacement[40:72, 24:72]).max() < 1e-4


def _memory(openings, blinks):
    faces = np.stack([_face(jawOpen=o, eyeBlinkLeft=b, eyeBlinkRight=b) for o, b in zip(openings, blinks, strict=True)])
    frames = np.arange(len(faces), dtype=np.uint8)[:, None, None, None] * np.ones((1, SIZE, SIZE, 3), np.uint8)
    return Memory(frames, faces, features(faces, SIZE))


def test_mouths_and_lids_are_asked_for_apart():
    memory = _memory([0.0, 0.8, 0.0, 0.8, 0.4], [0.0, 0.0, 1.0, 1.0, 0.5])
    face = _face(jawOpen=0.8, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert {k for k, w in memory.nearest(face, "mouth") if w > 0.05} <= {1, 3}
    assert {k for k, w in memory.nearest(face, "eyes") if w > 0.05} <= {2, 3}
    assert max(memory.nearest(face, "whole"), key=lambda found: found[1])[0] == 3
    allowed = np.array([True, True, True, False, True])
    assert all(k != 3 for k, _ in memory.nearest(face, "whole", allowed))


def test_weights_follow_the_face_without_a_jump():
    memory = _memory(np.linspace(0, 0.9, 10), np.zeros(10))
    weights = []
    for opening in np.linspace(0.1, 0.7, 121):
        row = np.zeros(10)
        for k, w in memory.nearest(_face(jawOpen=opening), "mouth"):
            row[k] = w
        weights.append(row)
        assert row.sum() == pytest.approx(1.0) and (row > 0).sum() <= MIXED["mouth"]
    assert np.abs(np.diff(weights, axis=0)).max() < 0.12


def test_the_most_different_faces_are_kept():
    openings = np.r_[np.full(30, 0.02), 0.9, np.full(30, 0.03)]
    blinks = np.r_[np.zeros(50), 1.0, np.zeros(10)]
    faces = np.stack([_face(jawOpen=o, eyeBlinkLeft=b, eyeBlinkRight=b) for o, b in zip(openings, blinks, strict=True)])
    kept = diverse(faces, SIZE, 3)
    assert {30, 50} <= set(kept.tolist()) and len(kept) == 3
