"""Where models lie, and whether they are what they should be."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ned import workspace
from ned.errors import UserError
from ned.models.registry import Model


def models_root() -> Path:
    """`NED_MODELS`, else `models` in the user's data folder."""
    if chosen := os.environ.get("NED_MODELS"):
        return Path(chosen).expanduser()
    return workspace.data_root() / "models"


def model_path(model: Model) -> Path:
    """Where its file lies, or would."""
    return models_root() / model.file


def wanted_sha256(model: Model) -> str:
    """The checksum that the file must have, or how it must begin: the registry's, else the one recorded when the file
    came; "" where neither is known."""
    if len(model.sha256) == 64:
        return model.sha256
    try:
        return _record(model).read_text(encoding="ascii").split()[0]
    except (OSError, ValueError, IndexError):
        return model.sha256


def state_of(model: Model) -> str:
    """ "absent", "good", "unknown" (no checksum to hold it against), or "damaged". Reads the whole file."""
    path = model_path(model)
    if not path.is_file():
        return "absent"
    if model.size and path.stat().st_size != model.size:
        return "damaged"
    wanted = wanted_sha256(model)
    if not wanted:
        return "unknown"
    return "good" if workspace.sha256_of(path).startswith(wanted) else "damaged"


def find_model(model: Model) -> Path | None:
    """Its file where it is there and what it should be, else None."""
    return model_path(model) if state_of(model) in ("good", "unknown") else None


def why_absent(model: Model) -> str:
    """What to say of a figure that needs a model that `find_model` did not find."""
    if state_of(model) == "damaged":
        return f"the model {model.name} is damaged: `ned models verify {model.name}`"
    more = " --from FILE" if not model.url else "" if model.sha256 else " --unchecked"
    return f"needs the model {model.name}: `ned models fetch {model.name}{more}`"


def check(model: Model, path: Path, sha256: str = "") -> str:
    """The file's checksum, if it is this model. UserError where its size or checksum is another.

    `sha256` is what it must be, too, where the registry does not know all of it.
    """
    size = path.stat().st_size
    if model.size and size != model.size:
        raise UserError(
            f"has {size} bytes, not {model.size}", path=path, remedy=f"it is not {model.name}; get it again"
        )
    found = workspace.sha256_of(path)
    for wanted in (model.sha256, sha256.lower()):
        if not found.startswith(wanted):
            raise UserError(f"its SHA-256 is {found[:12]}…, not {wanted[:12]}…", path=path,
                            remedy=f"it is not {model.name}, or damaged; get it again")  # fmt: skip
    return found


def take_file(model: Model, source: Path, sha256: str = "") -> Path:
    """Copy a file that the user has to its place, checked and whole. Raises as `check` and `workspace.atomic_path`."""
    workspace.check_input(source, what="model file")
    target = model_path(model)
    make_root()
    workspace.check_space(target.parent, source.stat().st_size)
    with workspace.atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        try:
            found = check(model, temporary, sha256)
        except UserError as error:
            raise UserError(error.cause, path=source, remedy=error.remedy) from error
        record(model, found)
    return target


def make_root() -> Path:
    """The folder, made where it is not there. UserError where it cannot be."""
    root = models_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made ({error.strerror})", path=root, remedy="set NED_MODELS to a folder") from error
    return root


def record(model: Model, sha256: str) -> None:
    """Note what came, for a model whose checksum the registry does not know."""
    if len(model.sha256) < 64:
        workspace.write_text(_record(model), f"{sha256}  {model.file}\n")


def _record(model: Model) -> Path:
    return models_root() / f"{model.file}.sha256"
