"""FLAME coefficients of a track as the field keeps them: DECA's names, order and units, as .npz or .csv."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.encoders.crop import Crop
from ned.encoders.parameters import EncodedFaces
from ned.files.atomic import atomic_path

CSV_WIDTHS = {"shape": 100, "exp": 50, "pose": 6, "cam": 3}


def write_parameters(
    path: Path,
    faces: EncodedFaces,
    frames: Int[np.ndarray, "frames"],
    times_s: Float[np.ndarray, "frames"],
    crop: Crop,
    edition: str,
) -> None:
    """Writes `path`, .npz or .csv by its ending.

    Keys of the .npz (columns of the .csv are the same with a number behind): `shape` (frames, 100) and `exp`
    (frames, 50) in standard deviations; `pose` (frames, 6): axis-angles of the root and of the jaw, rad, in FLAME's
    axes; `cam` (frames, 3): scale and shift of DECA's camera over the crop; `crop` (frames, 3): left, top and side of
    that square in pixels of the frame, which becomes 224 wide; `frame`, `time` (s); `flame`, the edition. Where there
    are: `tex`, `light` (frames, 9, 3), `detail` (frames, 128), `eyelids` (frames, 2).
    """
    pose = np.concatenate([faces.global_pose, faces.jaw_pose], 1)
    square = np.concatenate([crop.corner, crop.side[:, None]], 1)
    arrays = {"frame": frames, "time": times_s, "shape": faces.shape, "exp": faces.expression, "pose": pose,
              "cam": faces.camera, "crop": square}  # fmt: skip
    more = {"tex": faces.texture, "light": faces.light, "detail": faces.detail, "eyelids": faces.eyelids}
    arrays |= {name: array for name, array in more.items() if array is not None}
    with atomic_path(path) as temporary:
        if path.suffix.lower() == ".npz":
            kept = {k: np.asarray(a, np.float32) if np.asarray(a).dtype.kind == "f" and k != "time" else np.asarray(a)
                    for k, a in arrays.items()}  # fmt: skip
            np.savez_compressed(temporary, flame=np.array(edition), **kept)
            return
        flat = {name: np.asarray(a).reshape(len(frames), -1) for name, a in arrays.items()}
        names = [n if a.shape[1] == 1 else f"{n}_{k}" for n, a in flat.items() for k in range(a.shape[1])]
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(names) + "\n")
            for row in np.concatenate(list(flat.values()), 1).tolist():
                file.write(",".join(f"{value:.9g}" for value in row) + "\n")


def from_parameters(data: Mapping[str, np.ndarray]) -> tuple[Float[np.ndarray, "frames 51"], float]:
    """Coefficients in `flame50` and frames a second, from a .npz in DECA's layout; KeyError, ValueError for another.

    Without `time` the rate is 25.
    """
    values = np.concatenate([data["pose"][:, 3:4], data["exp"]], 1).astype(np.float32)
    if len(values) < 2 or "time" not in data:
        return values, 25.0
    return values, float(1.0 / np.median(np.diff(data["time"])))
