"""The encoding ffmpeg process: its command line, its input, its end."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections import deque
from fractions import Fraction
from pathlib import Path

import av
import ffmpeg

from ned.errors import NedError, ProcessingError, UserError
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


_GENERIC = re.compile(
    r"Conversion failed|maybe incorrect parameters|Task finished|Terminating thread|Nothing was written|"
    r"Error sending frames|Error submitting|Last message repeated|Error closing file|Error writing trailer|"
    r"Error opening output file|Error while opening encoder|Could not open encoder|received no packets"
)


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
    """The argument list. `cut` is the time of its first frame (s, in the file's own time) and its end (s from the
    file's start, None: to the end); the sound is cut there and shifted by the former."""
    muxer = MUXERS[path.suffix]
    turn = {"display_rotation:v:0": -like.rotation} if like.rotation else {}
    streams = [ffmpeg.input("pipe:0", format="nut", noautorotate=None, protocol_whitelist="file,pipe", **turn)["v:0"]]
    out = {
        "c:v": encoder,
        **{key if ":" in key else f"{key}:v": value for key, value in options.items()},
        "vf": _filters(like, frame, pixel_format),
        "fps_mode": "passthrough",
        "enc_time_base:v": f"{like.time_base.numerator}/{like.time_base.denominator}",
        "map_metadata": -1,
    }
    if copy_from is not None:
        original, more = _copied(copy_from, muxer, cut)
        streams += original
        out |= more
    if muxer in ("mp4", "mov"):
        out |= {"movflags": "+faststart", "video_track_timescale": like.time_base.denominator}
        if encoder in ("libx265", "hevc_nvenc", "hevc_qsv", "hevc_amf", "hevc_videotoolbox"):
            out["tag:v"] = "hvc1"  # what Apple's players want
    extra = [text for key, value in (metadata or {}).items() for text in ("-metadata", f"{key}={value}")]
    arguments = ffmpeg.output(*streams, f"file:{path.resolve()}", format=muxer, **out).compile(cmd="")[1:]
    general = ["-hide_banner", "-nostdin", "-y", "-loglevel", "error", "-copyts"]
    return [find_ffmpeg(), *general, *arguments[:-1], *extra, arguments[-1]]


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
        # the first stream that is a film, not a cover: see `open_video`
        films = [s.index for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    original = ffmpeg.input(f"file:{source.resolve()}", **where)
    streams, own = [original["a?"]], _OWN_SUBTITLE.get(muxer)
    # Once one stream's metadata is mapped by hand (the film's is), ffmpeg copies no other stream's by itself.
    if films:
        options["map_metadata:s:v:0"] = f"1:s:{films[0]}"
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


def _filters(like: VideoInfo, frame: Frame, pixel_format: str) -> str:
    """Say what the raw samples are, and convert them only where the encoder cannot take them."""
    source, colour = frame.format, like.colour
    limits = "pc" if frame.encoding.full_range or source.kind == "gbr" else "tv"
    known = {"color_primaries": colour.primaries, "color_trc": colour.transfer, "colorspace": colour.matrix}
    if source.kind == "gbr":
        known["colorspace"] = "gbr"
    said = [f"{key}={value}" for key, value in known.items() if value != "unknown"]
    if colour.range != "unknown" or source.kind == "gbr":
        said.append(f"range={limits}")
    chain = ["setparams=" + ":".join(said)] if said else []
    if pixel_format != source.name:
        scale = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        if source.kind == "gbr" and not pixel_format.startswith("gbr"):
            scale += f":out_color_matrix={frame.encoding.matrix}:out_range=tv"
        chain.append(scale)
        chain.append(f"format={pixel_format.replace('yuvj', 'yuv')}")
        if source.kind == "gbr" and not pixel_format.startswith("gbr"):
            chain.append(f"setparams=colorspace={frame.encoding.matrix}:range=tv")
    if like.sample_aspect_ratio != 1:
        chain.append(f"setsar={like.sample_aspect_ratio.numerator}/{like.sample_aspect_ratio.denominator}")
    return ",".join(chain) or "null"


class EncoderProcess:
    """ffmpeg with a NUT stream of raw frames on its standard input. `name` is the file that errors speak of."""

    def __init__(self, command: list[str], name: Path, first: av.VideoFrame, like: VideoInfo) -> None:
        self._name, self._time_base, self._said = name, like.time_base, deque(maxlen=50)
        apart = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}  # Ctrl-C is ours
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **apart
        )
        self._listener = threading.Thread(target=self._listen, name="ned-ffmpeg", daemon=True)
        self._listener.start()
        # ffmpeg's own code writes to the pipe, without a call back into Python for each piece of a frame.
        self._nut = av.open(f"pipe:{self._child.stdin.fileno()}", "w", format="nut")
        self._stream = self._nut.add_stream("rawvideo", rate=like.frame_rate)
        self._stream.width, self._stream.height = first.width, first.height
        self._stream.pix_fmt = first.format.name
        self._stream.time_base = self._stream.codec_context.time_base = like.time_base

    def send(self, picture: av.VideoFrame, pts: int) -> None:
        """Hand over one picture; waits where ffmpeg is behind. ProcessingError or UserError where it has died."""
        picture.pts, picture.time_base = pts, self._time_base
        try:
            self._nut.mux(self._stream.encode(picture))
        except (av.error.FFmpegError, OSError) as error:
            if isinstance(error, MemoryError):
                raise
            raise self._failure() from error

    def finish(self) -> None:
        """Send the rest and wait for the end; raises as `send`."""
        try:
            self._nut.mux(self._stream.encode(None))
            self._nut.close()
            self._child.stdin.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure() from error
        if self._child.wait() != 0:
            raise self._failure()

    def kill(self) -> None:
        """End it at once; harmless where it has ended."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._nut.close()
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        self._listener.join()
        self._child.stderr.close()

    def _listen(self) -> None:
        for line in self._child.stderr:
            self._said.append(line.decode(errors="replace").strip())

    def _failure(self) -> NedError:
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=5)
        self._end()
        self._listener.join()
        code = self._child.returncode
        lines = [re.sub(r"^(\[[^]]*\] ?)+", "", line) for line in self._said]
        telling = [line for line in lines if line and not _GENERIC.search(line)] or [line for line in lines if line]
        cause = telling[-1] if telling else f"it ended with {code}" if code >= 0 else f"it was ended by signal {-code}"
        return self._explain(cause)

    def _end(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _explain(self, cause: str) -> NedError:
        text = f"ffmpeg could not write it ({cause})"
        if "No space left" in cause:
            return ProcessingError(text, path=self._name, remedy="free some disk space")
        if "not currently supported in container" in cause or "codec not supported" in cause or "only VP8" in cause:
            return UserError(text, path=self._name, remedy="choose another container, .mkv takes everything")
        if "Could not write header" in cause or "Error muxing" in cause:
            remedy = "its sound or subtitles may be damaged, or not fit; try .mkv, or mend them with ffmpeg first"
            return UserError(text, path=self._name, remedy=remedy)
        if re.search(r"preset|[Oo]ption|parameter", cause):
            return UserError(text, path=self._name, remedy="check encoder, quality and preset")
        return ProcessingError(text, path=self._name)
