import time

import cv2
import numpy as np
import pytest

from ned.types import Shot
from ned.video import ShotDetector, Transition, find_shots, read_frames, shots_between
from tests.video.tiny_clips import CLIPS, needs_clips


def scene(seed: int, count: int) -> list[np.ndarray]:
    """A still coarse pattern that drifts slowly and flickers a little."""
    rng = np.random.default_rng(seed)
    base = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((12, 12, 1))).astype(np.float32)
    return [np.clip(np.roll(base, k, 1) * (1 + 0.02 * np.sin(k)), 0, 255).astype(np.uint8) for k in range(count)]


def test_cuts_between_scenes():
    images = scene(1, 20) + scene(2, 5) + scene(3, 15)
    assert find_shots(images) == (Shot(0, 20), Shot(20, 25), Shot(25, 40))
    assert find_shots([]) == () and find_shots(scene(1, 1)) == (Shot(0, 1),)


def test_a_change_of_light_is_no_cut():
    images = [(p * level).astype(np.uint8) for p, level in zip(scene(4, 30), np.linspace(0.5, 1, 30), strict=True)]
    assert find_shots(images) == (Shot(0, 30),)


def test_it_is_cheap():
    detector, image = ShotDetector(), scene(5, 1)[0]
    start = time.process_time()
    for _ in range(50):
        detector.update(image)
    assert (time.process_time() - start) / 50 < 0.003


@needs_clips
def test_real_cuts_are_found():
    frames = read_frames(CLIPS / "wild" / "stage_cuts_four_faces.mp4")
    assert [s.start for s in find_shots(f.rgb() for f in frames)] == [0, 20, 82, 211]


@needs_clips
@pytest.mark.parametrize("name", ["address_man_glasses", "address_woman", "vr_1"])
def test_talking_people_are_one_shot(name):
    assert len(find_shots(f.rgb() for f in read_frames(CLIPS / "talking" / f"{name}.mp4"))) == 1


def stage(seed: int, count: int) -> list[np.ndarray]:
    """A still room in which somebody sways."""
    rng = np.random.default_rng(seed)
    room = cv2.resize(rng.integers(0, 256, (5, 6, 3)).astype(np.uint8), (96, 72), interpolation=cv2.INTER_CUBIC)
    somebody = rng.integers(0, 256, 3).tolist()
    return [cv2.circle(room.copy(), (int(48 + 5 * np.sin(k / 6)), 40), 14, somebody, -1) for k in range(count)]


def _dissolve(a: list[np.ndarray], b: list[np.ndarray], length: int) -> list[np.ndarray]:
    """`a`, then `length` mixed images, then the rest of `b`."""
    shares = (np.arange(length) + 1) / (length + 1)
    mixed = [((1 - s) * x + s * y).astype(np.uint8) for s, x, y in zip(shares, a[-length:], b, strict=False)]
    return a[:-length] + mixed + b[length:]


def _transitions(images):
    detector = ShotDetector()
    return [(k, change) for k, change in enumerate(map(detector.update, images)) if change is not None]


@pytest.mark.parametrize("length", [8, 12, 25, 50])
def test_dissolves_are_told_soon_after_they_end_with_where_they_were(length):
    found = _transitions(_dissolve(stage(1, 90), stage(2, 90), length))
    assert len(found) == 1
    told, change = found[0]
    assert abs(change.start - (90 - length)) <= 4 and abs(change.stop - 90) <= 4 and change.start < change.stop
    assert 90 <= told <= 98


def test_a_dissolve_splits_the_shots_in_its_middle():
    (first, second) = find_shots(_dissolve(stage(1, 60), stage(2, 60), 20))
    assert first.start == 0 and abs(first.stop - 50) <= 3 and second == Shot(first.stop, 100)


def test_a_fade_through_black_is_two_dissolves():
    black = [np.zeros_like(stage(1, 1)[0])] * 20
    images = _dissolve(stage(1, 40), black, 12) + _dissolve(black, stage(2, 40), 12)[:50]
    assert len(find_shots(images)) == 3


def test_flashes_and_moving_cameras_are_no_change_of_shot():
    calm = stage(6, 60)
    flashed = [np.clip(p.astype(int) + 60, 0, 255).astype(np.uint8) if k in (30, 31) else p for k, p in enumerate(calm)]
    panned = [np.roll(calm[0], k, 1) for k in range(60)]
    for images in (flashed, panned):
        assert find_shots(images) == (Shot(0, 60),)


def test_a_cut_between_small_images_on_black_is_found():
    def small(image):
        out = np.zeros((200, 300, 3), np.uint8)
        out[70:142, 100:196] = image
        return out

    assert find_shots([small(p) for p in scene(1, 20) + scene(2, 20)]) == (Shot(0, 20), Shot(20, 40))


def test_cuts_inside_a_dissolve_give_way_to_it():
    cut, dissolve = Transition(32, 32), Transition(30, 40)
    assert shots_between([cut, dissolve], 0, 60) == (Shot(0, 35), Shot(35, 60))
    assert shots_between([cut], 10, 60) == (Shot(10, 32), Shot(32, 60)) and shots_between([], 3, 3) == ()
