"""Labelled data in the three layouts, on made-up trees; and what is said of trees that do not hold any."""

import csv

import numpy as np
import pytest

from ned.errors import UserError
from ned.exchange.livelink import write_livelink
from ned.face_model.spaces import ARKIT52, FLAME50
from ned.manipulator.training import aff_wild, data
from ned.manipulator.training.batches import LabelledBatches
from ned.manipulator.training.data import load_labelled, read_values
from ned.types import EMOTIONS, ExpressionTrack


def _labels(folder, rows, header=("file", "emotion", "person")):
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _npz(path, frames=60, rate=30.0, width=52):
    np.savez(path, packed=np.full((frames, width), 0.25, np.float32), frame_rate=rate)


def test_plain_layout_reads_tracks_at_the_nominal_rate(tmp_path):
    from fractions import Fraction

    _npz(tmp_path / "a.npz", frames=61, rate=30.0)
    ramp = np.repeat(np.linspace(0, 1, 50, dtype=np.float32)[:, None], 52, 1)
    write_livelink(tmp_path / "b.csv", ExpressionTrack.unpack(ARKIT52, ramp), np.arange(50) / 50, Fraction(50))
    _labels(tmp_path, [("a.npz", "Happiness", "ann"), ("b.csv", "sad", "")])
    first, second = load_labelled(tmp_path, ARKIT52)
    assert (first.emotion, first.person, len(first.values)) == ("happy", "ann", 51)
    assert (second.emotion, second.person) == ("sad", "b") and len(second.values) in (25, 26)
    assert np.allclose(second.values[:, 3], np.linspace(0, 1, 50)[::2], atol=0.02)


def test_flame_tracks_come_as_npz(tmp_path):
    _npz(tmp_path / "a.npz", width=51)
    _npz(tmp_path / "b.npz", width=51)
    _labels(tmp_path, [("a.npz", "happy", "x"), ("b.npz", "angry", "y")])
    assert load_labelled(tmp_path, FLAME50)[0].values.shape[1] == 51


@pytest.mark.parametrize(("rows", "header", "said"), [
    ([("a.npz", "bored", "x")], ("file", "emotion", "person"), "line 2: unknown emotion 'bored'"),
    ([("none.npz", "sad", "x")], ("file", "emotion", "person"), "line 2: no such file"),
    ([("a.npz", "sad", "x")], ("name", "label", "person"), "lacks a column"),
    ([("", "sad", "x")], ("file", "emotion", "person"), "names no file"),
    ([("a.npz", "sad", "x")], ("file", "emotion", "person"), "fewer than two emotions"),
    ([], ("file", "emotion", "person"), "no labelled data"),
    ([("bad.npz", "sad", "x")], ("file", "emotion", "person"), "is no track"),
    ([("odd.txt", "sad", "x")], ("file", "emotion", "person"), "neither clip nor track"),
    ([("wide.npz", "sad", "x")], ("file", "emotion", "person"), r"\(60, 51\), not \(frames, 52\)"),
])  # fmt: skip
def test_bad_labels_and_tracks_say_what_is_wrong(tmp_path, rows, header, said):
    _npz(tmp_path / "a.npz")
    _npz(tmp_path / "wide.npz", width=51)
    (tmp_path / "bad.npz").write_bytes(b"PK no")
    (tmp_path / "odd.txt").write_text("x")
    _labels(tmp_path, rows, header)
    with pytest.raises(UserError, match=said):
        load_labelled(tmp_path, ARKIT52)


def test_a_folder_without_any_layout_says_what_was_expected(tmp_path):
    with pytest.raises(UserError, match="labels.csv with columns file and emotion, or MEAD"):
        load_labelled(tmp_path, ARKIT52)
    with pytest.raises(UserError, match="no such folder"):
        load_labelled(tmp_path / "none", ARKIT52)


def test_a_pickle_is_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", packed=np.array([{"x": 1}], dtype=object), frame_rate=25.0)
    with pytest.raises(UserError, match="is no track"):
        read_values(tmp_path / "a.npz", ARKIT52)


def test_mead_takes_frontal_clips_of_the_highest_level(tmp_path, monkeypatch):
    for clip in (
        "M003/video/front/happy/level_1/001.mp4", "M003/video/front/happy/level_3/001.mp4",
        "M003/video/left_30/happy/level_3/001.mp4", "M003/video/front/contempt/level_3/001.mp4",
        "W011/video/front/neutral/level_1/004.mp4", "W011/video/front/surprised/level_3/002.mp4",
    ):  # fmt: skip
        (tmp_path / clip).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / clip).touch()
    monkeypatch.setattr(data, "read_clip", lambda path, space, tracks_of: [np.zeros((30, 52), np.float32)])
    found = {(t.person, t.emotion, t.file) for t in load_labelled(tmp_path, ARKIT52)}
    assert found == {
        ("M003", "happy", "M003/video/front/happy/level_3/001.mp4"),
        ("W011", "neutral", "W011/video/front/neutral/level_1/004.mp4"),
        ("W011", "surprised", "W011/video/front/surprised/level_3/002.mp4"),
    }


def _aff_wild(folder, labels, name="12-30-1920x1080"):
    where = folder / "annotations" / "EXPR_Classification_Challenge" / "Train_Set"
    where.mkdir(parents=True)
    (where / f"{name}.txt").write_text("Neutral,Anger,Disgust\n" + "\n".join(map(str, labels)) + "\n")


def test_aff_wild_annotations_become_one_item_an_emotion(tmp_path):
    _aff_wild(tmp_path, [0, 0, 4, 4, -1, 7, 6])
    (tmp_path / "batch1").mkdir()
    (tmp_path / "batch1" / "12-30-1920x1080.mp4").touch()
    items = aff_wild.aff_wild_items(tmp_path)
    assert [item.emotion for item in items] == ["neutral", "happy", "surprised"]
    assert {item.path.name for item in items} == {"12-30-1920x1080.mp4"}


def test_aff_wild_without_videos_says_so(tmp_path):
    _aff_wild(tmp_path, [0, 4])
    with pytest.raises(UserError, match="neither 12-30-1920x1080.mp4 nor frames"):
        load_labelled(tmp_path, ARKIT52)
    _aff_wild(tmp_path / "more", ["x"], "y")
    with pytest.raises(UserError, match="no annotation"):
        aff_wild.aff_wild_items(tmp_path / "more")


def test_aff_wild_runs_of_a_real_face_follow_the_labels(tmp_path, sample):
    labels = [0] * 40 + [4] * 60
    _aff_wild(tmp_path, labels, "talk")
    (tmp_path / "talk.mp4").write_bytes(sample.path.read_bytes())
    tracks = load_labelled(tmp_path, ARKIT52)
    assert [(t.emotion, t.person, len(t.values)) for t in tracks] == [("neutral", "talk", 40), ("happy", "talk", 60)]


def test_frames_become_a_video_with_their_own_numbers(tmp_path):
    from PIL import Image

    from ned.video import probe

    for number in (1, 2, 5):
        Image.new("RGB", (64, 64), (number * 20, 0, 0)).save(tmp_path / f"{number:05d}.jpg")
    numbers = aff_wild.join_frames(tmp_path, tmp_path / "joined.mkv")
    assert numbers.tolist() == [0, 1, 4] and probe(tmp_path / "joined.mkv").width == 64


def test_labelled_batches_draw_emotions_evenly_and_pad_short_tracks():
    tracks = [np.full((10 + 60 * k, 52), k / 10, np.float32) for k in range(3)]
    batch = LabelledBatches(ARKIT52, tracks, [0, 1, 4]).draw(90, 50, np.random.default_rng(0))
    assert batch.source.shape == (90, 50, 52) and batch.by_label is None
    assert set(batch.target_emotion) == {0, 1, 4} and (np.bincount(batch.target_emotion)[[0, 1, 4]] > 15).all()
    assert np.allclose(batch.reference[:, 0, 0], np.array([0, 0.1, 0, 0, 0.2])[batch.target_emotion])
    assert EMOTIONS[0] == "neutral"
