"""From frames to the figures of a row."""

from __future__ import annotations

import math

import numpy as np

from ned.emotions import EMOTIONS
from ned.evaluation.clouds import LEAST, Clouds
from ned.evaluation.columns import Columns
from ned.evaluation.container import Container
from ned.evaluation.figures import SPECS, Row
from ned.evaluation.group import Comparison, found_both
from ned.evaluation.judges.choice import Judges
from ned.evaluation.judges.protocol import CLIP_FRAMES
from ned.evaluation.metrics import closures, pcc, psnr_of
from ned.evaluation.metrics.frechet import FID_WANTS

SIGNATURE = {
    "happy": ("mouthSmileLeft", "mouthSmileRight"),
    "sad": ("browInnerUp", "mouthFrownLeft", "mouthFrownRight", "mouthShrugLower"),
    "angry": ("browDownLeft", "browDownRight"),
    "surprised": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight"),
    "fear": ("browInnerUp", "eyeWideLeft", "eyeWideRight", "mouthStretchLeft", "mouthStretchRight"),
    "disgusted": ("mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight"),
}
"""The ARKit coefficients that carry an emotion (FACS), of those that MediaPipe's predictor moves."""

LEAST_MOVED, MOST_MOVED = 0.02, 10


def summarise(
    comparison: Comparison,
    kind: str,
    name: tuple[str, str],
    target: str | None,
    judges: Judges,
    containers: tuple[Container, Container] | None,
) -> Row:
    """The row of one video; `name` is (original, edited). The distance to real faces is added by who pools clips."""
    columns, slow = comparison.columns, comparison.slow
    figures, missing = _container(comparison, containers), {}
    if comparison.failed:
        reason = f"not comparable: {comparison.failed}"
        missing |= {spec.name: reason for spec in SPECS if spec.name not in figures}
        return Row(*name, kind, target, _finite(figures), missing)
    figures["max_time_shift_ms"] = 1e3 * float(columns["shift_s"].max())
    both = found_both(columns)
    figures |= {"face_found_original": float((columns["found_a"] > 0).mean()), "face_found_both": float(both.mean())}
    figures["psnr"] = psnr_of(float(columns["image_sse"].sum()), int(columns["image_n"].sum()))
    if not both.any():
        reason = "no frame has a face in both"
        missing |= {spec.name: reason for spec in SPECS if spec.name not in figures}
        return Row(*name, kind, target, _finite(figures), missing)
    figures |= _images(columns, slow, both) | _speech(columns, slow)
    for part in (_expression(columns, both, target, judges), _slow(slow, target, judges), _sync(comparison, judges),
                 _distribution(comparison, judges), _clips(comparison, judges), _seen(slow, judges)):  # fmt: skip
        figures |= part[0]
        missing |= part[1]
    good = _finite(figures)
    missing |= {n: _why_nan(n) for n in figures if n not in good}
    return Row(*name, kind, target, good, missing, _details(columns, slow, both, judges))


def _details(columns: Columns, slow: Columns, both: np.ndarray, judges: Judges) -> dict[str, dict[str, float]]:
    out = {}
    for judge in judges.expression:
        for side, word in (("a", "original"), ("b", "edited")):
            seen = probabilities(columns, side, judge.name)[both]
            seen = seen[np.isfinite(seen).all(1)]
            if len(seen):
                out[f"emotion_{word}@{judge.name}"] = dict(zip(EMOTIONS, seen.mean(0).tolist(), strict=True))
    names = [
        n.removeprefix("arkit_").removesuffix("_a") for n in slow.names() if n.startswith("arkit_") and n[-1] == "a"
    ]
    moved = {n: _mean(slow[f"arkit_{n}_b"] - slow[f"arkit_{n}_a"]) for n in names}
    large = sorted((n for n in names if abs(moved[n]) >= LEAST_MOVED), key=lambda n: -abs(moved[n]))[:MOST_MOVED]
    return out | ({"coefficients_moved": {n: moved[n] for n in large}} if names else {})


def _container(comparison: Comparison, containers: tuple[Container, Container] | None) -> dict[str, float]:
    if containers is None:
        return {}
    a, b = containers
    out = {"same_size": float((a.height, a.width) == (b.height, b.width)), "audio_identical": float(a.sound == b.sound)}
    # What was read counts: containers count frames, too, that edit lists hide.
    same = not comparison.failed or (not comparison.other_length and a.frames == b.frames)
    return out | {"same_frames": float(same)}


def _images(columns: Columns, slow: Columns, both: np.ndarray) -> dict[str, float]:
    outside = psnr_of(float(np.nansum(columns["outside_sse"])), int(np.nansum(columns["outside_n"])))
    with np.errstate(invalid="ignore"):
        ratio = columns["sharp_b"][both] / np.maximum(columns["sharp_a"][both], 1e-6)
    a, b = columns["flicker_a"], columns["flicker_b"]
    steady = np.isfinite(a) & np.isfinite(b)
    out = {
        "psnr_outside": outside,
        "sharpness_ratio": float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else math.nan,
        "flicker_ratio": float(b[steady].mean() / max(a[steady].mean(), 1e-6)) if steady.any() else math.nan,
    }
    return (
        out | {name: _mean(columns[name]) for name in ("fapd", "face_psnr")} | {"face_ssim": _mean(slow["face_ssim"])}
    )


def _speech(columns: Columns, slow: Columns) -> dict[str, float]:
    closed = closures(columns["lips_a"], columns["lips_b"])
    return {
        "jaw_pcc": pcc(columns["lips_a"], columns["lips_b"]),
        "blink_pcc": pcc(columns["lids_a"], columns["lids_b"]),
        "closures": float(closed.count),
        "closures_kept": closed.kept,
        "mouth_width_pcc": pcc(slow["mouth_width_a"], slow["mouth_width_b"]),
    }


def _expression(
    columns: Columns, both: np.ndarray, target: str | None, judges: Judges
) -> tuple[dict[str, float], dict[str, str]]:
    names = ("target_hit", "target_hit_original", "target_gain")
    if target is None:
        return {}, dict.fromkeys(names, "no --target")
    if not judges.expression:
        return {}, dict.fromkeys(names, judges.why_not("expression"))
    out, missing, t = {}, {}, EMOTIONS.index(target)
    for judge in judges.expression:
        before, after = (probabilities(columns, side, judge.name)[both] for side in ("a", "b"))
        good = np.isfinite(before).all(1) & np.isfinite(after).all(1)
        if not good.any():
            missing |= {f"{name}@{judge.name}": f"{judge.name} gives no finite answer" for name in names}
            continue
        before, after = before[good], after[good]
        out |= {
            f"target_hit@{judge.name}": float((after.argmax(1) == t).mean()),
            f"target_hit_original@{judge.name}": float((before.argmax(1) == t).mean()),
            f"target_gain@{judge.name}": float((after[:, t] - before[:, t]).mean()),
        }
    return out, missing


def _slow(slow: Columns, target: str | None, judges: Judges) -> tuple[dict[str, float], dict[str, str]]:
    out, missing = {}, {}
    if target is None:
        missing["signature_gain"] = "no --target"
    elif judges.landmarker is None:
        missing["signature_gain"] = judges.why_not("landmarks")
    elif target in SIGNATURE:
        moved = [slow[f"arkit_{name}_b"] - slow[f"arkit_{name}_a"] for name in SIGNATURE[target]]
        out["signature_gain"] = float(np.mean([_mean(values) for values in moved]))
    else:
        missing["signature_gain"] = f"no coefficient carries {target}"
    for judge in judges.affect:
        for name in ("valence", "arousal"):
            out[f"{name}_change@{judge.name}"] = _mean(slow[f"{name}_b@{judge.name}"] - slow[f"{name}_a@{judge.name}"])
    if not judges.affect:
        missing |= dict.fromkeys(("valence_change", "arousal_change"), judges.why_not("valence-arousal"))
    for judge in judges.identity:
        out |= {f"{n}@{judge.name}": _mean(slow[f"{n}@{judge.name}"]) for n in ("identity", "identity_floor")}
    if not judges.identity:
        missing |= dict.fromkeys(("identity", "identity_floor"), judges.why_not("identity"))
    if judges.perceptual is None:
        missing["lpips"] = judges.why_not("perceptual")
    else:
        out["lpips"] = _mean(slow["lpips"])
    return out, missing


def _sync(comparison: Comparison, judges: Judges) -> tuple[dict[str, float], dict[str, str]]:
    found = comparison.lip_sync
    if found is None:
        return {}, dict.fromkeys(("lse_d", "lse_c"), comparison.no_sync or judges.why_not("sync"))
    return {"lse_d": found.distance, "lse_c": found.confidence}, {}


def _distribution(comparison: Comparison, judges: Judges) -> tuple[dict[str, float], dict[str, str]]:
    names = ("fid", "kid", "kid_error")
    if judges.distribution is None:
        return {}, dict.fromkeys(names, judges.why_not("distribution"))
    fid, kid, count = comparison.clouds.fid(), comparison.clouds.kid(), comparison.clouds.count
    out = {} if fid is None else {"fid": fid}
    missing = {"fid": too_few_faces(comparison.clouds)} if fid is None else {}
    if kid is None:
        return out, missing | dict.fromkeys(names[1:], f"wants {LEAST} faces a side, there are {count}")
    return out | {"kid": kid.value, "kid_error": kid.standard_error}, missing


def too_few_faces(faces: Clouds) -> str:
    """Why there is no FID."""
    return f"wants {FID_WANTS} faces a side, there are {faces.count}"


def _clips(comparison: Comparison, judges: Judges) -> tuple[dict[str, float], dict[str, str]]:
    if judges.video is None:
        return {}, dict.fromkeys(("fvd", "fvd_clips"), judges.why_not("video"))
    found, count = comparison.clips.fvd(), float(comparison.clips.count)
    if found is None:
        return {"fvd_clips": count}, {"fvd": too_few_clips(comparison.clips)}
    return {"fvd": found, "fvd_clips": count}, {}


def too_few_clips(clips: Clouds) -> str:
    """Why there is no FVD."""
    wanted = f"{clips.fvd_wants} clips of {CLIP_FRAMES} frames a side" if clips.count else "clips with a face"
    return f"wants {wanted}, there are {clips.count}"


def _seen(slow: Columns, judges: Judges) -> tuple[dict[str, float], dict[str, str]]:
    """What a detector and a parser say, that see faces without the mesh."""
    out, missing = {}, {}
    if judges.detector is None:
        missing |= dict.fromkeys(("detected", "confidence_change"), judges.why_not("detector"))
    else:
        name = judges.detector.name
        before, after = (slow[f"confidence_{side}@{name}"] for side in ("a", "b"))
        there = np.isfinite(before)
        out[f"detected@{name}"] = float(np.isfinite(after[there]).mean()) if there.any() else math.nan
        out[f"confidence_change@{name}"] = _mean(after - before)
    if judges.parsing is None:
        missing["fapd_parsed"] = judges.why_not("parsing")
    else:
        out[f"fapd_parsed@{judges.parsing.name}"] = _mean(slow[f"fapd_parsed@{judges.parsing.name}"])
    return out, missing


def probabilities(columns: Columns, side: str, judge: str) -> np.ndarray:
    """What an expression judge said of each frame of one side ("a" is the original), "frames 7"."""
    return columns.table(tuple(f"{emotion}_{side}@{judge}" for emotion in EMOTIONS))


def _mean(values: np.ndarray) -> float:
    good = values[np.isfinite(values)]
    return float(good.mean()) if len(good) else math.nan


def _finite(figures: dict[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}


def _why_nan(name: str) -> str:
    figure, _, judge = name.partition("@")
    if judge or figure == "lpips":
        return f"too few frames have a face in both, or {judge or figure} gives no finite answer"
    known = {"closures_kept": "the original's lips never close", "psnr_outside": "nothing lies outside the face"}
    if figure.endswith("_pcc"):
        return "it does not move, or too few frames have a face in both"
    return known.get(figure, "too few frames have a face in both")
