"""SyncNet, two networks that see lips and hear speech alike (Chung and Zisserman, Out of Time, 2016).

The layers have the names and shapes of the weights that its authors publish, `syncnet_v2.model`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from ned.errors import UserError
from ned.evaluation.judges.protocol import SYNC_IMAGES, SYNC_ROWS

FEATURES = 1024
BATCH = 8
"""Windows at once: some 100 MB of what lies between the layers."""


class SyncNet:
    """See `SyncJudge`. UserError where the file holds other weights."""

    name = "syncnet"

    def __init__(self, path: Path) -> None:
        self._net = build_network()
        try:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
            known = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
            wanted = self._net.state_dict()
            if any(not bool(torch.isfinite(tensor).all()) for tensor in known.values()):
                raise ValueError("values that are no numbers")
            counted = {name: value for name, value in wanted.items() if name.endswith("num_batches_tracked")}
            self._net.load_state_dict(known | counted)
        except Exception as error:  # a damaged archive raises anything
            raise UserError(f"holds no weights of SyncNet ({type(error).__name__})", path=path,
                            remedy="fetch it again") from error  # fmt: skip
        self._net.eval().requires_grad_(False)

    def lips(self, images: UInt8[np.ndarray, "n 224 224 3"]) -> Float[np.ndarray, "n-4 1024"]:
        """See `SyncJudge.lips`."""
        if len(images) < SYNC_IMAGES:
            return np.zeros((0, FEATURES), np.float32)
        planes = torch.from_numpy(np.ascontiguousarray(images[..., ::-1].transpose(3, 0, 1, 2))).float()
        windows = planes.unfold(1, SYNC_IMAGES, 1).permute(1, 0, 4, 2, 3)
        return self._run("lip", windows)

    def sound(self, rows: Float[np.ndarray, "rows 13"]) -> Float[np.ndarray, "windows 1024"]:
        """See `SyncJudge.sound`."""
        if len(rows) < SYNC_ROWS:
            return np.zeros((0, FEATURES), np.float32)
        windows = torch.from_numpy(np.asarray(rows, np.float32)).unfold(0, SYNC_ROWS, 4)[:, None]
        return self._run("aud", windows)

    def _run(self, side: str, windows: Tensor) -> Float[np.ndarray, "windows 1024"]:
        out = []
        with torch.inference_mode():
            for part in windows.split(BATCH):
                seen = self._net[f"netcnn{side}"](part.contiguous()).flatten(1)
                out.append(self._net[f"netfc{side}"](seen))
        return torch.cat(out).numpy()


def build_network() -> nn.ModuleDict:
    """Fresh networks: `netcnnlip` and `netfclip` of images, `netcnnaud` and `netfcaud` of sound."""
    sound = [
        *_layer2(1, 64, 3, padding=1), nn.MaxPool2d(1, 1),
        *_layer2(64, 192, 3, padding=1), nn.MaxPool2d(3, (1, 2)),
        *_layer2(192, 384, 3, padding=1), *_layer2(384, 256, 3, padding=1), *_layer2(256, 256, 3, padding=1),
        nn.MaxPool2d(3, 2), *_layer2(256, 512, (5, 4)),
    ]  # fmt: skip
    across, inside = (1, 3, 3), (0, 1, 1)
    lips = [
        *_layer3(3, 96, (5, 7, 7), stride=(1, 2, 2)), nn.MaxPool3d(across, (1, 2, 2)),
        *_layer3(96, 256, (1, 5, 5), stride=(1, 2, 2), padding=inside), nn.MaxPool3d(across, (1, 2, 2), inside),
        *_layer3(256, 256, across, padding=inside), *_layer3(256, 256, across, padding=inside),
        *_layer3(256, 256, across, padding=inside), nn.MaxPool3d(across, (1, 2, 2)),
        *_layer3(256, 512, (1, 6, 6)),
    ]  # fmt: skip
    return nn.ModuleDict({"netcnnaud": nn.Sequential(*sound), "netfcaud": _head(), "netfclip": _head(),
                          "netcnnlip": nn.Sequential(*lips)})  # fmt: skip


def _layer2(before: int, after: int, kernel: int | tuple[int, int], padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(before, after, kernel, padding=padding), nn.BatchNorm2d(after), nn.ReLU()]


def _layer3(
    before: int,
    after: int,
    kernel: tuple[int, int, int],
    stride: tuple[int, int, int] = (1, 1, 1),
    padding: tuple[int, int, int] = (0, 0, 0),
) -> list[nn.Module]:
    return [nn.Conv3d(before, after, kernel, stride, padding), nn.BatchNorm3d(after), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, FEATURES))
