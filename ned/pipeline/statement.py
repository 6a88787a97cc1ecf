"""Provenance of a run of `ned process`: what its outputs say of themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from ned.config import ProcessConfig
from ned.config.affect_path import said_path
from ned.edit.track_edit import TrackEdit
from ned.pipeline.resolved import ResolvedRun
from ned.provenance import Signing, Statement
from ned.workspace import manifest_path

_SAID = ("emotion", "valence", "arousal", "va_path", "intensity", "timeline", "edit", "reference", "expression",
         "start_s", "end_s")  # fmt: skip
"""Options that say what was asked for; what it was done with are the facts of the run."""


def finish_output(
    part: Path,
    final: Path,
    signing: Signing | None,
    config: ProcessConfig,
    run: ResolvedRun,
    edits: Sequence[TrackEdit],
    frames: int,
) -> None:
    """Sign the complete file `part`, which is about to be called `final`; unsigned, remove an old manifest beside it.

    `frames` is the number of frames of the video. ProcessingError where signing fails.
    """
    if signing is None:
        beside = manifest_path(final)
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        return
    signing.finish(part, final, statement(config, run, edits, frames), beside=final == config.compare_path)


def statement(config: ProcessConfig, run: ResolvedRun, edits: Sequence[TrackEdit], frames: int) -> Statement:
    """What is said of a video of that many frames with these edits; nothing of the user's folders."""
    edited = {int(index) for edit in edits for index in edit.track.frames[edit.changed()]}
    persons = sorted({edit.track.person for edit in edits if edit.changed().any()})
    return Statement(
        config.input, config.edit_said() if edited else "", tuple(persons), frames, len(edited),
        run.trained, _parameters(config, run),
        config.cut,
    )  # fmt: skip


def _parameters(config: ProcessConfig, run: ResolvedRun) -> dict[str, str]:
    values = {name: getattr(config, name) for name in _SAID}
    if config.timeline or config.edit or config.reference or config.expression:
        values["emotion"] = None  # was not asked for
    if config.place is not None:
        values |= {"emotion": None} | dict(zip(("valence", "arousal"), config.place, strict=True))
    if config.va_path:
        values |= {"emotion": None, "va_path": said_path(config.va_path)}
    asked = {name: _plain(value) for name, value in values.items() if value is not None and value != ()}
    return asked | {name: value for name, value in run.facts().items() if value}


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple):
        return "; ".join(map(_plain, value))
    describe = getattr(value, "describe", None)
    return str(describe()) if callable(describe) else str(value)
