"""ICT-FaceKit (Li et al. 2020, MIT) from the user's clone: a third face model, which speaks `arkit52`.

Its expressions carry ARKit's names (with _L and _R, brows and cheeks once a side). Where the landmarks lie on it is
found by laying the embedded face model onto its face; where each shape moves most, in the one model and in the other,
says how they lie to each other, and the 68 landmarks of the clone's own list, where it has one, hold the rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.face_model.canonical import CanonicalFace
from ned.face_model.flame.points import IBUG68
from ned.face_model.spaces import ARKIT52
from ned.files.arrays import DAMAGED, array_errors
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.surface import Nearest, Surface, register, similarity
from ned.geometry.topology import Topology
from ned.types import ExpressionSpace
from ned.workspace import Cache

NUM_VERTICES = 26719
FACE_VERTICES = 9409
"""The first of them are the face and its holes; then come the head, eyes, teeth and lashes."""
NEUTRAL = "generic_neutral_mesh.obj"
MAX_OBJ_BYTES = 32 * 1024**2
AXES = np.array([1.0, -1.0, -1.0])
"""ICT's y is up and its z comes out of the face; its unit is cm."""
_VERSION = 2
UNITS = (0.4, 2.5)
"""Least and most that a shape is scaled by."""
_ONCE_A_SIDE = ("browInnerUp", "cheekPuff")
_ABSENT = ("tongueOut",)
_GAZE = "eyeLook"


@dataclass(frozen=True, eq=False)
class IctFace:
    """Implements `FaceModel`: a mean face of 478 points and 52 shapes, all linear, the jaw's opening among them."""

    mean: Float[np.ndarray, "478 3"]
    basis: Float[np.ndarray, "52 478 3"]
    canonical: CanonicalFace
    """Lends its topology, which belongs to the landmarks."""

    @property
    def space(self) -> ExpressionSpace:
        return ARKIT52

    @property
    def topology(self) -> Topology:
        """The tracker's."""
        return self.canonical.topology

    @cached_property
    def jaw_weights(self) -> Float[np.ndarray, "478"]:
        """Share of the jaw's turn, 0 to 1, by how far its opening moves each point."""
        moved = np.linalg.norm(self.basis[0], axis=-1)
        return np.clip(moved / max(float(np.quantile(moved[:NUM_SURFACE], 0.98)), 1e-6), 0.0, 1.0).astype(np.float32)

    def landmarks_of(self, values: Float[np.ndarray, "*batch 478 c"]) -> Float[np.ndarray, "*batch 478 c"]:
        """See `FaceModel.landmarks_of`: the points are the landmarks."""
        return values

    def displacements(self, coefficients: Float[np.ndarray, "frames 52"]) -> Float[np.ndarray, "frames 478 3"]:
        """What the coefficients add to the mean face, cm."""
        flat = np.asarray(coefficients, np.float32) @ self.basis.reshape(len(self.basis), -1)
        return flat.reshape(len(coefficients), *self.mean.shape)

    @classmethod
    def load(cls, clone: Path, cache: Cache | None = None) -> IctFace:
        """From the clone's folder (or the one with the .obj files); read once and kept in the cache.

        Raises UserError where files are missing, broken or of another mesh.
        """
        folder = _model_folder(clone)
        canonical = CanonicalFace.load()
        cache = cache or Cache()
        stamps = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files_of(clone)]
        own = hashlib.blake2b(canonical.mean.tobytes()).hexdigest()
        entry = cache.entry("ict", _VERSION, own, str(folder.resolve()), stamps)
        try:
            with array_errors(), np.load(entry / "ict.npz", allow_pickle=False) as data:
                mean, basis = data["mean"], data["basis"]
            if mean.shape == (478, 3) and basis.shape == (52, 478, 3):
                cache.touch(entry)
                return cls(mean, basis, canonical)
        except DAMAGED:
            pass
        made = _build(folder, canonical)
        try:
            cache.save(entry, lambda f: np.savez(f / "ict.npz", mean=made.mean, basis=made.basis))
        except OSError:  # a cache that cannot be written is no reason to stop
            return made
        return made


def files_of(clone: Path) -> list[Path]:
    """The clone's files that are read, of those that are there. UserError where there is no neutral mesh."""
    folder = _model_folder(clone)
    paths = [folder / NEUTRAL, *(folder / f"{name}.obj" for name in _shape_files()), *sorted(folder.glob("*.json"))]
    return [path for path in paths if path.is_file()]


def _model_folder(clone: Path) -> Path:
    for folder in (clone, clone / "FaceXModel"):
        if (folder / NEUTRAL).is_file():
            return folder
    raise UserError(f"holds no {NEUTRAL}", path=clone, remedy="name a clone of ICT-FaceKit")


def _files_of(name: str) -> list[str]:
    """Which of the clone's shapes make one of ARKit's."""
    if name in _ABSENT:
        return []
    if name in _ONCE_A_SIDE:
        return [f"{name}_L", f"{name}_R"]
    for side, letter in (("Left", "_L"), ("Right", "_R")):
        if name.endswith(side) and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
            return [name.removesuffix(side) + letter]
    return [name]


def _shape_files() -> list[str]:
    return [file for name in ARKIT52.names for file in _files_of(name)]


def read_obj_vertices(path: Path) -> Float[np.ndarray, "v 3"]:
    """Vertices of an OBJ file as they stand there. UserError where it cannot be read."""
    return _vertices(path, _read(path))


def _read(path: Path) -> list[bytes]:
    try:
        if path.stat().st_size > MAX_OBJ_BYTES:
            raise UserError("is larger than such files are", path=path, remedy="name a clone of ICT-FaceKit")
        return path.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path,
                        remedy="name a complete clone of ICT-FaceKit") from error  # fmt: skip


def _vertices(path: Path, lines: list[bytes]) -> np.ndarray:
    try:
        rows = [line[2:] for line in lines if line.startswith(b"v ")]
        numbers = np.array(b" ".join(rows).split(), dtype=np.float64)
        points = numbers.reshape(len(rows), -1)[:, :3]  # some tools write a colour behind
    except ValueError as error:
        raise UserError("has a vertex that is no three numbers", path=path, remedy="clone it again") from error
    if points.shape != (NUM_VERTICES, 3) or not np.isfinite(points).all():
        raise UserError(f"has {len(points)} vertices, ICT-FaceKit's has {NUM_VERTICES}", path=path,
                        remedy="name a clone of ICT-FaceKit")  # fmt: skip
    return points


def _face_triangles(path: Path, lines: list[bytes]) -> Int[np.ndarray, "t 3"]:
    """Triangles of the face's area, counter-clockwise from outside; its polygons have three or four corners."""
    out = []
    try:
        for line in lines:
            if line.startswith(b"f "):
                corners = [int(corner.split(b"/")[0]) - 1 for corner in line.split()[1:]]
                if max(corners) < FACE_VERTICES:
                    out += [(corners[0], b, c) for b, c in zip(corners[1:], corners[2:], strict=False)]
    except ValueError as error:
        raise UserError("has a face that cannot be read", path=path, remedy="clone it again") from error
    if not out or min(map(min, out)) < 0:
        raise UserError("has no faces over its face", path=path, remedy="clone it again")
    return np.array(out, np.int64)


def _build(folder: Path, canonical: CanonicalFace) -> IctFace:
    lines = _read(folder / NEUTRAL)
    neutral = _vertices(folder / NEUTRAL, lines)[:FACE_VERTICES]
    triangles = _face_triangles(folder / NEUTRAL, lines)
    shapes = np.zeros((ARKIT52.width, FACE_VERTICES, 3))
    for k, name in enumerate(ARKIT52.names):
        for file in _files_of(name):
            shapes[k] += read_obj_vertices(folder / f"{file}.obj")[:FACE_VERTICES] - neutral
    near, scale = _embed(folder, neutral, triangles, shapes, canonical)
    corners, weights = triangles[near.triangles], near.weights[..., None]
    basis = np.zeros((ARKIT52.width, *canonical.mean.shape))
    basis[:, :NUM_SURFACE] = (shapes[:, corners] * weights).sum(2) * AXES
    basis *= _units(basis, scale * canonical.basis.astype(np.float64))[:, None, None]
    gaze = [k for k, name in enumerate(ARKIT52.names) if name.startswith(_GAZE)]
    basis[gaze, NUM_SURFACE:] = scale * canonical.basis[gaze][:, NUM_SURFACE:]
    mean = np.zeros(canonical.mean.shape)
    mean[:NUM_SURFACE] = near.positions * AXES
    for side, first in (("eye_right", 468), ("eye_left", 473)):  # irises keep their place among the lids
        lids, part = canonical.topology.loops[side], slice(first, first + 5)
        middle = canonical.mean[lids].mean(0)
        mean[part] = mean[lids].mean(0) + scale * (canonical.mean[part] - middle)
    return IctFace(mean.astype(np.float32), basis.astype(np.float32), canonical)


def _units(basis: Float[np.ndarray, "52 478 3"], wanted: Float[np.ndarray, "52 478 3"]) -> Float[np.ndarray, "52"]:
    """What makes a shape at 1 as large as the embedded model's. ICT's smile is a third larger, its sneer almost twice;
    but coefficients of one space have to mean the same in every model, or what was learnt on the one's edits too much
    on the other's."""
    own, theirs = (np.linalg.norm(b[:, :NUM_SURFACE].reshape(len(b), -1), axis=1) for b in (basis, wanted))
    both = (own > 1e-3) & (theirs > 1e-3)
    return np.where(both, np.clip(theirs / np.maximum(own, 1e-3), *UNITS), 1.0)


def _landmarks(folder: Path) -> Int[np.ndarray, "68"] | None:
    """The clone's own list of 68 landmarks, in whichever of its JSON files it stands; None where in none."""
    for path in sorted(folder.glob("*.json")):
        try:
            held = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size < 10**7 else None
        except (OSError, ValueError):
            continue
        for value in held.values() if isinstance(held, dict) else ():
            whole = isinstance(value, list) and len(value) == 68 and all(type(v) is int for v in value)
            if whole and min(value) >= 0 and max(value) < FACE_VERTICES:
                return np.array(value, np.int64)
    return None


def _embed(
    folder: Path, neutral: np.ndarray, triangles: np.ndarray, shapes: np.ndarray, canonical: CanonicalFace
) -> tuple[Nearest, float]:
    """Where the 468 points lie on the face, and how much larger it is than the embedded model."""
    ours = canonical.mean[:NUM_SURFACE].astype(np.float64) * AXES
    pairs = []
    for k, name in enumerate(ARKIT52.names):
        here, there = ((s**2).sum(-1) for s in (canonical.basis[k, :NUM_SURFACE].astype(np.float64), shapes[k]))
        if here.max() > 0.01 and there.max() > 0.01 and not name.startswith((_GAZE, "jaw")):
            pairs.append((here**2 @ ours / (here**2).sum(), there**2 @ neutral / (there**2).sum()))
    if len(pairs) < 6:
        raise UserError("its expressions hardly move", path=folder, remedy="name a complete clone of ICT-FaceKit")
    scale, rotation, shift = similarity(*(np.array(side) for side in zip(*pairs, strict=True)))
    points = scale * ours @ rotation.T + shift
    which, where = np.zeros(0, np.int64), np.zeros((0, 3))
    landmarks = _landmarks(folder)
    if landmarks is not None:
        which, where = np.array(IBUG68[17:]), neutral[landmarks[17:]]
        scale, rotation, shift = similarity(points[which], where)
        points = scale * points @ rotation.T + shift
    outward = canonical.topology.triangles[:, [0, 2, 1]].astype(np.int64)
    near = register(points, outward, Surface(neutral, triangles), (which, where))
    size = np.linalg.norm(near.positions[33] - near.positions[263]) / np.linalg.norm(ours[33] - ours[263])
    return near, float(size)


def load(folder: Path | None = None) -> IctFace:
    """See `ned.config.roles.FACE_MODELS`. UserError as `IctFace.load`, and where there is no folder."""
    if folder is None:
        raise UserError("ICT-FaceKit comes from your own clone", remedy="give its folder")
    return IctFace.load(folder)
