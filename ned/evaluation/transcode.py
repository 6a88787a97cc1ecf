"""The original encoded again and nothing else: what no edit costs."""

from __future__ import annotations

from pathlib import Path

from ned.video import VideoWriter, prefetch, probe, read_frames

QUALITY, PRESET = "18", "superfast"
"""x264's rate factor: hardly to be told from the source."""


def transcode(original: Path, folder: Path) -> Path:
    """Write it into a folder; the new file. Raises as `ned.video.VideoWriter`."""
    path = folder / "transcode.mkv" if original.suffix.lower() not in (".mp4", ".mov") else folder / "transcode.mp4"
    with (
        VideoWriter(path, probe(original), quality=QUALITY, preset=PRESET, audio_from=original) as out,
        prefetch(read_frames(original), 4) as frames,
    ):
        for frame in frames:
            out.write(frame)
    return path
