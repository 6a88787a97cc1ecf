"""The smooth field: constants stay, lips and lids are met, brows move as a band, nothing breaks or peaks."""

import cv2
import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.geometry.rasterize import rasterize
from ned.renderer.warp.field import warp_field
from ned.renderer.warp.layers import LEFT_EYE, MOUTH, RIGHT_EYE
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.mesh import OVAL, build_skin_mesh
from ned.renderer.warp.smooth_skin import build_smooth_skin, cotangent_laplacian, divide, to_line
from ned.types import FaceEdit

MODEL = load_face_model()
MESH = build_skin_mesh(MODEL.topology.triangles, len(MODEL.mean))
SKIN = build_smooth_skin(MODEL.topology.triangles, MODEL.mean)
COARSE = MESH.with_rings(MODEL.mean, MODEL.mean)[0]


def _displacement(**coefficients):
    packed = np.zeros((1, 52), np.float32)
    for name, value in coefficients.items():
        packed[0, MODEL.space.index(name)] = value
    moved = MODEL.displacements(packed)[0]
    source, target = MESH.with_rings(MODEL.mean, MODEL.mean + moved)
    return target - source


def test_dividing_keeps_the_area_the_turn_and_the_number():
    triangles = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    between, fine = divide(triangles, 4)
    places = between @ corners
    a, b = places[fine[:, 1]] - places[fine[:, 0]], places[fine[:, 2]] - places[fine[:, 0]]
    areas = np.cross(a, b)[:, 2] / 2
    assert len(fine) == 8 and len(places) == 4 + 5 and np.allclose(areas, 1 / 8)


def test_the_laplacian_of_a_plane_is_zero_inside():
    x, y = np.meshgrid(np.arange(6.0), np.arange(6.0))
    corners = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1)
    index = np.arange(36).reshape(6, 6)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    stiffness, area = cotangent_laplacian(corners, triangles)
    inner = index[1:-1, 1:-1].ravel()
    assert np.abs((stiffness @ (2 * corners[:, 0] - 3 * corners[:, 1]))[inner]).max() < 1e-9
    # slivers' cotangents are bounded from below, so a quadratic is met up to that: Δ(x² + y²) = 4
    assert np.allclose((-(stiffness @ (corners**2).sum(1)) / area)[inner], 4.0, rtol=0.05)
    assert area.sum() == pytest.approx(25.0)


def test_distance_and_place_along_a_line():
    distance, along = to_line(np.array([[0.5, -1.0], [2.0, 0.5], [-1.0, 0.0]]), np.array([[0.0, 0.0], [1, 0], [1, 1]]))
    assert np.allclose(distance, 1.0) and np.allclose(along, [0.25, 0.75, 0.0])


def test_lips_and_lids_are_met_and_the_outermost_ring_stands_still():
    wanted = _displacement(mouthSmileLeft=0.9, mouthSmileRight=0.9, eyeSquintLeft=0.5, eyeSquintRight=0.5)
    field = SKIN.motion(wanted)
    size = np.linalg.norm(wanted, axis=1).max()
    error = np.linalg.norm(field[: len(wanted)] - wanted, axis=1)
    lids = [*LEFT_EYE.upper, *LEFT_EYE.lower, *RIGHT_EYE.upper, *RIGHT_EYE.lower]
    lips = [*UPPER[:, 1:-1].ravel(), *LOWER[:, 1:-1].ravel()]
    assert error[lids].max() < 0.03 * size and error[lips].max() < 0.12 * size
    corners = error[[*UPPER[:, 0], *UPPER[:, -1]]]
    assert 0.05 * size < corners.max() < 0.3 * size  # they peak in the coarse mesh
    assert np.abs(field[MESH.num_vertices - len(OVAL) : MESH.num_vertices]).max() < 0.01 * size


def test_brows_move_as_a_band():
    """Across the hair the field hardly changes, where the coarse mesh stretches it."""
    field = SKIN.motion(_displacement(browInnerUp=1.0, browOuterUpLeft=0.6, browOuterUpRight=0.6))
    upper, lower = [300, 293, 334, 296, 336], [276, 283, 282, 295, 285]
    stretch = np.abs(field[upper, 1] - field[lower, 1])
    assert stretch.max() < 0.08 * np.abs(field[upper, 1]).max()
    # and the skin below gives way: the lid's contour stays
    assert np.abs(field[list(LEFT_EYE.upper), 1]).max() < 0.1 * np.abs(field[upper, 1]).max()


def test_the_displacement_of_a_smile_has_a_seventh_of_the_mesh_s_second_differences():
    """99th percentile of the Laplacian over a drawn face, without the contours of holes."""
    size = 360
    wanted = _displacement(mouthSmileLeft=0.9, mouthSmileRight=0.9, cheekSquintLeft=0.6, cheekSquintRight=0.6)
    scale, count = size / 19.0, len(MODEL.mean)
    source, target = ((v * scale + (size / 2, size / 2, 0)).astype(np.float32) for v in (COARSE, COARSE + wanted))
    rough, depth = np.zeros((size, size, 3), np.float32), np.full((size, size), np.inf, np.float32)
    values = np.concatenate([(source - target)[:, :2], np.ones((len(source), 1), np.float32)], 1)
    rasterize(target[:, :2], target[:, 2], values, MESH.triangles, rough, depth)
    still = np.zeros((count, 2), np.float32)
    edit = FaceEdit(source[:count], target[:count], *np.zeros((2, MODEL.space.width), np.float32))
    field = warp_field(MESH, SKIN, still, still[:, 0], edit, (size, size), np.zeros((2, 2, 2), np.float32))
    smooth = field.source_xy - np.indices((size, size), np.float32)[::-1].transpose(1, 2, 0)
    holes = np.zeros((size, size), np.uint8)
    for one in (MOUTH, LEFT_EYE, RIGHT_EYE):
        loop = field.target[[*one.upper, *one.lower[::-1]], :2]
        cv2.fillPoly(holes, [np.round(loop).astype(np.int32)], 1)
    inside = cv2.erode(((rough[..., 2] > 0) & (holes == 0)).astype(np.uint8), np.ones((7, 7))) > 0
    second = lambda d: cv2.Laplacian(np.ascontiguousarray(d), cv2.CV_32F)  # noqa: E731
    worst = [np.percentile(np.hypot(second(d[..., 0]), second(d[..., 1]))[inside], 99) for d in (rough, smooth)]
    assert worst[1] < 0.15 * worst[0]


def test_no_motion_is_no_motion():
    assert np.abs(SKIN.motion(np.zeros_like(COARSE))).max() == 0


def test_the_field_is_the_matrix_s():
    motion = np.random.default_rng(0).standard_normal(COARSE.shape).astype(np.float32)
    motion[::3] = 0
    assert np.allclose(SKIN.motion(motion), SKIN.smooth @ motion, atol=1e-5)
