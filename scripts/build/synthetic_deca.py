"""DECA's files beside a synthetic FLAME: networks with random weights, displacement and mask over the UV map."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from synthetic_flame_model import SyntheticFlame

UV = 256


def deca_states(seed: int = 0) -> dict[str, dict]:
    """What `deca_model.tar` holds, random: small coefficients about a frontal face that fills DECA's crop, so that no
    tracked face that looks ahead is lost."""
    import torch

    from ned.encoders.crop import DECA_KEYPOINTS, DECA_SCALE
    from ned.encoders.deca import Deca
    from ned.encoders.parameters import DECA_WIDTHS
    from ned.face_model import load_face_model
    from ned.face_model.flame.points import IBUG68

    torch.manual_seed(seed)
    network = Deca().eval()
    last = network.E_flame.layers[2]
    with torch.no_grad():
        last.weight.mul_(0.3)
        last.bias.zero_()
        start = DECA_WIDTHS["shape"] + DECA_WIDTHS["texture"] + DECA_WIDTHS["expression"] + DECA_WIDTHS["pose"]
        last.weight[start - DECA_WIDTHS["pose"] : start + DECA_WIDTHS["camera"]] *= 0.1
        points = load_face_model().mean[list(IBUG68), :2] * [0.01, -0.01]
        low, high = points.min(0), points.max(0)
        side = (high - low).sum() / 2 * DECA_KEYPOINTS * DECA_SCALE
        last.bias[start : start + 3] = torch.tensor([2 / side, *(-(low + high) / 2)])  # the camera
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
