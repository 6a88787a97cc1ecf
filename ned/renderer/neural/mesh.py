"""What a network that is shown FLAME's mesh needs of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ned.config.roles import LANDMARKS
from ned.face_model.flame.face import FlameFace
from ned.geometry.rasterizer import Rasterizer
from ned.renderer.neural.flame_images import DetailSource, FlameImages
from ned.types import Analysis, FaceTrack, Heads


@dataclass(frozen=True, eq=False)
class MeshDrawing:
    """The model, who draws it, and DECA's detail where there is some."""

    face: FlameFace
    rasterizer: Rasterizer
    detail: DetailSource | None = None
    fit: str = LANDMARKS
    """Who says how the heads are, of `ned.config.roles.FITS`."""
    heads_of: Callable[[Sequence[FaceTrack], Analysis], list[Heads]] | None = None
    """Heads of tracks of a video that is to be learnt from."""
    digest: str = ""
    """What changes with the model's files and the encoder's."""

    def images(self, size: int) -> FlameImages:
        """What draws heads in crops of `size` pixels."""
        return FlameImages(self.face, size, self.rasterizer, self.detail)
