"""One pass over one video: what every frame shows by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from ned.evaluation.face import measure_faces
from ned.evaluation.judges.choice import Judges
from ned.evaluation.judges.mesh import FaceLandmarker, FaceMesh
from ned.video import probe, read_frames

STEP = 3
"""Slow judges look at every third frame."""

NOTHING: Mapping[str, np.ndarray] = {}


@dataclass(frozen=True)
class Reading:
    """One frame. The largest face is meant; None and empty where there is none, or no judge."""

    index: int
    time_s: float
    """From the first frame."""
    rgb: UInt8[np.ndarray, "h w 3"]
    points: Float[np.ndarray, "468 2"] | None = None
    measures: Float[np.ndarray, "8"] | None = None
    """In every third frame."""
    coefficients: Mapping[str, float] = field(default_factory=dict)
    """ARKit's, in every third frame."""
    expression: Mapping[str, Float[np.ndarray, "7"]] = field(default_factory=lambda: NOTHING)
    """By judge, in every frame."""
    affect: Mapping[str, Float[np.ndarray, "2"]] = field(default_factory=lambda: NOTHING)
    """By judge, in every third frame."""
    identity: Mapping[str, Float[np.ndarray, "features"]] = field(default_factory=lambda: NOTHING)
    """By judge, in every third frame."""
    confidence: Mapping[str, float] = field(default_factory=dict)
    """Of another detector, by its name, in the face that it is surest of, in every third frame; NaN where it finds
    none."""


def read_video(path: Path, judges: Judges) -> Iterator[Reading]:
    """The frames of a video in order, in constant memory. Raises as `ned.video.read_frames`."""
    time_base = probe(path).time_base
    with ExitStack() as stack:
        mesh = stack.enter_context(FaceMesh())
        landmarker = stack.enter_context(FaceLandmarker(judges.landmarker)) if judges.landmarker else None
        begin: int | None = None
        for index, frame in enumerate(read_frames(path)):
            begin = frame.pts if begin is None else begin
            time_s = float((frame.pts - begin) * Fraction(time_base))
            rgb = frame.rgb()
            yield read_image(index, time_s, rgb, mesh(rgb), judges, landmarker)


def read_image(
    index: int,
    time_s: float,
    rgb: UInt8[np.ndarray, "h w 3"],
    points: Float[np.ndarray, "468 2"] | None,
    judges: Judges,
    landmarker: FaceLandmarker | None = None,
) -> Reading:
    """What the judges say of one image."""
    now = index % STEP == 0
    fine = landmarker(rgb) if landmarker is not None and now else None
    seen = points if landmarker is None else None if fine is None else fine.points
    measures = measure_faces(seen[None])[0] if now and seen is not None else None
    names = landmarker.names if landmarker is not None else ()
    coefficients = dict(zip(names, fine.coefficients.tolist(), strict=True)) if fine is not None else {}
    confidence = {}
    if now and judges.detector is not None:
        found = judges.detector.faces(rgb).confidence
        confidence[judges.detector.name] = float(found[0]) if len(found) else float("nan")
    if points is None:
        return Reading(index, time_s, rgb, measures=measures, coefficients=coefficients, confidence=confidence)
    slow = (judges.affect, judges.identity) if now else ((), ())
    return Reading(
        index,
        time_s,
        rgb,
        points,
        measures,
        coefficients,
        {judge.name: judge.expression(rgb, points) for judge in judges.expression},
        {judge.name: judge.affect(rgb, points) for judge in slow[0]},
        {judge.name: judge.features(rgb, points) for judge in slow[1]},
        confidence,
    )
