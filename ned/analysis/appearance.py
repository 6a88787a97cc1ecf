"""What a person looks like, cheaply: colours of hair, skin and clothes, a coarse picture of the face, its shape."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.landmarks import roi_of_landmarks

_SHAPE_PAIRS = ((33, 133), (362, 263), (133, 362), (168, 2), (98, 327), (2, 152), (234, 454), (61, 291), (10, 152))
_GRID = 48


@dataclass(frozen=True)
class Appearance:
    """One look at a person."""

    colours: Float[np.ndarray, "regions bins"]
    """Histograms over hue–saturation–value of hair, face and clothes; each sums to 1 (0 where out of frame)."""
    texture: Float[np.ndarray, "16 16"]
    """The upright face, grey, zero mean, unit norm."""
    shape: Float[np.ndarray, " ratios"]
    """Distances on the face as shares of its mean distance from its centre."""


def appearance_of(rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "478 3"]) -> Appearance:
    """Look at the person whose landmarks (px) these are."""
    roi = roi_of_landmarks(points)
    # A small upright picture from above the hair to the chest; the face's square lies in its upper middle.
    wide = type(roi)(roi.x, roi.y, 2.4 * roi.side, 0.0).frame_from_crop() * np.array([192 / _GRID, 192 / _GRID, 1])
    patch = cv2.warpAffine(rgb, wide, (_GRID, _GRID), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
    known = cv2.warpAffine(
        np.ones(rgb.shape[:2], np.uint8), wide, (_GRID, _GRID), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    ).astype(bool)
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    # In this picture a face is 13 of 48 wide and centred.
    hair, face, clothes = np.s_[12:19, 15:33], np.s_[20:30, 19:29], np.s_[36:48, 8:40]
    colours = np.stack([_histogram(hsv[part], known[part]) for part in (hair, face, clothes)])
    upright = type(roi)(roi.x, roi.y, roi.side / 1.3, roi.angle).frame_from_crop() * np.array([12, 12, 1])
    grey = cv2.cvtColor(
        cv2.warpAffine(rgb, upright, (16, 16), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), cv2.COLOR_RGB2GRAY
    ).astype(np.float32)
    grey -= grey.mean()
    size = np.linalg.norm(points[:468] - points[:468].mean(axis=0), axis=1).mean()
    shape = np.array([np.linalg.norm(points[a] - points[b]) for a, b in _SHAPE_PAIRS], np.float32) / size
    return Appearance(colours, grey / (np.linalg.norm(grey) + 1e-6), shape.astype(np.float32))


def _histogram(hsv: UInt8[np.ndarray, "h w 3"], known: np.ndarray) -> Float[np.ndarray, " bins"]:
    pixels = hsv[known].reshape(-1, 1, 3)
    if not len(pixels):
        return np.zeros(6 * 3 * 5, np.float32)
    histogram = cv2.calcHist([pixels], [0, 1, 2], None, [6, 3, 5], [0, 180, 0, 256, 0, 256]).ravel()
    return (histogram / histogram.sum()).astype(np.float32)


def mean_appearance(looks: list[Appearance]) -> Appearance:
    """What several looks at one person have in common."""
    colours = np.mean([look.colours for look in looks], axis=0)
    texture = np.mean([look.texture for look in looks], axis=0)
    shape = np.median([look.shape for look in looks], axis=0)
    return Appearance(colours, texture / (np.linalg.norm(texture) + 1e-6), shape.astype(np.float32))


def difference(a: Appearance, b: Appearance) -> float:
    """About 0 for one person under one light, 1 for two people with nothing in common."""
    colour = []
    for p, q in zip(a.colours, b.colours, strict=True):
        if p.sum() and q.sum():
            colour.append(1.0 - float(np.sqrt(p * q).sum()))
    texture = 0.5 * (1.0 - float((a.texture * b.texture).sum()))
    shape = min(1.0, float(np.abs(a.shape - b.shape).mean()) / 0.15)
    return 0.5 * float(np.mean(colour or [1.0])) + 0.3 * min(1.0, 2.0 * texture) + 0.2 * shape
