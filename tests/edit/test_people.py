"""Who is in a video, and whom the user means."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ned.analysis.appearance import appearance_of
from ned.config import ProcessConfig
from ned.edit.people import choose_cast, people_of
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.types import Analysis, Colour, FaceTrack, Shot, VideoInfo

RATE, FRAMES = 25.0, 100
MEAN = load_face_model().mean[:478]


def _track(person, speaking, size_px=200.0, start=0, frames=FRAMES):
    points = np.repeat(((MEAN - MEAN.mean(0)) * size_px / 14.0 + [320, 240, 0])[None], frames, axis=0)
    if speaking:
        points[:, 14, 1] += 0.05 * size_px * (1 + np.sin(np.arange(frames) * 2 * np.pi * 5 / RATE))
    boxes = np.tile(np.array([320 - size_px / 2, 200, 320 + size_px / 2, 300], np.float32), (frames, 1))
    return FaceTrack(person, Shot(0, FRAMES), np.arange(start, start + frames), boxes, points.astype(np.float32))


def _analysis(*tracks):
    video = VideoInfo(
        Path("x.mp4"), "mp4", "h264", "yuv420p", 8, 480, 640, Fraction(25), Fraction(1, 25), FRAMES, 4.0, 0,
        Fraction(1), Colour(), (),
    )  # fmt: skip
    return Analysis(video, FRAMES, (Shot(0, FRAMES),), tracks)


THREE = _analysis(_track(1, True), _track(2, False, 80.0, start=50, frames=50), _track(3, True, 150.0, frames=30))


def test_a_persons_tracks_come_in_the_order_of_time():
    analysis = _analysis(_track(1, True, start=60, frames=40), _track(2, True), _track(1, True, frames=50))
    assert [int(track.frames[0]) for track in analysis.tracks_of(1)] == [0, 60]
    assert analysis.tracks_of(3) == []


def _cast(analysis=THREE, **options):
    parts = choose_cast(analysis, ProcessConfig.build(input="x.mp4", **options))
    return [(part.person, part.edit.describe(), part.why) for part in parts]


def test_people_are_measured():
    one, two, three = people_of(THREE)
    assert (one.number, one.frames, one.share, one.first_s) == (1, 100, 1.0, 0.0) and one.speaking
    assert (two.frames, two.share, two.first_s, two.last_s) == (50, 0.5, 2.0, 3.96) and not two.speaking
    assert three.speaking and three.size_px == pytest.approx(150)


def test_times_are_those_of_the_frames():
    times = np.arange(FRAMES) * 0.05 + 7.0
    analysis = replace(_analysis(_track(1, True, start=20, frames=10)), frame_times_s=times)
    assert people_of(analysis)[0].first_s == pytest.approx(8.0)


def test_by_default_it_is_the_most_prominent_and_it_says_why():
    assert _cast() == [(1, "happy@1", "the most prominent speaker")]
    assert _cast(_analysis(_track(1, True)))[0][2] == "the only person"
    assert "nobody speaks" in _cast(_analysis(_track(1, False), _track(2, False, 80.0)))[0][2]


def test_named_people():
    assert _cast(person=2, emotion="sad") == [(2, "sad@1", "")]
    assert [number for number, *_ in _cast(person="all")] == [1, 2, 3]
    assert _cast(edit=["3:happy", "2:sad@0.5"]) == [(2, "sad@0.5", ""), (3, "happy@1", "")]
    assert _cast(edit=["2:sad", "all:fear"]) == [(1, "fear@1", ""), (2, "sad@1", ""), (3, "fear@1", "")]


def test_an_edit_without_a_name_in_a_timeline_goes_to_the_most_prominent_who_is_not_named(tmp_path):
    file = tmp_path / "line.yaml"
    file.write_text("- {emotion: sad}\n- {emotion: fear, person: 1}\n")
    assert [(n, said) for n, said, _ in _cast(timeline=str(file))] == [(1, "fear@1"), (2, "sad@1")]


@pytest.mark.parametrize("options", [{"person": 7}, {"edit": ["1:happy", "7:sad"]}])
def test_unknown_people_are_refused(options):
    with pytest.raises(UserError, match="there is no person 7; choose one of: 1, 2, 3"):
        _cast(**options)


def test_nobody_at_all():
    with pytest.raises(UserError, match="no face was found"):
        _cast(_analysis())


def test_the_person_in_an_image_is_found(tmp_path):
    from skimage.data import astronaut

    from ned.analysis.landmarks import Landmarker, Roi

    image = tmp_path / "face.png"
    Image.fromarray(astronaut()).save(image)
    other = np.ascontiguousarray(astronaut()[:, ::-1, ::-1] // 2)
    with Landmarker() as landmarker:
        here, _ = landmarker(astronaut(), Roi(224.0, 119.0, 170.0))
        there, _ = landmarker(other, Roi(511.0 - 224.0, 119.0, 170.0))
    dim = (astronaut() * 0.8).astype(np.uint8)
    analysis = _analysis(
        replace(_track(1, True), appearance=appearance_of(other, there).pack()),
        replace(_track(2, True), appearance=appearance_of(dim, here).pack()),
    )
    assert _cast(analysis, person_like=image) == [(2, "happy@1", "most like face.png")]
    only_other = replace(analysis, tracks=analysis.tracks[:1])
    with pytest.raises(UserError, match="face.png: nobody in the video looks like this"):
        _cast(only_other, person_like=image)


def test_images_without_a_face_or_that_are_none(tmp_path):
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(tmp_path / "grey.png")
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UserError, match="grey.png: no face was found in this image"):
        _cast(person_like=tmp_path / "grey.png")
    with pytest.raises(UserError, match="text.jpg: is no image"):
        _cast(person_like=tmp_path / "text.jpg")
