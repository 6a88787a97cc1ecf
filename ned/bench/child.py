"""One measurement, in a process of its own, so that its memory is its own: `python -m ned.bench.child KIND JSON`.

The answer is the last line of standard output: JSON, figures by name. Kernels must have been compiled before.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def floor(video: str) -> dict[str, Any]:
    """Decoding, landmarks of the largest face and encoding, as they overlap in `ned`, and nothing else."""
    from ned.analysis.detection import Detector
    from ned.analysis.landmarks import Landmarker, roi_of_landmarks
    from ned.video import VideoWriter, prefetch, probe, read_frames

    info, landmarker, roi, count = probe(Path(video)), Landmarker(), None, 0
    found = Detector().everywhere(next(iter(read_frames(Path(video)))).rgb())
    roi = found[0].roi if found else None
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with VideoWriter(Path(folder, "out.mp4"), like=info) as writer, prefetch(read_frames(Path(video)), 6) as frames:
            for frame in frames:
                points = landmarker(frame.rgb(), roi)[0] if roi is not None else None
                roi = roi_of_landmarks(points) if points is not None else roi
                writer.write(frame)
                count += 1
        seconds = time.perf_counter() - began
    return {"fps": count / seconds, "ms": 1e3 * seconds / count, "frames": count}


def process(video: str, renderer: str, device: str, person: str | None = None) -> dict[str, Any]:
    """A whole edit, cold but for the kernels: frames a second of all, and milliseconds a frame of each stage."""
    from ned.config import ProcessConfig
    from ned.pipeline import process as run
    from ned.runtime import devices
    from ned.video import probe

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        asked = ProcessConfig.build(
            input=Path(video), output=Path(folder, "out.mp4"), emotion="happy", renderer=renderer, device=device,
            cache=False, provenance=False, **({"person": person} if person else {}),
        )  # fmt: skip
        result = run(asked)
        seconds = time.perf_counter() - began
    frames = probe(Path(video)).num_frames
    stages = {name: 1e3 * value / frames for name, value in result.seconds.items()}
    if not result.edited_frames:
        raise RuntimeError("nothing was edited")
    return {"fps": frames / seconds, "stages": stages, "device_gib": devices.peak_bytes(device) / 2**30}


def network(device: str, size: int = 256, repeat: int = 20) -> dict[str, Any]:
    """The neural renderer's network alone, frame after frame: milliseconds, the best."""
    import numpy as np

    from ned.renderer.neural.inference import load_weights, make_network
    from ned.renderer.neural.memory import face_window
    from ned.renderer.neural.weights import SHIPPED
    from ned.runtime import devices

    painted = make_network(*load_weights(SHIPPED), SHIPPED, device)
    width, height = face_window(size)[2:]
    rng = np.random.default_rng(0)
    seen = rng.random((4, 5, height, width), np.float32), rng.random((12, height, width), np.float32)
    state, times = None, []
    for _ in range(repeat):
        began = time.perf_counter()
        _, state = painted(*seen, state)
        times.append(time.perf_counter() - began)
    return {"ms": 1e3 * min(times), "device_gib": devices.peak_bytes(device) / 2**30}


def finetune(video: str, minutes: float, device: str) -> dict[str, Any]:
    """Fine-tuning to the clip's person: steps a second, and the error in held-out frames from minute to minute."""
    import os
    import re

    from ned.renderer.neural.training.finetuning import finetune as fit
    from ned.runtime import devices
    from ned.runtime.events import Noted, Reported

    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    curve: list[float] = []

    def listen(event: object) -> None:
        match = re.search(r"held-out MAE ([\d.]+)", event.text) if isinstance(event, Noted) else None
        if match:
            curve.append(float(match[1]))

    with tempfile.TemporaryDirectory() as folder:
        os.environ["NED_DATA"] = folder
        record = fit([Path(video)], "bench", minutes, Reported(listen)).record
    steps = record.steps / (60 * record.minutes)
    return {"steps": steps, "curve": curve, "fapd": record.fapd, "warp_fapd": record.warp_fapd,
            "device_gib": devices.peak_bytes(device) / 2**30}  # fmt: skip


KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "floor": floor, "process": process, "network": network, "finetune": finetune,
}  # fmt: skip


def main() -> None:
    kind, given = sys.argv[1:]
    answer = KINDS[kind](**json.loads(given))
    own, others = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    scale = 2**30 if sys.platform == "darwin" else 2**20
    print(json.dumps(answer | {"host_gib": own / scale, "programs_gib": others / scale}))


if __name__ == "__main__":
    from ned.runtime.cores import quiet_algebra
    from ned.runtime.heap import share_heaps

    share_heaps()
    quiet_algebra()
    main()
