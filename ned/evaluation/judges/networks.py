"""The networks of the registry as judges: how each wants its face, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.emotions import EMOTIONS
from ned.errors import ProcessingError
from ned.evaluation.judges.crops import aligned_crop, box_crop
from ned.evaluation.judges.onnx import OnnxNet

Preparation = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(image, points) → the network's input."""

_IMAGENET_MEAN, _IMAGENET_SD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
_CONVERTED = ("neutral", "happy", "sad", "angry", "fear", "disgusted", "surprised")
_RAF = ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
_AFFECTNET = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")


def _planes(rgb: np.ndarray) -> np.ndarray:
    return rgb.transpose(2, 0, 1)[None].astype(np.float32)


def plain_112(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """RGB of 0 to 255, upright."""
    return _planes(box_crop(rgb, points, 112, 1.25))


def grey_64(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Grey of 0 to 255, upright."""
    grey = cv2.cvtColor(box_crop(rgb, points, 112, 1.25), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)[None, None]


def aligned_unit(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """RGB of −1 to 1, aligned by five points."""
    return _planes(aligned_crop(rgb, points)) / 127.5 - 1


def aligned_plain(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """RGB of 0 to 255, aligned by five points."""
    return _planes(aligned_crop(rgb, points))


def imagenet_planes(rgb: np.ndarray) -> np.ndarray:
    """By ImageNet's mean and deviation."""
    return ((rgb.astype(np.float32) / 255 - _IMAGENET_MEAN) / _IMAGENET_SD).transpose(2, 0, 1)[None]


def imagenet_224(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Upright, by ImageNet's mean and deviation."""
    return imagenet_planes(box_crop(rgb, points, 224, 1.1))


@dataclass(frozen=True)
class Recipe:
    """How a network of the registry is used."""

    prepare: Preparation
    classes: tuple[str, ...] = ()
    """Of an expression network's output; names that `ned` does not know are left out and the rest made to sum to 1."""
    logits: bool = False


RECIPES = {
    "expression-faceapi": Recipe(plain_112, _CONVERTED),
    "expression-minixception": Recipe(grey_64, _CONVERTED),
    "expression-bigxception": Recipe(grey_64, _CONVERTED),
    "expression-mobilefacenet": Recipe(aligned_unit, _RAF, logits=True),
    "enet-va": Recipe(imagenet_224, _AFFECTNET, logits=True),
    "sface": Recipe(aligned_plain),
    "arcface-resnet18": Recipe(aligned_unit),
    "efficientface": Recipe(imagenet_224),
}


_ANY_FACE = np.random.default_rng(0).uniform(30, 90, (468, 2)).astype(np.float32)
"""Points that stand for a face where there is none."""


class OnnxJudge:
    """A network of the registry. It is an expression judge, an affect judge or a feature judge by its outputs."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self._recipe, self._net = name, RECIPES[name], OnnxNet(path)

    def try_out(self, kind: str) -> None:
        """Ask it once what a model of this kind is asked. ProcessingError where it is another than its name says."""
        rgb, points = np.zeros((128, 128, 3), np.uint8), _ANY_FACE
        if kind in ("expression", "valence-arousal"):
            self.expression(rgb, points)
        if kind == "valence-arousal":
            self.affect(rgb, points)
        if kind in ("identity", "features"):
            self.features(rgb, points)

    def expression(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Float[np.ndarray, "7"]:
        """Probabilities in the order of `ned.types.EMOTIONS`."""
        return self.probabilities(self._run(rgb, points)[0])

    def affect(self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "2"]:
        """Valence and arousal: what follows the classes in the output, or the outputs after the first."""
        outputs = self._run(rgb, points)
        flat = np.concatenate([x.reshape(-1) for x in outputs])
        return np.clip(self._cut(flat, len(self._recipe.classes), 2), -1, 1)

    def features(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Float[np.ndarray, "features"]:
        """The first output, flat."""
        return self._run(rgb, points)[0].reshape(-1).astype(np.float64)

    def probabilities(self, output: np.ndarray) -> Float[np.ndarray, "7"]:
        """The classes of an output that `ned` knows, in its order, summing to 1."""
        classes = self._recipe.classes
        values = self._cut(output.reshape(-1), 0, len(classes))
        if self._recipe.logits:
            values = np.exp(values - values.max())
        known = values[[classes.index(name) for name in EMOTIONS]]
        return known / known.sum()

    def _cut(self, flat: np.ndarray, begin: int, count: int) -> np.ndarray:
        if len(flat) < begin + count:
            raise ProcessingError(f"its network gives {len(flat)} numbers, not {begin + count}", path=self._net.path,
                                  remedy="it is another model than its name says")  # fmt: skip
        return flat[begin : begin + count].astype(np.float64)

    def _run(self, rgb: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
        return self._net(self._recipe.prepare(rgb, points))
