"""Small good files to damage: a 0.3 s clip of the sample's face in many containers, and the data files ned reads."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import ned
from ned.video import find_ffmpeg

_VIDEO = {
    "h264.mp4": "-c:v libx264 -preset fast -bf 2 -c:a aac -movflags +faststart",
    "fragmented.mp4": "-c:v libx264 -preset fast -c:a aac -movflags frag_keyframe+empty_moov",
    "hevc10.mp4": "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -an",
    "mpeg4.mov": "-c:v mpeg4 -q:v 4 -c:a pcm_s16le",
    "prores.mov": "-c:v prores_ks -profile:v 0 -an",
    "vp9.mkv": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus",
    "ffv1.mkv": "-c:v ffv1 -an",
    "vp8.webm": "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus",
    "av1.webm": "-c:v libsvtav1 -preset 12 -svtav1-params avif=0 -an",
    "mpeg4.avi": "-c:v mpeg4 -q:v 4 -c:a libmp3lame",
    "mjpeg.avi": "-c:v mjpeg -q:v 4 -an",
    "h264.ts": "-c:v libx264 -preset fast -c:a aac",
    "mpeg2.mpg": "-c:v mpeg2video -q:v 4 -c:a mp2",
    "anim.gif": "-an",
    "h264.flv": "-c:v libx264 -preset fast -c:a aac",
}

YAML = b"""# what to do
input: good.mp4
output: out.mp4
emotion: sad
intensity: 0.8
quality: draft
preset: ultrafast
overwrite: true
start_s: 0.0
end_s: 0.2
seed: 3
person: 1
cache: true
"""


def make_seeds(folder: Path) -> dict[str, Path]:
    """Good files by name, written to `folder`; containers that this ffmpeg cannot make are left out."""
    from ned.pipeline.sample import make_sample

    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "clip.mp4"
    if not clip.is_file():
        make_sample(clip, seconds=1.0)
    out = {}
    for name, options in _VIDEO.items():
        path = folder / name
        if not path.is_file():
            command = [find_ffmpeg(), "-y", "-loglevel", "error", "-i", str(clip), "-t", "0.3",
                       "-vf", "crop=360:360:140:60,scale=208:208", *options.split(), str(path)]  # fmt: skip
            if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
                path.unlink(missing_ok=True)
        if path.is_file():
            out[name] = path
    return out


ACTOR = "somebody"


def make_actor(folder: Path) -> dict[str, Path]:
    """An actor's files: a small renderer that has learnt nothing, and its record."""
    from ned.files.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
    from ned.renderer.neural.actors import ActorRecord, save_record
    from ned.renderer.neural.networks import KIND, build_network
    from ned.renderer.neural.settings import RendererConfig
    from ned.workspace import sha256_of

    folder.mkdir(parents=True, exist_ok=True)
    settings = RendererConfig(size=32, window=32, base=4, memory=2)
    tensors = {f"renderer.{name}": tensor for name, tensor in build_network(settings).state_dict().items()}
    weights = folder / "actor.safetensors"
    save_checkpoint(weights, Checkpoint(KIND, "arkit52", settings.plain(), TrainingRecord(), tensors))
    record = ActorRecord(ACTOR, ("a.mp4",), (), 9.0, 0.5, 1.0, 10, settings.size, 2.0, 3.0, sha256_of(weights))
    save_record(folder, record)
    return {file.name: file for file in (weights, folder / "actor.json")}


def put_actor(kind: str, damaged: Path, good: Path) -> None:
    """The actor with one damaged file; damaged weights are those of its record, as somebody would who means harm."""
    from ned.workspace import actor_folder, sha256_of

    folder = actor_folder(ACTOR)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("actor.safetensors", "actor.json"):
        shutil.copy(damaged if name == kind else good / "actor" / name, folder / name)
    if kind == "actor.safetensors":
        record = json.loads((good / "actor" / "actor.json").read_text())
        (folder / "actor.json").write_text(json.dumps(record | {"sha256": sha256_of(folder / kind)}))


def make_data(folder: Path, video: Path, run: object) -> dict[str, Path]:
    """A YAML file, a CSV file, a signed video's manifest and a cached analysis, made by `run`, ned's command line, the
    shipped weights and an actor."""
    out = {"config.yaml": folder / "config.yaml", "expression.csv": folder / "expression.csv"}
    out["config.yaml"].write_bytes(YAML)
    run(["analyse", str(video), "--export", str(out["expression.csv"]), "--overwrite", "--quiet"])
    signed = folder / "signed.mkv"
    run(["process", str(video), "-o", str(signed), "-q", "draft", "--overwrite", "--quiet"])
    out["manifest.c2pa"] = folder / "signed.c2pa"
    out |= make_actor(folder / "actor")
    out["manipulator.safetensors"] = Path(ned.__file__).parent / "assets" / "manipulator.safetensors"
    return out
