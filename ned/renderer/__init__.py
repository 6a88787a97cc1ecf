"""Face renderers behind one protocol; the table of them is in `ned.config.roles`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ned.config.roles import RENDERERS
from ned.edit.track_edit import TrackEdit
from ned.face_model import FaceModel
from ned.renderer.protocol import Casting, PersonWeights, Renderer
from ned.renderer.warp.renderer import make_renderer
from ned.runtime.progress import Progress

if TYPE_CHECKING:
    from ned.renderer.neural.renderer import Painting

__all__ = ["RENDERERS", "Casting", "PersonWeights", "Renderer", "build_renderer", "prepare_renderer"]


def prepare_renderer(name: str, casting: Casting, progress: Progress) -> Callable[[TrackEdit], Renderer]:
    """What makes a fresh renderer for a track. UserError for weights that are not there or do not fit, KeyError where
    there is no renderer of that name."""
    return RENDERERS[name].make(casting, progress)


def build_renderer(model: FaceModel, painting: Painting | None = None) -> Renderer:
    """A fresh renderer for one person of one shot: the neural one where there is a `painting`, else the warp."""
    warp = make_renderer(model)
    if painting is None:
        return warp
    from ned.renderer.neural.renderer import NeuralRenderer

    return NeuralRenderer(warp, model, painting)
