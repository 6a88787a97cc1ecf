"""Names, wishes, sessions and media: what needs no server."""

import os
import re
import shlex
import sys
import threading
import time

import numpy as np
import pytest

from ned.cli import parse
from ned.config import ProcessConfig, load_overrides
from ned.errors import Cancelled, ProcessingError, UserError
from ned.runtime.cancel import CancelToken
from ned.ui.document import Document, StillDocument
from ned.ui.job import CANCEL, LOCK, _turn, try_lock
from ned.ui.jobs import PageJobs
from ned.ui.media import loudness, make_proxy, plays
from ned.ui.names import kind_of, safe_name
from ned.ui.settings import UiSettings
from ned.ui.store import Store
from ned.ui.uploads import Uploads
from ned.video import probe
from tests.video.tiny_clips import decode, make_clip


def key(person, time_s, emotion, intensity=1.0, transition=0.8):
    return {"person": person, "time": time_s, "emotion": emotion, "intensity": intensity, "transition": transition}


WISHES = {
    "one": [key(1, 0, "happy")],
    "strength": [key(1, 0, "sad", 0.35)],
    "late": [key(2, 1.25, "angry", 0.6, 1.5)],
    "several": [key(1, 0, "neutral"), key(1, 3.04, "happy", 0.8), key(2, 0.5, "surprised", 1.5)],
    "place": [key(1, 0, "va(0.7,-0.3)"), key(1, 2, "original")],
    "long": [key(1, 0, "neutral"), key(1, 3661.257, "happy", 0.85), key(1, 7322.001, "va(0.125,-0.333)")],
    "own lengths": [key(1, 0, "neutral"), key(1, 1, "happy", 1, 0.2), key(1, 3, "sad", 1, 2.0)],
    "clip": [{"person": 1, "time": 0, "reference": "abc", "intensity": 0.9, "transition": 0.8}, key(2, 0, "happy")],
}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_command_and_yaml_say_what_the_page_does(wish, tmp_path):
    """Both, as `ned process` reads them, come to the options of the page's own job."""
    clip, source = tmp_path / "it's smiling.mp4", tmp_path / "a talk.mp4"
    document = Document.read({"timeline": wish, "renderer": "warp", "quality": "good"}, lambda ident: clip)
    config = document.config(source, output=tmp_path / "out.mp4", report=True)
    (tmp_path / "edit.yaml").write_text(document.yaml())
    again = ProcessConfig.build(load_overrides(tmp_path / "edit.yaml"), input=source, output=config.output, report=True)
    assert again == config

    command = document.command(source, str(tmp_path / "out.mp4"))
    assert bool("<<" in command) == (wish is WISHES["own lengths"])
    line = command
    if "<<" in command:
        head, body, line = re.split("<<'YAML'\n|(?<=\n)YAML\n", command)
        assert head == "cat > out.yaml " and body == document.yaml()
        line = line.replace("--config out.yaml", shlex.join(["--config", str(tmp_path / "edit.yaml")]))
    words = shlex.split(line)
    assert words[:2] == ["ned", "process"]
    said = parse(words[1:]).settings
    assert {edit.person: edit for edit in said.person_edits()} == {e.person: e for e in config.person_edits()}
    same = ("input", "output", "renderer", "quality", "report", "chosen_manipulator", "seed")
    assert [getattr(said, name) for name in same] == [getattr(config, name) for name in same]


def test_a_still_too(tmp_path):
    for wish in (
        {"emotion": "happy", "person": "all"},
        {"valence": -0.5, "arousal": 0.2, "intensity": 0.7, "person": 2},
    ):
        document = StillDocument.read(wish)
        config = document.config(tmp_path / "a b.jpg", output=tmp_path / "c.jpg")
        words = shlex.split(document.command(tmp_path / "a b.jpg", str(tmp_path / "c.jpg")))
        assert words[:2] == ["ned", "still"] and parse(words[1:]).settings == config


@pytest.mark.parametrize(
    "wish",
    [None, [], {"timeline": []}, {"timeline": [key(1, -1, "happy")]}, {"timeline": [key(1, 0, "glad")]},
     {"timeline": [key(True, 0, "happy")]}, {"timeline": [key(1, float("nan"), "happy")]},
     {"timeline": [key(1, 0, "happy", 7)]}, {"timeline": [{"person": 1, "time": 0, "reference": "gone"}]}],
)  # fmt: skip
def test_wishes_that_make_no_sense(wish, tmp_path):
    with pytest.raises(UserError):
        Document.read(wish, lambda ident: None).config(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("talk.mp4", "talk.mp4"), ("../../etc/passwd.mp4", "passwd.mp4"), ("C:\\films\\a.MOV", "a.mov"),
        ("<script>alert(1)</script>.mp4", "script.mp4"), ("  .mp4", "video.mp4"),
        ("été à l'eau.mkv", "ete a l_eau.mkv"),
        ("-rf $(reboot).mp4", "rf _(reboot).mp4"), ("a" * 300 + ".mp4", "a" * 80 + ".mp4"), ("\0\n.mp4", "video.mp4"),
    ],
)  # fmt: skip
def test_names(said, kept):
    assert safe_name(said, "video") == kept
    for wrong in ("film.exe", "film", "image.jpg"):
        with pytest.raises(UserError):
            safe_name(wrong, "video")


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi", "ts", "mpg", "flv", "mxf"])
def test_kinds_of_videos(suffix, tmp_path):
    codecs = {"webm": "libvpx", "mpg": "mpeg2video", "mxf": "mpeg2video", "flv": "flv"}
    from fractions import Fraction

    base = Fraction(1, 25)
    path = make_clip(tmp_path / f"a.{suffix}", codec=codecs.get(suffix, "libx264"), time_base=base)
    assert kind_of(path.read_bytes()[:4096]) == "video"


def test_kinds_of_images_and_of_nothing():
    assert kind_of(b"\xff\xd8\xff\xe0" + b"\0" * 50) == "image" and kind_of(b"RIFF\0\0\0\0WEBPVP8 ") == "image"
    assert kind_of(b"\0\0\0\x18ftypheic") == "image" and kind_of(b"\0\0\0\x18ftypisom") == "video"
    for other in (b"", b"#EXTM3U\n", b"<svg xmlns", b"MZ\x90\0", b"GIF", b"G" + b"x" * 600, b"ffconcat version 1.0"):
        assert kind_of(other) is None


def test_sessions_know_their_own_alone(tmp_path):
    store = Store(tmp_path / "ui")
    assert store.root.stat().st_mode & 0o077 == 0 and (store.root / "key").stat().st_mode & 0o077 == 0
    assert Store(tmp_path / "ui").key == store.key
    (token, mine), (_, other) = store.begin(), store.begin()
    assert store.open(token).folder == mine.folder and token not in str(mine.folder)
    folder = mine.new("files")
    assert mine.find("files", folder.name) == folder and other.find("files", folder.name) is None
    for wrong in ("", "..", "../" + folder.name, folder.name.upper() + "x", folder.name + "\n", "0" * 16):
        assert mine.find("files", wrong) is None
    for wrong in ("", "x", "../../key", token[:-1], token + "="):
        assert store.open(wrong) is None
    assert list(store.idle(60.0)) == []
    long_ago = time.time() - 3600
    os.utime(other.folder, (long_ago, long_ago))
    assert [session.folder for session in store.idle(60.0)] == [other.folder]
    other.touch()
    assert list(store.idle(60.0)) == []


def test_what_browsers_play_and_proxies_of_the_rest(tmp_path):
    plain = make_clip(tmp_path / "a.mp4", audio="aac")
    assert plays(probe(plain))
    deep = make_clip(tmp_path / "deep.mp4", form="yuv420p10le")
    others = (deep, make_clip(tmp_path / "b.mkv"), make_clip(tmp_path / "pcm.mov", audio="pcm_s16le"))
    for path in others:
        assert not plays(probe(path))
        proxy = tmp_path / f"{path.stem}_proxy.mp4"
        make_proxy(path, proxy)
        info = probe(proxy)
        assert plays(info) and (info.height, info.width) == (48, 64) and len(decode(proxy)) == 12
    with pytest.raises(Exception, match="no proxy"):
        make_proxy(tmp_path / "none.mp4", tmp_path / "p.mp4")
    assert not (tmp_path / "p.mp4").exists()


def test_a_file_of_which_ffmpeg_complains_much_is_no_trap(tmp_path, monkeypatch):
    """What it says is not read while it works, so it may not fill a pipe."""
    script = tmp_path / "ffmpeg"
    complains = "import sys; sys.stderr.write('damaged\\n' * 50_000 + 'the end\\n'); sys.exit(1)"
    script.write_text(f"#!{sys.executable}\n{complains}\n")
    script.chmod(0o755)
    monkeypatch.setattr("ned.ui.media.find_ffmpeg", lambda: str(script))
    said = []

    def make():
        try:
            make_proxy(tmp_path / "a.mkv", tmp_path / "p.mp4")
        except ProcessingError as error:
            said.append(str(error))

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    thread.join(30)
    assert said == ["a.mkv: no proxy could be made (the end)"] and list(tmp_path.iterdir()) == [script]


def test_looking_at_a_job_disturbs_nobody(tmp_path):
    """Whoever asks whether it runs neither holds its lock against others who ask, nor makes anything."""
    folder = tmp_path / "job"
    folder.mkdir()
    jobs = PageJobs(Store(tmp_path / "ui"), UiSettings(tmp_path / "ui"))
    assert not jobs.runs(folder) and not list(folder.iterdir())
    (folder / LOCK).touch()
    with (folder / LOCK).open("rb") as asks:
        assert try_lock(asks, shared=True) and not jobs.runs(folder)
    with (folder / LOCK).open("a") as works:
        assert try_lock(works) and jobs.runs(folder)


def test_a_job_that_was_cancelled_before_its_turn_does_not_begin(tmp_path):
    (tmp_path / CANCEL).touch()
    with pytest.raises(Cancelled), _turn(tmp_path / "turn", tmp_path / CANCEL, CancelToken()):
        raise AssertionError("it began")


def test_a_clip_that_a_job_imitates_is_in_use(tmp_path):
    store = Store(tmp_path / "ui")
    _, session = store.begin()
    jobs, folder, clip = PageJobs(store, UiSettings(store.root)), session.new("jobs"), session.new("files")
    (folder / "job.json").write_text('{"file": "0123456789abcdef"}')
    (folder / "edit.yaml").write_text(f"timeline: [{{reference: {clip}/upload/a.mp4}}]")
    with (folder / LOCK).open("a") as works:
        assert try_lock(works)
        assert jobs.use(session, clip.name) and jobs.use(session, "0123456789abcdef")
        assert not jobs.use(session, session.new("files").name)
    assert not jobs.use(session, clip.name)


def test_uploads_that_nobody_sends_any_more_are_found(tmp_path):
    store = Store(tmp_path / "ui")
    _, session = store.begin()
    left, comes, there = (session.new("files") for _ in range(3))
    for folder in (left, comes, there):
        (folder / "part").write_bytes(b"1")
    (there / "file.json").write_text("{}")
    for path in (left / "part", left, there / "part", there, comes):
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert list(Uploads(UiSettings(store.root)).left_behind(store.sessions())) == [left]
    session.delete()
    with pytest.raises(UserError, match="this session is over"):
        session.new("files")
    assert not session.folder.exists()


def test_loudness_follows_the_sound(sample, tmp_path):
    """The louder half of a voice is the louder half of the curve."""
    import av

    curve = np.array(loudness(sample.path, 50, 4.0))
    truth = np.abs(sample.voice.astype(float)) ** 2
    power = np.array([part.mean() for part in np.array_split(truth, 50)])
    assert curve.min() >= 0 and curve.max() <= 1
    assert np.corrcoef(curve, np.clip(1 + 10 * np.log10(np.maximum(power, 1e-5)) / 50, 0, 1))[0, 1] > 0.95
    silent = make_clip(tmp_path / "silent.mp4")
    assert loudness(silent, 10, 1.0) == [] and av


def test_sharing_is_refused():
    with pytest.raises(UserError, match="not served to others"):
        parse(["ui", "--share"])
    for wrong in (["--port", "99999"], ["--max-upload", "0"], ["--keep-hours", "-1"]):
        with pytest.raises(UserError):
            parse(["ui", *wrong])
