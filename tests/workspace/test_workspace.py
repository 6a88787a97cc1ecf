"""Atomic files, fingerprints and the cache."""

import errno
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ned import workspace
from ned.analysis import cached as analyses
from ned.analysis.cached import analyse_cached, analysis_entry, load_analysis, save_analysis
from ned.errors import ProcessingError, UserError
from ned.runtime.progress import Silent
from ned.types import Analysis, AudioStream, Colour, FaceTrack, Shot, VideoInfo


def make_analysis(path: Path, lengths=(5, 3)) -> Analysis:
    rng = np.random.default_rng(0)
    info = VideoInfo(
        path, "mp4", "h264", "yuv420p", 8, 480, 640, Fraction(30000, 1001), Fraction(1, 30000), 8, 8 / 29.97, 90,
        Fraction(1), Colour("bt709", "bt709", "bt709", "tv"), (AudioStream(1, "aac", 48000, 2),),
    )  # fmt: skip
    tracks = tuple(
        FaceTrack(
            k, Shot(0, 8), np.arange(n), rng.random((n, 4), np.float32),
            300 * rng.random((n, 478, 3), np.float32),
        )
        for k, n in enumerate(lengths)
    )  # fmt: skip
    return Analysis(info, 8, (Shot(0, 8),), tracks)


def assert_same(a: Analysis, b: Analysis) -> None:
    assert (a.video, a.num_frames, a.shots) == (b.video, b.num_frames, b.shots)
    for x, y in zip(a.tracks, b.tracks, strict=True):
        assert (x.person, x.shot) == (y.person, y.shot)
        for name in ("frames", "boxes", "landmarks"):
            assert np.array_equal(getattr(x, name), getattr(y, name))
            assert getattr(x, name).dtype == getattr(y, name).dtype


def test_atomic_write(tmp_path):
    target = tmp_path / "out.html"
    workspace.write_text(target, "é")
    assert target.read_text(encoding="utf-8") == "é"
    with pytest.raises(RuntimeError), workspace.atomic_path(target) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".html"
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text(encoding="utf-8") == "é" and os.listdir(tmp_path) == ["out.html"]


@pytest.mark.parametrize(
    ("number", "kind", "said"), [(errno.ENOSPC, ProcessingError, "disk is full"), (errno.EROFS, UserError, "Read-only")]
)
def test_failed_write(tmp_path, number, kind, said):
    with pytest.raises(kind, match=said), workspace.atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("half")
        raise OSError(number, os.strerror(number))
    assert not os.listdir(tmp_path)


def test_missing_folder(tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        workspace.write_text(tmp_path / "no" / "x.txt", "")


def test_fingerprint_follows_content(tmp_path, monkeypatch):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"x" * 1000)
    b.write_bytes(b"x" * 1000)
    assert workspace.fingerprint(a) == workspace.fingerprint(b)
    b.write_bytes(b"x" * 999 + b"y")
    assert workspace.fingerprint(a) != workspace.fingerprint(b)
    monkeypatch.setattr("ned.files.reading._WHOLE_BYTES", 10)
    monkeypatch.setattr("ned.files.reading._CHUNK_BYTES", 20)
    assert workspace.fingerprint(a) != workspace.fingerprint(b)


def test_analysis_comes_back(tmp_path):
    video = tmp_path / "talk.mp4"
    video.write_bytes(b"video")
    cache = workspace.Cache(tmp_path / "cache")
    for lengths in ((5, 3), ()):
        analysis = make_analysis(video, lengths)
        entry = analysis_entry(cache, video, None, float(len(lengths)))
        assert load_analysis(cache, entry, video) is None
        save_analysis(cache, entry, analysis)
        assert_same(load_analysis(cache, entry, video), analysis)
    assert entry != analysis_entry(cache, video, 1.0, 2.0)
    assert not any(name.startswith("part-") for name in os.listdir(cache.root))


@pytest.mark.parametrize("damage", ["flip", "cut", "lose", "json", "empty"])
def test_damaged_entry_is_missing(tmp_path, damage):
    video, cache = tmp_path / "talk.mp4", workspace.Cache(tmp_path / "cache")
    video.write_bytes(b"video")
    entry = analysis_entry(cache, video)
    save_analysis(cache, entry, make_analysis(video))
    file = entry / ("analysis.json" if damage in ("json", "empty") else "landmarks.npy")
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        content = content[:-100]
    elif damage == "json":
        content = bytearray(b"[1, 2]")
    elif damage == "empty":
        content = bytearray()
    file.write_bytes(bytes(content))
    if damage == "lose":
        file.unlink()
    assert load_analysis(cache, entry, video) is None
    save_analysis(cache, entry, make_analysis(video))
    assert load_analysis(cache, entry, video) is not None


def test_second_run_does_not_analyse(tmp_path, monkeypatch):
    video, cache, calls = tmp_path / "talk.mp4", workspace.Cache(tmp_path / "cache"), []
    video.write_bytes(b"video")

    def analyse(path, *, start_s, end_s, progress):
        calls.append(path)
        progress(8, 8)
        return make_analysis(path)

    monkeypatch.setattr("ned.analysis.analyse", analyse)
    first = analyse_cached(video, Silent(), cache=cache)
    moved = video.rename(tmp_path / "moved.mp4")
    second = analyse_cached(moved, Silent(), cache=cache)
    assert len(calls) == 1 and second.video.path == moved and len(second.tracks) == len(first.tracks)
    analyse_cached(moved, Silent(), start_s=1.0, cache=cache)
    analyse_cached(moved, Silent())
    monkeypatch.setattr(analyses, "__version__", "99")
    analyse_cached(moved, Silent(), cache=cache)
    assert len(calls) == 4
    blocked = tmp_path / "file"
    blocked.touch()
    analyse_cached(moved, Silent(), cache=workspace.Cache(blocked / "cache"))


def test_cache_is_bounded(tmp_path):
    cache = workspace.Cache(tmp_path, max_bytes=2500)
    for k in range(4):
        entry = cache.entry("work", k)
        cache.save(entry, lambda folder: (folder / "data").write_bytes(bytes(1000)) and None)
        os.utime(entry, (k + 1, k + 1))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(cache.entry("work", k).name for k in (2, 3))


def test_cache_root(monkeypatch):
    monkeypatch.setenv("NED_CACHE", "/x/y")
    assert workspace.cache_root() == Path("/x/y")
    monkeypatch.delenv("NED_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/z")
    assert workspace.cache_root() == Path("/z/ned")


def test_what_a_user_made_lies_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_DATA", str(tmp_path / "own"))
    assert workspace.actors_root() == tmp_path / "own" / "actors"
    monkeypatch.delenv("NED_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert workspace.data_root() == tmp_path / "xdg" / "ned"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert workspace.data_root() == Path.home() / ".local" / "share" / "ned"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "-x", " a", "a\n", "x" * 90, "a\x00", ".hid", "a."])
def test_what_cannot_be_an_actors_name_is_refused(name):
    with pytest.raises(UserError, match="cannot be an actor's name"):
        workspace.actor_folder(name)


def test_videos_give_names_of_actors(tmp_path):
    for stem, wanted in (("Talk 3", "Talk_3"), ("..", "actor"), ("Zoë", "Zoë"), ("a/b", "b"), ("x" * 200, "x" * 80)):
        name = workspace.actor_name(tmp_path / f"{stem}.mp4")
        assert name == wanted and workspace.actor_folder(name)


def test_a_folder_is_for_one_run_at_a_time(tmp_path):
    with (
        workspace.alone_in(tmp_path / "a" / "b", "ann"),
        pytest.raises(UserError, match="another run of ned is working on it: ann"),
        workspace.alone_in(tmp_path / "a" / "b", "ann"),
    ):
        pass
    with workspace.alone_in(tmp_path / "a" / "b", "ann"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="in the way"), workspace.alone_in(tmp_path / "file", "ann"):
        pass
