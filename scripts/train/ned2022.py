"""Train the paper's two networks and edit a video with them: Neural Emotion Director whole, in one command.

    python scripts/train/ned2022.py OUT --flame DIR --tracks MEAD … --videos VIDEO … --edit talk.mp4 --emotion sad
    python scripts/train/ned2022.py OUT --small

DIR holds FLAME 2020 and DECA's files (docs/flame.md). Tracks are labelled folders (MEAD, Aff-Wild2, or with a
labels.csv), videos those of many people for the meta-renderer. By default it trains about as long as the paper: 300,000
steps of the manipulator, 100,000 of the renderer. On the paper's four cards of 2018 the renderer took 25 h, fine-tuning
to an actor 17 h on two; this has not been run on such cards. Broken off, the same command goes on. With several cards,
run it under torchrun.

`--small` needs nothing: a synthetic FLAME and DECA with random weights, invented tracks, the sample clip, small
networks, a few minutes on a processor. What it paints is no face, since nothing was learnt; it shows that all runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "build")]

MANIPULATOR_STEPS, RENDERER_STEPS = 300_000, 100_000
CONFIGS = {"manipulator": ROOT / "configs" / "ned2022.yaml", "renderer": ROOT / "configs" / "ned2022_renderer.yaml"}
SMALL = {"manipulator": {"batch": 8}, "renderer": {"size": 64, "window": 32, "base": 8, "batch": 1, "sequence": 3}}
SMALL_MINUTES = 0.3, 0.6, 0.6


def run(*words: object) -> None:
    """A command of ned; ends where it fails."""
    from ned.cli import main as ned

    arguments = [str(word) for word in words]
    print("ned", " ".join(arguments), flush=True)
    code = ned(arguments)
    if code:
        raise SystemExit(code)


def small_inputs(out: Path) -> argparse.Namespace:
    """A synthetic FLAME and DECA, invented tracks, the sample clip; the paper's settings, but for small networks."""
    import synthetic_flame
    import synthetic_flame_model
    from flame_corpus import write_corpus

    from ned.face_model.flame.face import FlameFace
    from ned.pipeline.sample import make_sample

    flame, tracks, clip = out / "flame", out / "tracks", out / "sample.mp4"
    if not (flame / synthetic_flame.MODELS["2020"]).exists():
        synthetic_flame.build_folder(flame, synthetic_flame_model.build(0), deca=True)
    if not (tracks / "labels.csv").exists():
        write_corpus(FlameFace.load(flame), tracks, people=4, seconds=3.0)
    if not clip.exists():
        make_sample(clip, seconds=3.0)
    settings = {name: out / f"{name}.yaml" for name in CONFIGS}
    for name, path in settings.items():
        path.write_text(yaml.safe_dump(yaml.safe_load(CONFIGS[name].read_text()) | SMALL[name]))
    return argparse.Namespace(flame=flame, tracks=[tracks], videos=[clip], edit=clip, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--flame", type=Path)
    parser.add_argument("--tracks", type=Path, nargs="+")
    parser.add_argument("--videos", type=Path, nargs="+")
    parser.add_argument("--edit", type=Path)
    parser.add_argument("--emotion", default="sad")
    parser.add_argument("--fit", default="deca", choices=("deca", "emoca", "landmarks"))
    parser.add_argument("--minutes", type=float, nargs=3, metavar=("MANIPULATOR", "RENDERER", "ACTOR"))
    given = parser.parse_args()
    out, small, own = given.out, given.small, (given.flame, given.tracks, given.videos, given.edit)
    if not small and not all(own):
        parser.error("--flame, --tracks, --videos and --edit are needed, or --small")
    if small and any(own):
        parser.error("--small brings its own files: leave out --flame, --tracks, --videos and --edit")
    if small and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        parser.error("--small is for one process")
    data = small_inputs(out) if small else argparse.Namespace(**CONFIGS, **vars(given))
    minutes = given.minutes or (SMALL_MINUTES if small else None)
    threads = ("--threads", 1) if small else ()
    stop = [("--minutes", m) for m in minutes] if minutes else [("--steps", MANIPULATOR_STEPS),
                                                               ("--steps", RENDERER_STEPS), ()]  # fmt: skip
    flame = ("--face-model", "flame", "--flame-folder", data.flame, "--fit", given.fit, "--accept-licence")
    run("train", "manipulator", "--space", "flame50", *flame, "--config", data.manipulator,
        "--data", *data.tracks, "--out", out / "manipulator", *stop[0], *threads)  # fmt: skip
    run("train", "meta-renderer", *flame, "--config", data.renderer, "--data", *data.videos,
        "--out", out / "renderer", *stop[1], *threads)  # fmt: skip
    if int(os.environ.pop("RANK", "0")):  # of several that train together, one edits
        return
    os.environ.pop("WORLD_SIZE", None)
    tune = ("--finetune-minutes", minutes[2]) if minutes else ()
    run("process", data.edit, "--config", ROOT / "configs" / "ned2022_process.yaml", "--flame-folder", data.flame,
        "--fit", given.fit, "--accept-licence", "--manipulator-weights", out / "manipulator" / "best.safetensors",
        "--renderer-weights", out / "renderer" / "best.safetensors", "--emotion", given.emotion, *tune,
        "--output", out / f"{data.edit.stem}_{given.emotion}.mp4", "--overwrite", "--report")  # fmt: skip


if __name__ == "__main__":
    main()
