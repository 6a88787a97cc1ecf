"""Paths become people; crops are cut once; what cannot be used is said."""

from dataclasses import replace

import numpy as np
import pytest

from ned.errors import UserError
from ned.renderer.neural.training import preparation
from ned.renderer.neural.training.crop_sequences import save_footage
from ned.renderer.neural.training.preparation import by_person, gather, prepare, sources
from tests.renderer.neural.synthetic import footage


@pytest.fixture
def cutter(monkeypatch):
    """Cuts synthetic footage out of any file; remembers which."""
    calls = []

    def cut_footage(video, size, progress, person=None, number=None, heads_of=None):
        calls.append((video.name, size, number))
        if video.stem == "empty":
            raise UserError("no face found", path=video)
        return footage(video.stem, frames=5 if video.stem == "short" else 20, size=size)

    monkeypatch.setattr(preparation, "cut_footage", cut_footage)
    return calls


def _files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_folders_name_people(tmp_path):
    _files(tmp_path, "a.mp4", "notes.txt", ".hidden.mp4", "bob/1.mov", "bob/2.mp4", ".git/x.mp4")
    found = [(path.name, person) for path, person in sources([tmp_path])]
    assert found == [("a.mp4", None), ("1.mov", "bob"), ("2.mp4", "bob")]
    with pytest.raises(UserError, match="no such video"):
        sources([tmp_path / "none.mp4"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no video"):
        sources([tmp_path / "empty"])


def test_crops_are_cut_once_and_again_when_damaged(tmp_path, cutter, notes):
    _files(tmp_path, "a.mp4", "bob/1.mp4", "bob/2.mp4")
    found = gather([tmp_path], 64, tmp_path / "out", notes)
    assert [f.person for f in found] == ["a", "bob", "bob"] and len(cutter) == 3
    gather([tmp_path], 64, tmp_path / "out", notes)
    assert len(cutter) == 3
    kept = prepare(tmp_path / "a.mp4", 64, tmp_path / "out", notes)
    kept.write_bytes(kept.read_bytes()[:500])
    gather([tmp_path], 64, tmp_path / "out", notes)
    assert len(cutter) == 4
    assert prepare(tmp_path / "a.mp4", 64, tmp_path / "out", notes, number=2) != kept and cutter[-1][2] == 2


def test_what_cannot_be_used_is_left_out_with_a_note(tmp_path, cutter, notes):
    _files(tmp_path, "a.mp4", "empty.mp4", "short.mp4")
    assert [f.person for f in gather([tmp_path], 64, tmp_path / "out", notes)] == ["a"]
    assert len(notes.said) == 2 and "no face found" in notes.said[0] and "5 frames, 12" in notes.said[1]
    with pytest.raises(UserError, match="no face found"):
        gather([tmp_path / "empty.mp4"], 64, tmp_path / "out", notes)


def test_prepared_footage_is_used_as_it_is_or_made_smaller(tmp_path, notes):
    save_footage(tmp_path / "ann.npz", footage("ann", size=64))
    (found,) = gather([tmp_path / "ann.npz"], 32, tmp_path / "out", notes)
    assert found.size == 32 and not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="crops of 64 pixels, 128 are wanted"):
        gather([tmp_path / "ann.npz"], 128, tmp_path / "out", notes)
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UserError, match="no prepared footage"):
        gather([tmp_path / "bad.npz"], 32, tmp_path / "out", notes)


def test_the_last_tenth_of_every_video_is_held_out():
    one, other = footage("ann", 40), footage("ann", 20, seed=0)
    other = replace(other, frames=255 - other.frames, source="ann2.mp4")
    (person,) = by_person([one, other])
    assert (len(person.train), len(person.test)) == (54, 6)
    held = np.concatenate([one.frames[36:], other.frames[18:]])
    assert np.array_equal(person.test.frames, held) and person.train.runs[-1] != person.train.runs[0]
    assert [p.name for p in by_person([footage("b"), footage("a")])] == ["a", "b"]
