"""Exact-time streaming reading and writing of video.

    info = probe("talk.mp4")
    with VideoWriter("out.mp4", info, audio_from=info.path) as out:
        for frame in prefetch(read_frames(info.path), 8):
            out.write(frame.add_region(box, delta))

Frames keep their decoded pixel format, so what is not edited reaches the encoder bit for bit.
"""

from ned.video.encoders import ENCODERS, QUALITIES
from ned.video.ffmpeg import ffmpeg_version, find_ffmpeg, list_encoders
from ned.video.frame import Frame
from ned.video.prefetch import Prefetch, prefetch
from ned.video.probe import probe
from ned.video.read import MediaWarning, frame_at, frames_at, read_frames, start_time
from ned.video.shots import ShotDetector, Transition, find_shots, shots_between
from ned.video.stills import Stills
from ned.video.write import VideoWriter

__all__ = [
    "ENCODERS",
    "QUALITIES",
    "Frame",
    "MediaWarning",
    "Prefetch",
    "ShotDetector",
    "Stills",
    "Transition",
    "VideoWriter",
    "ffmpeg_version",
    "find_ffmpeg",
    "find_shots",
    "frame_at",
    "frames_at",
    "list_encoders",
    "prefetch",
    "probe",
    "read_frames",
    "shots_between",
    "start_time",
]
