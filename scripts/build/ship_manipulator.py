"""Makes a trained checkpoint the one that `ned` ships, and notes its SHA-256 in the assets' manifest. The discriminator
stays behind: an edit has no use for it.

    python scripts/build/ship_manipulator.py run/best.safetensors
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from ned.face_model import load_face_model
from ned.files.checkpoint import load_checkpoint, save_checkpoint
from ned.manipulator.learned import SHIPPED, load_manipulator


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    path = Path(sys.argv[1])
    family = load_manipulator(path, load_face_model().space)  # strictly, or not at all
    checkpoint = load_checkpoint(path, "manipulator")
    record = checkpoint.record
    if not (record.licence and record.data and record.command):
        raise SystemExit(f"{path}: its record lacks licence, data or command; train with --licence")
    needed = tuple(f"{name}." for name in family.modules())
    tensors = {name: tensor for name, tensor in checkpoint.tensors.items() if name.startswith(needed)}
    save_checkpoint(SHIPPED, replace(checkpoint, tensors=tensors))
    print(f"{SHIPPED}: {record.steps} steps, {dict(record.metrics)}")


if __name__ == "__main__":
    main()
