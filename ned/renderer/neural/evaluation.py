"""How near a renderer comes to frames of an actor that it never saw: self-reenactment.

The last share of a clip is held out. A method gets the faces (geometry) of those frames and the frames before them, and
has to paint the held-out frames; the truth is known. MAE is the mean absolute error of the channels, 0 to 255. It is
not the paper's face average pixel distance (`ned.evaluation.metrics.fapd`), of the three together, which is larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ned.errors import UserError
from ned.geometry.articulation import lips_over_brow
from ned.models import find_model, model_named
from ned.renderer.neural.memory import features, warp_views
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.mesh import OVAL
from ned.runtime.progress import Stage

HELD_OUT = 0.1
OPEN_PERCENTILE = 90
"""Frames whose mouth is open further than in so many percent of those trained on are the open-mouth subset."""

MOUTH_MARGIN = 1.35
"""Size of the mouth's region, in lips."""

MOST_PSNR = 100.0
"""dB; of images that are equal."""

_OUTER_LIPS = [*UPPER[-1].tolist(), *LOWER[-1].tolist()]

Generator = Callable[[CropSequence, CropSequence], Float[np.ndarray, "n s s 3"]]
"""(held-out frames, of which only the geometry may be looked at; frames of the same person) → images, RGB 0 to 1."""


@dataclass(frozen=True)
class RegionFigures:
    """Means over frames, each a mean over the pixels of a region."""

    mae: float
    psnr: float
    """dB."""
    ssim: float
    lpips: float = math.nan
    """NaN where AlexNet's weights are not there."""


@dataclass(frozen=True)
class Figures:
    """What was measured over some frames."""

    frames: int
    face: RegionFigures
    mouth: RegionFigures


@dataclass(frozen=True)
class Row:
    """One method on one person."""

    person: str
    method: str
    everything: Figures
    opened: Figures | None
    """Of the open-mouth subset; None where no held-out frame belongs to it."""


def face_region(face: Float[np.ndarray, "v 3"], size: int) -> Bool[np.ndarray, "s s"]:
    """Pixels inside the face's outline, a little away from it: on the outline hair and background move."""
    return cv2.erode(_filled(face[list(OVAL), :2], size), np.ones((3, 3), np.uint8), iterations=max(1, size // 48)) > 0


def mouth_region(face: Float[np.ndarray, "v 3"], size: int) -> Bool[np.ndarray, "s s"]:
    """Pixels of lips, what is between them, and some skin around."""
    lips = face[_OUTER_LIPS, :2]
    middle = lips.mean(0)
    hull = cv2.convexHull((middle + MOUTH_MARGIN * (lips - middle)).astype(np.float32))[:, 0]
    return _filled(hull, size) > 0


def mae(
    made: Float[np.ndarray, "s s 3"], truth: Float[np.ndarray, "s s 3"], region: Bool[np.ndarray, "s s"]
) -> float:
    """Mean absolute difference in a region, 0 to 255."""
    return 255.0 * float(np.abs(made - truth)[region].mean())


def psnr(
    made: Float[np.ndarray, "s s 3"], truth: Float[np.ndarray, "s s 3"], region: Bool[np.ndarray, "s s"]
) -> float:
    """Peak signal-to-noise ratio in a region, dB."""
    if np.array_equal(made[region], truth[region]):
        return MOST_PSNR
    return min(MOST_PSNR, float(peak_signal_noise_ratio(truth[region], made[region], data_range=1.0)))


def ssim_map(made: Float[np.ndarray, "s s 3"], truth: Float[np.ndarray, "s s 3"]) -> Float[np.ndarray, "s s"]:
    """Structural similarity around every pixel (7×7 window), mean of the channels."""
    _, full = structural_similarity(made, truth, channel_axis=2, data_range=1.0, full=True)
    return full.mean(2).astype(np.float32)


@lru_cache(maxsize=1)
def perceptual_judge() -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """LPIPS (AlexNet) as a map over the pixels: by the package `lpips` where it and its network are there, else our own
    with the network of `ned models fetch alexnet`; None without either. Nothing is fetched."""
    import torch

    try:
        import lpips
    except (ImportError, RuntimeError):  # the latter where torchvision does not fit the installed torch
        lpips = None
    if lpips is None or not list(Path(torch.hub.get_dir(), "checkpoints").glob("alexnet-*")):
        return _own_judge()
    judge = lpips.LPIPS(net="alex", spatial=True, verbose=False).eval()

    def difference(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
        pair = [torch.from_numpy(2.0 * x.transpose(2, 0, 1)[None].astype(np.float32) - 1.0) for x in (made, truth)]
        with torch.inference_mode():
            return judge(*pair)[0, 0].numpy()

    return difference


def _own_judge() -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    import torch

    from ned.models.lpips import lpips_map

    path = find_model(model_named("alexnet"))
    if path is None:
        return None
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        lpips_map(np.zeros((64, 64, 3), np.float32), np.zeros((64, 64, 3), np.float32), weights)
    except Exception as error:  # a damaged archive raises anything
        raise UserError("holds no weights of AlexNet", path=path, remedy="fetch it again") from error
    return lambda made, truth: lpips_map(made, truth, weights)


def open_mouths(test: CropSequence, train: CropSequence) -> Bool[np.ndarray, "n"]:
    """Which frames of `test` belong to the open-mouth subset."""
    return lips_over_brow(test.faces) > np.percentile(lips_over_brow(train.faces), OPEN_PERCENTILE)


def measure_frames(
    made: Float[np.ndarray, "n s s 3"],
    frames: UInt8[np.ndarray, "n s s 3"],
    faces: Float[np.ndarray, "n v 3"],
) -> Figures:
    """The figures of images beside the truth; at least one frame."""
    judge, values = perceptual_judge(), {face_region: [], mouth_region: []}
    size = frames.shape[1]
    for image, frame, face in zip(made, frames, faces, strict=True):
        truth = frame.astype(np.float32) / 255.0
        image = np.clip(image, 0.0, 1.0).astype(np.float32)
        alike = ssim_map(image, truth)
        perceived = judge(image, truth) if judge else None
        for find, rows in values.items():
            region = find(face, size)
            if region.any():
                seen = math.nan if perceived is None else float(perceived[region].mean())
                similar = float(alike[region].mean())
                rows.append((mae(image, truth, region), psnr(image, truth, region), similar, seen))
    means = [np.mean(rows, axis=0).tolist() if rows else [math.nan] * 4 for rows in values.values()]
    return Figures(len(frames), *(RegionFigures(*row) for row in means))


def warp_of_nearest(test: CropSequence, reference: CropSequence) -> Float[np.ndarray, "n s s 3"]:
    """The yardstick without a network: the frame of the reference whose face is nearest, bent to the wanted one."""
    known = features(reference.faces, reference.size)["whole"]
    wanted = features(test.faces, test.size)["whole"]
    out = []
    for face, described in zip(test.faces, wanted, strict=True):
        k = int(np.linalg.norm(known - described, axis=1).argmin())
        out.append(warp_views([[(reference.frames[k], reference.faces[k], 1.0)]], face)[0][0])
    return np.stack(out)


def self_reenactment(
    generators: Mapping[str, Generator], train: CropSequence, test: CropSequence, stage: Stage | None = None
) -> list[Row]:
    """A row for each method on one person: `test` painted with the appearance of `train`, crops of one size."""
    opened, rows = open_mouths(test, train), []
    for method, generate in generators.items():
        made = generate(test, train)
        everything = measure_frames(made, test.frames, test.faces)
        some = measure_frames(made[opened], test.frames[opened], test.faces[opened]) if opened.any() else None
        rows.append(Row(test.person, method, everything, some))
        if stage is not None:
            stage.advance()
    return rows


def mean_rows(rows: Iterable[Row], name: str = "mean") -> list[Row]:
    """For each method the mean over people, every person counting the same."""
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    return [
        Row(
            name, method, _mean([row.everything for row in found]),
            _mean([row.opened for row in found if row.opened is not None]),
        )
        for method, found in by_method.items()
    ]  # fmt: skip


def print_rows(rows: Sequence[Row], unseen: frozenset[str] = frozenset()) -> None:
    """One line a person and method, then the means, to standard output; `unseen` people are marked by a star."""
    perceived = any(not math.isnan(row.everything.face.lpips) for row in rows)
    names = ("mae", "psnr", "ssim", "lpips") if perceived else ("mae", "psnr", "ssim")
    people = list(dict.fromkeys(row.person for row in rows))
    means = mean_rows(rows) if len(people) > 1 else []
    seen = [row for row in rows if row.person not in unseen]
    if seen and len(seen) < len(rows):
        means += mean_rows([row for row in rows if row.person in unseen], "mean, unseen")
    wide = max(12, *(len(row.person) + 2 for row in [*rows, *means]))
    groups = "".join(f"{title:>{8 * len(names)}s}" for title in ("face", "mouth", "open: face", "open: mouth"))
    print(f"{'':{wide}s}{'':10s}{'frames':>7s}{groups}")
    print(f"{'':{wide}s}{'':10s}{'':7s}" + "".join(f"{name:>8s}" for _ in range(4) for name in names))
    for row in [*rows, *means]:
        person = row.person + (" *" if row.person in unseen else "")
        cells = []
        for figures in (row.everything, row.opened):
            for region in ("face", "mouth"):
                found = getattr(figures, region) if figures else None
                cells += [_cell(name, getattr(found, name) if found else math.nan) for name in names]
        print(f"{person:{wide}s}{row.method:10s}{row.everything.frames:7d}{''.join(cells)}")
    if unseen:
        print("* not trained on before the fine-tuning")


def _cell(name: str, value: float) -> str:
    digits = 3 if name in ("ssim", "lpips") else 2
    return f"{'–':>8s}" if math.isnan(value) else f"{value:8.{digits}f}"


def _mean(found: list[Figures]) -> Figures | None:
    if not found:
        return None
    regions = []
    for name in ("face", "mouth"):
        values = [getattr(figures, name) for figures in found]
        regions.append(
            RegionFigures(*(float(np.mean([getattr(v, f) for v in values])) for f in ("mae", "psnr", "ssim", "lpips")))
        )
    return Figures(sum(figures.frames for figures in found), *regions)


def _filled(points: Float[np.ndarray, "n 2"], size: int) -> UInt8[np.ndarray, "s s"]:
    out = np.zeros((size, size), np.uint8)
    cv2.fillPoly(out, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    return out
