"""The paper's system from its parts: FLAME and an encoder, both networks trained two steps, `ned process`."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from ned.cli import main
from ned.config import ProcessConfig
from ned.encoders.checkpoint import ENCODERS
from ned.errors import UserError
from ned.files.checkpoint import read_head
from ned.pipeline.painters import painted_model
from ned.renderer.neural.training.crop_sequences import load_footage
from ned.video import probe, read_frames
from tests.encoders.stand_in import SmallDeca, write_small_deca

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
CONFIG = CONFIGS / "ned2022_process.yaml"
SMALLER = {
    "ned2022": {"batch": 4}, "ned2022_renderer": {"size": 48, "window": 32, "base": 4, "batch": 1, "sequence": 2}
}  # fmt: skip
"""What of the paper's settings is other here: sizes alone."""


@pytest.fixture(scope="module", autouse=True)
def small_encoder():
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(ENCODERS, "deca", SmallDeca)
        yield


@pytest.fixture(scope="module")
def folder(flame_folder, tmp_path_factory):
    """FLAME's files with DECA's beside them."""
    folder = tmp_path_factory.mktemp("flame_deca")
    for path in flame_folder.iterdir():
        shutil.copyfile(path, folder / path.name)
    write_small_deca(folder)
    return folder


@pytest.fixture(scope="module")
def given(folder):
    return ["--face-model", "flame", "--flame-folder", str(folder), "--fit", "deca", "--accept-licence"]


@pytest.fixture(scope="module")
def clip(sample, tmp_path_factory):
    """The first 1.2 s of the sample clip."""
    import subprocess

    from ned.video.ffmpeg import find_ffmpeg

    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    subprocess.run([find_ffmpeg(), "-v", "error", "-i", str(sample.path), "-t", "1.2", "-y", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def trained(given, clip, tmp_path_factory):
    """Both networks, two steps each."""
    out = tmp_path_factory.mktemp("ned2022")
    for name, settings in SMALLER.items():
        paper = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
        (out / f"{name}.yaml").write_text(yaml.safe_dump(paper | settings))
    tracks = out / "tracks"
    tracks.mkdir()
    rng, rows = np.random.default_rng(0), ["file,emotion,person"]
    for emotion in ("neutral", "happy", "sad"):
        values = 0.3 * np.cumsum(rng.normal(size=(40, 51)), 0) / 6
        np.savez(tracks / f"{emotion}.npz", packed=values, frame_rate=25.0)
        rows.append(f"{emotion}.npz,{emotion},ann")
    rows.append(f"{clip.name},angry,ann")  # a clip, which the encoder fits
    shutil.copyfile(clip, tracks / clip.name)
    (tracks / "labels.csv").write_text("\n".join(rows))
    common = ["--steps", "2", "--measure-every", "2", "--threads", "1", "--quiet"]
    first, second = (["--config", str(out / f"{name}.yaml")] for name in SMALLER)
    assert main(["train", "manipulator", "--space", "flame50", *given, *first, "--data", str(tracks), "--out",
                 str(out / "m"), *common]) == 0  # fmt: skip
    assert main(["train", "meta-renderer", *given, *second, "--data", str(clip), "--out", str(out / "r"),
                 *common]) == 0  # fmt: skip
    return out


def weights(trained):
    return ["--manipulator-weights", str(trained / "m" / "best.safetensors"),
            "--renderer-weights", str(trained / "r" / "best.safetensors")]  # fmt: skip


def test_the_whole_system(trained, given, folder, clip, tmp_path, capsys):
    head = read_head(trained / "m" / "best.safetensors")
    assert head["space"] == "flame50"
    assert painted_model(trained / "r" / "best.safetensors") == ("flame", "deca")
    footage = load_footage(next((trained / "r" / "crops").iterdir()))
    assert footage.heads is not None and footage.heads.detail.shape == (len(footage), 128)
    out = tmp_path / "sad.mp4"
    asked = ["process", str(clip), "--config", str(CONFIG), "--flame-folder", str(folder), "--accept-licence",
             "--emotion", "sad", "--finetune-minutes", "0", "--end", "0.24", "--no-provenance", "--output", str(out),
             "--quiet", "--report", *weights(trained)]  # fmt: skip
    assert main(asked) == 0, capsys.readouterr().err
    assert probe(out).num_frames == 6
    before, after = (next(read_frames(path)).rgb().astype(int) for path in (clip, out))
    change = np.abs(after - before).mean(2)
    assert change.max() > 20 and np.median(change) < 4  # a face of other pixels, in an image that stays


def test_intensity_0_is_the_source(trained, folder, clip, tmp_path):
    out = tmp_path / "none.mkv"
    assert main(["process", str(clip), "--config", str(CONFIG), "--flame-folder", str(folder), "--accept-licence",
                 "--intensity", "0", "--finetune-minutes", "0", "--end", "0.24", "--quality", "lossless", "--quiet",
                 "--no-provenance", "--output", str(out), *weights(trained)]) == 0  # fmt: skip
    for source, copy in zip(read_frames(clip, end_s=0.24), read_frames(out), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(source.planes, copy.planes, strict=True))


def test_exceptions(trained, given, folder, clip, flame_folder, tmp_path, capsys, monkeypatch):
    def said(*more, command="process"):
        code = main([command, str(clip), "--end", "0.24", "--quiet", "--output", str(tmp_path / "o.mp4"), *more])
        assert code == 2 and not (tmp_path / "o.mp4").exists()
        return capsys.readouterr().err

    painter = ["--renderer", "neural", "--renderer-weights", str(trained / "r" / "best.safetensors")]
    assert "was trained on the mesh of flame" in said(*painter)
    assert "fitted by deca" in said(*given[:4], "--accept-licence", *painter)
    assert "no checkpoint of smirk" in said(*given[:4], "--fit", "smirk", "--accept-licence")
    assert "add --face-model flame" in said("--fit", "deca")
    assert "say which one with --fit" in said(*given[:4], "--encoder-weights", str(clip))
    truncated = tmp_path / "deca_model.tar"
    truncated.write_bytes((folder / "deca_model.tar").read_bytes()[:5000])
    assert "read safely" in said(*given, "--encoder-weights", str(truncated))
    newer = tmp_path / "flame2023.pkl"
    newer.write_bytes((flame_folder / "generic_model.pkl").read_bytes())
    other = ["--face-model", "flame", "--flame-folder", str(newer), "--fit", "deca", "--encoder-weights",
             str(folder / "deca_model.tar"), "--accept-licence"]  # fmt: skip
    assert "speaks FLAME 2020, the model is FLAME 2023" in said(*other)
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))
    assert "--accept-licence" in said(*given[:-1])
    with pytest.raises(UserError, match="NED_FLAME"):
        ProcessConfig.build(input=clip, face_model="flame")


def test_a_face_that_the_encoder_loses(given, flame_folder, clip, tmp_path, capsys):
    write_small_deca(tmp_path, scale=0.1)
    out = tmp_path / "o.mp4"
    assert main(["process", str(clip), "--end", "0.24", "--quiet", *given, "--output", str(out), "--encoder-weights",
                 str(tmp_path / "deca_model.tar")]) == 2  # fmt: skip
    assert "deca loses the face of person 1 in 6 of 6 frames" in capsys.readouterr().err and not out.exists()


def test_flame_of_the_environment(folder, monkeypatch):
    monkeypatch.setenv("NED_FLAME", str(folder))
    assert ProcessConfig.build(input="a.mp4", face_model="flame").face_model_folder == folder
