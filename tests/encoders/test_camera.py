"""Crops and cameras: the same vertex comes to the same pixel, the encoders' way and ours."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ned.encoders.camera import encode_pose, head_pose, project_deca
from ned.encoders.crop import SIZE, Crop, deca_crop, smirk_crop
from ned.encoders.parameters import EncodedFaces
from ned.face_model.flame.registration import AXES
from ned.face_model.flame.skinning import FlameParameters, skin
from ned.geometry.pose import project


def encoded(frames=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = np.repeat(rng.normal(size=(1, 100)), frames, 0)
    turn = 0.4 * rng.normal(size=(frames, 3))
    jaw = np.abs(0.1 * rng.normal(size=(frames, 3)))
    camera = np.c_[rng.uniform(7, 10, frames), 0.03 * rng.normal(size=(frames, 2))]
    return EncodedFaces(shape, rng.normal(size=(frames, 50)), turn, jaw, camera)


def crops(frames=3):
    return Crop(np.arange(2.0 * frames).reshape(frames, 2) * 7 + 100, np.linspace(150, 400, frames))


class TestPose:
    def test_projects_like_deca(self, flame):
        faces, crop = encoded(), crops()
        pose = np.zeros((3, 5, 3), np.float32)
        pose[:, 0], pose[:, 2] = faces.global_pose, faces.jaw_pose
        shape, expression = faces.shape[0].astype(np.float32), faces.expression.astype(np.float32)
        turned = skin(flame.model, FlameParameters(shape, expression, pose))
        theirs = crop.frame_from_crop(project_deca(turned.astype(np.float64), faces.camera)[..., :2])
        pose[:, 0] = 0
        ours = project(head_pose(faces, flame.model, crop), flame.mesh(FlameParameters(shape, expression, pose)))
        assert np.abs(ours[..., :2] - theirs).max() < 0.01

    def test_depth_is_nearer_in_front(self, flame):
        points = flame.model.template[None].astype(np.float64)
        drawn = project_deca(points, np.array([[8.0, 0.0, 0.0]]))
        nose, back = points[0, :, 2].argmax(), points[0, :, 2].argmin()
        assert drawn[0, nose, 2] < drawn[0, back, 2]
        up = points[0, :, 1].argmax()
        assert drawn[0, up, 1] == drawn[0, :, 1].min()  # y down

    def test_definition(self):
        """s(x + tx), -s(y + ty), then 112 + 112 of it."""
        got = project_deca(np.array([[[0.02, 0.05, 0.1]]]), np.array([[8.0, 0.01, -0.02]]))[0, 0]
        assert got == pytest.approx([112 + 112 * 8 * 0.03, 112 - 112 * 8 * 0.03, -112 * 8 * 0.1])

    def test_there_and_back(self, flame):
        faces, crop = encoded(), crops()
        pose = head_pose(faces, flame.model, crop)
        again = encode_pose(pose, faces.shape[0], faces.expression, faces.jaw_pose * AXES, flame.model, crop)
        assert np.abs(again.camera - faces.camera).max() < 1e-4
        gap = Rotation.from_rotvec(again.global_pose) * Rotation.from_rotvec(faces.global_pose).inv()
        assert gap.magnitude().max() < 1e-5 and np.allclose(again.jaw_pose, faces.jaw_pose)


class TestCrop:
    def test_side(self):
        """int((w + h) / 2 * 1.1 * 1.25) around the middle of the box."""
        points = np.repeat([[[60.0, 70.0]]], 68, 1)
        points[0, 3], points[0, 20] = [10.0, 20.0], [110.0, 140.0]
        crop = deca_crop(points)
        assert crop.side[0] == int(110 * 1.1 * 1.25) and crop.corner[0] == pytest.approx(
            [60 - crop.side[0] / 2, 80 - crop.side[0] / 2]
        )
        assert smirk_crop(points).side[0] == int(110 * 1.4)

    def test_corners_map_to_0_and_223(self):
        crop = crops(1)
        ends = np.stack([crop.corner[0], crop.corner[0] + crop.side[0]])[None]
        assert crop.crop_from_frame(ends)[0].tolist() == pytest.approx(np.array([[0, 0], [223, 223]]))
        assert np.allclose(crop.frame_from_crop(crop.crop_from_frame(ends)), ends)

    @pytest.mark.parametrize("side", [100.0, 223.0, 600.0])
    def test_pixels_follow_points(self, side):
        """A soft dot comes to where its middle is said to be."""
        y, x = np.mgrid[:900, :900]
        dot = 255 * np.exp(-((x - 310.0) ** 2 + (y - 420.0) ** 2) / (2 * (side / 40) ** 2))
        image = np.repeat(dot[..., None], 3, 2).astype(np.uint8)
        crop = Crop(np.array([[310 - 0.3 * side, 420 - 0.6 * side]]), np.array([side]))
        out = crop.cut(0, image)
        assert out.shape == (3, SIZE, SIZE) and out.min() >= 0 and 0.8 < out.max() <= 1
        yy, xx = np.mgrid[:SIZE, :SIZE]
        middle = [(out[0] * g).sum() / out[0].sum() for g in (xx, yy)]
        assert middle == pytest.approx(crop.crop_from_frame(np.array([[[310.0, 420.0]]]))[0, 0], abs=0.3)
