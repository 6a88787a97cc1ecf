"""What a browser can play, and an H.264 proxy of what it cannot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av

from ned.errors import Cancelled, ProcessingError
from ned.files.atomic import atomic_path
from ned.types import VideoInfo
from ned.video.ffmpeg import find_ffmpeg
from ned.video.probe import OPTIONS

PROXY = "proxy.mp4"
PROXY_HEIGHT = 720
_LAST_BYTES = 4096
"""Of what ffmpeg complains of, that are read where it failed."""
_SOUND = {"mp4": ("aac", "mp3", "opus", "flac"), "webm": ("opus", "vorbis")}
_IMAGE = {"mp4": ("h264", "vp9", "av1"), "webm": ("vp8", "vp9", "av1")}


def plays(info: VideoInfo) -> bool:
    """Whether today's browsers show a file as it is, sound included. HEVC is not asked for: browsers say that they play
    it, and show nothing, where the machine's decoder is missing."""
    names = info.container.split(",")
    matroska = "webm" in names and info.path.suffix.lower() == ".webm"
    family = "mp4" if "mp4" in names else "webm" if matroska else ""
    if not family or info.codec.replace("libdav1d", "av1") not in _IMAGE[family] or info.pixel_format != "yuv420p":
        return False
    sound = all(stream.codec.replace("float", "") in _SOUND[family] for stream in info.audio[:1])
    return sound and info.height * info.width <= 1920 * 1088 and not _has_edits(info)


def _has_edits(info: VideoInfo) -> bool:
    """Whether the image does not begin at zero, which players show in different ways."""
    with av.open(str(info.path), options=OPTIONS) as container:
        return bool(container.streams.video[0].start_time)


def make_proxy(source: Path, proxy: Path, cancelled: Callable[[], bool] = lambda: False) -> None:
    """Write what a browser plays: H.264, 8 bits, up to 720 lines, frames at their own times. Raises ProcessingError,
    and Cancelled."""
    whitelists = [word for name, value in OPTIONS.items() for word in (f"-{name}", value)]
    scale = f"scale='trunc(iw*sar*min(1,{PROXY_HEIGHT}/ih)/2)*2':'trunc(min(ih,{PROXY_HEIGHT})/2)*2',setsar=1"
    with atomic_path(proxy) as part:
        command = [
            find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", *whitelists, "-i", str(source),
            "-map", "0:v:0", "-map", "0:a:0?", "-vf", scale, "-fps_mode", "passthrough", "-c:v", "libx264",
            "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2",
            "-movflags", "+faststart", "-map_metadata", "-1", "-y", str(part),
        ]  # fmt: skip
        with tempfile.TemporaryFile() as complaints:  # a pipe would be full after some thousand damaged frames
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": complaints}
            with subprocess.Popen(command, **quiet) as child:
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, child.pid, 5)
                while child.poll() is None:
                    try:
                        child.wait(0.2)
                    except subprocess.TimeoutExpired:
                        if cancelled():
                            child.kill()
                            raise Cancelled("the proxy is not needed any more") from None
            if child.returncode:
                complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _LAST_BYTES))
                said = complaints.read().decode("utf-8", "replace").strip().split("\n")[-1]
                raise ProcessingError(f"no proxy could be made ({said[:200]})", path=source.name)


def loudness(source: Path, points: int, duration_s: float) -> list[float]:
    """How loud the first sound stream is, 0 to 1 (−50 to 0 dB of full scale), in `points` equal parts of the video;
    empty where it has no sound. Streams."""
    import numpy as np

    power, count = np.zeros(points), np.zeros(points)
    with av.open(str(source), options=OPTIONS, metadata_errors="replace") as container:
        if not container.streams.audio or duration_s <= 0:
            return []
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", 8000)
        try:
            for frame in container.decode(stream):
                for part in resampler.resample(frame):
                    samples = part.to_ndarray()[0].astype(np.float64)
                    times_s = float(part.time or 0.0) + np.arange(len(samples)) / 8000
                    bins = np.clip((times_s / duration_s * points).astype(int), 0, points - 1)
                    power += np.bincount(bins, samples**2, points)
                    count += np.bincount(bins, minlength=points)
        except av.error.FFmpegError:
            pass  # what could be decoded
    level = 10 * np.log10(np.maximum(power / np.maximum(count, 1), 1e-10))
    return [round(float(v), 3) for v in np.clip(1 + level / 50, 0, 1)]
