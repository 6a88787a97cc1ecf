"""Expressions that a file gives for a person, as styles of that person's tracks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.config.timeline import Keyframe
from ned.edit.keyframes import StyleOf
from ned.exchange.livelink import read_expression
from ned.types import Analysis, Edit, ExpressionTrack, FaceTrack, Track


def given_styles(
    path: Path, tracks: Sequence[FaceTrack], own: Sequence[ExpressionTrack], analysis: Analysis
) -> list[StyleOf]:
    """For each track of a person what to ask of `ned.manipulator.playback`. `own`: the person's expression there.

    The file is one for all shots: what has no times is matched to all frames of the person together. Raises as
    `read_expression`.
    """
    times_s = np.concatenate([analysis.times_s(track.frames) for track in tracks])
    whole = read_expression(path, joined(own), times_s, analysis.video.frame_rate)
    ends = np.cumsum([len(track) for track in tracks])[:-1]
    pieces = [ExpressionTrack.unpack(whole.space, piece) for piece in np.split(whole.pack(), ends)]
    return [partial(_wanted, piece) for piece in pieces]


def joined(parts: Sequence[ExpressionTrack]) -> ExpressionTrack:
    """Several tracks one after another."""
    return ExpressionTrack.unpack(parts[0].space, np.concatenate([part.pack() for part in parts]))


def _wanted(expression: ExpressionTrack, key: Keyframe, times_s: Float[np.ndarray, "frames"]) -> Edit:
    return Edit(Track(expression), 1.0 if key.intensity is None else key.intensity)
