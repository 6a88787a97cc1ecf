"""Compare the canonical model with another ARKit-like rig at the 68 common landmarks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.face_model import load_face_model

LANDMARKS_68 = (
    127, 234, 93, 132, 58, 136, 150, 148, 152, 377, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
"""The usual correspondence of the 68 landmarks (iBUG) and MediaPipe's face mesh."""

MOVES_CM = 0.05
"""A shape counts where its mean displacement over its five most moved landmarks exceeds this."""


def arkit_name(name: str) -> str:
    """`mouthSmile_L` -> `mouthSmileLeft`."""
    return name.replace("_L", "Left").replace("_R", "Right")


def compare(reference: Path) -> dict[str, tuple[float, float, float]]:
    """name -> (cosine of the displacements, weighted by the reference's lengths; largest length of ours; of theirs).

    The cosine of a shape is that of the concatenated 68 x 3 displacements; lengths in cm. Halves of
    a shape that we do not split (browInnerUp, cheekPuff) are added up.
    """
    model = load_face_model("canonical")
    with np.load(reference, allow_pickle=False) as data:
        index = data["landmarks68"]
        fields: dict[str, np.ndarray] = {}
        for name, field in zip(data["expression_names"].tolist(), data["expression"], strict=True):
            theirs = field[index].astype(float) * [1, -1, -1]
            whole = arkit_name(name)
            key = whole if whole in model.space.names else name.removesuffix("_L").removesuffix("_R")
            fields[key] = fields.get(key, 0) + theirs
    out = {}
    for name, theirs in fields.items():
        ours = model.basis[model.space.index(name)][list(LANDMARKS_68)].astype(float)
        lengths = np.linalg.norm(theirs, axis=1)
        if np.sort(lengths)[-5:].mean() < MOVES_CM:
            continue
        norm = np.linalg.norm(ours) * np.linalg.norm(theirs)
        cosine = float((ours * theirs).sum() / max(norm, 1e-9))
        out[name] = cosine, float(np.linalg.norm(ours, axis=1).max()), float(lengths.max())
    return out


def print_comparison(reference: Path) -> None:
    """The table, one shape a row, and the mean cosine."""
    table = compare(reference)
    print(f"{'shape':22s} {'cosine':>7s} {'ours cm':>8s} {'theirs cm':>9s}")
    for name, (cosine, ours, theirs) in table.items():
        print(f"{name:22s} {cosine:7.3f} {ours:8.2f} {theirs:9.2f}")
    print(f"{'mean of ' + str(len(table)):22s} {np.mean([row[0] for row in table.values()]):7.3f}")
