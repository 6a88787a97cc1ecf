"""Build `ned/assets/canonical.npz`, the embedded face model, from authored tables.

    python scripts/build/face_model.py                       # build and write the asset
    python scripts/build/face_model.py --check REFERENCE.npz # compare with another rig's 68 landmarks

Inputs: `face_model_mean.csv` (mean face), `face_model_shapes.py` (controls of each expression),
`face_model_topology.py` (names of places). Each control set becomes a displacement field by a
constrained bi-Laplacian solve over the mesh, in which the mouth and the eyes are holes: upper and
lower lip, upper and lower lid, meet at their corners only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from face_model_controls import Shape, at, scaled
from face_model_mouth import mouth_left
from face_model_parts import eyeballs, teeth
from face_model_shapes import GAZE_RAD, LEFT_SHAPES, MIDDLE_SHAPES
from face_model_solver import FieldSolver, jaw_weights
from face_model_topology import (
    BELOW_LIP,
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    LID_CORNERS,
    LID_LOWER,
    LID_LOWER_RING,
    LID_UPPER,
    LID_UPPER_FOLD,
    LID_UPPER_RING,
    LIPS_INNER,
    LIPS_OUTER,
    LOWER_CHAINS,
    LOWER_INNER,
    OVAL,
    STABLE,
    UPPER_INNER,
    mirror_map,
    triangles,
)
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.face_model.spaces import ARKIT52

HERE = Path(__file__).resolve().parent
ASSET = HERE.parent.parent / "ned" / "assets" / "canonical.npz"
JAW_ANGLE_RAD = np.deg2rad(24.0)
JAW_POINT = np.array([0.0, 3.8, 6.8])
"""On the axis of the jaw. The condyle slides forward as the jaw drops, so that the instantaneous centre lies below
the joint, near the mandibular foramen (landmarks 234 and 454 are the tragus, at y 2.4)."""


def load_mean() -> np.ndarray:
    """(478, 3) mean face in cm."""
    return np.loadtxt(HERE / "face_model_mean.csv", delimiter=",", comments="#")


def rotate_jaw(points: np.ndarray, weights: np.ndarray, opening: float) -> np.ndarray:
    """Points turned about the joint axis by `opening` times their weight; the chin goes down and back."""
    angle = -weights * opening * JAW_ANGLE_RAD
    y, z = points[:, 1] - JAW_POINT[1], points[:, 2] - JAW_POINT[2]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([points[:, 0], JAW_POINT[1] + cos * y + sin * z, JAW_POINT[2] - sin * y + cos * z], 1)


def blink(mean: np.ndarray) -> Shape:
    """AU45: the upper lid comes down onto the lower one, over the eyeball; the fold unrolls."""
    lift = 0.1
    controls = {}
    for upper, lower, ring, fold in zip(LID_UPPER, LID_LOWER, LID_UPPER_RING, LID_UPPER_FOLD, strict=True):
        meet = mean[lower] + lift * (mean[upper] - mean[lower])
        controls[lower] = tuple(meet - mean[lower])
        controls[upper] = tuple(meet - mean[upper])
        controls[ring] = tuple(0.3 * (meet - mean[upper]))
        controls[fold] = tuple(0.1 * (meet - mean[upper]))
    controls |= scaled(LID_LOWER_RING, (-0.03, -0.04, 0.0), [0.5, 0.8, 1, 1, 1, 0.8, 0.4]) | at((0, 0, 0), *LID_CORNERS)
    return Shape(controls, hold=("oval", "forehead", "brows", "nose", "bridge", "mouth", "lids_right", "cheeks"))


def mouth_close(mean: np.ndarray, opened: np.ndarray) -> Shape:
    """Relative to the open jaw: the lips meet again, the upper coming down a little, the chin stays low."""
    controls = {}
    share = 0.06  # of the gap that the upper lip closes
    for chain in LOWER_CHAINS:
        for inner_lower, inner_upper, i in zip(LOWER_INNER, UPPER_INNER, chain, strict=True):
            gap = (mean[inner_lower] + opened[inner_lower]) - (mean[inner_upper] + opened[inner_upper])
            rest = mean[inner_lower] - mean[inner_upper]
            controls[i] = tuple((share - 1) * (gap - rest))
    for i, j in zip(BELOW_LIP[1:], LOWER_INNER[1:], strict=True):
        controls[i] = tuple(0.62 * np.array(controls[j]))
    for chain in (UPPER_INNER,):
        for inner_lower, i in zip(LOWER_INNER[1:], chain[1:], strict=True):
            controls[i] = tuple(share / (share - 1) * np.array(controls[inner_lower]))
    for i in (291, 306, 292, 308, 287):
        controls[i] = tuple(-0.8 * opened[i])
    controls |= at((0, -0.4, -0.3), 152, 175, 377) | at((0, -0.9, -0.5), 200, 199)
    return Shape(controls, hold=("oval_upper", "forehead", "brows", "bridge", "lids", "nose"), both=True)


def build_basis(mean: np.ndarray, faces: np.ndarray, mirror: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """name -> (478, 3) displacement at coefficient 1.0."""
    solver = FieldSolver(mean, faces, mirror)
    flip = np.array([-1.0, 1.0, 1.0])
    centres, _ = eyeballs(mean)
    fields = {"jawOpen": rotate_jaw(mean, weights, 1.0) - mean}
    fields["jawForward"] = weights[:, None] * np.array([0.0, 0.1, -1.0])
    fields["jawLeft"] = weights[:, None] * np.array([0.9, 0.0, -0.05])
    fields["jawRight"] = fields["jawLeft"] * flip
    middle = dict(MIDDLE_SHAPES) | {"mouthClose": mouth_close(mean, fields["jawOpen"])}
    for name, shape in middle.items():
        fields[name] = solver.solve(shape)
    fields["mouthLeft"] = solver.solve(mouth_left())
    fields["mouthRight"] = (fields["mouthLeft"] * flip)[mirror]
    for name, shape in (dict(LEFT_SHAPES) | {"eyeBlink": blink(mean)}).items():
        left = solver.solve(shape)
        if name in GAZE_RAD:
            left[list(IRIS_LEFT)] += gaze(mean, centres[0], name)
        fields[name + "Left"], fields[name + "Right"] = left, (left * flip)[mirror]
    fields["tongueOut"] = np.zeros_like(mean)
    return fields


def gaze(mean: np.ndarray, centre: np.ndarray, name: str) -> np.ndarray:
    """(5, 3) displacement of the left iris when its eyeball turns as far as the shape does."""
    axis = {"Up": (-1, 0, 0), "Down": (1, 0, 0), "In": (0, 1, 0), "Out": (0, -1, 0)}[name.removeprefix("eyeLook")]
    arm = mean[list(IRIS_LEFT)] - centre
    return Rotation.from_rotvec(GAZE_RAD[name] * np.array(axis)).apply(arm) - arm


def build() -> dict[str, np.ndarray]:
    """All arrays of the asset."""
    mean = load_mean()
    faces, mirror = triangles(), mirror_map(mean)
    weights = jaw_weights(mean, faces, mirror)
    fields = build_basis(mean, faces, mirror, weights)
    centres, radii = eyeballs(mean)
    upper, lower, teeth_triangles = teeth(mean)
    return {
        "mean": mean.astype(np.float32),
        "triangles": faces,
        "names": np.array(ARKIT52.names),
        "basis": np.stack([fields[name] for name in ARKIT52.names]).astype(np.float32),
        "mirror": mirror.astype(np.int32),
        "jaw_weights": weights.astype(np.float32),
        "jaw_point": JAW_POINT.astype(np.float32),
        "jaw_angle_rad": np.float32(JAW_ANGLE_RAD),
        "stable": np.array(list(STABLE), np.int32),
        "stable_weights": np.array(list(STABLE.values()), np.float32),
        "eyeball_centres": centres.astype(np.float32),
        "eyeball_radii": radii.astype(np.float32),
        "teeth_upper": upper.astype(np.float32),
        "teeth_lower": lower.astype(np.float32),
        "teeth_triangles": teeth_triangles,
        "contour_face_oval": np.array(OVAL, np.int32),
        "contour_lips_inner": np.array(LIPS_INNER, np.int32),
        "contour_lips_outer": np.array(LIPS_OUTER, np.int32),
        "contour_eye_left": np.array(EYE_LEFT, np.int32),
        "contour_eye_right": np.array(EYE_RIGHT, np.int32),
        "contour_brow_left": np.array(BROW_LEFT, np.int32),
        "contour_brow_right": np.array(BROW_RIGHT, np.int32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ASSET)
    parser.add_argument("--check", type=Path, metavar="REFERENCE", help="compare only; write nothing")
    arguments = parser.parse_args()
    if arguments.check:
        from face_model_check import print_comparison

        print_comparison(arguments.check)
        return
    arrays = build()
    np.savez_compressed(arguments.output, **arrays)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
