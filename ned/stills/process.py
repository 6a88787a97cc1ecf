"""The story of a still: read, find, edit, write, sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned.config.still import StillConfig
from ned.edit.track_edit import TrackEdit
from ned.files.atomic import atomic_path
from ned.provenance import Signing, Statement, begin_signing
from ned.runtime.progress import Clock, Progress, Silent
from ned.stills.edit import Wish, edit_faces
from ned.stills.faces import Portrait, find_faces
from ned.stills.image import encoded, read_image
from ned.stills.upright import StillImage
from ned.types import Emotion, ValenceArousal


@dataclass(frozen=True)
class StillResult:
    """What `edit_still` did."""

    output: Path
    faces: int
    """How many were edited."""
    left_out: int
    """How many were too small."""
    turned_away: int
    """How many look too far aside to be edited in full."""
    seconds: dict[str, float]
    """Wall time by stage."""


def edit_still(config: StillConfig, progress: Progress | None = None) -> StillResult:
    """Edits the faces of an image as `config` says and writes the result.

    Raises UserError for what the user can mend and ProcessingError for what failed; neither leaves anything under the
    output's name.
    """
    config.check_files()
    clock = Clock(progress or Silent())
    signing = begin_signing(config.input, config.provenance, config.provenance_cert, config.provenance_key)
    with clock.stage("reading"):
        image = read_image(config.input)
    with clock.stage("finding"):
        portrait = find_faces(image, config.person)
    with clock.stage("editing", len(portrait.faces)):
        data, edits = make(config, portrait)
    with clock.stage("writing"):
        publish(data, config, edits, signing)
    turned = sum(float(face.strength[0]) < 0.5 for face in portrait.faces)
    return StillResult(config.output_path, len(edits), portrait.left_out, turned, clock.seconds)


def make(config: StillConfig, portrait: Portrait) -> tuple[bytes, Sequence[TrackEdit]]:
    """The output's bytes, and what was done to faces."""
    notice = f"Facial expression edited with ned: {config.said()}"
    if config.grid or config.sweep:
        from ned.stills.sheet import plane_sheet, sweep

        faces = [TrackEdit(f.track, f.fit, f.fit.expression, portrait.model, f.strength) for f in portrait.faces[:1]]
        if config.sweep:
            return sweep(portrait, config.intensity), faces
        sheet = plane_sheet(portrait, config.grid or 7, config.intensity)
        return _encoded_sheet(sheet, portrait, config, notice), faces
    place = config.place
    style = Emotion(config.emotion or "happy") if place is None else ValenceArousal(*place)
    wish = Wish(
        style, config.expression, config.intensity, config.manipulator, config.seed, config.editor,
        config.editor_weights, config.scope, config.part,
    )  # fmt: skip
    if config.compare_editors:
        from ned.stills.gan.compare import editors_sheet

        sheet, edits = editors_sheet(portrait, wish)
        return _encoded_sheet(sheet, portrait, config, notice), edits
    done = edit_faces(portrait, wish)
    return encoded(done.image, config.output_path.suffix.lower(), notice), done.edits


def _encoded_sheet(
    sheet: UInt8[np.ndarray, "h w 3"], portrait: Portrait, config: StillConfig, notice: str
) -> bytes:
    from ned.stills.sheet import colours_of

    image = StillImage(config.input, "", sheet, icc=colours_of(portrait))
    return encoded(image, config.output_path.suffix.lower(), notice)


def publish(data: bytes, config: StillConfig, edits: Sequence[TrackEdit], signing: Signing | None) -> None:
    """The complete file is signed and named."""
    final = config.output_path
    with atomic_path(final) as part:
        part.write_bytes(data)
        if signing is not None:
            signing.finish(part, final, statement(config, edits))


def statement(config: StillConfig, edits: Sequence[TrackEdit]) -> Statement:
    """What the manifest says; nothing of the user's folders."""
    sheet = bool(config.grid or config.sweep or config.compare_editors)
    persons = tuple(edit.track.person for edit in edits if sheet or edit.changed().any())
    parameters = {
        "editor": "several, compared" if config.compare_editors else config.editor,
        "manipulator": config.manipulator, "intensity": f"{config.intensity:g}",
        "seed": str(config.seed),
    }  # fmt: skip
    if config.place is not None:
        parameters |= {"valence": f"{config.place[0]:g}", "arousal": f"{config.place[1]:g}"}
    elif config.emotion is not None:
        parameters["emotion"] = config.emotion
    said = config.said() if persons else ""
    learned = config.manipulator == "learned" or config.editor != "warp" or bool(config.editor_weights)
    return Statement(config.input, said, persons, 1, int(bool(persons)), learned, parameters)
