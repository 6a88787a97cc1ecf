"""An analysed video as the page looks at it: its people, curves under the timeline, one frame, two seconds.

All is made by the stages of `ned process`; what is kept here between two looks is what does not change: the analysis,
the fits, frames that were decoded, expressions that were translated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from ned.analysis.cached import analyse_cached
from ned.config import ProcessConfig
from ned.edit.keyframes import Styles, check_end, edit_track, first_time_s
from ned.edit.people import choose_cast, people_of
from ned.edit.track_edit import TrackEdit, edit_strength, measure_articulation
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.geometry.articulation import lips_over_eyes
from ned.manipulator import build_manipulator
from ned.manipulator.protocol import Articulation, Manipulator
from ned.renderer import Casting, prepare_renderer
from ned.rendering.scheduler import PaintScheduler
from ned.rendering.second_pass import WARM_UP
from ned.report.sheet import crop
from ned.runtime.progress import Progress, Silent
from ned.types import Edit, ExpressionTrack, FaceFit, FaceTrack, Reference
from ned.ui.media import loudness, plays
from ned.video import Frame, Stills, read_frames
from ned.video.write import VideoWriter
from ned.workspace import Cache

SHOWN_PX = 1280
"""Longest side of what is sent to the page."""
FACE_PX = 160
POINTS = 600
"""Of the curves under the timeline, at most."""
WINDOW_S = 20.0
"""Of a longer shot, what lies farther from the frame that is looked at is not translated for it."""
_STILLS_BYTES = 160 * 1024**2
_TRANSLATIONS = 24


@dataclass(frozen=True)
class FittedTrack:
    """What is known of a track before anybody says what to do with it."""

    track: FaceTrack
    fit: FaceFit
    articulation: Articulation
    strength: Float[np.ndarray, "frames"]


class Scene:
    """One video."""

    def __init__(self, path: Path, cache: Cache, progress: Progress | None = None, work: Path | None = None) -> None:
        """Analyse, or take what is in the cache; `work` and errors as of `analyse_cached`."""
        self.path, self._cache = path, cache
        self.analysis = analyse_cached(path, progress or Silent(), cache=cache, work=work)
        self.model = load_face_model("canonical")
        info = self.analysis.video
        self.rate = float(info.frame_rate)
        self._stills = Stills(
            path, self.rate, keep=int(np.clip(_STILLS_BYTES // (3 * info.height * info.width), 6, 48))
        )
        self._alone = threading.RLock()
        self._fitted: dict[tuple[int, int], FittedTrack] = {}
        self._manipulators: dict[str, Manipulator] = {}
        self._styles: dict[int, Styles] = {}

    def facts(self) -> dict[str, Any]:
        """What the page shows of the video and its people."""
        info, analysis = self.analysis.video, self.analysis
        people = [
            {
                "number": p.number, "share": round(p.share, 4), "from": round(p.first_s, 3), "to": round(p.last_s, 3),
                "size": round(p.size_px), "speaks": p.speaking,
            }
            for p in people_of(analysis)
        ]  # fmt: skip
        return {
            "width": info.width, "height": info.height, "rate": self.rate, "frames": analysis.num_frames,
            "duration": round(self.duration_s, 3), "codec": info.codec, "sound": bool(info.audio),
            "people": people, "plays": plays(info), "shots": [round(t, 3) for t in self._shots_s()],
        }  # fmt: skip

    @property
    def duration_s(self) -> float:
        times = self.analysis.frame_times_s
        return (float(times[-1]) if times is not None and len(times) else 0.0) + 1 / self.rate

    def _shots_s(self) -> list[float]:
        starts = np.array([shot.start for shot in self.analysis.shots[1:]], np.int64)
        return self.analysis.times_s(starts).tolist() if len(starts) else []

    def write_faces(self, folder: Path) -> None:
        """A close-up of each person, where the face is largest in the middle of a track: `face-N.jpg`."""
        wanted = {}
        for number in self.analysis.persons():
            track = max(self.analysis.tracks_of(number), key=len)
            middle = slice(len(track) // 4, 3 * len(track) // 4 + 1)
            i = middle.start + int(np.argmax(track.boxes[middle, 3] - track.boxes[middle, 1]))
            wanted[number] = int(track.frames[i]), track.boxes[i]
        for number, (index, box) in wanted.items():
            frame = self._stills(index)
            if frame is not None:
                save_jpeg(crop(frame.rgb(), box, 1.5, (FACE_PX, FACE_PX)), folder / f"face-{number}.jpg")

    def curves(self) -> dict[str, Any]:
        """Of each person the opening of the jaw, and the loudness, over the whole video; 0 to 1, None where unseen."""
        points = max(2, min(POINTS, self.analysis.num_frames))
        out: dict[str, Any] = {"points": points, "loudness": loudness(self.path, points, self.duration_s), "jaw": {}}
        for number in self.analysis.persons():
            row: list[float | None] = [None] * points
            tracks = self.analysis.tracks_of(number)
            opening = [lips_over_eyes(track.landmarks) for track in tracks]
            top = max(float(np.quantile(np.concatenate(opening), 0.99)), 0.1)
            for track, gap in zip(tracks, opening, strict=True):
                place = (self.analysis.times_s(track.frames) / self.duration_s * points).astype(int)
                for k, value in zip(np.clip(place, 0, points - 1).tolist(), gap.tolist(), strict=True):
                    row[k] = round(max(row[k] or 0.0, min(1.0, value / top)), 3)
            out["jaw"][str(number)] = row
        return out

    def index_at(self, time_s: float) -> int:
        """The frame that is shown at a time."""
        times = self.analysis.frame_times_s
        if times is None:
            k = int(time_s * self.rate + 1e-6)
        else:
            k = int(np.searchsorted(times, time_s + 1e-4, "right")) - 1
        return self.analysis.first_frame + int(np.clip(k, 0, self.analysis.num_frames - 1))

    def frame(self, time_s: float) -> Frame:
        """Decoded, or remembered. Raises UserError where the file gives none."""
        frame = self._stills(self.index_at(time_s))
        if frame is None:
            raise UserError(f"no frame can be had at {time_s:.2f} s", path=self.path.name, remedy="choose another")
        return frame

    def preview(self, config: ProcessConfig, time_s: float) -> Frame:
        """The frame at a time as `ned process` paints it, by the warp renderer. Raises UserError."""
        with self._alone:
            frame = self.frame(time_s)
            edits = self.plan(config, frame.index)
            with self._painters(edits, frame.index, frame.index + 1) as painters:
                return painters.paint(frame)

    def warm(self) -> None:
        """Make a preview that nobody asked for, so that the first one that is asked for need not load anything."""
        if self.analysis.tracks:
            first = self.analysis.tracks[0]
            config = ProcessConfig.build(input=self.path, emotion="happy", person=first.person)
            self.preview(config, float(self.analysis.times_s(first.frames[:1])[0]))

    def loop(
        self, config: ProcessConfig, start_s: float, length_s: float, before: Path, after: Path,
        tell: Callable[[int, int], None],
    ) -> None:  # fmt: skip
        """Some seconds from `start_s` on, earlier where the video ends before, as they are and edited, as two H.264
        files. `tell` gets frames done and expected, and may end it. Raises UserError."""
        start = self.index_at(max(0.0, min(start_s, self.duration_s - length_s)))
        stop = min(start + max(2, round(length_s * self.rate)), self.analysis.first_frame + self.analysis.num_frames)
        with self._alone:
            edits = self.plan(config, (start + stop) // 2)
        lead = max(self.analysis.first_frame, start - WARM_UP)
        info = self.analysis.video
        times = self.analysis.times_s(np.array([lead, start, stop - 1]))
        begin_s, from_s, to_s = float(times[0]), float(times[1]), float(times[2]) + 0.5 / self.rate
        cut = {"start_s": from_s, "end_s": to_s, "quality": "good", "preset": "veryfast"}
        sound = self.path if plays(info) else None  # what is copied has to be something that a browser plays
        with ExitStack() as stack:
            writers = [
                stack.enter_context(VideoWriter(before, info, **cut)),
                stack.enter_context(VideoWriter(after, info, audio_from=sound, **cut)),
            ]
            painters = stack.enter_context(self._painters(edits, lead, stop))
            frames = stack.enter_context(closing(read_frames(self.path, max(0.0, begin_s - 1e-3))))
            for frame in frames:
                if frame.index >= stop:
                    break
                if frame.index < lead:
                    continue
                painted = painters.paint(frame)
                if frame.index >= start:
                    for writer, image in zip(writers, (frame, painted), strict=True):
                        writer.write(image)
                tell(frame.index - lead + 1, stop - lead)

    def _painters(self, edits: list[TrackEdit], start: int, stop: int) -> PaintScheduler:
        casting = Casting(self.model, edits, lambda indices: iter(()))
        make = prepare_renderer("warp", casting, Silent())
        return PaintScheduler([(edit, edit.changed()) for edit in edits], make, self._stills, start, stop)

    def plan(self, config: ProcessConfig, index: int) -> list[TrackEdit]:
        """The edits of everybody who is seen in frame `index`; right there and for `WINDOW_S` around. Raises
        UserError."""
        check_end(config, self.path)
        styles = self._styles.setdefault(config.seed, Styles(self.model, config.seed, Silent(), self._cache))
        name = config.chosen_manipulator
        if name not in self._manipulators:
            self._manipulators[name] = Remembering(build_manipulator(name, self.model, None))
        start_s = first_time_s(self.analysis, config.start_s)
        plan = []
        for part in choose_cast(self.analysis, config):
            for track in self.analysis.tracks_of(part.person):
                if track.frames[0] <= index <= track.frames[-1]:
                    one = self.fitted(track)
                    near = self._window(one, index)
                    times_s = self.analysis.times_s(track.frames[near])
                    new = edit_track(
                        one.fit.expression[near], sliced(one.articulation, near), times_s, start_s,
                        self.rate, part.edit, self._manipulators[name], styles,
                    )  # fmt: skip
                    whole = one.fit.expression.pack().copy()
                    whole[near] = new.pack()
                    edited = ExpressionTrack.unpack(self.model.space, whole)
                    plan.append(TrackEdit(one.track, one.fit, edited, self.model, one.strength))
        return plan

    def _window(self, one: FittedTrack, index: int) -> slice:
        i, reach = int(np.searchsorted(one.track.frames, index)), round(WINDOW_S * self.rate)
        if len(one.track) <= 2 * reach:
            return slice(0, len(one.track))
        return slice(max(0, i - reach), i + reach)

    def fitted(self, track: FaceTrack) -> FittedTrack:
        """A track fitted, once; the others, of which an hour may have hundreds, when they are looked at."""
        key = track.person, int(track.frames[0])
        if key not in self._fitted:
            fit = fit_face(track, self.model, self.rate)
            spoken = measure_articulation(track, fit, self.model)
            strength = edit_strength(track, fit, self.analysis)
            self._fitted[key] = FittedTrack(track, fit, spoken, strength)
        return self._fitted[key]


class Remembering:
    """A manipulator that does not do the same twice."""

    def __init__(self, inner: Manipulator) -> None:
        self._inner = inner
        self._known: dict[tuple, ExpressionTrack] = {}

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """As of the one inside."""
        digest = hash(np.ascontiguousarray(expression.pack()).tobytes())
        style = id(edit.style.tracks[0]) if isinstance(edit.style, Reference) else edit.style
        key = digest, style, edit.intensity
        if key not in self._known:
            while len(self._known) >= _TRANSLATIONS:
                del self._known[next(iter(self._known))]
            self._known[key] = self._inner.translate(expression, articulation, frame_rate, edit)
        return self._known[key]


def sliced(spoken: Articulation, near: slice) -> Articulation:
    """A part of it."""
    return replace(spoken, mouth_opening=spoken.mouth_opening[near], lid_opening=spoken.lid_opening[near])


def save_jpeg(rgb: np.ndarray, path: Path) -> None:
    """Write an image, scaled down to `SHOWN_PX`, whole or not at all."""
    image = Image.fromarray(rgb)
    image.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    temporary = path.with_suffix(".part")
    image.save(temporary, "JPEG", quality=90, subsampling=0)
    temporary.replace(path)
