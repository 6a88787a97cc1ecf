"""The fitted face against landmarks of another house: dlib's 68 points, which share nothing with the tracker.

    python scripts/evaluate/fit_dlib.py CLIP … [--flame FOLDER] [--ict CLONE] [--every 3]

Needs `pip install dlib-bin face-recognition-models`; nothing of `ned` uses them. For each clip and face model: mean
distance of the 51 inner points (brows, nose, lids, lips) as a share of the distance of the eyes, as they lie and after
a Procrustes alignment, beside that of the tracked landmarks themselves, which is what the two landmarkers mean by a
point; and how the head turns, against solvePnP on dlib's points alone: mean difference of yaw, pitch and roll over
time, in degrees, once the median difference is taken out, since each takes another face for frontal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.analysis.cached import analyse_cached
from ned.config.edit import FaceModelOptions
from ned.face_model import load_face_model
from ned.face_model.flame.points import IBUG68
from ned.fitting.flame import FlameFit
from ned.geometry.pose import project
from ned.pipeline.exports import model_to_fit
from ned.pipeline.fitters import Fitted, make_fitter
from ned.runtime.progress import Silent
from ned.types import Analysis, FaceTrack
from ned.video import frames_at
from ned.workspace import Cache

INNER = np.arange(17, 68)
RIGID = np.array([8, 30, 36, 39, 42, 45, 27, 31, 35])
"""Chin, nose and corners of the eyes: what the head's turn is told by."""


def dlib_points(track: FaceTrack, analysis: Analysis, rows: np.ndarray) -> np.ndarray:
    """(rows, 68, 2) px; dlib looks at the box of the tracked brows, nose and mouth, as its own detector gives it."""
    import dlib
    from face_recognition_models import pose_predictor_model_location

    predict = dlib.shape_predictor(pose_predictor_model_location())
    frames = frames_at(analysis.video.path, track.frames[rows].tolist(), float(analysis.video.frame_rate))
    out = []
    for row, frame in zip(rows, frames, strict=True):
        seen = np.asarray(track.landmarks[row])[list(IBUG68), :2]
        low, high = seen.min(0), seen.max(0)
        found = predict(np.ascontiguousarray(frame.rgb()), dlib.rectangle(*np.rint([*low, *high]).astype(int).tolist()))
        out.append([(point.x, point.y) for point in found.parts()])
    return np.array(out, np.float64)


def angles_by_dlib(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(rows, 3) yaw, pitch, roll in degrees: solvePnP of the embedded mean face under a long lens."""
    model = load_face_model().mean[np.array(IBUG68)[RIGID]].astype(np.float64)
    focal = 2.0 * max(size)
    camera = np.array([[focal, 0, size[1] / 2], [0, focal, size[0] / 2], [0, 0, 1]])
    turns = [cv2.solvePnP(model, face[RIGID], camera, None, flags=cv2.SOLVEPNP_ITERATIVE)[1] for face in points]
    return _angles(np.stack([cv2.Rodrigues(turn)[0] for turn in turns]))


def _angles(rotation: np.ndarray) -> np.ndarray:
    return Rotation.from_matrix(rotation).as_euler("YXZ", degrees=True)


def model_points(found: Fitted, model, rows: np.ndarray) -> np.ndarray:
    """(rows, 68, 2) px of the fit."""
    if isinstance(found.flame, FlameFit):
        fit = found.flame.landmarks
        faces = model.person(fit.identity).positions(fit.expression[rows], fit.jaw_rad[rows])
    else:
        faces = found.face.identity + model.displacements(found.face.expression.pack()[rows].astype(np.float32))
    pose = found.face.pose
    part = type(pose)(pose.rotation[rows], pose.scale[rows], pose.translation[rows])
    return project(part, faces.astype(np.float32))[:, list(IBUG68), :2]


def distances(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Mean distance of the inner points in % of the distance of the eyes: as they lie, and aligned by a similarity."""
    a, b = ours[:, INNER], theirs[:, INNER]
    between = np.linalg.norm(theirs[:, 36:42].mean(1) - theirs[:, 42:48].mean(1), axis=1)[:, None]
    x, y = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    # the similarity that carries x to y by least squares is a complex number
    cx, cy = x @ [1, 1j], y @ [1, 1j]
    turned = ((np.conj(cx) * cy).sum(1) / (np.conj(cx) * cx).sum(1))[:, None] * cx
    lie = np.linalg.norm(a - b, axis=-1) / between
    return 100 * float(lie.mean()), 100 * float((np.abs(turned - cy) / between).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--flame", type=Path)
    parser.add_argument("--ict", type=Path)
    parser.add_argument("--every", type=int, default=3, help="look at every so many frames")
    given = parser.parse_args()
    asked = {"canonical": FaceModelOptions()}
    if given.flame:
        asked["flame"] = FaceModelOptions(face_model="flame", flame_folder=given.flame, accept_licence=True)
    if given.ict:
        asked["ict"] = FaceModelOptions(face_model="ict", ict_folder=given.ict)
    fitters = {name: make_fitter(model_to_fit(options), options) for name, options in asked.items()}
    titles = ("distance %", "aligned %", "yaw", "pitch", "roll", "yaw to")
    print(f"{'clip':22s}{'model':12s}" + "".join(f"{title:>12s}" for title in titles))
    for clip in given.clips:
        analysis = analyse_cached(clip, Silent(), cache=Cache())
        track = max(analysis.tracks, key=len)
        rows = np.arange(0, len(track), given.every)
        theirs = dlib_points(track, analysis, rows)
        turned = angles_by_dlib(theirs, (analysis.video.height, analysis.video.width))
        seen = np.asarray(track.landmarks)[rows][:, list(IBUG68), :2]
        print(f"{clip.stem:22s}{'landmarks':12s}" + "".join(f"{v:12.2f}" for v in distances(seen, theirs)))
        for name, fitter in fitters.items():
            found = fitter.fit([track], analysis)[0]
            apart = _angles(found.face.pose.rotation[rows]) - turned
            apart = (apart + 180) % 360 - 180
            apart = np.abs(apart - np.median(apart, 0)).mean(0)
            figures = (*distances(model_points(found, fitter.model, rows), theirs), *apart, np.abs(turned[:, 0]).max())
            print(f"{'':22s}{name:12s}" + "".join(f"{v:12.2f}" for v in figures), flush=True)


if __name__ == "__main__":
    main()
