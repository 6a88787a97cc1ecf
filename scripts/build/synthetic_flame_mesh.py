"""The mesh of the synthetic FLAME: as many vertices, triangles, boundaries and eyeballs as the true one has.

The skin is a disk of 3931 points: the embedded face model's 468 and the middles of its edges, a pouch behind the lips,
and a head around it, with the neck as the border of 32 and the two eye holes of 16. It is laid out in the plane by
the direction seen from the middle of the head, with the mouth open. No vertex of FLAME is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay

SKIN = 3931
BORDER = 32
BALL_RINGS, BALL_SPOKES = 34, 16
MIDDLE_CM = np.array([0.0, 1.0, 6.5])
"""Of the head, from between the eyes; x to the actor's left, y down, z away from the face."""
TILT_RAD = 0.45
"""The border of the disk looks down and back, as a neck does."""
REACH_RAD = 2.6
FADE = 0.02


@dataclass(frozen=True)
class SkinDisk:
    """Topology of the skin and how its vertices follow the 468 of the embedded model."""

    triangles: np.ndarray  # (7800, 3), clockwise in the image for a frontal face
    follow: np.ndarray  # (3931, 468): share of each embedded vertex, 1 for itself
    flat: np.ndarray  # (3931, 2)
    num_face: int
    """The first of the vertices: embedded ones, then middles of edges."""
    num_mouth: int
    """The next: the pouch behind the lips."""


def flatten(points: np.ndarray) -> np.ndarray:
    """Azimuthal equidistant map of directions from the middle of the head; the pole looks up and forward."""
    d = points - MIDDLE_CM
    c, s = np.cos(TILT_RAD), np.sin(TILT_RAD)
    x, y, z = d[..., 0], c * d[..., 1] - s * d[..., 2], s * d[..., 1] + c * d[..., 2]
    angle = np.arctan2(np.hypot(x, y), -z)
    around = np.arctan2(y, x)
    return np.stack([angle * np.cos(around), angle * np.sin(around)], -1)


def directions(flat: np.ndarray) -> np.ndarray:
    """The inverse of `flatten`: unit directions."""
    angle, around = np.linalg.norm(flat, axis=-1), np.arctan2(flat[..., 1], flat[..., 0])
    x, y, z = np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around), -np.cos(angle)
    c, s = np.cos(TILT_RAD), np.sin(TILT_RAD)
    return np.stack([x, c * y + s * z, -s * y + c * z], -1)


def build_disk(mean: np.ndarray, opened: np.ndarray, triangles: np.ndarray, contours: dict) -> SkinDisk:
    """The disk around a face mesh (468 vertices, mouth and eyes are holes) whose mouth is open in `opened`."""
    lids = {frozenset(pair) for side in ("eye_left", "eye_right") for pair in _loop(contours[side])}
    face_triangles, ends = _subdivide(triangles, lids)
    num_face = 468 + len(ends)
    flat = flatten(opened[:468])
    flat = np.concatenate([flat, flat[ends].mean(1)])
    middle_of = {frozenset(pair): 468 + k for k, pair in enumerate(ends.tolist())}
    lips, oval = (_with_middles(contours[name], middle_of) for name in ("lips_inner", "face_oval"))
    ring = np.linspace(0, 2 * np.pi, BORDER, endpoint=False)
    border = REACH_RAD * np.stack([np.cos(ring), np.sin(ring)], 1)
    mouth = _fill_inside(flat[lips], 72)
    head = _fill_between(flat[oval], REACH_RAD, SKIN - num_face - len(mouth) - BORDER)
    flat = np.concatenate([flat, mouth, head, border])
    pouch = _triangulate(flat, np.concatenate([lips, np.arange(num_face, num_face + len(mouth))]), flat[lips], True)
    outside = np.concatenate([oval, np.arange(num_face + len(mouth), SKIN)])
    skull = _triangulate(flat, outside, flat[oval], False)
    everything = np.concatenate([face_triangles, pouch, skull]).astype(np.int64)
    if everything.shape != (7800, 3):
        raise AssertionError(f"{len(everything)} triangles in the skin, 7800 wanted")
    return SkinDisk(everything, _follow(everything, ends, num_face), flat, num_face, len(mouth))


def eyeball(centre: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A sphere of 546 vertices and 1088 triangles, poles front and back, clockwise in the image from outside."""
    angle = np.pi * np.arange(1, BALL_RINGS + 1) / (BALL_RINGS + 1)
    around = 2 * np.pi * np.arange(BALL_SPOKES) / BALL_SPOKES
    a, b = np.meshgrid(angle, around, indexing="ij")
    rings = np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), -np.cos(a)], -1).reshape(-1, 3)
    points = np.concatenate([[[0, 0, -1]], rings, [[0, 0, 1]]])
    index = 1 + np.arange(BALL_RINGS * BALL_SPOKES).reshape(BALL_RINGS, BALL_SPOKES)
    after = np.roll(index, -1, 1)
    last = 1 + BALL_RINGS * BALL_SPOKES
    front = np.stack([np.zeros_like(index[0]), index[0], after[0]], 1)
    back = np.stack([np.full_like(index[0], last), after[-1], index[-1]], 1)
    one = np.stack([index[:-1], index[1:], after[1:]], -1).reshape(-1, 3)
    two = np.stack([index[:-1], after[1:], after[:-1]], -1).reshape(-1, 3)
    return centre + radius * points, np.concatenate([front, one, two, back])


def _loop(contour: np.ndarray) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in zip(contour, np.roll(contour, -1), strict=True)]


def _subdivide(triangles: np.ndarray, whole: set) -> tuple[np.ndarray, np.ndarray]:
    """Triangles cut at the middles of their edges, but of those in `whole`; the ends of each new vertex."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    unique = np.unique(np.sort(edges, 1), axis=0)
    ends = np.array([e for e in unique.tolist() if frozenset(e) not in whole])
    middle = {tuple(e): 468 + k for k, e in enumerate(ends.tolist())}
    out = []
    for t in triangles.tolist():
        cuts = [middle.get(tuple(sorted((t[k], t[(k + 1) % 3])))) for k in range(3)]
        if None not in cuts:
            a, b, c = cuts
            out += [[t[0], a, c], [a, t[1], b], [c, b, t[2]], [a, b, c]]
            continue
        k = cuts.index(None)  # a lid's edge stays whole: from t[k] to t[k + 1]
        i, j, top = t[k], t[(k + 1) % 3], t[(k + 2) % 3]
        right, left = cuts[(k + 1) % 3], cuts[(k + 2) % 3]
        out += [[i, j, right], [i, right, left], [left, right, top]]
    return np.array(out), ends


def _with_middles(contour: np.ndarray, middle_of: dict) -> np.ndarray:
    return np.array([v for a, b in _loop(contour) for v in (a, middle_of[frozenset((a, b))])])


def _inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    a, b = polygon, np.roll(polygon, -1, 0)
    y = points[:, None, 1]
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    return (crosses & (points[:, None, 0] < at)).sum(1) % 2 == 1


def _gap(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Distance to a closed polygon."""
    a, d = polygon, np.roll(polygon, -1, 0) - polygon
    along = ((points[:, None] - a) * d).sum(-1) / (d * d).sum(-1)
    nearest = a + np.clip(along, 0, 1)[..., None] * d
    return np.linalg.norm(points[:, None] - nearest, axis=-1).min(1)


def _spread(count: int) -> np.ndarray:
    """Points of the unit square whose first ones, however many, are evenly spread (Roberts' R2 sequence)."""
    k = np.arange(1, count + 1)[:, None]
    return (0.5 + k * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0


def _fill_inside(polygon: np.ndarray, count: int) -> np.ndarray:
    low, high = polygon.min(0), polygon.max(0)
    points = low + _spread(2000) * (high - low)
    points = points[_inside(points, polygon)]
    edge = np.linalg.norm(np.roll(polygon, -1, 0) - polygon, axis=1).mean()
    return points[_gap(points, polygon) > 0.5 * edge][:count]


def _fill_between(oval: np.ndarray, reach: float, count: int) -> np.ndarray:
    points = (2 * _spread(8000) - 1) * reach
    points = points[np.linalg.norm(points, axis=1) < 0.96 * reach]
    points = points[~_inside(points, oval)]
    return points[_gap(points, oval) > 0.035][:count]


def _triangulate(flat: np.ndarray, chosen: np.ndarray, hole: np.ndarray, inside: bool) -> np.ndarray:
    found = chosen[Delaunay(flat[chosen]).simplices]
    found = found[_inside(flat[found].mean(1), hole) == inside]
    a, b, c = flat[found].transpose(1, 0, 2)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    found[area < 0] = found[area < 0][:, ::-1]
    return found[np.abs(area) > 1e-9]  # the middle of an edge lies on it


def _follow(triangles: np.ndarray, ends: np.ndarray, num_face: int) -> np.ndarray:
    """Harmonic continuation of what the face does into pouch and head, fading away from it."""
    follow = np.zeros((SKIN, 468))
    follow[np.arange(468), np.arange(468)] = 1.0
    for column in (0, 1):
        follow[np.arange(468, num_face), ends[:, column]] += 0.5
    a = np.concatenate([triangles[:, 0], triangles[:, 1], triangles[:, 2]])
    b = np.concatenate([triangles[:, 1], triangles[:, 2], triangles[:, 0]])
    joined = coo_matrix((np.ones(len(a)), (a, b)), (SKIN, SKIN)).tocsr()
    joined = ((joined + joined.T) > 0).astype(np.float64)
    laplacian = (diags(np.asarray(joined.sum(1)).ravel()) - joined).tocsr()
    free = np.arange(num_face, SKIN)
    system = laplacian[free][:, free] + FADE * diags(np.ones(len(free)))
    follow[free] = splu(system.tocsc()).solve(-(laplacian[free][:, np.arange(num_face)] @ follow[:num_face]))
    return follow
