"""The same pair by independent tools that share no code with ned: equal to 1e-3 in what both print."""

import importlib.util
import shutil
import sys

import av
import numpy as np
import pytest

from ned.evaluation.distance import load_reference, real_distance
from ned.evaluation.group import compare_videos
from ned.evaluation.judges import find_judges
from ned.evaluation.summary import summarise
from tests.evaluation.faces import write_clip

FILES = ("expression7_faceapi.onnx", "face_landmarker_v2_with_blendshapes.task")


@pytest.fixture
def tools(shared, tmp_path, monkeypatch):
    """The independent judge and the distance to photographs; the models that they use in a folder of models."""
    for name in FILES:
        if not (shared / "evaluators" / name).is_file():
            pytest.skip("needs the independent judges beside the checkout")
        (tmp_path / "models").mkdir(exist_ok=True)
        shutil.copyfile(shared / "evaluators" / name, tmp_path / "models" / name)
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    monkeypatch.syspath_prepend(str(shared / "tools"))
    found = []
    for name in ("judge", "expression_distance"):
        spec = importlib.util.spec_from_file_location(name, shared / "tools" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        found.append(module)
    return found


def test_the_independent_judge_says_the_same(shared, tools, tmp_path):
    judge, distances = tools
    with av.open(str(shared / "clips" / "emotion" / "small_happy.mp4")) as clip:
        frames = [f.to_ndarray(format="rgb24") for f, _ in zip(clip.decode(video=0), range(45), strict=False)]
    original = write_clip(tmp_path / "a.mp4", frames, sound=True, crf=10)
    shifted = [np.clip(np.roll(f, k % 3, 0) * 0.9 + 6, 0, 255).astype(np.uint8) for k, f in enumerate(frames)]
    edited = write_clip(tmp_path / "b.mp4", shifted, sound=True, crf=24)
    judges = find_judges()
    (comparison,) = compare_videos(original, [edited], judges)
    row = summarise(comparison, "edit", ("a", "b"), "happy", judges, None)
    known = judge.judge(str(original), str(edited), "happy")
    compared = 0
    for name, value in known.items():
        mine = row.figures.get(name, row.figures.get(f"{name}@expression-faceapi"))
        if mine is not None and value is not None:
            assert mine == pytest.approx(float(value), abs=1e-3), name
            compared += 1
    assert compared >= 13
    for side in ("original", "edited"):
        mine = row.details[f"emotion_{side}@expression-faceapi"]
        assert mine == pytest.approx(known[f"emotion_{side}"], abs=1e-3)
    assert row.details["coefficients_moved"] == pytest.approx(known["blendshapes_moved"], abs=1e-3)
    file = shared / "evaluators" / "real_expressions.npz"
    mine = real_distance([comparison], "happy", load_reference(file))
    clouds = [distances.measures(distances.landmarks(path)) for path in (edited, original)]
    with np.load(file) as stored:
        reference = {name: stored[name] for name in stored.files}
    scale = np.concatenate(list(reference.values())).std(0)
    for found, cloud in ((mine.edited, clouds[0]), (mine.original, clouds[1])):
        assert found == pytest.approx(distances.frechet(cloud / scale, reference["happy"] / scale), abs=1e-3)
    moved = clouds[0].mean(0) - clouds[1].mean(0)
    assert [c.edited_mean for c in mine.changes.values()] == pytest.approx(moved.tolist(), abs=1e-3)
    width = float(np.corrcoef(clouds[0][:, 4], clouds[1][:, 4])[0, 1])
    assert mine.mouth_width_pcc_median == pytest.approx(width, abs=1e-3)
