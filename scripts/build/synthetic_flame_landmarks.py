"""Landmark embeddings, masks and UV of the synthetic FLAME, with the keys and shapes of the publishers' files."""

from __future__ import annotations

import numpy as np
from synthetic_flame_mesh import BORDER, SKIN
from synthetic_flame_model import BALL, TO_FLAME, SyntheticFlame, neck_ring

from ned.face_model.flame.points import CONTOUR, IBUG51
from ned.face_model.flame.skinning import axis_angle_to_matrix

NUM_TEXTURE_VERTICES = 5118


def one_hot(model: SyntheticFlame, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles and barycentric coordinates of vertices."""
    corner_of = {}
    for t, corners in enumerate(model.triangles.tolist()):
        for k, v in enumerate(corners):
            corner_of.setdefault(v, (t, k))
    found = np.array([corner_of[int(v)] for v in np.ravel(vertices)])
    faces = found[:, 0].reshape(np.shape(vertices))
    return faces, np.eye(3)[found[:, 1]].reshape(*np.shape(vertices), 3)


def contour_vertices(model: SyntheticFlame) -> np.ndarray:
    """(79, 17) silhouette vertices; row k is yaw +k degrees, rows 40 to 78 are -1 to -39 degrees."""
    template, start = model.template, model.vertex_of[np.array(CONTOUR)]
    middle = template[start].mean(0)
    outward = template[start, :2] - middle[:2]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    tangent = np.stack([-outward[:, 1], outward[:, 0]], 1)
    skin = template[:SKIN]
    rows = []
    for degrees in (*range(40), *(-k for k in range(1, 40))):
        turned = skin @ axis_angle_to_matrix(np.array([0.0, np.deg2rad(degrees), 0.0])).T
        row = []
        for o, t, s in zip(outward, tangent, start, strict=True):
            strip = np.abs((skin[:, :2] - template[s, :2]) @ t) < 0.004
            near = strip & (np.linalg.norm(skin - template[s], axis=1) < 0.045)
            near[s] = True
            candidates = np.flatnonzero(near)
            row.append(candidates[np.argmax(turned[candidates][:, :2] @ o)])
        rows.append(row)
    return np.array(rows)


def embedding68(model: SyntheticFlame) -> dict[str, np.ndarray]:
    """What `landmark_embedding.npy` of DECA holds."""
    static, static_weights = one_hot(model, model.vertex_of[np.array(IBUG51)])
    dynamic, dynamic_weights = one_hot(model, contour_vertices(model))
    return {
        "static_lmk_faces_idx": static, "static_lmk_bary_coords": static_weights,
        "dynamic_lmk_faces_idx": dynamic, "dynamic_lmk_bary_coords": dynamic_weights,
        "full_lmk_faces_idx": np.concatenate([dynamic[0], static])[None],
        "full_lmk_bary_coords": np.concatenate([dynamic_weights[0], static_weights])[None],
    }  # fmt: skip


def embedding105(model: SyntheticFlame, contours: dict) -> dict[str, np.ndarray]:
    """What `mediapipe_landmark_embedding.npz` holds: lips, lids, brows and nose."""
    nose = [1, 2, 4, 5, 6, 19, 94, 97, 98, 168, 195, 197, 326]
    loops = [contours[n] for n in ("lips_inner", "lips_outer", "eye_left", "eye_right", "brow_left", "brow_right")]
    indices = np.unique(np.concatenate([*loops, nose]))
    faces, weights = one_hot(model, model.vertex_of[indices])
    return {"lmk_face_idx": faces, "lmk_b_coords": weights, "landmark_indices": indices}


def masks(model: SyntheticFlame) -> dict[str, np.ndarray]:
    """Fourteen sets of vertices, as many in `face` and `lips` as in FLAME's."""
    points = model.template / TO_FLAME
    skin = np.arange(SKIN)
    x, y = points[:SKIN, 0], points[:SKIN, 1]
    back = np.setdiff1d(skin, model.face[:1787])
    lips = np.argsort(np.linalg.norm(points[:SKIN] - points[model.mouth].mean(0) + [0, 0, 1.0], axis=1))[:254]
    eyes = [np.flatnonzero(np.linalg.norm(points[:SKIN, :2] - [s * 3.15, 0], axis=1) < 2.2) for s in (1, -1)]
    return {
        "face": model.face[:1787], "lips": lips, "neck": back[y[back] > 4], "scalp": back[y[back] < -4],
        "boundary": neck_ring(model)[:BORDER], "forehead": model.face[:1787][y[model.face[:1787]] < -3],
        "nose": np.flatnonzero((np.abs(x) < 1.8) & (y > 0) & (y < 5) & (points[:SKIN, 2] < -1)),
        "left_ear": np.flatnonzero((x > 6) & (np.abs(y) < 4)), "right_ear": np.flatnonzero((x < -6) & (np.abs(y) < 4)),
        "left_eye_region": eyes[0], "right_eye_region": eyes[1], "eye_region": np.concatenate(eyes),
        "left_eyeball": np.arange(SKIN, SKIN + BALL), "right_eyeball": np.arange(SKIN + BALL, SKIN + 2 * BALL),
    }  # fmt: skip


def template_obj(model: SyntheticFlame) -> str:
    """An OBJ with 5118 texture vertices; like the publisher's, its vertices lie in another frame."""
    place = 0.5 + 0.49 * model.flat / np.abs(model.flat).max() * [0.8, -0.8]
    balls = []
    for left in (0.02, 0.9):
        around = model.template[SKIN : SKIN + BALL]
        local = around - around.mean(0)
        balls.append([left, 0.02] + 0.08 * (local[:, [0, 1]] / 0.026 + 0.5))
    texture = np.concatenate([place, *balls])
    spare = NUM_TEXTURE_VERTICES - len(texture)
    corners = model.triangles.astype(int).copy()
    seams = np.argwhere(corners >= SKIN)[::3][:spare]  # seams: corners with a texture vertex of their own
    texture = np.concatenate([texture, texture[corners[tuple(seams.T)]]])
    at = corners.copy()
    at[tuple(seams.T)] = np.arange(spare) + NUM_TEXTURE_VERTICES - spare
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in 2.0 * model.template + [0.1, 0.2, 0.3]]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in texture]
    lines += [f"f {' '.join(f'{a + 1}/{b + 1}' for a, b in zip(t, u, strict=True))}"
              for t, u in zip(corners.tolist(), at.tolist(), strict=True)]  # fmt: skip
    return "\n".join(lines) + "\n"
