"""The work folder: what stays, what goes, who may have it."""

import errno
import os
import subprocess
import sys

import pytest

from ned.config import ProcessConfig
from ned.errors import Cancelled, ProcessingError, UserError
from ned.pipeline.resolved import key_of, resolve
from ned.workspace import check_space, job_key, open_job, publishing, work_folder

KEY = {"emotion": "sad"}


def leave(output, error, key=KEY, keep=False, files=("video-000000000@0.nut", "half.tmp")):
    with pytest.raises(type(error)) as caught, open_job(output, key, keep) as job:
        for name in files:
            (job.folder / name).write_bytes(b"x")
        raise error
    return caught.value


def names(output):
    folder = work_folder(output)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else None


KEPT = ["job.json", "lock", "video-000000000@0.nut"]


@pytest.mark.parametrize(
    ("error", "keep", "left"),
    [
        (ProcessingError("ffmpeg died"), False, KEPT),
        (RuntimeError("odd"), False, KEPT),
        (SystemExit(143), False, KEPT),
        (UserError("it changed"), False, KEPT),
        (KeyboardInterrupt(), False, None),
        (KeyboardInterrupt(), True, KEPT),
    ],
)
def test_what_is_finished_stays_but_for_an_interruption(tmp_path, error, keep, left):
    output = tmp_path / "out.mp4"
    said = leave(output, error, keep=keep)
    assert names(output) == left
    if isinstance(error, ProcessingError):
        assert "the same command goes on from out.mp4.part" in str(said)


def test_nothing_of_use_leaves_nothing(tmp_path):
    output = tmp_path / "out.mp4"
    leave(output, ProcessingError("x"), files=("half.tmp",))
    assert names(output) is None
    leave(output, UserError("no face"), files=("analysis.state",))
    assert names(output) is None
    leave(output, ProcessingError("no frame"), files=("landmarks.raw", "skins.raw"))  # rows that nothing speaks of
    assert names(output) is None
    with open_job(output, KEY) as job:
        (job.folder / "video-000000000@0.nut").touch()
    assert not list(tmp_path.iterdir())


def test_other_work_is_thrown_away(tmp_path):
    output = tmp_path / "out.mp4"
    leave(output, RuntimeError())
    with open_job(output, KEY) as job:
        assert job.begun
        assert names(output) == KEPT
    leave(output, RuntimeError())
    with open_job(output, {"emotion": "happy"}) as job:
        assert not job.begun


def test_foreign_folders_are_not_touched(tmp_path):
    output = tmp_path / "out.mp4"
    work_folder(output).mkdir()
    (work_folder(output) / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="not a work folder"), open_job(output, KEY):
        pass
    assert (work_folder(output) / "mine.txt").read_text() == "precious"


def test_two_runs_are_kept_apart_and_a_dead_one_is_not(tmp_path):
    output = tmp_path / "out.mp4"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom ned.workspace import open_job\n"
        "with open_job(Path(sys.argv[1]), {'emotion': 'sad'}) as job:\n"
        "    (job.folder / 'video-000000000@0.nut').touch()\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(output)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"in\n"
    with pytest.raises(UserError, match="another run"), open_job(output, KEY):
        pass
    child.kill()
    child.communicate()
    with open_job(output, KEY) as job:
        assert job.begun


def test_a_full_disk_is_told_and_keeps_the_work(tmp_path):
    output = tmp_path / "out.mp4"
    with pytest.raises(ProcessingError, match="disk is full.*goes on"), open_job(output, KEY) as job:
        (job.folder / "video-000000000@0.nut").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(output) == KEPT


def test_outputs_of_an_interrupted_end_are_known_by_their_job(tmp_path):
    output = tmp_path / "out.mp4"
    with pytest.raises(SystemExit), open_job(output, job_key({"emotion": "sad"})) as job:
        job.note_publishing([output])
        raise SystemExit
    assert publishing(output, lambda: job_key({"emotion": "sad"})) == (output.resolve(),)
    assert publishing(output, lambda: job_key({"emotion": "happy"})) == ()


def test_room_is_checked(tmp_path):
    check_space(tmp_path / "out.part", 1000)
    with pytest.raises(UserError, match="are needed, .* are free"):
        check_space(tmp_path / "out.part", 10**18)


def test_the_work_depends_on_what_is_in_the_files_not_on_their_names(tmp_path):
    clip, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip.write_bytes(b"one" * 100)
    other.write_bytes(b"one" * 100)
    before = job_key({"reference": (clip,)})
    assert job_key({"reference": (other,)}) == before
    clip.write_bytes(b"two" * 100)
    assert job_key({"reference": (clip,)}) != before


def test_the_work_of_an_actor_fine_tuned_anew_is_other_work(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))
    weights = tmp_path / "data" / "actors" / "anna" / "actor.safetensors"
    weights.parent.mkdir(parents=True)
    (tmp_path / "video.mp4").write_bytes(b"video")
    config = ProcessConfig(input=tmp_path / "video.mp4", renderer="neural", actor="anna")
    weights.write_bytes(b"first")
    before = key_of(config, resolve(config))
    assert key_of(config, resolve(config)) == before
    weights.write_bytes(b"other")
    assert key_of(config, resolve(config)) != before


def test_work_of_a_former_version_is_left_alone_and_said(tmp_path):
    output = tmp_path / "out.mp4"
    folder = work_folder(output)
    folder.mkdir()
    (folder / "job.json").write_text('{"version": "0.1.0", "format": "1", "renderer": "\'auto\'"}')
    (folder / "piece.nut").write_bytes(b"images")
    with pytest.raises(UserError, match="unfinished work of a former ned.*remove the folder"), open_job(output, {}):
        pass
    assert (folder / "piece.nut").read_bytes() == b"images" and not (folder / "lock").exists()


def test_other_work_in_the_way_is_noted(tmp_path):
    output = tmp_path / "out.mp4"
    with pytest.raises(SystemExit), open_job(output, job_key({"emotion": "sad"})) as job:
        assert not job.replaced
        (job.folder / "piece.nut").write_bytes(b"images")
        raise SystemExit
    with open_job(output, job_key({"emotion": "happy"})) as job:
        assert job.replaced and not (job.folder / "piece.nut").exists()


@pytest.mark.parametrize("keep", [False, True])
def test_cancelled_work_goes_like_interrupted_work(tmp_path, keep):
    output = tmp_path / "out.mp4"
    leave(output, Cancelled("cancelled"), keep=keep, files=("video-000000000@0.nut",))
    assert work_folder(output).exists() == keep
