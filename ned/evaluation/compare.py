"""One frame of an edit beside the same frame of its original.

Both are cut out by the landmarks of the original: so what an edit moves is not aligned away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from ned.emotions import EMOTIONS
from ned.evaluation.face import MEASURES, face_height, hull, hull_mask, lid_gap, lip_gap
from ned.evaluation.judges.crops import box_crop
from ned.evaluation.judges.protocol import ImageJudge
from ned.evaluation.metrics import cosine, fapd, psnr, second_difference, sharpness, ssim
from ned.evaluation.reading import Reading

INSIDE, OUTSIDE = 0.9, 1.35
"""Size of the face's hull: what lies in the first is face, what lies out of the second is none."""

STEADY_PX = 160
"""Side of the crops whose flicker is measured."""


@dataclass(frozen=True)
class Guide:
    """Where the original's face is in one frame, and what is measured of the original there."""

    box: tuple[int, int, int, int]
    """xyxy in whole pixels, inside the image."""
    inside: Bool[np.ndarray, "h w"]
    """Of the box."""
    around: np.ndarray
    """Polygon of the enlarged face."""
    points: Float[np.ndarray, "468 2"]


def guide_of(points: Float[np.ndarray, "468 2"], shape: tuple[int, int]) -> Guide | None:
    """None where the face lies outside of the image."""
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, shape[::-1])
    if x1 - x0 < 8 or y1 - y0 < 8:
        return None
    inside = hull_mask((int(y1 - y0), int(x1 - x0)), points - np.float32([x0, y0]), INSIDE)
    return Guide((int(x0), int(y0), int(x1), int(y1)), inside, hull(points, OUTSIDE), points)


class Texture:
    """Sharpness and flicker of one video, frame by frame."""

    def __init__(self) -> None:
        self._last: deque[UInt8[np.ndarray, "_ _"]] = deque(maxlen=3)

    def __call__(self, reading: Reading, guide: Guide | None) -> tuple[float, float]:
        """Both; NaN where no face is found, flicker also in the two frames after that."""
        if guide is None or reading.points is None:
            self._last.clear()
            return float("nan"), float("nan")
        grey = cv2.cvtColor(cut(reading.rgb, guide), cv2.COLOR_RGB2GRAY)
        steady = cv2.cvtColor(box_crop(reading.rgb, guide.points, STEADY_PX, 1.0), cv2.COLOR_RGB2GRAY)
        self._last.append(steady)
        flicker = second_difference(*self._last) if len(self._last) == 3 else float("nan")
        return sharpness(grey, guide.inside), flicker


def cut(rgb: UInt8[np.ndarray, "h w 3"], guide: Guide) -> UInt8[np.ndarray, "a b 3"]:
    """The box of the face."""
    x0, y0, x1, y1 = guide.box
    return np.ascontiguousarray(rgb[y0:y1, x0:x1])


def compare_frames(before: Reading, after: Reading, guide: Guide | None) -> dict[str, float]:
    """What is measured of two images of one size, by name; nothing of the face where it is missing in one.

    Where both are one image (the row of the input itself) equality needs no arithmetic.
    """
    a, b = before.rgb, after.rgb
    row = {"time_s": before.time_s, "shift_s": abs(after.time_s - before.time_s),
           "image_sse": 0.0 if a is b else float(cv2.norm(a, b, cv2.NORM_L2SQR)), "image_n": float(a.size),
           "found_a": float(before.points is not None), "found_b": float(after.points is not None)}  # fmt: skip
    if guide is None or after.points is None:
        return row
    outside = np.ones(a.shape[:2], np.uint8)
    cv2.fillConvexPoly(outside, guide.around, 0)
    cv2.fillConvexPoly(outside, hull(after.points, OUTSIDE), 0)
    row["outside_sse"] = 0.0 if a is b else float(cv2.norm(a, b, cv2.NORM_L2SQR, outside))
    row["outside_n"] = 3.0 * int(cv2.countNonZero(outside))
    # By the original's face: an edit that moves the chin would change its own measure.
    height = max(face_height(guide.points), 1e-6)
    for side, points in (("a", guide.points), ("b", after.points)):
        row |= {f"lips_{side}": lip_gap(points) / height, f"lids_{side}": lid_gap(points) / height}
    face_a, face_b = cut(a, guide), cut(b, guide)
    row["fapd"] = fapd(face_a, face_b, guide.inside)
    row["face_psnr"] = psnr(face_a, face_b, guide.inside)
    for side, reading in (("a", before), ("b", after)):
        for judge, values in reading.expression.items():
            row |= {f"{e}_{side}@{judge}": float(p) for e, p in zip(EMOTIONS, values, strict=True)}
    return row


def compare_slowly(
    before: Reading, after: Reading, guide: Guide | None, perceptual: ImageJudge | None
) -> dict[str, float]:
    """The same for what slow judges say of every third frame."""
    row = {"time_s": before.time_s}
    for side, reading in (("a", before), ("b", after)):
        row |= {f"confidence_{side}@{judge}": value for judge, value in reading.confidence.items()}
    if before.measures is not None and after.measures is not None:
        for side, values in (("a", before.measures), ("b", after.measures)):
            row |= {f"{name}_{side}": float(v) for name, v in zip(MEASURES, values, strict=True)}
    if guide is None or after.points is None:
        return row
    for side, reading in (("a", before), ("b", after)):
        for judge, values in reading.affect.items():
            row |= {f"valence_{side}@{judge}": float(values[0]), f"arousal_{side}@{judge}": float(values[1])}
        if before.coefficients and after.coefficients:
            row |= {f"arkit_{name}_{side}": value for name, value in reading.coefficients.items()}
    same = before.rgb is after.rgb
    grey_a, grey_b = (cv2.cvtColor(cut(x.rgb, guide), cv2.COLOR_RGB2GRAY)[..., None] for x in (before, after))
    row["face_ssim"] = 1.0 if same else ssim(grey_a, grey_b, guide.inside)
    if perceptual is not None:
        row["lpips"] = perceptual.distance(*(box_crop(x.rgb, guide.points, 256, 1.25) for x in (before, after)))
    shared = before.identity.keys() & after.identity.keys()
    return row | {f"identity@{j}": float(cosine(before.identity[j], after.identity[j])) for j in shared}


def compare_parsed(
    before: Reading, after: Reading, parsed: tuple[str, Bool[np.ndarray, "h w"]] | None
) -> dict[str, float]:
    """What is measured in the pixels that a judge, named first, takes for the original's face."""
    if parsed is None or after.points is None or not parsed[1].any():
        return {}
    x, y, width, height = cv2.boundingRect(parsed[1].view(np.uint8))
    part = np.s_[y : y + height, x : x + width]
    a, b, face = (np.ascontiguousarray(image[part]) for image in (before.rgb, after.rgb, parsed[1]))
    return {f"fapd_parsed@{parsed[0]}": fapd(a, b, face)}


def neighbours(now: Reading, earlier: Mapping[str, Float[np.ndarray, "features"]]) -> dict[str, float]:
    """How alike the original is to itself a few frames before: what identity costs without any edit."""
    shared = now.identity.keys() & earlier.keys()
    return {f"identity_floor@{j}": float(cosine(now.identity[j], earlier[j])) for j in shared}
