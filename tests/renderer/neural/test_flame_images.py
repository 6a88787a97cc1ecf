"""NMFC and shape of the whole head."""

import numpy as np
import pytest

from ned.encoders.deca import DetailDecoder
from ned.face_model.flame.detail import DetailMaps
from ned.face_model.flame.registration import AXES, to_ned
from ned.face_model.flame.skinning import FlameParameters
from ned.geometry.pose import project
from ned.geometry.rasterizer import compiled
from ned.renderer.neural.conditioning import Conditioner
from ned.renderer.neural.flame_images import GREY, INTENSITY, DetailSource, FlameImages, shading
from ned.renderer.neural.mesh import MeshDrawing
from ned.types import HeadPose, Heads

SIZE = 96


def head(jaw=0.1, detail=False, seed=0, turn=0.0):
    rng = np.random.default_rng(seed)
    rotation = np.array([[[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]])
    return Heads(
        0.5 * rng.normal(size=(1, 100)).astype(np.float32), 0.5 * rng.normal(size=(1, 50)).astype(np.float32),
        np.array([[jaw, 0.02, -0.01]], np.float32), rotation.astype(np.float32), np.array([4.2], np.float32),
        np.array([[48.0, 34.0]], np.float32), rng.normal(size=(1, 128)).astype(np.float32) if detail else None,
    )  # fmt: skip


def flat_maps():
    return DetailMaps(np.ones((256, 256), np.float32), np.zeros((256, 256), np.float32))


@pytest.fixture(scope="module")
def images(flame):
    return FlameImages(flame, SIZE, compiled)


def test_the_mesh_is_skinned_as_flame_s(flame, images):
    known = head()
    pose = np.zeros((1, 5, 3), np.float32)
    pose[:, 2] = known.jaw_rad * AXES
    wanted = flame.mesh(FlameParameters(known.identity[0], known.expression, pose))[0]
    assert np.abs(images.mesh(known) - wanted).max() < 1e-3


def test_colours_are_the_mean_face_s_coordinates(flame, images):
    """Each pixel shows the point of the mesh whose place in the mean face its colour is."""
    known = head()
    nmfc, _ = images.draw(known)
    vertices = project(HeadPose(known.rotation, known.scale, known.translation), images.mesh(known)[None])[0]
    template = to_ned(flame.model.template)
    low, high = template.min(0), template.max(0)
    face = np.unique(flame.mesh_triangles[images.rows])
    drawn = np.flatnonzero(nmfc.any(2).ravel())
    rng, checked = np.random.default_rng(0), 0
    for at in rng.choice(drawn, 60, replace=False):
        y, x = divmod(int(at), SIZE)
        place = low + nmfc[y, x] * (high - low)
        nearest = face[np.linalg.norm(template[face] - place, axis=1).argmin()]
        if np.linalg.norm(template[nearest] - place) < 0.35:
            assert np.linalg.norm(vertices[nearest, :2] - (x, y)) < 3
            checked += 1
    assert checked > 40 and not nmfc[0].any() and nmfc.min() >= 0 and nmfc.max() <= 1


def test_grey_of_a_surface_that_faces_the_camera():
    ahead = np.array([[0.0, 0.0, -1.0]], np.float32)
    assert shading(ahead)[0] == pytest.approx(GREY * INTENSITY * (4 / np.sqrt(3) + 1) / 5, rel=1e-5)
    assert shading(-ahead)[0] == 0


def test_a_turned_head_is_drawn_turned(images):
    straight, turned = (images.draw(head(turn=angle)) for angle in (0.0, 0.6))
    assert np.abs(straight[0] - turned[0]).max() > 0.3
    assert abs(float(straight[1][straight[1] > 0].mean()) - float(turned[1][turned[1] > 0].mean())) < 0.2


def test_without_displacement_detail_is_the_coarse_shape(flame):
    still = DetailSource(lambda *_: np.zeros((256, 256), np.float32), flat_maps())
    known = head(detail=True)
    coarse = FlameImages(flame, SIZE, compiled).draw(known)
    fine = FlameImages(flame, SIZE, compiled, still).draw(known)
    assert np.abs(coarse[0] - fine[0]).max() < 1e-3
    both = (coarse[1] > 0) & (fine[1] > 0)
    assert both.sum() > 0.8 * (coarse[1] > 0).sum() and np.median(np.abs(coarse[1] - fine[1])[both]) < 0.03


def test_detail_is_seen_in_the_shape_alone(flame):
    y, x = np.mgrid[:256, :256]
    waves = DetailSource(lambda *_: (0.004 * np.sin(x / 3.0)).astype(np.float32), flat_maps())
    known = head(detail=True)
    plain, fine = (FlameImages(flame, SIZE, compiled, source).draw(known) for source in (None, waves))
    both = (plain[1] > 0) & (fine[1] > 0)
    assert np.abs(plain[1] - fine[1])[both].mean() > 0.02 and np.abs(plain[0] - fine[0]).max() < 1e-3


def test_deca_s_decoder_is_asked_in_flame_s_axes(flame):
    seen = []

    def decode(jaw, expression, code):
        seen.append((jaw, expression, code))
        return np.zeros((256, 256), np.float32)

    known = head(jaw=0.2, detail=True)
    FlameImages(flame, SIZE, compiled, DetailSource(decode, flat_maps())).draw(known)
    jaw, expression, code = seen[0]
    assert np.allclose(jaw, known.jaw_rad[0] * AXES) and np.array_equal(expression, known.expression[0])
    assert np.array_equal(code, known.detail[0]) and DetailDecoder().l1[0].in_features == 3 + 50 + 128


def test_conditioning_shows_the_mesh(flame):
    drawing = MeshDrawing(flame, compiled)
    conditioner = Conditioner(flame, SIZE, drawing)
    known = head()
    pose = HeadPose(known.rotation, known.scale, known.translation)
    face = project(pose, flame.points.on(images_mesh(flame, known), flame.model.triangles)[None])[0].astype(np.float32)
    shown = conditioner(face, np.zeros(51, np.float32), known)
    nmfc, grey = FlameImages(flame, SIZE, compiled).draw(known)
    assert np.array_equal(shown.nmfc, nmfc) and np.allclose(shown.shape[..., 1], grey)
    assert shown.eyes[..., 0].sum() > 5 and shown.mask.max() > 0.5 and shown.stack().shape == (9, SIZE, SIZE)
    with pytest.raises(ValueError, match="no head"):
        conditioner(face, np.zeros(51, np.float32))


def images_mesh(flame, known):
    return FlameImages(flame, SIZE, compiled).mesh(known)


def test_without_masks_and_layout(flame, tmp_path):
    """Only the face is drawn all the same; without a layout detail is lost, and nothing else."""
    from dataclasses import replace

    bare = replace(flame, files=replace(flame.files, masks=None, template=None))
    source = DetailSource(lambda *_: np.zeros((256, 256), np.float32), flat_maps())
    images = FlameImages(bare, SIZE, compiled, source)
    assert images.detail is None and 500 < len(images.rows) < 8000
    nmfc, grey = images.draw(head(detail=True))
    assert nmfc.any() and grey.max() > 0.3
