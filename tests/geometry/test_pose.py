"""Pose from exact and noisy point pairs."""

import numpy as np
from scipy.spatial.transform import Rotation

from ned.face_model import load_face_model
from ned.geometry.pose import estimate_pose, project, unproject
from ned.types import HeadPose


def random_pose(frames=12, seed=0):
    rng = np.random.default_rng(seed)
    rotation = Rotation.from_rotvec(rng.normal(scale=0.35, size=(frames, 3))).as_matrix()
    return HeadPose(
        rotation.astype(np.float32),
        rng.uniform(5, 60, frames).astype(np.float32),
        rng.uniform(0, 900, (frames, 2)).astype(np.float32),
    )


def test_exact_points_give_the_pose_back():
    model, pose = load_face_model("canonical"), random_pose()
    points = np.repeat(model.mean[None, model.topology.anchors], 12, 0)
    found = estimate_pose(points, project(pose, points) + np.float32([0, 0, 40]), model.topology.anchor_weights)
    np.testing.assert_allclose(found.rotation, pose.rotation, atol=1e-4)
    np.testing.assert_allclose(found.scale, pose.scale, rtol=1e-4)
    np.testing.assert_allclose(found.translation, pose.translation, atol=0.05)


def test_unproject_is_the_inverse_of_project():
    model, pose = load_face_model("canonical"), random_pose(seed=1)
    points = np.repeat(model.mean[None], 12, 0)
    np.testing.assert_allclose(unproject(pose, project(pose, points)), points, atol=1e-3)


def test_wrong_depth_hardly_turns_the_head():
    model, pose = load_face_model("canonical"), random_pose(seed=2)
    points = np.repeat(model.mean[None, model.topology.anchors], 12, 0)
    image = project(pose, points)
    image[..., 2] *= 1.3
    found = estimate_pose(points, image, model.topology.anchor_weights, depth_weight=0.02)
    error = Rotation.from_matrix(found.rotation @ pose.rotation.transpose(0, 2, 1)).magnitude()
    assert np.rad2deg(error).max() < 2.0
