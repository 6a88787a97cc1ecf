"""Analyses of videos in the cache, so that a second run on the same video need not look for faces again.

An entry holds `analysis.json` (all that is no array, and the digest of every other file), `tracks.npz` (frame numbers
and boxes) and `landmarks.npy` (all tracks one after another, mapped into memory when loaded). Nothing is pickled.
An entry that is damaged or of another version counts as missing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ned.files.arrays import DAMAGED, array_errors, save_arrays
from ned.files.reading import fingerprint
from ned.geometry.landmarks import LANDMARKS
from ned.runtime.progress import Progress
from ned.types import NUM_LANDMARKS, Analysis, AudioStream, Colour, FaceTrack, Shot, SkinStatistics, VideoInfo
from ned.version import __version__
from ned.workspace.cache import Cache

FORMAT = 4
_JSON, _TRACKS, _LANDMARKS = "analysis.json", "tracks.npz", "landmarks.npy"
_CHUNK = 4096
SKIN_SIDE = 64
MAX_COORDINATE = 1e6
"""Pixels."""
MAX_HEAD_BYTES, MAX_TRACKS_BYTES = 64 * 1024**2, 1024**3
"""A zip file may unfold to a thousand times its size; its directory says to how much."""
DAMAGE = (*DAMAGED, AttributeError, ArithmeticError, RecursionError)
"""What reading a damaged or hostile entry may raise."""


def analysis_entry(cache: Cache, path: Path, start_s: float | None = None, end_s: float | None = None) -> Path:
    """Where the analysis of a video from `start_s` to `end_s` lies, by the content of the file. Raises OSError."""
    return cache.entry("analysis", fingerprint(path), start_s, end_s, __version__, FORMAT)


def load_analysis(cache: Cache, entry: Path, path: Path) -> Analysis | None:
    """The analysis in `entry`, said to be of the video `path`; None where there is none that can be trusted."""
    try:
        if (entry / _JSON).stat().st_size > MAX_HEAD_BYTES:
            return None
        head = json.loads((entry / _JSON).read_text(encoding="utf-8"))
        for name in (_TRACKS, _LANDMARKS):
            if head["digests"][name] != _digest(entry / name):
                return None
        analysis = _assemble(head, entry, path)
    except DAMAGE:
        return None
    cache.touch(entry)
    return analysis


def save_analysis(cache: Cache, entry: Path, analysis: Analysis) -> None:
    """Write the analysis to `entry`: whole or not at all. Raises OSError."""

    def write(folder: Path) -> None:
        with (folder / _TRACKS).open("wb") as file:
            save_arrays(file, **_arrays(analysis))
        _write_landmarks(folder / _LANDMARKS, analysis)
        head = {
            "video": _plain(analysis.video),
            "num_frames": analysis.num_frames,
            "first_frame": analysis.first_frame,
            "shots": [[shot.start, shot.stop] for shot in analysis.shots],
            "tracks": [
                {"person": track.person, "shot": [track.shot.start, track.shot.stop]} for track in analysis.tracks
            ],
            "digests": {name: _digest(folder / name) for name in (_TRACKS, _LANDMARKS)},
        }
        (folder / _JSON).write_text(json.dumps(head, indent=1), encoding="utf-8")

    cache.save(entry, write)


def analyse_cached(
    path: Path,
    progress: Progress,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    cache: Cache | None = None,
    work: Path | None = None,
) -> Analysis:
    """The analysis of a video from the cache, or made now and kept there (`cache` None: neither).

    With a folder `work` it is kept there where it is not in the cache, and its unfinished state as it is made.
    A cache that cannot be written to is no error. Raises what `ned.analysis.analyse` raises, and OSError for `work`.
    """
    from ned.analysis import analyse
    from ned.analysis.checkpoint import forget_checkpoint

    places = [cache] if cache else []
    places += [Cache(work / "analysis", max_bytes=1 << 62)] if work else []
    entries = [(place, analysis_entry(place, path, start_s, end_s)) for place in places]
    for place, entry in entries:
        if known := load_analysis(place, entry, path):
            return known
    with progress.stage("analysing") as stage:
        more = {"folder": work} if work else {}
        analysis = analyse(path, start_s=start_s, end_s=end_s, progress=stage.update, **more)
    for place, entry in entries:
        try:
            save_analysis(place, entry, analysis)
        except OSError:
            if place is not cache:
                raise
            continue
        if work and (saved := load_analysis(place, entry, path)):
            forget_checkpoint(work)
            return saved
        break
    return analysis


def _arrays(analysis: Analysis) -> dict[str, np.ndarray]:
    out = {} if analysis.frame_times_s is None else {"times_s": analysis.frame_times_s}
    for k, track in enumerate(analysis.tracks):
        out[f"frames{k}"], out[f"boxes{k}"] = track.frames, track.boxes
        if track.appearance is not None:
            out[f"look{k}"] = track.appearance
        if track.skin is not None:
            for name in ("middle", "spread", "known"):
                out[f"skin_{name}{k}"] = getattr(track.skin, name).astype(np.float16)
    return out


def _write_landmarks(path: Path, analysis: Analysis) -> None:
    from ned.analysis.store import release

    rows = sum(len(track) for track in analysis.tracks)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, NUM_LANDMARKS, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        for track in analysis.tracks:
            for start in range(0, len(track), _CHUNK):
                file.write(np.ascontiguousarray(track.landmarks[start : start + _CHUNK], "<f4").tobytes())
                release(track.landmarks)


def _assemble(head: dict[str, Any], entry: Path, path: Path) -> Analysis:
    arrays = _load_arrays(entry / _TRACKS)
    lengths = [len(arrays[f"frames{k}"]) for k in range(len(head["tracks"]))]
    if sum(lengths):
        with array_errors():
            landmarks = np.load(entry / _LANDMARKS, mmap_mode="c", allow_pickle=False)
    else:
        landmarks = np.zeros((0, NUM_LANDMARKS, 3), np.float32)
    if landmarks.shape != (sum(lengths), NUM_LANDMARKS, 3):
        raise ValueError("landmarks do not fit the tracks")
    if landmarks.dtype != np.float32:
        raise ValueError("landmarks are of another type")
    video, shots = _video(head["video"], path), tuple(_shot(bounds) for bounds in head["shots"])
    tracks, start = [], 0
    for k, (said, length) in enumerate(zip(head["tracks"], lengths, strict=True)):
        boxes, frames, shot = arrays[f"boxes{k}"], arrays[f"frames{k}"], _shot(said["shot"])
        if boxes.shape != (length, 4) or not np.issubdtype(boxes.dtype, np.floating) or not np.isfinite(boxes).all():
            raise ValueError("boxes do not fit the track")
        if frames.shape != (length,) or not np.issubdtype(frames.dtype, np.integer) or (np.diff(frames) <= 0).any():
            raise ValueError("frames are no rising indices")
        if not length or frames[0] < shot.start or frames[-1] >= shot.stop:
            raise ValueError("frames lie outside the shot")
        rows = landmarks[start : start + length]
        if not all(_plausible(rows[i : i + _CHUNK]) for i in range(0, length, _CHUNK)):
            raise ValueError("landmarks are of no face")
        appearance = _optional(arrays, f"look{k}")
        tracks.append(FaceTrack(int(said["person"]), shot, frames, boxes, rows, appearance, _skin(arrays, k)))
        start += length
    count, times_s = int(head["num_frames"]), _optional(arrays, "times_s")
    if times_s is not None and times_s.shape != (count,):
        raise ValueError("times do not fit the frames")
    return Analysis(video, count, shots, tuple(tracks), int(head["first_frame"]), times_s)


def _optional(arrays: dict[str, np.ndarray], name: str) -> np.ndarray | None:
    """An array of finite numbers, or None where there is none of that name."""
    found = arrays.get(name)
    if found is not None and not (np.issubdtype(found.dtype, np.floating) and np.isfinite(found).all()):
        raise ValueError(f"{name} holds no numbers")
    return found


def _skin(arrays: dict[str, np.ndarray], k: int) -> SkinStatistics | None:
    middle, spread, known = (_optional(arrays, f"skin_{n}{k}") for n in ("middle", "spread", "known"))
    if middle is None or spread is None or known is None:
        return None
    with np.errstate(over="ignore"):
        middle, spread = middle.astype(np.float16), spread.astype(np.float16)
    fitting = known.shape == (SKIN_SIDE, SKIN_SIDE) and middle.shape == spread.shape == (*known.shape, 3)
    if not fitting or spread.min() <= 0 or not np.isfinite([middle, spread]).all():
        raise ValueError("a map of the face of another size")
    return SkinStatistics(middle, spread, known > 0.5)


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, when they are not too large together; raises one of DAMAGE."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_TRACKS_BYTES:
            raise ValueError("unfolds to too much")
    with array_errors(), np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _plausible(landmarks: Float[np.ndarray, "frames points 3"]) -> bool:
    """Whether the points of every frame are finite, near an image, and spread out like a face's; NaN is not."""
    eyes, mouth = landmarks[:, LANDMARKS.outer_eye_corners], landmarks[:, LANDMARKS.mouth_corners]
    apart = [np.abs(pair[:, 0, :2] - pair[:, 1, :2]).max(-1).min() for pair in (eyes, mouth)]
    return bool(np.abs(landmarks).max() < MAX_COORDINATE and min(apart) > 0.5)


def _shot(bounds: list[int]) -> Shot:
    start, stop = map(int, bounds)
    if not 0 <= start < stop:
        raise ValueError("a shot that ends before it begins")
    return Shot(start, stop)


def _plain(video: VideoInfo) -> dict[str, Any]:
    """JSON's own types; fractions as text, without the path."""
    plain = dataclasses.asdict(video)
    del plain["path"]
    return {key: str(value) if isinstance(value, Fraction) else value for key, value in plain.items()}


def _video(plain: dict[str, Any], path: Path) -> VideoInfo:
    values = dict(plain)
    for key in ("frame_rate", "time_base", "sample_aspect_ratio"):
        numerator, _, denominator = str(values[key])[:40].partition("/")  # Fraction("1e999999999") never ends
        values[key] = Fraction(int(numerator), int(denominator or 1))
    values["colour"] = Colour(**values["colour"])
    values["audio"] = tuple(AudioStream(**stream) for stream in values["audio"])
    video = VideoInfo(path=path, **values)
    sizes = (video.height, video.width, video.frame_rate, video.time_base, video.sample_aspect_ratio)
    if not all(size > 0 for size in sizes) or video.rotation not in (0, 90, 180, 270):
        raise ValueError("no video is like that")
    return video


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
