"""Tiny clips with known times, made with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ned.video.colour import Encoding
from ned.video.frame import Frame
from ned.video.pixel_format import describe

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "clips"
needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason="the shared clips are not here")
BT601 = Encoding("smpte170m", 0.299, 0.114, False)


def image(name: str, height: int, width: int, seed: int = 0) -> av.VideoFrame:
    """A smooth moving pattern with a little noise in any planar format."""
    form, rng = describe(name), np.random.default_rng(seed)
    frame = av.VideoFrame(width, height, name)
    dtype = np.uint8 if form.bits == 8 else np.uint16
    for k, plane in enumerate(frame.planes):
        rows, columns = form.plane_shape(k, height, width)
        y, x = np.mgrid[:rows, :columns] / max(rows, columns)
        share = 0.3 if form.kind == "yuv" and k in (1, 2) else 1.0  # colours stay inside the gamut
        wave = 0.5 + share * 0.25 * np.sin(7 * x + (5 + k) * y + 0.2 * seed + k)
        wave += share * 0.02 * rng.standard_normal((rows, columns))
        padded = np.zeros((rows, plane.line_size // dtype().itemsize), dtype)
        padded[:, :columns] = np.clip(wave, 0.1, 0.9) * (2**form.bits - 1)
        plane.update(np.ascontiguousarray(padded).tobytes().ljust(plane.buffer_size, b"\0"))
    return frame


def frame_of(name: str, height: int = 36, width: int = 48, *, rotation: int = 0, encoding: Encoding = BT601) -> Frame:
    return Frame(image(name, height, width), 0, 0, rotation, encoding)


def make_clip(
    path: Path,
    *,
    pts: list[int] | None = None,
    time_base: Fraction = Fraction(1, 12800),
    rate: Fraction = Fraction(25),
    count: int = 12,
    size: tuple[int, int] = (48, 64),
    form: str = "yuv420p",
    codec: str = "libx264",
    rotation: int = 0,
    audio: str | None = None,
    audio_start_s: float = 0.0,
    video: bool = True,
    options: dict[str, str] | None = None,
) -> Path:
    """Write `count` frames of `size` (height, width) at `pts` (default: at `rate`), and a tone of one channel."""
    if pts is None:
        pts = [round(k / rate / time_base) for k in range(count)]
    settings = {"video_track_timescale": str(time_base.denominator)} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=settings) as out:
        shown = _video(out, codec, rate, options, size, form, time_base, rotation) if video else None
        sound = out.add_stream(audio, rate=44100, layout="mono") if audio else None
        for k, at in enumerate(pts if shown else []):
            frame = image(form, *size, seed=k)
            frame.pts, frame.time_base = at, time_base
            out.mux(shown.encode(frame))
        if shown:
            out.mux(shown.encode(None))
        if sound:
            _tone(out, sound, audio_start_s, float(pts[-1] * time_base))
    return path


def _video(out, codec, rate, options, size, form, time_base, rotation) -> av.VideoStream:
    stream = out.add_stream(codec, rate=rate, options=options or {})
    stream.height, stream.width, stream.pix_fmt = *size, form
    stream.time_base = stream.codec_context.time_base = time_base
    if rotation:
        stream.set_display_rotation(-rotation)
    return stream


def _tone(out: av.container.OutputContainer, stream: av.AudioStream, start_s: float, end_s: float) -> None:
    size, at = stream.codec_context.frame_size or 1024, round(start_s * 44100)
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    while at / 44100 < end_s:
        wave = (0.2 * np.sin(2 * np.pi * 440 * (at + np.arange(size)) / 44100)).astype(np.float32)
        name = stream.codec_context.format.name
        whole = {"s16": np.int16, "s32": np.int32}.get(name[:3])
        data = (wave * np.iinfo(whole).max).astype(whole) if whole else wave
        frame = av.AudioFrame.from_ndarray(data[None], format=name, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 44100, at, Fraction(1, 44100)
        out.mux(stream.encode(frame))
        at += size
    out.mux(stream.encode(None))


def decode(path: Path) -> list[av.VideoFrame]:
    """The truth: what PyAV decodes."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def planes_of(frame: av.VideoFrame) -> list[np.ndarray]:
    return list(Frame(frame, 0, 0, 0, BT601).planes)


def packets(path: Path) -> list[list[tuple[Fraction, bytes]]]:
    """Time and bytes of each packet of each audio stream."""
    found = []
    with av.open(str(path)) as container:
        streams = [s.index for s in container.streams.audio]
    for index in streams:
        with av.open(str(path)) as container:
            stream = container.streams[index]
            found.append([(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size])
    return found
