"""The whole story: analyse, fit, manipulate, render, write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ned import workspace
from ned.analysis.fit import fit_face
from ned.config import ProcessConfig
from ned.errors import UserError
from ned.exchange.livelink import read_expression
from ned.face_model import FaceModel, load_face_model
from ned.manipulator import build_manipulator
from ned.plan import TrackEdit, edit_strength, measure_articulation
from ned.progress import Clock, Progress, Silent
from ned.provenance import Signing
from ned.rendering import needed_bytes, render_video
from ned.report import PicturePair, ReportData, write_report
from ned.signing import begin_signing, finish_output
from ned.types import Analysis, Edit, ExpressionTrack, FaceFit, FaceTrack
from ned.video import probe
from ned.workspace import Cache, Job
from ned.workspace.analyses import analyse_cached


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


def process(config: ProcessConfig, progress: Progress | None = None) -> ProcessResult:
    """Edits one person of a video as `config` says and writes the result.

    Raises UserError for what the user can mend (before any work where it can be known) and
    ProcessingError for what failed; neither leaves anything under the output's name.
    """
    config.check_files()
    signing = begin_signing(config)
    workspace.check_space(workspace.work_folder(config.output_path), needed_bytes(probe(config.input), config))
    clock = Clock(progress or Silent())
    with workspace.open_job(config.output_path, workspace.job_key(config.identity()), config.keep) as job:
        return edit_video(config, clock, job, signing)


def edit_video(config: ProcessConfig, clock: Clock, job: Job, signing: Signing | None) -> ProcessResult:
    """The story itself, with a work folder to keep what is finished in."""
    model = load_face_model("canonical")
    analysis = analyse_cached(
        config.input, clock, start_s=config.start_s, end_s=config.end_s, cache=Cache() if config.cache else None,
        work=job.folder,
    )  # fmt: skip
    person = choose_person(analysis, config)
    tracks = sorted((t for t in analysis.tracks if t.person == person), key=lambda track: int(track.frames[0]))
    with clock.stage("fitting", sum(map(len, tracks))) as stage:
        fits = []
        for track in tracks:
            fits.append(fit_face(track, model, float(analysis.video.frame_rate)))
            stage.advance(len(track))
    edited = edit_expressions(tracks, fits, analysis, model, config)
    edits = [
        TrackEdit(track, fit, new, model, edit_strength(track, fit, analysis))
        for track, fit, new in zip(tracks, fits, edited, strict=True)
    ]
    films = render_video(edits, analysis, model, config, clock, job)
    parts = films.parts | write_page(edits, films.pictures, analysis, config, clock.seconds, job)
    publish(parts, edits, analysis, config, signing, job)
    return ProcessResult(
        config.output_path, config.compare_path, config.report_path, analysis.num_frames, films.edited_frames, person,
        config.emotion, config.intensity, clock.seconds,
    )  # fmt: skip


def publish(
    parts: dict[Path, Path],
    edits: list[TrackEdit],
    analysis: Analysis,
    config: ProcessConfig,
    signing: Signing | None,
    job: Job,
) -> None:
    """Complete files of the work folder, by their final paths, are signed and named, the edited video last."""
    films = [path for path in (config.compare_path, config.output_path) if path is not None]
    manifests = [path for film in films if (path := workspace.manifest_path(film))]
    job.note_publishing([*parts, *manifests])
    for final in films:
        finish_output(parts[final], final, signing, config, edits, analysis.num_frames)
    for final in sorted(parts, key=lambda final: final == config.output_path):
        workspace.give_name(parts[final], final)


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


def edit_expressions(
    tracks: list[FaceTrack], fits: list[FaceFit], analysis: Analysis, model: FaceModel, config: ProcessConfig
) -> list[ExpressionTrack]:
    """The edited expression of every track of one person: from the manipulator or from a file."""
    rate = analysis.video.frame_rate
    if config.expression is None:
        manipulator = build_manipulator(config.manipulator, model)
        edit = Edit(config.emotion, config.intensity, config.seed)
        return [
            manipulator.translate(fit.expression, measure_articulation(track, fit, model), float(rate), edit)
            for track, fit in zip(tracks, fits, strict=True)
        ]
    # one file for all shots: what has no times is matched to all frames of the person together
    times_s = np.concatenate([track.frames for track in tracks]) / float(rate)
    edited = read_expression(config.expression, joined([fit.expression for fit in fits]), times_s, rate)
    ends = np.cumsum([len(track) for track in tracks])[:-1]
    return [ExpressionTrack.unpack(model.space, part) for part in np.split(edited.pack(), ends)]


def joined(parts: list[ExpressionTrack]) -> ExpressionTrack:
    """Several tracks one after another."""
    return ExpressionTrack.unpack(parts[0].space, np.concatenate([part.pack() for part in parts]))


def write_page(
    edits: list[TrackEdit],
    pictures: tuple[PicturePair, ...],
    analysis: Analysis,
    config: ProcessConfig,
    seconds: dict,
    job: Job,
) -> dict[Path, Path]:
    """The report of what was done, by its final path; empty where none is wanted."""
    if config.report_path is None:
        return {}
    frames = np.concatenate([edit.track.frames for edit in edits])
    before, after = joined([edit.fit.expression for edit in edits]), joined([edit.edited for edit in edits])
    edited_frames = sum(int(edit.changed().sum()) for edit in edits)
    data = ReportData(
        config, edits[0].track.person, analysis.num_frames, edited_frames,
        frames / float(analysis.video.frame_rate), before, after, pictures, dict(seconds),
    )  # fmt: skip
    page = job.folder / "report.html"
    write_report(page, data)
    return {config.report_path: page}
