"""Makes a trained meta-renderer the one that `ned` ships, in half precision, and notes its SHA-256 in the manifest.

    python scripts/build/ship_renderer.py run/best.safetensors
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from ned.files.checkpoint import load_strictly, part_of, save_checkpoint
from ned.renderer.neural.networks import build_network
from ned.renderer.neural.training.start import IN_TRAINING, load_start
from ned.renderer.neural.weights import SHIPPED

MAX_BYTES = 40_000_000


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    path = Path(sys.argv[1])
    start = load_start(path)
    record = start.checkpoint.record
    if start.config.networks != "candidates" or start.checkpoint.kind.endswith(IN_TRAINING):
        raise SystemExit(f"{path}: give the best.safetensors of the networks `candidates`")
    if not (record.licence and record.data and record.command):
        raise SystemExit(f"{path}: its record lacks licence, data or command; train with --licence")
    halves = {name: tensor.half() for name, tensor in start.checkpoint.tensors.items()}
    size = sum(2 * tensor.numel() for tensor in halves.values())
    if size > MAX_BYTES:
        raise SystemExit(f"{path}: {size / 1e6:.1f} MB in half precision, {MAX_BYTES / 1e6:.0f} MB are the most")
    network = build_network(start.config)
    load_strictly(network, part_of(halves, "renderer."), path)  # whole and finite after the rounding, or not at all
    rounded = max(float((network.state_dict()[name.removeprefix("renderer.")] - tensor.float()).abs().max())
                  for name, tensor in start.checkpoint.tensors.items())  # fmt: skip
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())
    save_checkpoint(SHIPPED, replace(start.checkpoint, tensors=halves))
    print(f"{SHIPPED}: {size / 1e6:.1f} MB, {record.steps} steps, rounded by {rounded:.1e} at most, "
          f"{dict(record.metrics)}")  # fmt: skip


if __name__ == "__main__":
    main()
