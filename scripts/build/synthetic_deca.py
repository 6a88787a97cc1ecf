"""DECA's files beside a synthetic FLAME: networks with random weights, displacement and mask over the UV map."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from synthetic_flame_model import SyntheticFlame

UV = 256


def deca_states(seed: int = 0) -> dict[str, dict]:
    """What `deca_model.tar` holds, random: coefficients of a plausible size about a frontal face."""
    import torch

    from ned.encoders.deca import Deca
    from ned.encoders.parameters import DECA_WIDTHS

    torch.manual_seed(seed)
    network = Deca().eval()
    last = network.E_flame.layers[2]
    with torch.no_grad():
        last.weight.mul_(0.3)
        last.bias.zero_()
        start = DECA_WIDTHS["shape"] + DECA_WIDTHS["texture"] + DECA_WIDTHS["expression"] + DECA_WIDTHS["pose"]
        last.bias[start] = 8.0  # the camera's scale
    return {name: getattr(network, name).state_dict() for name in network.needs} | {"global_step": 0, "batch_size": 4}


def write_deca(folder: Path, model: SyntheticFlame) -> None:
    """`deca_model.tar`, `fixed_displacement_256.npy`, `uv_face_eye_mask.png`."""
    import torch

    torch.save(deca_states(), folder / "deca_model.tar")
    y, x = np.mgrid[:UV, :UV] / UV
    np.save(folder / "fixed_displacement_256.npy", 0.0016 * np.sin(7 * x) * np.cos(5 * y))
    mask = np.zeros((UV, UV), np.uint8)
    face = 0.5 + 0.49 * model.flat[model.face[model.face < len(model.flat)][:1787]] / np.abs(model.flat).max()
    hull = cv2.convexHull((face * [0.8 * UV, 0.8 * UV]).astype(np.int32) + int(0.1 * UV))
    cv2.fillConvexPoly(mask, hull, 255)
    cv2.imwrite(str(folder / "uv_face_eye_mask.png"), mask)
