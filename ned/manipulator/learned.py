"""The learned manipulator: a network translates the coefficients, the guards keep speech and blinks.

The network runs at a nominal frame rate on what a fit sees; its answer is brought back to the video's rate
and to the strength that an edit needs. It has no state and no special cases at the ends: a track is continued
by its own end frames for as long as the network's context.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.errors import UserError
from ned.face_model import FaceModel
from ned.files.checkpoint import check_digest, load_arrays, load_checkpoint
from ned.manipulator.graphs import SHIPPED, GraphNetworks, Networks, TorchNetworks, graphs_fit
from ned.manipulator.liveliness import enliven
from ned.manipulator.protocol import Articulation, Effects, effects_of, unknown_style
from ned.manipulator.prototypes import PROTOTYPES, RESTING_SHARE, SLOW_S, sided
from ned.manipulator.resample import at_frames, resample
from ned.manipulator.settings import LATENT, NOMINAL_RATE, SEEN, ManipulatorConfig
from ned.manipulator.speech import MouthTarget, keep_all
from ned.runtime.extras import need
from ned.types import EMOTIONS, Edit, Emotion, ExpressionSpace, ExpressionTrack, Reference

KIND = "manipulator"

CHUNK = 512
"""Frames translated at once; only the network's context is read twice."""

STYLE_WINDOW_S, STYLE_HOP_S = 2.56, 0.64
"""A reference's style is the geometric median over such windows."""

SMOOTHING_S = 0.12
"""Standard deviation of the low-pass over the network's shares and what it adds: moods do not flicker. The fast part
of the source, which they multiply, stays as fast as it is."""

USUAL = (0.0, 0.0, 0.0, 0.4)
"""Mean of the latent vector: symmetric, balanced, neither calm nor lively, strong."""

ENLIVENED = 0.6
"""Share of `liveliness` that is laid over what the network knows of it."""

CHARACTER, DRIFT, DRIFT_S = 0.5, 0.5, 1.2
"""Standard deviations of the latent vector: constant for a seed, and slowly drifting over this time scale."""


class LearnedManipulator:
    """See `ned.manipulator.Manipulator`. `checkpoint` None takes the shipped one. Raises UserError for a checkpoint
    that is damaged or of another space."""

    def __init__(
        self,
        space: ExpressionSpace,
        effects: Effects,
        checkpoint: Path | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.space, self.effects = space, effects
        self._networks = networks or load_networks(checkpoint or SHIPPED, space)

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """See `Manipulator.translate`. Raises UserError where a reference is empty or in another space."""
        if expression.space.name != self.space.name:
            raise ValueError(f"the manipulator speaks {self.space.name}, the expression is in {expression.space.name}")
        asked = edit.style
        if not isinstance(asked, Emotion | Reference):
            raise unknown_style("the learned manipulator", asked, "ask for an emotion or a reference clip")
        if isinstance(asked, Emotion) and asked.name not in EMOTIONS:
            raise ValueError(f"unknown emotion {asked.name!r}; known: {', '.join(EMOTIONS)}")
        if edit.intensity == 0 or len(expression) == 0:
            return expression
        original = expression.pack()
        nominal = resample(original.astype(np.float32), frame_rate, NOMINAL_RATE)
        if isinstance(asked, Reference):
            style = self.reference_style(asked.tracks, asked.rates)
            shares = self._likeness(style)
            styles = np.broadcast_to(style, (1, len(style)))
        else:
            styles = self.emotion_styles(asked.name, edit.seed, len(nominal))
            shares = np.array([float(e == asked.name) for e in EMOTIONS])
        change = self.residual(nominal, styles) / (SEEN if self.space.name == "arkit52" else 1.0)
        change = at_frames(change, np.arange(len(original)) * (NOMINAL_RATE / frame_rate)).astype(original.dtype)
        difference = edit.intensity * change + self._resting_smile(articulation, shares, edit.intensity)
        if self.space.name == "arkit52" and isinstance(asked, Emotion):
            rng = np.random.default_rng([edit.seed, EMOTIONS.index(asked.name)])
            opening = articulation.mouth_opening
            difference = enliven(self.space, difference, opening, frame_rate, rng, ENLIVENED)
        difference = keep_all(
            self.space, difference, articulation, self.effects, _mouth(shares), frame_rate, edit.intensity
        )
        return ExpressionTrack.unpack(self.space, original + difference)

    def residual(
        self, values: Float[np.ndarray, "frames width"], styles: Float[np.ndarray, "steps style"]
    ) -> Float[np.ndarray, "frames width"]:
        """What the network adds at the nominal rate (seen scale), with one style for all frames or one for each."""
        halo = self._networks.halo
        if not halo:
            return self._overlap_add(values, styles)
        padded = np.pad(values, ((halo, halo), (0, 0)), mode="edge").astype(np.float32)
        of_frames = np.asarray(styles, np.float32)
        parts = []
        for start in range(0, len(values), CHUNK):
            stop = min(start + CHUNK, len(values))
            around = np.arange(start - halo, stop + halo).clip(0, len(of_frames) - 1)
            parts.append(self._networks.factors(padded[start : stop + 2 * halo], of_frames[around]))
        factors = gaussian_filter1d(np.concatenate(parts), SMOOTHING_S * NOMINAL_RATE, axis=0, mode="nearest")
        of_slow, of_fast, new = np.split(factors, 3, axis=1)
        slow = gaussian_filter1d(values, SLOW_S * NOMINAL_RATE, axis=0, mode="nearest", radius=halo)
        return (of_slow * slow + of_fast * (values - slow) + new).astype(np.float32)

    def _overlap_add(self, values: np.ndarray, styles: np.ndarray) -> np.ndarray:
        """For networks without context: windows at every half of their length, cross-faded."""
        window = self._networks.window
        hop = max(1, window // 2)
        starts = np.arange(-hop, len(values), hop)
        at = np.clip(starts[:, None] + np.arange(window), 0, len(values) - 1)
        of_windows = styles[np.minimum(np.clip(starts + hop, 0, None), len(styles) - 1)]
        new = self._networks.translate(values[at], of_windows)
        bell = np.hanning(window + 2)[1:-1, None].astype(np.float32)
        total = np.zeros((len(values) + 2 * window, values.shape[1]), np.float32)
        weight = np.zeros((len(total), 1), np.float32)
        for start, piece in zip(starts + hop, new, strict=True):
            total[start : start + window] += bell * piece
            weight[start : start + window] += bell
        return (total / np.maximum(weight, 1e-6))[hop : hop + len(values)] - values

    def emotion_styles(self, emotion: str, seed: int, frames: int) -> Float[np.ndarray, "frames style"]:
        """The emotion's style with a character and a slow drift that the seed decides."""
        rng = np.random.default_rng([seed, EMOTIONS.index(emotion)])
        character = CHARACTER * rng.standard_normal(LATENT)
        sigma = DRIFT_S * NOMINAL_RATE
        pad = int(4 * sigma)
        noise = gaussian_filter1d(rng.standard_normal((frames + 2 * pad, LATENT)), sigma, axis=0)[pad : pad + frames]
        latent = np.array(USUAL) + np.clip(character + DRIFT * noise * np.sqrt(2 * sigma * np.sqrt(np.pi)), -2.0, 2.0)
        return self._networks.styles(latent.astype(np.float32), np.full(frames, EMOTIONS.index(emotion)))

    def reference_style(
        self, tracks: tuple[ExpressionTrack, ...], rates: tuple[float, ...]
    ) -> Float[np.ndarray, "style"]:
        """The style of one or more reference tracks; UserError where there is nothing to see."""
        if len(rates) != len(tracks):
            raise ValueError(f"{len(tracks)} references with {len(rates)} frame rates")
        if any(track.space.name != self.space.name for track in tracks):
            raise ValueError(f"references must speak {self.space.name}")
        if not any(len(track) for track in tracks):
            raise UserError("the reference shows no face", remedy="use a clip in which a face is seen")
        found = [self.window_styles(resample(track.pack().astype(np.float32), rate, NOMINAL_RATE))
                 for track, rate in zip(tracks, rates, strict=True) if len(track)]  # fmt: skip
        return geometric_median(np.concatenate(found))

    def window_styles(self, values: Float[np.ndarray, "frames width"]) -> Float[np.ndarray, "windows style"]:
        """The encoder's styles of a track at the nominal rate, window by window."""
        length, hop = round(STYLE_WINDOW_S * NOMINAL_RATE), round(STYLE_HOP_S * NOMINAL_RATE)
        if len(values) < length:
            values = np.pad(values, ((0, length - len(values)), (0, 0)), mode="edge")
        windows = np.stack([values[i : i + length] for i in range(0, len(values) - length + 1, hop)])
        return self._networks.encode(windows.astype(np.float32))

    def _likeness(self, style: Float[np.ndarray, "style"]) -> Float[np.ndarray, "emotions"]:
        """How much a style resembles that of each emotion, 1 in sum."""
        count = len(EMOTIONS)
        known = self._networks.styles(np.array([USUAL] * count, np.float32), np.arange(count))
        distance = np.abs(known - style).mean(1)
        nearness = np.exp(-4.0 * distance / max(float(np.median(distance)), 1e-6))
        return nearness / nearness.sum()

    def _resting_smile(self, articulation: Articulation, shares: np.ndarray, intensity: float) -> np.ndarray:
        """Takes part of a smile that the fit took for a feature of the face, where the emotion takes smiles."""
        out = np.zeros((1, self.space.width), np.float32)
        if self.space.name != "arkit52" or articulation.resting_smile == 0:
            return out
        for share, emotion in zip(shares, EMOTIONS, strict=True):
            kept = PROTOTYPES[emotion].keeps.get("mouthSmile", 1.0)
            taken = min(1.0 - kept, 1.0) * RESTING_SHARE * articulation.resting_smile
            out[0, sided(self.space, "mouthSmile")] -= share * min(intensity, 1.0) * taken
        return out


def _mouth(shares: Float[np.ndarray, "emotions"]) -> MouthTarget:
    """The mouth of a mixture of emotions."""
    mouths = [PROTOTYPES[emotion].mouth for emotion in EMOTIONS]
    if shares.max() == 1.0:
        return mouths[int(shares.argmax())]
    mix = lambda name: float(sum(s * getattr(m, name) for s, m in zip(shares, mouths, strict=True)))  # noqa: E731
    return MouthTarget(**{field.name: mix(field.name) for field in fields(MouthTarget)})


def geometric_median(points: Float[np.ndarray, "n k"], rounds: int = 50) -> Float[np.ndarray, "k"]:
    """The point with the least sum of distances to all others (Weiszfeld's iteration)."""
    at = np.median(points, axis=0)
    for _ in range(rounds):
        weights = 1.0 / np.maximum(np.linalg.norm(points - at, axis=1), 1e-6)
        at = (weights[:, None] * points).sum(0) / weights.sum()
    return at.astype(points.dtype)


def load_networks(path: Path, space: ExpressionSpace) -> Networks:
    """The networks of a checkpoint, read once: as graphs where they are of the shipped ones' shape, else as torch's
    modules. UserError where the file does not fit, or torch is wanted and not installed."""
    status = path.stat() if path.exists() else None
    return _load(path, space, status and (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _load(path: Path, space: ExpressionSpace, version: tuple[int, int] | None) -> Networks:
    found = load_arrays(path, KIND, space.name)
    check_digest(path)
    config = ManipulatorConfig.build(found.config, path)
    if config.networks == "temporal" and graphs_fit(found.tensors):
        return GraphNetworks(found.tensors, config.window)
    need("torch", f"{path.name}, whose networks are not of the shipped ones' size,")
    from ned.manipulator.family import load_family

    checkpoint = load_checkpoint(path, KIND, space.name)
    return TorchNetworks(load_family(space, config, checkpoint.tensors, path))


def build(model: FaceModel, checkpoint: Path | None = None) -> LearnedManipulator:
    """See `ned.config.roles.MANIPULATORS`."""
    return LearnedManipulator(model.space, effects_of(model), checkpoint)
