"""The node pack, loaded as ComfyUI loads a folder of custom nodes."""

import importlib.util
import inspect
import sys
import types
from pathlib import Path

import pytest

from ned.emotions import EMOTIONS
from ned.errors import NedError

PACK = Path(__file__).resolve().parents[2] / "integrations" / "comfyui"


class InterruptProcessingException(Exception):
    """What ComfyUI takes for the end that was asked for."""


@pytest.fixture
def comfy(tmp_path, monkeypatch):
    """What a pack finds inside ComfyUI, as far as ours asks for it."""
    seen = types.SimpleNamespace(bars=[], interrupted=False)

    class ProgressBar:
        def __init__(self, total):
            self.total, self.at = total, []
            seen.bars.append(self)

        def update_absolute(self, value, total=None, preview=None):
            self.at.append((value, total))

    folders = types.ModuleType("folder_paths")
    folders.get_output_directory = lambda: str(tmp_path)
    utils, management, whole = (types.ModuleType(name) for name in ("utils", "model_management", "comfy"))
    utils.ProgressBar, management.processing_interrupted = ProgressBar, lambda: seen.interrupted

    def throw():
        if seen.interrupted:
            seen.interrupted = False
            raise InterruptProcessingException

    management.throw_exception_if_processing_interrupted = throw
    names = {"comfy": whole, "comfy.utils": utils, "comfy.model_management": management, "folder_paths": folders}
    for name, module in names.items():
        monkeypatch.setitem(sys.modules, name, module)
    return seen


@pytest.fixture
def nodes(monkeypatch):
    """ComfyUI's way: the folder's `__init__.py` under a name made of its path."""
    name = str(PACK).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, PACK / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop(f"{name}.nodes", None)


def test_every_node_keeps_the_contract(nodes):
    assert set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS)
    for node in nodes.NODE_CLASS_MAPPINGS.values():
        inputs = node.INPUT_TYPES()
        assert set(inputs) <= {"required", "optional", "hidden"}
        given = {**inputs["required"], **inputs.get("optional", {})}
        for kind, *options in given.values():
            assert isinstance(kind, list) or kind in ("STRING", "INT", "FLOAT", "BOOLEAN")
            assert all(isinstance(option, dict) for option in options)
        parameters = inspect.signature(getattr(node(), node.FUNCTION)).parameters
        assert set(parameters) == set(given)
        needed = {name for name, p in parameters.items() if p.default is p.empty}
        assert needed == set(inputs["required"])
        assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) and set(node.RETURN_TYPES) == {"STRING"}
        if "emotion" in given:
            assert sorted(given["emotion"][0]) == sorted(EMOTIONS)


def test_a_video_goes_through_by_its_path(nodes, comfy, sample, tmp_path):
    node = nodes.NODE_CLASS_MAPPINGS["NedVideo"]()
    done = node.edit(str(sample.path), "sad", 1.0, end="0.4")
    path, said = done["result"]
    assert Path(path) == tmp_path / f"{sample.path.stem}_sad.mp4" and Path(path).stat().st_size > 1000
    assert done["ui"]["text"] == [said] and said.endswith("10 of 10 frames edited")
    assert [bar.total for bar in comfy.bars if bar.at] and all(a <= t for bar in comfy.bars for a, t in bar.at)


def test_cancel_ends_a_run_and_leaves_nothing(nodes, comfy, sample, tmp_path):
    nodes = nodes.NODE_CLASS_MAPPINGS
    for work in (
        lambda: nodes["NedVideo"]().edit(str(sample.path), "angry", 1.0, end="0.4"),
        lambda: nodes["NedStill"]().edit(str(PACK / "missing.png"), "angry", 1.0),
        lambda: nodes["NedExpression"]().export(str(sample.path), "csv"),
    ):
        comfy.interrupted = True
        with pytest.raises((InterruptProcessingException, NedError)) as ended:
            work()
        assert ("missing.png" in str(ended.value)) == isinstance(ended.value, NedError)
    assert not list(tmp_path.iterdir())


def test_errors_are_one_line(nodes, comfy, tmp_path):
    with pytest.raises(NedError, match="no such video"):
        nodes.NODE_CLASS_MAPPINGS["NedVideo"]().edit(str(tmp_path / "missing.mp4"), "sad", 1.0)


def test_a_photograph_and_a_track(nodes, comfy, sample, tmp_path):
    from PIL import Image
    from skimage.data import astronaut

    Image.fromarray(astronaut()[:300, 80:380]).save(tmp_path / "face.png")
    (path,) = nodes.NODE_CLASS_MAPPINGS["NedStill"]().edit(str(tmp_path / "face.png"), "sad", 1.0)["result"]
    assert Image.open(path).size == (300, 300) and path.endswith("face_sad.png")
    (track,) = nodes.NODE_CLASS_MAPPINGS["NedExpression"]().export(str(sample.path), "csv")
    assert Path(track).read_text().startswith("Timecode,BlendShapeCount,EyeBlinkLeft")


def test_a_node_runs_again_only_where_something_changed(nodes, tmp_path):
    node, path = nodes.NODE_CLASS_MAPPINGS["NedVideo"], tmp_path / "a.mp4"
    path.write_bytes(b"1")
    first = node.IS_CHANGED(str(path), emotion="sad")
    assert first == node.IS_CHANGED(str(path), emotion="sad") != node.IS_CHANGED(str(path), emotion="happy")
    path.write_bytes(b"22")
    assert first != node.IS_CHANGED(str(path), emotion="sad")
    said = [node.IS_CHANGED(str(tmp_path / "shot.%04d.png"), emotion="sad")]
    for number in (1001, 1002):
        (tmp_path / f"shot.{number}.png").write_bytes(b"1")
        said.append(node.IS_CHANGED(str(tmp_path / "shot.%04d.png"), emotion="sad"))
    assert len(set(said)) == 3
