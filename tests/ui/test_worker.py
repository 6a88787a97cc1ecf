"""The worker beside the page, and the page's side of it: who waits for whom, and what becomes of work cut off."""

import asyncio
import io
import json
import sys
import threading
import time
from pathlib import Path

import pytest

from ned.errors import Cancelled, ProcessingError
from ned.runtime.cancel import CancelToken
from ned.ui.client import WorkerClient, WorkerGone
from ned.ui.files import MOST_DEATHS, Files
from ned.ui.store import Store, read_json, write_json
from ned.ui.worker import MOST_SCENES, Worker


class Talk:
    """A worker and what it has said."""

    def __init__(self) -> None:
        self.out, self.sent = io.StringIO(), 0
        self.worker = Worker(self.out)

    def ask(self, do, **request):
        self.sent += 1
        self.worker.serve_line(json.dumps({"id": self.sent, "do": do, **request}))
        return self.sent

    def answer(self, ident, seconds=20.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.out.getvalue().splitlines():
                said = json.loads(line)
                if said["id"] == ident and ("result" in said or "error" in said):
                    return said
            time.sleep(0.01)
        raise AssertionError(f"no answer to {ident}")


@pytest.fixture
def talk(monkeypatch):
    """A worker whose looks go on until they are cancelled."""
    talk = Talk()
    began = talk.began = threading.Event()

    def look(request, token, tell):
        began.set()
        while not token.cancelled:
            time.sleep(0.01)
        token.check()

    monkeypatch.setattr(talk.worker, "do_look", look, raising=False)
    yield talk
    talk.worker.end()


def test_removing_a_file_waits_for_nobody_elses_look(talk, tmp_path):
    mine = talk.ask("look", path=str(tmp_path / "a" / "upload" / "a.mp4"))
    assert talk.began.wait(10)
    assert talk.answer(talk.ask("forget", folder=str(tmp_path / "b")))["result"] is None
    assert mine in talk.worker._tokens  # still at it
    # of its own file it waits until nobody writes there any more
    forgotten = talk.answer(talk.ask("forget", folder=str(tmp_path / "a")))
    said = [json.loads(line)["id"] for line in talk.out.getvalue().splitlines()]
    assert talk.answer(mine)["kind"] == "Cancelled" and said.index(mine) < said.index(forgotten["id"])


def test_cancelling_what_is_over_is_nothing(talk):
    talk.worker.serve_line(json.dumps({"id": 99, "do": "cancel"}))
    assert talk.answer(talk.ask("forget", folder="/nowhere"))["result"] is None


def test_a_scene_is_opened_once_and_the_last_used_are_kept(talk, tmp_path, monkeypatch):
    opened = []

    class Scene:
        def __init__(self, path, cache, progress, work):
            opened.append(path.name)
            time.sleep(0.05)

    monkeypatch.setattr("ned.ui.scene.Scene", Scene)

    def scene(name):
        request = {"path": str(tmp_path / name), "kind": "video", "folder": str(tmp_path), "cache": str(tmp_path)}
        return talk.worker._scene(request, CancelToken())

    threads = [threading.Thread(target=scene, args=("a",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert opened == ["a"]
    for name in "bc":
        scene(name)
    first = scene("a")
    scene("d")  # one has to go: the one that was asked for longest ago
    assert scene("a") is first and opened == list("abcd") and len(talk.worker._scenes) == MOST_SCENES


PUPPET = """
import json, os, sys, time
for line in sys.stdin:
    said = json.loads(line)
    if said["do"] == "die":
        os._exit(1)
    if said["do"] == "look":
        if said["path"] == "mumble":
            print("no JSON", flush=True)
        continue
    print(json.dumps({"id": said["id"], "result": os.getpid()}), flush=True)
"""


@pytest.fixture
def puppet(monkeypatch):
    """A worker that answers with its number, looks for ever, and dies when it is told to."""
    monkeypatch.setattr("ned.ui.client.own_python", lambda *module: [sys.executable, "-c", PUPPET])


def within(work, seconds=30.0):
    return asyncio.run(asyncio.wait_for(work, seconds))


def test_what_the_next_worker_does_is_not_lost_with_the_one_before(puppet):
    async def main():
        client = WorkerClient()
        first = await client.ask("plays")
        waits = asyncio.create_task(client.ask("look", path="x"))
        await asyncio.sleep(0.05)
        dying = asyncio.create_task(client.ask("die"))
        for one in (waits, dying):
            with pytest.raises(WorkerGone):
                await one
        second = await client.ask("plays")
        assert second != first
        with pytest.raises(WorkerGone):  # what is no answer ends it, too
            await client.ask("look", path="mumble")
        assert await client.ask("plays") not in (first, second)
        await client.close()

    within(main())


def upload(tmp_path, name="talk.mp4"):
    """A session with a file that has arrived, and its folder."""
    _, session = Store(tmp_path / "ui").begin()
    folder = session.new("files")
    (folder / "upload").mkdir()
    (folder / "upload" / name).write_bytes(b"")
    write_json(folder / "file.json", {"name": name, "kind": "video", "bytes": 0})
    return session, folder


def test_ending_the_page_is_no_failure_of_the_file(puppet, tmp_path):
    session, folder = upload(tmp_path)

    async def main():
        client = WorkerClient()
        files = Files(client)
        files.look(session, folder)
        await asyncio.sleep(0.2)
        await client.close()
        await asyncio.sleep(0.05)
        assert files.state(folder)["state"] == "looking"

    within(main())
    assert not (folder / "error.json").exists()


def test_a_file_is_given_up_only_where_the_worker_dies_over_it_again_and_again(tmp_path):
    session, folder = upload(tmp_path)
    asked = []

    class Dying(WorkerClient):
        async def ask(self, do, *rest, **request):
            asked.append(do)
            raise WorkerGone("the work was broken off")

    async def main():
        files = Files(Dying())
        for _ in range(MOST_DEATHS + 2):
            files.look(session, folder)
            await asyncio.sleep(0.01)
        assert files.state(folder)["state"] == "failed"

    within(main())
    assert asked == ["look"] * MOST_DEATHS and "broken off" in read_json(folder / "error.json")


def test_curves_and_proxies_that_cannot_be_made_are_not_asked_for_for_ever(tmp_path):
    session, folder = upload(tmp_path)
    write_json(folder / "facts.json", {"plays": False, "people": []})
    asked = []

    class Failing(WorkerClient):
        async def ask(self, do, *rest, **request):
            asked.append(do)
            raise (Cancelled, WorkerGone, ProcessingError, ProcessingError)[len(asked) - 1]("no")

    async def main():
        files = Files(Failing())
        for _ in range(6):
            files.look(session, folder)
            await asyncio.sleep(0.01)

    within(main())
    assert sorted(asked) == ["curves"] * 2 + ["proxy"] * 2  # each broken off once, and then failed
    assert read_json(folder / "curves.json")["loudness"] == []


def test_nobody_looks_at_a_file_that_is_being_removed(tmp_path):
    session, folder = upload(tmp_path)
    asked = []

    class Slow(WorkerClient):
        async def ask(self, do, *rest, **request):
            asked.append(do)
            await asyncio.sleep(0.1 if do == "forget" else 60)

    async def main():
        files = Files(Slow())
        files.look(session, folder)
        await asyncio.sleep(0.01)
        going = asyncio.create_task(files.remove(folder))
        await asyncio.sleep(0.02)
        files.look(session, folder)  # a poll that comes meanwhile
        await going

    within(main())
    assert asked == ["look", "forget"] and not Path(folder).exists()
