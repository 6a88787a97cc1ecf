"""LPIPS as a judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned.errors import UserError


class Lpips:
    """LPIPS with AlexNet's weights from torchvision's file, read without running anything in it."""

    name = "lpips"

    def __init__(self, path: Path) -> None:
        import torch

        try:
            self._weights = torch.load(path, map_location="cpu", weights_only=True)
            self.distance(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8))
        except Exception as error:  # a damaged archive raises anything
            raise UserError(f"holds no weights of AlexNet ({type(error).__name__})", path=path,
                            remedy="fetch it again") from error  # fmt: skip

    def distance(self, a: UInt8[np.ndarray, "h w 3"], b: UInt8[np.ndarray, "h w 3"]) -> float:
        """See `ned.evaluation.metrics.lpips.lpips`."""
        from ned.evaluation.metrics.lpips import lpips

        return lpips(a, b, self._weights)
