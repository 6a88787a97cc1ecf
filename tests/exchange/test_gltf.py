"""Binary glTF and FLAME's coefficients as files."""

import json
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ned.encoders.crop import Crop
from ned.encoders.parameters import EncodedFaces
from ned.exchange.flame_parameters import write_parameters
from ned.exchange.gltf import write_glb
from ned.face_model import load_face_model


def read_glb(path):
    """The document and a function that gives an accessor's numbers."""
    data = path.read_bytes()
    magic, version, length = struct.unpack("<4sII", data[:12])
    size, kind = struct.unpack("<I4s", data[12:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON") and size % 4 == 0
    document = json.loads(data[20 : 20 + size])
    binary, kind = struct.unpack("<I4s", data[20 + size : 28 + size])
    body = data[28 + size :]
    assert kind == b"BIN\0" and binary == len(body) and binary % 4 == 0

    def numbers(index):
        accessor = document["accessors"][index]
        view = document["bufferViews"][accessor["bufferView"]]
        kind = {5126: np.float32, 5125: np.uint32}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        values = np.frombuffer(body[view["byteOffset"] :][: view["byteLength"]], kind).reshape(-1, width)
        assert len(values) == accessor["count"] and view["byteOffset"] % 4 == 0
        if "min" in accessor:
            assert np.array_equal(values.min(0), np.array(accessor["min"], np.float32))
            assert np.array_equal(values.max(0), np.array(accessor["max"], np.float32))
        return values

    return document, numbers


def write(path, frames=4):
    model = load_face_model("canonical")
    targets = {name: model.basis[k] for k, name in enumerate(model.space.names) if k < 5}
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(frames, 5)).astype(np.float32)
    turns = Rotation.from_rotvec(0.3 * rng.normal(size=(frames, 3))).as_matrix()
    write_glb(path, model.mean, model.topology.triangles, targets, weights, 2 + np.arange(frames) / 25, turns)
    return model, targets, weights, turns


def test_what_is_in_it(tmp_path):
    path = tmp_path / "face.glb"
    model, targets, weights, turns = write(path)
    document, numbers = read_glb(path)
    mesh = document["meshes"][0]
    assert mesh["extras"]["targetNames"] == list(targets)
    primitive = mesh["primitives"][0]
    assert np.allclose(numbers(primitive["attributes"]["POSITION"]), model.mean * [0.01, -0.01, -0.01], atol=1e-7)
    moved = numbers(primitive["targets"][3]["POSITION"])
    assert np.allclose(moved, model.basis[3] * [0.01, -0.01, -0.01], atol=1e-8)
    channels = {c["target"]["path"]: document["animations"][0]["samplers"][c["sampler"]]
                for c in document["animations"][0]["channels"]}  # fmt: skip
    assert np.allclose(numbers(channels["weights"]["output"]).reshape(4, 5), weights)
    assert np.allclose(numbers(channels["weights"]["input"])[:, 0], np.arange(4) / 25)
    flip = np.diag([1.0, -1.0, -1.0])
    found = Rotation.from_quat(numbers(channels["rotation"]["output"])).as_matrix()
    assert np.allclose(found, flip @ turns @ flip, atol=1e-6)
    # the face looks along +z, its triangles turn counter-clockwise from there
    points, corners = numbers(primitive["attributes"]["POSITION"]), numbers(primitive["indices"]).reshape(-1, 3)
    a, b, c = points[corners].transpose(1, 0, 2)
    assert np.cross(b - a, c - a)[:, 2].sum() > 0
    assert numbers(primitive["attributes"]["NORMAL"])[:, 2].mean() > 0


def test_exceptions(tmp_path):
    model = load_face_model("canonical")
    with pytest.raises(ValueError, match="rising times"):
        write_glb(tmp_path / "a.glb", model.mean, model.topology.triangles, {}, np.zeros((2, 0)), np.zeros(2))
    assert not list(tmp_path.iterdir())


class TestParameters:
    def faces(self, frames=3):
        rng = np.random.default_rng(0)
        return EncodedFaces(*(rng.normal(size=(frames, w)) for w in (100, 50, 3, 3, 3)), detail=np.ones((frames, 128)))

    def test_npz(self, tmp_path):
        faces, crop = self.faces(), Crop(np.zeros((3, 2)), np.full(3, 200.0))
        write_parameters(tmp_path / "a.npz", faces, np.arange(3), np.arange(3) / 25, crop, "2020")
        with np.load(tmp_path / "a.npz", allow_pickle=False) as read:
            assert read["shape"].shape == (3, 100) and read["exp"].shape == (3, 50) and str(read["flame"]) == "2020"
            assert np.allclose(read["pose"], np.c_[faces.global_pose, faces.jaw_pose])
            assert np.allclose(read["cam"], faces.camera) and read["crop"][0].tolist() == [0, 0, 200]
            assert read["detail"].shape == (3, 128) and "light" not in read

    def test_csv(self, tmp_path):
        faces, crop = self.faces(), Crop(np.zeros((3, 2)), np.full(3, 200.0))
        write_parameters(tmp_path / "a.csv", faces, np.arange(3), np.arange(3) / 25, crop, "2020")
        read = np.genfromtxt(tmp_path / "a.csv", delimiter=",", names=True)
        assert np.allclose(read["exp_7"], faces.expression[:, 7]) and np.allclose(read["pose_3"], faces.jaw_pose[:, 0])
        assert read["frame"].tolist() == [0, 1, 2]
