"""Profiles of the codecs that editors work in: Apple ProRes and Avid DNxHR.

A profile stands where other encoders have a preset. Left open, it follows from the pixel format and the quality, so
that bits and chroma samples of the source are kept: 10 bits stay 10 bits (HQ, HQX), 4:4:4 stays 4:4:4 (4444, 444).
"""

from __future__ import annotations

from dataclasses import dataclass

from ned.errors import UserError


@dataclass(frozen=True)
class Profile:
    """`option` is ffmpeg's name of it; `forms` the pixel formats that it carries."""

    option: str
    forms: tuple[str, ...]


_422, _444 = ("yuv422p10le",), ("yuv444p10le", "yuva444p10le")
PROFILES = {
    "prores_ks": {
        "proxy": Profile("proxy", _422), "lt": Profile("lt", _422), "standard": Profile("standard", _422),
        "hq": Profile("hq", _422), "4444": Profile("4444", _444), "4444xq": Profile("4444xq", _444),
    },
    "dnxhd": {
        "lb": Profile("dnxhr_lb", ("yuv422p",)), "sq": Profile("dnxhr_sq", ("yuv422p",)),
        "hq": Profile("dnxhr_hq", ("yuv422p",)), "hqx": Profile("dnxhr_hqx", ("yuv422p10le",)),
        "444": Profile("dnxhr_444", ("yuv444p10le", "gbrp10le")),
    },
}  # fmt: skip
_USUAL: dict[str, dict[str, tuple[str, ...]]] = {
    "prores_ks": {"draft": ("proxy", "4444"), "good": ("hq", "4444"), "best": ("hq", "4444xq")},
    "dnxhd": {"draft": ("lb", "hqx", "444"), "good": ("hq", "hqx", "444"), "best": ("hq", "hqx", "444")},
}
"""By quality, the profiles among which the pixel format decides."""
SMALLEST = {"dnxhd": (256, 120)}
"""Width and height below which a codec does not go."""


def check_profile(encoder: str, name: str | None) -> None:
    """UserError for a profile that the encoder has not; encoders without profiles take none here."""
    known = PROFILES.get(encoder)
    if known is not None and name is not None and name not in known:
        cause = f"{encoder} has no presets but its profiles, and {name[:40]!r} is none"
        raise UserError(cause, remedy=f"choose one of: {', '.join(known)}, or leave the preset out")


def forms_of(encoder: str, name: str | None) -> tuple[str, ...] | None:
    """Pixel formats of a named profile; None where nothing is named, or the encoder has none."""
    check_profile(encoder, name)
    return PROFILES[encoder][name].forms if encoder in PROFILES and name is not None else None


def profile_of(encoder: str, quality: str, name: str | None, form: str) -> Profile:
    """The profile for pixels of the format `form`: the one that is named, else the usual for a quality (a word; a
    number counts as good). UserError for an unknown name."""
    check_profile(encoder, name)
    known = PROFILES[encoder]
    usual = _USUAL[encoder].get(quality, _USUAL[encoder]["good"])
    fitting = [candidate for candidate in ([name] if name else usual) if form in known[candidate].forms]
    return known[fitting[0] if fitting else name or usual[0]]


def check_size(encoder: str, width: int, height: int) -> None:
    """UserError where an image is too small for the codec."""
    least = SMALLEST.get(encoder, (0, 0))
    if width < least[0] or height < least[1]:
        cause = f"{encoder} takes images of {least[0]}x{least[1]} or more, not {width}x{height}"
        raise UserError(cause, remedy="use prores_ks or libx264")
