"""A batch from plan to merge, in this process: equal to what a single machine makes, whatever happens on the way."""

import json
from dataclasses import replace
from functools import partial

import pytest

from ned.batch.claims import read_claim, take
from ned.batch.merge import MergeTerms, merge_batch
from ned.batch.status import look, retry
from ned.batch.units import PREPARE, Unit, VideoState, folder_of
from ned.batch.worker import UnitDone, Worker
from ned.errors import Cancelled
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Reported, StageAdvanced, StageBegan
from ned.runtime.progress import Silent
from tests.batch.conftest import decoded


def state_of(store, manifest):
    key = manifest.videos[0].key
    return VideoState.of(key, manifest.per_unit, store.names(folder_of(key)))


def test_workers_make_what_a_single_machine_makes(planned, single, monkeypatch):
    """One worker ends in the middle, one is lost without a word, another goes on; nothing is done twice, and what the
    first finished of its unit is not made again."""
    monkeypatch.setattr("ned.batch.worker.Reported", partial(Reported, interval_s=0.0))
    store, manifest, output = planned
    key, token, done, rendered = manifest.videos[0].key, CancelToken(), [], []

    def end_in_second_unit(event):
        done.append(event) if isinstance(event, UnitDone) else None
        if len(done) == 1 and isinstance(event, StageAdvanced) and event.name == "rendering" and event.done >= 12:
            token.cancel()

    def hear(event):
        done.append(event) if isinstance(event, UnitDone) else None
        rendered.append(event.total) if isinstance(event, StageBegan) and event.name == "rendering" else None

    with pytest.raises(Cancelled):
        Worker(store, "first", token=token, listen=end_in_second_unit).work()
    state = state_of(store, manifest)
    assert (state.done, state.pieces) == ({PREPARE}, 4)
    assert not state.in_flight(Unit(key, 0, 2))  # given back
    assert [u.name for u in state.units] == [PREPARE, "r0000-0002", "r0002-0004"]

    lost = take(store, state, Unit(key, 0, 2), "gone")
    claim = read_claim(store, lost.unit, 1)
    store.put(lost.unit.path("claim.1.json"), json.dumps(vars(claim) | {"at": claim.at - 100}).encode())
    assert [work.lost for work in look(store, manifest).at_work] == [True]
    assert state.kept["r0000-0002"]
    assert Worker(store, "second", listen=hear).work() == 2
    assert rendered == [10, 20]  # frames: of the first unit, of 20, half were there
    assert [event.unit.name for event in done] == [PREPARE, "r0000-0002", "r0002-0004"]
    assert [event.frames for event in done] == [40, 20, 20]

    merged = list(merge_batch(store, MergeTerms(), Silent()))
    assert [m.state for m in merged] == ["merged"], merged[0].error
    assert decoded(output) == single[0]
    assert decoded(output.with_name("out_compare.mp4")) == single[1]
    assert "data:image" in output.with_name("out_report.html").read_text()
    assert sorted(p.name for p in output.parent.iterdir()) == ["out.mp4", "out_compare.mp4", "out_report.html"]
    assert [m.state for m in merge_batch(store, MergeTerms(), Silent())] == ["skipped"]

    away = replace(manifest.videos[0], source=str(output.with_name("gone.mp4")))
    replace(manifest, videos=(away,)).save(store)
    assert [m.state for m in merge_batch(store, MergeTerms(), Silent())] == ["skipped"]  # no source is looked for
    manifest.save(store)

    there = look(store, manifest)
    assert there.over and (there.units_done, there.pieces_done, there.attempts) == (3, 4, 4)
    assert {state_of(store, manifest).times_done(unit) for unit in state.units} == {1}
    assert Worker(store, "late").work() == 0

    # what is damaged in the store is told, and made again
    for damaged in ("object", "kept"):
        name = json.loads(store.get(Unit(key, 0, 2).path("done.0.json")))[damaged]
        name = name if damaged == "object" else name[0]
        store.put(name, b"x" + store.get(name)[1:])
        merged = list(merge_batch(store, MergeTerms(overwrite=True), Silent()))
        assert merged[0].state == "failed" and "is damaged; `ned batch run` makes it anew" in str(merged[0].error)
        assert decoded(output) == single[0] and not look(store, manifest).over
        if damaged == "object":
            assert Worker(store, "third").work() == 1
            assert [m.state for m in merge_batch(store, MergeTerms(overwrite=True), Silent())] == ["merged"]
            assert decoded(output) == single[0]


def test_what_cannot_be_done_is_said_and_can_be_tried_again(planned, clip, tmp_path):
    store, manifest, _ = planned
    video, changed = manifest.videos[0], tmp_path / "changed.mp4"
    changed.write_bytes(clip.read_bytes() + b"more")
    replace(manifest, videos=(replace(video, source=str(changed)),)).save(store)
    assert Worker(store, "w").work() == 0
    state = look(store, manifest)
    assert state.over and state.finished == 0
    assert [f.said for f in state.failures] == [
        f"{changed}: has changed since it was planned; plan it again with `ned batch plan`"
    ]
    assert next(iter(merge_batch(store, MergeTerms(), Silent()))).state == "unfinished"
    assert retry(store, manifest) == 1 and not look(store, manifest).failures
    assert state_of(store, manifest).open(3) == [Unit(video.key)]
