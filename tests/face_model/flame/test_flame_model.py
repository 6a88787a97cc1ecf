"""Reading FLAME's files and skinning: invariants, twins, and what is refused."""

import pickle
import shutil

import cv2
import numpy as np
import pytest
from scipy.sparse import csc_matrix

from ned.errors import UserError
from ned.face_model.flame.embedding import (
    contour_row,
    read_landmarks,
    read_masks,
    read_mediapipe_landmarks,
    yaw_of,
)
from ned.face_model.flame.folder import find_flame_files
from ned.face_model.flame.model import JAW, LEFT_EYEBALL, NUM_VERTICES, read_flame
from ned.face_model.flame.skinning import FlameParameters, axis_angle_to_matrix, skin, skin_reference
from ned.face_model.flame.texture import read_texture_layout
from tests.synthetic import generator, synthetic_flame


def parameters(frames=3, seed=0, identities=100, turn=0.3):
    rng = np.random.default_rng(seed)
    return FlameParameters(
        rng.normal(size=identities).astype(np.float32),
        rng.normal(size=(frames, 50)).astype(np.float32),
        (turn * rng.normal(size=(frames, 5, 3))).astype(np.float32),
    )


def at_rest(frames=1):
    return FlameParameters(np.zeros(0, np.float32), np.zeros((frames, 50), np.float32),
                           np.zeros((frames, 5, 3), np.float32))  # fmt: skip


def outside():
    """A sparse matrix whose indices point outside."""
    matrix = csc_matrix(np.eye(5, 5023))
    matrix.indices = matrix.indices + 5
    return matrix


class TestRead:
    def test_both_forms_hold_the_same(self, flame, tmp_path):
        path = tmp_path / "flame2023_Open.pkl"
        path.write_bytes(generator.flame_pickle(synthetic_flame(), "2023open"))
        opened = read_flame(path)
        assert (flame.model.edition, opened.edition) == ("2020", "2023open")
        for name in ("template", "triangles", "identity", "expression", "pose_correctives", "joint_regressor"):
            assert np.array_equal(getattr(flame.model, name), getattr(opened, name)), name
        assert flame.model.identity.shape == (300, NUM_VERTICES, 3)
        assert flame.model.expression.shape == (100, NUM_VERTICES, 3)

    def test_edition_is_said_by_name_or_user(self, flame_folder, tmp_path):
        path = tmp_path / "flame2023.pkl"
        path.symlink_to(flame_folder / "generic_model.pkl")
        assert read_flame(path).edition == "2023"
        assert read_flame(path, "2020").edition == "2020"
        with pytest.raises(UserError, match="unknown edition"):
            read_flame(path, "2019")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"v_template": np.zeros((6890, 3))}, "another model: it has 6890 vertices"),
            ({"shapedirs": np.zeros((5023, 3, 10))}, "shapedirs has the shape"),
            ({"f": np.full((9976, 3), 6000, np.uint32)}, "triangles name vertices"),
            ({"weights": np.zeros((5023, 5))}, "sum to one"),
            ({"v_template": np.full((5023, 3), np.nan)}, "no finite numbers"),
            ({"kintree_table": np.zeros((2, 5), np.int64)}, "hang together"),
            ({"J_regressor": None}, "model.pkl: J_regressor"),
            ({"J_regressor": outside()}, "model.pkl: J_regressor holds a sparse matrix whose indices"),
            ({"v_template": [[0, 0], [1]]}, "model.pkl: v_template holds what is no array"),
        ],
    )
    def test_exceptions(self, tmp_path, change, said):
        rest = {"v_template": np.zeros((5023, 3)), "f": np.zeros((9976, 3), np.uint32),
                "shapedirs": np.broadcast_to(np.float32(0), (5023, 3, 400)).copy(),
                "posedirs": np.zeros((5023, 3, 36), np.float32), "weights": np.eye(5)[np.zeros(5023, int)],
                "J_regressor": np.eye(5, 5023), "kintree_table": np.array([[-1, 0, 1, 1, 1], range(5)])}  # fmt: skip
        path = tmp_path / "model.pkl"
        path.write_bytes(pickle.dumps(rest | change, 2))
        with pytest.raises(UserError, match=said):
            read_flame(path)

    def test_not_flame(self, tmp_path):
        path = tmp_path / "other.pkl"
        path.write_bytes(pickle.dumps({"a": 1}))
        with pytest.raises(UserError, match="is no FLAME model"):
            read_flame(path)


class TestSkinning:
    def test_zero_pose_is_the_template(self, flame):
        assert np.abs(skin(flame.model, at_rest())[0] - flame.model.template).max() < 1e-7
        assert (
            np.abs(skin_reference(flame.model, at_rest())[0] - flame.model.template).max() < 1e-8
        )  # weights in single precision

    def test_twins(self, flame):
        given = parameters()
        fast, slow = skin(flame.model, given), skin_reference(flame.model, given)
        assert np.abs(fast - slow).max() <= 1e-6 * np.abs(slow).max()
        # no joint turns: correctives are left out
        still = FlameParameters(given.identity, given.expression, np.zeros_like(given.pose))
        assert np.abs(skin(flame.model, still) - skin_reference(flame.model, still)).max() <= 1e-7

    def test_torch_twin_and_gradient(self, flame):
        import torch

        from ned.face_model.flame.skinning_torch import FlameSkinning

        given = parameters(2)
        layer = FlameSkinning(flame.model).double()
        inputs = [torch.from_numpy(a).double() for a in (given.identity, given.expression, given.pose)]
        out = layer(inputs[0].expand(2, -1), inputs[1], inputs[2])
        slow = skin_reference(flame.model, given)
        assert np.abs(out.numpy() - slow).max() <= 1e-6 * np.abs(slow).max()
        pose = torch.zeros(1, 5, 3, dtype=torch.float64, requires_grad=True)
        chin = np.argmin(flame.model.template[: LEFT_EYEBALL.start, 1] - flame.model.template[:3931, 2])
        layer(inputs[0][None], inputs[1][:1], pose)[0, chin, 1].backward()
        step = np.zeros((1, 5, 3), np.float32)
        step[0, JAW, 0] = 1e-3
        moved = FlameParameters(given.identity, given.expression[:1], step)
        rest = FlameParameters(given.identity, given.expression[:1], 0 * step)
        slope = (skin_reference(flame.model, moved) - skin_reference(flame.model, rest))[0, chin, 1] / 1e-3
        assert pose.grad[0, JAW, 0].item() == pytest.approx(slope, rel=1e-2)

    def test_root_turns_about_its_joint(self, flame):
        turn = np.array([0.3, -0.5, 0.2])
        given = at_rest()
        given.pose[0, 0] = turn
        joint, template = flame.model.joints[0].astype(np.float64), flame.model.template.astype(np.float64)
        expected = (template - joint) @ axis_angle_to_matrix(turn).T + joint
        assert np.abs(skin_reference(flame.model, given)[0] - expected).max() < 1e-7

    def test_jaw_opens_downwards(self, flame):
        given = at_rest()
        given.pose[0, JAW, 0] = 0.4
        moved = (skin(flame.model, given)[0] - flame.model.template)[synthetic_flame().vertex_of[152]]
        assert -0.04 < moved[1] < -0.015

    def test_joints_are_regressed(self, flame):
        assert np.abs(flame.model.joints - synthetic_flame().joints).max() < 1e-6
        assert np.abs(flame.model.weights.sum(1) - 1).max() < 1e-6

    @pytest.mark.parametrize("turn", [np.zeros(3), np.array([1e-9, 0, 0]), np.array([0.1, 0.2, -0.3]), [0, np.pi, 0]])
    def test_rodrigues(self, turn):
        from scipy.spatial.transform import Rotation

        turn = np.asarray(turn, np.float64)
        assert np.abs(axis_angle_to_matrix(turn) - Rotation.from_rotvec(turn).as_matrix()).max() < 1e-14


class TestFolder:
    def test_found_by_content(self, flame_folder, tmp_path):
        for k, path in enumerate(sorted(flame_folder.iterdir())):
            place = tmp_path / f"deep{k}"
            place.mkdir()
            shutil.copy(path, place / f"renamed{k}{path.suffix}")
        (tmp_path / "notes.pkl").write_bytes(b"")
        (tmp_path / "other.npy").write_bytes(b"xx")
        files = find_flame_files(tmp_path)
        assert files.model.read_bytes()[:4] == (flame_folder / "generic_model.pkl").read_bytes()[:4]
        assert None not in (files.landmarks, files.mediapipe, files.masks, files.template) and files.deca is None

    def test_genders_do_not_confuse(self, flame_folder, tmp_path):
        for name in ("generic_model.pkl", "female_model.pkl", "male_model.pkl"):
            (tmp_path / name).symlink_to(flame_folder / "generic_model.pkl")
        assert find_flame_files(tmp_path).model.name == "generic_model.pkl"
        (tmp_path / "flame2023.pkl").symlink_to(flame_folder / "generic_model.pkl")
        with pytest.raises(UserError, match="several FLAME models"):
            find_flame_files(tmp_path)
        assert find_flame_files(tmp_path / "flame2023.pkl").model.name == "flame2023.pkl"

    def test_the_mask_of_face_and_eyes(self, flame_folder, tmp_path):
        """Two masks lie beside each other, of whatever size, and pictures that are none."""
        folder = tmp_path / "flame"
        shutil.copytree(flame_folder, folder)
        rng = np.random.default_rng(0)
        mask = np.zeros((512, 512), np.uint8)
        mask[100:400, 150:350] = 255
        cv2.imwrite(str(folder / "a_texture.png"), rng.integers(0, 255, (256, 256, 3)).astype(np.uint8))
        cv2.imwrite(str(folder / "a_face_mask.png"), mask[::2, ::2])
        assert find_flame_files(folder).detail_mask.name == "a_face_mask.png"
        cv2.imwrite(str(folder / "uv_face_eye_mask.png"), mask)
        assert find_flame_files(folder).detail_mask.name == "uv_face_eye_mask.png"

    def test_exceptions(self, tmp_path):
        with pytest.raises(UserError, match="no such folder"):
            find_flame_files(tmp_path / "none")
        with pytest.raises(UserError, match="holds no FLAME model"):
            find_flame_files(tmp_path)


class TestLandmarkFiles:
    def test_points_lie_where_they_were_put(self, flame, flame_folder):
        from ned.face_model.flame.points import IBUG51

        read = read_landmarks(flame_folder / "landmark_embedding.npy")
        points = read.static.on(flame.model.template, flame.model.triangles)
        assert np.abs(points - flame.model.template[synthetic_flame().vertex_of[list(IBUG51)]]).max() < 1e-7
        placed, which = read_mediapipe_landmarks(flame_folder / "mediapipe_landmark_embedding.npz")
        found = placed.on(flame.model.template, flame.model.triangles)
        assert len(which) == 105
        assert np.abs(found - flame.model.template[synthetic_flame().vertex_of[which]]).max() < 1e-7

    def test_contour_rows(self):
        degrees = np.array([0.0, 1, 39, 60, -1, -39, -60, 0.4])
        assert contour_row(np.deg2rad(degrees)).tolist() == [0, 1, 39, 39, 40, 78, 78, 0]
        turned = axis_angle_to_matrix(np.array([[0.0, np.deg2rad(20), 0.0], [0.0, np.deg2rad(-20), 0.0]]))
        assert np.rad2deg(yaw_of(turned)) == pytest.approx([20, -20])

    def test_contour_is_the_silhouette(self, flame):
        """Normals of the contour on the side turned away look sideways in the image."""
        from ned.geometry.surface import point_normals

        normals = point_normals(flame.model.template.astype(np.float64), flame.model.triangles)
        for yaw in (-30, 30):
            turn = axis_angle_to_matrix(np.array([0.0, np.deg2rad(yaw), 0.0]))
            points = flame.landmarks68.contour
            sideways = []
            for row in (contour_row(np.array([np.deg2rad(float(yaw))]))[0], 0):
                corners = flame.model.triangles[points.triangles[row]]
                seen = (normals[corners] * points.weights[row][..., None]).sum(1) @ turn.T
                side = seen[1:7] if yaw > 0 else seen[10:16]  # +yaw turns the face to its left, the right cheek comes
                sideways.append(np.abs(side[:, 2]).mean())
            assert sideways[0] < 0.75 and sideways[0] < sideways[1]

    def test_masks_and_texture(self, flame, flame_folder, tmp_path):
        masks = read_masks(flame_folder / "FLAME_masks.pkl")
        assert len(masks) == 14 and len(masks["face"]) == 1787 and len(masks["lips"]) == 254
        assert masks["left_eyeball"].tolist() == list(range(3931, 4477))
        layout = read_texture_layout(flame_folder / "head_template.obj", flame.model.triangles)
        assert layout.coordinates.shape == (5118, 2) and layout.corners.shape == (9976, 3)
        rolled = np.roll(flame.model.triangles, 1, 1)[::-1]
        again = read_texture_layout(flame_folder / "head_template.obj", rolled)
        assert np.array_equal(np.roll(layout.corners, 1, 1)[::-1], again.corners)
        with pytest.raises(UserError, match="other triangles"):
            read_texture_layout(flame_folder / "head_template.obj", np.array([[0, 1, 5000], [1, 2, 3]]))

    @pytest.mark.parametrize(
        "held",
        [{"a": 1}, {"static_lmk_faces_idx": np.zeros(3, int), "static_lmk_bary_coords": np.zeros((3, 3))},
         {"static_lmk_faces_idx": np.full(51, 10**6), "static_lmk_bary_coords": np.full((51, 3), 1 / 3)},
         {"static_lmk_faces_idx": np.zeros(51, int), "static_lmk_bary_coords": np.full((51, 3), np.nan)},
         {"static_lmk_faces_idx": np.zeros(51, int), "static_lmk_bary_coords": np.tile([9.0, -8.0, 0.0], (51, 1))}],
    )  # fmt: skip
    def test_exceptions(self, tmp_path, held):
        path = tmp_path / "l.npy"
        path.write_bytes(generator.object_npy(held))
        with pytest.raises(UserError, match="l.npy"):
            read_landmarks(path)
        path = tmp_path / "m.npz"
        np.savez(path, a=1)
        whole = path.read_bytes()
        named = {"lmk_face_idx": np.zeros(1, int), "lmk_b_coords": np.eye(3)[:1], "landmark_indices": np.array(["one"])}
        np.savez(path, **named)
        for data in (path.read_bytes(), whole, whole[:60], b"PK\x03\x04", b"", b"no archive"):
            path.write_bytes(data)
            with pytest.raises(UserError, match="m.npz: holds no landmarks"):
                read_mediapipe_landmarks(path)
