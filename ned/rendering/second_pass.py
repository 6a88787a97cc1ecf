"""The second pass over the video: frames in, edited frames out, in segments that are finished one by one.

Each segment is made as if it were the first: by an encoder of its own, and painters of its own, which begin a little
before it, since what they remember (the light, the sharpness, hands in sight) fades within that time. So a run that
goes on after a crash makes the missing segments just as they would have been made without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from ned.analysis.store import release
from ned.config import OutputOptions, SourceOptions
from ned.edit.track_edit import TrackEdit
from ned.errors import UserError
from ned.geometry.landmarks import LANDMARKS
from ned.renderer import Renderer
from ned.rendering.scheduler import PaintScheduler
from ned.rendering.segments import COMPARE, MATTE, VIDEO, Segments, segment_starts
from ned.report import ImagePair, load_image, save_pair
from ned.runtime.heap import trim
from ned.runtime.lanes import Lane
from ned.runtime.progress import Clock, Stage
from ned.types import NUM_LANDMARKS, Analysis, VideoInfo
from ned.version import __version__
from ned.video import Frame, Stills, prefetch, read_frames
from ned.video.beside import side_by_side
from ned.video.encoders import video_bytes
from ned.video.matte import matte
from ned.video.read import Position
from ned.video.segments import Encoding, Segment, check_copies, say_conversion
from ned.workspace import Job

SEGMENT_S = 30.0
"""Length of a segment: what a crash costs at most."""
WARM_UP = 16
"""Frames before a segment with which its painters begin."""
TRIM_EVERY = 32
"""Frames after which memory is given back."""

LONGEST_FRAME = 2**30
"""Units of time; the muxers of MP4 and MOV count in 32 bits, and with reordered frames sum a few up."""

SHEET_IMAGES = 8
"""Images in a report."""


@dataclass(frozen=True)
class RenderedVideos:
    """What the second pass made. The videos lie in the work folder, by their final paths."""

    parts: dict[Path, Path]
    edited_frames: int
    images: tuple[ImagePair, ...]
    """Some, for the report."""


@dataclass(frozen=True)
class Painting:
    """What is painted in a video, whichever part of it is made; see `ask`."""

    edits: list[tuple[TrackEdit, Bool[np.ndarray, "_"]]]
    """With each the frames of its track in which anything is to be painted."""
    edited_frames: int
    shown: tuple[int, ...]
    """Frames of which the report shows an image."""
    videos: dict[str, Frame]
    """The first frame of each video that is made, by name."""
    encoding: Encoding
    own: dict[str, Encoding]
    """Of videos that are encoded otherwise, by name."""

    def complete(self, folder: Path) -> Callable[[Segment], bool]:
        """Whether a segment's images for the report lie in a folder."""

        def images_there(segment: Segment) -> bool:
            inside = (k for k in self.shown if segment.start <= k < segment.start + len(segment))
            return all(load_image(folder, k) is not None for k in inside)

        return images_there


def ask(edits: Sequence[TrackEdit], source: SourceOptions, output: OutputOptions) -> Painting:
    """What these options ask to be painted and written."""
    with closing(read_frames(source.input, source.start_s, source.end_s)) as frames:
        first = next(frames)
    changed = [edit.changed() for edit in edits]
    edited = np.unique(np.concatenate([edit.track.frames[c] for edit, c in zip(edits, changed, strict=True)]))
    shown = edited[:: max(1, len(edited) // SHEET_IMAGES)][:SHEET_IMAGES].tolist() if output.report else []
    encoding = Encoding(output.encoder, output.quality, output.preset)
    work, videos = list(zip(edits, changed, strict=True)), written(first, first, output)
    return Painting(work, len(edited), tuple(shown), videos, encoding, matte_encoding(output))


def render_video(
    edits: Sequence[TrackEdit],
    analysis: Analysis,
    make_renderer: Callable[[TrackEdit], Renderer],
    source: SourceOptions,
    output: OutputOptions,
    edit_said: str,
    clock: Clock,
    job: Job,
    segment_s: float | None = None,
) -> RenderedVideos:
    """Edit every frame and put the videos together in the work folder, going on from what lies there. `make_renderer`
    makes a fresh renderer for a track; `edit_said` is what is done, in words, for the videos' metadata."""
    asked, folder, final = ask(edits, source, output), job.folder, output.output_path
    first = asked.videos[VIDEO]
    say_conversion(final, asked.encoding, first)
    check_times(analysis, source.input)
    copies = Lane().submit(check_copies, folder / f"trial{final.suffix.lower()}", source.input, final)
    starts, stop = segments_of(analysis, segment_s), first.index + analysis.num_frames
    given = (analysis.video, asked.encoding, final, asked.own)
    with Segments(folder, asked.videos, starts, stop, *given) as segments:
        missing = segments.resume(asked.complete(folder))
        rest = stop - missing[0] if missing else 0
        if len(missing) < len(starts):
            clock.note(f"going on after {analysis.num_frames - rest} of {analysis.num_frames} frames")
        with clock.stage("rendering", rest) as stage:
            if missing:
                again = SecondPass(asked, analysis, make_renderer, source, output, folder, copies.result)
                ahead = segments.warm_up(WARM_UP)
                again.run(segments, missing, stop, ahead, segments.position(ahead), stage)
        copies.result()
        with clock.stage("writing"):
            notice = edit_notice(edit_said) if asked.edited_frames else "Not changed by ned"
            parts = _put_together(segments, asked.videos, source, output, job, f"{notice} ({job.mark})")
    images = tuple(pair for k in asked.shown if (pair := load_image(folder, k)))
    return RenderedVideos(parts, asked.edited_frames, images)


def segments_of(analysis: Analysis, segment_s: float | None = None) -> list[int]:
    """Indices of the frames at which the segments of a video begin; of `SEGMENT_S` unless said otherwise."""
    length_s = SEGMENT_S if segment_s is None else segment_s
    return segment_starts(analysis.first_frame, analysis.num_frames, analysis.video.frame_rate, length_s)


def written(before: Frame, after: Frame, output: OutputOptions) -> dict[str, Frame]:
    """The frames of all videos that are wanted, by the videos' names."""
    out = {VIDEO: after}
    if output.compare:
        out[COMPARE] = side_by_side(before, after)
    if output.alpha is not None:
        out[MATTE] = matte(before, after)
    return out


def matte_encoding(output: OutputOptions) -> dict[str, Encoding]:
    """Mattes are kept without loss in every container: black must stay 0."""
    if output.alpha is None:
        return {}
    lossless = Encoding("ffv1") if output.alpha.suffix.lower() == ".mkv" else Encoding("libx264", "lossless")
    return {MATTE: lossless}


def check_times(analysis: Analysis, path: Path) -> None:
    """Raise UserError where a frame is shown for longer than MP4 and MOV can say, as in files with damaged times."""
    gaps = np.diff(analysis.frame_times_s) if analysis.frame_times_s is not None else np.zeros(0)
    if len(gaps) and gaps.max() / float(analysis.video.time_base) > LONGEST_FRAME:
        where, gap = analysis.first_frame + int(gaps.argmax()), gaps.max()
        text = f"frame {where} lasts {gap:.0f} s, more than a video can hold"
        raise UserError(text, path=path, remedy="its times may be damaged: mend them with ffmpeg, or cut with --end")


def needed_bytes(info: VideoInfo, source: SourceOptions, output: OutputOptions) -> int:
    """Room that the work takes at most, as far as it can be told beforehand: the segments, the whole files put together
    of them, and the landmarks of two faces."""
    frames = info.num_frames
    if source.cut:
        length_s = min(source.end_s or info.duration_s, info.duration_s) - (source.start_s or 0.0)
        frames = max(1, min(frames, round(length_s * info.frame_rate)))
    image = video_bytes(info, frames, output.encoder, output.quality) * (3 if output.compare else 1)
    others = source.input.stat().st_size * frames // max(1, info.num_frames)  # sound: less than all of the input
    return 2 * image + others + 2 * frames * NUM_LANDMARKS * 12


def edit_notice(edit_said: str) -> str:
    """What the output's metadata say, so that nobody takes it for a recording."""
    return f"Facial expression edited with ned {__version__}: {edit_said}"


@dataclass(frozen=True)
class _Started:
    """A frame at work."""

    frame: Frame
    scheduler: PaintScheduler
    painted: Callable[[], Frame]
    begins: bool
    """Whether a segment begins with it."""


class SecondPass:
    """One reading of the rest of the video, or of a part of it."""

    def __init__(
        self,
        asked: Painting,
        analysis: Analysis,
        make_renderer: Callable[[TrackEdit], Renderer],
        source: SourceOptions,
        output: OutputOptions,
        folder: Path,
        before_writing: Callable[[], object] = lambda: None,
    ) -> None:
        """`before_writing` is called before anything is written, and may raise."""
        self._edits, self._analysis, self._make_renderer = asked.edits, analysis, make_renderer
        self._source, self._output, self._shown, self._folder = source, output, set(asked.shown), folder
        self._before_writing = before_writing

    def run(
        self, segments: Segments, starts: list[int], stop: int, ahead: int, position: Position | None, stage: Stage
    ) -> None:
        """Make the segments that begin at `starts`, the last up to frame `stop`. Reading begins at `position`, `ahead`
        frames before the first of them, or at the video's beginning."""
        source, coming = self._source, list(starts)
        rate = float(self._analysis.video.frame_rate)
        fetch = Stills(source.input, rate)  # segments of one track share it
        scheduler: PaintScheduler | None = None
        waiting: PaintScheduler | None = None  # the next segment's, already at work before it
        last: _Started | None = None  # painted by other threads while the next frame is started
        with ExitStack() as stack:
            frames = read_frames(source.input, source.start_s, source.end_s, position)
            for frame in stack.enter_context(prefetch(frames, 6)):
                if frame.index >= stop:
                    break
                if waiting is None and coming and frame.index >= coming[0] - ahead:
                    end = coming[1] if len(coming) > 1 else stop
                    waiting = PaintScheduler(self._edits, self._make_renderer, fetch, coming[0] - ahead, end)
                    stack.callback(waiting.close)
                begins = bool(coming) and frame.index == coming[0]
                if begins:
                    if scheduler is not None:
                        scheduler.close()
                    scheduler, waiting = waiting, None
                    coming.pop(0)
                elif waiting is not None:
                    waiting.paint(frame)
                if scheduler is None:
                    continue
                started = _Started(frame, scheduler, scheduler.submit(frame), begins)
                if last is not None:
                    self._write(last, segments, stage)
                last = started
        if last is not None:
            self._write(last, segments, stage)
        segments.end()

    def _write(self, started: _Started, segments: Segments, stage: Stage) -> None:
        """Wait for a frame and put it into its segment."""
        frame, edited = started.frame, started.painted()
        images = written(frame, edited, self._output)
        if frame.index in self._shown:
            self._keep_image(started.scheduler, frame, edited)
        if started.begins:
            self._before_writing()
            segments.begin(images)
            for edit, _ in self._edits:
                release(edit.track.landmarks)
        segments.write(images)
        if frame.index % TRIM_EVERY == 0:
            trim()
        stage.advance()

    def _keep_image(self, scheduler: PaintScheduler, frame: Frame, edited: Frame) -> None:
        time_s = float(frame.pts * self._analysis.video.time_base)
        _, edit, i = next(scheduler.faces(frame.index))
        mouth = _mouth_box(edit.track.landmarks[i])
        pair = ImagePair(time_s, frame.rgb(), edited.rgb(), edit.track.boxes[i], mouth)
        save_pair(self._folder, frame.index, pair)


def _put_together(
    segments: Segments, videos: dict[str, Frame], source: SourceOptions, output: OutputOptions, job: Job, notice: str
) -> dict[Path, Path]:
    """The whole videos by their final paths."""
    parts = {}
    for video in videos:
        final = {VIDEO: output.output_path, COMPARE: output.compare_path, MATTE: output.alpha}[video]
        assert final is not None
        parts[final] = job.folder / f"{video}{final.suffix.lower()}"
        segments.put_together(
            video, parts[final], copy_from=None if video == MATTE else source.input, cut=source.cut,
            cut_end_s=source.end_s, metadata={"comment": notice}, name=final,
        )  # fmt: skip
    return parts


def _mouth_box(landmarks: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "xyxy=4"]:
    """A box around the mouth, with some skin, for a close-up."""
    right, left = (landmarks[corner, :2] for corner in LANDMARKS.mouth_corners)
    centre, half = (right + left) / 2, 0.85 * np.linalg.norm(left - right)
    return np.concatenate([centre - half, centre + half]).astype(np.float32)
