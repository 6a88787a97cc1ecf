"""What is known of an actor's appearance: some frames, and how they are bent to a wanted geometry.

A frame is warped by the mesh: every pixel of the wanted face takes the colour of the same surface point in the frame.
For a wanted geometry the memory gives three candidates: a mean of many frames, in which noise, glints and errors of the
tracking cancel out, and one whose mouth, one whose lids come nearest. The weights of the frames in each are such that
nothing jumps when another frame comes nearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from ned.face_model import load_face_model
from ned.geometry.landmarks import LANDMARKS, TURNED
from ned.geometry.rasterize import rasterize
from ned.renderer.warp import layers
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.mesh import OVAL, RINGS, SkinMesh, build_skin_mesh

_FAR, _BEHIND = np.float32(1e9), np.float32(1e6)
LIPS = np.unique(np.concatenate([UPPER.ravel(), LOWER.ravel(), layers.MOUTH.upper, layers.MOUTH.lower]))
EYES = np.unique([*layers.RIGHT_EYE.upper, *layers.RIGHT_EYE.lower, *layers.LEFT_EYE.upper, *layers.LEFT_EYE.lower,
                  *LANDMARKS.right_iris, *LANDMARKS.left_iris])  # fmt: skip
POSE = np.array(TURNED)
_POSE_SHARE = 0.25
"""Weight of the head's turn where the mouth, or the lids, are to be alike."""
MIXED = {"whole": 2, "mean": 12, "mouth": 2, "eyes": 2}
"""Kinds of candidates, and how many frames are in each; `whole` stands for the edited frame where there is none."""
MEMORY_KINDS = ("mean", "mouth", "eyes")


View = tuple[np.ndarray, np.ndarray, float]
"""A crop (uint8, or RGB in [0, 1]), the face in its pixels, and its share in a mixture."""


Window = tuple[int, int, int, int]
"""Left, top, width and height of a part of a crop."""


def warp_maps(
    sources: Float[np.ndarray, "k v 3"], target: Float[np.ndarray, "v 3"], size: tuple[int, int]
) -> Float[np.ndarray, "k h w 2"]:
    """For every pixel of a crop of `size` (height, width) that shows `target`, where in the crops that show `sources`
    its content is.

    The mesh is drawn once for all of them.
    """
    count, triangles = len(sources), _mesh().triangles
    places = np.ascontiguousarray(sources[..., :2].transpose(1, 0, 2).reshape(len(target), 2 * count), np.float32)
    image = np.tile(pixel_grid(*size), (1, 1, count))
    buffer = np.full(size, _FAR, np.float32)
    for hole in (layers.MOUTH, layers.RIGHT_EYE, layers.LEFT_EYE):
        upper, lower = list(hole.upper), list(hole.lower)
        drawn = layers.follow_grid(target[upper, :2], target[lower, :2]).reshape(-1, 2)
        taken = layers.follow_grid(places[upper], places[lower]).reshape(-1, 2 * count)
        depth = np.full(len(drawn), _BEHIND, np.float32)
        rasterize(drawn, depth, taken.astype(np.float32), _grid_triangles(len(upper)), image, buffer)
    drawn = _with_rings(target)
    rasterize(drawn[:, :2], drawn[:, 2], _with_rings(places), triangles, image, buffer)
    return np.ascontiguousarray(image.reshape(*size, count, 2).transpose(2, 0, 1, 3))


def _with_rings(points: Float[np.ndarray, "v c"]) -> Float[np.ndarray, "drawn c"]:
    """Points of the face and of the rings around it, in any coordinates."""
    outline = points[list(OVAL)]
    centre = outline.mean(0)
    return np.concatenate([points, *(centre + radius * (outline - centre) for radius, _ in RINGS)]).astype(np.float32)


@lru_cache(maxsize=4)
def pixel_grid(height: int, width: int) -> Float[np.ndarray, "h w 2"]:
    """The position (x, y) of every pixel; not to be written to."""
    grid = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in (width, height))), -1)
    grid.flags.writeable = False
    return grid


_grid_triangles = lru_cache(maxsize=8)(layers.grid_triangles)


@lru_cache(maxsize=1)
def _mesh() -> SkinMesh:
    model = load_face_model()
    return build_skin_mesh(model.topology.triangles, len(model.mean))


def warp_views(
    groups: list[list[View]], target: Float[np.ndarray, "v 3"], window: Window | None = None
) -> list[tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 2"]]]:
    """Each group of crops bent to the face `target` and mixed: RGB in [0, 1], and how far the pixels came, in crop
    sizes. All of the crop, or a `window` of it."""
    views = [view for group in groups for view in group]
    side = views[0][0].shape[0]
    x, y, width, height = window or (0, 0, side, side)
    size = height, width
    corner = np.array([x, y, 0], np.float32)
    maps = iter(warp_maps(np.stack([face for _, face, _ in views]) - corner, target - corner, size) + corner[:2])
    out = []
    for group in groups:
        image, displacement = np.zeros((*size, 3), np.float32), np.zeros((*size, 2), np.float32)
        for frame, _, share in group:
            at = next(maps)
            bent = cv2.remap(frame, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            cv2.scaleAdd(bent.astype(np.float32), share / 255.0 if frame.dtype == np.uint8 else share, image, image)
            cv2.scaleAdd(at, share, displacement, displacement)
        out.append((image, (displacement - pixel_grid(*size) - corner[:2]) / np.float32(side)))
    return out


def warp_crop(
    frame: UInt8[np.ndarray, "s s 3"] | Float[np.ndarray, "s s 3"],
    source: Float[np.ndarray, "v 3"],
    target: Float[np.ndarray, "v 3"],
) -> tuple[Float[np.ndarray, "s s 3"], Float[np.ndarray, "s s 2"]]:
    """One crop bent from its face `source` to `target`; as of `warp_views`."""
    return warp_views([[(frame, source, 1.0)]], target)[0]


def features(faces: Float[np.ndarray, "n v 3"], size: int) -> dict[str, Float[np.ndarray, "n k"]]:
    """By kind of candidate, what makes two faces (in crop pixels) alike; in crop sizes."""
    flat = faces[..., :2].reshape(len(faces), -1, 2) / size
    pose = _POSE_SHARE * flat[:, POSE].reshape(len(faces), -1)
    scaled = lambda at: flat[:, at].reshape(len(faces), -1) / np.sqrt(len(at) / len(POSE))  # noqa: E731
    whole = np.concatenate([scaled(LANDMARKS.surface), scaled(LIPS), 1.5 * scaled(EYES)], 1)
    return {
        "whole": whole.astype(np.float32),
        "mouth": np.concatenate([scaled(LIPS), pose], 1).astype(np.float32),
        "eyes": np.concatenate([1.5 * scaled(EYES), pose], 1).astype(np.float32),
    }


@dataclass(frozen=True)
class Memory:
    """Frames of an actor and what they look like."""

    frames: UInt8[np.ndarray, "n s s 3"]
    faces: Float[np.ndarray, "n v 3"]
    known: dict[str, Float[np.ndarray, "n k"]]

    @classmethod
    def of(cls, frames: UInt8[np.ndarray, "n s s 3"], faces: Float[np.ndarray, "n v 3"], count: int) -> Memory:
        """The `count` frames that differ most: mouths, lids and turns of the head as far apart as can be."""
        kept = diverse(faces, frames.shape[1], count)
        return cls(frames[kept], faces[kept], features(faces[kept], frames.shape[1]))

    def nearest(
        self, face: Float[np.ndarray, "v 3"], kind: str, allowed: Bool[np.ndarray, "n"] | None = None
    ) -> list[tuple[int, float]]:
        """Some frames with weights, 1 in sum; they change steadily with the face."""
        size, count = self.frames.shape[1], MIXED[kind]
        feature = "whole" if kind == "mean" else kind
        distance = np.linalg.norm(self.known[feature] - features(face[None], size)[feature], axis=1)
        if allowed is not None and allowed.any():
            distance = np.where(allowed, distance, np.inf)
        order = np.argsort(distance, kind="stable")
        order = order[np.isfinite(distance[order])][: count + 1]
        limit = 1.1 * distance[order[-1]] + 1e-6
        if len(order) > count:
            limit, order = distance[order[-1]], order[:-1]
        weights = np.maximum(limit - distance[order], 0.0) + 1e-9
        return [(int(k), float(w)) for k, w in zip(order, weights / weights.sum(), strict=True)]

    def views(
        self, face: Float[np.ndarray, "v 3"], kind: str, allowed: Bool[np.ndarray, "n"] | None = None
    ) -> list[View]:
        """The memory's best answer for a face, to be bent and mixed."""
        return self.take(self.nearest(face, kind, allowed))

    def take(self, parts: list[tuple[int, float]]) -> list[View]:
        """Frames by their number, with their weights."""
        return [(self.frames[k], self.faces[k], share) for k, share in parts]


def face_window(size: int) -> Window:
    """The part of a crop in which an aligned face lies, unless it is turned far; sides are multiples of 16."""
    width, height = (min(size, 16 * round(share * size / 16)) for share in (0.75, 0.9375))
    return (size - width) // 2, (size - height) // 2, width, height


def diverse(faces: Float[np.ndarray, "n v 3"], size: int, count: int) -> Int[np.ndarray, "k"]:
    """Indices of faces that are far from each other, in rising order: farthest-point sampling."""
    known = features(faces, size)
    points = np.concatenate([known["mouth"], known["eyes"]], 1)
    chosen = [int(np.argmin(np.linalg.norm(points - np.median(points, axis=0), axis=1)))]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(faces)):
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.sort(np.array(chosen))
