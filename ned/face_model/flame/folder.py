"""The files of a user's folder, told by what is in them: names differ between publishers and mirrors."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from ned.errors import UserError

MAX_FILES, MAX_DEPTH = 5000, 5
_ENDINGS = {".pkl", ".npy", ".npz", ".obj", ".png", ".tar", ".ckpt", ".pt"}
_OTHERS = ("male", "female", "no_jaw", "nojaw")  # variants that lie beside the one that is meant


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


def find_flame_files(folder: Path) -> FlameFiles:
    """Looks through a folder, or takes a model file by itself.

    Raises:
        UserError: no such folder, no FLAME in it, several that could be meant, or far too many files.
    """
    if folder.is_file():
        return FlameFiles(model=folder)
    if not folder.is_dir():
        raise UserError("no such folder", path=folder, remedy="name the folder with FLAME's files")
    found: dict[str, list[Path]] = {field.name: [] for field in fields(FlameFiles)}
    for path in _files(folder):
        kind = kind_of(path)
        if kind is not None:
            found[kind].append(path)
    models = [p for p in found["model"] if not p.stem.lower().startswith(_OTHERS) and "no_jaw" not in p.stem.lower()]
    models = models or found["model"]
    if not models:
        raise UserError("holds no FLAME model", path=folder,
                        remedy="put generic_model.pkl (2020) or flame2023_Open.pkl there")  # fmt: skip
    if len(models) > 1:
        names = ", ".join(sorted(path.name for path in models))
        raise UserError(f"holds several FLAME models ({names})", path=folder, remedy="name one of the files instead")
    others = {kind: sorted(paths, key=lambda p: (len(p.parts), p.name))[0]
              for kind, paths in found.items() if paths and kind != "model"}  # fmt: skip
    return FlameFiles(model=models[0], **others)


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
    """A grey or colour image of 256 pixels a side; DECA's folder has no other of that size."""
    return data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:24] == (256).to_bytes(4, "big") * 2


def _lines(data: mmap.mmap, start: bytes) -> int:
    text = data[:]
    return text.count(start) + text.startswith(start[1:])


def _files(folder: Path) -> list[Path]:
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
                if depth < MAX_DEPTH and not path.is_symlink():
                    waiting.append((path, depth + 1))
            elif path.suffix.lower() in _ENDINGS and path.is_file():
                out.append(path)
    return out
