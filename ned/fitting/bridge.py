"""From one model's expression coefficients to another's, fitted at the points that both have.

Each shape of the one is looked up in the other as the least coefficients that move the landmarks alike: a ridge, with
what the eye notices (lips, lids, brows) counting more. Both models' jaws turn, so the jaw is followed on a table over
its opening instead of by one straight line. ARKit's coefficients are bounded, so that way it is a bounded least
squares; so a track that goes there and back comes back as nearly as the common part of the two models allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ned.fitting.bounded import solve_bounded
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.topology import NOTICED, Topology
from ned.types import ExpressionSpace, ExpressionTrack

RIDGE, JAW_RIDGE = 0.01, 0.002
"""Cost of a coefficient's square, against the mean square of what one of them moves; the jaw is cheap, since nothing
else opens the mouth like it."""
ROUNDS = 3
_STILL_CM = 1e-5
BOUNDED = "arkit52"
_STILL = ("tongueOut",)
_GAZE = "eyeLook"
"""Seen at the irises alone, which do not follow expression in FLAME; they are passed by."""


@runtime_checkable
class Deformable(Protocol):
    """What a bridge asks of a face model; see `ned.face_model.protocol`."""

    @property
    def space(self) -> ExpressionSpace: ...

    @property
    def mean(self) -> Float[np.ndarray, "vertices 3"]: ...

    def displacements(
        self, coefficients: Float[np.ndarray, "frames width"]
    ) -> Float[np.ndarray, "frames vertices 3"]: ...


@dataclass(frozen=True, eq=False)
class Bridge:
    """Maps tracks of `source`'s space to `target`'s."""

    source: Deformable
    target: Deformable
    points: Int[np.ndarray, "points"]
    weights: Float[np.ndarray, "points"]

    def convert(self, track: ExpressionTrack) -> ExpressionTrack:
        """The target's coefficients whose displacements are nearest; ValueError for a track in another space."""
        if track.space != self.source.space:
            raise ValueError(f"the bridge starts in {self.source.space.name}, the track is in {track.space.name}")
        packed = track.pack()
        parts = [self._chunk(packed[k : k + 512]) for k in range(0, len(packed), 512)]
        empty = np.zeros((0, self.target.space.width), np.float32)
        return ExpressionTrack.unpack(self.target.space, np.concatenate([*parts, empty]).astype(np.float32))

    def error(self, track: ExpressionTrack, converted: ExpressionTrack) -> float:
        """Mean distance between what both tracks do, as a share of the mean motion; 0 where nothing moves."""
        wanted = self.source.displacements(track.pack().astype(np.float32))[:, self.points]
        got = self.target.displacements(converted.pack().astype(np.float32))[:, self.points]
        moved = float(np.linalg.norm(wanted, axis=-1).mean())
        return float(np.linalg.norm(wanted - got, axis=-1).mean()) / moved if moved > _STILL_CM else 0.0

    def _chunk(self, packed: np.ndarray) -> np.ndarray:
        wanted = self.source.displacements(packed.astype(np.float32))[:, self.points].astype(np.float64)
        width = self.target.space.width
        root = np.sqrt(self.weights)[:, None]
        out = np.zeros((len(packed), width))
        basis = self._basis(np.zeros(width))
        size = float(np.median((basis[1:] ** 2 * self.weights[:, None]).sum((1, 2))))
        lower, upper = self._bounds()
        for _ in range(ROUNDS):
            left = wanted - self.target.displacements(out.astype(np.float32))[:, self.points]
            # the jaw's arc bends: the slope is taken where the frame is
            for rows, opening in self._by_opening(out[:, 0]):
                at = np.zeros(width)
                at[0] = opening
                flat = (self._basis(at) * root).reshape(width, -1)
                hessian = flat @ flat.T
                ridge = size * np.r_[JAW_RIDGE, np.full(width - 1, RIDGE)]
                current = out[rows]
                gradient = (left[rows] * root).reshape(len(rows), -1) @ flat.T + current @ hessian
                system = hessian + np.diag(ridge)
                if np.isfinite(lower).all():
                    out[rows] = solve_bounded(system, gradient, current, lower, upper, sweeps=400)
                else:
                    out[rows] = np.linalg.solve(system, gradient.T).T
        return out

    def _by_opening(self, opening: np.ndarray) -> list[tuple[np.ndarray, float]]:
        step = 0.1 if self.target.space.name == BOUNDED else 0.05
        bins = np.rint(opening / step).astype(int)
        return [(np.flatnonzero(bins == b), float(b * step)) for b in np.unique(bins)]

    def _basis(self, at: np.ndarray) -> np.ndarray:
        """(width, points, 3): slope of each coefficient at `at`."""
        step = 1e-2
        width = self.target.space.width
        probes = np.concatenate([at[None], at + step * np.eye(width)]).astype(np.float32)
        moved = self.target.displacements(probes)[:, self.points].astype(np.float64)
        return (moved[1:] - moved[0]) / step

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        names = self.target.space.names
        if self.target.space.name != BOUNDED:
            return np.full(len(names), -np.inf), np.full(len(names), np.inf)
        fixed = [n in _STILL or n.startswith(_GAZE) for n in names]
        return np.zeros(len(names)), np.array([0.0 if still else 1.0 for still in fixed])


def bridge(source: Deformable, target: Deformable, topology: Topology) -> Bridge:
    """A bridge over the 468 points of the face mesh; ValueError where the models' points are not the same ones.

    Args:
        topology: of the landmarks.
    """
    if len(source.mean) != len(target.mean):
        raise ValueError("the models are not seen through the same points")
    points = np.arange(NUM_SURFACE)
    weights = topology.weighted(NOTICED)[:NUM_SURFACE]
    return Bridge(source, target, points, weights / weights.sum())
