"""The plane of valence and arousal of one face: as a sheet of images, and as an animation around it."""

from __future__ import annotations

import io

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from ned.edit.track_edit import TrackEdit
from ned.face_model import FaceModel
from ned.report.sheet import grid
from ned.stills.edit import Wish, manipulate_with, paint, rgb_of
from ned.stills.faces import Face, Portrait, prepare, square_around
from ned.stills.frame import frame_of, held
from ned.stills.upright import eight_bits
from ned.types import ValenceArousal
from ned.video import Frame

REACH = 0.75
"""Largest valence and arousal of a sheet; corners, which lie outside the disc, are drawn in to its rim."""

TILE_PX, SWEEP_PX = 192, 448
SWEEP_STEPS, SWEEP_FPS, SWEEP_RADIUS = 72, 15, 0.9


def close_up(portrait: Portrait, face: Face, side: int) -> tuple[Frame, Face]:
    """A square image around a face, `side` pixels wide, and the face in it, fitted anew."""
    rgb, landmarks = eight_bits(portrait.image.pixels), face.track.landmarks[0]
    x0, y0, shown = square_around(face)
    scale = side / shown
    if scale < 0.5:  # taken down by whole pixels first, or it would alias
        rgb, landmarks, x0, y0, scale = _smaller(rgb, landmarks, x0, y0, scale)
    turn = np.array([[scale, 0, -scale * x0], [0, scale, -scale * y0]])
    tile = cv2.warpAffine(rgb, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = landmarks.astype(np.float64) * scale
    moved[:, :2] += turn[:, 2]
    return frame_of(tile), prepare(held(face.track, moved), portrait.model, portrait.analysis)


def _smaller(
    rgb: UInt8[np.ndarray, "h w 3"], landmarks: Float[np.ndarray, "v 3"], x0: float, y0: float, scale: float
) -> tuple[UInt8[np.ndarray, "_ _ 3"], Float[np.ndarray, "v 3"], float, float, float]:
    """The image by a whole factor smaller, all else in its pixels."""
    shrink = int(1 / scale)
    height, width = rgb.shape[0] // shrink, rgb.shape[1] // shrink
    part = rgb[: height * shrink, : width * shrink]
    less = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    middle = (shrink - 1) / 2
    points = landmarks.astype(np.float64) / shrink
    points[:, :2] -= middle / shrink
    return less, points, float(x0 - middle) / shrink, float(y0 - middle) / shrink, scale * shrink


def lattice(count: int) -> Float[np.ndarray, "count count 2"]:
    """Places of a sheet: valence grows to the right, arousal upwards."""
    steps = np.linspace(-REACH, REACH, count)
    places = np.stack(np.meshgrid(steps, steps[::-1]), 2)
    return places / np.maximum(np.hypot(places[..., 0], places[..., 1]), 1.0)[..., None]


def plane_sheet(portrait: Portrait, count: int, intensity: float) -> UInt8[np.ndarray, "h w 3"]:
    """The most prominent face of the portrait at `count` × `count` places."""
    frame, face = close_up(portrait, portrait.faces[0], TILE_PX)
    places = lattice(count)
    rows = [[at_place(frame, face, place, portrait.model, intensity) for place in row] for row in places]
    steps = np.linspace(-REACH, REACH, count)
    captions = [f"valence {v:+.2f}" if k == 0 else f"{v:+.2f}" for k, v in enumerate(steps)]
    labels = [f"arousal {a:+.2f}" for a in steps[::-1]]
    return grid(rows, labels, captions)


def circle() -> Float[np.ndarray, "steps 2"]:
    """Out from the middle, once around, and back."""
    out = np.linspace(0.0, SWEEP_RADIUS, 9)[:-1]
    angles = np.radians(np.linspace(0.0, 360.0, SWEEP_STEPS, endpoint=False))
    ring = SWEEP_RADIUS * np.stack([np.cos(angles), np.sin(angles)], 1)
    spoke = np.stack([out, np.zeros(len(out))], 1)
    return np.concatenate([spoke, ring, ring[:1], spoke[::-1]])


def sweep(portrait: Portrait, intensity: float) -> bytes:
    """An animated WebP of the most prominent face."""
    width = float(portrait.faces[0].width_px)
    side = int(np.clip(2.0 * width, 160, SWEEP_PX))
    frame, face = close_up(portrait, portrait.faces[0], side)
    images = [Image.fromarray(at_place(frame, face, place, portrait.model, intensity)) for place in circle()]
    out = io.BytesIO()
    images[0].save(
        out, "WEBP", save_all=True, append_images=images[1:], duration=round(1000 / SWEEP_FPS), loop=0, quality=80,
        icc_profile=colours_of(portrait),
    )  # fmt: skip
    return out.getvalue()


def colours_of(portrait: Portrait) -> bytes:
    """The ICC profile of images that show parts of the portrait; those of one channel fit none of three."""
    return b"" if portrait.image.grey else portrait.image.icc


def at_place(
    frame: Frame, face: Face, place: Float[np.ndarray, "2"], model: FaceModel, intensity: float = 1.0
) -> UInt8[np.ndarray, "h w 3"]:
    """What a frame shows with its face at a place of the plane."""
    change = manipulate_with(Wish(ValenceArousal(float(place[0]), float(place[1])), intensity=intensity), model)
    edit = TrackEdit(face.track, face.fit, change(face), model, face.strength)
    return rgb_of(paint(frame, [edit], model))
