"""Cuts as OpenTimelineIO keeps them (`edit.otio`, extra `otio`): which part of which media each clip shows.

What a clip is to show may stand in the cut itself, as the clip's metadata `ned`, by the names of the options of an
edit: `{"emotion": "sad", "intensity": 0.6}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ned.errors import UserError
from ned.files.atomic import atomic_path
from ned.files.reading import check_input
from ned.workspace.numbered import Numbered, is_numbered

MAX_BYTES = 64 * 1024**2
KEY = "ned"


@dataclass(frozen=True)
class Clip:
    """A clip of a video track. Times in seconds from the first frame of its media."""

    number: int
    """Among all clips, from 1."""
    name: str
    media: Path
    start_s: float
    end_s: float
    rate: Fraction
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """A cut, and the names of clips without media (titles, generators), which stay as they are."""

    path: Path
    clips: tuple[Clip, ...]
    without_media: tuple[str, ...]
    timeline: Any


def library() -> Any:
    """The module. UserError where it is not installed."""
    try:
        import opentimelineio
    except ImportError as error:
        raise UserError("cuts need a library that is not installed", remedy="pip install 'ned[otio]'") from error
    return opentimelineio


def read_cut(path: Path) -> Cut:
    """UserError for what is no cut, names media that are no files, or has no clip with media."""
    check_input(path, what="cut")
    if path.stat().st_size > MAX_BYTES:
        raise UserError("is larger than 64 MiB", path=path, remedy="give a cut, not its media")
    otio = library()
    try:
        timeline = otio.adapters.read_from_file(str(path), adapter_name="otio_json")
        tracks = timeline.video_tracks()
    except Exception as error:  # the library raises what it likes
        said = " ".join(str(error).split())[:120]
        raise UserError(f"is no OpenTimelineIO cut ({said})", path=path, remedy="export it as .otio again") from error
    clips, without, number = [], [], 0
    for track in tracks:
        for clip in track.find_clips():
            number += 1
            try:
                media = _media(clip, path)
                if media is None:
                    without.append(clip.name or f"clip {number}")
                else:
                    clips.append(_clip(clip, number, media, path))
            except UserError:
                raise
            except Exception as error:  # of the library, or of times and addresses that are none
                said = " ".join(str(error).split())[:120]
                raise UserError(f"clip {number} ({clip.name}) makes no sense ({said})", path=path,
                                remedy="export the cut as .otio again") from error  # fmt: skip
    if not clips:
        raise UserError("has no clip with media", path=path, remedy="relink its media and export it again")
    return Cut(path, tuple(clips), tuple(without), timeline)


def write_relinked(cut: Cut, edited: Mapping[int, tuple[Path, int, int]], target: Path) -> None:
    """The cut with edited media: by the clip's number its file, and how many frames of handles it has before and after
    the clip's own. Media beside `target` are named by their names alone. Raises as `atomic_path`."""
    otio = library()
    timeline, number = cut.timeline.deepcopy(), 0
    for track in timeline.video_tracks():
        for clip in track.find_clips():
            number += 1
            if number in edited:
                path, before, after = edited[number]
                span = clip.trimmed_range()
                rate = span.start_time.rate
                whole = otio.opentime.TimeRange(
                    otio.opentime.RationalTime(span.start_time.value - before, rate),
                    otio.opentime.RationalTime(span.duration.value + before + after, rate),
                )
                clip.source_range = span
                clip.media_reference = _reference(otio, path, target, whole, rate)
            elif hasattr(clip.media_reference, "target_url_base"):
                clip.media_reference.target_url_base = str(_media(clip, cut.path).parent.resolve())
            elif _media(clip, cut.path) is not None:  # relative names counted from the old cut
                clip.media_reference.target_url = str(_media(clip, cut.path).resolve())
    with atomic_path(target) as part:
        otio.adapters.write_to_file(timeline, str(part), adapter_name="otio_json")


def _clip(clip: Any, number: int, media: Path, path: Path) -> Clip:
    span, available = clip.trimmed_range(), clip.media_reference.available_range
    first = available.start_time if available is not None else None
    start = _seconds(span.start_time) - (_seconds(first) if first is not None else 0)
    length = _seconds(span.duration)
    if start < 0 or length <= 0:
        raise UserError(f"clip {number} ({clip.name}) shows what its media have not", path=path,
                        remedy="relink its media, so that their range is known")  # fmt: skip
    options = clip.metadata.get(KEY, {})
    rate = Fraction(span.duration.rate).limit_denominator(1001)
    return Clip(number, clip.name, media, float(start), float(start + length), rate, dict(options))


def _seconds(time: Any) -> Fraction:
    return Fraction(time.value) / Fraction(time.rate).limit_denominator(1001)


def _media(clip: Any, cut: Path) -> Path | None:
    """The file or the numbered images that a clip shows; None where it has none."""
    reference = clip.media_reference
    if hasattr(reference, "target_url_base"):
        digits = max(1, int(reference.frame_zero_padding))
        name = f"{reference.name_prefix}%0{digits}d{reference.name_suffix}"
        return _local(reference.target_url_base.rstrip("/") + "/", cut) / name
    url = getattr(reference, "target_url", "")
    return _local(url, cut) if url else None


def _local(url: str, cut: Path) -> Path:
    """A path out of a path or a file: address; relative ones count from the cut."""
    parts = urlsplit(url)
    if parts.scheme and len(parts.scheme) > 1 and (parts.scheme != "file" or parts.netloc not in ("", "localhost")):
        raise UserError(f"names media that are no file of this computer ({url[:80]})", path=cut,
                        remedy="copy the media here and relink them")  # fmt: skip
    return cut.parent / Path(unquote(parts.path) if parts.scheme == "file" else url)


def _reference(otio: Any, path: Path, target: Path, span: Any, rate: float) -> Any:
    near = path.parent.resolve() == target.parent.resolve()
    if not is_numbered(path):
        return otio.schema.ExternalReference(path.name if near else str(path.resolve()), span)
    pattern = Numbered.of(path)
    return otio.schema.ImageSequenceReference(
        target_url_base="." if near else str(path.parent.resolve()), name_prefix=pattern.before,
        name_suffix=pattern.after, frame_zero_padding=pattern.digits, rate=rate, available_range=span,
        start_frame=(pattern.numbers() or (0,))[0],
    )  # fmt: skip
