"""Which network paints, and what it must be told: known from the head of its checkpoint, before any work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ned import workspace
from ned.config import ProcessConfig
from ned.config.edit import FaceModelOptions
from ned.config.roles import RASTERIZERS, RENDERERS
from ned.errors import UserError
from ned.face_model.flame.detail import read_detail_maps
from ned.files.checkpoint import read_head
from ned.pipeline.face_models import load_model
from ned.pipeline.fitters import Fitter, make_fitter
from ned.renderer.neural.flame_images import DetailSource
from ned.renderer.neural.mesh import MeshDrawing
from ned.runtime.progress import Progress
from ned.types import Analysis, FaceTrack, Heads


def painting_weights(config: ProcessConfig) -> Path:
    """The checkpoint that paints, or that fine-tuning begins from."""
    shipped = RENDERERS["neural"].weights
    assert shipped is not None
    if config.actor is not None and not config.finetune_minutes:
        return workspace.actor_weights(config.actor)
    return config.renderer_weights or shipped


def painted_model(path: Path) -> tuple[str, str]:
    """The face model whose mesh a network is shown, and who must fit it: `canonical`, or `flame` and a name of `FITS`.

    A file that cannot be read is none of ours; who loads it says so.
    """
    try:
        known = json.loads(read_head(path)["config"])
        return str(known.get("face_model", "canonical")), str(known.get("fit", "landmarks"))
    except (UserError, KeyError, ValueError, AttributeError):
        return "canonical", "landmarks"


def check_painter(config: ProcessConfig, renderer: str) -> bool:
    """Whether the network is shown FLAME's mesh. UserError where it was trained on another model or fit than is used:
    it would be shown what it never saw."""
    if not RENDERERS[renderer].weights:
        return False
    path = painting_weights(config)
    model, fit = painted_model(path)
    if model == "canonical":
        return False
    if config.face_model != model:
        raise UserError(f"was trained on the mesh of {model}", path=path,
                        remedy=f"add --face-model {model} --flame-folder DIR")  # fmt: skip
    if config.fit != fit:
        raise UserError(f"was trained on faces fitted by {fit}, these are by {config.fit}", path=path,
                        remedy=f"add --fit {fit}, or train one on this fit")  # fmt: skip
    return True


def mesh_drawing(fitter: Fitter, rasterizer: str = "compiled") -> MeshDrawing:
    """What draws FLAME's mesh for a network: with detail, where the encoder has a decoder for it and the folder the
    layout. Raises UserError as the readers do, and for a rasteriser that is not installed."""
    face, detail = fitter.flame, None
    assert face is not None
    if fitter.kind in ("deca", "emoca") and fitter.checkpoint is not None and face.texture is not None:
        from ned.encoders.checkpoint import load_decoder

        maps = read_detail_maps(face.files.detail_mask, face.files.displacement)
        detail = DetailSource(load_decoder(fitter.checkpoint), maps)
    parts = [workspace.fingerprint(path) for path in (face.files.model, fitter.checkpoint) if path is not None]
    digest = hashlib.blake2b(" ".join([fitter.kind, *parts]).encode(), digest_size=16).hexdigest()

    def heads_of(tracks: Sequence[FaceTrack], analysis: Analysis) -> list[Heads]:
        return [found.heads for found in fitter.fit(tracks, analysis) if found.heads is not None]

    return MeshDrawing(face, RASTERIZERS[rasterizer].make(), detail, fitter.kind, heads_of, digest)


def drawing_of(options: FaceModelOptions, progress: Progress) -> MeshDrawing | None:
    """For training: None where the embedded model is drawn. Says what is lost where the folder has no layout. Raises
    UserError for a face model that cannot be drawn, and as the readers do."""
    options.check_face_model()
    if options.face_model == "canonical":
        return None
    if options.face_model != "flame":
        raise UserError(f"no network is shown the mesh of {options.face_model}", remedy="use --face-model flame")
    fitter = make_fitter(load_model(options), options, wants_heads=True, cache=workspace.Cache())
    drawing = mesh_drawing(fitter)
    if options.fit in ("deca", "emoca") and drawing.detail is None:
        progress.note(f"{options.face_model_folder}: no head_template.obj, so no detail is shown; all else is")
    return drawing
