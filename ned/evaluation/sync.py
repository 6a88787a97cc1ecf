"""LSE-D and LSE-C of a video while it is read: lips at 25 images a second, features in a file, not in memory."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int16, UInt8

from ned.evaluation.judges.choice import Judges
from ned.evaluation.judges.protocol import SYNC_IMAGES, SYNC_ROWS, SYNC_SIDE, SyncJudge
from ned.evaluation.metrics.lip_sync import LipSync, lip_sync
from ned.evaluation.reading import Reading, read_video
from ned.evaluation.sound import RATE, STEP, WINDOW, mfcc, read_sound
from ned.video import probe, read_frames

PER_S = 25
"""Images a second that SyncNet was trained on. Of another rate the image that is shown at each 25th is taken."""
SLACK_S = 0.001
MARGIN, STEADY = 0.4, 13
"""What is shown around a face, and over how many images (as many before as after) its place is the median, as where
the measure was published."""
BLOCK = 64
"""Images, or windows of sound, worked on at once."""


def lip_sync_of(path: Path, net: SyncJudge) -> LipSync | None:
    """The measure of one video by itself. Raises as `read_video` and `SyncTrack.finish`."""
    track = SyncTrack(net)
    for reading in read_video(path, Judges()):
        track(reading)
    return track.finish(path)


class SyncTrack:
    """Called with one video's frames in order; then `finish`. Where no face is found a window ends."""

    def __init__(self, net: SyncJudge) -> None:
        self._net, self._features = net, tempfile.TemporaryFile()  # noqa: SIM115 (closed by `finish`)
        self._at: list[int] = []
        self._width = 0
        self._images: list[UInt8[np.ndarray, "224 224 3"]] = []
        self._first = 0
        """Tick of the first of these."""
        self._waiting: deque[UInt8[np.ndarray, "h w 3"]] = deque()
        """For the places of the images after them."""
        self._places: deque[Float[np.ndarray, "3"]] = deque(maxlen=STEADY)
        self._last: Reading | None = None
        self._tick = 0

    def __call__(self, reading: Reading) -> None:
        """Take the next frame."""
        if self._last is not None:
            while self._tick / PER_S < reading.time_s - SLACK_S:
                self._take(self._last)
        self._last = reading

    def end(self) -> None:
        """There are no more frames."""
        while self._last is not None and self._tick / PER_S <= self._last.time_s + SLACK_S:
            self._take(self._last)
        self._end_run()

    def finish(self, path: Path) -> LipSync | None:
        """The measure of the whole, with the sound of the file; None without sound, or with less than a window of
        either. Raises ProcessingError where the sound cannot be decoded."""
        self.end()
        begin_s = float(next(read_frames(path)).pts * probe(path).time_base)
        samples = read_sound(path, begin_s)
        # as published: the shorter of both counts, less a window
        windows = min(self._tick, len(samples) // (RATE // PER_S)) - SYNC_IMAGES
        at = np.array([tick for tick in self._at if tick < windows], np.int64)
        with self._features, tempfile.TemporaryFile() as heard:
            if not len(at):
                return None
            self._features.flush()
            for block in sound_features(self._net, samples, windows):
                heard.write(np.ascontiguousarray(block, np.float32).tobytes())
            heard.flush()
            lips = np.memmap(self._features, np.float32, "r", shape=(len(self._at), self._width))[: len(at)]
            return lip_sync(lips, np.memmap(heard, np.float32, "r", shape=(windows, self._width)), at=at)

    def _take(self, reading: Reading) -> None:
        if reading.points is None:
            self._end_run()
        else:
            if not self._places:
                self._first = self._tick
            self._places.append(place_of(reading.points))
            self._waiting.append(reading.rgb)
            if len(self._waiting) > STEADY // 2:
                self._cut_out()
        self._tick += 1

    def _end_run(self) -> None:
        """No face follows those that were seen."""
        while self._waiting:
            self._cut_out()
        self._flush()
        self._images = []
        self._places.clear()

    def _cut_out(self) -> None:
        """The face of the first image that waits, by the places around it; there are fewer at the ends of a run."""
        rgb, after = self._waiting[0], len(self._waiting) - 1
        near = list(self._places)[-(STEADY // 2 + 1 + after) :]
        self._images.append(face_crop(rgb, np.median(near, axis=0)))
        self._waiting.popleft()
        if len(self._images) >= BLOCK + SYNC_IMAGES - 1:
            self._flush()

    def _flush(self) -> None:
        """Work off the images that are cut out; the last four go on into the next window."""
        if len(self._images) >= SYNC_IMAGES:
            found = self._net.lips(np.stack(self._images))
            self._at += range(self._first, self._first + len(found))
            self._width = found.shape[1]
            self._features.write(np.ascontiguousarray(found, np.float32).tobytes())
            self._images, self._first = self._images[len(found) :], self._first + len(found)


def sound_features(
    net: SyncJudge, samples: Int16[np.ndarray, "samples"], windows: int
) -> Iterator[Float[np.ndarray, "block features"]]:
    """Features of so many windows of sound, one an image: a block at a time."""
    for count in range(0, windows, BLOCK):
        rows = 4 * (min(BLOCK, windows - count) - 1) + SYNC_ROWS
        begin = count * RATE // PER_S
        # and the sample before it, since the sound is emphasised by differences
        piece = samples[max(0, begin - 1) : begin + (rows - 1) * STEP + WINDOW]
        yield net.sound(mfcc(piece, follows=begin > 0)[:rows])


def place_of(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "3"]:
    """Middle of the face, and half the longer side of its box, in pixels."""
    low, high = points.min(0), points.max(0)
    return np.array([*(low + high) / 2, (high - low).max() / 2])


def face_crop(rgb: UInt8[np.ndarray, "h w 3"], place: Float[np.ndarray, "3"]) -> UInt8[np.ndarray, "224 224 3"]:
    """The face with its chin, as SyncNet sees it: wider by `MARGIN` on both sides, and lower, not higher. Beyond the
    image is grey."""
    x, y, half = place
    scale = SYNC_SIDE / (2 * half * (1 + MARGIN))
    left, top = x - half * (1 + MARGIN), y - half
    matrix = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
    return cv2.warpAffine(
        rgb, matrix, (SYNC_SIDE, SYNC_SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        borderValue=(110, 110, 110),
    )  # fmt: skip
