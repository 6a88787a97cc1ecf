"""Put videos together from the pieces in the store, by copying; sign and publish them as `ned process` does.

The pieces are laid into the work folder that `ned process` would have, which then goes on where its second pass ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ned import workspace
from ned.batch.manifest import Manifest, PlannedVideo, run_from
from ned.batch.opened import OpenedVideo
from ned.batch.results import read_result, unpack
from ned.batch.sources import IN_STORE, is_url
from ned.batch.store import Store
from ned.batch.units import Unit, VideoState, folder_of
from ned.config import ProcessConfig
from ned.edit.track_edit import TrackEdit
from ned.errors import ProcessingError, UserError
from ned.jobs.run import bears_mark
from ned.pipeline.face_models import load_model, space_of
from ned.pipeline.planned import load_plan
from ned.pipeline.resolved import key_of, with_handles
from ned.pipeline.video import finish_video
from ned.provenance import begin_signing
from ned.renderer import Renderer
from ned.runtime.progress import Clock, Progress
from ned.workspace.inputs import check_apart

MERGED = "merged.txt"
"""In a video's folder of the store: what the merged video says of the work that it comes from."""


@dataclass(frozen=True)
class Merged:
    """What became of one video."""

    video: PlannedVideo
    state: Literal["merged", "skipped", "unfinished", "failed"]
    output: Path | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class MergeTerms:
    """How results are written."""

    output: Path | None = None
    """Folder for all of them; None: where the plan says."""
    overwrite: bool = False
    scratch: Path | None = None
    """Folder for copies of sources meanwhile; None: the system's for temporary files."""
    provenance_cert: Path | None = None
    provenance_key: Path | None = None


def merge_batch(store: Store, terms: MergeTerms, progress: Progress) -> Iterable[Merged]:
    """Merge every video that is finished, one after another; what cannot be merged does not stop the rest.

    UserError where the store holds no plan, or two results would have one name.
    """
    manifest = Manifest.load(store)
    places = {video.key: place_of(video, terms.output) for video in manifest.videos}
    check_apart((Path(video.source), places[video.key]) for video in manifest.videos)
    for video in manifest.videos:
        state = VideoState.of(video.key, manifest.per_unit, store.names(folder_of(video.key)))
        if not state.finished:
            yield Merged(video, "unfinished")
            continue
        try:
            places[video.key].parent.mkdir(parents=True, exist_ok=True)
            done = merge_video(store, manifest, video, state, places[video.key], terms, progress)
            yield Merged(video, "merged" if done else "skipped", places[video.key])
        except Exception as error:
            yield Merged(video, "failed", error=error)


def place_of(video: PlannedVideo, folder: Path | None) -> Path:
    """Where a video's result goes. UserError where nobody said."""
    if folder is not None:
        return folder / Path(video.output).name
    if not Path(video.output).is_absolute():
        raise UserError("nobody said where its result goes", path=video.source, remedy="give --output FOLDER")
    return Path(video.output)


def merge_video(
    store: Store,
    manifest: Manifest,
    video: PlannedVideo,
    state: VideoState,
    output: Path,
    terms: MergeTerms,
    progress: Progress,
) -> bool:
    """Merge one video that is finished; False where it was merged before. Errors as of `ned.pipeline.process`, and
    ProcessingError where pieces are missing or damaged."""
    pieces, clock = state.pieces or 0, Clock(progress)
    before = (store.get(f"{folder_of(video.key)}/{MERGED}") or b"").decode("utf-8", "replace")
    if before and not terms.overwrite and output.exists() and bears_mark(output, before):
        return False  # and its source need not be fetched
    with OpenedVideo(store, manifest, video, terms.scratch) as opened:
        config = replace(opened.config, output=output, overwrite=terms.overwrite)
        run = run_from(read_result(store, Unit(video.key), pieces).facts["run"])
        key = key_of(config, run)
        if output.exists() and not terms.overwrite and bears_mark(output, workspace.work_mark(key)):
            return False
        config.check_files(lambda: workspace.publishing(output, lambda: key))
        signing = begin_signing(config.input, config.provenance, terms.provenance_cert, terms.provenance_key)
        folder = opened.folder / "plan"
        unpack(store, Unit(video.key), pieces, folder)
        plan = load_plan(folder, config.input, load_model(config, space_of(config)))
        if plan is None:
            raise ProcessingError("its analysis cannot be read", path=store.url, remedy="is it of another version?")
        with workspace.open_job(output, key) as job:
            with clock.stage("collecting", len(state.units) - 1) as stage:
                for unit in state.units[1:]:
                    unpack(store, unit, pieces, job.folder)
                    stage.advance()
            missing = _nothing_missing(config, video.key)
            finish_video(plan, missing, with_handles(config), run, clock, job, signing, manifest.piece_s)
    store.put(f"{folder_of(video.key)}/{MERGED}", workspace.work_mark(key).encode())
    return True


def source_said(video: PlannedVideo) -> str:
    """A source as people know it."""
    if video.source.startswith(IN_STORE):
        return Path(video.output).name
    return video.source if is_url(video.source) else Path(video.source).name


def _nothing_missing(config: ProcessConfig, key: str) -> Callable[[TrackEdit], Renderer]:
    """In place of a renderer: all was rendered."""

    def missing(edit: TrackEdit) -> Renderer:
        remedy = f"remove {folder_of(key)}/r*.done.0.json and finished/{key}.done from the store, and run again"
        raise ProcessingError("pieces of it are damaged", path=config.output_path, remedy=remedy)

    return missing
