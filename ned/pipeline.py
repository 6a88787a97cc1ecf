"""The whole story: analyse, fit, manipulate, render, write."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ned.analysis import analyse
from ned.analysis.fit import fit_face
from ned.config import ProcessConfig
from ned.errors import UserError
from ned.exchange.livelink import read_expression
from ned.face_model import FaceModel, load_face_model
from ned.manipulator import build_manipulator
from ned.paint import Painter
from ned.plan import TrackEdit, edit_strength, measure_articulation
from ned.progress import Progress, Silent
from ned.renderer import build_renderer
from ned.report import PicturePair, ReportData, write_report
from ned.types import Analysis, Edit, ExpressionTrack, FaceTrack
from ned.video import VideoWriter, prefetch, read_frames
from ned.video.beside import side_by_side
from ned.workspace import Cache
from ned.workspace.analyses import analysis_entry, load_analysis, save_analysis

SHEET_PICTURES = 8
"""Pictures in a report."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessResult:
    """What `process` did."""

    output: Path
    compare: Path | None
    report: Path | None
    frames: int
    edited_frames: int
    person: int
    emotion: str
    intensity: float
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by stage."""


class _Clock:
    """Wall time by stage, told to `progress` as well."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self.seconds = progress, {}

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator:
        began = time.perf_counter()
        with self._progress.stage(name, total) as stage:
            yield stage
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def process(config: ProcessConfig, progress: Progress | None = None) -> ProcessResult:
    """Edits one person of a video as `config` says and writes the result.

    Raises UserError for what the user can mend (before any work where it can be known) and
    ProcessingError for what failed; neither leaves anything under the output's name.
    """
    config.check_files()
    clock = _Clock(progress or Silent())
    model = load_face_model("canonical")
    analysis = analyse_cached(config, clock)
    person = choose_person(analysis, config)
    tracks = sorted((t for t in analysis.tracks if t.person == person), key=lambda track: int(track.frames[0]))
    with clock.stage("fitting", sum(map(len, tracks))) as stage:
        edits = []
        for track in tracks:
            edits.append(plan_track(track, analysis, model, config))
            stage.advance(len(track))
    edited_frames, pictures = render_video(edits, analysis, model, config, clock)
    write_page(edits, pictures, analysis, config, clock.seconds)
    return ProcessResult(
        config.output_path, config.compare_path, config.report_path, analysis.num_frames, edited_frames, person,
        config.emotion, config.intensity, clock.seconds,
    )  # fmt: skip


def analyse_cached(config: ProcessConfig, clock: _Clock) -> Analysis:
    """The first pass, or what the cache has of it."""
    if config.cache:
        cache = Cache()
        entry = analysis_entry(cache, config.input, config.start_s, config.end_s)
        if (known := load_analysis(cache, entry, config.input)) is not None:
            return known
    with clock.stage("analysing") as stage:
        analysis = analyse(config.input, start_s=config.start_s, end_s=config.end_s, progress=stage.update)
    if config.cache:
        try:
            save_analysis(cache, entry, analysis)
        except OSError as error:  # a full disk costs the next run time, not this one its result
            log.warning("the analysis was not kept for the next run: %s", error)
    return analysis


def choose_person(analysis: Analysis, config: ProcessConfig) -> int:
    """The person to edit; UserError where there is none of that number, or none at all."""
    persons = analysis.persons()
    if not persons:
        raise UserError(
            "no face was found", path=config.input,
            remedy="use a video in which a face is at least about 60 pixels high",
        )  # fmt: skip
    if config.person is None:
        return persons[0]
    if config.person not in persons:
        raise UserError(
            f"there is no person {config.person}", path=config.input,
            remedy=f"choose one of: {', '.join(map(str, sorted(persons)))}",
        )  # fmt: skip
    return config.person


def plan_track(track: FaceTrack, analysis: Analysis, model: FaceModel, config: ProcessConfig) -> TrackEdit:
    """Fits the face model to one track and edits its expression."""
    video = analysis.video
    rate = float(video.frame_rate)
    fit = fit_face(track, model, rate)
    if config.expression is not None:
        edited = read_expression(config.expression, fit.expression, track.frames / rate, video.frame_rate)
    else:
        manipulator = build_manipulator(config.manipulator, model)
        edit = Edit(config.emotion, config.intensity, config.seed)
        edited = manipulator.translate(fit.expression, measure_articulation(track, fit), rate, edit)
    return TrackEdit(track, fit, edited, model, edit_strength(track, fit, analysis))


def render_video(
    edits: list[TrackEdit], analysis: Analysis, model: FaceModel, config: ProcessConfig, clock: _Clock
) -> tuple[int, list[PicturePair]]:
    """The second pass: frames in, edited frames out. Returns how many were edited, and some for the report."""
    pictures = []

    def writer(path: Path, **more) -> VideoWriter:
        return VideoWriter(
            path, like=analysis.video, encoder=config.encoder, quality=config.quality, preset=config.preset,
            audio_from=config.input, start_s=config.start_s, end_s=config.end_s, **more,
        )  # fmt: skip

    with ExitStack() as stack:
        work = {}
        for edit in edits:
            painter = stack.enter_context(closing(Painter(edit, build_renderer(config.renderer, model))))
            work |= {int(edit.track.frames[i]): (painter, int(i)) for i in np.flatnonzero(edit.changed())}
        shown = set(list(work)[:: max(1, len(work) // SHEET_PICTURES)][:SHEET_PICTURES]) if config.report else set()
        output = stack.enter_context(writer(config.output_path))
        compare = stack.enter_context(writer(config.compare_path)) if config.compare_path else None
        stage = stack.enter_context(clock.stage("rendering", analysis.num_frames))
        frames = read_frames(config.input, config.start_s, config.end_s)
        for frame in stack.enter_context(prefetch(frames, 6)):
            painter, i = work.get(frame.index, (None, 0))
            edited = painter.paint(frame, i) if painter else frame
            output.write(edited)
            if compare is not None:
                compare.write(side_by_side(frame, edited))
            if frame.index in shown:
                time_s = float(frame.pts * analysis.video.time_base)
                pictures.append(PicturePair(time_s, frame.rgb(), edited.rgb(), painter.edit.track.boxes[i]))
            stage.advance()
    return len(work), pictures


def write_page(
    edits: list[TrackEdit], pictures: list[PicturePair], analysis: Analysis, config: ProcessConfig, seconds: dict
) -> None:
    """The report of what was done, where one is wanted."""
    if config.report_path is None:
        return
    frames = np.concatenate([edit.track.frames for edit in edits])
    joined = [
        ExpressionTrack.unpack(edits[0].model.space, np.concatenate([track.pack() for track in tracks]))
        for tracks in ([edit.fit.expression for edit in edits], [edit.edited for edit in edits])
    ]
    edited_frames = sum(int(edit.changed().sum()) for edit in edits)
    data = ReportData(
        config, edits[0].track.person, analysis.num_frames, edited_frames,
        frames / float(analysis.video.frame_rate), *joined, tuple(pictures), dict(seconds),
    )  # fmt: skip
    write_report(config.report_path, data)
