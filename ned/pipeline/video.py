"""The whole story: analyse, fit, manipulate, render, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ned import workspace
from ned.analysis.cached import analyse_cached
from ned.config import ProcessConfig
from ned.edit.given import given_styles, joined
from ned.edit.keyframes import StyleOf, Styles, check_end, edit_track, first_time_s
from ned.edit.people import CastMember, choose_cast
from ned.edit.track_edit import TrackEdit, edit_strength, measure_articulation, unedited
from ned.face_model import FaceModel
from ned.manipulator import Manipulator, build_manipulator
from ned.manipulator.playback import Playback
from ned.pipeline.actors import weights_of
from ned.pipeline.face_models import load_model, space_of
from ned.pipeline.fitters import Fitter, make_fitter
from ned.pipeline.painters import check_painter, mesh_drawing
from ned.pipeline.planned import EditedPerson, VideoPlan
from ned.pipeline.resolved import ResolvedRun, key_of, published, resolve, with_handles
from ned.pipeline.statement import finish_output
from ned.provenance import Signing, begin_signing
from ned.renderer import Casting, Renderer, prepare_renderer
from ned.rendering.second_pass import needed_bytes, render_video
from ned.report import ImagePair, ReportData, write_report
from ned.runtime.progress import Clock, Progress, Silent
from ned.types import Analysis
from ned.video import frames_at, probe
from ned.workspace import Cache, Job


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
    people: tuple[EditedPerson, ...] = ()
    """Everybody who was edited, the most prominent first; `person` is the first of them."""


def process(config: ProcessConfig, progress: Progress | None = None) -> ProcessResult:
    """Edits the people of a video as `config` says and writes the result.

    Raises UserError for what the user can mend (before any work where it can be known) and
    ProcessingError for what failed; neither leaves anything under the output's name.
    """
    config.check_files(lambda: published(config))
    check_end(config, config.input)
    signing = begin_signing(config.input, config.provenance, config.provenance_cert, config.provenance_key)
    workspace.check_space(workspace.work_folder(config.output_path), needed_bytes(probe(config.input), config, config))
    clock, run = Clock(progress or Silent()), resolve(config)
    if run.face_model_files:  # files, a licence, a network that does not fit are said before any work
        make_fitter(load_model(config, space_of(config)), config)
        check_painter(config, run.renderer)
    with workspace.open_job(config.output_path, key_of(config, run), config.keep) as job:
        if job.replaced:
            clock.note(f"begins anew: {job.folder.name} was of other options, another input or another device")
        return edit_video(with_handles(config), run, clock, job, signing)


def edit_video(
    config: ProcessConfig, run: ResolvedRun, clock: Clock, job: Job, signing: Signing | None
) -> ProcessResult:
    """The story itself, with a work folder to keep what is finished in."""
    fitter = fitter_of(config, run)
    plan = plan_video(config, run, fitter, clock, job.folder)
    if signing is not None:
        signing.check()
    make_renderer = renderer_of(plan.edits, fitter, plan.analysis, config, run, clock)
    return finish_video(plan, make_renderer, config, run, clock, job, signing)


def fitter_of(config: ProcessConfig, run: ResolvedRun) -> Fitter:
    """Who fits the faces of a run, with the face model that it speaks. Raises UserError as `make_fitter`."""
    cache = Cache() if config.cache else None
    return make_fitter(load_model(config, space_of(config)), config, check_painter(config, run.renderer), cache)


def plan_video(config: ProcessConfig, run: ResolvedRun, fitter: Fitter, clock: Clock, work: Path) -> VideoPlan:
    """All that goes before the second pass; the analysis is kept in the folder `work`, too."""
    cache, model = Cache() if config.cache else None, fitter.model
    styles = Styles(model, run.seed, clock, cache, lambda tracks, seen: [f.face for f in fitter.fit(tracks, seen)])
    styles.read(config.person_edits())
    analysis = analyse_cached(config.input, clock, start_s=config.start_s, end_s=config.end_s, cache=cache, work=work)
    cast = choose_cast(analysis, config)
    plans = [plan_person(part, analysis, styles, fitter, config, clock) for part in cast]
    people = tuple(edited_person(part, plan) for part, plan in zip(cast, plans, strict=True))
    return VideoPlan(analysis, people, [edit for plan in plans for edit in plan])


def finish_video(
    plan: VideoPlan,
    make_renderer: Callable[[TrackEdit], Renderer],
    config: ProcessConfig,
    run: ResolvedRun,
    clock: Clock,
    job: Job,
    signing: Signing | None,
    segment_s: float | None = None,
) -> ProcessResult:
    """The second pass, as far as its segments do not lie in the work folder, and what is published of it."""
    edits, analysis, people = plan.edits, plan.analysis, plan.people
    videos = render_video(
        edits, analysis, make_renderer, config, config, config.edit_said(), clock, job, segment_s
    )
    first = plan.edits_of(people[0].number)
    parts = videos.parts | write_page(first, videos.images, analysis, config, run, clock.seconds, job)
    parts |= write_edited(first, analysis, config, first[0].model, job)
    publish(parts, edits, analysis, config, run, signing, job)
    return ProcessResult(
        config.output_path, config.compare_path, config.report_path, analysis.num_frames, videos.edited_frames,
        people[0].number, config.emotion, config.intensity, clock.seconds, people,
    )  # fmt: skip


def renderer_of(
    edits: list[TrackEdit], fitter: Fitter, analysis: Analysis, config: ProcessConfig, run: ResolvedRun, clock: Clock
) -> Callable[[TrackEdit], Renderer]:
    """What makes a fresh renderer for a track; where nothing is edited, one that need not know anybody."""
    if run.why:
        clock.note(run.why)
    model = fitter.model
    if not any(edit.changed().any() for edit in edits):
        return prepare_renderer("warp", Casting(model, edits, lambda _: iter(())), clock)
    rate = float(analysis.video.frame_rate)
    drawing = mesh_drawing(fitter, config.rasterizer) if fitter.wants_heads else None
    weights = weights_of(edits, config, drawing, clock)
    casting = Casting(
        model, edits, lambda indices: frames_at(config.input, indices, rate), weights, config.renderer_weights, drawing,
        run.runs_on,
    )  # fmt: skip
    return prepare_renderer(run.renderer, casting, clock)


def edited_person(part: CastMember, plan: list[TrackEdit]) -> EditedPerson:
    """What came of one person's edit."""
    edited = sum(int(edit.changed().sum()) for edit in plan)
    missing = [unedited(edit.track, edit.fit) for edit in plan] if edited else []
    span = sum(int(edit.track.frames[-1] - edit.track.frames[0] + 1) for edit in plan)
    turned, lost = (sum(counts[k] for counts in missing) for k in (0, 1))
    return EditedPerson(part.person, part.why, part.edit.describe(), edited, span, turned, lost)


def publish(
    parts: dict[Path, Path],
    edits: list[TrackEdit],
    analysis: Analysis,
    config: ProcessConfig,
    run: ResolvedRun,
    signing: Signing | None,
    job: Job,
) -> None:
    """Complete files of the work folder, by their final paths, are signed and named, the edited video last."""
    videos = [path for path in (config.compare_path, config.output_path) if path is not None]
    manifests = [path for video in videos if (path := workspace.manifest_path(video))]
    job.note_publishing([*parts, *manifests])
    for final in videos:
        finish_output(parts[final], final, signing, config, run, edits, analysis.num_frames)
    for final in sorted(parts, key=lambda final: final == config.output_path):
        workspace.give_name(parts[final], final)


def plan_person(
    part: CastMember, analysis: Analysis, styles: Styles, fitter: Fitter, config: ProcessConfig, clock: Clock
) -> list[TrackEdit]:
    """Fits one person's tracks and edits their expression, by the manipulator or from a file."""
    tracks = analysis.tracks_of(part.person)
    model, rate = styles.model, float(analysis.video.frame_rate)
    fitted = fitter.fit(tracks, analysis, clock)
    fits = [found.face for found in fitted]
    style_of: Sequence[StyleOf] = [styles] * len(tracks)
    manipulator: Manipulator
    if config.expression is None:
        manipulator = build_manipulator(config.chosen_manipulator, model, config.manipulator_weights)
    else:
        manipulator = Playback(model.space)
        style_of = given_styles(config.expression, tracks, [fit.expression for fit in fits], analysis)
    start_s, out = first_time_s(analysis, config.start_s), []
    for track, found, style in zip(tracks, fitted, style_of, strict=True):
        fit = found.face
        said = measure_articulation(track, fit, model)
        times_s = analysis.times_s(track.frames)
        new = edit_track(fit.expression, said, times_s, start_s, rate, part.edit, manipulator, style)
        out.append(TrackEdit(track, fit, new, model, edit_strength(track, fit, analysis), found.heads))
    return out


def write_edited(
    plan: list[TrackEdit], analysis: Analysis, config: ProcessConfig, model: FaceModel, job: Job
) -> dict[Path, Path]:
    """The edited expression as a track or a mesh for animation tools, by its final path; empty where none is wanted."""
    if config.export_edited is None:
        return {}
    from ned.pipeline.exports import PersonFit, export

    part = job.folder / f"edited{config.export_edited.suffix.lower()}"
    fits = [replace(edit.fit, expression=edit.edited) for edit in plan]
    export(part, PersonFit(model, [edit.track for edit in plan], fits), analysis)
    return {config.export_edited: part}


def write_page(
    edits: list[TrackEdit],
    images: tuple[ImagePair, ...],
    analysis: Analysis,
    config: ProcessConfig,
    run: ResolvedRun,
    seconds: dict[str, float],
    job: Job,
) -> dict[Path, Path]:
    """The report of what was done, by its final path; empty where none is wanted."""
    if config.report_path is None:
        return {}
    frames = np.concatenate([edit.track.frames for edit in edits])
    before, after = joined([edit.fit.expression for edit in edits]), joined([edit.edited for edit in edits])
    edited_frames = sum(int(edit.changed().sum()) for edit in edits)
    data = ReportData(
        config.input.name, config.describe(), config.output_path, config.settings(), edits[0].track.person,
        analysis.num_frames, edited_frames,
        frames / float(analysis.video.frame_rate), before, after, images, dict(seconds), run.facts(),
    )  # fmt: skip
    page = job.folder / "report.html"
    write_report(page, data)
    return {config.report_path: page}
