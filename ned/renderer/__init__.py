"""Face renderers behind one protocol."""

from __future__ import annotations

from ned.face_model import FaceModel
from ned.renderer.protocol import Renderer
from ned.renderer.warp import WarpRenderer

__all__ = ["RENDERERS", "Renderer", "build_renderer"]

RENDERERS = {"warp": WarpRenderer}


def build_renderer(name: str, model: FaceModel) -> Renderer:
    """A fresh renderer for one shot; "auto" takes the best that is there. KeyError where there is none."""
    chosen = "warp" if name == "auto" else name
    return RENDERERS[chosen](model.triangles, model.mean, model.mirror, model.space.names)
