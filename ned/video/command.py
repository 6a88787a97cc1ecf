"""Command lines of ffmpeg: encode a whole file, encode one segment, put a file together."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import ffmpeg

from ned.types import VideoInfo
from ned.video.ffmpeg import find_ffmpeg
from ned.video.frame import Frame
from ned.video.probe import OPTIONS
from ned.video.read import start_time_s

MUXERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".ts": "mpegts",
}
"""Suffixes and what ffmpeg calls their containers."""

_TEXT_SUBTITLES = {"mov_text", "subrip", "ass", "webvtt", "text"}
_OWN_SUBTITLE = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}


def encode_command(
    path: Path,
    like: VideoInfo,
    frame: Frame,
    *,
    encoder: str,
    options: dict[str, str],
    pixel_format: str,
    copy_from: Path | None = None,
    cut: tuple[Fraction, float | int | None] | None = None,
    metadata: dict[str, str] | None = None,
) -> list[str]:
    """Raw frames from standard input become the whole file. `cut` is the time of its first frame (s, in the file's own
    time) and its end (s from the file's start, None: to the end); the sound is cut there and shifted by the former."""
    out = _encoding(like, frame, encoder, options, pixel_format)
    return _finish(path, like, encoder, out, copy_from, cut, metadata)


def segment_command(
    path: Path, like: VideoInfo, frame: Frame, *, encoder: str, options: dict[str, str], pixel_format: str
) -> list[str]:
    """Raw frames from standard input become a NUT file without sound, which keeps their times exactly."""
    out = _encoding(like, frame, encoder, options, pixel_format)
    # The first packets are decoded before time zero where there are B-frames; nothing may be shifted for that.
    out |= {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
    return _compiled([_piped(like)], path, "nut", out)


def assemble_command(
    path: Path,
    like: VideoInfo,
    frame: Frame,
    *,
    encoder: str,
    pixel_format: str,
    offset_s: Fraction = Fraction(0),
    copy_from: Path | None = None,
    cut: tuple[Fraction, float | int | None] | None = None,
    metadata: dict[str, str] | None = None,
) -> list[str]:
    """Encoded packets from standard input, moved by `offset_s`, become the whole file. The rest as `encode_command`;
    the same input gives the same bytes."""
    out = {"c:v": "copy", "fflags": "+bitexact"}
    # Not every codec says its colours in its packets, and NUT says none.
    names = {"color_primaries": "color_primaries:v", "color_trc": "color_trc:v", "colorspace": "colorspace:v"}
    said = _tags(like, frame, pixel_format)
    out |= {names[key]: "rgb" if value == "gbr" else value for key, value in said.items() if key in names}
    if "range" in said:
        out["color_range:v"] = said["range"]
    # ffmpeg takes the offset in microseconds, less than half a unit of any usual time base
    moved = {"format": "nut" if pipe_form(encoder) == "nut" else "mov", "itsoffset": f"{float(offset_s):.6f}"}
    return _finish(path, like, encoder, out, copy_from, cut, metadata, moved)


def pipe_form(encoder: str) -> str:
    """In which container packets go through a pipe. Fragmented MOV carries the exact times at which they are shown and
    decoded; NUT leaves the latter to be guessed, which is only safe for a codec that never reorders frames."""
    return "nut" if encoder == "ffv1" else "mp4" if "av1" in encoder else "mov"


def trial_command(path: Path, copy_from: Path) -> list[str] | None:
    """What is copied of `copy_from` goes into a short file, to see whether the container takes it; None: nothing is."""
    streams, options = _copied(copy_from, MUXERS[path.suffix.lower()], None)
    with av.open(str(copy_from.resolve()), options=OPTIONS, metadata_errors="replace") as container:
        if not container.streams.audio and len(streams) == 1:
            return None
    # Without a video the maps of its metadata name nothing; without -copyts the copied part is really short.
    kept = {k: v for k, v in options.items() if not k.startswith(("map_metadata", "map_chapters"))}
    command = _compiled(streams, path, MUXERS[path.suffix.lower()], kept | {"t": 0.5})
    return [part for part in command if part != "-copyts"]


def _piped(like: VideoInfo, **options: object) -> ffmpeg.nodes.FilterableStream:
    """The video on standard input."""
    turn = {"display_rotation:v:0": -like.rotation} if like.rotation else {}
    whitelist = OPTIONS["protocol_whitelist"]
    options = {"format": "nut", **options}
    return ffmpeg.input("pipe:0", noautorotate=None, protocol_whitelist=whitelist, **turn, **options)["v:0"]


def _encoding(like: VideoInfo, frame: Frame, encoder: str, options: dict[str, str], pixel_format: str) -> dict:
    """Options for the video's encoder."""
    return {
        "c:v": encoder,
        **{key if ":" in key else f"{key}:v": value for key, value in options.items()},
        "vf": _filters(like, frame, pixel_format),
        "fps_mode": "passthrough",
        "enc_time_base:v": f"{like.time_base.numerator}/{like.time_base.denominator}",
    }


def _finish(
    path: Path,
    like: VideoInfo,
    encoder: str,
    out: dict,
    copy_from: Path | None,
    cut: tuple[Fraction, float | int | None] | None,
    metadata: dict[str, str] | None,
    piped: dict[str, str] | None = None,
) -> list[str]:
    """The command line for a whole file: the video by the options `out`, and all else from `copy_from`."""
    muxer = MUXERS[path.suffix.lower()]
    streams = [_piped(like, **(piped or {}))]
    out = {**out, "map_metadata": -1}
    if copy_from is not None:
        original, more = _copied(copy_from, muxer, cut)
        streams += original
        out |= more
    if muxer in ("mp4", "mov"):
        out |= {"movflags": "+faststart", "video_track_timescale": like.time_base.denominator}
        if encoder in ("libx265", "hevc_nvenc", "hevc_qsv", "hevc_amf", "hevc_videotoolbox"):
            out["tag:v"] = "hvc1"  # what Apple's players want
    extra = [text for key, value in (metadata or {}).items() for text in ("-metadata", f"{key}={value}")]
    return _compiled(streams, path, muxer, out, extra)


def _compiled(streams: list, path: Path, muxer: str, out: dict, extra: list[str] | None = None) -> list[str]:
    arguments = ffmpeg.output(*streams, f"file:{path.resolve()}", format=muxer, **out).compile(cmd="")[1:]
    general = ["-hide_banner", "-nostdin", "-y", "-loglevel", "error", "-copyts"]
    return [find_ffmpeg(), *general, *arguments[:-1], *(extra or []), arguments[-1]]


def _copied(source: Path, muxer: str, cut: tuple[Fraction, float | int | None] | None) -> tuple[list, dict]:
    """What is copied of the original, and with which options."""
    where = dict(OPTIONS)
    options = {"c:a": "copy", "map_metadata": 1, "map_chapters": 1 if cut is None else -1}
    with av.open(str(source.resolve()), options=OPTIONS, metadata_errors="replace") as container:
        if cut is not None:
            begin, end_s = cut
            where |= {"seek_timestamp": 1, "ss": f"{float(begin):.6f}", "itsoffset": f"{-float(begin):.6f}"}
            options["copypriorss"] = 0
            if end_s is not None:
                options["t"] = f"{float(start_time_s(container) + Fraction(end_s) - begin):.6f}"
        texts = [_subtitle_codec(s) for s in container.streams.subtitles]
        sounds = len(container.streams.audio)
        # the first stream that is a video, not a cover: see `open_video`
        videos = [s.index for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    original = ffmpeg.input(f"file:{source.resolve()}", **where)
    streams, own = [original["a?"]], _OWN_SUBTITLE.get(muxer)
    # Once one stream's metadata is mapped by hand (the video's is), ffmpeg copies no other stream's by itself.
    if videos:
        options["map_metadata:s:v:0"] = f"1:s:{videos[0]}"
    options |= {f"map_metadata:s:a:{k}": f"1:s:a:{k}" for k in range(sounds)}
    kept = [k for k, text in enumerate(texts) if own and text in _TEXT_SUBTITLES]
    for k, place in enumerate(kept):
        streams.append(original[f"s:{place}"])
        options[f"map_metadata:s:s:{k}"] = f"1:s:s:{place}"
        options[f"c:s:{k}"] = (
            "copy" if texts[place] == own or muxer == "matroska" and texts[place] != "mov_text" else own
        )
    return streams, options


def _subtitle_codec(stream: av.subtitles.stream.SubtitleStream) -> str:
    name = stream.codec_context.name if stream.codec_context else ""
    return {"srt": "subrip", "ssa": "ass"}.get(name, name)


def _tags(like: VideoInfo, frame: Frame, pixel_format: str) -> dict[str, str]:
    """What the encoded samples are, as ffmpeg's `setparams` names it; what the source leaves unsaid stays unsaid."""
    source, colour = frame.format, like.colour
    known = {"color_primaries": colour.primaries, "color_trc": colour.transfer, "colorspace": colour.matrix}
    limits = "pc" if frame.encoding.full_range or source.kind == "gbr" else "tv"
    if source.kind == "gbr":
        known["colorspace"] = "gbr"
    said = {key: value for key, value in known.items() if value != "unknown"}
    if colour.range != "unknown" or source.kind == "gbr":
        said["range"] = limits
    if source.kind == "gbr" and not pixel_format.startswith("gbr"):
        said |= {"colorspace": frame.encoding.matrix, "range": "tv"}
    return said


def _filters(like: VideoInfo, frame: Frame, pixel_format: str) -> str:
    """Say what the raw samples are, and convert them only where the encoder cannot take them."""
    source = frame.format
    said = _tags(like, frame, source.name)
    chain = ["setparams=" + ":".join(f"{key}={value}" for key, value in said.items())] if said else []
    if pixel_format != source.name:
        scale = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        if source.kind == "gbr" and not pixel_format.startswith("gbr"):
            scale += f":out_color_matrix={frame.encoding.matrix}:out_range=tv"
        elif "range" in said and source.kind != "gbr":  # swscale takes grey for full range, whatever is said
            scale += f":in_range={said['range']}:out_range={said['range']}"
        chain.append(scale)
        chain.append(f"format={pixel_format.replace('yuvj', 'yuv')}")
        if "range" in said and source.kind != "gbr":
            chain.append(f"setparams=range={said['range']}")
        if source.kind == "gbr" and not pixel_format.startswith("gbr"):
            chain.append(f"setparams=colorspace={frame.encoding.matrix}:range=tv")
    if like.sample_aspect_ratio != 1:
        chain.append(f"setsar={like.sample_aspect_ratio.numerator}/{like.sample_aspect_ratio.denominator}")
    return ",".join(chain) or "null"
