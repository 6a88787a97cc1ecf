"""Training examples of the neural renderer: a wanted face of the footage, and other frames bent towards it.

The pairs are drawn like those met in use: the frame that is bent is mostly one of the nearest of the actor's others,
sometimes one from a moment ago (an edit moves a face hardly more than that), sometimes any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from ned.face_model import FaceModel
from ned.geometry.articulation import lips_over_brow
from ned.geometry.landmarks import LANDMARKS, NUM_SURFACE
from ned.renderer.neural.conditioning import MASK, Conditioner
from ned.renderer.neural.inputs import part_mask, part_of_crop, seen_images, shown_geometry
from ned.renderer.neural.memory import LIPS, MEMORY_KINDS, Memory, View, Window, diverse, features, warp_views
from ned.renderer.neural.networks import FARTHEST
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.registration import registered

NEAREST_SHARE, RECENT_SHARE = 0.6, 0.2
NEAREST_OF = 40
"""Half of the nearest frames are sought among so many only: then they are as far as an edit's."""
RECENT = 8
OPEN_SHARE, OPEN_PERCENTILE = 0.35, 85
"""Share of the sequences that begin at a mouth open further than in so many percent of the frames: they are rare, and
the hardest."""
OWN_SHARE = 0.6
"""Share of the sequences whose first candidate is laid over the wanted frame, as the edited frame itself lies: what it
shows then differs by its expression, and not by the error of the tracking."""
STAND_INS = 8
"""Frames, spread over the footage, of which the nearest stands in for an edited one where figures are taken."""
MOUTH_SHARE, EYES_SHARE = 0.55, 0.25
APART = 10
"""Frames from the wanted one within which the memory is not asked: held-out frames will not be in it either."""
_GAINS, _GAMMA = 0.15, 0.2


@dataclass(frozen=True)
class Examples:
    """Sequences for one step, channels first."""

    wanted: Float[np.ndarray, "t b 3 s s"]
    candidates: Float[np.ndarray, "t b 4 5 s s"]
    condition: Float[np.ndarray, "t b 12 s s"]
    weight: Float[np.ndarray, "t b 2 s s"]
    """Of each pixel in the losses: the face, and of it mouth and eyes."""


class Actor:
    """One person's footage with all that is needed to draw examples from it."""

    def __init__(self, footage: CropSequence, memory: int) -> None:
        self.footage = footage
        size = footage.size
        opening = lips_over_brow(footage.faces)
        self._opened = np.flatnonzero(opening >= np.percentile(opening, OPEN_PERCENTILE))
        self._everything = Memory(footage.frames, footage.faces, features(footage.faces, size))
        self.kept = diverse(footage.faces, size, memory)
        known = {kind: rows[self.kept] for kind, rows in self._everything.known.items()}
        self.memory = Memory(footage.frames[self.kept], footage.faces[self.kept], known)

    def sequence(self, length: int, rng: np.random.Generator) -> Int[np.ndarray, "t"]:
        """Consecutive frames of one run; a run that is too short repeats its last."""
        if rng.random() < OPEN_SHARE:
            return self._along(int(rng.choice(self._opened)), length)
        return self._along(int(rng.integers(len(self.footage))), length)

    def sources(
        self, wanted: Int[np.ndarray, "t"], rng: np.random.Generator
    ) -> list[list[tuple[int, float]]]:
        """For each wanted frame the frames that are bent to it, with weights."""
        dice, count = rng.random(), len(self.footage)
        apart = np.abs(np.arange(count) - wanted[0]) > min(APART, count // 4)
        if dice < RECENT_SHARE:
            shift = int(rng.integers(1, RECENT + 1)) * (1 if rng.random() < 0.5 else -1)
            return [[(int(np.clip(k + shift, 0, count - 1)), 1.0)] for k in wanted]
        allowed = np.ones(count, bool)
        if dice >= RECENT_SHARE + 0.5 * NEAREST_SHARE:
            allowed[:] = False
            allowed[rng.choice(count, min(NEAREST_OF, count), replace=False)] = True
        if (allowed & apart).any():
            allowed &= apart
        if dice < RECENT_SHARE + NEAREST_SHARE:
            return [self._everything.nearest(self.footage.faces[k], "whole", allowed) for k in wanted]
        start = int(rng.choice(np.flatnonzero(allowed)))
        return [[(int(k), 1.0)] for k in self._along(start, len(wanted))]

    def take(self, sources: list[tuple[int, float]]) -> list[View]:
        """Frames of the footage, to be bent and mixed."""
        return self._everything.take(sources)

    def far_from(self, wanted: int) -> Bool[np.ndarray, "kept"]:
        """Which frames of the memory may be asked for a frame of the same footage."""
        return np.abs(self.kept - wanted) > min(APART, len(self.footage) // 4)

    def nearest(self, face: Float[np.ndarray, "v 3"]) -> list[tuple[int, float]]:
        """The frames of the footage that come nearest as a whole."""
        return self._everything.nearest(face, "whole")

    def stand_in(
        self, face: Float[np.ndarray, "v 3"], truth: UInt8[np.ndarray, "s s 3"]
    ) -> tuple[Float[np.ndarray, "s s 3"], Float[np.ndarray, "s s 2"]]:
        """As of `warp_views`: another frame in the place of the one that is edited. It is as far from the face as an
        edit moves one, and laid over what was recorded, since an edited frame lies exactly."""
        spread = np.zeros(len(self.footage), bool)
        spread[np.linspace(0, len(spread) - 1, min(STAND_INS, len(spread))).round().astype(int)] = True
        nearest = self._everything.nearest(face, "whole", spread)[0][0]
        ((image, displacement),) = warp_views([self.take([(nearest, 1.0)])], face)
        return registered(image, truth.astype(np.float32) / 255.0, FARTHEST, self.footage.size), displacement

    def _along(self, start: int, length: int) -> Int[np.ndarray, "t"]:
        runs = self.footage.runs
        last = int(np.searchsorted(runs, runs[start], side="right")) - 1
        return np.minimum(start + np.arange(length), last)


class ExampleSource:
    """Draws examples from several actors, each as often as the others."""

    def __init__(self, footages: list[CropSequence], model: FaceModel, size: int, window: int, memory: int) -> None:
        self.actors = [Actor(footage.resized(size), memory) for footage in footages]
        self._conditioner = Conditioner(model, size)
        self._size, self._window = size, min(window, size)

    def draw(self, batch: int, length: int, rng: np.random.Generator) -> Examples:
        """`batch` sequences of `length` frames."""
        drawn = [self._sequence(self.actors[int(rng.integers(len(self.actors)))], length, rng) for _ in range(batch)]
        return Examples(*(np.stack(parts, 1) for parts in zip(*drawn, strict=True)))

    def _sequence(self, actor: Actor, length: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        wanted = actor.sequence(length, rng)
        flip, light = rng.random() < 0.5, _random_light(rng)
        window = self._place(actor.footage.faces[wanted[0]], rng)
        out, own = [], rng.random() < OWN_SHARE
        for k, sources in zip(wanted, actor.sources(wanted, rng), strict=True):
            face, coefficients = actor.footage.faces[k], actor.footage.coefficients[k]
            known = [actor.memory.views(face, kind, actor.far_from(int(k))) for kind in MEMORY_KINDS]
            if own:
                sources = [(max(sources, key=lambda source: source[1])[0], 1.0)]
            candidates = warp_views([actor.take(sources), *known], face, window)
            frame = part_of_crop(actor.footage.frames[k], window).astype(np.float32) / 255.0
            if own:
                image, displacement = candidates[0]
                candidates[0] = registered(image, frame, FARTHEST, self._size), displacement
            example = one_example(frame, candidates, face, coefficients, self._conditioner, light, window, own)
            out.append([flipped(part, name) if flip else part for name, part in example.items()])
        return tuple(np.stack(parts) for parts in zip(*out, strict=True))

    def _place(self, face: Float[np.ndarray, "v 3"], rng: np.random.Generator) -> Window:
        """Where a step looks: around the mouth, the eyes, or anywhere in the face."""
        dice = rng.random()
        if dice < MOUTH_SHARE:
            middle = face[LIPS, :2].mean(0)
        elif dice < MOUTH_SHARE + EYES_SHARE:
            middle = face[[*LANDMARKS.right_eye.corners, *LANDMARKS.left_eye.corners], :2].mean(0)
        else:
            middle = face[int(rng.integers(NUM_SURFACE)), :2]
        corner = middle + rng.normal(0.0, 0.12 * self._window, 2) - self._window / 2
        x, y = np.clip(corner.round().astype(int), 0, self._size - self._window)
        return int(x), int(y), self._window, self._window


def one_example(
    frame: Float[np.ndarray, "s s 3"],
    candidates: list[tuple[np.ndarray, np.ndarray]],
    face: Float[np.ndarray, "v 3"],
    coefficients: Float[np.ndarray, "width"],
    conditioner: Conditioner,
    light: tuple[np.ndarray, float],
    window: Window | None = None,
    own: bool = False,
) -> dict[str, np.ndarray]:
    """The four arrays of `Examples` for one frame; `light` is a change of light for all images alike, `own` as of
    `shown_geometry`."""
    gains, gamma = light
    bent = [(np.clip(image * gains, 0, 1) ** gamma, displacement) for image, displacement in candidates]
    seen, condition = seen_images(bent), shown_geometry(face, coefficients, conditioner, window, own)
    wanted = (np.clip(frame * gains, 0, 1) ** gamma).transpose(2, 0, 1).astype(np.float32)
    mask = condition[MASK]
    corner = np.array([*(window or (0, 0))[:2], 0], np.float32)
    weight = mask[None] * np.stack([np.ones_like(mask), part_mask(face - corner, len(mask), conditioner.size)])
    return {"wanted": wanted, "candidates": seen, "condition": condition, "weight": weight.astype(np.float32)}


def flipped(values: np.ndarray, name: str) -> np.ndarray:
    """One of the four arrays, mirrored left and right."""
    out = values[..., ::-1].copy()
    if name == "candidates":
        out[:, 3] *= -1.0  # the displacement across
    if name == "condition":
        out[0] = np.where(out[0] > 0, 1.0 - out[0], 0.0)  # the mean face's x as a colour
    return out


def _random_light(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    gains = np.exp(rng.normal(0.0, _GAINS / 2, 3) * 0.5 + rng.normal(0.0, _GAINS)).astype(np.float32)
    return gains, float(np.exp(rng.normal(0.0, _GAMMA)))
