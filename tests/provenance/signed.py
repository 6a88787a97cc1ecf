"""Clips that are signed, for tests."""

from ned.provenance import Statement, local_credential, sign_video
from tests.video.tiny_clips import make_clip


def statement(source, said="to happy at intensity 1"):
    return Statement(source, said, (2,), 12, 10, False, {"emotion": "happy", "seed": "0"})


def signed(folder, suffix, credential=None, source=None, name="out"):
    source = source or make_clip(folder / "source.mp4", audio="aac")
    final = make_clip(folder / f"{name}{suffix}", audio="aac", codec="mpeg4" if suffix == ".avi" else "libx264")
    sign_video(final, final, statement(source), credential or local_credential())
    return final, source
