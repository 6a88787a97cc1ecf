"""The warp renderer on a drawn image and on the portrait of the sample clip."""

import cv2
import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer import Renderer, build_renderer
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.shading import LIMIT, Light, vertex_normals
from ned.renderer.warp.wrinkles import TEXTURE_SIZE, WRINKLES, WrinkleShader
from ned.types import FaceEdit

MODEL = load_face_model()
SIZE = (420, 400)


def _edit(**coefficients):
    change = np.zeros(MODEL.space.width, np.float32)
    for name, value in coefficients.items():
        change[MODEL.space.index(name)] = value
    source = (MODEL.mean * 18 + (200, 160, 0)).astype(np.float32)
    target = source + 18 * MODEL.displacements(change[None])[0]
    return FaceEdit(source, target.astype(np.float32), change, change)


def _image(seed=0):
    noise = np.random.default_rng(seed).uniform(0, 1, (*SIZE, 3)).astype(np.float32)
    return np.clip(0.5 + 3 * (cv2.GaussianBlur(noise, (0, 0), 3) - 0.5), 0.05, 0.95)


@pytest.fixture
def renderer():
    made = build_renderer(MODEL)
    assert isinstance(made, Renderer)
    return made


def test_no_change_is_nearly_no_difference(renderer):
    assert np.abs(renderer.render(_image(), _edit())).max() < 0.02


def test_the_border_of_the_region_is_never_touched(renderer):
    edit = _edit(jawOpen=0.4, mouthSmileLeft=0.8, browInnerUp=0.8)
    x0, y0, x1, y1 = renderer.region(edit, SIZE)
    assert 0 <= x0 < x1 <= SIZE[1] and 0 <= y0 < y1 <= SIZE[0]
    difference = renderer.render(_image()[y0:y1, x0:x1], edit.moved_to((x0, y0)))
    edge = np.concatenate([difference[0], difference[-1], difference[:, 0], difference[:, -1]])
    assert np.abs(edge).max() < 1 / 255 and np.abs(difference).max() > 0.1


def test_a_mark_on_the_skin_moves_with_its_vertex(renderer):
    edit = _edit(mouthSmileLeft=0.5, mouthSmileRight=0.5)
    vertex = 206  # on the cheek beside the mouth
    image = np.full((*SIZE, 3), 0.6, np.float32)
    x, y = edit.source[vertex, :2]
    cv2.circle(image, (round(float(x)), round(float(y))), 3, (0.1, 0.1, 0.1), -1, cv2.LINE_AA)
    shown = image + renderer.render(image, edit)
    dark = np.clip(0.4 - shown.mean(-1), 0, None)
    rows, columns = np.indices(SIZE)
    found = np.array([(dark * columns).sum(), (dark * rows).sum()]) / dark.sum()
    assert np.linalg.norm(edit.target[vertex, :2] - edit.source[vertex, :2]) > 3
    assert np.linalg.norm(found - edit.target[vertex, :2]) < 1.2


def test_an_iris_stays_where_it_looks_when_the_lids_squint(renderer):
    edit = _edit(eyeSquintLeft=0.8, eyeBlinkLeft=0.3)
    image = np.full((*SIZE, 3), 0.6, np.float32)
    x, y = edit.source[[386, 374], :2].mean(0)
    cv2.circle(image, (round(float(x)), round(float(y))), 2, (0.1, 0.1, 0.1), -1, cv2.LINE_AA)
    shown = image + renderer.render(image, edit)
    spot = np.unravel_index(np.argmin(shown.mean(-1)), SIZE)
    assert np.hypot(spot[1] - x, spot[0] - y) < 2.0


def test_a_shut_mouth_that_opens_is_dark_inside(renderer):
    edit = _edit(jawOpen=0.35)
    shut = edit.source.copy()
    middle = (shut[UPPER[0]] + shut[LOWER[0]]) / 2
    shut[UPPER[0]], shut[LOWER[0]] = middle, middle
    edit = FaceEdit(shut, (shut + edit.target - edit.source).astype(np.float32), edit.change, edit.change)
    image = np.full((*SIZE, 3), 0.6, np.float32)
    shown = image + renderer.render(image, edit)
    x, y = ((edit.target[13] + edit.target[14]) / 2)[:2].astype(int)
    assert shown[y, x].mean() < 0.25


def test_the_face_stays_as_sharp_as_it_was(renderer):
    image = _image()
    edit = _edit(mouthSmileLeft=0.8, mouthSmileRight=0.8, browDownLeft=0.8, browDownRight=0.8)
    shown = image + renderer.render(image, edit)
    face = (slice(90, 330), slice(110, 290))
    sharpness = [cv2.Laplacian(p[face].mean(-1), cv2.CV_32F).var() for p in (image, shown)]
    assert 0.85 < sharpness[1] / sharpness[0] < 1.15


def test_every_wrinkle_belongs_to_known_coefficients_and_darkens():
    low, high = MODEL.mean[:468, :2].min(0), MODEL.mean[:468, :2].max(0)
    uv = ((MODEL.mean[:, :2] - low) / (high - low)).astype(np.float32)
    shader = WrinkleShader(uv, MODEL.topology.mirror, MODEL.space.names)
    assert not shader.texture(np.zeros(MODEL.space.width)).any()
    for wrinkle in WRINKLES.values():
        for name, depth in wrinkle.coefficients.items():
            change = np.zeros(MODEL.space.width)
            for sided in (name, name + "Left", name + "Right"):
                if sided in MODEL.space.names:
                    change[MODEL.space.index(sided)] = 1.0
            texture = shader.texture(change)
            assert texture.shape == (TEXTURE_SIZE, TEXTURE_SIZE)
            assert texture.min() < -0.4 * depth
            assert np.abs(texture - texture[:, ::-1]).mean() < 0.5 * np.abs(texture).mean()  # nearly symmetric


def test_normals_look_at_the_camera_and_light_is_found():
    normals = vertex_normals(MODEL.mean, MODEL.topology.triangles)
    assert np.allclose(np.linalg.norm(normals[np.unique(MODEL.topology.triangles)], axis=1), 1, atol=1e-4)
    assert normals[4, 2] < -0.5 and normals[234, 0] < 0 < normals[454, 0]
    edit = _edit()
    skin = np.unique(MODEL.topology.triangles)
    luminance = np.full(SIZE, 0.5, np.float32)
    x, y = edit.source[skin, 0].astype(int), edit.source[skin, 1].astype(int)
    luminance[y, x] = 0.5 + 0.2 * normals[skin, 0]  # light from the actor's left
    tilted = edit.source.copy()
    tilted[:, 2] += 0.4 * (tilted[:, 0] - tilted[:, 0].mean())  # the face turns to one side
    ratio = Light(MODEL.topology.triangles, skin).ratio(luminance, edit.source, tilted.astype(np.float32))
    turned = vertex_normals(tilted.astype(np.float32), MODEL.topology.triangles)[:, 0] - normals[:, 0]
    assert np.corrcoef(ratio[skin], turned[skin])[0, 1] > 0.8
    assert np.abs(ratio).max() <= LIMIT + 1e-6


def test_folds_that_are_there_get_deeper_and_smooth_skin_stays_smooth():
    from ned.renderer.warp.wrinkles import deepen

    skin = np.full((200, 200), 0.6, np.float32)
    groove = np.full((200, 200), 0.08, np.float32)
    assert np.abs(deepen(skin, groove, 180.0)).max() < 1e-6
    folded = skin.copy()
    folded[100:102] *= 0.8  # a line across the forehead
    change = deepen(folded, groove, 180.0)
    assert change[100:102].max() < -0.02 and np.abs(change[:80]).max() < 1e-3
    assert not deepen(folded, 0 * groove, 180.0).any()
