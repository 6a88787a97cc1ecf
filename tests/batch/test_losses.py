"""Answers that are lost, machines that are broken, workers that are taken for lost: no work goes with them."""

import json
import os
import shutil
import time
from dataclasses import replace

import pytest

from ned.batch.backends.pool import Ended, run_pool
from ned.batch.claims import take
from ned.batch.display import Display
from ned.batch.kept import KeptPieces, bundle_name
from ned.batch.manifest import Manifest
from ned.batch.opened import Unsuitable, sweep
from ned.batch.plan import Terms, plan_batch
from ned.batch.results import publish, read_result, unpack
from ned.batch.status import look, retry
from ned.batch.store import Store
from ned.batch.units import FINISHED, Unit, VideoState, folder_of
from ned.batch.worker import OWN_FAILURES, Worker
from ned.config import ProcessConfig
from ned.errors import NedError, ProcessingError, UserError
from ned.workspace import alone_in


def jobs_of(folder, *names, **options):
    return [(str(folder / n), ProcessConfig(folder / n, output=folder / f"out_{n}", **options)) for n in names]


@pytest.fixture
def several(memory, clip, tmp_path):
    """A store with a plan of five videos, alike but for their ends."""
    names = [f"{k}.mp4" for k in range(5)]
    for k, name in enumerate(names):
        (tmp_path / name).write_bytes(clip.read_bytes() + bytes(k))
    manifest, _ = plan_batch(jobs_of(tmp_path, *names), memory, Terms(device="cpu"))
    return memory, manifest


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_what_cannot_be_written_is_not_passed_over(kind, memory, tmp_path):
    store = memory if kind == "memory" else Store(str(tmp_path / "store"))
    with pytest.raises(NedError, match="cannot be reached"):
        store.put_file("a", tmp_path / "gone.tar")
    assert store.names("") == []


def test_a_missing_bucket_is_said(memory, monkeypatch):
    def missing(*args, **kwargs):
        raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr(memory._fs, "pipe_file", missing)
    for write in (memory.put, memory.put_new):
        with pytest.raises(ProcessingError, match="bucket does not exist.*check its address"):
            write("a", b"1")


def test_a_request_that_was_done_although_its_answer_was_lost(memory, monkeypatch, tmp_path):
    monkeypatch.setattr("ned.batch.store.FIRST_WAIT_S", 0.001)
    real, lost = memory._fs.pipe_file, []

    def pipe_file(path, data, **more):
        real(path, data, **more)
        if more.get("mode") == "create" and path not in lost:
            lost.append(path)
            raise TimeoutError("no answer")

    monkeypatch.setattr(memory._fs, "pipe_file", pipe_file)
    assert memory.put_new("a", b"mine") and not memory.put_new("a", b"mine") and not memory.put_new("a", b"other")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "x.nut").write_bytes(b"piece")
    unit = Unit("v", 0, 2)
    publish(memory, unit, 1, "w", tmp_path / "made", tmp_path, 0, seconds=1.0, frames=1)
    unpack(memory, unit, 0, tmp_path / "back")
    assert (tmp_path / "back" / "x.nut").read_bytes() == b"piece"
    assert VideoState.of("v", 2, memory.names(folder_of("v"))).times_done(unit) == 1


def test_what_two_made_counts_once_and_is_noted(memory, tmp_path):
    unit = Unit("v", 0, 2)
    for attempt, name in enumerate(("a", "b"), 1):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.nut").write_bytes(name.encode())
        publish(memory, unit, attempt, name, tmp_path / name, tmp_path, 0, seconds=1.0, frames=1)
    state = VideoState.of("v", 2, memory.names(folder_of("v")))
    assert state.times_done(unit) == 2 and state.times_done(Unit("v")) == 0
    assert read_result(memory, unit, 0).worker == "a" and sum(n.endswith(".tar") for n in memory.tree("videos")) == 1


def test_pieces_that_were_kept_go_on_elsewhere(memory, tmp_path):
    first, second, unit = tmp_path / "first", tmp_path / "second", Unit("v", 0, 3)
    for folder in (first, second):
        folder.mkdir()
    for name, data in (("video-000000000@0.nut", b"1"), ("picture-000000003.npz", b"2"), ("x.tmp", b"unfinished")):
        (first / name).write_bytes(data)
    kept = KeptPieces(memory, unit, first)
    kept.keep()
    kept.keep()  # nothing new
    (first / "video-000000010@400.nut").write_bytes(b"3")
    kept.keep()
    digests = VideoState.of("v", 3, memory.names(folder_of("v"))).kept[unit.name]
    assert len(digests) == 2

    broken = bundle_name(unit, "0" * 32)
    memory.put(broken, b"no archive")
    later = KeptPieces(memory, unit, second)
    later.bring(["0" * 32, "1" * 32, *digests])
    assert sorted(path.name for path in second.iterdir()) == [
        "picture-000000003.npz", "video-000000000@0.nut", "video-000000010@400.nut"]  # fmt: skip
    (second / "video-000000020@800.nut").write_bytes(b"4")
    publish(memory, unit, 2, "w", second, tmp_path, 0, later, seconds=1.0, frames=1)
    later.keep()  # too late: it is published
    assert len(VideoState.of("v", 3, memory.names(folder_of("v"))).kept[unit.name]) == 3
    assert memory.get(read_result(memory, unit, 0).object).count(b".nut\0") == 1  # the others lie there already
    unpack(memory, unit, 0, tmp_path / "back")
    assert {p.name: p.read_bytes() for p in (tmp_path / "back").iterdir()} == {
        p.name: p.read_bytes() for p in second.iterdir()}  # fmt: skip


def test_a_broken_machine_does_not_use_up_the_tries_of_all(several, monkeypatch):
    store, manifest = several

    def fail(self, key):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_opened", fail)
        with pytest.raises(ProcessingError, match="3 videos in a row failed at this worker.*No space left"):
            Worker(store, "broken").work()
    state = look(store, manifest)
    assert not state.failures and sorted(s.failures.get("prepare", 0) for s in state.states.values()) == [0, 0, 1, 1, 1]

    # alone, and with one video, it tries as often as is allowed
    replace(manifest, videos=manifest.videos[:1]).save(store)
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_opened", fail)
        assert Worker(store, "other").work() == 0
    assert look(store, Manifest.load(store)).failures


def test_videos_at_fault_are_no_fault_of_the_machine(several, tmp_path):
    store, manifest = several
    assert len(manifest.videos) > OWN_FAILURES
    for video in manifest.videos:
        with open(video.source, "ab") as file:
            file.write(b"changed")
    assert Worker(store, "w").work() == 0
    assert len(look(store, manifest).failures) == len(manifest.videos)


def test_what_a_machine_lacks_is_left_to_others(planned, monkeypatch):
    def lacking(config):
        raise UserError("needs PyTorch", remedy="install it")

    store, manifest, _ = planned
    monkeypatch.setattr("ned.batch.opened.resolve", lacking)
    with pytest.raises(Unsuitable, match="needs PyTorch; install it"):
        Worker(store, "w").work()
    assert not look(store, manifest).failures and store.names(FINISHED) == []


def test_losses_are_no_failures_and_failures_no_losses():
    names = [f"prepare.failed.{k}.json" for k in range(1, 10)] + ["prepare.claim.10.json"]
    state = VideoState.of("v", 2, names)
    assert state.attempts(Unit("v")) == 10 and state.losses(Unit("v")) == 1


def test_a_video_that_was_finished_by_one_taken_for_lost_goes_on(memory, clip, tmp_path):
    """It was marked as failed, then its failing unit was done after all, and the others have never begun."""
    manifest, _ = plan_batch([(str(clip), ProcessConfig(clip, output=tmp_path / "o.mp4"))], memory, Terms(device="cpu"))
    key = manifest.videos[0].key
    memory.put(f"{folder_of(key)}/prepare.done.4.json", b"{}")
    memory.put(f"{FINISHED}/{key}.failed", b"")
    assert retry(memory, manifest) == 0 and memory.names(FINISHED) == []


def test_a_plan_that_grows(memory, clip, tmp_path, monkeypatch):
    """What two plan at the same time is all planned; a worker that has nothing left sees what has come."""
    for name in "ab":
        shutil.copy(clip, tmp_path / f"{name}.mp4")
        with open(tmp_path / f"{name}.mp4", "ab") as file:
            file.write(name.encode())
    terms, real = Terms(device="cpu"), __import__("ned.batch.plan", fromlist=["x"]).file_digest

    def meanwhile(path):
        monkeypatch.setattr("ned.batch.plan.file_digest", real)
        plan_batch(jobs_of(tmp_path, "b.mp4"), memory, terms)
        return real(path)

    monkeypatch.setattr("ned.batch.plan.file_digest", meanwhile)
    manifest, new = plan_batch(jobs_of(tmp_path, "a.mp4"), memory, terms)
    assert new == 1 and {os.path.basename(v.source) for v in Manifest.load(memory).videos} == {"a.mp4", "b.mp4"}

    worker = Worker(memory, "w")
    for video in manifest.videos:
        memory.put(f"{FINISHED}/{video.key}.done", b"")
    gone = replace(manifest.videos[0], key="new", source=str(tmp_path / "new.mp4"))
    replace(manifest, videos=(*manifest.videos, gone)).save(memory)
    with pytest.raises(UserError, match=r"new\.mp4: cannot be seen from this machine"):
        worker.work()


def test_copies_of_killed_workers_are_removed(memory, clip, tmp_path):
    plan_batch([(str(clip), ProcessConfig(clip, output=tmp_path / "o.mp4"))], memory, Terms(device="cpu"))
    scratch = tmp_path / "scratch"
    Worker(memory, "w", scratch=scratch)  # makes it
    long_ago = time.time() - 3600
    left, held, fresh, other = (scratch / n for n in ("ned-batch-a-1", "ned-batch-b-2", "ned-batch-c-3", "else"))
    for folder in (left, held, fresh, other):
        folder.mkdir()
    with alone_in(held, "a test"):
        for folder in (left, held, other):
            os.utime(folder, (long_ago, long_ago))
        assert sweep(scratch) == 1
    assert sorted(scratch.iterdir()) == sorted([held, fresh, other])
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be used for copies"):
        Worker(memory, "w", scratch=tmp_path / "file" / "below")


class Puppets:
    """A pool whose workers end as they are told to."""

    def __init__(self, store, ends):
        self.store, self.ends, self.started = store, iter(ends), []

    def start(self, name, count):
        self.started.append(name)

    def ended(self, wait_s):
        how = next(self.ends)
        if how == "takes":  # a unit, and is lost over it
            key = Manifest.load(self.store).videos[0].key
            take(self.store, VideoState.of(key, 1, self.store.names(folder_of(key))), Unit(key), self.started[-1])
            how = "lost"
        yield Ended(self.started[-1], how, "no reason")

    def stop(self):
        pass


def test_lost_workers_are_replaced_until_it_makes_no_sense(planned, monkeypatch):
    store, manifest, _ = planned
    unit = Unit(manifest.videos[0].key)
    pool = Puppets(store, ["takes", "takes", "refused"])
    with pytest.raises(UserError, match="no reason"):
        run_pool(pool, 1, store, manifest, Display(quiet=True), 0.0)
    assert len(set(pool.started)) == 3
    said = json.loads(store.get(unit.path("claim.2.json")))
    assert said["at"] == 0.0 and said["worker"] == pool.started[1]  # free at once for the next
    monkeypatch.setattr("ned.batch.backends.pool.REPLACED_MOST", 3)
    pool = Puppets(store, ["lost"] * 9)
    with pytest.raises(ProcessingError, match="4 workers were lost in a row"):
        run_pool(pool, 1, store, manifest, Display(quiet=True), 0.0)
    assert len(pool.started) == 4
