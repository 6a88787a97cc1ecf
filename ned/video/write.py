"""Encoding through an ffmpeg process, with exact times and the original's sound copied.

Raw frames go as a NUT stream, which carries their exact times, from memory into ffmpeg's standard input; the
original is its second input, of which everything but the image is copied. Against encoding and muxing in
this process (PyAV) that costs one copy of each frame through a pipe, and it keeps the encoder on other
cores, takes whatever encoder the user's ffmpeg has, hardware ones too, and copies sound, subtitles,
chapters and metadata by ffmpeg's own rules. Measured on 720p (libx264 medium, two cores, decoding included):
35 ms a frame through the pipe, 39 in this process, 40 for ffmpeg alone. `scripts/bench/video.py` measures it.

Every frame keeps its time exactly in .mp4 and .mov, to half a millisecond in .mkv. The average rate is kept
where the rate is constant; where it varies it differs a little, since the last frame's duration is not known.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import warnings
from pathlib import Path
from types import TracebackType

from ned.errors import NedError, ProcessingError, UserError
from ned.files.atomic import give_name
from ned.types import VideoInfo
from ned.video.command import MUXERS, encode_command
from ned.video.encoders import choose_encoder, output_format, quality_options
from ned.video.frame import Frame
from ned.video.process import EncoderProcess
from ned.video.read import MediaWarning


class VideoWriter:
    """Writes frames to `path`, which appears under its name only when all went well. Use as a context manager.

    `like` gives time base, rotation, aspect ratio and colours. `encoder`, `quality` and `preset` are those of
    `ned.video.encoders`: a word of `QUALITIES` or a number on the encoder's own scale. All sound of `audio_from`
    is copied packet by packet, with subtitles, chapters and metadata where the container takes them;
    `start_s`, `end_s` (seconds as for `read_frames`) say which part of it was cut out, and then time starts at
    zero with the first frame. `metadata` is added to the file's.

    UserError, before any work: the path is the input, its folder is missing or may not be written to, the
    encoder is unknown, its quality or preset not understood. ProcessingError: ffmpeg failed; the cause is its
    own last word. A change of pixel format that the encoder forces is said by a `MediaWarning`.
    """

    def __init__(
        self,
        path: str | Path,
        like: VideoInfo,
        *,
        encoder: str = "libx264",
        quality: str | float | int | None = None,
        preset: str | None = None,
        audio_from: str | Path | None = None,
        start_s: float | int | None = None,
        end_s: float | int | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        self.path, self.like, self.encoder = Path(path), like, encoder
        self.audio_from = Path(audio_from) if audio_from is not None else None
        self.start_s, self.end_s, self.metadata = start_s, end_s, dict(metadata or {})
        self.frames = 0
        choose_encoder(encoder)
        self._quality, self._preset = quality, preset
        quality_options(encoder, quality, preset)
        _check_output(self.path, [like.path, *([self.audio_from] if self.audio_from else [])])
        self._temporary = self.path.parent / f".ned-{secrets.token_hex(6)}{self.path.suffix.lower()}"
        self._process: EncoderProcess | None = None
        self._shift = 0

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, frame: Frame) -> None:
        """Encode one frame. Times must rise; all frames have the same format and size."""
        try:
            if self._process is None:
                self._start(frame)
            self._process.send(frame.image, frame.pts - self._shift)
            self.frames += 1
        except NedError:
            self.abort()
            raise

    def close(self) -> None:
        """Finish the file and give it its name. UserError where no frame was written."""
        if self._process is None:
            raise UserError("no frame was written", path=self.path, remedy="check the input and the cut")
        try:
            self._process.finish()
            give_name(self._temporary, self.path)
        except OSError as error:
            raise ProcessingError(f"cannot be finished ({error.strerror})", path=self.path) from error
        finally:
            self.abort()

    def abort(self) -> None:
        """Stop ffmpeg and remove what it has written. Harmless after `close`."""
        if self._process is not None:
            self._process.kill()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _start(self, frame: Frame) -> None:
        image, source = frame.image, frame.format.name
        chosen = output_format(self.encoder, source, image.height, image.width, self._preset)
        if chosen != source:
            text = f"{self.path}: {self.encoder} does not take {source} at {image.width}x{image.height}"
            warnings.warn(MediaWarning(f"{text}; writing {chosen}"), stacklevel=4)
        cut = self.start_s is not None or self.end_s is not None
        self._shift = frame.pts if cut else 0
        command = encode_command(
            self._temporary,
            self.like,
            frame,
            encoder=self.encoder,
            options=quality_options(self.encoder, self._quality, self._preset, chosen),
            pixel_format=chosen,
            copy_from=self.audio_from,
            cut=(frame.pts * self.like.time_base, self.end_s) if cut else None,
            metadata=self.metadata,
        )
        self._process = EncoderProcess(command, self.path, image, self.like)


def _check_output(path: Path, inputs: list[Path]) -> None:
    if path.suffix.lower() not in MUXERS:
        raise UserError("its suffix names no container", path=path, remedy=f"end it in one of {', '.join(MUXERS)}")
    if path.is_dir():
        raise UserError("is a folder", path=path, remedy="name a file")
    for other in inputs:
        if path.exists() and other.exists() and os.path.samefile(path, other):
            raise UserError("is the input itself", path=path, remedy="choose another output")
    folder = path.parent
    if not folder.is_dir():
        raise UserError("its folder does not exist", path=path, remedy=f"create {folder}")
    trial = folder / f".ned-{secrets.token_hex(6)}"
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise UserError(f"cannot be written ({error.strerror})", path=path, remedy="choose another folder") from error
