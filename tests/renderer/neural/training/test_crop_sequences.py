"""Crops are those of the wanted person and lie as faces do; files are read strictly; lookalikes are told apart."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ned.analysis.appearance import appearance_distance, appearance_of, mean_appearance
from ned.errors import UserError
from ned.renderer.neural.training import crop_sequences as module
from ned.renderer.neural.training.crop_sequences import (
    CropBudget,
    cut_footage,
    embedding_of,
    joined,
    load_footage,
    person_like,
    save_footage,
    thinned,
)  # fmt: skip
from ned.renderer.neural.training.finetuning import OTHER_PERSON
from ned.types import Analysis, FaceTrack, Shot
from tests.renderer.neural.synthetic import footage

SIZE = 64
ANN, BOB = footage("ann", frames=20, size=SIZE, seed=0), footage("bob", frames=20, size=SIZE, seed=3)
PLACES = {1: (ANN, 10.0, 20.0), 2: (BOB, 160.0, 24.0)}
"""Person: footage, and where its crop's corner stands in the video, at twice its size."""


@pytest.fixture
def video(monkeypatch):
    """A video in which ann and bob stand side by side, and nobody in frame 12."""

    def image(k):
        out = np.full((170, 310, 3), 90, np.uint8)
        for shown, x, y in PLACES.values():
            big = cv2.warpAffine(shown.frames[k], np.array([[2.0, 0, 0.5], [0, 2.0, 0.5]]), (2 * SIZE, 2 * SIZE))
            out[int(y) : int(y) + 2 * SIZE, int(x) : int(x) + 2 * SIZE] = big
        return out

    seen = np.array([k for k in range(20) if k != 12])
    tracks = []
    for person, (shown, x, y) in PLACES.items():
        faces = (2.0 * shown.faces[seen] + (x + 0.5, y + 0.5, 0.0)).astype(np.float32)
        low, high = faces[..., :2].min(1), faces[..., :2].max(1)
        appearance = mean_appearance([appearance_of(image(k), face) for k, face in zip(seen, faces, strict=True)])
        tracks.append(FaceTrack(person, Shot(0, 20), seen, np.concatenate([low, high], 1), faces, appearance.pack()))
    video = SimpleNamespace(frame_rate=Fraction(25), num_frames=20)
    analysis = Analysis.__new__(Analysis)
    for name, value in (("video", video), ("num_frames", 20), ("shots", (Shot(0, 20),)), ("tracks", tuple(tracks)),
                        ("first_frame", 0), ("frame_times_s", None)):  # fmt: skip
        object.__setattr__(analysis, name, value)

    def random_frames(path, indices):
        yield from ((k, image(k)) for k in indices)

    monkeypatch.setattr(module, "analyse_cached", lambda *_, **__: analysis)
    monkeypatch.setattr(module, "random_frames", random_frames)
    return analysis


@pytest.mark.parametrize("person", [1, 2])
def test_crops_are_those_of_the_person_wherever_it_stands(video, tmp_path, person):
    cut = cut_footage(tmp_path / "talk.mp4", SIZE, number=person)
    shown = PLACES[person][0]
    seen = video.tracks[0].frames
    assert cut.people == 2 and cut.source == "talk.mp4" and cut.person == "talk" and cut.rate == 25
    assert np.abs(cut.faces[..., :2] - shown.faces[seen][..., :2]).mean() < 1.0  # the same face lies in the same place
    error = np.abs(cut.frames.astype(int) - shown.frames[seen])[:, 8:-8, 8:-8]
    other = np.abs(cut.frames.astype(int) - PLACES[3 - person][0].frames[seen])[:, 8:-8, 8:-8]
    assert error.mean() < 8 < other.mean()
    assert cut.runs[:12].max() == 0 and cut.runs[12:].min() == 1  # nobody was there between
    opening = lambda part: part.coefficients[:, 0]  # noqa: E731
    assert np.corrcoef(opening(cut), opening(shown.part(seen)))[0, 1] > 0.8


def test_the_most_prominent_is_cut_unless_another_is_meant(video, tmp_path):
    unasked, first = cut_footage(tmp_path / "a.mp4", SIZE), cut_footage(tmp_path / "a.mp4", SIZE, number=1)
    assert np.array_equal(unasked.frames, first.frames)
    assert person_like(tmp_path / "a.mp4", embedding_of(BOB)) == 2
    assert person_like(tmp_path / "a.mp4", embedding_of(ANN)) == 1


def test_small_faces_and_none_are_refused(video, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="no face of person 3"):
        cut_footage(tmp_path / "a.mp4", SIZE, number=3)
    monkeypatch.setattr(module, "SMALLEST_PX", 1000)
    with pytest.raises(UserError, match="no face of person 1 is larger than 1000 pixels"):
        cut_footage(tmp_path / "a.mp4", SIZE)
    object.__setattr__(video, "tracks", ())
    with pytest.raises(UserError, match="no face found"):
        cut_footage(tmp_path / "a.mp4", SIZE)


def test_two_people_look_unlike_and_one_like_himself():
    first, last = ANN.split(0.5)
    alike = appearance_distance(embedding_of(first), embedding_of(last))
    assert alike < OTHER_PERSON < appearance_distance(embedding_of(ANN), embedding_of(BOB))


def test_long_footage_is_thinned_in_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    shown = footage(frames=40, size=16)
    shown.coefficients[:, -1] = np.arange(40)
    long = replace(shown, runs=np.repeat([0, 1], 20))
    thin = thinned(long, 16)
    assert len(thin) == 16 and thinned(long, 40) is long
    at = thin.coefficients[:, -1].astype(int)
    assert at[0] < 4 and at[-1] >= 36 and (np.diff(at) > 0).all()
    for run in np.unique(thin.runs):  # a run is consecutive, and of one run before
        inside = at[thin.runs == run]
        assert (np.diff(inside) == 1).all() and len(set(long.runs[inside])) == 1 and len(inside) >= 4


def test_together_videos_keep_no_more_than_one_may(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2)
    budget = CropBudget(most=24)
    for frames in (20, 40, 60):
        budget.add(footage(frames=frames, size=16))
    assert [len(part) for part in budget.footages] == [4, 8, 12]
    whole = joined(budget.footages)
    assert len(whole) == 24 and (np.diff(whole.runs) >= 0).all()
    few = CropBudget(most=100)
    few.add(ANN)
    assert few.footages[0] is ANN


def test_files_come_back_and_damaged_ones_are_refused(tmp_path):
    save_footage(tmp_path / "a.npz", ANN)
    back = load_footage(tmp_path / "a.npz")
    assert back.person == "ann" and np.array_equal(back.frames, ANN.frames) and np.array_equal(back.faces, ANN.faces)
    data = (tmp_path / "a.npz").read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"no archive", data[:200] + bytes(64) + data[264:]):
        (tmp_path / "b.npz").write_bytes(damaged)
        with pytest.raises(UserError, match="is no prepared footage"):
            load_footage(tmp_path / "b.npz")
    faces = ANN.faces.copy()
    faces[3, 5, 0] = np.nan
    save_footage(tmp_path / "c.npz", replace(ANN, faces=faces))
    with pytest.raises(UserError, match="is no prepared footage"):
        load_footage(tmp_path / "c.npz")


def test_resized_crops_show_the_same_places():
    half = ANN.resized(SIZE // 2)
    assert half.frames.shape[1:3] == (32, 32)
    assert np.allclose(half.faces[..., 0] + 0.5, (ANN.faces[..., 0] + 0.5) / 2, atol=1e-4)  # edges of pixels
    assert np.allclose(half.frames.mean((1, 2)), ANN.frames.mean((1, 2)), atol=2)
