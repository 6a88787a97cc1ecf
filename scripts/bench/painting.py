"""Where the time of the second pass goes: processor time of one thread by stage, of one frame, without the encoder.

    python scripts/bench/painting.py VIDEO... [--emotion happy] [--frames 120] [--save FOLDER]

The video is analysed and planned as `ned process` does it; then its frames are painted one after another. A stage's own
time leaves out that of the stages inside it. `--save` keeps the planes of all frames as they would go to the encoder,
so that two states of the code can be compared: `--compare FOLDER` does, and tells how far the samples differ.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ned.config import ProcessConfig
from ned.pipeline.resolved import resolve
from ned.pipeline.video import fitter_of, plan_video
from ned.renderer import Casting, prepare_renderer
from ned.renderer.warp.renderer import WarpRenderer
from ned.rendering.scheduler import PaintScheduler
from ned.runtime.progress import Clock, Silent
from ned.types import FaceEdit
from ned.video import Frame, Stills, read_frames

STAGES = {
    "ned.rendering.painter": (
        "Painter.submit", "Patch.onto", "Painter._occluded", "Painter._show_person", "HandOcclusion.__call__",
    ),
    "ned.edit.track_edit": ("TrackEdit.face_edit",),
    "ned.video.frame": ("Frame.rgb", "Frame.region_rgb", "Frame.add_region"),
    "ned.renderer.warp.renderer": (
        "WarpRenderer.render", "WarpRenderer.region", "WarpRenderer._fill_mouth", "warp_field", "deepen_folds",
        "deepen", "sample", "Resampler.finish", "finish", "WrinkleShader.shading", "Light.ratio",
        "SharpnessControl.measure", "luminance", "smoothed", "MouthDonor.interior", "Rims.hold", "soft_mask",
        "blend_difference", "mix",
    ),
    "ned.renderer.warp.field": (
        "drawn_mesh", "_moved_skin", "rasterize", "read_blocks", "average_blocks", "spread_blocks", "spread_box",
    ),
    "ned.composite.blend": ("add_band",),
    "cv2": ("remap", "GaussianBlur", "pyrDown", "pyrUp", "dilate", "erode", "resize"),
}  # fmt: skip
"""Functions and methods whose time is told; by module. Those that a state of the code lacks are left out."""


class Timers:
    """Own processor time and calls by stage."""

    def __init__(self) -> None:
        self.seconds, self.calls = defaultdict(float), defaultdict(int)
        self._inner: list[float] = []

    def watch(self, module: str, name: str) -> None:
        """Put a timer around a function, or a `class.method`, of a module."""
        owner: object = importlib.import_module(module)
        *classes, last = name.split(".")
        for part in classes:
            owner = getattr(owner, part, None)
        if hasattr(owner, last):
            setattr(owner, last, self._timed(name, getattr(owner, last)))

    def _timed(self, name: str, call: Callable) -> Callable:
        def timed(*args: object, **options: object) -> object:
            self._inner.append(0.0)
            began = time.thread_time()
            try:
                return call(*args, **options)
            finally:
                spent = time.thread_time() - began
                self.seconds[name] += spent - self._inner.pop()
                self.calls[name] += 1
                if self._inner:
                    self._inner[-1] += spent

        return timed

    def clear(self) -> None:
        self.seconds.clear()
        self.calls.clear()


def scheduler_of(video: Path, emotion: str, stop: int) -> PaintScheduler:
    """What paints the video, as `ned process` would."""
    config, clock = ProcessConfig(input=video, emotion=emotion, cache=False, renderer="warp"), Clock(Silent())
    run = resolve(config)
    fitter = fitter_of(config, run)
    with tempfile.TemporaryDirectory() as work:
        plan = plan_video(config, run, fitter, clock, Path(work))
    edits, analysis = plan.edits, plan.analysis
    make_renderer = prepare_renderer("warp", Casting(fitter.model, edits, lambda _: iter(())), clock)
    fetch = Stills(video, float(analysis.video.frame_rate))
    return PaintScheduler([(edit, edit.changed()) for edit in edits], make_renderer, fetch, 0, stop)


def in_one_thread() -> None:
    """Have the warp renderer do its work where it is asked to, so that a thread's time is all of it."""

    def submit(self: WarpRenderer, image: np.ndarray, edit: FaceEdit) -> Callable[[], np.ndarray]:
        difference = self.render(image, edit)
        return lambda: difference

    WarpRenderer.submit = submit


def paint(video: Path, emotion: str, count: int, timers: Timers) -> tuple[list[Frame], float]:
    """The first frames of a video, painted, and the seconds of one thread that it took."""
    with scheduler_of(video, emotion, count) as scheduler:
        out, spent = [], 0.0
        for frame, _ in zip(read_frames(video), range(count), strict=False):
            if len(out) == min(10, count - 1):  # whatever happens once a track
                spent = 0.0
                timers.clear()
            began = time.thread_time()
            out.append(scheduler.paint(frame))
            spent += time.thread_time() - began
    return out, spent / max(1, len(out) - min(10, count - 1))


def differ(frames: list[Frame], path: Path) -> str:
    """How far the samples differ from those kept before."""
    kept = np.load(path)
    gaps = [
        np.abs(plane.astype(int) - kept[f"{k}_{n}"])
        for k, frame in enumerate(frames)
        for n, plane in enumerate(frame.planes)
    ]
    most, mean = max(gap.max() for gap in gaps), np.mean([gap.mean() for gap in gaps])
    more = np.mean([(gap > 1).mean() for gap in gaps])
    return f"differs from {path.name}: at most {most}, mean {mean:.5f}, share of more than one level {more:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--emotion", default="happy")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--plain", action="store_true", help="no timers, which cost a little themselves")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--compare", type=Path)
    args = parser.parse_args()
    in_one_thread()
    timers = Timers()
    for module, names in () if args.plain else STAGES.items():
        for name in names:
            timers.watch(module, name)
    for video in args.videos:
        frames, seconds = paint(video, args.emotion, args.frames, timers)
        print(f"{video.name}, {args.emotion}: {1e3 * seconds:.2f} ms a frame of one thread")
        timed = max(1, len(frames) - 10)
        for name, own in sorted(timers.seconds.items(), key=lambda item: -item[1]):
            print(f"  {1e3 * own / timed:7.3f} ms  {timers.calls[name] / timed:5.1f} x  {name}")
        name = f"{video.stem}_{args.emotion}.npz"
        if args.save:
            args.save.mkdir(parents=True, exist_ok=True)
            planes = {f"{k}_{n}": p for k, frame in enumerate(frames) for n, p in enumerate(frame.planes)}
            np.savez(args.save / name, **planes)
        if args.compare:
            print("  " + differ(frames, args.compare / name))


if __name__ == "__main__":
    main()
