"""The arrays of the synthetic FLAME: shapes, joints and weights with the true sizes, axes and invariants.

Expressions are what the embedded face model does, mixed to principal components; identities are smooth random
fields, sorted by how much they vary. So the model moves like a face and is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from synthetic_flame_mesh import BORDER, MIDDLE_CM, REACH_RAD, SKIN, build_disk, directions, eyeball

from ned.face_model import load_face_model

VERTICES = 5023
BALL = 546
IDENTITY_SCALES_CM = ((5.0, 0.30), (2.5, 0.17), (1.2, 0.06))
"""Length and standard deviation of the random fields that identities are made of."""
COEFFICIENT_DEVIATION, SIDES_AGREE = 0.25, 0.85
CORRECTIVE_CM = 0.05
EYE_RADIUS_CM, EYE_DEPTH_CM = 1.2, 1.03
JOINTS_CM = {"root": (0.0, 13.0, 9.0), "neck": (0.0, 8.0, 8.5)}
TO_FLAME = np.array([1.0, -1.0, -1.0]) / 100


@dataclass(frozen=True)
class SyntheticFlame:
    """A FLAME in its own axes (m), and which of its vertices are the embedded model's 468 points."""

    template: np.ndarray  # (5023, 3)
    triangles: np.ndarray  # (9976, 3)
    directions: np.ndarray  # (5023, 3, 400)
    correctives: np.ndarray  # (5023, 3, 36)
    regressor: np.ndarray  # (5, 5023)
    weights: np.ndarray  # (5023, 5)
    vertex_of: np.ndarray  # (468,): the embedded model's points
    face: np.ndarray  # vertices, the nearest to the embedded model first
    flat: np.ndarray  # (3931, 2): layout of the skin, for UV
    mouth: np.ndarray  # vertices of the pouch

    @property
    def joints(self) -> np.ndarray:
        return self.regressor @ self.template


def build(seed: int = 0, own_shape: float = 0.6) -> SyntheticFlame:
    """A model; `own_shape` is how far its mean face is from the embedded model's, in standard deviations."""
    rng = np.random.default_rng(seed)
    canonical = load_face_model("canonical")
    jaw = np.zeros((1, canonical.space.width), np.float32)
    jaw[0, 0] = 0.5
    dropped = canonical.displacements(jaw)[0].astype(np.float64)[:468]
    mean = canonical.mean[:468].astype(np.float64)
    disk = build_disk(mean, mean + dropped, canonical.topology.triangles, canonical.topology.loops)
    skin = _skin(disk, mean, dropped, canonical.topology.loops)
    order = rng.permutation(SKIN)  # new index of each vertex, so that nobody can rely on the old one
    triangles = [order[disk.triangles]]
    points = [np.empty_like(skin)]
    points[0][order] = skin
    eyes = [canonical.mean[first : first + 5].mean(0) + [0.0, 0.0, EYE_DEPTH_CM] for first in (473, 468)]
    for k, eye in enumerate(eyes):
        vertices, faces = eyeball(eye, EYE_RADIUS_CM)
        points.append(vertices)
        triangles.append(faces + SKIN + k * BALL)
    rest = np.concatenate(points)
    face_first = np.concatenate([order[: disk.num_face], order[disk.num_face :]])
    identity, correctives = _identities(rng, rest, order[:468])
    expression = np.zeros((100, VERTICES, 3))
    expression[:, order] = np.einsum("vk,ekc->evc", disk.follow, _expressions(rng, canonical))
    weights = np.zeros((VERTICES, 5))
    share = np.clip(disk.follow @ canonical.jaw_weights[:468], 0, 1)
    low = np.clip((np.linalg.norm(disk.flat, axis=1) - 2.0) / (REACH_RAD - 2.0), 0, 1)
    weights[order, 2], weights[order, 0] = share * (1 - low), low
    weights[order, 1] = (1 - share) * (1 - low)
    weights[SKIN : SKIN + BALL, 3] = weights[SKIN + BALL :, 4] = 1.0
    own = own_shape * rng.normal(size=60)
    template = rest + np.einsum("i,ivc->vc", own, identity[:60])
    targets = {**JOINTS_CM, "jaw": canonical.jaw_point.astype(np.float64)}
    shapes = np.concatenate([identity, expression]).transpose(1, 2, 0)
    return SyntheticFlame(
        template=template * TO_FLAME,
        triangles=np.concatenate(triangles)[:, [0, 2, 1]].astype(np.uint32),
        directions=shapes * TO_FLAME[:, None],
        correctives=correctives.transpose(1, 2, 0) * TO_FLAME[:, None],
        regressor=_regressor(template, targets),
        weights=weights,
        vertex_of=order[:468],
        face=face_first,
        flat=disk.flat[np.argsort(order)],
        mouth=order[disk.num_face : disk.num_face + disk.num_mouth],
    )


def _skin(disk, mean: np.ndarray, dropped: np.ndarray, contours: dict) -> np.ndarray:
    """Positions (cm): the face, a pouch that goes back from the lips, and a head of smoothly varying radius."""
    from scipy.interpolate import RBFInterpolator

    rim = np.unique(np.concatenate([contours["face_oval"], np.arange(0, 468, 5)]))
    radius = np.linalg.norm(mean[rim] + dropped[rim] - MIDDLE_CM, axis=1)
    ring = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    around = np.stack([np.cos(ring), np.sin(ring)], 1)
    known = np.concatenate([disk.flat[rim], 2.0 * around, REACH_RAD * around])
    sizes = np.concatenate([radius, np.full(12, 10.0), np.full(12, 9.5)])
    head = np.arange(disk.num_face + disk.num_mouth, SKIN)
    far = RBFInterpolator(known, sizes, kernel="thin_plate_spline", smoothing=1e-3)(disk.flat[head])
    out = disk.follow @ mean
    out[head] = MIDDLE_CM + far[:, None] * directions(disk.flat[head]) - disk.follow[head] @ dropped
    pouch = np.arange(disk.num_face, disk.num_face + disk.num_mouth)
    share = disk.follow[pouch] / disk.follow[pouch].sum(1, keepdims=True)
    out[pouch] = share @ mean
    lips = disk.flat[contours["lips_inner"]]
    gap = np.linalg.norm(disk.flat[pouch][:, None] - lips, axis=-1).min(1)
    out[pouch, 2] += 1.5 * gap / gap.max()
    disk.follow[pouch] = share
    return out


def _expressions(rng: np.random.Generator, canonical) -> np.ndarray:
    """(100, 468, 3) cm a standard deviation: principal components of the embedded shapes, then fine random ones."""
    names = canonical.space.names
    used = [k for k, n in enumerate(names) if k > 0 and not n.startswith(("eyeLook", "tongue"))]
    covariance = np.eye(len(used))
    for a, i in enumerate(used):
        for b, j in enumerate(used):
            left, right = names[i].removesuffix("Left"), names[j].removesuffix("Right")
            if names[i].endswith("Left") and left == right:
                covariance[a, b] = covariance[b, a] = SIDES_AGREE
    root = np.linalg.cholesky(covariance).T * COEFFICIENT_DEVIATION
    shapes = canonical.basis[used][:, :468].reshape(len(used), -1)
    _, size, modes = np.linalg.svd(root @ shapes, full_matrices=False)
    modes = (size[:, None] * modes).reshape(-1, 468, 3)
    points = canonical.mean[:468].astype(np.float64)
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    smooth = np.exp(-0.5 * (distance / 1.5) ** 2) @ rng.normal(size=(468, 3 * (100 - len(modes))))
    fine = smooth.reshape(468, 100 - len(modes), 3).transpose(1, 0, 2)
    fine *= 0.02 / fine.std((1, 2), keepdims=True)
    return np.concatenate([modes, fine]) * rng.choice([-1.0, 1.0], 100)[:, None, None]


def _identities(rng: np.random.Generator, rest: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(300, 5023, 3) cm: eigenfunctions of a random field in three directions; (36, 5023, 3) correctives of it."""
    known = np.concatenate([rest[face], rest[np.setdiff1d(np.arange(SKIN), face)[::8]]])

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        distance = cdist(a, b)
        return sum(s * s * np.exp(-0.5 * (distance / length) ** 2) for length, s in IDENTITY_SCALES_CM)

    values, vectors = np.linalg.eigh(kernel(known, known))
    values, vectors = values[::-1][:100], vectors[:, ::-1][:, :100]
    fields = (kernel(rest, known) @ vectors / np.sqrt(values)).T
    for k in range(2):  # eyeballs move as a whole
        ball = slice(SKIN + k * BALL, SKIN + (k + 1) * BALL)
        fields[:, ball] = fields[:, ball].mean(1, keepdims=True)
    axes = np.linalg.qr(rng.normal(size=(100, 3, 3)))[0]
    identity = np.einsum("fv,fik->fivk", fields, axes).reshape(300, VERTICES, 3)
    mixing = rng.normal(size=(36, 3, 20)) * CORRECTIVE_CM / (np.sqrt(20) * fields[:20].std(1))
    correctives = np.einsum("pkf,fv->pvk", mixing, fields[:20])
    correctives[:, SKIN:] = 0.0
    return identity, correctives


def _regressor(template: np.ndarray, targets: dict) -> np.ndarray:
    """(5, 5023): joints as weighted means of vertices near by (least norm), eyes as the middle of their balls."""
    out = np.zeros((5, VERTICES))
    for row, name in ((0, "root"), (1, "neck"), (2, "jaw")):
        target = np.array(targets[name])
        near = np.argsort(np.linalg.norm(template[:SKIN] - target, axis=1))[:120]
        system = np.concatenate([template[near].T, np.ones((1, len(near)))])
        out[row, near] = np.linalg.pinv(system) @ np.append(target, 1.0)
    out[3, SKIN : SKIN + BALL] = out[4, SKIN + BALL :] = 1 / BALL
    return out


def neck_ring(model: SyntheticFlame) -> np.ndarray:
    """Vertices of the border of the skin."""
    return np.argsort(-np.linalg.norm(model.flat, axis=1))[:BORDER]
