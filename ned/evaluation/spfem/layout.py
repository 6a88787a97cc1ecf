"""MEAD as its publishers lay it out: `ACTOR/video/front/EMOTION/level_N/NNN.mp4`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ned.emotions import EMOTIONS
from ned.errors import UserError

ACTORS = ("M003", "M009", "W029", "M012", "M030", "W015")
"""Of the published tables."""

TARGETS = tuple(e for e in EMOTIONS if e != "neutral")
STRONGEST = 3


@dataclass(frozen=True)
class Task:
    """One edit of the protocol."""

    setting: str
    """"same" or "cross": whose reference it is."""
    actor: str
    emotion: str
    source: Path
    """The actor, neutral."""
    reference: Path
    """Somebody with the emotion: the actor, or the next one of the six."""
    truth: Path
    """The actor with the emotion: another clip than the reference where there is one."""

    @property
    def name(self) -> str:
        return f"{self.setting}_{self.actor}_{self.emotion}_{self.source.stem}"


def find_clips(mead: Path, actor: str, emotion: str) -> list[Path]:
    """The frontal clips of an emotion at its strongest level, in order; none where there are none."""
    folder = mead / actor / "video" / "front" / emotion
    for level in range(STRONGEST, 0, -1):
        found = sorted((folder / f"level_{level}").glob("*.mp4"))
        if found:
            return found
    return []


def plan_tasks(mead: Path, clips: int, seed: int) -> list[Task]:
    """Both settings for all six actors and six emotions, `clips` edits each, drawn by `seed`.

    UserError where the folder is not MEAD, or an actor lacks neutral clips or an emotion.
    """
    if not mead.is_dir():
        raise UserError("no such folder", path=mead, remedy="give the folder that holds M003, W015 and so on")
    missing = [a for a in ACTORS if not (mead / a / "video" / "front").is_dir()]
    if missing:
        raise UserError(f"lacks {', '.join(f'{a}/video/front' for a in missing)}", path=mead,
                        remedy="unpack video.tar of these actors in their folders")  # fmt: skip
    known = {(a, e): find_clips(mead, a, e) for a in ACTORS for e in EMOTIONS}
    for (actor, emotion), found in known.items():
        if not found:
            raise UserError(f"{actor} has no clip of {emotion}", path=mead, remedy="unpack it whole")
    rng, tasks = np.random.default_rng(seed), []
    for i, actor in enumerate(ACTORS):
        other = ACTORS[(i + 1) % len(ACTORS)]
        for emotion in TARGETS:
            for k in range(clips):
                source, truth = (_draw(rng, known[actor, e]) for e in ("neutral", emotion))
                rest = [path for path in known[actor, emotion] if path != truth] or [truth]
                tasks.append(Task("same", actor, emotion, source, rest[k % len(rest)], truth))
                tasks.append(Task("cross", actor, emotion, source, _draw(rng, known[other, emotion]), truth))
    return tasks


def _draw(rng: np.random.Generator, found: list[Path]) -> Path:
    return found[int(rng.integers(len(found)))]
