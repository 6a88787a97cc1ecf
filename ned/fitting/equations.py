"""Normal equations of a fit to landmarks, all frames of a track at once.

With the Jacobian in the model's axes, J = s R C, a frame's share of J'WJ is s² Σ_ij (R' A R)_ij Σ_p w C_pi' C_pj with
A = diag(1, 1, depth). The inner sum is the same for all frames whose jaw is (about) as open and whose contour is
the same, so for shapes it is done once for each such group, and a frame costs six small matrices. Columns that differ
from frame to frame (pose, jaw) are few and multiplied out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from ned.face_model.articulated import ArticulatedFace
from ned.face_model.flame.skinning import axis_angle_to_matrix

POSE_WIDTH = 7
"""Turn about the model's axes (3), logarithm of scale, shift in x, y and depth in units of the model."""
JAW_BIN_RAD = 0.03
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass
class State:
    """What is solved for; shapes as in the fields' comments."""

    identity: np.ndarray  # (identities,) standard deviations
    expression: np.ndarray  # (frames, expressions) standard deviations
    jaw: np.ndarray  # (frames, 3) axis-angle, rad, ned's axes
    rotation: np.ndarray  # (frames, 3, 3)
    scale: np.ndarray  # (frames,) px per cm
    shift: np.ndarray  # (frames, 3) px; depth has no meaning of its own

    def part(self, chosen: np.ndarray | slice) -> State:
        """Some frames."""
        return State(self.identity, self.expression[chosen], self.jaw[chosen], self.rotation[chosen],
                     self.scale[chosen], self.shift[chosen])  # fmt: skip

    def put(self, chosen: np.ndarray | slice, part: State) -> None:
        """The frames of `part` in their place."""
        for name in ("expression", "jaw", "rotation", "scale", "shift"):
            getattr(self, name)[chosen] = getattr(part, name)


@dataclass(frozen=True)
class Observations:
    """Landmarks in the image, and which points of the face they are."""

    points: Float[np.ndarray, "frames points 3"]
    """Pixels; depth in the same scale, ignored where `depth` is 0."""
    weights: Float[np.ndarray, "frames points"]
    """Inverse variance, 1/px²; 0 for what was not seen."""
    depth: float
    """Weight of depth against x and y."""

    def part(self, chosen: np.ndarray | slice) -> Observations:
        return Observations(self.points[chosen], self.weights[chosen], self.depth)


@dataclass
class Group:
    """Frames that share a jaw opening (about) and the points' places on the face."""

    face: ArticulatedFace
    base_weights: np.ndarray  # (points,)
    opening: float
    shapes: np.ndarray = field(init=False)  # (shapes, points, 3), identities first

    def __post_init__(self) -> None:
        face, turn = self.face, axis_angle_to_matrix(np.array([self.opening, 0.0, 0.0]))
        whole = np.concatenate([face.identity, face.expression])
        jaw = np.concatenate([face.identity_jaw, face.expression_jaw])
        joint = np.concatenate([face.joint_identity, face.joint_expression])
        jaw = jaw - face.jaw_share[:, None] * joint[:, None]
        self.shapes = whole - jaw + jaw @ turn.T

    @cached_property
    def products(self) -> np.ndarray:
        """(6, shapes, shapes): the inner sums for each pair of axes, symmetric ones counted twice."""
        out = []
        for i, j in _PAIRS:
            left = self.shapes[:, :, i] * self.base_weights
            product = left @ self.shapes[:, :, j].T
            out.append(product if i == j else product + product.T)
        return np.stack(out)


def groups_of(state: State, rows: Int[np.ndarray, "frames"] | None) -> list[tuple[Int[np.ndarray, "some"], int, int]]:
    """Frames that may be treated alike: (frames, jaw bin, contour row)."""
    bins = np.rint(state.jaw[:, 0] / JAW_BIN_RAD).astype(int)
    row = np.zeros_like(bins) if rows is None else rows
    keys, at = np.unique(np.stack([bins, row], 1), axis=0, return_inverse=True)
    at = at.reshape(-1)
    return [(np.flatnonzero(at == k), int(b), int(r)) for k, (b, r) in enumerate(keys)]


@dataclass
class Blocks:
    """The normal equations of some frames: unknowns of the frame are pose, jaw, expression, in this order."""

    frame: np.ndarray  # (frames, own, own)
    frame_right: np.ndarray  # (frames, own)
    identity: np.ndarray  # (identities, identities), summed
    identity_right: np.ndarray  # (identities,)
    between: np.ndarray  # (frames, identities, own)


def blocks(seen: Observations, state: State, group: Group, with_identity: bool) -> Blocks:
    """Gauss-Newton equations of the frames of one group about `state`."""
    face = group.face
    identities = len(face.identity) if with_identity else 0
    start = len(face.identity)
    shapes = group.shapes if with_identity else group.shapes[start:]
    products = group.products if with_identity else group.products[:, start:, start:]
    own_face = face.shaped(state.identity) if start else face
    held, turned = own_face.parts(state.expression, axis_angle_to_matrix(state.jaw))
    placed = held + turned
    frames, points = placed.shape[:2]
    axes = np.array([1.0, 1.0, seen.depth])
    metric = np.einsum("fki,k,fkj->fij", state.rotation, axes, state.rotation)
    residual = seen.points - state.scale[:, None, None] * np.matmul(placed, state.rotation.transpose(0, 2, 1))
    residual = (residual - state.shift[:, None]) * axes
    pulled = np.matmul(residual, state.rotation) * (state.scale[:, None] * seen.weights)[..., None]
    own = _own_columns(placed, turned, state, face.articulated)  # (frames, 10, points, 3)
    uniform = np.median(seen.weights / np.maximum(group.base_weights, 1e-12), axis=1)
    squared = state.scale**2
    pairs = np.stack([metric[:, i, j] for i, j in _PAIRS], 1) * (squared * uniform)[:, None]
    weighted = np.matmul(own, metric[:, None]) * (squared[:, None] * seen.weights)[:, None, :, None]
    flat = shapes.reshape(len(shapes), -1)
    own_own = np.matmul(
        weighted.reshape(frames, -1, points * 3), own.reshape(frames, -1, points * 3).transpose(0, 2, 1)
    )
    own_shapes = (weighted.reshape(-1, points * 3) @ flat.T).reshape(frames, -1, len(shapes))
    right = pulled.reshape(frames, -1) @ flat.T
    own_right = np.einsum("fkpx,fpx->fk", own, pulled)
    expression = slice(identities, None)
    inner = pairs @ np.ascontiguousarray(products[:, expression, expression]).reshape(6, -1)
    inner = inner.reshape(frames, len(shapes) - identities, -1)
    frame = np.concatenate([
        np.concatenate([own_own, own_shapes[:, :, expression]], 2),
        np.concatenate([own_shapes[:, :, expression].transpose(0, 2, 1), inner], 2),
    ], 1)  # fmt: skip
    frame_right = np.concatenate([own_right, right[:, expression]], 1)
    if not with_identity:
        return Blocks(frame, frame_right, np.zeros((0, 0)), np.zeros(0), np.zeros((frames, 0, frame.shape[1])))
    mixed = np.einsum("fk,kie->fie", pairs, products[:, :identities, expression])
    between = np.concatenate([own_shapes[:, :, :identities].transpose(0, 2, 1), mixed], 2)
    total = np.tensordot(pairs.sum(0), products[:, :identities, :identities], 1)
    return Blocks(frame, frame_right, total, right[:, :identities].sum(0), between)


def _own_columns(placed: np.ndarray, turned: np.ndarray, state: State, articulated: bool) -> np.ndarray:
    """Columns of pose and jaw in the model's axes, in units of the model."""
    frames, points = placed.shape[:2]
    out = np.zeros((frames, POSE_WIDTH + (3 if articulated else 0), points, 3))
    for k in range(3):
        out[:, k] = np.cross(np.eye(3)[k], placed)
        if articulated:
            out[:, POSE_WIDTH + k] = np.cross(np.eye(3)[k], turned)
        out[:, 4 + k] = state.rotation[:, k][:, None]
    out[:, 3] = placed
    return out


def apply(state: State, step: np.ndarray, articulated: bool) -> None:
    """Moves each frame by its unknowns."""
    state.rotation = state.rotation @ Rotation.from_rotvec(step[:, :3]).as_matrix()
    state.shift = state.shift + state.scale[:, None] * step[:, 4:POSE_WIDTH]
    state.scale = state.scale * np.exp(np.clip(step[:, 3], -0.3, 0.3))
    first = POSE_WIDTH
    if articulated:
        state.jaw = state.jaw + step[:, first : first + 3]
        first += 3
    state.expression = state.expression + step[:, first:]
