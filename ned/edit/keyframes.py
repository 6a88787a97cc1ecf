"""One person's edit applied: a timeline of styles becomes edited expressions, whatever the manipulator.

Each distinct style and intensity is translated once over the whole track; the differences are blended by weights that
sum to one. Where every style keeps the lips closed, a blend keeps them closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned import workspace
from ned.analysis.cached import analyse_cached
from ned.config import EditOptions
from ned.config.timeline import ORIGINAL, PATH, REFERENCE, TRACK, Keyframe, PersonEdit
from ned.errors import UserError
from ned.face_model import FaceModel
from ned.fitting.least_squares import fit_face
from ned.manipulator.protocol import Articulation, Manipulator
from ned.manipulator.vitl.path import glide
from ned.runtime.progress import Progress
from ned.types import (
    AffectPath,
    Analysis,
    Edit,
    Emotion,
    ExpressionTrack,
    FaceFit,
    FaceTrack,
    Reference,
    ValenceArousal,
)
from ned.video import probe

StyleOf = Callable[[Keyframe, np.ndarray], Edit]
"""What to ask of a manipulator for a keyframe, of a track whose frames are shown at these times, seconds of the video.
"""

SHORT_REFERENCE_S = 0.5
"""Pieces of a reference that are shorter are left out where there are longer ones."""


def keyframe_weights(
    keyframes: Sequence[Keyframe], times_s: Float[np.ndarray, "frames"], start_s: float
) -> Float[np.ndarray, "frames styles"]:
    """How much of the actor's own expression (first column) and of each keyframe there is; rows sum to 1.

    A change begins at its keyframe's time and eases in and out; one that begins before the last has ended goes on
    from wherever that one is. The first keyframe is there at once where it lies at or before `start_s`, the time
    of the first frame of all.
    """
    weights = np.zeros((len(times_s), len(keyframes) + 1))
    weights[:, 0] = 1.0
    for k, key in enumerate(keyframes):
        since = times_s - key.time_s
        if k == 0 and key.time_s <= max(start_s, 0.0) + 1e-6:  # a video's first frame may lie before its zero
            share = np.ones(len(times_s))
        else:
            share = np.clip(since / max(key.transition_s or 0.0, 1e-9), 0.0, 1.0)
            share = share * share * (3 - 2 * share)
        weights *= 1.0 - share[:, None]
        weights[:, k + 1] += share
    return weights


def edit_track(
    expression: ExpressionTrack,
    articulation: Articulation,
    times_s: Float[np.ndarray, "frames"],
    start_s: float,
    frame_rate: float,
    wanted: PersonEdit,
    manipulator: Manipulator,
    style_of: StyleOf,
) -> ExpressionTrack:
    """The edited expression of one track. `times_s`: when its frames are shown, seconds of the input video.

    `style_of` gives what to ask the manipulator for a keyframe that is not the actor's own expression, at such times.
    """
    weights = keyframe_weights(wanted.keyframes, times_s, start_s)
    shares: dict[tuple, tuple[Keyframe, np.ndarray]] = {}
    for k, key in enumerate(wanted.keyframes, start=1):
        if key.style != ORIGINAL and key.intensity and weights[:, k].any():
            same = (key.style, key.references, key.place, key.path, key.intensity)
            _, before = shares.get(same, (key, 0.0))
            shares[same] = key, before + weights[:, k]
    original = expression.pack()
    edited = original.copy()
    for key, share in shares.values():
        new = manipulator.translate(expression, articulation, frame_rate, style_of(key, times_s)).pack()
        edited = edited + share[:, None].astype(original.dtype) * (new - original)
    return ExpressionTrack.unpack(expression.space, edited)


def first_time_s(analysis: Analysis, start_s: float | None) -> float:
    """When the first frame of what is processed is shown; `start_s`: where processing was asked to begin."""
    return max(start_s or 0.0, float(analysis.times_s(np.array([analysis.first_frame]))[0]))


def check_end(options: EditOptions, video: Path) -> None:
    """Raise UserError where a timeline goes past the end of the video, before any work is done."""
    times_s = [key.time_s for edit in options.timeline + options.edit for key in edit.keyframes]
    times_s += [stop.time_s for stop in options.va_path]
    if not times_s or not max(times_s):
        return
    length_s = probe(video).duration_s
    if 0 < length_s <= max(times_s):
        what = "path" if options.va_path else "timeline"
        raise UserError(
            f"the {what} goes to {max(times_s):g} s, the video ends at {length_s:.2f} s", path=video,
            remedy="give times in seconds of this video",
        )  # fmt: skip


class Styles:
    """What to ask of a manipulator for a keyframe; every reference clip is analysed and fitted once."""

    def __init__(
        self,
        model: FaceModel,
        seed: int,
        progress: Progress,
        cache: workspace.Cache | None,
        fit: Callable[[Sequence[FaceTrack], Analysis], Sequence[FaceFit]] | None = None,
    ) -> None:
        """`fit` gives the fits of tracks of an analysis; by default the model's to the landmarks."""
        self.model, self._seed, self._progress, self._cache = model, seed, progress, cache
        self._fit = fit or self._by_landmarks
        self._known: dict[Path, tuple[tuple[ExpressionTrack, ...], float]] = {}

    def __call__(self, key: Keyframe, times_s: Float[np.ndarray, "frames"]) -> Edit:
        """The manipulator's input for one keyframe, of a track with frames at these times (seconds of the input
        video), but for a `TRACK`, which is another one for each track of a person. Raises UserError for a reference
        without a face."""
        if key.style == PATH:
            return Edit(AffectPath(glide(key.path, times_s)), key.intensity, self._seed)
        if key.place is not None:
            return Edit(ValenceArousal(*key.place), key.intensity, self._seed)
        if key.style != REFERENCE:
            return Edit(Emotion(key.style), key.intensity, self._seed)
        tracks, rates = [], []
        for clip in key.references:
            pieces, rate = self._reference(clip)
            tracks += pieces
            rates += [rate] * len(pieces)
        return Edit(Reference(tuple(tracks), tuple(rates)), key.intensity, self._seed)

    def read(self, edits: Sequence[PersonEdit]) -> None:
        """Read all references that these edits need. Raises as a call does."""
        for edit in edits:
            for key in edit.keyframes:
                if key.style != TRACK:
                    self(key, np.zeros(0))

    def _reference(self, clip: Path) -> tuple[tuple[ExpressionTrack, ...], float]:
        if clip not in self._known:
            analysis = analyse_cached(clip, self._progress, cache=self._cache)
            if not analysis.tracks:
                remedy = "give a clip in which a face is at least about 60 pixels wide"
                raise UserError("no face was found in this reference", path=clip, remedy=remedy)
            rate, fits = float(analysis.video.frame_rate), self._fit(reference_tracks(analysis), analysis)
            self._known[clip] = tuple(fit.expression for fit in fits), rate
        return self._known[clip]

    def _by_landmarks(self, tracks: Sequence[FaceTrack], analysis: Analysis) -> list[FaceFit]:
        return [fit_face(track, self.model, float(analysis.video.frame_rate)) for track in tracks]


def reference_tracks(analysis: Analysis) -> tuple[FaceTrack, ...]:
    """The most prominent person's tracks, without short pieces where there are long ones."""
    mine = [track for track in analysis.tracks if track.person == analysis.persons()[0]]
    least = SHORT_REFERENCE_S * float(analysis.video.frame_rate)
    long = [track for track in mine if len(track) >= least]
    return tuple(long or mine)
