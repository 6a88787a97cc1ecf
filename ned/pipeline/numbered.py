"""Numbered images in and out around the ordinary run: gathered into a video of their view, edited, and written back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ned import workspace
from ned.config import ProcessConfig
from ned.errors import NedError
from ned.files.reading import fingerprint, sha256_of
from ned.pipeline.resolved import key_of, resolve, with_handles
from ned.pipeline.video import ProcessResult
from ned.pipeline.video import process as process_video
from ned.rendering.second_pass import edit_notice
from ned.runtime.progress import Clock, Progress, Silent
from ned.sequences.conform import Conformed, conform
from ned.sequences.deliver import check_light, into_images, matte_images, new_images
from ned.video import probe, read_frames
from ned.workspace import Job, Numbered, is_numbered
from ned.workspace.numbered import missing, said


def process(config: ProcessConfig, progress: Progress | None = None) -> ProcessResult:
    """Edits the people of a video or of numbered images as `config` says, and writes either.

    Raises UserError for what the user can mend (before any work where it can be known) and
    ProcessingError for what failed; neither leaves anything under the output's name.
    """
    if not any(map(is_numbered, (config.input, config.output_path, config.alpha))):
        return process_video(config, progress)
    config.check_files()
    if is_numbered(config.output_path) and not is_numbered(config.input) and _kind(config.output_path) == ".exr":
        check_light(probe(config.input))
    with workspace.open_job(_work_name(config), _key(config), config.keep) as job:
        return _process(config, Clock(progress or Silent()), job)


def is_delivered(config: ProcessConfig) -> bool:
    """Whether the images are there and their list says that they come from this very input and these options."""
    try:
        told = json.loads(_list_path(config).read_text(encoding="utf-8"))
        images = Numbered.of(config.output_path)
        there = {images.path(number).name for number in images.numbers()}
        return told["work"] == workspace.work_mark(_key(config)) and set(told["images"]) <= there
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _process(config: ProcessConfig, clock: Clock, job: Job) -> ProcessResult:
    source = _gathered(config, clock, job) if is_numbered(config.input) else None
    inner = _inner(config, source, job)
    try:
        result = process_video(inner, clock)
    except NedError as error:
        if source is not None and str(error.path) == str(inner.input):  # speak of what the user named
            raise type(error)(error.cause, path=config.input, remedy=error.remedy) from error
        raise
    parts = _images(config, inner, source, clock, job)
    for final, own in ((config.alpha, inner.alpha), (config.export_edited, inner.export_edited),
                       (config.report_path, inner.report_path)):  # fmt: skip
        if final is None or own is None or is_numbered(final) or final == own:
            continue
        if own.exists():
            parts[final] = own
    if is_numbered(config.output_path) and config.provenance:
        parts[_list_path(config)] = _listed(config, result, parts, job)
    job.note_publishing(list(parts))
    for final, part in parts.items():
        workspace.give_name(part, final)
    return replace(result, output=config.output_path, report=config.report_path, seconds=clock.seconds | result.seconds)


def _gathered(config: ProcessConfig, clock: Clock, job: Job) -> Conformed:
    """The input's images as a video."""
    pattern, numbers = Numbered.of(config.input), workspace.check_numbered(config.input)
    gaps = missing(numbers)
    if gaps:
        clock.note(f"{config.input.name}: frames {said(gaps)} are missing; they leave a gap in time and stay missing")
    tall = _kind(config.input) == _kind(config.output_path) == ".exr"
    path = job.folder / f"{pattern.stem}.nut"
    done = conform(
        pattern, numbers, path, clock, rate=config.frame_rate, space=config.colour_space, tall=tall
    )
    clock.note(f"{config.input.name}: {len(numbers)} images, {float(done.rate):.6g} a second, {done.rate_said}")
    return done


def _inner(config: ProcessConfig, source: Conformed | None, job: Job) -> ProcessConfig:
    """The run on videos alone; what is not yet final lies in the work folder."""
    own: dict[str, object] = {"frame_rate": None, "colour_space": None}
    if source is not None:
        own["input"] = source.path
    if is_numbered(config.output_path):
        own |= {"output": job.folder / "edited.mkv", "encoder": "ffv1", "quality": "good", "preset": None,
                "provenance": False, "provenance_cert": None, "provenance_key": None, "overwrite": True}  # fmt: skip
        if config.export_edited is not None:
            own["export_edited"] = job.folder / f"track{config.export_edited.suffix}"
        if config.alpha is not None:
            own["alpha"] = job.folder / f"matte{config.alpha.suffix}"
    if is_numbered(config.alpha):
        own["alpha"] = job.folder / "matte.mkv"
    # an output path of its own, since the usual one is made of the input's name
    return replace(config, **{"output": config.output_path} | own)


def _images(
    config: ProcessConfig, inner: ProcessConfig, source: Conformed | None, clock: Clock, job: Job
) -> dict[Path, Path]:
    """All numbered images that are wanted, by their final paths."""
    out: dict[Path, Path] = {}
    wide = with_handles(inner)
    span, info = (wide.start_s, wide.end_s), probe(inner.input)
    first = next(read_frames(inner.input, *span)).index
    number_of = _numbering(source, 0)
    folder = job.folder / "images"
    folder.mkdir(exist_ok=True)
    if is_numbered(config.output_path):
        target, notice = Numbered.of(config.output_path), edit_notice(config.edit_said())
        with clock.stage("writing images", info.num_frames) as stage:
            if source is not None and _kind(config.input) == _kind(config.output_path):
                out |= into_images(source, inner.output_path, target, folder, span, notice, stage.advance)
            else:
                out |= new_images(
                    inner.input, inner.output_path, info, target, folder, span, notice, stage.advance, number_of
                )
    if config.alpha is not None and inner.alpha is not None and is_numbered(config.alpha):
        target = Numbered.of(config.alpha)
        with clock.stage("writing mattes", info.num_frames) as stage:
            out |= matte_images(
                inner.alpha, target, folder, info.frame_rate, _numbering(source, first), stage.advance
            )
    return out


def _numbering(source: Conformed | None, first: int) -> Callable[[int], int]:
    """A frame's number by its index, counted from `first`; of a video the index itself."""
    if source is None:
        return lambda index: first + index
    numbers = source.numbers
    return lambda index: numbers[first + index]


def _listed(config: ProcessConfig, result: ProcessResult, parts: dict[Path, Path], job: Job) -> Path:
    """A list of the images with their digests, and what was done."""
    images = {final.name: part for final, part in parts.items() if final.suffix == config.output_path.suffix}
    told = {
        "said": edit_notice(config.edit_said()) if result.edited_frames else "nothing was edited",
        "source": config.input.name,
        "persons": [person.number for person in result.people if person.edited],
        "frames": result.frames,
        "edited_frames": result.edited_frames,
        "work": job.mark,
        "images": {name: sha256_of(part) for name, part in images.items()},
    }
    path = job.folder / "images.json"
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return path


def _kind(path: Path) -> str:
    return path.suffix.lower()


def _list_path(config: ProcessConfig) -> Path:
    return Numbered.of(config.output_path).beside("_images.json")


def _work_name(config: ProcessConfig) -> Path:
    """Apart from the work folder of the run on videos."""
    output = config.output_path
    return output.with_name(output.name + ".images")


def _key(config: ProcessConfig) -> dict[str, str]:
    """What the work depends on: of many images the content of three, and size and time of change of all."""
    key = key_of(config, resolve(config))
    if not is_numbered(config.input):
        return key
    pattern = Numbered.of(config.input)
    paths = [pattern.path(number) for number in pattern.numbers()]
    some = [fingerprint(paths[k]) for k in sorted({0, len(paths) // 2, len(paths) - 1})]
    sizes = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return key | {"images": repr((some, sizes))}
