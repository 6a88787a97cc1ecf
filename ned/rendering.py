"""The second pass over the video: frames in, edited frames out."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned import __version__
from ned.config import ProcessConfig
from ned.face_model import FaceModel
from ned.paint import Painter
from ned.plan import TrackEdit
from ned.progress import Clock
from ned.provenance import Signing
from ned.renderer import build_renderer
from ned.report import PicturePair
from ned.signing import edit_said, finish_output
from ned.types import Analysis
from ned.video import Frame, VideoWriter, frame_at, prefetch, read_frames
from ned.video.beside import side_by_side

SHEET_PICTURES = 8
"""Pictures in a report."""


def render_video(
    edits: list[TrackEdit],
    analysis: Analysis,
    model: FaceModel,
    config: ProcessConfig,
    clock: Clock,
    signing: Signing | None = None,
) -> tuple[int, list[PicturePair]]:
    """The second pass: frames in, edited frames out. Returns how many were edited, and some for the report."""
    pictures = []

    def writer(path: Path) -> VideoWriter:
        return VideoWriter(
            path, like=analysis.video, encoder=config.encoder, quality=config.quality, preset=config.preset,
            audio_from=config.input, start_s=config.start_s, end_s=config.end_s,
            metadata={"comment": edit_notice(config)} if work else None,
            finish=lambda part: finish_output(part, path, signing, config, edits, analysis.num_frames),
        )  # fmt: skip

    def fetch(index: int) -> Frame | None:
        return frame_at(config.input, index, float(analysis.video.frame_rate))

    with ExitStack() as stack:
        work: dict[int, list[tuple[Painter, int]]] = defaultdict(list)  # by frame; the position in the track
        for edit in edits:
            renderer = build_renderer(config.renderer, model)
            painter = stack.enter_context(closing(Painter(edit, renderer, fetch)))
            for i in np.flatnonzero(edit.changed()):
                work[int(edit.track.frames[i])].append((painter, int(i)))
        shown = set(list(work)[:: max(1, len(work) // SHEET_PICTURES)][:SHEET_PICTURES]) if config.report else set()
        output = stack.enter_context(writer(config.output_path))
        compare = stack.enter_context(writer(config.compare_path)) if config.compare_path else None
        stage = stack.enter_context(clock.stage("rendering", analysis.num_frames))
        frames = read_frames(config.input, config.start_s, config.end_s)
        for frame in stack.enter_context(prefetch(frames, 6)):
            edited = frame
            for painter, i in work.get(frame.index, ()):
                edited = painter.paint(edited, i)
            output.write(edited)
            if compare is not None:
                compare.write(side_by_side(frame, edited))
            if frame.index in shown:
                time_s = float(frame.pts * analysis.video.time_base)
                painter, i = work[frame.index][0]
                track = painter.edit.track
                mouth = _mouth_box(track.landmarks[i])
                pictures.append(PicturePair(time_s, frame.rgb(), edited.rgb(), track.boxes[i], mouth))
            stage.advance()
    return len(work), pictures


def edit_notice(config: ProcessConfig) -> str:
    """What the output's metadata say, so that nobody takes it for a recording."""
    return f"Facial expression edited with ned {__version__}: {edit_said(config)}"


def _mouth_box(landmarks: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "xyxy=4"]:
    """A box around the mouth, with some skin, for a close-up."""
    right, left = landmarks[61, :2], landmarks[291, :2]
    centre, half = (right + left) / 2, 0.85 * np.linalg.norm(left - right)
    return np.concatenate([centre - half, centre + half]).astype(np.float32)
