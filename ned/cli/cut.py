"""`ned process edit.otio`: one job a clip, and a cut of what came of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.config import EditOptions, ProcessConfig
from ned.errors import UserError
from ned.exchange.cut import Clip, Cut, read_cut, write_relinked
from ned.workspace import check_output, default_output, is_numbered
from ned.workspace.numbered import Numbered

if TYPE_CHECKING:
    from ned.jobs import Outcome

ENDING = ".otio"


def is_cut(inputs: Sequence[str]) -> bool:
    """Whether the inputs are one cut."""
    return len(inputs) == 1 and Path(inputs[0]).suffix.lower() == ENDING


def jobs_of(
    path: Path, overrides: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Cut, tuple[ProcessConfig, ...], Path]:
    """The cut, its jobs in the order of its clips, and where the new cut goes. Options come from the YAML file, before
    it the clip's own metadata, and before that the command line; `--output` is a folder, which is made where it is
    missing. UserError for options that the cut says itself, as start and end."""
    rest = {**overrides, **given}
    for name in ("start_s", "end_s", "alpha", "export_edited"):
        if rest.get(name) is not None:
            flag = "--" + name.removesuffix("_s").replace("_", "-")
            remedy = "leave it out, or give one clip's media"
            raise UserError(f"{flag} does not go with a cut", path=path, remedy=remedy)
    cut = read_cut(path)
    folder = rest.pop("output", None)
    folder = Path(folder).expanduser() if folder is not None else path.with_name(f"{path.stem}_edited")
    if folder.exists() and not folder.is_dir():
        raise UserError("is no folder", path=folder, remedy="a cut needs a folder as --output")
    rest.pop("input", None)
    configs = tuple(_job(clip, cut, overrides, {k: v for k, v in given.items() if k in rest}, folder)
                    for clip in cut.clips)  # fmt: skip
    target = folder / path.name
    if target.exists() or folder.resolve() == path.parent.resolve():
        check_output(target, inputs=[path], overwrite=bool(rest.get("overwrite")))
    folder.mkdir(parents=True, exist_ok=True)
    for name in cut.without_media:
        print(f"ned: note: {name} has no media and stays as it is", file=sys.stderr)
    return cut, configs, target


def _job(
    clip: Clip, cut: Cut, overrides: Mapping[str, Any], given: Mapping[str, Any], folder: Path
) -> ProcessConfig:
    known = {f.name for f in fields(EditOptions)}
    for name in clip.options:
        if name not in known:
            raise UserError(f"clip {clip.number} has an option {str(name)[:40]!r}, which is none of an edit",
                            path=cut.path, remedy=f"known are: {', '.join(sorted(known))}")  # fmt: skip
    plain = {k: v for k, v in overrides.items() if k not in ("input", "output")}
    values = {**plain, **clip.options, **given}
    one = ProcessConfig.build(values, input=clip.media, start_s=clip.start_s, end_s=clip.end_s)
    name = re.sub(r"[^\w.-]+", "_", clip.name)[:60].strip("._") or "clip"
    called = f"{clip.number:03d}_{name}_{_what(one)}"
    if is_numbered(clip.media):
        source = Numbered.of(clip.media)
        output = folder / f"{called}.%0{source.digits}d{source.ending}"
    else:
        output = folder / f"{called}{default_output(clip.media, '', one.encoder).suffix}"
    return ProcessConfig.build(values, input=clip.media, start_s=clip.start_s, end_s=clip.end_s, output=output)


def _what(config: ProcessConfig) -> str:
    """What an output is called after."""
    stem = Numbered.of(config.input).stem if is_numbered(config.input) else config.input.stem
    output = config.output_path
    made = Numbered.of(output).stem if is_numbered(output) else output.stem
    return made.removeprefix(stem).strip("_") or "edited"


def write_cut(cut: Cut, outcomes: Sequence[Outcome], target: Path) -> None:
    """The new cut: clips that are done show the edited media, with handles; others what they showed."""
    edited = {}
    for clip, outcome in zip(cut.clips, outcomes, strict=True):
        if outcome.state in ("done", "skipped"):
            handles = outcome.config.handles
            before = min(handles, int(clip.start_s * clip.rate + 1e-6))
            frames = outcome.result.frames if outcome.result else None
            own = round((clip.end_s - clip.start_s) * clip.rate)
            after = handles if frames is None else max(0, frames - own - before)
            edited[clip.number] = outcome.config.output_path, before, after
    write_relinked(cut, edited, target)
