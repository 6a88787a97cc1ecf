"""An image as a frame, and as an analysis of one frame, so that all of video's stages take it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from jaxtyping import Float, UInt, UInt8

from ned.analysis.store import LandmarkStore
from ned.analysis.tracklets import Tracklet
from ned.stills.upright import StillImage
from ned.types import Analysis, Colour, FaceTrack, Shot, VideoInfo
from ned.video import Frame, Stills
from ned.video.colour import Encoding

RATE = 25.0
"""Frames a second of an image that is held; nothing depends on it but lengths of filters."""

_ENCODING = Encoding("bt709", 0.2126, 0.0722, full_range=True)
"""Samples are RGB; its matrix is not used."""


def frame_of(pixels: UInt[np.ndarray, "h w 3"]) -> Frame:
    """The image's own samples, uint8 or uint16, as a frame."""
    deep = pixels.dtype == np.uint16
    height, width = pixels.shape[:2]
    coded = av.VideoFrame(width, height, "gbrp16le" if deep else "gbrp")
    for plane, channel in zip(coded.planes, (1, 2, 0), strict=True):
        stride = plane.line_size // pixels.dtype.itemsize
        rows = np.frombuffer(plane, pixels.dtype)[: height * stride].reshape(height, stride)
        rows[:, :width] = pixels[..., channel]
    return Frame(coded, 0, 0, 0, _ENCODING)


def pixels_of(frame: Frame) -> UInt[np.ndarray, "h w 3"]:
    """The inverse of `frame_of`."""
    green, blue, red = frame.planes[:3]
    return np.stack([red, green, blue], 2)


class OneFrame(Stills):
    """Gives the image, whichever frame is asked for."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __call__(self, index: int) -> Frame | None:
        return self._frame

    def together(self, indices: Iterable[int]) -> list[Frame | None]:
        return [self._frame for _ in indices]


def analyse_image(image: StillImage, rgb: UInt8[np.ndarray, "h w 3"]) -> Analysis:
    """Every face of an image as a track of one frame, the most prominent first. `rgb`: its pixels in 8 bits."""
    from ned.analysis.tracking import ShotTracker

    tracker = ShotTracker()
    tracker.cut(0)
    tracker.update(0, rgb)
    tracklets = [s for s in tracker.finish() if s.confirmed]
    tracklets.sort(key=lambda s: -_prominence(s.boxes[0], rgb.shape[:2]))
    tracks = _tracks(tracklets, tracker.store)
    tracker.store.close()
    tracker.skins.close()
    return Analysis(_info(image), 1, (Shot(0, 1),), tracks, 0, np.zeros(1))


def held(track: FaceTrack, landmarks: Float[np.ndarray, "478 3"]) -> FaceTrack:
    """The same face with other landmarks, for example in the pixels of a part of the image."""
    box = np.concatenate([landmarks[:468, :2].min(0), landmarks[:468, :2].max(0)]).astype(np.float32)
    return FaceTrack(track.person, track.shot, track.frames, box[None], landmarks[None].astype(np.float32))


def _tracks(tracklets: list[Tracklet], store: LandmarkStore) -> tuple[FaceTrack, ...]:
    if not tracklets:
        return ()
    rows = np.array(store.rows(), np.float32)
    return tuple(
        FaceTrack(
            number, Shot(0, 1), np.zeros(1, np.int64), np.array(s.boxes[:1], np.float32), rows[s.rows[0]][None]
        )
        for number, s in enumerate(tracklets, start=1)
    )


def _prominence(box: Float[np.ndarray, "xyxy=4"], size: tuple[int, int]) -> float:
    """Size × centrality, as in video."""
    centre = (box[:2] + box[2:]) / 2 / np.array(size[::-1])
    side = float(np.sqrt(np.prod(box[2:] - box[:2])))
    return side * (1.0 - 0.5 * min(1.0, 2.0 * float(np.abs(centre - 0.5).max())))


def _info(image: StillImage) -> VideoInfo:
    height, width = image.pixels.shape[:2]
    return VideoInfo(
        image.path, image.kind.lower(), image.kind.lower(), f"rgb{3 * image.bits}", image.bits, height, width,
        Fraction(int(RATE)), Fraction(1, int(RATE)), 1, 1.0 / RATE, 0, Fraction(1), Colour(), (),
    )  # fmt: skip
