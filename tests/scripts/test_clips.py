"""scripts/evaluate/clips.py and stills.py: what their summaries say, and leave out."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest


def load(name):
    path = Path(__file__).parents[2] / "scripts" / "evaluate" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOOD = {
    "target_hit": 0.95, "jaw_pcc": 0.98, "closures_kept": 1.0, "blink_pcc": 0.99, "sharpness_ratio": 1.0,
    "flicker_ratio": 1.0, "psnr_outside": 40.0, "same_frames": 1.0, "same_size": 1.0, "audio_identical": 1.0,
    "max_time_shift_ms": 0.0,
}  # fmt: skip


def test_a_clip_that_could_not_be_compared_is_said_and_does_not_end_the_summary():
    rows = [{"clip": "a", "emotion": "happy"} | GOOD, {"clip": "b", "emotion": "happy", "same_frames": 0.0}]
    text = load("clips").summarise([*rows, {"clip": "a", "emotion": "transcode"} | GOOD | {"psnr_outside": 40.2}])
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "0.950" in lines["target_hit happy, mean"] and "not compared: b to happy" in text
    assert "0.500" in lines["same_frames, share"] and "NOT REACHED" in lines["same_frames, share"]
    assert "0.200" in lines["psnr_outside lost, worst (dB)"]


def test_the_most_of_a_ratio_is_held_against_its_upper_bar():
    rows = [{"clip": "a", "emotion": "happy"} | GOOD | {"sharpness_ratio": 0.5}]
    lines = {line.split("  ")[0]: line for line in load("clips").summarise(rows).splitlines()}
    assert "NOT" not in lines["sharpness_ratio, most"] and "NOT" in lines["sharpness_ratio, share within"]
    assert load("clips").summarise([]) == ""


def test_heat_is_the_largest_difference_of_a_channel_to_the_middle():
    script = load("stills")
    images = {(i, j): np.full((32, 32, 3), 100, np.uint8) for i in range(3) for j in range(3)}
    images[0, 2] = images[0, 2] + np.uint8([5, 20, 0])
    found = script.heat_of(images, 3)
    assert found[0, 2] == pytest.approx(np.full((96, 96), 20.0)) and found.sum() == pytest.approx(20 * 96 * 96)
