"""Which implementations there are of each role: one table a role, the only place that a new one is entered in.

An entry names its module; nothing is imported before it is wanted, so that options are checked at once.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned.files.assets import ASSETS


@dataclass(frozen=True)
class Implementation:
    """Where an implementation is made, and what is known of it before that."""

    module: str
    maker: str
    """Name of the function in the module, with the signature that the role asks for."""
    trained: bool = False
    """Whether networks that learnt from people have a part in what it makes."""
    weights: Path | None = None
    """What it ships, and takes where no other weights are named."""

    def make(self, *arguments: Any) -> Any:
        """Call the maker. Raises what it raises."""
        return getattr(importlib.import_module(self.module), self.maker)(*arguments)


FACE_MODELS = {
    "canonical": Implementation("ned.face_model.canonical", "load"),
    "flame": Implementation("ned.face_model.flame.arkit", "load"),
    "ict": Implementation("ned.face_model.ict", "load"),
}
"""`() -> FaceModel`; `(folder: Path) -> FaceModel` where the files are the user's own."""

LANDMARKS = "landmarks"
ENCODERS = ("deca", "emoca", "spectre", "smirk")
SOURCES = ("mediapipe", "face-alignment", "face-alignment-3d")
"""Who sees the landmarks that FLAME is fitted to, and that encoders' crops are cut around."""
FITS = (LANDMARKS, *ENCODERS)
"""Who says how a face is: our own fit to landmarks, or networks that read FLAME's coefficients off the images."""

RASTERIZERS = {
    "compiled": Implementation("ned.geometry.rasterizer", "load"),
    "torch": Implementation("ned.geometry.rasterize_torch", "load"),
    "pytorch3d": Implementation("ned.geometry.rasterize_pytorch3d", "load"),
}
"""`() -> Rasterizer`, see `ned.geometry.rasterizer`: who draws the whole FLAME mesh."""

MANIPULATORS = {
    "learned": Implementation("ned.manipulator.learned", "build", True, ASSETS / "manipulator.safetensors"),
    "prototypes": Implementation("ned.manipulator.prototypes", "build"),
    "vitl": Implementation("ned.manipulator.vitl.manipulator", "build", weights=ASSETS / "vitl.safetensors"),
}
"""`(FaceModel, checkpoint: Path | None) -> Manipulator`."""

RENDERERS = {
    "warp": Implementation("ned.renderer.warp.renderer", "prepare"),
    "neural": Implementation("ned.renderer.neural.prepare", "prepare", True, ASSETS / "meta_renderer.safetensors"),
}
"""`(Casting, Progress) -> (TrackEdit) -> Renderer`, see `ned.renderer.protocol`."""

AUTO = "auto"
"""Of the renderers, the best for this machine."""
