"""`ned process edit.otio`: clips become jobs, and the new cut shows what came of them."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from ned.cli import main
from ned.cli.cut import jobs_of
from ned.errors import UserError
from ned.exchange.cut import read_cut
from ned.video import read_frames


def _range(start, frames, rate=25):
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frames, rate))


def _cut(path: Path, *clips) -> Path:
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video, children=list(clips)))
    sound = otio.schema.Clip("sound", otio.schema.ExternalReference("other.wav"), _range(0, 10))
    timeline.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio, children=[sound]))
    otio.adapters.write_to_file(timeline, str(path))
    return path


def test_every_clip_is_a_job_of_its_part(tmp_path):
    hour = 25 * 3600
    media = otio.schema.ExternalReference("media/a%20b.mov", _range(hour, 500))
    local = otio.schema.ExternalReference(f"file://{tmp_path}/c%20d.mp4")
    images = otio.schema.ImageSequenceReference(
        "plates", "shot.", ".exr", start_frame=1001, frame_zero_padding=4, rate=24000 / 1001,
        available_range=_range(1001, 48, 24000 / 1001),
    )  # fmt: skip
    path = _cut(
        tmp_path / "edit.otio",
        otio.schema.Clip("one", media, _range(hour + 50, 25), {"ned": {"emotion": "sad", "intensity": 0.6}}),
        otio.schema.Gap(duration=otio.opentime.RationalTime(10, 25)),
        otio.schema.Clip("title"),
        otio.schema.Clip("two / b", local, _range(100, 10)),
        otio.schema.Clip("three", images, _range(1003, 24, 24000 / 1001)),
    )
    cut, jobs, target = jobs_of(path, {"quality": "best", "emotion": "angry"}, {"handles": 4})
    assert target == tmp_path / "edit_edited" / "edit.otio" and cut.without_media == ("title",)
    assert [(job.start_s, job.end_s) for job in jobs[:2]] == [(2.0, 3.0), (4.0, 4.4)]
    assert jobs[2].start_s == pytest.approx(2 * 1001 / 24000) and cut.clips[2].rate == Fraction(24000, 1001)
    assert [job.input for job in jobs] == [
        tmp_path / "media/a%20b.mov", tmp_path / "c d.mp4", tmp_path / "plates" / "shot.%04d.exr"
    ]  # fmt: skip
    assert [job.output.name for job in jobs] == [
        "001_one_sad.mov", "003_two_b_angry.mp4", "004_three_angry.%04d.exr"
    ]  # fmt: skip
    assert [(job.emotion, job.intensity, job.quality, job.handles) for job in jobs] == [
        ("sad", 0.6, "best", 4), ("angry", 1.0, "best", 4), ("angry", 1.0, "best", 4)
    ]  # fmt: skip


def test_a_cut_is_edited_and_relinked(sample, tmp_path, capsys):
    reference = otio.schema.ExternalReference(str(sample.path), _range(0, 100))
    path = _cut(
        tmp_path / "edit.otio",
        otio.schema.Clip("near", reference, _range(10, 5), {"ned": {"emotion": "sad"}}),
        otio.schema.Clip("gone", otio.schema.ExternalReference("missing.mp4"), _range(0, 5)),
    )
    assert main(["process", str(path), "--handles", "2", "--no-provenance", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert "1 done, 0 done before, 1 failed" in said and "missing.mp4" in said
    new = read_cut(tmp_path / "edit_edited" / "edit.otio")
    assert new.clips[0].media == tmp_path / "edit_edited" / "001_near_sad.mp4"
    assert len(list(read_frames(new.clips[0].media))) == 9
    assert (new.clips[0].start_s, new.clips[0].end_s) == (0.08, 0.28)  # two frames of handles, then its five
    assert new.clips[1].media == tmp_path / "missing.mp4"


@pytest.mark.parametrize("wrong", ["rate", "range", "address", "options"])
def test_clips_that_make_no_sense_are_told(tmp_path, wrong):
    media = otio.schema.ExternalReference("http://[" if wrong == "address" else "a.mov", _range(0, 500))
    clip = otio.schema.Clip("one", media, _range(0, 25), {"ned": "sad" if wrong == "options" else {}})
    path = _cut(tmp_path / "edit.otio", clip)
    text = path.read_text()
    if wrong == "rate":
        path.write_text(text.replace('"rate": 25.0', '"rate": 0.0'))
    if wrong == "range":
        clip.source_range, media.available_range = None, None
        _cut(path, clip)
    with pytest.raises(UserError, match=r"edit\.otio: clip 1 \(one\) makes no sense .*; export the cut as"):
        read_cut(path)


def test_bad_cuts_are_told(tmp_path):
    (tmp_path / "a.otio").write_text('{"OTIO_SCHEMA": "Nonsense.1"}')
    with pytest.raises(UserError, match="no OpenTimelineIO cut"):
        read_cut(tmp_path / "a.otio")
    clip = otio.schema.Clip("far", otio.schema.ExternalReference("https://example.org/a.mov"), _range(0, 5))
    with pytest.raises(UserError, match="no file of this computer"):
        read_cut(_cut(tmp_path / "b.otio", clip))
    with pytest.raises(UserError, match="no clip with media"):
        read_cut(_cut(tmp_path / "c.otio", otio.schema.Clip("title")))
    early = otio.schema.Clip("early", otio.schema.ExternalReference("a.mov", _range(100, 50)), _range(90, 5))
    with pytest.raises(UserError, match="shows what its media have not"):
        read_cut(_cut(tmp_path / "d.otio", early))
    media = otio.schema.ExternalReference("a.mov", _range(0, 50))
    odd = otio.schema.Clip("odd", media, _range(0, 5), {"ned": {"output": "/etc/passwd"}})
    with pytest.raises(UserError, match="option 'output', which is none of an edit"):
        jobs_of(_cut(tmp_path / "e.otio", odd), {}, {})
    with pytest.raises(UserError, match="--start does not go with a cut"):
        jobs_of(tmp_path / "e.otio", {}, {"start_s": "1"})
