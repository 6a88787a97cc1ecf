"""The face model that is asked for, from the user's own folder where it is somebody else's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ned import workspace
from ned.config.edit import EditOptions, FaceModelOptions
from ned.config.roles import FACE_MODELS, LANDMARKS
from ned.errors import UserError
from ned.face_model import ARKIT52, FLAME50, FaceModel, load_face_model
from ned.face_model.flame.arkit import ArkitFlame
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.folder import find_flame_files
from ned.face_model.ict import files_of
from ned.files.checkpoint import read_head
from ned.licences import require


def load_flame(folder: Path, accept_licence: bool = False) -> FlameFace:
    """FLAME, once its licence is accepted. UserError where it is not, or the folder holds something else."""
    face = FlameFace.load(folder)
    require(f"flame{face.model.edition}", accept_licence)
    return face


def load_model(options: FaceModelOptions, space: str = ARKIT52.name) -> FaceModel:
    """The model that edits and renders, at the tracker's points: FLAME in its own space `flame50` where that is asked
    for, else whichever model in ARKit's. UserError as `load_flame`."""
    folder = options.face_model_folder
    if folder is None:
        return load_face_model(options.face_model)
    if options.face_model == "flame" and space == FLAME50.name:
        return load_flame(folder, options.accept_licence)
    model = FACE_MODELS[options.face_model].make(folder)
    if isinstance(model, ArkitFlame):
        require(f"flame{model.face.model.edition}", options.accept_licence)
    return model


def space_of(config: EditOptions) -> str:
    """The space that the edit is made in: that of the manipulator's own checkpoint, where FLAME can speak it."""
    if config.face_model != "flame" or config.manipulator_weights is None or config.expression is not None:
        return ARKIT52.name
    said = read_head(config.manipulator_weights).get("space", "")
    return FLAME50.name if said == FLAME50.name else ARKIT52.name


def encoder_digest(options: FaceModelOptions) -> str:
    """SHA-256 of the encoder's checkpoint; empty where none is used. UserError where there is none to use."""
    if options.fit == LANDMARKS:
        return ""
    return workspace.sha256_of(encoder_path(options))


def encoder_path(options: FaceModelOptions) -> Path:
    """The checkpoint of the encoder that is asked for: the one that is named, else the one in FLAME's folder. UserError
    where there is none."""
    folder = options.face_model_folder
    path = options.encoder_weights or (None if folder is None else getattr(find_flame_files(folder), options.fit))
    if path is None:
        raise UserError(f"no checkpoint of {options.fit} among FLAME's files", path=folder,
                        remedy="put it there, or name it with --encoder-weights; see third_party/deca.md")  # fmt: skip
    if not path.is_file():
        raise UserError("no such checkpoint", path=path, remedy="check --encoder-weights")
    return path


def files_digest(options: FaceModelOptions) -> str:
    """What changes with any of the model's own files; empty where it is shipped. UserError where there are none."""
    folder = options.face_model_folder
    if folder is None:
        return ""
    flame = options.face_model == "flame"
    digest = hashlib.blake2b(digest_size=16)
    for path in find_flame_files(folder).of_the_model() if flame else files_of(folder):
        try:
            digest.update(workspace.fingerprint(path).encode())
        except OSError as error:
            raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check its rights") from error
    return digest.hexdigest()
