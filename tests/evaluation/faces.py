"""Tiny clips with a real face (NASA's portrait in scikit-image, public domain), and judges of known answers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

FRAMES = 30


def write_clip(path: Path, frames, *, sound: bool = False, crf: int = 8) -> Path:
    """H.264 at 25 frames a second, of frames "h w 3"; with `sound`, a tone."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        tone = out.add_stream("aac", rate=16000, layout="mono") if sound else None
        for k, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if tone is not None:
            wave = np.sin(np.arange(16000 * len(frames) // 25) / 6).astype(np.float32)[None]
            for begin in range(0, wave.shape[1], 1024):
                block = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, begin : begin + 1024]), "fltp", "mono")
                block.sample_rate, block.pts = 16000, begin
                out.mux(tone.encode(block))
            out.mux(tone.encode(None))
    return path


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """RGB, 288 pixels square, with one face."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:288, 90:378])


@pytest.fixture(scope="session")
def talk(portrait) -> list[np.ndarray]:
    """Frames of the portrait, whose mouth opens and closes, with a little noise of a camera."""
    rng, out = np.random.default_rng(0), []
    rows, columns = np.mgrid[: portrait.shape[0], : portrait.shape[1]].astype(np.float32)
    for k in range(FRAMES):
        # Below the lips the image is pulled down, by up to 9 pixels.
        opening = 4.5 * (1 - np.cos(2 * np.pi * k / 12))
        below = 1 / (1 + np.exp(-(rows - 147) / 2)) * np.exp(-(((columns - 133) / 40) ** 2))
        moved = cv2.remap(portrait, columns, rows - (opening * below).astype(np.float32), cv2.INTER_LINEAR)
        out.append(np.clip(moved + rng.normal(0, 1.5, moved.shape), 0, 255).astype(np.uint8))
    return out


@pytest.fixture(scope="session")
def original(talk, tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("originals") / "talk.mp4", talk, sound=True)


class MouthJudge:
    """Calls wide mouths happy, all others neutral."""

    name = "wide-mouth"

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def expression(self, rgb, points):
        from ned.emotions import EMOTIONS
        from ned.evaluation.face import MEASURES, measure_faces

        out = np.zeros(len(EMOTIONS))
        wide = measure_faces(points[None])[0, MEASURES.index("mouth_width")] > self.threshold
        out[EMOTIONS.index("happy" if wide else "neutral")] = 1.0
        return out


def rows(evaluation):
    """Of an evaluation of one pair, by kind."""
    return {row.kind: row for row in evaluation.rows}
