"""One track's unknowns, solved for: what `ned.fitting.landmarks` does in some frames, and in a window of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.articulated import ArticulatedFace
from ned.face_model.flame.embedding import contour_row, yaw_of
from ned.fitting.equations import JAW_BIN_RAD, POSE_WIDTH, Blocks, Group, Observations, State, apply, blocks, groups_of
from ned.fitting.tridiagonal import solve_joined
from ned.types import HeadPose

KEYFRAMES = 48
ROUNDS = 5
COOLING = (0.3, 0.15, 0.08, 0.04, 0.02)
"""Noise that is assumed in the first rounds, where the pose is rough and a full step would go anywhere; as
`FitPriors.noise`, which ends it."""
LAST_ROUNDS = 4
CHUNK = 256
_FLIP = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class FitPriors:
    """What is likely. Rates are per square root of a second."""

    noise: float = 0.01
    """Standard deviation of a landmark, as a share of the distance between the eyes."""
    depth: float = 0.02
    """Weight of a landmark's depth against x and y; 0 where there is none."""
    identity: float = 1.0
    """Spread of an identity coefficient."""
    expression: float = 1.0
    expression_rate: float = 4.0
    jaw_mean_rad: float = 0.03
    jaw_spread_rad: tuple[float, float, float] = (0.2, 0.03, 0.03)
    """Opening, and the turns to the sides, which hardly happen."""
    jaw_rate_rad: float = 1.0


@dataclass(frozen=True)
class LandmarkFit:
    """Coefficients of a track. Angles are in `ned`'s axes (x to the actor's left, y down, z away)."""

    identity: Float[np.ndarray, "identities"]
    expression: Float[np.ndarray, "frames expressions"]
    jaw_rad: Float[np.ndarray, "frames 3"]
    pose: HeadPose
    error_px: Float[np.ndarray, "frames"]
    """Mean distance of the model's points and the landmarks that were seen, in the image."""


class Solver:
    """Arguments as of `fit_landmarks`."""

    def __init__(
        self,
        landmarks: Float[np.ndarray, "frames points axes"],
        frames: Int[np.ndarray, "frames"],
        face: ArticulatedFace,
        frame_rate: float,
        eyes: tuple[Int[np.ndarray, "left"], Int[np.ndarray, "right"]],
        weights: Float[np.ndarray, "points"] | None,
        contour: Int[np.ndarray, "rows points"] | None,
        priors: FitPriors,
    ) -> None:
        count, points, axes = landmarks.shape
        self.face, self.shaped, self.contour, self.priors = face, face, contour, priors
        image = np.zeros((count, points, 3))
        image[..., :axes] = landmarks
        left, right = (image[:, part, :2].mean(1) for part in eyes)
        apart = np.maximum(np.linalg.norm(left - right, axis=1), 0.4 * self._widest(image))
        self.base = np.ones(points) if weights is None else np.asarray(weights, np.float64)
        certain = 1.0 / np.maximum(priors.noise * apart, 1e-6) ** 2
        depth = priors.depth if axes == 3 else 0.0
        self.seen = Observations(image, self.base * certain[:, None], depth)
        step_s = np.maximum(np.diff(frames), 1) / float(frame_rate)
        self.link = np.where(step_s < 1.0, 1.0 / step_s, 0.0)
        self._groups: dict[tuple[bool, int, int], Group] = {}
        jaw = 3 if face.articulated else 0
        self.own = POSE_WIDTH + jaw
        spread = np.array(priors.jaw_spread_rad[:jaw])
        expressions = len(face.expression)
        self.ridge = np.concatenate([
            np.full(POSE_WIDTH, 1e-6), spread**-2, np.full(expressions, priors.expression**-2.0)])  # fmt: skip
        self.coupling = np.concatenate([
            np.full(jaw, priors.jaw_rate_rad**-2.0), np.full(expressions, priors.expression_rate**-2.0)])  # fmt: skip
        self.middle = np.zeros(self.own + expressions)
        if jaw:
            self.middle[POSE_WIDTH] = priors.jaw_mean_rad

    @staticmethod
    def _widest(image: np.ndarray) -> np.ndarray:
        """A third of the face's height: on a turned head the eyes come together, the face does not get smaller."""
        return np.ptp(image[..., 1], axis=1) / 3

    def person(self) -> tuple[Int[np.ndarray, "chosen"], State]:
        """Some frames that differ, and all that is to be known of them, identity above all."""
        state = self.start()
        chosen = self.keyframes(state)
        some, noise = state.part(chosen), self.priors.noise
        for assumed in (*(n for n in COOLING if n > noise), *LAST_ROUNDS * [noise]):
            self.solve_with_identity(some, chosen, (noise / assumed) ** 2)
        return chosen, some

    def in_time(self, chosen: Int[np.ndarray, "chosen"], known: State) -> LandmarkFit:
        """All frames, from what is `known` of the `chosen` ones, of which some may lie outside."""
        state, count = self.start(), len(self.seen.points)
        inside = (chosen >= 0) & (chosen < count)
        state.identity = known.identity
        state.put(chosen[inside], known.part(inside))
        nearest = np.abs(np.arange(count)[:, None] - chosen).argmin(1)
        state.expression, state.jaw = known.expression[nearest].copy(), known.jaw[nearest].copy()
        self.take_identity(state.identity)
        for _ in range(ROUNDS):
            self.solve_in_time(state)
        return self.result(state)

    def start(self) -> State:
        """The mean face in the pose that an affine fit of x and y says (Tomasi and Kanade's factorisation of one)."""
        count = len(self.seen.points)
        face = self.face if self.contour is None else self.face.take(self.contour[0])
        x = face.rest - np.average(face.rest, axis=0, weights=self.base)
        y = self.seen.points[..., :2]
        middle = np.average(y, axis=1, weights=self.base)
        normal = (x * self.base[:, None]).T @ x
        affine = np.einsum("fpi,pj->fij", (y - middle[:, None]) * self.base[:, None], x) @ np.linalg.inv(normal)
        u, s, vt = np.linalg.svd(affine, full_matrices=False)
        first = u @ vt  # (frames, 2, 3): the nearest rows of a rotation
        rotation = np.concatenate([first, np.cross(first[:, 0], first[:, 1])[:, None]], 1)
        scale = s.mean(1)
        centre = np.average(face.rest, axis=0, weights=self.base)
        shift = np.zeros((count, 3))
        shift[:, :2] = middle - scale[:, None] * (first @ centre)
        if self.seen.depth:
            z = np.average(self.seen.points[..., 2], axis=1, weights=self.base)
            shift[:, 2] = z - scale * (rotation[:, 2] @ centre)
        jaw = np.zeros((count, 3))
        jaw[:, 0] = self.priors.jaw_mean_rad if self.face.articulated else 0.0
        return State(np.zeros(len(face.identity)), np.zeros((count, len(face.expression))), jaw, rotation, scale, shift)

    def keyframes(self, state: State) -> Int[np.ndarray, "chosen"]:
        """Frames that differ most in the shape that is seen, farthest point first."""
        count = len(self.seen.points)
        if count <= KEYFRAMES:
            return np.arange(count)
        y = (self.seen.points[..., :2] - state.shift[:, None, :2]) / state.scale[:, None, None]
        y = y.reshape(count, -1).astype(np.float32)
        chosen = [int(np.linalg.norm(y - np.median(y, 0), axis=1).argmin())]
        far = np.full(count, np.inf)
        while len(chosen) < KEYFRAMES:
            far = np.minimum(far, ((y - y[chosen[-1]]) ** 2).sum(1))
            chosen.append(int(far.argmax()))
        return np.unique(chosen)

    def take_identity(self, identity: np.ndarray) -> None:
        """From here on the face is this person's."""
        self.shaped = self.face.shaped(identity)
        self._groups.clear()

    def _parts(self, state: State, seen: Observations, with_identity: bool):
        """(frames, their equations) for each group."""
        rows = None
        if self.contour is not None:
            rows = contour_row(yaw_of(_FLIP @ state.rotation @ _FLIP))
        for chosen, opening, row in groups_of(state, rows):
            for start in range(0, len(chosen), CHUNK):
                part = chosen[start : start + CHUNK]
                group = self._group(with_identity, opening, row)
                yield part, blocks(seen.part(part), state.part(part), group, with_identity)

    def _group(self, with_identity: bool, opening: int, row: int) -> Group:
        key = with_identity, opening, row
        if key not in self._groups:
            face = self.face if with_identity else self.shaped
            face = face if self.contour is None else face.take(self.contour[row])
            self._groups[key] = Group(face, self.base, opening * JAW_BIN_RAD)
        return self._groups[key]

    def _prior(self, state: State, part: np.ndarray) -> np.ndarray:
        """Gradient of the frames' own priors."""
        at = np.zeros((len(part), len(self.ridge)))
        if self.face.articulated:
            at[:, POSE_WIDTH : self.own] = state.jaw[part]
        at[:, self.own :] = state.expression[part]
        return self.ridge * (self.middle - at)

    def solve_with_identity(self, state: State, chosen: np.ndarray, certainty: float) -> None:
        """One step on identity and all unknowns of these frames, which are not joined in time; landmarks count
        `certainty` times as much as they will."""
        seen = self.seen.part(chosen)
        seen = replace(seen, weights=certainty * seen.weights)
        identities = len(state.identity)
        system = np.eye(identities) * self.priors.identity**-2.0
        right = -state.identity * self.priors.identity**-2.0
        kept: list[tuple[np.ndarray, Blocks, np.ndarray, np.ndarray]] = []
        for part, b in self._parts(state, seen, True):
            b.frame[:, np.arange(len(self.ridge)), np.arange(len(self.ridge))] += self.ridge
            own_right = b.frame_right + self._prior(state, part)
            solved = np.linalg.solve(b.frame, np.concatenate([b.between.transpose(0, 2, 1), own_right[..., None]], 2))
            system += b.identity - np.einsum("fik,fkj->ij", b.between, solved[..., :-1])
            right += b.identity_right - np.einsum("fik,fk->i", b.between, solved[..., -1])
            kept.append((part, b, solved[..., :-1], solved[..., -1]))
        change = np.linalg.solve(system, right) if identities else np.zeros(0)
        step = np.zeros((len(chosen), len(self.ridge)))
        for part, _, follow, alone in kept:
            step[part] = alone - follow @ change
        state.identity = state.identity + change
        apply(state, step, self.face.articulated)

    def solve_in_time(self, state: State) -> None:
        """One step on pose, jaw and expression of all frames, identity given."""
        count, pose = len(state.scale), POSE_WIDTH
        width = len(self.ridge) - pose
        system, right = np.empty((count, width, width)), np.empty((count, width))
        follow, alone = np.empty((count, pose, width)), np.empty((count, pose))
        bare = State(np.zeros(0), state.expression, state.jaw, state.rotation, state.scale, state.shift)
        for part, b in self._parts(bare, self.seen, False):
            b.frame[:, np.arange(len(self.ridge)), np.arange(len(self.ridge))] += self.ridge
            own_right = b.frame_right + self._prior(state, part)
            top = np.concatenate([b.frame[:, :pose, pose:], own_right[:, :pose, None]], 2)
            solved = np.linalg.solve(b.frame[:, :pose, :pose], top)
            follow[part], alone[part] = solved[..., :-1], solved[..., -1]
            system[part] = b.frame[:, pose:, pose:] - np.matmul(b.frame[:, pose:, :pose], follow[part])
            right[part] = own_right[:, pose:] - np.matmul(b.frame[:, pose:, :pose], alone[part][..., None])[..., 0]
        x = np.concatenate([state.jaw[:, : self.own - pose], state.expression], 1)
        change = solve_joined(system, right, x, self.coupling, self.link)
        step = np.concatenate([alone - np.matmul(follow, change[..., None])[..., 0], change], 1)
        apply(state, step, self.face.articulated)

    def result(self, state: State) -> LandmarkFit:
        placed = self.shaped.positions(state.expression, state.jaw)
        if self.contour is not None:
            rows = contour_row(yaw_of(_FLIP @ state.rotation @ _FLIP))
            placed = np.take_along_axis(placed, self.contour[rows][..., None], 1)
        drawn = np.einsum("fij,fpj->fpi", state.rotation[:, :2], placed) * state.scale[:, None, None]
        gap = np.linalg.norm(drawn + state.shift[:, None, :2] - self.seen.points[..., :2], axis=-1)
        error = np.average(gap, axis=1, weights=(self.base > 0).astype(float))
        pose = HeadPose(state.rotation.astype(np.float32), state.scale.astype(np.float32),
                        state.shift[:, :2].astype(np.float32))  # fmt: skip
        return LandmarkFit(state.identity, state.expression, state.jaw, pose, error)
