"""scripts/train/ned2022.py: what it asks for, and which commands come of it; these are run in tests/pipeline."""

import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("ned2022", ROOT / "scripts" / "train" / "ned2022.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.commands = []
    monkeypatch.setattr(module, "run", lambda *words: module.commands.append([str(word) for word in words]))
    return module


@pytest.fixture
def own(tmp_path):
    return [str(tmp_path), "--flame", "F", "--tracks", "T", "U", "--videos", "V", "--edit", "talk.mp4"]


def call(script, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["ned2022.py", *words])
    script.main()


def test_the_papers_system(script, monkeypatch, own):
    call(script, monkeypatch, *own, "--emotion", "angry")
    manipulator, renderer, process = script.commands
    assert manipulator[:2] == ["train", "manipulator"] and str(ROOT / "configs" / "ned2022.yaml") in manipulator
    assert manipulator[manipulator.index("--steps") + 1] == "300000" and {"T", "U"} < set(manipulator)
    assert renderer[:2] == ["train", "meta-renderer"] and str(ROOT / "configs" / "ned2022_renderer.yaml") in renderer
    assert process[:2] == ["process", "talk.mp4"] and "angry" in process and "--finetune-minutes" not in process


def test_minutes_take_the_place_of_steps(script, monkeypatch, own):
    call(script, monkeypatch, *own, "--minutes", "1", "2", "3")
    assert [words[words.index("--minutes") + 1] for words in script.commands[:2]] == ["1.0", "2.0"]
    assert script.commands[2][script.commands[2].index("--finetune-minutes") + 1] == "3.0"


def test_of_several_processes_one_edits(script, monkeypatch, own):
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank), monkeypatch.setenv("WORLD_SIZE", "2")
        script.commands.clear()
        call(script, monkeypatch, *own)
        assert len(script.commands) == 2 + (rank == "0")


def test_small(script, monkeypatch, tmp_path):
    """The paper's own settings but for the sizes; inputs that are there are taken."""
    from tests.synthetic import generator

    for name in (f"flame/{generator.MODELS['2020']}", "tracks/labels.csv", "sample.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    call(script, monkeypatch, str(tmp_path), "--small")
    paper = yaml.safe_load((ROOT / "configs" / "ned2022_renderer.yaml").read_text())
    small = yaml.safe_load((tmp_path / "renderer.yaml").read_text())
    changed = {name for name in paper if paper[name] != small[name]}
    assert changed == {"size", "base", "batch", "sequence"} and small["size"] == 64
    assert str(tmp_path / "renderer.yaml") in script.commands[1]


@pytest.mark.parametrize(
    ("words", "said"), [(["--small", "--flame", "F"], "leave out --flame"), ([], "are needed, or --small")]
)
def test_exceptions(script, monkeypatch, tmp_path, capsys, words, said):
    with pytest.raises(SystemExit):
        call(script, monkeypatch, str(tmp_path), *words)
    assert said in capsys.readouterr().err and not script.commands and not any(tmp_path.iterdir())
