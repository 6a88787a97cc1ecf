"""A cache into which somebody else has written, with digests that are right."""

import json
import zipfile

import numpy as np
import pytest

from ned import workspace
from ned.analysis.cached import _digest, analysis_entry, load_analysis, save_analysis
from tests.workspace.test_workspace import make_analysis


@pytest.fixture
def entry(tmp_path):
    """Cache, entry and video of a good analysis."""
    video = tmp_path / "talk.mp4"
    video.write_bytes(b"not looked at")
    cache = workspace.Cache(tmp_path / "cache")
    folder = analysis_entry(cache, video)
    save_analysis(cache, folder, make_analysis(video))
    assert load_analysis(cache, folder, video) is not None
    return cache, folder, video


def _sign(folder, **changes):
    """Write the head anew, with `changes` and digests that fit."""
    head = json.loads((folder / "analysis.json").read_text()) | changes
    head["digests"] = {name: _digest(folder / name) for name in ("tracks.npz", "landmarks.npy")}
    (folder / "analysis.json").write_text(json.dumps(head))


def _arrays(folder, **changes):
    with np.load(folder / "tracks.npz") as stored:
        arrays = dict(stored) | changes
    np.savez(folder / "tracks.npz", **arrays)


def _bomb(folder):
    with zipfile.ZipFile(folder / "tracks.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(60 * 1024**2))


def _pickle(folder):
    np.savez(folder / "tracks.npz", frames0=np.array([{"a": 1}], dtype=object))


HARM = {
    "no zip": lambda f: (f / "tracks.npz").write_bytes(b"PK\x03\x04 nothing"),
    "cut off": lambda f: (f / "tracks.npz").write_bytes((f / "tracks.npz").read_bytes()[:-30]),
    "bomb": _bomb,
    "pickle": _pickle,
    "indices beyond the shot": lambda f: _arrays(f, frames0=np.arange(10**9, 10**9 + 5)),
    "indices that fall": lambda f: _arrays(f, frames0=np.array([4, 3, 2, 1, 0])),
    "indices that are no integers": lambda f: _arrays(f, frames0=np.linspace(0, 4, 5)),
    "boxes of nan": lambda f: _arrays(f, boxes0=np.full((5, 4), np.nan, np.float32)),
    "boxes of text": lambda f: _arrays(f, boxes0=np.full((5, 4), "x")),
    "landmarks of nan": lambda f: np.save(f / "landmarks.npy", np.full((8, 478, 3), np.nan, np.float32)),
    "landmarks of doubles": lambda f: np.save(f / "landmarks.npy", np.zeros((8, 478, 3))),
    "landmarks whose header does not end": lambda f: (f / "landmarks.npy").write_bytes(
        (f / "landmarks.npy").read_bytes().replace(b"), }", b"(, }", 1)
    ),
    "landmarks whose header is indented": lambda f: (f / "landmarks.npy").write_bytes(
        (f / "landmarks.npy").read_bytes().replace(b"{'descr'", b" if\n  a", 1)
    ),
    "landmarks that claim terabytes": lambda f: (f / "landmarks.npy").write_bytes(
        (f / "landmarks.npy").read_bytes().replace(b"(8, 478, 3)", b"(8000000000, 478, 3)", 1)
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_harmful_entry_counts_as_missing(entry, monkeypatch, harm):
    cache, folder, video = entry
    monkeypatch.setattr("ned.analysis.cached.MAX_TRACKS_BYTES", 50 * 1024**2)
    HARM[harm](folder)
    _sign(folder)
    assert load_analysis(cache, folder, video) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"shots": [[5, 2]]}, {"shots": "many"}, {"num_frames": "x"}, {"tracks": [{"person": 1, "shot": [0, 9]}] * 900},
        {"tracks": 7}, {"video": []}, {"shots": [[0, 1, 2]]},
    ],
)  # fmt: skip
def test_harmful_head_counts_as_missing(entry, changes):
    cache, folder, video = entry
    _sign(folder, **changes)
    assert load_analysis(cache, folder, video) is None


@pytest.mark.parametrize("field", ["frame_rate", "time_base", "sample_aspect_ratio"])
@pytest.mark.parametrize("value", ["1/0", "0", "-25", "nan", "1e999999999"])
def test_harmful_numbers_of_the_video_count_as_missing(entry, field, value):
    cache, folder, video = entry
    head = json.loads((folder / "analysis.json").read_text())
    _sign(folder, video=head["video"] | {field: value})
    assert load_analysis(cache, folder, video) is None


def test_deep_and_large_heads_count_as_missing(entry, monkeypatch):
    cache, folder, video = entry
    (folder / "analysis.json").write_text("[" * 200_000)
    assert load_analysis(cache, folder, video) is None
    monkeypatch.setattr("ned.analysis.cached.MAX_HEAD_BYTES", 100)
    (folder / "analysis.json").write_text(" " * 200)
    assert load_analysis(cache, folder, video) is None


@pytest.mark.parametrize("value", [0.0, 1e30, -1e9])
def test_landmarks_of_no_face_count_as_missing(entry, value):
    cache, folder, video = entry
    landmarks = np.load(folder / "landmarks.npy")
    landmarks[3] = value
    np.save(folder / "landmarks.npy", landmarks)
    _sign(folder)
    assert load_analysis(cache, folder, video) is None
