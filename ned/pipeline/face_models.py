"""The face model that is asked for, from the user's own folder where it is somebody else's."""

from __future__ import annotations

from pathlib import Path

from ned import workspace
from ned.config.edit import FaceModelOptions
from ned.config.roles import FACE_MODELS
from ned.errors import UserError
from ned.face_model import FaceModel, load_face_model
from ned.face_model.flame.arkit import ArkitFlame
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.folder import find_flame_files
from ned.face_model.ict import neutral_file
from ned.licences import require


def load_flame(folder: Path, accept_licence: bool = False) -> FlameFace:
    """FLAME, once its licence is accepted. UserError where it is not, or the folder holds something else."""
    face = FlameFace.load(folder)
    require(f"flame{face.model.edition}", accept_licence)
    return face


def load_model(options: FaceModelOptions) -> FaceModel:
    """The model that edits and renders, in ARKit's space and at the tracker's points. UserError as `load_flame`."""
    folder = options.face_model_folder
    if folder is None:
        return load_face_model(options.face_model)
    model = FACE_MODELS[options.face_model].make(folder)
    if isinstance(model, ArkitFlame):
        require(f"flame{model.face.model.edition}", options.accept_licence)
    return model


def files_digest(options: FaceModelOptions) -> str:
    """What changes with the model's own files; empty where it is shipped. UserError where there are none."""
    folder = options.face_model_folder
    if folder is None:
        return ""
    path = find_flame_files(folder).model if options.face_model == "flame" else neutral_file(folder)
    try:
        return workspace.fingerprint(path)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check its rights") from error
