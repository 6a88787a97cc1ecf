"""A detector and a parser of faces that know nothing of the mesh: networks of the true inputs and outputs, and their
figures."""

import cv2
import numpy as np
import pytest

from ned.errors import UserError
from ned.evaluation.compare import compare_parsed
from ned.evaluation.judges import Judges, find_judges
from ned.evaluation.judges.detector import Yunet
from ned.evaluation.judges.parsing import BiSeNet
from ned.evaluation.judges.protocol import FaceDetector, FoundFaces, ParsingJudge
from ned.evaluation.pairs import Pair
from ned.evaluation.reading import Reading
from ned.evaluation.video import evaluate_videos
from ned.models import MODELS, Model
from ned.models.registry import KINDS
from tests.evaluation.faces import write_clip

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

POINTS = ((0.25, 0.3), (0.75, 0.3), (0.5, 0.5), (0.3, 0.8), (0.7, 0.8))
"""Eyes, nose, corners of the mouth in the cell that sees a face."""


def yunet(path):
    """YuNet's input and twelve outputs. It takes for a face what is white in a whole cell of 32 pixels: 48 wide, 64
    high about the cell's middle."""
    nodes, outputs, constants = [], [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    grey = constant("grey", np.full((1, 3, 1, 1), 1 / 765, np.float32))
    nodes.append(helper.make_node("Conv", ["input", grey], ["light"], kernel_shape=[1, 1]))
    for stride in (8, 16, 32):
        nodes.append(helper.make_node("AveragePool", ["light"], [f"mean_{stride}"], kernel_shape=[stride] * 2,
                                      strides=[stride] * 2))  # fmt: skip
        for kind, bias, scale in (
            ("cls", [0.0], float(stride == 32)), ("obj", [0.0], 1.0), ("bbox", [0.5, 0.5, np.log(1.5), np.log(2)], 0.0),
            ("kps", np.ravel(POINTS), 0.0),
        ):  # fmt: skip
            width, name = len(bias), f"{kind}_{stride}"
            weight = constant(f"w_{name}", np.full((width, 1, 1, 1), scale, np.float32))
            added = constant(f"b_{name}", np.asarray(bias, np.float32))
            shape = constant(f"s_{name}", np.array([1, -1, width], np.int64))
            nodes += [
                helper.make_node("Conv", [f"mean_{stride}", weight, added], [f"c_{name}"], kernel_shape=[1, 1]),
                helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{name}", shape], [name]),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, (640 // stride) ** 2, width]))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])
    graph = helper.make_graph(nodes, "yunet", [given], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), str(path))
    return path


def bisenet(path, classes=19, side=512):
    """BiSeNet's input and output. Red is skin (1), green a lip (13), blue hair (17), dark is nothing (0)."""
    weight, bias = np.zeros((classes, 3, 1, 1), np.float32), np.full(classes, -9.0, np.float32)
    bias[0] = 0.0
    for part, channel in ((1, 0), (13, 1), (17, 2)):
        if part < classes:
            weight[part, channel], bias[part] = 4.0, 0.0
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])
    out = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, classes, side, side])
    nodes = [helper.make_node("Conv", ["input", "w", "b"], ["output"])]
    constants = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")]
    graph = helper.make_graph(nodes, "bisenet", [given], [out], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize(("side", "cell"), [(320, 32), (1280, 64)])
def test_the_detector_says_where_a_face_is_in_an_image_of_any_size(tmp_path, side, cell):
    """Images of more than 640 pixels are brought to them."""
    judge = Yunet(yunet(tmp_path / "y.onnx"))
    assert isinstance(judge, FaceDetector)
    image = np.zeros((side, side, 3), np.uint8)
    image[4 * cell : 5 * cell, 6 * cell : 7 * cell] = 255
    found = judge.faces(image)
    x, y = 6.5 * cell, 4.5 * cell
    assert found.boxes == pytest.approx(np.array([[x - 0.75 * cell, y - cell, x + 0.75 * cell, y + cell]]), abs=0.6)
    assert found.points[0] == pytest.approx((np.array(POINTS) + [6, 4]) * cell, abs=0.6)
    assert found.confidence == pytest.approx([1.0], abs=0.01)
    assert len(judge.faces(np.zeros((100, 300, 3), np.uint8)).confidence) == 0


def test_the_parser_says_which_pixels_are_face(tmp_path):
    judge = BiSeNet(bisenet(tmp_path / "b.onnx"))
    assert isinstance(judge, ParsingJudge)
    image = np.zeros((300, 400, 3), np.uint8)
    image[..., 2] = 255
    cv2.circle(image, (210, 160), 60, (255, 0, 0), -1)
    cv2.circle(image, (210, 190), 15, (0, 255, 0), -1)
    points = np.array([[150, 100], [270, 220]], np.float32).repeat(234, 0)
    wanted = np.zeros((300, 400), np.uint8)
    cv2.circle(wanted, (210, 160), 60, 1, -1)
    found = judge.face(image, points)
    assert found.shape == (300, 400) and found.dtype == bool
    assert (found & (wanted > 0)).sum() / (found | (wanted > 0)).sum() > 0.97


def test_files_that_are_other_networks_are_refused(tmp_path, capfd):
    (tmp_path / "no.onnx").write_bytes(b"no")
    for load in (Yunet, BiSeNet):
        with pytest.raises(UserError, match="no.onnx: is no "):
            load(tmp_path / "no.onnx")
    with pytest.raises(UserError, match="is no YuNet"):
        Yunet(bisenet(tmp_path / "other.onnx"))
    with pytest.raises(UserError, match=r"gives \(1, 11, 512, 512\), not \(1, 19, 512, 512\)"):
        BiSeNet(bisenet(tmp_path / "eleven.onnx", classes=11))
    with pytest.raises(UserError, match="refuses an input"):
        BiSeNet(bisenet(tmp_path / "small.onnx", side=256))
    assert "ERROR" not in capfd.readouterr().err


def test_both_are_found_in_the_folder_of_models(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    yunet(tmp_path / "y.onnx")
    bisenet(tmp_path / "b.onnx")
    judges = find_judges((Model("yunet", "y.onnx", "", "", "detector"), Model("bisenet", "b.onnx", "", "", "parsing")))
    assert isinstance(judges.detector, Yunet) and isinstance(judges.parsing, BiSeNet) and not judges.absent


def test_every_model_is_of_a_known_kind_and_known_wholly_where_it_is_fetched():
    assert {model.kind for model in MODELS} == set(KINDS)
    assert len({model.name for model in MODELS}) == len({model.file for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert model.url.startswith("https://") or not model.url
        assert set(model.sha256) <= set("0123456789abcdef") and len(model.sha256) in (0, 8, 64)


def test_distances_are_measured_in_what_is_parsed_alone():
    before = np.full((40, 50, 3), 100, np.uint8)
    after = before.copy()
    mask = np.zeros((40, 50), bool)
    mask[10:20, 5:25] = True
    after[mask] += np.uint8([3, 4, 0])
    after[:5] = 0
    a, b = (Reading(0, 0.0, rgb, np.zeros((468, 2), np.float32)) for rgb in (before, after))
    assert compare_parsed(a, b, ("bisenet", mask)) == {"fapd_parsed@bisenet": pytest.approx(5.0)}
    assert compare_parsed(a, Reading(0, 0.0, after), ("bisenet", mask)) == {}
    assert compare_parsed(a, b, None) == {} == compare_parsed(a, b, ("bisenet", mask & ~mask))


class Half:
    """Parses the upper half of the image; finds a face where the image is light, the surer the lighter."""

    name = "half"

    def __init__(self, dark):
        self.dark = dark

    def face(self, rgb, points):
        mask = np.zeros(rgb.shape[:2], bool)
        mask[: len(mask) // 2] = True
        return mask

    def faces(self, rgb):
        light = rgb.mean() / 255
        n = int(light > self.dark)
        return FoundFaces(np.zeros((n, 4), np.float32), np.zeros((n, 5, 2), np.float32), np.full(n, light, np.float32))


def test_their_figures_stand_in_the_rows(talk, tmp_path):
    """Some frames are too dark for the detector, and none for the mesh."""
    frames = [f if k % 2 else (f * 0.6).astype(np.uint8) for k, f in enumerate(talk[:24])]
    original, edited = write_clip(tmp_path / "a.mp4", talk[:24]), write_clip(tmp_path / "b.mp4", frames)
    half = Half(0.8 * talk[0].mean() / 255)
    found = evaluate_videos([Pair(original, edited)], Judges(detector=half, parsing=half))
    copy, _, edit = found.rows
    assert copy.figures["detected@half"] == 1 and copy.figures["confidence_change@half"] == 0
    assert copy.figures["fapd_parsed@half"] == 0
    assert edit.figures["detected@half"] == 0.5 and abs(edit.figures["confidence_change@half"]) < 0.02
    assert edit.figures["fapd_parsed@half"] > 10
    none = evaluate_videos([Pair(original, edited)], Judges()).rows[2]
    assert none.missing["detected"].startswith("needs") and "detected" not in none.figures
