"""From a fitted track and an edited expression to what the renderer gets, frame by frame.

Delta editing: edited vertices = tracked vertices + pose · (model(edited) − model(tracked)). What the
model cannot express is in the tracked vertices and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ned.face_model import FaceModel, load_face_model
from ned.face_model.flame.arkit import ArkitFlame
from ned.geometry import heads
from ned.geometry.articulation import gaps_along
from ned.geometry.landmarks import LANDMARKS
from ned.manipulator.protocol import Articulation
from ned.types import Analysis, ExpressionTrack, FaceEdit, FaceFit, FaceTrack, Heads

FADE_S = 0.2
"""How long the edit takes to come in where a face appears inside a shot, and to go where it leaves."""

OPEN_SHARE = 0.045
"""Mouth opening, as a share of the face's height, from which teeth can be seen."""

YAW_FULL_RAD, YAW_NONE_RAD = np.radians(45.0), np.radians(65.0)
"""Head turns up to the first are edited in full, beyond the second not at all."""

YAW_GAP_RAD = np.radians(40.0)
"""A face that was last seen turned so far has turned away, rather than been lost."""


def measure_articulation(track: FaceTrack, fit: FaceFit, model: FaceModel) -> Articulation:
    """Mouth and lid openings from the landmarks, turned back to the frontal head, in model units."""
    down = fit.pose.rotation[:, :, 1]  # the model's y axis as seen by the camera
    mouth, lids = gaps_along(track.landmarks, down, fit.pose.scale)
    height = float(np.linalg.norm(fit.identity[LANDMARKS.forehead] - fit.identity[LANDMARKS.chin]))
    return Articulation(mouth, lids, height, resting_smile(fit.identity, model))


def resting_smile(identity: Float[np.ndarray, "vertices 3"], model: FaceModel) -> float:
    """How far the lips of a neutral face differ from the mean face's in the direction of a smile, at least 0.

    Where the model's coefficients have no names, the smile is the embedded model's.
    """
    named = model if "mouthSmileLeft" in model.space.names else load_face_model()
    lips = np.unique([LANDMARKS.upper_lip[[0, -1]], LANDMARKS.lower_lip[[0, -1]]])  # inner and outer contours
    both = np.zeros((1, named.space.width), np.float32)
    both[0, [named.space.index("mouthSmileLeft"), named.space.index("mouthSmileRight")]] = 1.0
    smile, shape = named.displacements(both)[0, lips, :2], (identity - model.mean)[lips, :2]
    smile, shape = smile - smile.mean(0), shape - shape.mean(0)
    return float(np.clip((smile * shape).sum() / (smile**2).sum(), 0.0, 1.0))


@dataclass(frozen=True)
class TrackEdit:
    """The planned edit of one track."""

    track: FaceTrack
    fit: FaceFit
    edited: ExpressionTrack
    model: FaceModel
    strength: Float[np.ndarray, "frames"]
    """0 where the frame passes through, 1 where the edit is in full."""
    heads: Heads | None = None
    """FLAME's whole head in each frame, unedited, where a renderer draws it."""

    def changed(self) -> Bool[np.ndarray, "frames"]:
        """Frames in which anything is to be rendered."""
        difference = np.abs(self.edited.pack() - self.fit.expression.pack()).max(1)
        return (difference > 1e-6) & (self.strength > 1e-3)

    def open_mouth(self) -> int | None:
        """The position in the track of its most open mouth, seen from about where the person mostly looks.

        None where the mouth never opens by `OPEN_SHARE` of the face's height.
        """
        return self._open_mouth

    @cached_property
    def _open_mouth(self) -> int | None:
        spoken = measure_articulation(self.track, self.fit, self.model)
        opening = spoken.mouth_opening / spoken.face_height
        lip = self.track.landmarks[:, LANDMARKS.inner_lips[1], :2]
        move = np.gradient(lip, axis=0) if len(self._turn) > 1 else np.zeros((1, 2))
        blur = np.linalg.norm(move, axis=1) / (spoken.face_height * self.fit.pose.scale)
        facing = np.exp(-((self._turn / np.radians(25.0)) ** 2) - 10.0 * blur)
        best = int(np.argmax(np.minimum(opening, 2.5 * OPEN_SHARE) * facing))
        return best if opening[best] >= OPEN_SHARE else None

    def frontal(self, count: int) -> list[int]:
        """Positions in the track, spread over it, at which the person looks about where they mostly look."""
        parts = np.array_split(np.arange(len(self._turn)), min(count, len(self._turn)))
        return [int(part[np.argmin(self._turn[part])]) for part in parts]

    @cached_property
    def _turn(self) -> Float[np.ndarray, "frames"]:
        """Angle of the head to its usual direction."""
        forward = self.fit.pose.rotation[:, :, 2]
        return np.arccos(np.clip(forward @ _unit(np.median(forward, axis=0)), -1.0, 1.0))

    def face_edit(self, i: int) -> FaceEdit:
        """What to render in the track's frame `i` (its position in the track)."""
        before = self.fit.expression[i : i + 1].pack()[0]
        change = (self.strength[i] * (self.edited[i : i + 1].pack()[0] - before)).astype(np.float32)
        offsets = self.model.displacements(np.stack([before, before + change]).astype(np.float32))
        moved = (offsets[1] - offsets[0]) @ self.fit.pose.rotation[i].T * self.fit.pose.scale[i]
        source = self.track.landmarks[i].astype(np.float32)
        target, head = (source + moved).astype(np.float32), None
        if self.heads is not None:
            head = heads.moved(heads.part(self.heads, slice(i, i + 1)), flame_change(self.model, change[None]))
        return FaceEdit(source, target, change, (before + change).astype(np.float32), head)


def flame_change(model: FaceModel, change: Float[np.ndarray, "frames width"]) -> Float[np.ndarray, "frames 51"]:
    """A change of a FLAME's coefficients in `flame50`, whichever space it is said in."""
    return change @ model.flame_per_arkit if isinstance(model, ArkitFlame) else change


def edit_strength(track: FaceTrack, fit: FaceFit, analysis: Analysis) -> Float[np.ndarray, "frames"]:
    """Fades at the ends of a track that are not ends of its shot, and out in profile views."""
    fade = max(1.0, FADE_S * float(analysis.video.frame_rate))
    strength = np.ones(len(track))
    since, until = track.frames - track.frames[0] + 1, track.frames[-1] - track.frames + 1
    if track.frames[0] > track.shot.start:
        strength = np.minimum(strength, since / fade)
    if track.frames[-1] < track.shot.stop - 1:
        strength = np.minimum(strength, until / fade)
    turned = np.clip((YAW_NONE_RAD - yaw_of(fit)) / (YAW_NONE_RAD - YAW_FULL_RAD), 0.0, 1.0)
    strength = np.clip(np.minimum(strength, turned), 0.0, 1.0)
    return strength * strength * (3 - 2 * strength)


def _unit(vector: Float[np.ndarray, "axes"]) -> Float[np.ndarray, "axes"]:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def yaw_of(fit: FaceFit) -> Float[np.ndarray, "frames"]:
    """How far the head is turned to either side, in rad."""
    forward = fit.pose.rotation[:, :, 2]
    return np.abs(np.arctan2(forward[:, 0], forward[:, 2]))


def unedited(track: FaceTrack, fit: FaceFit) -> tuple[int, int]:
    """Frames from first to last sight in which the face is not edited: turned away, and lost from sight.

    A face that was far turned before or after a gap is taken to have turned away in it.
    """
    yaw = yaw_of(fit)
    gaps = np.diff(track.frames) - 1
    about = np.maximum(yaw[:-1], yaw[1:]) > YAW_GAP_RAD
    return int((yaw >= YAW_NONE_RAD).sum() + gaps[about].sum()), int(gaps[~about].sum())
