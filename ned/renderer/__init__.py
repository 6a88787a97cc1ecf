"""Face renderers behind one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ned.face_model import FaceModel
from ned.renderer.protocol import Renderer
from ned.renderer.warp import WarpRenderer

if TYPE_CHECKING:
    from ned.renderer.neural.renderer import Painting

__all__ = ["Renderer", "build_renderer"]


def build_renderer(model: FaceModel, painting: Painting | None = None) -> Renderer:
    """A fresh renderer for one person of one shot: the neural one where there is a `painting`, else the warp."""
    warp = WarpRenderer(model.topology.triangles, model.mean, model.topology.mirror, model.space.names)
    if painting is None:
        return warp
    from ned.renderer.neural.renderer import NeuralRenderer

    return NeuralRenderer(warp, model, painting)
