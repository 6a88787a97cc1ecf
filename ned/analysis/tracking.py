"""Faces followed from frame to frame within one shot: each is a `Tracklet`, an unbroken piece of a person's track."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.appearance import appearance_of, difference, mean_appearance
from ned.analysis.detection import Detection, Detector, Window, overlap, windows
from ned.analysis.landmarks import Landmarker, Roi, box_of_landmarks, roi_of_landmarks, yaw_of_landmarks
from ned.analysis.skin import SkinStore
from ned.analysis.store import LandmarkStore
from ned.analysis.tracklets import APPEARANCE_EVERY, Live, TrackerState, Tracklet
from ned.geometry.articulation import lips_over_eyes
from ned.runtime.lanes import Lane, help_with

MAX_YAW_RAD, BACK_AT_YAW_RAD = math.radians(48), math.radians(45)
"""By the network's own flattened depth (see `yaw_of_landmarks`); a head turned by about 60°. Beyond it
the far half of the mesh is guessed, and such frames are left out until the head is well back."""
MIN_PRESENCE = 0.5
SURE_PRESENCE = 0.98
"""A face as present as this needs no detector to confirm it."""
SCAN_EVERY = 10
"""Frames between two looks of the detector, each at another window of the frame."""
SEEK_EVERY = 3
"""The same while a face that was followed is lost, around where it was."""
SLACK = 0.003
"""Play of the square around a face, as a share of its side."""
SAME_FACE = 0.5
"""Difference of appearance up to which a face that turns up where one was lost is that one."""
FORGET_AFTER = 15
"""Frames that a lost face is sought for at its old place."""
DISTRUST_AFTER = 3
"""A face that the detector does not confirm in so many looks at its place is none."""


Seen = tuple[Float[np.ndarray, "478 3"] | None, float]
"""Landmarks, and how surely they are of a face."""


class ShotTracker:
    """Follows every face of a shot. `update` frame by frame, `cut` where a new shot starts, `finish` at the end."""

    def __init__(self, store: LandmarkStore | None = None, skins: SkinStore | None = None) -> None:
        self._landmarker, self._detector = Landmarker(), Detector()
        self._second: Landmarker | None = None
        self._beside = Lane()
        self.store = LandmarkStore() if store is None else store
        self.skins = SkinStore() if skins is None else skins
        self._live: list[Live] = []
        self._done: list[Tracklet] = []
        self._age = 0
        self._turn = 0

    def cut(self, first: int | None = None) -> None:
        """A new shot starts with the next frame: nothing that is followed goes on.

        What was seen from frame `first` on, where the shot before began to give way to this one, is taken back.
        """
        self._end(self._live)
        self._live, self._age, self._turn = [], 0, 0
        if first is not None:
            for tracklet in self._done:
                tracklet.forget_from(first)

    def update(self, index: int, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """Follow the known faces into frame `index` and look for new ones now and then."""
        window = self._window_to_scan(*rgb.shape[:2])
        scan = help_with(self._detector, rgb, window) if window is not None else None
        self._follow(index, rgb)
        self._merge_doubles()
        found = scan.result() if scan is not None else []
        self._detect(index, rgb)
        if window is not None:
            self._welcome(found, index, rgb)
            self._doubt(found, window, rgb)
        self._drop_lost()
        self._age += 1

    def _end(self, faces: list[Live]) -> None:
        """They are followed no longer."""
        for face in faces:
            face.tracklet.skin.put_away(self.skins)
            self._done.append(face.tracklet)

    def state(self) -> TrackerState:
        """What is known now; it changes with the next frame."""
        return TrackerState(self._live, self._done, self._age, self._turn, len(self.store), len(self.skins))

    def restore(self, state: TrackerState) -> None:
        """Go on from a state; the stores must hold its rows."""
        self._live, self._done = list(state.live), list(state.done)
        self._age, self._turn = state.age, state.turn

    def finish(self) -> list[Tracklet]:
        """Everything that was seen; closes the networks."""
        self.cut()
        for network in (self._landmarker, self._second, self._detector):
            if network is not None:
                network.close()
        return [tracklet for tracklet in self._done if tracklet.frames]

    def _follow(self, index: int, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """Have the landmarks of all who are not lost in this frame."""
        followed, wanted = [], []
        for face in self._live:
            if face.missed:
                face.missed += 1
                continue
            square = roi_of_landmarks(face.points)
            ahead = replace(square, x=square.x + face.velocity[0], y=square.y + face.velocity[1])
            face.roi = face.roi.towards(ahead, slack=SLACK)
            followed.append(face)
            wanted.append(square)
        for face, square, (points, presence) in zip(followed, wanted, self._look(rgb, followed), strict=True):
            if points is None or presence < MIN_PRESENCE or not _plausible(points, square, rgb.shape[:2]):
                face.missed = 1
                continue
            face.presence = presence
            self._record(face, points, index, rgb)

    def _look(self, rgb: UInt8[np.ndarray, "h w 3"], faces: list[Live]) -> list[Seen]:
        """The landmarker at the place of each face; of several faces every second is another thread's."""
        if len(faces) < 2:
            return [self._landmarker(rgb, face.roi) for face in faces]
        if self._second is None:
            self._second = Landmarker()
        second = self._second
        others = self._beside.submit(lambda: [second(rgb, face.roi) for face in faces[1::2]])
        out: list[Seen] = [(None, 0.0)] * len(faces)
        out[::2] = [self._landmarker(rgb, face.roi) for face in faces[::2]]
        out[1::2] = others.result()
        return out

    def _record(
        self, face: Live, points: Float[np.ndarray, "478 3"], index: int, rgb: UInt8[np.ndarray, "h w 3"]
    ) -> None:
        roi, before = roi_of_landmarks(points), roi_of_landmarks(face.points)
        step = (0.5 * (roi.x - before.x), 0.5 * (roi.y - before.y))
        face.velocity = (0.0, 0.0) if face.missed or max(map(abs, step)) < 0.01 * roi.side else step
        if face.missed:
            face.roi = roi
        face.points, face.box, face.missed = points, box_of_landmarks(points), 0
        face.turned_away = abs(yaw_of_landmarks(points)) > (BACK_AT_YAW_RAD if face.turned_away else MAX_YAW_RAD)
        if face.turned_away:
            return
        seen = face.tracklet
        seen.rows.append(self.store.append(points))
        seen.frames.append(index)
        seen.boxes.append(face.box)
        seen.mouth.append(float(lips_over_eyes(points[None])[0]))
        seen.skin.offer(index, rgb, points)
        face.since_appearance += 1
        if face.since_appearance > APPEARANCE_EVERY:
            face.since_appearance = 0
            seen.appearances.append(appearance_of(rgb, points))
            seen.looked.append(index)

    def _detect(self, index: int, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        height, width = rgb.shape[:2]
        if self._age == 0:
            self._welcome(self._detector.everywhere(rgb), index, rgb)
            return
        for face in self._live:
            if face.missed and face.missed % SEEK_EVERY == 1:
                self._welcome(self._detector(rgb, _around(face.roi, height, width)), index, rgb)

    def _window_to_scan(self, height: int, width: int) -> Window | None:
        """Where the detector looks in this frame, beside the network that follows; None where it does not."""
        if not self._age or self._age % SCAN_EVERY:
            return None
        every = windows(height, width)
        self._turn += 1
        return every[(self._turn - 1) % len(every)]

    def _welcome(self, found: list[Detection], index: int, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """Detections that no followed face explains take up a lost face or start a new one."""
        for detection in found:
            known = next((f for f in self._live if not f.missed and overlap(f.box, detection.box) > 0.3), None)
            if known is not None:
                known.tracklet.confirmed += 1
                known.doubted = 0
                continue
            points = self._confirm(detection, rgb)
            if points is None:
                continue
            box = box_of_landmarks(points)
            if any(not f.missed and overlap(f.box, box) > 0.3 for f in self._live):
                continue
            face = self._lost_there(detection, points, rgb)
            if face is None:
                face = Live(Tracklet(), points, detection.roi, box)
                self._live.append(face)
            face.missed = max(face.missed, 1)
            face.tracklet.confirmed += 1
            self._record(face, points, index, rgb)

    def _confirm(self, detection: Detection, rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "478 3"] | None:
        """Landmarks of a detected face, or None where there is none. A coarse box is looked at more closely."""

        def candidates() -> Iterator[Detection]:
            yield detection
            closer = self._detector(rgb, _around(detection.roi, *rgb.shape[:2]))
            yield from (other for other in closer if overlap(other.box, detection.box) >= 0.3)

        for candidate in candidates():
            points, presence = self._landmarker(rgb, candidate.roi)
            if points is None or presence < MIN_PRESENCE:
                continue
            points, presence = self._landmarker(rgb, roi_of_landmarks(points))
            if points is not None and presence >= MIN_PRESENCE and _plausible(points, candidate.roi, rgb.shape[:2]):
                return points
        return None

    def _lost_there(
        self, detection: Detection, points: Float[np.ndarray, "478 3"], rgb: UInt8[np.ndarray, "h w 3"]
    ) -> Live | None:
        """The lost face that this may be, by place and appearance."""
        for face in self._live:
            if not face.missed or not detection.roi.near(face.roi, share=0.6, angle=1.0):
                continue
            appearances = face.tracklet.appearances
            if not appearances or difference(mean_appearance(appearances), appearance_of(rgb, points)) < SAME_FACE:
                return face
        return None

    def _doubt(self, found: list[Detection], window: Window, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """A followed face that lies well inside a window where the detector sees none loses trust."""
        for face in self._live:
            x0, y0, x1, y1 = window
            inside = x0 <= face.box[0] and y0 <= face.box[1] and face.box[2] <= x1 and face.box[3] <= y1
            big_enough = face.box[2] - face.box[0] > 0.12 * max(x1 - x0, y1 - y0)
            if face.missed or not inside or not big_enough or any(overlap(face.box, d.box) > 0.3 for d in found):
                continue
            if face.presence > SURE_PRESENCE or abs(yaw_of_landmarks(face.points)) > math.radians(35):
                continue
            near = self._detector(rgb, _around(face.roi, *rgb.shape[:2]))
            if any(overlap(face.box, d.box) > 0.3 for d in near):
                face.doubted = 0
                continue
            face.doubted += 1

    def _merge_doubles(self) -> None:
        """Two that came to follow one face become one: the one that was there first."""
        kept: list[Live] = []
        for face in sorted(self._live, key=lambda f: -len(f.tracklet.frames)):
            double = not face.missed and any(not k.missed and overlap(k.box, face.box) > 0.6 for k in kept)
            if double:
                face.tracklet.forget_last()
                self._end([face])
            else:
                kept.append(face)
        self._live = kept

    def _drop_lost(self) -> None:
        gone = [f for f in self._live if f.missed > FORGET_AFTER or f.doubted >= DISTRUST_AFTER]
        self._end(gone)
        self._live = [face for face in self._live if face not in gone]


def _plausible(points: Float[np.ndarray, "478 3"], before: Roi, size: tuple[int, int]) -> bool:
    """A face does not jump by more than itself, double or halve, and its middle lies on the frame."""
    roi = roi_of_landmarks(points)
    on_frame = 0 <= roi.x < size[1] and 0 <= roi.y < size[0]
    steady = max(abs(roi.x - before.x), abs(roi.y - before.y)) < 0.5 * before.side
    return on_frame and steady and 0.5 < roi.side / max(before.side, 1e-6) < 2.0


def _around(roi: Roi, height: int, width: int) -> Window:
    """A window three faces wide about a face."""
    reach = max(48.0, roi.side)
    x0, y0 = max(0, int(roi.x - reach)), max(0, int(roi.y - reach))
    x1, y1 = min(width, int(roi.x + reach)), min(height, int(roi.y + reach))
    return min(x0, width - 8), min(y0, height - 8), max(x1, min(x0, width - 8) + 8), max(y1, min(y0, height - 8) + 8)
