"""Time of the neural renderer beside the warp renderer's, on the same faces in the same run, and its memory.

    python scripts/bench/renderer.py [--checkpoint meta.safetensors] [--frames 60] [--threads 2]

The face is the mean one, talking and made to smile; per frame: warp, conditioning, bending of the memory, network, and
what it changes put back. Ratios compare runs on a noisy machine; frames a second are those of this one.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch

from ned.face_model import load_face_model
from ned.renderer import build_renderer
from ned.renderer.neural.crops import FACE_SHARE, TOP_SHARE
from ned.renderer.neural.memory import Memory
from ned.renderer.neural.renderer import Painting, load_network
from ned.renderer.neural.weights import SHIPPED
from ned.rendering.painter import AHEAD
from ned.types import FaceEdit


def moving_faces(count: int, side: int) -> tuple[list[FaceEdit], np.ndarray]:
    """Edits of a face that talks and is made to smile; and the faces alone."""
    model = load_face_model()
    scale = FACE_SHARE * side / (model.mean[152, 1] - model.mean[10, 1])
    origin = np.array([0.5 * side, TOP_SHARE * side - scale * model.mean[10, 1], 0.0], np.float32)
    before = np.zeros((count, model.space.width), np.float32)
    before[:, 0] = 0.3 * np.abs(np.sin(0.4 * np.arange(count)))
    change = np.zeros_like(before)
    change[:, [model.space.index("mouthSmileLeft"), model.space.index("mouthSmileRight")]] = 0.6
    faces = [(scale * (model.mean + model.displacements(c)) + origin).astype(np.float32)
             for c in (before, before + change)]  # fmt: skip
    edits = [FaceEdit(s, t, c, b + c) for s, t, c, b in zip(*faces, change, before, strict=True)]
    return edits, faces[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--side", type=int, default=400, help="pixels of the face's region")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    network, settings = load_network(given.checkpoint)
    edits, _ = moving_faces(given.frames, given.side)
    _, crops = moving_faces(settings.memory, settings.size)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (settings.memory, settings.size, settings.size, 3), np.uint8)
    painting = Painting(network, Memory.of(frames, crops, settings.memory), settings.size)
    image = rng.random((given.side, given.side, 3)).astype(np.float32)
    seconds = {}
    for name, renderer in (("warp", build_renderer(load_face_model())),
                           ("neural", build_renderer(load_face_model(), painting))):  # fmt: skip
        renderer.render(image, edits[0])
        began, waiting = time.perf_counter(), []
        for k, edit in enumerate(edits):
            renderer.prefetch_edits(edits[k : k + AHEAD])
            waiting.append(renderer.start(image, edit))
            if len(waiting) > 1:  # as the second pass does
                waiting.pop(0)()
        waiting.pop()()
        seconds[name] = (time.perf_counter() - began) / len(edits)
    for name, value in seconds.items():
        print(f"{name:8s} {1e3 * value:7.1f} ms a frame, {1 / value:6.1f} fps, {value / seconds['warp']:5.2f} × warp")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{given.threads} threads"
    print(f"crops of {settings.size} pixels, {where}; process {peak:.2f} GiB"
          + (f", GPU {torch.cuda.max_memory_allocated() / 1024**3:.2f} GiB" if torch.cuda.is_available() else ""))


if __name__ == "__main__":
    main()
