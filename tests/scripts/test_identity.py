"""scripts/evaluate/identity.py: distances against known ones, by a recogniser whose descriptors are colours."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.faces import write_clip


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def script(monkeypatch_module):
    path = Path(__file__).parents[2] / "scripts" / "evaluate" / "identity.py"
    spec = importlib.util.spec_from_file_location("evaluate_identity", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch_module.setitem(sys.modules, spec.name, module)  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


class Colours:
    """Takes the mean brightness for who somebody is, and sees no face in what is dark."""

    def shape(self, rgb):
        return rgb.shape if rgb.mean() > 40 else None

    def describe(self, rgb, shape):
        assert shape == rgb.shape
        return np.array([rgb.mean(), 0.0])


def clip(path, levels):
    """A level of grey for each half second, of 12 frames (as many as half a second of 25 rounds to)."""
    return write_clip(path, [np.full((64, 64, 3), level, np.uint8) for level in levels for _ in range(12)], crf=1)


def test_an_edit_is_held_against_a_second_of_speech(script, tmp_path, monkeypatch, capsys):
    """Levels rise by 24 in half a second, so by 48 in one; the edit is 12 above."""
    before = clip(tmp_path / "a.mp4", [60, 84, 108, 132, 156])
    after = clip(tmp_path / "b.mp4", [72, 96, 120, 144, 168])
    seen = script.describe(Colours(), before, after)
    assert seen.looks.tolist() == [0, 1, 2, 3, 4]
    edit, speech, ratio = script.ratio(seen, before)
    assert (edit, speech) == pytest.approx((12, 48), abs=1.0) and ratio == pytest.approx(0.25, abs=0.02)
    monkeypatch.setattr(script, "Recogniser", Colours)
    assert script.main([str(before), str(after)]) == 0
    said = capsys.readouterr().out
    assert f"edit {edit:.3f}" in said and "ratio 0.2" in said and "of 1" in said


def test_looks_without_a_face_do_not_make_others_neighbours(script, tmp_path):
    """60 and 84 are two seconds apart, whatever is not seen between them; 60 and 90 one."""
    before = clip(tmp_path / "a.mp4", [60, 10, 90, 10, 10, 84])
    seen = script.describe(Colours(), before, before)
    assert seen.looks.tolist() == [0, 2, 5]
    edit, speech = script.distances(seen)
    assert edit == 0 and speech == pytest.approx(30, abs=1.5)


def test_what_has_no_ratio_is_said(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "Recogniser", Colours)
    still, moving = clip(tmp_path / "still.mp4", [90] * 4), clip(tmp_path / "moving.mp4", [60, 70, 80, 90])
    small = write_clip(tmp_path / "small.mp4", [np.full((32, 32, 3), 90, np.uint8)] * 48)
    for original, edited, said in (
        (still, moving, "still.mp4: is a still image"),
        (clip(tmp_path / "dark.mp4", [10] * 4), moving, "dark.mp4: shows no face a second apart"),
        (moving, clip(tmp_path / "short.mp4", [60, 70, 80]), "short.mp4: has fewer frames"),
        (moving, clip(tmp_path / "long.mp4", [60, 70, 80, 90, 99]), "long.mp4: has more frames"),
        (moving, small, "small.mp4: is not as large"),
    ):
        assert script.main([str(original), str(edited)]) == 1
        caught = capsys.readouterr().err
        assert said in caught and caught.count("\n") == 1
    with pytest.raises(SystemExit):
        script.main([str(moving)])
    assert "give pairs" in capsys.readouterr().err


def test_packages_that_are_missing_are_named(script, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert script.main(["a.mp4", "b.mp4"]) == 1
    assert "pip install dlib-bin" in capsys.readouterr().err
