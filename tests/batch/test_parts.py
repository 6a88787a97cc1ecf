"""Stores, units, claims, plans and what they refuse."""

import json
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ned.batch.backends.local import Processes
from ned.batch.backends.ray import Needs, check_resources
from ned.batch.claims import claimed, read_claim, take, withdraw_all
from ned.batch.manifest import Manifest, options_from, plain_options
from ned.batch.place import worker_name, workers_together
from ned.batch.plan import Terms, plan_batch
from ned.batch.store import Store
from ned.batch.units import PREPARE, Unit, VideoState, folder_of, ranges
from ned.batch.worker import Worker, choose
from ned.cli import parse
from ned.config import ProcessConfig
from ned.config.timeline import parse_timeline
from ned.errors import ProcessingError, UserError
from ned.runtime.cancel import CancelToken
from ned.runtime.cores import available
from ned.runtime.events import StageAdvanced, StageBegan


@pytest.fixture(scope="module")
def bucket():
    """A server that speaks S3, on this machine, and a bucket in it."""
    pytest.importorskip("s3fs", reason="needs s3fs, and moto as a server of S3")
    server = pytest.importorskip("moto.server", reason="needs moto as a server of S3").ThreadedMotoServer(port=0)
    server.start()
    patch = pytest.MonkeyPatch()
    host, port = server.get_host_and_port()
    names = {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}
    for name, value in {**names, "ENDPOINT_URL": f"http://{host}:{port}"}.items():
        patch.setenv(f"AWS_{name}", value)
    import s3fs

    s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
    yield "s3://bucket"
    server.stop()
    patch.undo()


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request, tmp_path, memory):
    if request.param == "s3":
        return Store(f"{request.getfixturevalue('bucket')}/{tmp_path.name}")
    return memory if request.param == "memory" else Store(str(tmp_path / "store"))


def test_a_store_keeps_objects(store, tmp_path):
    assert store.get("a/b") is None and store.names("a") == [] and store.tree("") == []
    store.put("a/b", b"1")
    store.put("a/b", b"2")
    assert store.put_new("a/c", b"3") and not store.put_new("a/c", b"4")
    (tmp_path / "file").write_bytes(b"5" * 1000)
    store.put_file("a/d/e", tmp_path / "file")
    store.fetch("a/d/e", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"5" * 1000
    assert (store.get("a/b"), store.get("a/c")) == (b"2", b"3")
    assert store.names("a") == ["b", "c", "d"] and store.tree("a") == ["b", "c", "d/e"]
    store.delete("a/b")
    store.delete("a/b")
    assert store.names("a") == ["c", "d"]
    with pytest.raises(ProcessingError, match="lacks a/z"):
        store.fetch("a/z", tmp_path / "none")


def test_of_many_one_creates(store):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda k: store.put_new("claim", b"%d" % k), range(32)))
    assert sum(made) == 1 and int(store.get("claim")) == made.index(True)


def test_stores_that_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr("ned.batch.store.FIRST_WAIT_S", 0.001)
    with pytest.raises(UserError, match="nosuch"):
        Store("nosuch://bucket/x")
    (tmp_path / "file").touch()
    with pytest.raises(ProcessingError, match="cannot be reached.*then the same command goes on"):
        Store(str(tmp_path / "file" / "below")).put("x", b"")
    with pytest.raises(UserError, match="holds no plan; make one with `ned batch plan`"):
        Manifest.load(Store(str(tmp_path)))
    Store(str(tmp_path)).put("manifest.json", b'{"format": 99}')
    with pytest.raises(UserError, match="its plan cannot be read"):
        Manifest.load(Store(str(tmp_path)))


def test_ranges_cover_all_pieces():
    for pieces in (1, 2, 3, 14, 15, 120):
        for per_unit in (1, 4, 10):
            units = ranges("v", pieces, per_unit)
            assert [k for unit in units for k in range(unit.start, unit.stop)] == list(range(pieces))
            assert all(unit.stop - unit.start < 1.5 * per_unit + 1 for unit in units)


def test_a_listing_says_how_a_video_stands():
    names = ["prepare.done.7.json", "prepare.claim.1.json", "prepare.1-w.tar", "r0000-0003.claim.2.json",
             "r0000-0003.failed.1.json", "r0000-0003.failed.2.json", "r0003-0007.refused.json", "junk",
             "r1.done"]  # fmt: skip
    state = VideoState.of("v", 3, names)
    first, second = Unit("v", 0, 3), Unit("v", 3, 7)
    assert state.units == [Unit("v"), first, second] and state.done == {PREPARE} and not state.finished
    assert (state.attempts(first), state.in_flight(first)) == (2, False)
    assert state.given_up(first, 2) and not state.given_up(first, 3)
    assert state.given_up(second, 9) and state.hopeless(9) and state.open(3) == [first]
    assert VideoState.of("v", 3, [*names, "r0000-0003.done.0.json", "r0003-0007.done.0.json"]).finished


def test_a_claim_is_one_workers_until_it_falls_silent(memory):
    unit = Unit("v")

    def now():
        return VideoState.of("v", 3, memory.names(folder_of("v")))

    held = take(memory, now(), unit, "a")
    first = read_claim(memory, unit, 1)
    assert take(memory, replace(now(), claims={}), unit, "b") is None
    assert claimed(memory, now(), unit, lease_s=600.0)
    with held.keep_alive(0.2, CancelToken()):
        held.listen(StageBegan("rendering", 100))
        held.listen(StageAdvanced("rendering", 40, 100, 1.0))
        until = time.monotonic() + 30
        while (claim := read_claim(memory, unit, 1)).done != 40 and time.monotonic() < until:
            time.sleep(0.02)
    assert (claim.worker, claim.stage, claim.done, claim.total) == ("a", "rendering", 40, 100)
    assert claim.at > first.at and claim.lost(9.0, claim.at + 10) and not claim.lost(9.0, claim.at + 8)
    memory.put(unit.path("claim.1.json"), json.dumps(vars(claim) | {"at": claim.at - 1000}).encode())
    assert not claimed(memory, now(), unit, lease_s=600.0)
    again = take(memory, now(), unit, "b")
    assert again.attempt == 2 and claimed(memory, now(), unit, 600.0)
    assert withdraw_all(memory, [now()], {"a"}) == 0 and withdraw_all(memory, [now()], {"b"}) == 1
    assert not claimed(memory, now(), unit, 600.0)
    third = take(memory, now(), unit, "c")
    third.withdraw()
    assert now().attempts(unit) == 2


def test_options_come_through_with_their_files(tmp_path):
    for name in ("clip.mp4", "face.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    timeline = parse_timeline(
        [{"time": 0, "reference": "clip.mp4", "intensity": 0.5}, {"time": 2, "emotion": "sad", "person": 2}], tmp_path
    )
    config = ProcessConfig(Path("in.mp4"), timeline=timeline, intensity=0.25, compare=True, quality="12", seed=3)
    plain = json.loads(json.dumps(plain_options(config, lambda path: f"files/{path.name}")))
    back = options_from(plain, lambda name: tmp_path / name.removeprefix("files/"), input=Path("in.mp4"))
    assert back == config
    assert "provenance_key" not in plain and "output" not in plain


def test_a_plan_grows_and_says_what_is_new(memory, clip, tmp_path):
    terms = Terms(device="cpu", upload=True)
    other = tmp_path / "other.mp4"
    shutil.copy(clip, other)

    def jobs(*paths, **options):
        return [(str(path), ProcessConfig(path, output=tmp_path / f"{path.stem}_out.mp4", **options)) for path in paths]

    manifest, new = plan_batch(jobs(clip), memory, terms)
    assert new == 1 and manifest.per_unit == 10 and manifest.videos[0].source.startswith("store:sources/")
    assert memory.get(manifest.videos[0].source.removeprefix("store:")) == clip.read_bytes()
    manifest, new = plan_batch(jobs(clip, other), memory, terms)
    assert new == 1 and len(manifest.videos) == 2
    assert plan_batch(jobs(other, emotion="sad"), memory, terms)[1] == 1
    assert len(Manifest.load(memory).options) == 2
    with pytest.raises(UserError, match="fine-tuning is no part of a batch"):
        plan_batch(jobs(other, finetune_minutes=1.0), memory, terms)
    with pytest.raises(UserError, match="holds a plan for cpu"):
        plan_batch(jobs(other), memory, replace(terms, device="cuda"))


def test_workers_that_do_not_suit(memory, clip, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    config = ProcessConfig(clip, output=tmp_path / "o.mp4")
    manifest, _ = plan_batch([(str(clip), config)], memory, Terms(device="cpu"))
    for wrong, said in (
        ({"version": "9.9"}, "made by ned 9.9, this worker is"),
        ({"packages": {"numpy": "0.1"}}, "made with numpy 0.1, this worker has"),
        ({"device": "cuda"}, "asks for a GPU, and there is none here; .*--device cpu"),
    ):
        replace(manifest, **wrong).save(memory)
        with pytest.raises(UserError, match=said):
            Worker(memory, "w")
    gone = replace(manifest.videos[0], source=str(tmp_path / "gone.mp4"))
    replace(manifest, videos=(gone,)).save(memory)
    with pytest.raises(UserError, match=r"gone\.mp4: cannot be seen from this machine"):
        Worker(memory, "w").work()
    assert not [name for name in memory.tree("videos") if "failed" in name or "refused" in name or "claim" in name]
    with pytest.raises(UserError, match="is seen by this process alone"):
        Processes(memory, 1)


def test_what_a_ray_cluster_has_is_checked_first():
    nodes = [{"CPU": 4.0, "memory": 8e9}, {"CPU": 2.0, "memory": 8e9}]
    whole = {"CPU": 6.0, "memory": 16e9}
    assert check_resources(whole, nodes, Needs(cpus=2), "cpu") == 3
    assert check_resources(whole, nodes, Needs(cpus=1, memory_gb=4.0), "cpu") == 4
    with pytest.raises(
        UserError, match="the plan asks for a GPU, but the Ray cluster has 6 CPUs and 0 GPUs on 2 nodes"
    ):
        check_resources(whole, nodes, Needs(gpus=1.0), "cuda")
    with pytest.raises(UserError, match="the workers get none; give --gpus 1"):
        check_resources(whole, nodes, Needs(), "cuda")
    with pytest.raises(UserError, match="no node has room for a worker of 5 CPUs"):
        check_resources(whole, nodes, Needs(cpus=5), "cpu")


def test_names_and_cores(monkeypatch):
    assert worker_name("a b/c") == "a-b-c" and worker_name() != worker_name()
    assert workers_together(8) == 8 and workers_together(None) > 1000
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "7")
    assert workers_together(None) == 7
    monkeypatch.setenv("NED_CPUS", "1")
    assert available() == 1


def test_where_workers_look():
    order, chance = list("abcdefgh"), random.Random(0)
    assert list(choose(order, set("b"), set("a"), 1, chance)) == [*"cdefgh", "b"]
    firsts = {next(choose(order, set("ab"), set(), 3, chance)) for _ in range(50)}
    assert firsts == set("cde")
    assert sorted(choose(order, set("ab"), set("a"), 100, chance)) == list("bcdefgh")


def test_the_command_line_plans():
    plan = parse(["batch", "plan", "s3://b/a/talk.mp4", "--to", "s3://b/store", "--emotion", "sad", "--unit", "2:00"])
    assert plan.jobs[0][0] == "s3://b/a/talk.mp4" and plan.jobs[0][1].output_path == Path("talk_sad.mp4")
    assert plan.unit_s == 120.0
    with pytest.raises(UserError, match="missing: --to"):
        parse(["batch", "plan", "talk.mp4"])
    with pytest.raises(UserError, match="--overwrite is no option of a plan"):
        parse(["batch", "plan", "talk.mp4", "--to", "x", "-y"])
