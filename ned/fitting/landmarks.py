"""A linear face model fitted to landmarks: identity shared, expression, jaw and pose in each frame, joined in time.

Gauss-Newton on one maximum a posteriori problem. Landmarks have a standard deviation; identity and expression are in
their own standard deviations; the jaw has a mean and a spread; from frame to frame they wander at a known rate. First
identity and everything else are solved for together, exactly (Schur complement), in frames that differ most; then
all frames with that identity, as one block tridiagonal system, so nothing is smoothed but by what is likely. Of a long
track it is done in windows that overlap, so that memory does not grow with it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.articulated import ArticulatedFace
from ned.fitting.solver import FitPriors, LandmarkFit, Solver
from ned.types import HeadPose

WINDOW, MARGIN = 1024, 64
"""Frames that are solved for together, and more on either side, which are then left out: what a frame says of others
fades within a few."""
CANDIDATES = 4096
"""Frames, evenly spread over the track, of which those are taken that differ most."""

TRACKED = FitPriors(noise=0.1, expression=0.5, expression_rate=2.0, jaw_spread_rad=(0.5, 0.03, 0.03), jaw_rate_rad=3.0)
"""For MediaPipe's landmarks, whose errors are common to whole regions, so that each says less than by itself; what they
leave open is the jaw's rather than the expression's."""


def fit_landmarks(
    landmarks: Float[np.ndarray, "frames points axes"],
    frames: Int[np.ndarray, "frames"],
    face: ArticulatedFace,
    frame_rate: float,
    eyes: tuple[Int[np.ndarray, "left"], Int[np.ndarray, "right"]],
    weights: Float[np.ndarray, "points"] | None = None,
    contour: Int[np.ndarray, "rows points"] | None = None,
    priors: FitPriors | None = None,
) -> LandmarkFit:
    """Fits a face to a track of landmarks.

    Args:
        landmarks: pixels, y down; with two axes, or three with depth in the same scale.
        frames: their indices in the video; neighbours are joined in time.
        face: its points are the landmarks; with a `contour` it has more, and `contour` says for each turn of the head
            (`contour_row`) which of its points the landmarks are.
        eyes: landmarks around the left and the right eye; the distance of their middles is the measure of noise.
        weights: of each landmark, relative; one for all by default.
    Raises:
        ValueError: no frames, or landmarks that are not finite.
    """
    if not len(landmarks):
        raise ValueError("a track without frames cannot be fitted")
    count = len(landmarks)
    if any(not np.isfinite(landmarks[k : k + WINDOW]).all() for k in range(0, count, WINDOW)):
        raise ValueError("landmarks must be finite")
    given = face, frame_rate, eyes, weights, contour, priors or FitPriors()
    spread = np.unique(np.rint(np.linspace(0, count - 1, min(count, CANDIDATES))).astype(int))
    solver = Solver(landmarks[spread], frames[spread], *given)
    chosen, known = solver.person()
    parts = []
    for start in range(0, count, WINDOW):
        low, high = max(start - MARGIN, 0), min(start + WINDOW + MARGIN, count)
        solver = Solver(landmarks[low:high], frames[low:high], *given)
        found = solver.in_time(spread[chosen] - low, known)
        parts.append(_part(found, slice(start - low, min(start + WINDOW, count) - low)))
    return _joined(parts)


def _part(fit: LandmarkFit, where: slice) -> LandmarkFit:
    pose = HeadPose(fit.pose.rotation[where], fit.pose.scale[where], fit.pose.translation[where])
    return LandmarkFit(fit.identity, fit.expression[where], fit.jaw_rad[where], pose, fit.error_px[where])


def _joined(parts: list[LandmarkFit]) -> LandmarkFit:
    def whole(name: str, of: str = "") -> np.ndarray:
        return np.concatenate([getattr(getattr(part, of) if of else part, name) for part in parts])

    pose = HeadPose(*(whole(name, "pose") for name in ("rotation", "scale", "translation")))
    return LandmarkFit(parts[0].identity, whole("expression"), whole("jaw_rad"), pose, whole("error_px"))
