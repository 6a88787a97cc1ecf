"""What is looked at while training goes on: figures of held-out frames, and an image sheet of some of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.geometry.articulation import lips_over_brow
from ned.renderer.neural.evaluation import measure_frames, warp_of_nearest
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.preparation import Person
from ned.report.sheet import grid, save_image
from ned.runtime.progress import Progress

if TYPE_CHECKING:
    from ned.renderer.neural.training.start import RendererLearner

COLUMNS = 6


class HeldOut:
    """Some held-out frames of some people; called with a learner it gives the figures of its averages.

    `consecutive`: frames one after another, for networks that look at the past; else spread over what is held out.
    """

    def __init__(self, people: Sequence[Person], frames: int, consecutive: bool = False) -> None:
        self._references = [person.train for person in people]
        self._tests = [person.test.part(chosen_frames(person.test, frames, consecutive)) for person in people]
        self._warped = [warp_of_nearest(t, r) for t, r in zip(self._tests, self._references, strict=True)]
        self._warp_figures = self._measured(self._warped)
        self._made: list[np.ndarray] = []

    def __call__(self, learner: RendererLearner) -> dict[str, float]:
        """MAE in face and mouth, beside those of the nearest frame bent to the wanted face; and of what an edit is made
        into, beside those of what stands in for it (`finish`), where the networks look at the edited frame at all. In
        the names it is `fapd`, since checkpoints have it by that name.

        `score` is the negative mean of face and mouth; as edits are finished where they are, since that is what the
        networks are for.
        """
        pairs = list(zip(self._tests, self._references, strict=True))
        self._made = [learner.generate(*pair) for pair in pairs]
        face, mouth = self._measured(self._made)
        figures = {"fapd": face, "warp_fapd": self._warp_figures[0], "mouth_fapd": mouth,
                   "warp_mouth_fapd": self._warp_figures[1]}  # fmt: skip
        edits = [made for pair in pairs if (made := learner.finish(*pair)) is not None]
        if edits:
            before, after = (self._measured([edit[k] for edit in edits]) for k in (0, 1))
            face, mouth = after
            figures |= {"edit_fapd": face, "bent_edit_fapd": before[0], "edit_mouth_fapd": mouth,
                        "bent_edit_mouth_fapd": before[1]}  # fmt: skip
        return figures | {"score": -0.5 * (face + mouth)}

    def expected_s(self, learner: RendererLearner) -> float:
        """What a call will take, from that of two frames."""
        began = time.monotonic()
        few = self._tests[0].part(slice(0, 2))
        learner.generate(few, self._references[0])
        learner.finish(few, self._references[0])
        return (time.monotonic() - began) * sum(map(len, self._tests)) / len(few)

    def show(self, step: int, figures: Mapping[str, float], folder: Path, progress: Progress) -> None:
        """Write the sheet of the last figures into `folder` and say what they are."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"preview_{step:06d}.png"
        save_image(path, self.sheet())
        edits = "as an edit is finished {edit_fapd:.2f} ({bent_edit_fapd:.2f}); " if "edit_fapd" in figures else ""
        edits = edits.format_map(figures)
        progress.note(
            f"step {step}: held-out MAE {figures['fapd']:.2f} (warp {figures['warp_fapd']:.2f}), "
            f"mouth {figures['mouth_fapd']:.2f} ({figures['warp_mouth_fapd']:.2f}); {edits}{path.name}"
        )

    def sheet(self) -> UInt8[np.ndarray, "h w 3"]:
        """Rows: target, warp, network; some frames of the last figures, the widest open mouth first."""
        opened = np.concatenate([lips_over_brow(test.faces) for test in self._tests])
        spread = np.linspace(0, len(opened) - 1, min(COLUMNS, len(opened))).round().astype(int)
        columns = list(dict.fromkeys([int(opened.argmax()), *spread.tolist()]))[:COLUMNS]
        truth = np.concatenate([test.frames for test in self._tests])
        rows = [truth, *(_eight_bit(np.concatenate(parts)) for parts in (self._warped, self._made))]
        return grid([[row[k] for k in columns] for row in rows], ("target", "warp", "network"))

    def _measured(self, made: list[Float[np.ndarray, "_ s s 3"]]) -> tuple[float, float]:
        """Mean MAE over people, in face and mouth."""
        found = [measure_frames(m, t.frames, t.faces) for m, t in zip(made, self._tests, strict=True)]
        return float(np.mean([f.face.mae for f in found])), float(np.mean([f.mouth.mae for f in found]))


def chosen_frames(test: CropSequence, count: int, consecutive: bool) -> Int[np.ndarray, "k"]:
    """Which held-out frames are looked at; the one with the widest open mouth is among them."""
    widest = int(lips_over_brow(test.faces).argmax())
    if len(test) <= count:
        return np.arange(len(test))
    if consecutive:
        return min(max(widest - count // 2, 0), len(test) - count) + np.arange(count)
    return np.unique([*np.linspace(0, len(test) - 1, count - 1).round().astype(int), widest])


def _eight_bit(images: Float[np.ndarray, "n s s 3"]) -> UInt8[np.ndarray, "n s s 3"]:
    return (np.clip(images, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
