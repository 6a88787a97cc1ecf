"""The first pass on frames whose truth is known: a real face pasted at known places and sizes."""

from __future__ import annotations

import numpy as np
import pytest

from ned.analysis import analyse
from tests.analysis.pasted_faces import backdrop, place


def test_no_face_gives_no_tracks(make_video):
    found = analyse(make_video(backdrop(240, 320, seed=i // 10) for i in range(20)))
    assert found.num_frames == 20
    assert found.tracks == () and found.persons() == ()


@pytest.mark.parametrize(
    ("height", "width", "face_px"), [(720, 1280, 60), (1080, 1920, 64), (720, 1280, 200), (480, 640, 330)]
)
def test_one_moving_face_is_found_in_every_frame_at_its_place(make_video, height, width, face_px):
    wall, count = backdrop(height, width), 14
    centres = np.stack([width * 0.45 + 3.0 * np.arange(count), height * 0.5 - 1.0 * np.arange(count)], axis=1)
    found = analyse(make_video(place(wall, x, y, face_px) for x, y in centres))
    assert len(found.tracks) == 1
    track = found.tracks[0]
    assert track.person == 1
    assert track.frames.tolist() == list(range(count))
    assert track.landmarks.shape == (count, 478, 3) and track.boxes.shape == (count, 4)
    middle = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
    off = (middle - centres) / face_px
    assert np.abs(off).max() < 0.2
    assert np.abs(off - off.mean(axis=0)).max() < 0.03  # it moves as the face does
    width_px = track.boxes[:, 2] - track.boxes[:, 0]
    assert np.abs(width_px / face_px - 1).max() < 0.25


def test_two_people_who_cross_the_frame_stay_apart(make_video):
    wall, count = backdrop(480, 960), 24

    def frames():
        for i in range(count):
            yield place(place(wall, 240 + 4 * i, 220, 90), 700 - 4 * i, 250, 120, mirrored=True)

    found = analyse(make_video(frames()))
    assert [len(track) for track in found.tracks] == [count, count]
    assert found.persons() == (1, 2)
    big, small = found.tracks  # the larger face is the more prominent
    i = np.arange(count)
    assert np.abs((big.boxes[:, 0] + big.boxes[:, 2]) / 2 - (700 - 4 * i)).max() < 25
    assert np.abs((small.boxes[:, 0] + small.boxes[:, 2]) / 2 - (240 + 4 * i)).max() < 20


def test_a_person_keeps_the_number_over_a_cut(make_video):
    def frames():
        for _ in range(16):
            yield place(backdrop(480, 640, seed=1), 200, 240, 120)
        for _ in range(12):
            yield place(255 - backdrop(480, 640, seed=2) // 2, 330, 230, 170, mirrored=True)
        for _ in range(12):
            yield place(backdrop(480, 640, seed=1), 420, 230, 150)

    found = analyse(make_video(frames()))
    assert [(shot.start, shot.stop) for shot in found.shots] == [(0, 16), (16, 28), (28, 40)]
    of_shot = {track.shot.start: track.person for track in found.tracks}
    assert of_shot[0] == of_shot[28] != of_shot[16]
    assert len(found.tracks) == 3


def test_a_face_that_leaves_and_returns_is_one_track_with_a_gap(make_video):
    wall = backdrop(480, 640)
    found = analyse(make_video(wall if 12 <= i < 20 else place(wall, 300, 230, 140) for i in range(40)))
    seen = [track for track in found.tracks if track.shot == found.shots[0]]
    assert len(found.persons()) == 1 and len(found.tracks) == len({t.shot for t in found.tracks})
    frames = np.concatenate([track.frames for track in found.tracks])
    assert not np.isin(np.arange(12, 20), frames).any()
    assert len(frames) >= 28 and seen


def test_progress_counts_every_frame(make_video):
    calls = []
    analyse(make_video([backdrop(120, 160)] * 9), progress=lambda done, of: calls.append((done, of)))
    assert [done for done, _ in calls] == list(range(1, 10))


def test_real_talking_clips(clips):
    for name in ("vr_5", "address_man_glasses"):
        found = analyse(clips / "talking" / f"{name}.mp4")
        assert len(found.tracks) == 1
        assert len(found.tracks[0]) >= 0.99 * found.num_frames


def test_real_clip_where_the_face_comes_late(clips):
    found = analyse(clips / "wild" / "noface_face.mov")
    assert len(found.tracks) == 1
    assert found.tracks[0].frames[0] >= 90


def test_nothing_is_written_to_stderr(make_video, capfd):
    analyse(make_video(place(backdrop(240, 320), 160, 120, 90) for _ in range(6)))
    assert capfd.readouterr().err == ""


def test_a_dissolve_leaves_no_frame_that_shows_two_people(make_video):
    one = place(backdrop(480, 640, seed=1), 220, 240, 140)
    other = place(255 - backdrop(480, 640, seed=2) // 2, 400, 220, 160, mirrored=True)
    shares = [0.0] * 30 + [(k + 1) / 16 for k in range(15)] + [1.0] * 40
    found = analyse(make_video(((1 - s) * one + s * other).astype(np.uint8) for s in shares))
    assert len(found.shots) == 2 and 30 < found.shots[0].stop < 45
    first, second = sorted(found.tracks, key=lambda track: track.frames[0])
    assert first.person != second.person
    assert 26 <= first.frames[-1] < 33 and 44 <= second.frames[0] < 53
    assert (first.shot, second.shot) == found.shots
