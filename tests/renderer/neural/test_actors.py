"""The actor store: records, and files that are not what was written."""

import json

import pytest

from ned.errors import UserError
from ned.renderer.neural.actors import RECORD, ActorRecord, list_actors, load_actor, save_record
from ned.workspace import actor_folder, sha256_of


def _actor(name="ann", **changes):
    folder = actor_folder(name)
    (folder / "crops").mkdir(parents=True)
    (folder / "crops" / "a.npz").write_bytes(b"crops")
    (folder / "actor.safetensors").write_bytes(b"weights")
    values = {
        "name": name, "videos": ("a.mp4",), "crops": ("a.npz",), "seconds": 12.0, "strength": 0.6, "minutes": 10.0,
        "steps": 100, "size": 128, "fapd": 5.0, "warp_fapd": 6.0, "sha256": sha256_of(folder / "actor.safetensors"),
    }  # fmt: skip
    save_record(folder, ActorRecord(**values | changes))
    return folder


def test_what_is_saved_is_loaded_and_listed(data_root):
    assert list_actors() == []
    folder = _actor()
    _actor("bob", fapd=7.0)
    actor = load_actor("ann")
    assert actor.folder == folder == data_root / "actors" / "ann"
    assert actor.weights.read_bytes() == b"weights" and [p.read_bytes() for p in actor.footage] == [b"crops"]
    assert actor.record.beats_warp() and not load_actor("bob").record.beats_warp()
    assert [a.record.name for a in list_actors()] == ["ann", "bob"]


def test_an_unknown_actor_names_the_known(data_root):
    _actor()
    with pytest.raises(UserError, match="no actor 'eve'.*known are: ann.*ned finetune"):
        load_actor("eve")


def test_changed_weights_are_refused(data_root):
    folder = _actor()
    (folder / "actor.safetensors").write_bytes(b"other")
    with pytest.raises(UserError, match="differs from its entry"):
        load_actor("ann")
    (folder / "actor.safetensors").unlink()
    with pytest.raises(UserError, match="no such checkpoint"):
        load_actor("ann")


@pytest.mark.parametrize("change", [
    {"format": 2}, {"more": 1}, {"crops": ["../../x"]}, {"crops": [".."]}, {"name": "bob"}, {"strength": 2},
    {"fapd": float("nan")}, {"sha256": 3}, {"steps": "x"}, {"videos": 3},
])  # fmt: skip
def test_damaged_records_are_refused(data_root, change):
    path = _actor() / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match="is no actor's record"):
        load_actor("ann")
    assert list_actors() == []


def test_files_that_are_no_records_are_refused(data_root):
    path = _actor() / RECORD
    for text in ("", "[]", "[" * 100_000, "null", "{" + " " * 2_000_000 + "}"):
        path.write_text(text)
        with pytest.raises(UserError, match="is no actor's record"):
            load_actor("ann")
