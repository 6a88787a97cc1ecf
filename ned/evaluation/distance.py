"""How far edited faces are from faces that really show the emotion.

The reference is a file of measures of labelled photographs (`ned evaluate reference` makes one): `.npz`, an array
"faces 8" for each emotion, columns as `ned.evaluation.face.MEASURES`. Clips are pooled: five people or more make a
figure that means something.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.evaluation.face import MEASURES
from ned.evaluation.group import Comparison
from ned.evaluation.metrics import frechet_distance, pcc

LEAST = 20
"""Faces of an emotion below which nothing is said of it: eight measures have 36 covariances."""

LEAST_FRAMES = 10
"""Measured frames of edits, below which their covariance is singular."""

NETWORKS = {True: "the face-landmarker", False: "the embedded mesh"}
"""By whose landmarks photographs, and videos, are measured; by whether the landmarker is used."""

Reference = Mapping[str, Float[np.ndarray, "_ 8"]]


@dataclass(frozen=True)
class Change:
    """One measure, in distances of the eyes."""

    real: float
    """Photographs of the emotion minus neutral ones. Up to twice as much is natural in acted video."""
    edited_mean: float
    """Edited minus original, mean over clips."""
    edited_worst: float
    """Of the clip that is farthest from `real`."""


@dataclass(frozen=True)
class RealDistance:
    """Squared Fréchet distances of measures, each divided by its spread over all photographs."""

    emotion: str
    clips: int
    edited: float
    original: float
    neutral_photographs: float
    floor: float
    """The originals' distance to neutral photographs: what other people, speech and cameras cost."""
    changes: Mapping[str, Change]
    mouth_width_pcc_median: float
    mouth_width_pcc_worst: float
    """Both over the clips whose mouth moves; NaN where none does."""


def load_reference(path: Path, landmarker: bool | None = None) -> dict[str, Float[np.ndarray, "_ 8"]]:
    """The faces of each emotion. UserError where the file is none, lacks neutral faces, or says that it was measured by
    another network than the videos will be: by the face-landmarker, or not (`landmarker`)."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            by = str(stored["by"]) if "by" in stored.files else None
            found = {name: np.asarray(stored[name], np.float64) for name in stored.files if name in EMOTIONS}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError("is no file of measures", path=path, remedy="make one with `ned evaluate reference`") from error
    if landmarker is not None and by is not None and by != NETWORKS[landmarker]:
        raise UserError(f"was measured by {by}, this run measures by {NETWORKS[landmarker]}", path=path,
                        remedy="make it again with `ned evaluate reference`")  # fmt: skip
    for name, faces in found.items():
        if faces.ndim != 2 or faces.shape[1] != len(MEASURES) or not np.isfinite(faces).all():
            raise UserError(f"its {name!r} are not rows of {len(MEASURES)} finite measures", path=path,
                            remedy="make it again with `ned evaluate reference`")  # fmt: skip
    if len(found.get("neutral", ())) < LEAST:
        raise UserError(f"has fewer than {LEAST} neutral faces", path=path, remedy="measure more photographs")
    alike = [name for name, spread in zip(MEASURES, _spread(found), strict=True) if not spread > 0]
    if alike:
        raise UserError(f"all its faces have one {alike[0]}", path=path, remedy="measure photographs of several people")
    return found


def _spread(reference: Reference) -> Float[np.ndarray, "8"]:
    """Standard deviation of each measure over all photographs."""
    return np.concatenate(list(reference.values())).std(0)


def real_distance(comparisons: Sequence[Comparison], emotion: str, reference: Reference) -> RealDistance | None:
    """Of all frames of these edits, pooled; None where the reference or the edits have too few faces."""
    if len(reference.get(emotion, ())) < LEAST:
        return None
    edited, original = [], []
    for comparison in comparisons:
        a, b = (comparison.slow.table(tuple(f"{m}_{side}" for m in MEASURES)) for side in ("a", "b"))
        good = np.isfinite(a).all(1) & np.isfinite(b).all(1)
        if good.sum() >= 2:
            edited.append(b[good])
            original.append(a[good])
    if sum(map(len, edited)) < LEAST_FRAMES:
        return None
    scale = _spread(reference)

    def distance(clouds: list[np.ndarray], to: str) -> float:
        return frechet_distance(np.concatenate(clouds) / scale, reference[to] / scale)

    real = reference[emotion].mean(0) - reference["neutral"].mean(0)
    moved = np.array([e.mean(0) - o.mean(0) for e, o in zip(edited, original, strict=True)])
    changes = {
        name: Change(float(real[k]), float(moved[:, k].mean()), float(moved[np.abs(moved[:, k] - real[k]).argmax(), k]))
        for k, name in enumerate(MEASURES)
    }
    width = MEASURES.index("mouth_width")
    along = np.array([pcc(e[:, width], o[:, width]) for e, o in zip(edited, original, strict=True)])
    along = along[np.isfinite(along)] if np.isfinite(along).any() else np.full(1, np.nan)
    return RealDistance(
        emotion, len(edited), distance(edited, emotion), distance(original, emotion),
        frechet_distance(reference["neutral"] / scale, reference[emotion] / scale), distance(original, "neutral"),
        changes, float(np.median(along)), float(np.min(along)),
    )  # fmt: skip
