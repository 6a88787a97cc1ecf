"""What a person looks like, cheaply: colours of hair, skin and clothes, a coarse image of the face, its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.landmarks import roi_of_landmarks
from ned.geometry.landmarks import NUM_SURFACE, SHAPE_PAIRS
from ned.types import FaceTrack

_GRID = 48
_BINS = 6 * 3 * 5

MOST_APPEARANCES = 16
REGION_WEIGHTS = np.array([1.0, 0.6, 1.0], np.float32)
REGION_SCALES = np.array([0.65, 0.44, 0.85], np.float32)
"""Of hair, face and clothes; the scales are the median differences of two people, measured on 50 of them."""
TEXTURE_WEIGHT, TEXTURE_FREE, TEXTURE_SCALE = 0.15, 0.25, 0.79
LOW_QUANTILE = 0.1


@dataclass(frozen=True)
class Appearance:
    """The appearance embedding of a person in one frame."""

    colours: Float[np.ndarray, "regions bins"]
    """Histograms over hue–saturation–value of hair, face and clothes; each sums to 1 (0 where out of frame)."""
    texture: Float[np.ndarray, "16 16"]
    """The upright face, grey, zero mean, unit norm."""
    shape: Float[np.ndarray, " ratios"]
    """Distances on the face as shares of its mean distance from its centre."""

    def pack(self) -> Float[np.ndarray, "features"]:
        """All of it in one row."""
        return np.concatenate([self.colours.ravel(), self.texture.ravel(), self.shape]).astype(np.float32)

    @classmethod
    def unpack(cls, row: Float[np.ndarray, "features"]) -> Appearance:
        """The inverse of `pack`."""
        colours, texture, shape = np.split(row, [3 * _BINS, 3 * _BINS + 256])
        return cls(colours.reshape(3, _BINS), texture.reshape(16, 16), shape)


def appearance_of(rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "478 3"]) -> Appearance:
    """The embedding of the person whose landmarks (px) these are."""
    roi = roi_of_landmarks(points)
    # A small upright image from above the hair to the chest; the face's square lies in its upper middle.
    wide = type(roi)(roi.x, roi.y, 2.4 * roi.side, 0.0).frame_from_crop() * np.array([192 / _GRID, 192 / _GRID, 1])
    patch = cv2.warpAffine(rgb, wide, (_GRID, _GRID), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
    known = cv2.warpAffine(
        np.ones(rgb.shape[:2], np.uint8), wide, (_GRID, _GRID), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    ).astype(bool)
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    # In this image a face is 13 of 48 wide and centred.
    hair, face, clothes = np.s_[12:19, 15:33], np.s_[20:30, 19:29], np.s_[36:48, 8:40]
    colours = np.stack([_histogram(hsv[part], known[part]) for part in (hair, face, clothes)])
    upright = type(roi)(roi.x, roi.y, roi.side / 1.3, roi.angle).frame_from_crop() * np.array([12, 12, 1])
    grey = cv2.cvtColor(
        cv2.warpAffine(rgb, upright, (16, 16), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), cv2.COLOR_RGB2GRAY
    ).astype(np.float32)
    grey -= grey.mean()
    size = np.linalg.norm(points[:NUM_SURFACE] - points[:NUM_SURFACE].mean(axis=0), axis=1).mean()
    shape = np.array([np.linalg.norm(points[a] - points[b]) for a, b in SHAPE_PAIRS], np.float32) / size
    return Appearance(colours, grey / (np.linalg.norm(grey) + 1e-6), shape.astype(np.float32))


def _histogram(hsv: UInt8[np.ndarray, "h w 3"], known: np.ndarray) -> Float[np.ndarray, " bins"]:
    pixels = hsv[known].reshape(-1, 1, 3)
    if not len(pixels):
        return np.zeros(_BINS, np.float32)
    histogram = cv2.calcHist([pixels], [0, 1, 2], None, [6, 3, 5], [0, 180, 0, 256, 0, 256]).ravel()
    return (histogram / histogram.sum()).astype(np.float32)


def mean_appearance(appearances: list[Appearance]) -> Appearance:
    """What several embeddings of one person have in common."""
    colours = np.mean([one.colours for one in appearances], axis=0)
    texture = np.mean([one.texture for one in appearances], axis=0)
    shape = np.median([one.shape for one in appearances], axis=0)
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


@dataclass(frozen=True)
class AppearanceSet:
    """Several embeddings of one person, laid out for comparison with all those of another."""

    roots: Float[np.ndarray, "appearances regions bins"]
    """Square roots of the histograms, so that a product is Bhattacharyya's coefficient."""
    known: Float[np.ndarray, "appearances regions"]
    texture: Float[np.ndarray, "appearances pixels"]

    @classmethod
    def of(cls, appearances: Sequence[Appearance], most: int = MOST_APPEARANCES) -> AppearanceSet:
        """Of at least one embedding; of many, `most` that are spread over them."""
        spread = np.linspace(0, len(appearances) - 1, min(most, len(appearances))).round().astype(int)
        chosen = [appearances[i] for i in spread]
        colours = np.stack([one.colours for one in chosen])
        return cls(np.sqrt(colours), np.sign(colours.sum(-1)), np.stack([one.texture.ravel() for one in chosen]))

    def joined(self, other: AppearanceSet, most: int = MOST_APPEARANCES) -> AppearanceSet:
        """Both together, thinned out to `most`."""
        kept = np.linspace(0, len(self.known) + len(other.known) - 1, most).round().astype(int)
        kept = np.unique(np.minimum(kept, len(self.known) + len(other.known) - 1))
        pairs = ((self.roots, other.roots), (self.known, other.known), (self.texture, other.texture))
        return AppearanceSet(*(np.concatenate(pair)[kept] for pair in pairs))

    def differ(self, other: AppearanceSet) -> float:
        """How different two people look where they look most alike: a low quantile over all pairs of embeddings.

        Colours of hair, skin and clothes tell people of one video apart best; the face's own image changes with
        expression and turn, and counts only where it is clearly another.
        """
        shared = np.einsum("ark,brk->abr", self.roots, other.roots)
        weights = REGION_WEIGHTS * self.known[:, None] * other.known[None]
        colour = ((1.0 - shared) / REGION_SCALES * weights).sum(-1) / np.maximum(weights.sum(-1), 1e-6)
        colour = np.where(weights.sum(-1) > 0, colour, 1.0)
        texture = (1.0 - self.texture @ other.texture.T) / TEXTURE_SCALE
        return float(np.quantile(colour + TEXTURE_WEIGHT * np.maximum(texture - TEXTURE_FREE, 0.0), LOW_QUANTILE))


def appearance_distance(person: Appearance, image: Appearance) -> float:
    """How far a person of a video is from one in an image of another time, 0 to 1; clothes do not count."""
    texture = min(1.0, 1.0 - float((person.texture * image.texture).sum()))
    shape = min(1.0, float(np.abs(person.shape - image.shape).mean()) / 0.15)
    colours = [1.0 - float(np.sqrt(p * q).sum()) for p, q in zip(person.colours[:2], image.colours[:2], strict=True)]
    return 0.4 * texture + 0.3 * shape + 0.3 * float(np.mean(colours))


def appearance_distances(tracks: Iterable[FaceTrack], wanted: Appearance) -> list[tuple[float, int]]:
    """How far each track's person is from the one who is wanted, with its number; the nearest first."""
    known = [(t.person, Appearance.unpack(t.appearance)) for t in tracks if t.appearance is not None]
    return sorted((appearance_distance(appearance, wanted), person) for person, appearance in known)
