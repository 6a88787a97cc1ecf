"""Every option of `ned process`, written once: the command line, YAML files and Python all build `ProcessConfig`.

This module imports nothing heavy, so that wrong options are answered at once.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ned import workspace
from ned.config.affect import name_of
from ned.config.edit import EditOptions
from ned.config.options import convert_all, did_you_mean
from ned.config.output import OutputOptions
from ned.config.render import RenderOptions
from ned.config.source import SourceOptions
from ned.config.timeline import parse_timeline
from ned.config.yaml import read_yaml
from ned.errors import UserError


@dataclass(frozen=True)
class ProcessConfig(OutputOptions, RenderOptions, EditOptions, SourceOptions):
    """What `ned process` is asked to do, all of it; checked when it is made. A stage takes the part that it needs."""

    def __post_init__(self) -> None:
        self.check_edit()
        self.check_render()
        if self.finetune_minutes and self.cut:
            # people are numbered over what is analysed, and fine-tuning looks at the whole video
            remedy = "run `ned finetune` on the video and pass --actor"
            raise UserError("fine-tuning does not go with a start or an end", remedy=remedy)
        self.check_source()
        self.check_output()
        self._check_images()

    @classmethod
    def build(cls, overrides: Mapping[str, Any] | None = None, /, **options: Any) -> ProcessConfig:
        """From `overrides` (of a YAML file) and, before them, `options`; values may be text as a user writes it.

        Raises UserError for an unknown key or a value that does not fit.
        """
        values = {**(overrides or {}), **options}
        known = {f.name: f for f in fields(cls)}
        for key in values:
            if key not in known:
                raise UserError(f"unknown option {key!r}", remedy=did_you_mean(str(key), known))
        if "input" not in values:
            raise UserError("no input video", remedy="name one")
        return cls(**convert_all(cls, values))

    @property
    def output_path(self) -> Path:
        """Where the edited video goes."""
        mixed = self.expression or self.timeline or self.edit or self.reference or self.va_path
        what = "edited" if mixed else name_of(self.place) if self.place is not None else self.emotion
        return self.output or workspace.default_output(self.input, what, self.encoder)

    def settings(self) -> dict[str, str]:
        """What was asked for, in words, by the options' names; without what was left open."""
        return {f.name: str(value) for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def identity(self) -> dict[str, Any]:
        """All that was asked for and decides what is in the output, by name. Which renderer and weights that comes to
        is not in it: see `ned.pipeline.resolved`."""
        elsewhere = {"output", "alpha", "export_edited", "overwrite", "cache", "keep", "provenance",
                     "provenance_cert", "provenance_key", "renderer", "device", "manipulator", "manipulator_weights",
                     "seed", "face_model", "flame_folder", "ict_folder", "encoder_weights", "renderer_weights",
                     "rasterizer", "accept_licence"}  # fmt: skip
        return {
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name not in elsewhere},
            "container": self.output_path.suffix.lower(),
            **({"matte": self.alpha.suffix.lower()} if self.alpha is not None else {}),
        }

    def _check_images(self) -> None:
        """Raise UserError for options that do not go with numbered images."""
        source, output, matte = (workspace.is_numbered(path) for path in (self.input, self.output_path, self.alpha))
        if output and self.compare:
            raise UserError("side by side is a video, the output is numbered images",
                            remedy="leave out --compare, or give a video as --output")  # fmt: skip
        if source and self.finetune_minutes:
            raise UserError("fine-tuning does not go with numbered images",
                            remedy="run `ned finetune` on a video of them and pass --actor")  # fmt: skip
        if self.alpha is not None and not matte and self.alpha.suffix.lower() not in workspace.CONTAINERS:
            raise UserError("is no kind of matte", path=self.alpha,
                            remedy="end its name in .mkv, .mp4 or .mov, or give matte.%04d.png")  # fmt: skip
        outputs = [path for path in (self.output_path, self.alpha, self.export_edited) if path is not None]
        if len({path.absolute() for path in outputs}) < len(outputs):
            raise UserError("two outputs have one name", path=outputs[-1], remedy="give each its own")

    def check_files(self, published: Callable[[], Collection[Path]] = tuple) -> None:
        """Raise UserError where an input is missing, an output may not be written, or the encoder is not there.

        Reads and writes nothing; cheap beside the work that it saves. `published` gives outputs that an interrupted
        run of this very job has put in their places: they may be put there again. It is asked where one exists.
        """
        numbered = workspace.is_numbered(self.input)
        workspace.check_numbered(self.input) if numbered else workspace.check_input(self.input)
        for folder in (self.face_model_folder, self.flame_folder, self.ict_folder):
            if folder is not None and not folder.exists():
                raise UserError("no such folder", path=folder, remedy="check its name")
        if self.expression is not None:
            workspace.check_input(self.expression, what="CSV file")
        for path in (self.provenance_cert, self.provenance_key):
            if path is not None:
                workspace.check_input(path, what="PEM file")
        if self.person_like is not None:
            workspace.check_input(self.person_like, what="image")
        clips = {clip for edit in self.person_edits() for key in edit.keyframes for clip in key.references}
        for clip in sorted(clips):
            workspace.check_input(clip, what="reference clip")
        weights = (self.manipulator_weights, self.renderer_weights, self.encoder_weights)
        for path in weights:
            if path is not None:
                workspace.check_input(path, what="checkpoint")
        read = (self.input, self.expression, self.person_like, *weights, *clips)
        inputs = [path for path in read if path is not None]
        videos = [path for path in (self.output_path, self.compare_path) if path and not workspace.is_numbered(path)]
        for video in videos:
            workspace.check_container(video, self.encoder)
        manifests = [workspace.manifest_path(video) for video in videos] if self.provenance else []
        for path in (self.output_path, self.compare_path, self.report_path, self.alpha, self.export_edited, *manifests):
            if workspace.is_numbered(path):
                workspace.check_new_images(path, self.input, self.overwrite)
            elif path is not None:
                again = self.overwrite or (path.exists() and path.resolve() in published())
                workspace.check_output(path, inputs=inputs, overwrite=again)
        from ned.video.encoders import choose_encoder, quality_options

        choose_encoder(self.encoder)
        quality_options(self.encoder, self.quality, self.preset)


def load_overrides(path: str | Path) -> dict[str, Any]:
    """The options in a YAML file, relative paths taken from its folder. Raises UserError, also for unknown keys."""
    path = Path(path)
    values = read_yaml(path)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError("does not hold options", path=path, remedy="write one `option: value` a line")
    known = {f.name: f for f in fields(ProcessConfig)}
    types = typing.get_type_hints(ProcessConfig)
    for key, value in values.items():
        if key not in known:
            raise UserError(f"unknown option {str(key)[:80]!r}", path=path, remedy=did_you_mean(str(key), known))
        if types[key] == tuple[Path, ...]:
            clips = value if isinstance(value, list) else [value]
            values[key] = tuple(path.parent / str(clip) for clip in clips)
        elif Path in typing.get_args(types[key]) or types[key] is Path:
            values[key] = value if value is None else path.parent / str(value)
        elif key == "timeline" and value is not None:
            values[key] = parse_timeline(value, path.parent)
    return values
