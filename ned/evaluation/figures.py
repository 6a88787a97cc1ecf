"""The figures of a row: what each is, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spec:
    """One figure."""

    name: str
    group: str
    said: str
    digits: int = 3
    shown: bool = True
    """Whether the terminal's table has it; JSON, CSV and the page have all."""


SPECS: tuple[Spec, ...] = (
    Spec("target_hit", "emotion", "share of frames that a judge takes for the target"),
    Spec("target_hit_original", "emotion", "the same of the original", shown=False),
    Spec("target_gain", "emotion", "mean probability of the target, edited − original"),
    Spec("signature_gain", "emotion", "mean change of the ARKit coefficients that carry the target"),
    Spec("valence_change", "emotion", "valence, edited − original, −2 to 2"),
    Spec("arousal_change", "emotion", "arousal, edited − original, −2 to 2"),
    Spec("real_distance", "realism", "distance to real faces of the target; an edit that helps is nearer", 2),
    Spec("real_distance_original", "realism", "the same of the original", 2),
    Spec("identity", "realism", "likeness of the face to the original's, cosine"),
    Spec("identity_floor", "realism", "likeness of the original's neighbouring frames, cosine", shown=False),
    Spec("detected", "realism", "share of the original's faces that another detector finds in the edit, too"),
    Spec("confidence_change", "realism", "how sure it is of them, edited − original"),
    Spec("sharpness_ratio", "realism", "sharpness in the face, edited ÷ original"),
    Spec("flicker_ratio", "realism", "flicker of the face, edited ÷ original"),
    Spec("jaw_pcc", "speech", "correlation of the lips' opening with the original's"),
    Spec("mouth_width_pcc", "speech", "correlation of the mouth's width with the original's"),
    Spec("closures_kept", "speech", "share of the original's lip closures that are kept"),
    Spec("closures", "speech", "frames of the original with closed lips", 0, shown=False),
    Spec("blink_pcc", "speech", "correlation of the lids' opening with the original's"),
    Spec("lse_d", "speech", "lip-sync error, distance of lips and sound (SyncNet); lower is better", 2),
    Spec("lse_c", "speech", "lip-sync error, confidence; higher is better", 2),
    Spec("fapd", "image", "mean distance of RGB in the face, 0 to 442", 2),
    Spec("fapd_parsed", "image", "the same in the pixels that a network takes for the original's face", 2),
    Spec("face_psnr", "image", "PSNR in the face, dB", 2),
    Spec("face_ssim", "image", "SSIM of the face's brightness"),
    Spec("lpips", "image", "LPIPS of the face"),
    Spec("fid", "image", "FID of the faces against the original's", 2),
    Spec("kid", "image", "KID of the faces against the original's", 4),
    Spec("kid_error", "image", "its standard error", 4, shown=False),
    Spec("fvd", "image", "FVD of the faces against the original's, clips of 16 frames", 2),
    Spec("fvd_clips", "image", "clips a side that it is of", 0, shown=False),
    Spec("psnr", "image", "PSNR of the whole image, dB", 2),
    Spec("psnr_outside", "image", "PSNR outside the face, dB", 2),
    Spec("face_found_original", "container", "share of the original's frames with a face", shown=False),
    Spec("face_found_both", "container", "share of frames with a face in both"),
    Spec("same_frames", "container", "1: as many frames", 0, shown=False),
    Spec("same_size", "container", "1: as large", 0, shown=False),
    Spec("audio_identical", "container", "1: the sound's packets are equal", 0),
    Spec("max_time_shift_ms", "container", "largest shift of a frame's time, ms", 1),
)  # fmt: skip
BY_NAME: Mapping[str, Spec] = {spec.name: spec for spec in SPECS}
"""Figures of a judge are named `figure@judge`."""


def spec_of(figure: str) -> Spec:
    """By the name of a figure, with or without its judge."""
    return BY_NAME[figure.split("@")[0]]


@dataclass(frozen=True)
class Row:
    """One video beside its original."""

    original: str
    edited: str
    kind: str
    """One of "edit", "copy" (the input itself), "transcode" (encoded again, nothing else), or "mean"."""
    target: str | None
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name; only what was computed, all finite."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a figure was not computed."""
    details: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Mean probability of each emotion, `emotion_original@judge` and `emotion_edited@judge`, and `coefficients_moved`:
    mean changes of ARKit coefficients by .02 or more, the largest ten."""
