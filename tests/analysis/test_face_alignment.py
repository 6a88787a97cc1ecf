"""The package face-alignment behind its adapter: its own cropping and decoding, a stand-in for its networks."""

import sys
import types

import numpy as np
import pytest
import torch

from ned.analysis.face_alignment import MARGIN, Landmarker68
from ned.errors import UserError
from ned.fitting.flame68 import DETECTED, EYES, fit_flame68
from ned.fitting.landmarks import fit_landmarks


class Peaks(torch.nn.Module):
    """68 heat maps of 64 pixels, each with its peak at a known place of the crop."""

    def __init__(self, places):
        super().__init__()
        self.places = places

    def forward(self, crops):
        maps = torch.zeros(len(crops), 68, 64, 64)
        for k, (x, y) in enumerate(self.places.tolist()):
            maps[:, k, y, x] = 1.0
        return maps


@pytest.fixture
def places():
    return np.stack([8 + (np.arange(68) * 7) % 48, 8 + (np.arange(68) * 11) % 48], 1)


@pytest.fixture
def package(monkeypatch, places):
    """The real package, its networks replaced before it would fetch them."""
    package = pytest.importorskip("face_alignment", reason="face-alignment is not installed")
    detector = types.SimpleNamespace(FaceDetector=lambda **_: types.SimpleNamespace(reference_scale=195))
    monkeypatch.setitem(sys.modules, "face_alignment.detection.sfd", detector)
    real = package.FaceAlignment

    def without_network(*arguments, **given):
        monkeypatch.setattr(real, "_load_native", lambda *_: Peaks(places))
        made = real(*arguments, **given | {"flip_input": False})
        return made

    monkeypatch.setattr(package, "FaceAlignment", without_network)
    return package


def test_points_lie_where_the_heat_maps_say(package, places):
    """A crop is the box enlarged to 200/195 of the package's scale; its centre is a little above the box's."""
    box = np.array([100.0, 80.0, 300.0, 300.0])
    points = Landmarker68()(np.zeros((400, 420, 3), np.uint8), box)
    assert points.shape == (68, 2)
    flat = np.c_[places, np.ones(68)]
    map_to_image, *_ = np.linalg.lstsq(flat, points, rcond=None)
    assert np.abs(flat @ map_to_image - points).max() < 3.0  # one similarity; peaks are rounded
    side = (box[2:] - box[:2]) * (1 + 2 * MARGIN)
    assert map_to_image[0, 0] == pytest.approx(200 * side.sum() / 195 / 64, rel=0.03)
    assert abs(map_to_image[1, 0]) < 0.05


class Jittering:
    """Answers that follow the box, as detections do, with an error of their own."""

    def __init__(self):
        self.boxes = []

    def get_landmarks_from_image(self, rgb, detected_faces):
        self.boxes.append(np.array(detected_faces)[:, :4])
        centre = 0.5 * (self.boxes[-1][:, :2] + self.boxes[-1][:, 2:])
        return [np.tile(c, (68, 1)) for c in centre]


def test_several_boxes_are_averaged():
    network = Jittering()
    box = np.array([10.0, 20.0, 110.0, 160.0])
    points = Landmarker68(network=network)(np.zeros((9, 9, 3), np.uint8), box)
    assert len(network.boxes[0]) == 5 and np.ptp(network.boxes[0][:, 0]) > 1
    assert np.allclose(points, [60, 90])


class Blind:
    def __init__(self, seen):
        self.seen = list(seen)

    def get_landmarks_from_image(self, rgb, detected_faces):
        value = self.seen.pop(0)
        return None if value is None else [np.full((68, 3), float(value))]


def test_frames_in_which_nothing_is_seen():
    images, boxes = [np.zeros((9, 9, 3), np.uint8)] * 4, np.tile([0.0, 0, 8, 8], (4, 1))
    track = Landmarker68(depth=True, network=Blind([1, None, 3, 3])).track(images, boxes)
    assert track.shape == (4, 68, 3) and track[:, 0, 0].tolist() == [1, 2, 3, 3]
    with pytest.raises(UserError, match="sees a face in 1 of 4 frames"):
        Landmarker68(network=Blind([1, None, None, None])).track(images, boxes)


def test_exceptions(monkeypatch):
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(UserError, match="face-alignment is not installed"):
        Landmarker68()

    def fetch(*_, **__):
        raise OSError("connection refused")

    kinds = types.SimpleNamespace(TWO_D=1, THREE_D=3)
    monkeypatch.setitem(sys.modules, "face_alignment", types.SimpleNamespace(LandmarksType=kinds, FaceAlignment=fetch))
    with pytest.raises(UserError, match=r"cannot be had \(connection refused\)"):
        Landmarker68()


def test_flame_by_68_points(flame):
    """Somebody who opens the mouth, seen at the publisher's 68 points: the opening is found again."""
    frames = 12
    jaw = np.zeros((frames, 3))
    jaw[:, 0] = np.linspace(0.0, 0.2, frames)
    from ned.face_model.flame.embedding import SurfacePoints
    from ned.face_model.flame.face import articulated_points

    held = flame.landmarks68
    points = SurfacePoints(np.concatenate([held.contour.triangles[0], held.static.triangles]),
                           np.concatenate([held.contour.weights[0], held.static.weights]))  # fmt: skip
    placed = articulated_points(flame.model, points).shaped(np.zeros(100)).positions(np.zeros((frames, 50)), jaw)
    found = fit_flame68(200 + 11 * placed[..., :2], np.arange(frames), flame, 25.0)
    opening = found.face.expression.jaw_opening
    assert np.corrcoef(opening, jaw[:, 0])[0, 1] > 0.95 and found.face.reprojection_error.mean() < 0.03
    eyes = [found.face.identity[flame.topology.loops[eye]].mean(0) for eye in ("eye_left", "eye_right")]
    between = np.linalg.norm(eyes[0] - eyes[1]) * found.face.pose.scale  # of this person, not of the mean face
    assert found.face.reprojection_error * between == pytest.approx(found.landmarks.error_px, rel=1e-4)
    model_px = fit_landmarks(200 + 11 * placed[..., :2], np.arange(frames), articulated_points(flame.model, points),
                             25.0, EYES, priors=DETECTED).error_px  # fmt: skip
    assert found.landmarks.error_px == pytest.approx(model_px, abs=0.05)
    assert found.face.identity.shape == (478, 3) and len(found.heads().expression) == frames
