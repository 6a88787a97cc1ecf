"""FLAME moved by ARKit's coefficients: what lets every stage that speaks `arkit52` edit and draw a FLAME face.

Each of the embedded model's shapes is looked up in FLAME once, as the least coefficients whose displacement at the
landmarks is nearest; the jaw's opening turns FLAME's jaw. Gaze, which FLAME's expressions do not move, keeps the
embedded model's way with the irises.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.face_model.flame.face import FlameFace
from ned.face_model.spaces import ARKIT52
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.topology import NOTICED, Topology
from ned.types import ExpressionSpace

RIDGE = 0.001
"""Against the mean square of what one coefficient moves."""


@dataclass(frozen=True, eq=False)
class ArkitFlame:
    """Implements `FaceModel` in `arkit52` with FLAME's mean face and movements."""

    face: FlameFace

    @property
    def space(self) -> ExpressionSpace:
        return ARKIT52

    @property
    def topology(self) -> Topology:
        return self.face.topology

    @property
    def mean(self) -> Float[np.ndarray, "478 3"]:
        return self.face.mean

    @property
    def jaw_weights(self) -> Float[np.ndarray, "478"]:
        return self.face.jaw_weights

    @cached_property
    def flame_per_arkit(self) -> Float[np.ndarray, "52 51"]:
        """FLAME's coefficients of each of ARKit's at 1; only jawOpen turns the jaw."""
        canonical = self.face.canonical
        root = np.sqrt(canonical.topology.weighted(NOTICED)[:NUM_SURFACE])[:, None]
        own, theirs = ((b[:, :NUM_SURFACE].astype(np.float64) * root).reshape(len(b), -1)
                       for b in (self.face.basis, canonical.basis))  # fmt: skip
        cost = RIDGE * (own[1:] ** 2).sum(1).mean() * np.eye(len(own))
        cost[0, 0] *= 0.01
        out = np.zeros((len(theirs), len(own)))
        out[0] = np.linalg.solve(own @ own.T + cost, own @ theirs[0])
        out[1:, 1:] = np.linalg.solve(own[1:] @ own[1:].T + cost[1:, 1:], own[1:] @ theirs[1:].T).T
        return out.astype(np.float32)

    @cached_property
    def _gaze(self) -> Float[np.ndarray, "52 10 3"]:
        still = np.array([not name.startswith("eyeLook") for name in ARKIT52.names])
        gaze = self.face.canonical.basis[:, NUM_SURFACE:].copy()
        gaze[still] = 0.0
        return gaze

    @cached_property
    def basis(self) -> Float[np.ndarray, "52 478 3"]:
        """What each coefficient at 1 adds, cm; of the jaw's opening the chord."""
        return self.displacements(np.eye(ARKIT52.width, dtype=np.float32))

    def landmarks_of(self, values: Float[np.ndarray, "*batch 478 c"]) -> Float[np.ndarray, "*batch 478 c"]:
        """See `FaceModel.landmarks_of`: the points are the landmarks."""
        return values

    def displacements(self, coefficients: Float[np.ndarray, "frames 52"]) -> Float[np.ndarray, "frames 478 3"]:
        """What the coefficients add to the mean face, cm."""
        coefficients = np.asarray(coefficients, np.float32)
        moved = self.face.displacements(coefficients @ self.flame_per_arkit)
        moved[:, NUM_SURFACE:] += np.einsum("fk,kpi->fpi", coefficients, self._gaze)
        return moved


def load(folder: Path | None = None) -> ArkitFlame:
    """See `ned.config.roles.FACE_MODELS`. UserError as `FlameFace.load`, and where there is no folder."""
    if folder is None:
        raise UserError("FLAME comes from your own files", remedy="give their folder")
    return ArkitFlame(FlameFace.load(folder))
