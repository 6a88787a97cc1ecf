"""The files of a user's folder, told by what is in them: names differ between publishers and mirrors."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ned.errors import UserError

MAX_FILES, MAX_DEPTH = 5000, 5
_ENDINGS = {".pkl", ".npy", ".npz", ".obj", ".png", ".tar", ".ckpt", ".pt"}
_OTHERS = ("male", "female")  # variants that lie beside the one that is meant
MASK_SIDES = (256, 512, 1024, 2048)


@dataclass(frozen=True)
class FlameFiles:
    """Where each file lies; None where the folder has none."""

    model: Path
    """FLAME 2020, 2023 or 2023 Open."""
    landmarks: Path | None = None
    """`landmark_embedding.npy`: 51 static points and the contour for each turn of the head."""
    mediapipe: Path | None = None
    """`mediapipe_landmark_embedding.npz`: 105 of MediaPipe's points."""
    masks: Path | None = None
    template: Path | None = None
    """`head_template.obj`, for its texture coordinates; without it, no detail can be shown."""
    deca: Path | None = None
    """Checkpoints of encoders."""
    emoca: Path | None = None
    spectre: Path | None = None
    smirk: Path | None = None
    detail_mask: Path | None = None
    """`uv_face_eye_mask.png`: where DECA's detail counts."""
    displacement: Path | None = None
    """`fixed_displacement_256.npy`."""

    def of_the_model(self) -> list[Path]:
        """Those that decide what the model is and how it is drawn; encoders are chosen by name."""
        held = (self.model, self.landmarks, self.mediapipe, self.masks, self.template, self.detail_mask,
                self.displacement)  # fmt: skip
        return [path for path in held if path is not None]


def find_flame_files(folder: Path) -> FlameFiles:
    """Looks through a folder, or takes a model file and what lies beside it.

    Raises:
        UserError: no such folder, no FLAME in it, several that could be meant, or far too many files.
    """
    named = folder.is_file()
    if not named and not folder.is_dir():
        raise UserError("no such folder", path=folder, remedy="name the folder with FLAME's files")
    found: dict[str, list[Path]] = {field.name: [] for field in fields(FlameFiles)}
    for path in _beside(folder) if named else _files(folder):
        kind = kind_of(path)
        if kind is not None:
            found[kind].append(path)
    models = [folder] if named else [p for p in found["model"] if not _is_variant(p.stem.lower())] or found["model"]
    if not models:
        raise UserError("holds no FLAME model", path=folder,
                        remedy="put generic_model.pkl (2020) or flame2023_Open.pkl there")  # fmt: skip
    if len(models) > 1:
        names = ", ".join(sorted(path.name for path in models))
        raise UserError(f"holds several FLAME models ({names})", path=folder, remedy="name one of the files instead")
    others = {kind: min(paths, key=_order) for kind, paths in found.items() if paths and kind != "model"}
    return FlameFiles(model=models[0], **others)


def _beside(path: Path) -> list[Path]:
    """Files in a model file's own folder; none where it is one of very many, as in a folder of downloads."""
    try:
        return _files(path.parent, 0)
    except UserError:
        return []


def _is_variant(stem: str) -> bool:
    return stem.startswith(_OTHERS) or "no_jaw" in stem or "nojaw" in stem


def _order(path: Path) -> tuple[bool, int, str]:
    """The first of several alike is taken. DECA has a mask of the face beside the one of face and eyes."""
    return path.suffix.lower() == ".png" and "eye" not in path.name.lower(), len(path.parts), path.name


def kind_of(path: Path) -> str | None:
    """What a file is, as a field of `FlameFiles`; None for what is none of them or cannot be read."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _kind(path.suffix.lower(), data)
    except (OSError, ValueError):  # an empty file cannot be mapped
        return None


def _kind(ending: str, data: mmap.mmap) -> str | None:
    def has(*words: bytes) -> bool:
        return all(data.find(word) >= 0 for word in words)

    if ending == ".pkl":
        if has(b"shapedirs", b"posedirs", b"J_regressor"):
            return "model"
        return "masks" if len(data) < 10**7 and has(b"left_eyeball", b"right_eyeball") else None
    if ending == ".npy":
        if len(data) < 10**7 and data[:128].find(b"(256, 256)") >= 0 and data[:128].find(b"'<f8'") >= 0:
            return "displacement"
        return "landmarks" if len(data) < 10**7 and has(b"dynamic_lmk_faces_idx", b"static_lmk_faces_idx") else None
    if ending == ".npz":
        return "mediapipe" if len(data) < 10**7 and has(b"lmk_face_idx", b"landmark_indices") else None
    if ending == ".obj":
        return "template" if len(data) < 10**7 and has(b"\nvt ") and _lines(data, b"\nv ") == 5023 else None
    if ending == ".png":
        return "detail_mask" if _is_mask(data) else None
    return _encoder(has)


def _encoder(has: Callable[..., bool]) -> str | None:
    """Which networks a checkpoint names."""
    if has(b"E_flame", b"E_expression"):
        return "emoca" if has(b"E_detail") else "spectre"
    if has(b"E_flame", b"E_detail", b"D_detail"):
        return "deca"
    return "smirk" if has(b"pose_encoder", b"shape_encoder", b"expression_encoder") else None


def _is_mask(data: mmap.mmap) -> bool:
    """A square image that is nearly all black or white."""
    sides = [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)]
    if data[:8] != b"\x89PNG\r\n\x1a\n" or sides[0] not in MASK_SIDES or sides[1] != sides[0] or len(data) > 10**7:
        return False
    import cv2

    image = cv2.imdecode(np.frombuffer(data[:], np.uint8), cv2.IMREAD_GRAYSCALE)
    return image is not None and bool(((image < 32) | (image > 223)).mean() > 0.9)


def _lines(data: mmap.mmap, start: bytes) -> int:
    text = data[:]
    return text.count(start) + text.startswith(start[1:])


def _files(folder: Path, max_depth: int = MAX_DEPTH) -> list[Path]:
    out: list[Path] = []
    waiting, seen = [(folder, 0)], 0
    while waiting:
        place, depth = waiting.pop()
        try:
            entries = sorted(place.iterdir())
        except OSError as error:
            raise UserError(f"cannot be read ({error.strerror})", path=place, remedy="check its rights") from error
        for path in entries:
            seen += 1
            if seen > MAX_FILES:
                raise UserError("holds too many files to look through", path=folder,
                                remedy="name the folder with FLAME's files alone")  # fmt: skip
            if path.is_dir():
                if depth < max_depth and not path.is_symlink():
                    waiting.append((path, depth + 1))
            elif path.suffix.lower() in _ENDINGS and path.is_file():
                out.append(path)
    return out
