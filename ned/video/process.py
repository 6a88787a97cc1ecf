"""The encoding ffmpeg process: its input, its end."""

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

from ned.errors import NedError, ProcessingError, UserError
from ned.types import VideoInfo

_GENERIC = re.compile(
    r"Conversion failed|maybe incorrect parameters|Task finished|Terminating thread|Nothing was written|"
    r"Error sending frames|Error submitting|Last message repeated|Error closing file|Error writing trailer|"
    r"Error opening output file|Error while opening encoder|Could not open encoder|received no packets|"
    r"Could not write header"
)

_UNFITTING = re.compile(
    r"not currently supported in container|codec not supported|[Oo]nly VP8|only supported in|Could not find tag"
)


def explain(said: list[str], code: int, path: Path) -> NedError:
    """The error for what ffmpeg said before it ended with `code`."""
    lines = [re.sub(r"^(\[[^]]*\] ?)+", "", line) for line in said]
    telling = [line for line in lines if line and not _GENERIC.search(line)] or [line for line in lines if line]
    cause = telling[-1] if telling else f"it ended with {code}" if code >= 0 else f"it was ended by signal {-code}"
    text = f"ffmpeg could not write it ({cause})"
    if "No space left" in " ".join(lines):
        return ProcessingError(text, path=path, remedy="free some disk space")
    if _UNFITTING.search(cause):
        return UserError(text, path=path, remedy="choose another container, .mkv takes everything")
    if re.search(r"Could not write header|Error muxing|sample rate not set", cause):
        remedy = "its sound or subtitles may be damaged, or not fit; try .mkv, or mend them with ffmpeg first"
        return UserError(text, path=path, remedy=remedy)
    if re.search(r"preset|[Oo]ption|parameter", cause):
        return UserError(text, path=path, remedy="check encoder, quality and preset")
    return ProcessingError(text, path=path)


class _Fed:
    """ffmpeg with a stream in the container `form` on its standard input. `name` is the file that errors speak of."""

    def __init__(self, command: list[str], name: Path, form: str, options: dict[str, str]) -> None:
        self._name, self._said = name, deque(maxlen=50)
        apart = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}  # Ctrl-C is ours
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **apart
        )
        self._listener = threading.Thread(target=self._listen, name="ned-ffmpeg", daemon=True)
        self._listener.start()
        # ffmpeg's own code writes to the pipe, without a call back into Python for each piece of a frame.
        self._pipe = av.open(f"pipe:{self._child.stdin.fileno()}", "w", format=form, options=options)

    def _send(self, packets: list[av.Packet] | av.Packet) -> None:
        """Hand over packets; waits where ffmpeg is behind. ProcessingError or UserError where it has died."""
        try:
            self._pipe.mux(packets)
        except (av.error.FFmpegError, OSError) as error:
            if isinstance(error, MemoryError):
                raise
            raise self._failure() from error

    def finish(self) -> None:
        """Wait for the end; ProcessingError or UserError where it is no good one."""
        try:
            self._pipe.close()
            self._child.stdin.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure() from error
        if self._child.wait() != 0:
            raise self._failure()

    def kill(self) -> None:
        """End it at once; harmless where it has ended."""
        self._end()
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._pipe.close()
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
        return explain(list(self._said), code, self._name)

    def _end(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()


class EncoderProcess(_Fed):
    """Raw frames in the format of `first`, to be encoded; NUT carries their exact times."""

    def __init__(self, command: list[str], name: Path, first: av.VideoFrame, like: VideoInfo) -> None:
        super().__init__(command, name, "nut", {})
        self._time_base = like.time_base
        self._stream = self._pipe.add_stream("rawvideo", rate=like.frame_rate)
        self._stream.width, self._stream.height = first.width, first.height
        self._stream.pix_fmt = first.format.name
        self._stream.time_base = self._stream.codec_context.time_base = like.time_base

    def send(self, image: av.VideoFrame, pts: int) -> None:
        """Hand over one image."""
        image.pts, image.time_base = pts, self._time_base
        self._send(self._stream.encode(image))

    def finish(self) -> None:
        self._send(self._stream.encode(None))
        super().finish()


class MuxerProcess(_Fed):
    """Packets of a stream like `template`, to be copied; see `ned.video.command.pipe_form`."""

    def __init__(
        self, command: list[str], name: Path, template: av.VideoStream, time_base: Fraction, form: str
    ) -> None:
        options = {}
        if form != "nut":
            options = {"movflags": "+empty_moov+default_base_moof+frag_every_frame", "use_editlist": "0"}
            options["video_track_timescale"] = str(time_base.denominator)
        super().__init__(command, name, form, options)
        self._stream = self._pipe.add_stream_from_template(template, opaque=True)
        self._stream.time_base = self._time_base = time_base

    def send(self, packet: av.Packet, pts: int, dts: int, duration: int) -> None:
        """Hand over one packet; no time may be negative."""
        packet.stream = self._stream
        packet.time_base = self._time_base
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        self._send(packet)
