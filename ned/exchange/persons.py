"""The expression of each person over a whole video, out of its tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ned.runtime.progress import Stage
from ned.types import Analysis, ExpressionTrack

_AT_REST = 0.05


@dataclass(frozen=True)
class PersonExpression:
    """One person; arrays run over `frames`, indices into the video, ascending."""

    person: int
    frames: Int[np.ndarray, "frames"]
    boxes: Float[np.ndarray, "frames 4"]
    expression: ExpressionTrack
    fit_error: float
    """Mean distance of face model and landmarks, as a share of the inter-ocular distance."""

    def size_px(self) -> float:
        """Median width of the face in pixels."""
        return float(np.median(self.boxes[:, 2] - self.boxes[:, 0]))

    def dominant(self, count: int = 4) -> list[tuple[str, float]]:
        """The coefficients with the largest means and these means; left and right are taken together."""
        means = dict(zip(self.expression.space.names, self.expression.pack().mean(0).tolist(), strict=True))
        merged: dict[str, list[float]] = {}
        for name, value in means.items():
            both = name.removesuffix("Left").removesuffix("Right")
            paired = both + "Left" in means and both + "Right" in means
            merged.setdefault(both if paired else name, []).append(value)
        ranked = sorted(((name, float(np.mean(v))) for name, v in merged.items()), key=lambda item: -abs(item[1]))
        return [(name, value) for name, value in ranked[:count] if abs(value) >= _AT_REST]


def person_expressions(analysis: Analysis, stage: Stage | None = None) -> list[PersonExpression]:
    """Every person of an analysis, the most prominent first, each track fitted by the canonical face model."""
    from ned.face_model import load_face_model
    from ned.fitting.least_squares import fit_face

    model, rate = load_face_model(), float(analysis.video.frame_rate)
    out = []
    for person in analysis.persons():
        tracks = analysis.tracks_of(person)
        fits = []
        for track in tracks:
            fits.append(fit_face(track, model, rate))
            if stage is not None:
                stage.advance(len(track))
        if not fits:
            continue
        packed = np.concatenate([fit.expression.pack() for fit in fits])
        out.append(
            PersonExpression(
                person,
                np.concatenate([track.frames for track in tracks]),
                np.concatenate([track.boxes for track in tracks]),
                ExpressionTrack.unpack(model.space, packed),
                float(np.concatenate([fit.reprojection_error for fit in fits]).mean()),
            )
        )
    return out
