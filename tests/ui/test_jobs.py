"""Jobs outlive whoever began them; previews are what the run makes; photographs go the same way."""

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ned.ui.media import plays
from ned.video import probe, read_frames
from tests.ui.serving import HAPPY


@pytest.fixture(scope="module")
def owner(server, sample):
    visitor = server.visitor()
    visitor.file_id = visitor.send(sample.path)["id"]
    return visitor


def test_a_killed_job_goes_on_and_previews_show_what_it_makes(server, owner, tmp_path):
    to = f"/api/files/{owner.file_id}"
    before = owner.ask("GET", f"{to}/frame?time=0")
    looked = {time: owner.ask("POST", f"{to}/preview", {"document": HAPPY, "time": time}) for time in (0.0, 2.0)}
    assert [int(answer.headers["x-ned-frame"]) for answer in looked.values()] == [0, 50]

    job = owner.post(f"{to}/jobs", {"document": HAPPY})["id"]
    owner.until(lambda: owner.job(job), lambda said: any(s["name"] == "rendering" for s in said["stages"]))
    folder = next(server.data.glob(f"sessions/*/jobs/{job}"))
    _kill(folder)
    owner.until(lambda: owner.job(job), lambda said: said["state"] == "interrupted")
    assert owner.ask("GET", f"/api/jobs/{job}/result").status == 404
    owner.post(f"/api/jobs/{job}/resume", {})
    said = owner.until(lambda: owner.job(job), lambda said: said["state"] not in ("waiting", "running"))
    assert said["state"] == "done" and said["output"] == "sample_happy.mp4"
    names = {path.suffix for path in folder.iterdir()}
    assert ".part" not in names

    result = tmp_path / "result.mp4"
    result.write_bytes(owner.ask("GET", f"/api/jobs/{job}/result").body)
    frames = [frame.rgb() for frame in read_frames(result)]
    for time, answer in looked.items():
        preview = np.asarray(Image.open(io.BytesIO(answer.body))).astype(int)
        assert np.abs(preview - frames[round(25 * time)]).mean() < 2.0
    original = np.asarray(Image.open(io.BytesIO(before.body))).astype(int)
    first = np.asarray(Image.open(io.BytesIO(looked[0.0].body))).astype(int)
    assert np.abs(first - original).max() > 40  # and it does show the edit

    report = owner.ask("GET", f"/api/jobs/{job}/report")
    assert b"sample.mp4" in report.body and "sandbox" in report.headers["content-security-policy"]
    part = owner.ask("GET", f"/api/jobs/{job}/watch", range="bytes=100-199")
    assert part.status == 206 and part.body == result.read_bytes()[100:200]
    assert owner.ask("GET", f"/api/jobs/{job}/yaml").body.startswith(b"timeline:")
    owner.ask("DELETE", f"/api/jobs/{job}")
    assert not folder.exists()


def _kill(folder) -> None:
    """The job's processes, by the folder in their command lines."""
    for process in os.listdir("/proc"):
        try:
            said = Path(f"/proc/{process}/cmdline").read_bytes() if process.isdigit() else b""
        except OSError:
            continue
        if b"ned.ui.job" in said and str(folder).encode() in said:
            os.kill(int(process), signal.SIGKILL)


def test_a_job_that_waits_can_be_cancelled(server, owner):
    """One works at a time; what is cancelled never began."""
    to = f"/api/files/{owner.file_id}/jobs"
    first, second = (owner.post(to, {"document": HAPPY})["id"] for _ in range(2))
    owner.until(lambda: owner.get("/api/session")["jobs"], lambda jobs: any(j["state"] == "running" for j in jobs))
    waits = next(j["id"] for j in owner.get("/api/session")["jobs"] if j["state"] == "waiting")
    assert owner.ask("DELETE", f"/api/files/{owner.file_id}").status == 422  # a job needs it
    for job in (waits, first, second):
        owner.post(f"/api/jobs/{job}/cancel", {})
    for job in (first, second):
        said = owner.until(lambda job=job: owner.job(job), lambda said: said["state"] not in ("waiting", "running"))
        assert said["state"] == "cancelled"
        assert ("began" in said) == (job != waits) and (job != waits or not said["stages"])


def test_a_photograph(server, tmp_path):
    from skimage.data import astronaut

    path = tmp_path / "frame.png"
    Image.fromarray(astronaut()).save(path)
    visitor = server.visitor()
    said = visitor.send(path)
    assert said["kind"] == "image" and said["state"] == "ready" and len(said["facts"]["people"]) == 1, said
    wish = {"emotion": "sad", "intensity": 1.0, "person": "all"}
    preview = visitor.ask("POST", f"/api/files/{said['id']}/preview", {"document": wish})
    job = visitor.post(f"/api/files/{said['id']}/jobs", {"document": wish})["id"]
    state = visitor.until(lambda: visitor.job(job), lambda one: one["state"] not in ("waiting", "running"))
    assert state["state"] == "done" and state["output"] == "frame_sad.png", state
    made = np.asarray(Image.open(io.BytesIO(visitor.ask("GET", f"/api/jobs/{job}/result").body)).convert("RGB")).astype(
        int
    )
    shown = np.asarray(Image.open(io.BytesIO(preview.body))).astype(int)
    assert np.abs(made - shown).mean() < 2.0 and np.abs(made - astronaut().astype(int)).max() > 20


def test_names_that_the_page_uses_itself(server, tmp_path):
    """What it makes of an upload takes the place of none: a photograph called as its preview, a video as its proxy."""
    from skimage.data import astronaut

    from tests.video.tiny_clips import make_clip

    visitor, photo = server.visitor(), tmp_path / "frame.jpg"
    Image.fromarray(np.kron(astronaut(), np.ones((4, 4, 1), np.uint8))).save(photo, quality=60)
    said = visitor.send(photo)
    assert said["state"] == "ready" and visitor.ask("GET", f"/api/files/{said['id']}/frame").status == 200
    (kept,) = server.data.glob(f"sessions/*/files/{said['id']}/upload/*")
    assert kept.name == "frame.jpg" and kept.read_bytes() == photo.read_bytes()

    video = make_clip(tmp_path / "proxy.mp4", form="yuv420p10le")
    said = visitor.send(video)
    said = visitor.until(lambda: visitor.file(said["id"]), lambda one: one["media"], 60.0)
    shown = visitor.ask("GET", f"/api/files/{said['id']}/media").body
    assert not said["facts"]["plays"] and shown != video.read_bytes()
    (tmp_path / "shown.mp4").write_bytes(shown)
    assert plays(probe(tmp_path / "shown.mp4"))


def test_a_worker_that_dies_is_begun_again(server, owner):
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    workers = [pid for pid in children if b"ned.ui.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 1
    os.kill(int(workers[0]), signal.SIGKILL)
    wish = {"document": HAPPY, "time": 1.0}
    statuses = [owner.ask("POST", f"/api/files/{owner.file_id}/preview", wish).status for _ in range(2)]
    assert statuses[1] == 200 and statuses[0] in (200, 500)
