"""DECA in small: its names and its detail decoder, linear layers on the mean colour in place of its ResNets."""

import cv2
import numpy as np
import torch
from torch import nn

from ned.encoders.crop import DECA_KEYPOINTS, DECA_SCALE
from ned.encoders.deca import DETAIL_WIDTH, Deca, DetailDecoder
from ned.face_model import load_face_model
from ned.face_model.flame.points import IBUG68

CAMERA = 206


class Pooled(nn.Module):
    """A linear layer on the mean of each channel."""

    def __init__(self, outputs):
        super().__init__()
        self.layer = nn.Linear(3, outputs)

    def forward(self, images):
        return self.layer(images.mean((2, 3)))


class SmallDeca(Deca):
    """See `ned.encoders.deca.Deca`."""

    def __init__(self):
        nn.Module.__init__(self)
        self.E_flame, self.E_detail, self.D_detail = Pooled(236), Pooled(DETAIL_WIDTH), DetailDecoder()


def small_deca(seed=0, scale=1.0):
    """With a frontal face that fills the crop, a little different for each mean colour; `scale` of the camera's."""
    torch.manual_seed(seed)
    network = SmallDeca().eval()
    points = load_face_model().mean[list(IBUG68), :2] * [0.01, -0.01]
    low, high = points.min(0), points.max(0)
    size = 2 / ((high - low).sum() / 2 * DECA_KEYPOINTS * DECA_SCALE)
    with torch.no_grad():
        network.E_flame.layer.weight.mul_(0.2)
        network.E_flame.layer.bias.zero_()
        network.E_flame.layer.weight[200:209] = 0
        network.E_flame.layer.bias[CAMERA : CAMERA + 3] = torch.tensor([scale * size, *(-(low + high) / 2)])
    return network


def write_small_deca(folder, seed=0, scale=1.0):
    """The checkpoint and the maps that lie beside it."""
    network = small_deca(seed, scale)
    torch.save({name: getattr(network, name).state_dict() for name in network.needs}, folder / "deca_model.tar")
    y, x = np.mgrid[:256, :256] / 256
    np.save(folder / "fixed_displacement_256.npy", 0.001 * np.sin(7 * x) * np.cos(5 * y))
    cv2.imwrite(str(folder / "uv_face_eye_mask.png"), np.full((256, 256), 255, np.uint8))
