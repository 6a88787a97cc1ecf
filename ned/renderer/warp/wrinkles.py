"""Wrinkles that an expression folds into the skin, as small shading textures over the face.

Moving pixels cannot make a wrinkle, and a line that is painted is seen as one. So where an expression folds the skin,
what folds the person has there already are deepened (`deepen`), and broad, soft shading says which way the skin bulges.
Each wrinkle is a polyline of landmarks on the mean face; its profile is a shallow groove with a lighter bulge beside
it. Textures are drawn once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float

from ned.renderer.warp.wrinkle_kernels import shade

TEXTURE_SIZE = 256

SOFT_WIDTH, SOFT_DEPTH = 2.0, 0.35
"""Of the shading put on skin, against the width and the depth in `WRINKLES`, which are those of a drawn line."""

DEEPENING = 7.0
"""By how much a fold that is there gets darker, as a share, for each unit of groove over it."""

_NOTHING = 1e-4
"""Of a texture, whose grooves are 1 deep."""

_FINEST, _BROADEST = 0.004, 0.022
"""Sizes of what counts as a fold, as standard deviations and shares of the face's height."""


@dataclass(frozen=True)
class Wrinkle:
    """One wrinkle of the actor's right side (mirrored for the left) or of the middle.

    `points`: pairs of landmarks with the share of the second, so lines may run between landmarks.
    `coefficients`: what folds it, with the depth (share of luminance) at coefficient 1.
    """

    points: tuple[tuple[int, int, float], ...]
    width: float
    """Half width of the groove as a share of the texture."""
    coefficients: dict[str, float]
    bulge: float = 0.5
    """Brightness of the bulge relative to the groove's depth."""
    toward: int = 0
    """Landmark on the side of the bulge; 0: both sides."""
    drawn: bool = True
    """Whether it is shaded where the person has no fold there; across a smooth forehead shading is a dark band."""


WRINKLES: dict[str, Wrinkle] = {
    "nasolabial": Wrinkle(
        ((129, 203, 0.12), (203, 206, 0.25), (206, 216, 0.5), (216, 212, 0.3), (216, 212, 0.8)),
        0.010,
        {"mouthSmile": 0.07, "noseSneer": 0.08, "mouthUpperUp": 0.03},
        0.4,
        205,
    ),
    "under_eye": Wrinkle(
        ((31, 228, 0.5), (229, 119, 0.12), (230, 120, 0.15), (231, 121, 0.15)),
        0.008,
        {"cheekSquint": 0.12, "mouthSmile": 0.05, "eyeSquint": 0.05},
        0.4,
        100,
    ),
    "crow_upper": Wrinkle(
        ((130, 226, 0.6), (226, 35, 0.35), (35, 143, 0.3)), 0.005, {"cheekSquint": 0.12, "mouthSmile": 0.05}, 0.4
    ),
    "crow_lower": Wrinkle(
        ((226, 31, 0.4), (35, 111, 0.35), (111, 143, 0.35)), 0.005, {"cheekSquint": 0.12, "mouthSmile": 0.05}, 0.4
    ),
    "glabella": Wrinkle(((9, 107, 0.42), (8, 55, 0.52)), 0.010, {"browDown": 0.15}, 0.25),
    "sneer": Wrinkle(((193, 245, 0.3), (168, 193, 0.85), (6, 122, 0.5)), 0.006, {"noseSneer": 0.15}, 0.2),
    "marionette": Wrinkle(
        ((61, 43, 0.25), (43, 106, 0.2), (43, 204, 0.6), (204, 211, 0.3)),
        0.011,
        {"mouthFrown": 0.08, "mouthStretch": 0.05},
        0.4,
        202,
    ),
    "forehead_low": Wrinkle(
        ((104, 103, 0.1), (69, 67, 0.15), (108, 109, 0.15), (151, 10, 0.1), (337, 338, 0.15)),
        0.008,
        {"browInnerUp": 0.07, "browOuterUp": 0.05},
        0.6,
        drawn=False,
    ),
    "forehead_high": Wrinkle(
        ((104, 103, 0.55), (69, 67, 0.55), (108, 109, 0.5), (151, 10, 0.45), (337, 338, 0.5)),
        0.008,
        {"browInnerUp": 0.07, "browOuterUp": 0.05},
        0.6,
        drawn=False,
    ),
    "chin": Wrinkle(
        ((182, 201, 0.6), (83, 200, 0.3), (18, 200, 0.35), (313, 200, 0.3)),
        0.009,
        {"mouthShrugLower": 0.16, "mouthFrown": 0.06},
        0.5,
        199,
    ),
}


def _mirrored(points, mirror: np.ndarray):
    return tuple((int(mirror[a]), int(mirror[b]), share) for a, b, share in points)


def _draw(
    mean_uv: Float[np.ndarray, "v 2"], points, width: float, bulge: float, toward: int
) -> Float[np.ndarray, "s s"]:
    """Groove at −1, bulge up to `bulge`; drawn three times finer, then reduced."""
    fine = 3 * TEXTURE_SIZE
    line = np.array([mean_uv[a] * (1 - share) + mean_uv[b] * share for a, b, share in points]) * fine
    image = np.full((fine, fine), 255, np.uint8)
    cv2.polylines(image, [np.round(_smooth(line)).astype(np.int32)], False, 0, 1)
    distance = cv2.distanceTransform(image, cv2.DIST_L2, 5) / fine
    # depth fades towards the ends, as a fold runs out
    ends = np.minimum(*(np.hypot(*(np.indices((fine, fine))[::-1] - end[:, None, None])) for end in line[[0, -1]]))
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    fade = np.clip(ends / (0.3 * length), 0.0, 1.0)
    groove = -np.exp(-0.5 * (distance / width) ** 2)
    swell = bulge * np.exp(-0.5 * ((distance - 2.6 * width) / (1.3 * width)) ** 2)
    if toward:
        normal_side = _side_of(line, np.indices((fine, fine))[::-1].astype(np.float32))
        wanted = np.sign(_side_of(line, (mean_uv[toward] * fine)[:, None, None])[0, 0])
        swell = swell * (np.sign(normal_side) == wanted)
    return cv2.resize(((groove + swell) * fade).astype(np.float32), (TEXTURE_SIZE,) * 2, interpolation=cv2.INTER_AREA)


def _side_of(line: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Signed distance of points "2 h w" from the chord of `line`."""
    along = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    return along[0] * (xy[1] - line[0][1]) - along[1] * (xy[0] - line[0][0])


def _smooth(line: np.ndarray, steps: int = 24) -> np.ndarray:
    """The polyline as a curve through its points."""
    from scipy.interpolate import make_interp_spline

    at = np.linspace(0, 1, len(line))
    return make_interp_spline(at, line, k=min(2, len(line) - 1))(np.linspace(0, 1, steps))


@lru_cache(maxsize=4)
def _textures(uv_bytes: bytes, mirror_bytes: bytes, widening: float) -> tuple[tuple[str, np.ndarray], ...]:
    uv = np.frombuffer(uv_bytes, np.float32).reshape(-1, 2)
    mirror = np.frombuffer(mirror_bytes, np.int64)
    out = []
    for name, wrinkle in WRINKLES.items():
        sides = {"Right": wrinkle.points, "Left": _mirrored(wrinkle.points, mirror)}
        for side, points in sides.items():
            toward = wrinkle.toward if side == "Right" else int(mirror[wrinkle.toward]) if wrinkle.toward else 0
            out.append((f"{name}{side}", _draw(uv, points, widening * wrinkle.width, wrinkle.bulge, toward)))
    return tuple(out)


class WrinkleShader:
    """Shading of all wrinkles for a change of expression.

    Args:
        uv: surface coordinates in [0, 1] of the face model's vertices.
        mirror: index of each vertex's mirror image.
        names: coefficient names of the expression space.
        side: of the textures; a small one where the face is small in the image, so that nothing aliases.
        widening: of the grooves: 1 for lines, as the neural renderer is told of folds, `SOFT_WIDTH` for shading.
        named: a unit of each coefficient in ARKit's, where the space's own have no names; `names` are ARKit's then.
    """

    def __init__(
        self,
        uv: Float[np.ndarray, "v 2"],
        mirror: np.ndarray,
        names: tuple[str, ...],
        side: int = TEXTURE_SIZE,
        widening: float = 1.0,
        named: Float[np.ndarray, "width 52"] | None = None,
    ) -> None:
        self._named = named
        textures = _textures(uv.astype(np.float32).tobytes(), mirror.astype(np.int64).tobytes(), widening)
        self._side = min(side, TEXTURE_SIZE)
        reduced = (cv2.resize(t, (self._side,) * 2, interpolation=cv2.INTER_AREA) for _, t in textures)
        self._textures = np.stack(list(reduced))
        weights = np.zeros((len(textures), len(names)), np.float32)
        for row, (sided, _) in enumerate(textures):
            side = "Left" if sided.endswith("Left") else "Right"
            for name, depth in WRINKLES[sided.removesuffix(side)].coefficients.items():
                column = names.index(name + side) if name + side in names else names.index(name)
                weights[row, column] = depth
        self._weights = weights
        bare = (sided.removesuffix("Left").removesuffix("Right") for sided, _ in textures)
        self._drawn = np.array([WRINKLES[name].drawn for name in bare], np.float32)
        self._boxes = np.array([_box_of(texture) for texture in self._textures])

    def texture(self, change: Float[np.ndarray, "width"]) -> Float[np.ndarray, "s s"]:
        """Relative change of luminance over the uv plane for a `change` of coefficients; a wrinkle that the
        actor's own expression has already folded is taken back by a negative change, at half depth."""
        depth = self._depths(change)
        return np.tensordot(depth, self._textures, 1)

    def shading(self, change: Float[np.ndarray, "width"], share: float = SOFT_DEPTH) -> Float[np.ndarray, "s s 2"]:
        """`texture`, but only of wrinkles that are shaded where the person has none, times `share`; and the depth of
        the grooves of all wrinkles, at least 0."""
        out = np.zeros((self._side, self._side, 2), np.float32)
        depth = self._depths(change)
        shade(self._textures, self._boxes, depth * self._drawn * np.float32(share), depth, out)
        return out

    def _depths(self, change: Float[np.ndarray, "width"]) -> Float[np.ndarray, "wrinkles"]:
        change = change if self._named is None else change @ self._named
        return self._weights @ np.where(change > 0, change, 0.5 * change).astype(np.float32)


def _box_of(texture: Float[np.ndarray, "s s"]) -> tuple[int, int, int, int]:
    """Rows and columns from and to which a texture is more than nothing."""
    rows, columns = (np.flatnonzero((np.abs(texture) > _NOTHING).any(axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def deepen(
    grey: Float[np.ndarray, "h w"], groove: Float[np.ndarray, "h w"], face_height: float, block: int = 1
) -> Float[np.ndarray, "h w"]:
    """Relative change of luminance that makes the folds of `grey` (luma in [0, 1]) deeper where there is a groove.

    `groove` is the depth of the wanted folds, at least 0; `face_height` is in pixels. Dark lines get darker and the
    skin beside them a little lighter; smooth skin stays smooth. With `block` the arrays have a value for so many
    pixels, a mean, between whose middles the result is to be interpolated.
    """
    if not groove.any():
        return np.zeros_like(grey)
    fine = _blur(grey, max(0.5, _FINEST * face_height), block)
    broad = _blur(grey, max(1.0, _BROADEST * face_height), block)
    detail = (fine - broad) / np.maximum(broad, 0.05)
    detail = np.clip(np.where(detail < 0, detail, 0.5 * detail), -0.25, 0.1)
    return np.minimum(DEEPENING * groove, 1.2) * detail


def fold_reach(face_height: float) -> float:
    """Pixels around a groove that `deepen` looks at."""
    return 3.0 * max(1.0, _BROADEST * face_height)


def _blur(grey: Float[np.ndarray, "h w"], sigma: float, block: int) -> Float[np.ndarray, "h w"]:
    """By so many pixels, together with what means of blocks and interpolation (a twelfth and a sixth of the squared
    block) do."""
    sigma = (max(sigma * sigma / (block * block) - 0.25, 0.0) ** 0.5) if block > 1 else sigma
    return cv2.GaussianBlur(grey, (0, 0), sigma) if sigma > 0.15 else grey
