"""A second face model: the canonical face in a topology of its own, with points between and in another order."""

from dataclasses import dataclass, replace

import numpy as np

from ned.face_model.canonical import CanonicalFace
from ned.geometry.topology import Topology
from ned.types import ExpressionSpace

EXTRA = 100


@dataclass(frozen=True, eq=False)
class Scrambled:
    """Vertices: those of the canonical face shuffled among the middles of its first edges."""

    space: ExpressionSpace
    topology: Topology
    mean: np.ndarray
    basis: np.ndarray
    jaw_weights: np.ndarray
    face: CanonicalFace
    place: np.ndarray
    """Vertex of each landmark."""
    edges: np.ndarray

    def _spread(self, values):
        """From landmarks to vertices, along the last axis but one."""
        middles = values[..., self.edges, :].mean(-2)
        out = np.empty((*values.shape[:-2], values.shape[-2] + EXTRA, values.shape[-1]), np.float32)
        rest = np.setdiff1d(np.arange(out.shape[-2]), self.place)
        out[..., self.place, :], out[..., rest, :] = values, middles
        return out

    def displacements(self, coefficients):
        return self._spread(self.face.displacements(coefficients))

    def landmarks_of(self, values):
        return values[..., self.place, :]


def load() -> Scrambled:
    """As a table of face models wants it."""
    face = CanonicalFace.load()
    count, rng = len(face.mean), np.random.default_rng(3)
    place = rng.permutation(count + EXTRA)[:count]
    edges = face.topology.triangles[:EXTRA, :2]
    topology = replace(face.topology, triangles=place[face.topology.triangles].astype(np.int32))
    bare = Scrambled(face.space, topology, face.mean, face.basis, face.jaw_weights, face, place, edges)
    jaw = bare._spread(face.jaw_weights[:, None])[:, 0]
    return replace(bare, mean=bare._spread(face.mean), basis=bare._spread(face.basis), jaw_weights=jaw)


def load_in_flame() -> Scrambled:
    """The same, said to speak other coefficients."""
    made = load()
    return replace(made, space=ExpressionSpace("flame50", made.space.names))
