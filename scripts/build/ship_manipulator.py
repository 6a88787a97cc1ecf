"""Makes a trained checkpoint the one that `ned` ships, with its graphs, and notes their SHA-256 in the assets' manifest.

    python scripts/build/ship_manipulator.py run/best.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

from ned.face_model import load_face_model
from ned.manipulator.learned import SHIPPED, load_networks
from ned.files.checkpoint import load_checkpoint, save_checkpoint
from ship_graphs import ship_manipulator


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    path = Path(sys.argv[1])
    checkpoint = load_checkpoint(path, "manipulator")
    record = checkpoint.record
    if not (record.licence and record.data and record.command):
        raise SystemExit(f"{path}: its record lacks licence, data or command; train with --licence")
    save_checkpoint(SHIPPED, checkpoint)
    ship_manipulator()
    load_networks(SHIPPED, load_face_model().space)
    print(f"{SHIPPED}: {record.steps} steps, {dict(record.metrics)}")


if __name__ == "__main__":
    main()
