"""The ffmpeg program: where it is, what it can do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import lru_cache

from ned.errors import ProcessingError, UserError

_OLDEST = (6, 1)
"""First release whose encoder takes over the time base of its source."""


@lru_cache(maxsize=1)
def find_ffmpeg() -> str:
    """Path of the ffmpeg to use: `$NED_FFMPEG`, else the system's if it is 6.1 or newer and has libx264, else the
    one that imageio-ffmpeg carries. UserError where there is none."""
    chosen = os.environ.get("NED_FFMPEG")
    if chosen:
        if not shutil.which(chosen):
            raise UserError("NED_FFMPEG names no program", path=chosen, remedy="correct or unset it")
        return chosen
    system = shutil.which("ffmpeg")
    if system and _is_new(_ask(system, "-version")) and "libx264" in _ask(system, "-encoders"):
        return system
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        remedy = "pip install imageio-ffmpeg, or put ffmpeg 6.1 or newer on the PATH"
        raise UserError("no usable ffmpeg was found", remedy=remedy) from error


def ffmpeg_version() -> str:
    """The version as ffmpeg writes it, for example "7.1" or "n9.0.2-17-g2a571b6068"."""
    match = re.search(r"ffmpeg version (\S+)", _ask(find_ffmpeg(), "-version"))
    return match[1] if match else "unknown"


@lru_cache(maxsize=1)
def list_encoders() -> tuple[str, ...]:
    """Names of the video encoders that this ffmpeg was built with; hardware ones may still lack their device."""
    text = _ask(find_ffmpeg(), "-encoders")
    return tuple(re.findall(r"^ V\S{5} (\S+)", text, re.MULTILINE)[1:])


@lru_cache(maxsize=16)
def pixel_formats(encoder: str) -> tuple[str, ...]:
    """Pixel formats that an encoder takes; empty where ffmpeg does not say."""
    match = re.search(r"Supported pixel formats: (.*)", _ask(find_ffmpeg(), "-h", f"encoder={encoder}"))
    return tuple(match[1].split()) if match else ()


def _is_new(version: str) -> bool:
    match = re.search(r"ffmpeg version n?(\d+)\.(\d+)", version)
    # Builds from the development branch carry no number; they are new.
    return (int(match[1]), int(match[2])) >= _OLDEST if match else "ffmpeg version N-" in version


@lru_cache(maxsize=64)
def _ask(program: str, *arguments: str) -> str:
    command = [program, "-hide_banner", "-loglevel", "error", *arguments]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ProcessingError(f"ffmpeg cannot be run ({error})", path=program) from error
