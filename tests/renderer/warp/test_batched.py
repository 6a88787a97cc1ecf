"""The fields of many faces at once, in torch, against those of one face by blocks of pixels: the same image."""

import cv2
import numpy as np
import pytest

from ned.composite.resample import sample
from ned.face_model import load_face_model
from ned.renderer.warp.field import drawn_mesh, softness_px, warp_field
from ned.renderer.warp.mesh import build_skin_mesh
from ned.renderer.warp.smooth_skin import build_smooth_skin
from ned.types import FaceEdit

torch = pytest.importorskip("torch")
MODEL = load_face_model()
MESH = build_skin_mesh(MODEL.topology.triangles, len(MODEL.mean))
SKIN = build_smooth_skin(MODEL.topology.triangles, MODEL.mean)
SIZE = (384, 330)


def _edit(scale, **coefficients):
    change = np.zeros(MODEL.space.width, np.float32)
    for name, value in coefficients.items():
        change[MODEL.space.index(name)] = value
    source = (MODEL.mean * scale + (165, 160, 0)).astype(np.float32)
    return FaceEdit(source, source + np.float32(scale) * MODEL.displacements(change[None])[0], change, change)


def test_the_image_of_many_faces_is_that_of_each():
    from ned.renderer.warp.batched import sample_batched, warp_fields

    edits = [
        _edit(14.0, mouthSmileLeft=0.8, mouthSmileRight=0.8, cheekSquintLeft=0.6, jawOpen=0.2),
        _edit(11.0, browDownLeft=0.9, browDownRight=0.9, mouthFrownLeft=0.7, mouthFrownRight=0.7),
    ]
    noise = np.random.default_rng(0).random((2, *SIZE, 3), np.float32)
    images = np.stack([np.clip(0.5 + 2.5 * (cv2.GaussianBlur(one, (0, 0), 2.0) - 0.5), 0, 1) for one in noise])
    low, high = MODEL.mean[:468, :2].min(0), MODEL.mean[:468, :2].max(0)
    uv = ((MODEL.mean[:, :2] - low) / (high - low)).astype(np.float32)
    shade = (0.1 * np.sin(6 * uv[:, 0])).astype(np.float32)
    y, x = np.indices((256, 256)) / 127.5 - 1
    line = (0.1 * np.sin(9 * x) * np.maximum(0, 1 - x**2 - y**2)).astype(np.float32)
    textures = np.stack([line, np.maximum(line, 0)], -1)
    drawn = [drawn_mesh(MESH, SKIN, uv, shade, edit) for edit in edits]
    fields = warp_fields(drawn, [softness_px(edit) for edit in edits], torch.from_numpy(np.stack([textures] * 2)), SIZE)
    taken = sample_batched(torch.from_numpy(images), fields.source_xy) * fields.gain[..., None]
    for k, edit in enumerate(edits):
        one = warp_field(MESH, SKIN, uv, shade, edit, SIZE, textures)
        wanted = sample(images[k], one.source_xy) * one.gain[..., None]
        off = 255 * np.abs(taken[k].numpy() - wanted)
        face = cv2.fillConvexPoly(np.zeros(SIZE, np.uint8), cv2.convexHull(edit.target[:468, :2].astype(np.int32)), 1)
        assert off[face > 0].mean() < 0.1 and off.mean() < 0.1
        assert (off.max(-1)[face > 0] > 4).sum() <= 2  # pixels on the rim of the lips, which either may count to them
        moved = np.abs(255 * (wanted - images[k]))[face > 0]
        assert moved.mean() > 5  # than which the difference of the two is little
        means = cv2.resize(fields.folds[k].numpy(), one.folds.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(one.folds - means).mean() < 0.03 * np.abs(means).mean()
