"""The neural renderer's weights that ned ships."""

from __future__ import annotations

from pathlib import Path

from ned.config.roles import RENDERERS
from ned.files.checkpoint import read_head

KIND, KIND_2022 = "face renderer", "face renderer ned2022"
"""What checkpoints say that they hold: the network of candidates, the networks of the paper."""
SHIPPED = RENDERERS["neural"].weights
"""Trained on many people; what `ned finetune` begins from."""
assert SHIPPED is not None
GRAPH = SHIPPED.with_suffix(".onnx")
"""What runs it, and every network of its shape, without torch."""


def is_ned2022(path: Path) -> bool:
    """Whether a checkpoint holds the networks of the paper; UserError for what is no checkpoint."""
    return read_head(path).get("kind") == KIND_2022
