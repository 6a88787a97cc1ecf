"""`ned process` with face models of the user's own files."""

from shutil import copyfile, rmtree

import numpy as np
import pytest

import ned
from ned.config import ProcessConfig
from ned.config.edit import FaceModelOptions
from ned.errors import UserError
from ned.pipeline.face_models import load_model
from ned.pipeline.fitters import make_fitter
from ned.pipeline.resolved import key_of, resolve
from ned.video import read_frames


def process(sample, folder, out, **more):
    return ned.process(sample.path, output=out, end_s=0.4, face_model="flame", flame_folder=folder,
                       accept_licence=True, provenance=False, **more)  # fmt: skip


def test_flame_edits(sample, flame_folder, tmp_path):
    done = process(sample, flame_folder, tmp_path / "happy.mp4")
    assert done.edited_frames == 10
    before, after = (next(read_frames(path)).rgb().astype(int) for path in (sample.path, done.output))
    change = np.abs(after - before).mean(2)
    assert change.max() > 25 and np.median(change) < 4


def test_intensity_0_is_the_source(sample, flame_folder, tmp_path):
    done = process(sample, flame_folder, tmp_path / "none.mkv", intensity=0.0, quality="lossless")
    assert done.edited_frames == 0
    for source, copy in zip(read_frames(sample.path, end_s=0.4), read_frames(done.output), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(source.planes, copy.planes, strict=True))


def test_another_file_is_other_work(sample, flame_folder, tmp_path):
    def key(folder):
        config = ProcessConfig.build(input=sample.path, face_model="flame", flame_folder=folder)
        return key_of(config, resolve(config))

    first = key(flame_folder)
    assert first == key(flame_folder / "generic_model.pkl")
    plain = ProcessConfig.build(input=sample.path)
    assert first != key_of(plain, resolve(plain))
    other = tmp_path / "flame2023_Open.pkl"
    other.write_bytes((flame_folder / "generic_model.pkl").read_bytes() + b"\0")
    alone = key(other)
    assert first != alone
    copyfile(flame_folder / "mediapipe_landmark_embedding.npz", tmp_path / "points.npz")  # places the landmarks
    assert key(other) not in (first, alone)


def test_exceptions(sample, flame_folder, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="--flame-folder"):
        ProcessConfig.build(input=sample.path, face_model="flame")
    with pytest.raises(UserError, match="--ict-folder"):
        ProcessConfig.build(input=sample.path, face_model="ict")
    with pytest.raises(UserError, match="add --face-model ict"):
        ProcessConfig.build(input=sample.path, ict_folder=tmp_path)
    alone = tmp_path / "flame" / "generic_model.pkl"
    alone.parent.mkdir()
    alone.symlink_to(flame_folder / "generic_model.pkl")
    with pytest.raises(UserError, match="holds no landmark_embedding.npy"):  # before any work
        make_fitter(load_model(FaceModelOptions(face_model="flame", flame_folder=alone, accept_licence=True)),
                    FaceModelOptions(face_model="flame", flame_folder=alone, landmarks="face-alignment"))  # fmt: skip
    rmtree(alone.parent)
    with pytest.raises(UserError, match="no such folder"):
        ned.process(sample.path, face_model="flame", flame_folder=tmp_path / "none", output=tmp_path / "o.mp4")
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))
    with pytest.raises(UserError, match="--accept-licence"):
        ned.process(sample.path, face_model="flame", flame_folder=flame_folder, output=tmp_path / "o.mp4")
    assert [path.name for path in tmp_path.iterdir()] == []
