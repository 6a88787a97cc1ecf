"""The manipulator's networks in use: as graphs, or as torch's modules, which are the readable twin and what trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ned.config.roles import MANIPULATORS
from ned.files.graphs import Graph, fits

if TYPE_CHECKING:
    from ned.manipulator.family import Family

PARTS = ("translator", "encoder", "mapping")
SHIPPED = MANIPULATORS["learned"].weights
THREADS = 1
"""Enough: a minute of video takes some hundredths of a second."""


@runtime_checkable
class Networks(Protocol):
    """What the manipulator asks of its networks; arrays in single precision, at the nominal rate."""

    halo: int
    """Frames of context that the translator eats on either side; 0 where it answers whole windows."""
    window: int
    """Frames of the sequences that it was trained on, without context."""

    def factors(
        self, sequence: Float[np.ndarray, "frames width"], style: Float[np.ndarray, "frames style"]
    ) -> Float[np.ndarray, "inner three_widths"]:
        """See `TemporalTranslator.factors`; only where there is a halo."""
        ...

    def translate(
        self, windows: Float[np.ndarray, "batch frames width"], styles: Float[np.ndarray, "batch style"]
    ) -> Float[np.ndarray, "batch frames width"]:
        """Whole windows in a style; only where there is no halo."""
        ...

    def encode(self, windows: Float[np.ndarray, "batch frames width"]) -> Float[np.ndarray, "batch style"]:
        """The style of each window."""
        ...

    def styles(
        self, latent: Float[np.ndarray, "batch latent"], emotion: Int[np.ndarray, "batch"]
    ) -> Float[np.ndarray, "batch style"]:
        """The styles of emotions, varied by latent vectors."""
        ...


class GraphNetworks:
    """See `Networks`: the shipped graphs with a checkpoint's tensors."""

    def __init__(self, tensors: Mapping[str, np.ndarray], window: int) -> None:
        """Raises UserError where graphs are missing or do not fit."""
        self.halo, self.window = _halo(tensors), window
        self._translator, self._encoder, self._mapping = (Graph(graph_of(SHIPPED, p), tensors, THREADS) for p in PARTS)

    def factors(self, sequence, style):
        return self._translator(sequence=sequence[None], style=style[None])[0][0]

    def translate(self, windows, styles):
        raise NotImplementedError("the shipped networks have a context")

    def encode(self, windows):
        return self._encoder(sequence=windows)[0]

    def styles(self, latent, emotion):
        return self._mapping(latent=latent)[0][np.arange(len(latent)), emotion]


class TorchNetworks:
    """See `Networks`: torch's modules, on the processor."""

    def __init__(self, family: Family) -> None:
        self.family, self.halo, self.window = family, family.halo, family.window

    def factors(self, sequence, style):
        return self._run(lambda *x: self.family.translator.factors(*x), sequence[None], style[None])[0]

    def translate(self, windows, styles):
        return self._run(self.family.translator, windows, styles)

    def encode(self, windows):
        return self._run(self.family.encoder, windows)

    def styles(self, latent, emotion):
        return self._run(self.family.mapping, latent, emotion)

    @staticmethod
    def _run(module, *arrays: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return module(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)).numpy()


def graph_of(weights: Path, part: str) -> Path:
    """Where the graph of a part lies, beside the weights."""
    return weights.with_name(f"{weights.stem}_{part}.onnx")


def graphs_fit(tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether the shipped graphs can run a checkpoint's tensors. Raises UserError where graphs are missing."""
    return all(fits(graph_of(SHIPPED, part), tensors) for part in PARTS)


def _halo(tensors: Mapping[str, np.ndarray]) -> int:
    """As `TemporalTranslator.halo`: the dilation of its blocks doubles with each."""
    kernels = (tensors.get(f"translator.blocks.{k}.convolve.weight") for k in range(64))
    sides = [(kernel.shape[2] - 1) // 2 for kernel in kernels if kernel is not None]
    return sum(2**k * side for k, side in enumerate(sides))
