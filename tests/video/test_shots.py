import time

import numpy as np
import pytest
from tiny_clips import CLIPS, needs_clips

from ned.types import Shot
from ned.video import ShotDetector, find_shots, read_frames


def scene(seed: int, count: int) -> list[np.ndarray]:
    """A still coarse pattern that drifts slowly and flickers a little."""
    rng = np.random.default_rng(seed)
    base = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((12, 12, 1))).astype(np.float32)
    return [np.clip(np.roll(base, k, 1) * (1 + 0.02 * np.sin(k)), 0, 255).astype(np.uint8) for k in range(count)]


def test_cuts_between_scenes():
    pictures = scene(1, 20) + scene(2, 5) + scene(3, 15)
    assert find_shots(pictures) == (Shot(0, 20), Shot(20, 25), Shot(25, 40))
    assert find_shots([]) == () and find_shots(scene(1, 1)) == (Shot(0, 1),)


def test_a_change_of_light_is_no_cut():
    pictures = [(p * level).astype(np.uint8) for p, level in zip(scene(4, 30), np.linspace(0.5, 1, 30), strict=True)]
    assert find_shots(pictures) == (Shot(0, 30),)


def test_it_is_cheap():
    detector, picture = ShotDetector(), scene(5, 1)[0]
    start = time.perf_counter()
    for _ in range(50):
        detector.update(picture)
    assert (time.perf_counter() - start) / 50 < 0.003


@needs_clips
def test_real_cuts_are_found():
    frames = read_frames(CLIPS / "wild" / "stage_cuts_four_faces.mp4")
    assert [s.start for s in find_shots(f.rgb() for f in frames)] == [0, 20, 82, 211]


@needs_clips
@pytest.mark.parametrize("name", ["address_man_glasses", "address_woman", "vr_1"])
def test_talking_people_are_one_shot(name):
    assert len(find_shots(f.rgb() for f in read_frames(CLIPS / "talking" / f"{name}.mp4"))) == 1
