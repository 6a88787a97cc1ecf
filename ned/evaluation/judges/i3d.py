"""I3D, whose features of short clips FVD compares (Carreira and Zisserman, Quo Vadis, 2017; Unterthiner et al., Towards
Accurate Generative Models of Video, 2018).

The file is the user's own: TorchScript in the layout that is passed on as `i3d_torchscript.pt` (of StyleGAN-V). It is
called with clips "b 3 frames h w" and the words `rescale`, `resize` and `return_features`, and gives 400 numbers of
each, those before the softmax. TorchScript is a program: nothing but a file that is trusted should be given.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch.nn import functional

from ned.errors import UserError
from ned.evaluation.judges.protocol import CLIP_FRAMES, CLIP_SIDE


class I3d:
    """See `ClipJudge`. UserError where the file is none, or does not answer a clip with finite numbers."""

    name = "i3d"

    def __init__(self, path: Path) -> None:
        try:
            self._net = torch.jit.load(str(path), map_location="cpu").eval()
            found = self.features(np.zeros((CLIP_FRAMES, CLIP_SIDE, CLIP_SIDE, 3), np.uint8))
            if found.size < 2 or not np.isfinite(found).all():
                raise ValueError("no finite features")
        except Exception as error:  # what is in the file is a program of somebody else's
            remedy = "give i3d_torchscript.pt: `ned models fetch i3d --from FILE`"
            raise UserError(f"is no I3D in TorchScript ({type(error).__name__})", path=path, remedy=remedy) from error

    def features(self, clip: UInt8[np.ndarray, "frames h w 3"]) -> Float[np.ndarray, "features"]:
        """Of one clip, which is brought to 224 pixels square (bilinear) and to −1 to 1."""
        images = torch.from_numpy(clip.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1.0)
        if images.shape[2:] != (CLIP_SIDE, CLIP_SIDE):
            images = functional.interpolate(images, (CLIP_SIDE, CLIP_SIDE), mode="bilinear", align_corners=False)
        with torch.inference_mode():
            found = self._net(images.transpose(0, 1)[None], rescale=False, resize=False, return_features=True)
        return found.flatten().numpy().astype(np.float64)
