"""Measures of photographs of real faces, as the distance to real expressions needs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, UnidentifiedImageError

from ned import workspace
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.evaluation.distance import LEAST, NETWORKS
from ned.evaluation.face import MEASURES, measure_faces
from ned.evaluation.judges.choice import Judges
from ned.evaluation.judges.mesh import FaceLandmarker, FaceMesh
from ned.runtime.progress import Progress

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MAX_PIXELS = 50_000_000


def measure_photographs(folder: Path, judges: Judges, progress: Progress) -> dict[str, Float[np.ndarray, "_ 8"]]:
    """The measures of every face in `folder/EMOTION/*`, by emotion; with the landmarker where it is here, else with the
    embedded mesh, as the videos will be.

    Images without a face, or that cannot be read, are left out with a note. UserError where the folder has no
    emotions, or fewer than 20 neutral faces.
    """
    files = {
        emotion: sorted(p for p in (folder / emotion).iterdir() if p.suffix.lower() in IMAGES)
        for emotion in EMOTIONS if (folder / emotion).is_dir()
    }  # fmt: skip
    if "neutral" not in files:
        raise UserError("has no folder named neutral", path=folder,
                        remedy=f"sort photographs into folders of these names: {', '.join(EMOTIONS)}")  # fmt: skip
    found: dict[str, np.ndarray] = {}
    net = FaceLandmarker(judges.landmarker) if judges.landmarker else FaceMesh(still=True)
    with net, progress.stage("measuring", sum(map(len, files.values()))) as stage:
        for emotion, paths in files.items():
            rows, without = [], 0
            for path in paths:
                rgb = _read(path)
                seen = net(rgb) if rgb is not None else None
                without += seen is None
                if seen is not None:
                    rows.append(measure_faces((seen.points if judges.landmarker else seen)[None])[0])
                stage.advance()
            if without:
                progress.note(f"{emotion}: {without} of {len(paths)} images left out: no face is found in them")
            if rows:
                found[emotion] = np.stack(rows)
    if len(found.get("neutral", ())) < LEAST:
        raise UserError(f"shows fewer than {LEAST} neutral faces", path=folder, remedy="add photographs")
    return found


def save_reference(path: Path, found: dict[str, Float[np.ndarray, "_ 8"]], landmarker: bool) -> None:
    """Write them atomically, figures only: no image can be made of them; and whether the landmarker measured. Raises as
    `workspace.atomic_path`."""
    with workspace.atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, measures=np.array(MEASURES), by=np.array(NETWORKS[landmarker]), **found)


def _read(path: Path) -> np.ndarray | None:
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            return np.ascontiguousarray(image.convert("RGB"))
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
