"""What one step of training sees, drawn from a corpus or from labelled tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.spaces import mirrored
from ned.manipulator.corpus.overlays import (
    LATENT,
    Display,
    Events,
    half_seen,
    onset_offset,
    overlay,
    random_display,
    random_mood,
    removed_share,
    slow_part,
    taken_back,
)
from ned.types import ExpressionSpace

LABEL_INTENSITY = 1.08
"""Of what an emotion's label asks for; networks answer with medians, which fall a little short."""


@dataclass(frozen=True)
class Batch:
    """Windows of `window + 2 * halo` frames; targets and references where they are known."""

    source: Float[np.ndarray, "batch frames width"]
    source_emotion: Int[np.ndarray, "batch"]
    reference: Float[np.ndarray, "batch frames width"]
    """Another person's window of the target emotion."""
    target_emotion: Int[np.ndarray, "batch"]
    latent: Float[np.ndarray, "batch latent"]
    by_label: Float[np.ndarray, "batch frames width"] | None = None
    """The true answer for the emotion's label and `latent`; None where data has no pairs."""
    by_reference: Float[np.ndarray, "batch frames width"] | None = None
    """The true answer for the style of `reference`."""


@runtime_checkable
class BatchSource(Protocol):
    """Gives batches; the same generator state gives the same batch."""

    space: ExpressionSpace

    def draw(self, batch: int, frames: int, rng: np.random.Generator) -> Batch:
        """`batch` windows of `frames` frames."""
        ...


class SyntheticBatches:
    """Overlays on clean tracks, made as they are needed: every batch shows other displays, moods and flanks."""

    def __init__(self, space: ExpressionSpace, clean: Float[np.ndarray, "people frames width"]) -> None:
        self.space, self._clean = space, clean
        self._slow, self._events = slow_part(clean), Events.of(space, clean)
        self._mirror = np.array(mirrored(space))

    def draw(self, batch: int, frames: int, rng: np.random.Generator) -> Batch:
        """See `BatchSource`. Half of the sources show another emotion; the rest a mood or nothing."""
        clean, slow, stress, pause = self._windows(batch, frames, rng)
        before = random_display(self.space, batch, rng, (0.3, 1.1))
        plain = rng.random(batch) < 0.35
        strength = np.where(plain, 0.0, 1.0)[:, None] * onset_offset(batch, frames, rng)
        met = half_seen(before, self.space, rng)
        shown = overlay(self.space, clean, stress, pause, met) * strength[..., None]
        mood = random_mood(self.space, batch, rng)[:, None] * onset_offset(batch, frames, rng)[..., None]
        source = np.clip(clean + shown + mood * (rng.random(batch) < 0.5)[:, None, None], 0.0, 1.0).astype(np.float32)

        shows = random_display(self.space, batch, rng)
        reference = self.references(batch, frames, half_seen(shows, self.space, rng), rng, moods=0.3)
        emotion = shows.emotion
        removed = removed_share(self.space)[emotion][:, None]
        left = source - removed * (source - clean) + taken_back(self.space, clean, slow, emotion)
        plainly = Display(emotion, np.full(batch, LABEL_INTENSITY, np.float32), shows.latent, np.ones_like(shows.gains))
        return Batch(
            source, np.where(plain, 0, before.emotion), reference, emotion, shows.latent,
            (left + overlay(self.space, clean, stress, pause, plainly)).astype(np.float32),
            (left + overlay(self.space, clean, stress, pause, _imitated(shows))).astype(np.float32),
        )  # fmt: skip

    def references(
        self, batch: int, frames: int, display: Display, rng: np.random.Generator, moods: float = 0.0
    ) -> Float[np.ndarray, "batch frames width"]:
        """Windows of other people who show this, as a fit sees them; a share of them in a mood without a name."""
        clean, _, stress, pause = self._windows(batch, frames, rng)
        shown = clean + overlay(self.space, clean, stress, pause, display)
        if moods > 0:
            shown = shown + (random_mood(self.space, batch, rng) * (rng.random((batch, 1)) < moods))[:, None]
        return np.clip(shown, 0.0, 1.0).astype(np.float32)

    def _windows(self, batch: int, frames: int, rng: np.random.Generator):
        people, length = self._clean.shape[:2]
        who = rng.integers(people, size=batch)
        reach = frames // 3  # windows may stick out: the ends of a track look as they do in use
        start = rng.integers(-reach, max(length - frames + reach, 1 - reach), size=batch)
        at = np.clip(start[:, None] + np.arange(frames), 0, length - 1)
        pick = lambda values: values[who[:, None], at]  # noqa: E731
        clean, slow = pick(self._clean), pick(self._slow)
        flip = rng.random(batch) < 0.5
        clean[flip], slow[flip] = clean[flip][..., self._mirror], slow[flip][..., self._mirror]
        return clean, slow, pick(self._events.stress), pick(self._events.pause)


class LabelledBatches:
    """Windows of labelled tracks, as MEAD and Aff-Wild2 give them: no pairs."""

    def __init__(self, space: ExpressionSpace, tracks: list[Float[np.ndarray, "frames width"]], labels: list[int]):
        self.space, self._tracks, self._labels = space, tracks, np.array(labels)
        self._of = {int(e): np.flatnonzero(self._labels == e) for e in np.unique(self._labels)}

    def draw(self, batch: int, frames: int, rng: np.random.Generator) -> Batch:
        """See `BatchSource`; emotions are drawn evenly."""
        known = np.array(sorted(self._of))
        before, target = rng.choice(known, batch), rng.choice(known, batch)
        cut = lambda emotions: np.stack([self._cut(int(e), frames, rng) for e in emotions])  # noqa: E731
        latent = rng.standard_normal((batch, LATENT)).astype(np.float32)
        return Batch(cut(before), before, cut(target), target, latent)

    def _cut(self, emotion: int, frames: int, rng: np.random.Generator) -> np.ndarray:
        track = self._tracks[rng.choice(self._of[emotion])]
        start = rng.integers(min(0, len(track) - frames), max(len(track) - frames, 0) + 1)
        return track[np.clip(start + np.arange(frames), 0, len(track) - 1)].astype(np.float32)


class MixedBatches:
    """Each batch from one of several sources, drawn by their shares."""

    def __init__(self, sources: list[BatchSource], shares: list[float]) -> None:
        self.space, self._sources = sources[0].space, sources
        self._shares = np.array(shares) / sum(shares)

    def draw(self, batch: int, frames: int, rng: np.random.Generator) -> Batch:
        """See `BatchSource`."""
        return self._sources[rng.choice(len(self._sources), p=self._shares)].draw(batch, frames, rng)


def _imitated(shows: Display) -> Display:
    """The display that a reference asks for: weak ones more strongly than they are seen, for a fit takes much of
    a lasting expression for a feature of the face."""
    return Display(shows.emotion, 0.5 + 0.5 * shows.intensity, shows.latent, shows.gains)
