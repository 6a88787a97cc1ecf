"""Networks as judges: order of classes, preparation of faces, and what is said of files that are none."""

import numpy as np
import pytest
import torch

from ned.emotions import EMOTIONS
from ned.errors import ProcessingError, UserError
from ned.evaluation.judges import AffectJudge, ExpressionJudge, FeatureJudge, find_judges
from ned.evaluation.judges.crops import ARCFACE_112, aligned_crop, box_crop, five_points, similarity
from ned.evaluation.judges.networks import OnnxJudge
from ned.evaluation.judges.onnx import OnnxNet
from ned.models import Model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def network(path, answer, shape, name="data"):
    """A network that gives `answer` plus the mean of its input, whatever it sees."""
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    constant = helper.make_tensor("answer", TensorProto.FLOAT, [1, len(answer)], answer)
    nodes = [
        helper.make_node("ReduceMean", [name], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "column"], ["one"]),
        helper.make_node("Add", ["answer", "one"], ["out"]),
    ]
    column = helper.make_tensor("column", TensorProto.INT64, [2], [-1, 1])
    graph = helper.make_graph(nodes, "toy", [given], [out], [constant, column])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.fixture
def face(portrait):
    from ned.evaluation.judges.mesh import FaceMesh

    with FaceMesh(still=True) as mesh:
        return portrait, mesh(portrait)


def test_classes_come_in_our_order_whatever_the_networks_is(face, tmp_path):
    logits = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]  # angry, disgusted, fear, happy, neutral, sad, surprised
    judge = OnnxJudge("expression-mobilefacenet", network(tmp_path / "a.onnx", logits, (3, 112, 112)))
    found = dict(zip(EMOTIONS, judge.expression(*face), strict=True))
    wanted = dict(zip(("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised"),
                      torch.softmax(torch.tensor(logits), 0).tolist(), strict=True))  # fmt: skip
    assert found == pytest.approx(wanted, abs=1e-6) and isinstance(judge, ExpressionJudge)


def test_contempt_is_left_out_and_valence_follows_the_classes(face, tmp_path):
    dark = np.zeros_like(face[0])
    answer = [1.0, 9.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 2.8, 1.9]  # AffectNet's eight, valence, arousal
    judge = OnnxJudge("enet-va", network(tmp_path / "a.onnx", answer, (3, 224, 224)))
    probabilities = judge.expression(dark, face[1])
    rest = np.exp(-2) / (1 + 6 * np.exp(-2))
    assert probabilities[EMOTIONS.index("happy")] == pytest.approx(1 / (1 + 6 * np.exp(-2)))
    assert sorted(probabilities)[:6] == pytest.approx([rest] * 6)
    mean = float(np.mean(-np.array([0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]))  # of black, by ImageNet
    assert judge.affect(dark, face[1]) == pytest.approx([2.8 + mean, 1.9 + mean], abs=1e-4)
    assert isinstance(judge, AffectJudge) and isinstance(judge, FeatureJudge)


def test_probabilities_of_the_converted_networks_are_taken_as_they_are(face, tmp_path):
    answer = [0.1, 0.4, 0.0, 0.2, 0.1, 0.1, 0.1]  # neutral, happy, sad, angry, fear, disgusted, surprised
    judge = OnnxJudge("expression-minixception", network(tmp_path / "a.onnx", answer, (1, 64, 64), "gray"))
    found = dict(zip(EMOTIONS, judge.expression(np.zeros_like(face[0]), face[1]), strict=True))
    assert found == pytest.approx({"neutral": 0.1, "happy": 0.4, "sad": 0.0, "angry": 0.2, "fear": 0.1,
                                   "disgusted": 0.1, "surprised": 0.1}, abs=1e-6)  # fmt: skip


def test_faces_are_cut_upright_or_aligned(face):
    rgb, points = face
    square = box_crop(rgb, points, 112, 1.25)
    assert square.shape == (112, 112, 3) and square.std() > 20
    matrix = similarity(five_points(points), ARCFACE_112)
    landed = five_points(points) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(landed - ARCFACE_112).max() < 8, "the portrait is not quite frontal"
    assert aligned_crop(rgb, points).shape == (112, 112, 3)


def test_similarity_undoes_a_known_one():
    rng = np.random.default_rng(0)
    source, angle, scale, shift = rng.normal(size=(5, 2)), 0.3, 1.7, np.array([4.0, -2.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(source, source @ turn.T + shift)
    assert found == pytest.approx(np.column_stack([turn, shift]))


def test_files_that_are_no_networks_are_named(face, tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no")
    with pytest.raises(UserError, match="no.onnx: is no network"):
        OnnxNet(tmp_path / "no.onnx")
    small = OnnxJudge("enet-va", network(tmp_path / "s.onnx", [1.0, 2.0], (3, 224, 224)))
    with pytest.raises(ProcessingError, match="gives 2 numbers, not 8"):
        small.expression(*face)
    other = OnnxJudge("sface", network(tmp_path / "o.onnx", [1.0], (3, 64, 64)))
    with pytest.raises(ProcessingError, match="refuses an input"):
        other.features(*face)


def test_what_is_here_is_found_and_why_the_rest_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    network(tmp_path / "good.onnx", [0.0] * 128, (3, 112, 112))
    (tmp_path / "bad.onnx").write_bytes(b"no")
    (tmp_path / "alexnet.pth").write_bytes(b"no")
    models = tuple(
        Model(name, file, "", "", kind, "https://example.org" if name != "efficientface" else "")
        for name, file, kind in (
            ("sface", "good.onnx", "identity"), ("enet-va", "bad.onnx", "valence-arousal"),
            ("alexnet", "alexnet.pth", "perceptual"), ("expression-faceapi", "none.onnx", "expression"),
            ("efficientface", "neither.onnx", "features"),
        )
    )  # fmt: skip
    judges = find_judges(models)
    assert [judge.name for judge in judges.identity] == ["sface"] and not judges.expression and not judges.affect
    assert "is no network" in judges.absent["enet-va"] and "holds no weights of AlexNet" in judges.absent["alexnet"]
    wanted = "needs the model expression-faceapi: `ned models fetch expression-faceapi --unchecked`"
    assert judges.why_not("expression") == wanted
    assert "--from FILE" in judges.why_not("features")
    monkeypatch.setattr("ned.evaluation.judges.choice.runtime_is_here", lambda: False)
    assert "pip install onnxruntime" in find_judges(models).absent["sface"]


def test_a_network_of_another_shape_is_a_reason_and_no_error_in_the_middle_of_a_video(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    network(tmp_path / "small.onnx", [1.0, 2.0], (3, 224, 224))
    network(tmp_path / "no_affect.onnx", [1.0] * 8, (3, 224, 224))
    network(tmp_path / "other.onnx", [1.0], (3, 64, 64))
    for name, file, kind, said in (
        ("enet-va", "small.onnx", "valence-arousal", "gives 2 numbers, not 8"),
        ("enet-va", "no_affect.onnx", "valence-arousal", "gives 8 numbers, not 10"),
        ("sface", "other.onnx", "identity", "refuses an input"),
    ):
        (reason,) = find_judges((Model(name, file, "", "", kind),)).absent.values()
        assert said in reason and file in reason


@pytest.mark.parametrize("kind", ["perceptual", "sync", "distribution", "video"])
def test_a_file_for_torch_is_a_reason_where_torch_is_not(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    (tmp_path / "weights").write_bytes(b"no")
    monkeypatch.setattr("ned.runtime.extras.find_spec", lambda name: None)
    (reason,) = find_judges((Model("any", "weights", "", "", kind),)).absent.values()
    assert "torch, which is not installed; pip install 'ned[train]'" in reason


def test_lpips_with_a_file_of_weights(tmp_path):
    from ned.evaluation.judges.perceptual import Lpips

    torch.manual_seed(0)
    shapes = {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3), 10: (256, 256, 3, 3)}
    weights = {f"features.{k}.weight": torch.randn(shape) * 0.05 for k, shape in shapes.items()}
    weights |= {f"features.{k}.bias": torch.zeros(shape[0]) for k, shape in shapes.items()}
    torch.save(weights, tmp_path / "alexnet.pth")
    judge = Lpips(tmp_path / "alexnet.pth")
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    near, far = np.clip(a + rng.normal(0, 4, a.shape), 0, 255).astype(np.uint8), a[::-1].copy()
    assert judge.distance(a, a) == 0 < judge.distance(a, near) < judge.distance(a, far)
