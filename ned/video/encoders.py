"""What each encoder calls quality, speed and pixel formats."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ned.errors import UserError
from ned.types import VideoInfo
from ned.video.ffmpeg import list_encoders, pixel_formats
from ned.video.pixel_format import describe, planar_format
from ned.video.profiles import PROFILES, check_profile, check_size, forms_of, profile_of

QUALITIES = ("draft", "good", "best", "lossless")
"""Words for quality: to look at quickly; the default, hardly to be told from the source; for further editing;
bit for bit. A number is handed to the encoder as its own scale (see `ENCODERS`)."""


@dataclass(frozen=True)
class Encoder:
    """How to ask one encoder. `levels` are its numbers for draft, good and best; `scale` says what they are."""

    option: str
    levels: tuple[int, int, int]
    scale: str
    fixed: tuple[tuple[str, str], ...] = ()
    """Whatever the quality. What x264 and x265 write depends on how many frames they encode at a time, and they take as
    many as there are cores; so that number is fixed, for the same images on every machine."""
    lossless: tuple[tuple[str, str], ...] = ()
    presets: tuple[str, str] = ("", "")
    """For draft, and for all other qualities; empty where there is none."""
    even_size: bool = False
    """Whether odd sizes cannot be kept in any format."""


_CRF = "constant rate factor, 0 best to 51 worst"
_CRF63, _QP63 = "constant rate factor, 0 best to 63 worst", "quantiser, 0 best to 63 worst"
_NVENC = {"fixed": (("rc", "vbr"), ("b:v", "0")), "presets": ("p2", "p5"), "even_size": True}
_QP = "quantiser, 0 best to 51 worst"
ENCODERS = {
    "libx264": Encoder(
        "crf", (23, 17, 12), _CRF, fixed=(("threads", "3"),), lossless=(("qp", "0"),), presets=("veryfast", "medium")
    ),
    "libx265": Encoder(
        "crf", (27, 20, 15), _CRF, fixed=(("threads", "1"),), lossless=(("x265-params", "lossless=1:log-level=error"),),
        presets=("veryfast", "medium"),
    ),
    "libsvtav1": Encoder("crf", (38, 26, 18), _CRF63, presets=("10", "8"), even_size=True),
    "prores_ks": Encoder("q:v", (12, 6, 2), "quantiser, 1 best to 32 worst", fixed=(("vendor", "apl0"),)),
    "dnxhd": Encoder("", (0, 0, 0), "given by its profile"),
    "ffv1": Encoder("", (0, 0, 0), "always lossless", fixed=(("level", "3"),), lossless=(("level", "3"),)),
    "h264_nvenc": Encoder("cq", (28, 20, 15), _QP, **_NVENC),
    "hevc_nvenc": Encoder("cq", (30, 22, 17), _QP, **_NVENC),
    "av1_nvenc": Encoder("cq", (38, 28, 20), _QP63, **_NVENC),
    "h264_qsv": Encoder("global_quality", (28, 20, 15), _QP, presets=("veryfast", "medium"), even_size=True),
    "hevc_qsv": Encoder("global_quality", (30, 22, 17), _QP, presets=("veryfast", "medium"), even_size=True),
    "h264_amf": Encoder("qp_i", (28, 20, 15), _QP, fixed=(("rc", "cqp"),), even_size=True),
    "hevc_amf": Encoder("qp_i", (30, 22, 17), _QP, fixed=(("rc", "cqp"),), even_size=True),
    "h264_videotoolbox": Encoder("q:v", (50, 70, 85), "quality, 1 worst to 100 best", even_size=True),
    "hevc_videotoolbox": Encoder("q:v", (50, 70, 85), "quality, 1 worst to 100 best", even_size=True),
}  # fmt: skip


def choose_encoder(name: str) -> Encoder:
    """The encoder's description; UserError, which lists the usable ones, where ffmpeg has it not."""
    here = set(list_encoders())
    if name not in ENCODERS or name not in here:
        usable = ", ".join(e for e in ENCODERS if e in here)
        why = "this ffmpeg has it not" if name in ENCODERS else "it is not known here"
        raise UserError(f"encoder {name} cannot be used, {why}", remedy=f"choose one of {usable}")
    return ENCODERS[name]


def quality_options(
    name: str, quality: str | float | int | None, preset: str | None, form: str = ""
) -> dict[str, str]:
    """ffmpeg's options for a quality (a word of `QUALITIES`, a number, or None for good) and a preset, which is the
    profile where the codec has profiles; that follows from the pixel format `form` too."""
    encoder = ENCODERS[name]
    word = "good" if quality is None else str(quality)
    options = dict(encoder.fixed)
    if word == "lossless":
        if not encoder.lossless:
            can = ", ".join(e for e, d in ENCODERS.items() if d.lossless)
            raise UserError(f"{name} has no lossless mode", remedy=f"use one of {can}, or quality best")
        options |= dict(encoder.lossless)
    elif encoder.option:
        options[encoder.option] = _number(name, encoder, word)
        if encoder.option == "qp_i":
            options["qp_p"] = options["qp_i"]
    elif word not in QUALITIES:
        raise UserError(f"quality {word!r} means nothing to {name}", remedy="use draft, good or best")
    if name in PROFILES:
        check_profile(name, preset)
        return options | ({"profile": profile_of(name, word, preset, form).option} if form else {})
    speed = preset or encoder.presets[0 if word == "draft" else 1]
    if speed:
        if not encoder.presets[1]:
            raise UserError(f"{name} has no presets", remedy="leave the preset out")
        options["preset"] = speed
    if name == "libx265":
        options.setdefault("x265-params", "log-level=error")
    return options


_BITS_PER_PIXEL = {"draft": 0.15, "good": 0.4, "best": 0.8}


def video_bytes(info: VideoInfo, frames: int, name: str, quality: str | float | int | None) -> int:
    """About how large a video gets, rather too much than too little."""
    raw = describe(planar_format(info.pixel_format))
    samples = 1 + 2 / (1 << raw.shift_x + raw.shift_y) if raw.kind == "yuv" else raw.planes
    word = "good" if quality is None else str(quality)
    bits = _BITS_PER_PIXEL.get(word, 0.8)
    if word == "lossless" or name == "ffv1":
        bits = 0.6 * raw.bits * samples
    elif name == "prores_ks":
        bits = {"draft": 3.0, "good": 6.0}.get(word, 10.0) * (1.0 if raw.shift_x else 1.5)
    elif name == "dnxhd":  # of constant rate; small images have larger parts that are no samples
        bits = (5.0 if raw.shift_x else 10.0) + 4e5 / (info.height * info.width)
    return int(info.height * info.width * frames * bits / 8)


def _number(name: str, encoder: Encoder, word: str) -> str:
    if word in QUALITIES:
        return f"{encoder.levels[QUALITIES.index(word)]:g}"
    lowest, highest = (int(v) for v in re.search(r"(\d+) \w+ to (\d+)", encoder.scale).groups())
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not lowest <= value <= highest:
        remedy = f"use draft, good, best, lossless or {name}'s {encoder.scale}"
        raise UserError(f"quality {word!r} is not understood", remedy=remedy)
    return f"{value:g}"


def output_format(name: str, source: str, height: int, width: int, preset: str | None = None) -> str:
    """The pixel format nearest to `source` that the encoder takes at this size: never fewer chroma samples or bits
    where it can be helped, and as few more as possible; of a profile that `preset` names, where the codec has profiles,
    one that it carries. UserError where the size cannot be kept."""
    check_size(name, width, height)
    if ENCODERS[name].even_size and (height % 2 or width % 2):
        raise UserError(f"{name} needs an even width and height, not {width}x{height}", remedy="use libx264")
    wanted = describe(source)

    def fits(form: str) -> bool:
        shape = describe(form)
        return name == "ffv1" or not (width % (1 << shape.shift_x) or height % (1 << shape.shift_y))

    taken = pixel_formats(name) or (source,)
    of_profile = forms_of(name, preset)
    if of_profile is not None:
        taken = tuple(form for form in taken if form in of_profile) or of_profile
    if source in taken and fits(source):
        return source
    full = source.startswith("yuvj")

    def distance(form: str) -> tuple:
        f = describe(form)
        lost = (
            max(0, wanted.bits - f.bits)
            + 8 * max(0, f.shift_x - wanted.shift_x)
            + 8 * max(0, f.shift_y - wanted.shift_y)
        )
        lost += 100 * (f.kind == "gray") * (wanted.kind != "gray") + 100 * ("a" in f.name[:4]) * ("a" not in source[:4])
        more = abs(f.bits - wanted.bits) + abs(f.shift_x - wanted.shift_x) + abs(f.shift_y - wanted.shift_y)
        return lost, f.kind != wanted.kind, f.name.startswith("yuvj") != full, more

    usable = [form for form in taken if _is_planar(form) and fits(form)]
    if not usable:
        raise UserError(f"{name} takes no format that keeps {width}x{height}", remedy="use libx264")
    return min(usable, key=distance)


def _is_planar(form: str) -> bool:
    try:
        describe(form)
    except ValueError:
        return False
    return True
