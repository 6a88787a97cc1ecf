"""Provenance of a run of `ned process`: what its outputs say of themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from ned.config import ProcessConfig
from ned.plan import TrackEdit
from ned.provenance import Signing, Statement, load_credential, local_credential
from ned.workspace import manifest_path

_SAID = (
    "emotion", "intensity", "timeline", "edit", "reference", "expression", "manipulator", "renderer", "seed",
    "start_s", "end_s",
)  # fmt: skip
"""Options that say what was done; those that a version of `ned` does not have are left out."""


def begin_signing(config: ProcessConfig) -> Signing | None:
    """What signs the outputs, before any work is done; None for --no-provenance. UserError for a bad credential."""
    if not config.provenance:
        return None
    if config.provenance_cert is not None and config.provenance_key is not None:
        credential = load_credential(config.provenance_cert, config.provenance_key)
    else:
        credential = local_credential()
    return Signing(credential, config.input)


def finish_output(
    part: Path, final: Path, signing: Signing | None, config: ProcessConfig, edits: Sequence[TrackEdit], frames: int
) -> None:
    """Sign the complete file `part`, which is about to be called `final`; unsigned, remove an old manifest beside it.

    `frames` is the number of frames of the film. ProcessingError where signing fails.
    """
    if signing is None:
        beside = manifest_path(final)
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        return
    signing.finish(part, final, statement(config, edits, frames), beside=final == config.compare_path)


def statement(config: ProcessConfig, edits: Sequence[TrackEdit], frames: int) -> Statement:
    """What is said of a film of that many frames with these edits; nothing of the user's folders."""
    edited = {int(index) for edit in edits for index in edit.track.frames[edit.changed()]}
    persons = sorted({edit.track.person for edit in edits if edit.changed().any()})
    return Statement(
        config.input, edit_said(config) if edited else "", tuple(persons), frames, len(edited),
        _by_networks(config), _parameters(config),
        config.start_s is not None or config.end_s is not None,
    )  # fmt: skip


def _by_networks(config: ProcessConfig) -> bool:
    """Whether networks made the edit, as far as the options say it."""
    painted = config.renderer == "neural" or config.actor is not None or config.finetune_minutes > 0
    return painted or config.manipulator == "learned"


def edit_said(config: ProcessConfig) -> str:
    """What is done to the expression, in words, without paths."""
    if config.expression:
        return "from a file"
    mixed = config.edit or config.timeline or config.reference
    return f"to {config.said()}" if mixed else f"to {config.emotion} at intensity {config.intensity:g}"


def _parameters(config: ProcessConfig) -> dict[str, str]:
    known = {f.name for f in fields(config)}
    values = {name: getattr(config, name) for name in _SAID if name in known}
    return {name: _plain(value) for name, value in values.items() if value is not None and value != ()}


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple):
        return "; ".join(map(_plain, value))
    said = getattr(value, "said", None)
    return str(said()) if callable(said) else str(value)
