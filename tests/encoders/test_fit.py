"""Encoders over tracks: batches, what is remembered, lost frames."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ned.encoders import encode
from ned.encoders.crop import Crop
from ned.encoders.deca import Spectre
from ned.encoders.encode import crop_of, encode_frames, joined, load_faces, save_faces
from ned.encoders.fit import encoded_fit
from ned.encoders.parameters import EncodedFaces
from ned.encoders.resnet import Bottleneck, ResnetEncoder, fused
from ned.errors import UserError
from ned.face_model.flame.registration import AXES
from ned.fitting.flame import fit_flame
from ned.geometry.pose import project
from ned.types import FaceTrack, HeadPose, Shot
from tests.encoders.stand_in import Pooled, small_deca


def images(frames=11, seed=0):
    return [np.full((300, 280, 3), value, np.uint8) for value in np.random.default_rng(seed).integers(0, 255, frames)]


def crop(frames=11):
    return Crop(np.full((frames, 2), 20.0), np.full(frames, 200.0))


class Neighbours(Spectre):
    """SPECTRE with linear layers in place of its trunks, and its convolution over five frames."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.E_flame = Pooled(236)
        self.over = torch.nn.Conv1d(3, 53, 5, padding=2)
        self.E_expression = lambda pictures: self.over(pictures.mean((2, 3)).T[None])[0].T


class TestEncode:
    @pytest.mark.parametrize("frames", [1, 4, 11])
    def test_batches_are_frames_one_by_one(self, frames):
        network = small_deca()
        parts = list(encode_frames(network, "deca", images(frames), crop(frames)))
        assert [len(part) for part in parts] == [4] * (frames // 4) + [frames % 4] * (frames % 4 > 0)
        whole = joined(parts)
        tensors = torch.from_numpy(np.stack([crop(frames).cut(k, image) for k, image in enumerate(images(frames))]))
        wanted = network.encode(tensors)
        assert np.allclose(whole.expression, wanted.expression, atol=1e-5)
        assert np.allclose(whole.detail, wanted.detail, atol=1e-5) and whole.eyelids is None

    @pytest.mark.parametrize("frames", [1, 3, 6, 7, 11, 14])
    def test_batches_that_look_at_neighbours(self, frames):
        """Every frame is seen with its neighbours, as if all were one batch."""
        torch.manual_seed(0)
        network = Neighbours().eval()
        whole = joined(list(encode_frames(network, "spectre", images(frames), crop(frames))))
        tensors = torch.from_numpy(np.stack([crop(frames).cut(k, image) for k, image in enumerate(images(frames))]))
        assert np.allclose(whole.expression, network.encode(tensors).expression, atol=1e-5)

    def test_fused_is_the_same_function(self):
        torch.manual_seed(0)
        network = ResnetEncoder(5)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2), module.running_var.uniform_(0.5, 2)
                module.weight.data.uniform_(0.5, 1.5), module.bias.data.normal_(0, 0.2)
        network.eval()
        x = torch.rand(2, 3, 64, 64)
        with torch.inference_mode():
            before = network(x)
            after = fused(network)(x.contiguous(memory_format=torch.channels_last))
        assert torch.allclose(after, before, rtol=1e-3, atol=1e-3 * float(before.abs().max()))
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
        assert any(isinstance(m, Bottleneck) for m in network.modules())

    def test_what_was_said_is_remembered(self, tmp_path):
        faces = joined(list(encode_frames(small_deca(), "deca", images(), crop())))
        save_faces(tmp_path / "f.npz", faces)
        again = load_faces(tmp_path / "f.npz", 11)
        assert np.array_equal(again.detail, faces.detail) and np.array_equal(again.camera, faces.camera)
        assert load_faces(tmp_path / "f.npz", 12) is None and load_faces(tmp_path / "none.npz", 11) is None
        (tmp_path / "f.npz").write_bytes(b"PK\x03\x04")
        assert load_faces(tmp_path / "f.npz", 11) is None


def spoken(flame, frames=8):
    """Somebody as an encoder would say it, and the landmarks that this gives."""
    rng = np.random.default_rng(3)
    shape = np.repeat(0.5 * rng.normal(size=(1, 100)), frames, 0)
    jaw = np.zeros((frames, 3))
    jaw[:, 0] = np.linspace(0.02, 0.2, frames)
    camera = np.repeat(np.array([[8.0, 0.01, -0.02]]), frames, 0)
    faces = EncodedFaces(shape, 0.5 * rng.normal(size=(frames, 50)), np.zeros((frames, 3)), jaw, camera)
    square = Crop(np.full((frames, 2), 100.0), np.full(frames, 240.0))
    from ned.encoders.camera import head_pose

    own = flame.person(shape[0])
    points = project(head_pose(faces, flame.model, square), own.positions(faces.expression, jaw * AXES))
    boxes = np.zeros((frames, 4), np.float32)
    return faces, square, FaceTrack(2, Shot(0, frames), np.arange(frames), boxes, points.astype(np.float32))


class TestFit:
    def test_is_what_the_encoder_said(self, flame):
        faces, square, track = spoken(flame)
        found = encoded_fit("deca", faces, square, track, flame)
        assert not found.lost.any() and found.fit.face.reprojection_error.max() < 1e-4
        assert np.allclose(found.fit.face.expression.jaw_opening, -faces.jaw_pose[:, 0] * -1, atol=1e-6)
        assert np.allclose(found.fit.landmarks.identity, faces.shape[0])
        heads = found.heads()
        assert np.allclose(heads.expression, faces.expression, atol=1e-6) and heads.detail is None
        mesh = flame.points.on(flame.mesh(found.fit.parameters()), flame.model.triangles)
        pose = HeadPose(heads.rotation, heads.scale, heads.translation)
        assert np.abs(project(pose, mesh) - track.landmarks)[..., :2].max() < 0.05

    def test_lost_frames_come_from_their_neighbours(self, flame):
        faces, square, track = spoken(flame)
        broken = replace(faces, camera=faces.camera.copy(), expression=faces.expression.copy())
        broken.camera[3] = [2.0, 0.5, 0.3]  # far away and tiny
        broken.expression[5] = np.nan
        codes = np.random.default_rng(0).normal(size=(8, 128))
        found = encoded_fit("deca", replace(broken, detail=codes), square, track, flame)
        assert found.lost.tolist() == [k in (3, 5) for k in range(8)]
        between = 0.5 * (faces.expression[2] + faces.expression[4])
        assert np.allclose(found.fit.landmarks.expression[3], between, atol=1e-6)
        assert found.fit.face.reprojection_error.max() < 0.1  # the pose is the landmarks'
        assert np.allclose(found.heads().detail[3], 0.5 * (codes[2] + codes[4]), atol=1e-6)

    def test_a_face_that_is_lost(self, flame):
        faces, square, track = spoken(flame)
        away = replace(faces, camera=faces.camera * [0.2, 1, 1])
        with pytest.raises(UserError, match="deca loses the face of person 2 in 8 of 8 frames; fit landmarks"):
            encoded_fit("deca", away, square, track, flame)
        nothing = replace(faces, shape=np.full_like(faces.shape, np.nan))
        with pytest.raises(UserError, match="8 of 8"):
            encoded_fit("deca", nothing, square, track, flame)

    def test_more_identities_than_are_fitted(self, flame):
        """SMIRK's 300."""
        faces, square, track = spoken(flame)
        wide = replace(faces, shape=np.pad(faces.shape, ((0, 0), (0, 200)), constant_values=0.4))
        found = encoded_fit("smirk", wide, square, track, flame)
        assert found.fit.face.identity.shape == (478, 3) and len(found.fit.landmarks.identity) == 300
        narrow = encoded_fit("smirk", faces, square, track, flame)
        assert np.abs(found.fit.face.identity - narrow.fit.face.identity).max() > 0.01

    def test_crops_are_the_encoders_own(self, flame):
        _, _, track = spoken(flame)
        deca, smirk = crop_of("deca", track.landmarks), crop_of("smirk", track.landmarks)
        assert np.all(smirk.side > deca.side)

    def test_landmarks_say_the_same_heads(self, flame):
        _, _, track = spoken(flame)
        fit = fit_flame(track, flame, 25.0)
        heads = fit.heads()
        mesh = flame.points.on(flame.mesh(fit.parameters()), flame.model.triangles)
        pose = HeadPose(heads.rotation, heads.scale, heads.translation)
        gap = project(pose, mesh)[..., :2] - track.landmarks[..., :2]
        assert np.linalg.norm(gap, axis=-1).mean() < 1.5


def test_batch_sizes_are_bounded():
    assert 1 <= encode.CPU_BATCH <= encode.BATCH <= 64
