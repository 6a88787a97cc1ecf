"""Videos in segments: exact times, the same bytes, damage."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from ned.errors import UserError
from ned.video import list_encoders, probe, read_frames
from ned.video.read import Position
from ned.video.segments import Encoding, SegmentWriter, assemble, check_copies, finished_segments, load_segment
from tests.video.tiny_clips import decode, make_clip, packets, planes_of

IRREGULAR = [0, 512, 700, 1400, 1500, 3000, 3512, 4100, 5000, 5600, 7000, 9000]


def times(path):
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def in_pieces(source, target, length, encoding, **cut):
    """Write `source` as segments of `length` frames and put them together; the folder of the segments."""
    info, folder = probe(source), target.with_suffix(".segments")
    folder.mkdir(exist_ok=True)
    segments, writer, first = [], None, None
    for k, frame in enumerate(read_frames(source, cut.get("start_s"), cut.get("end_s"))):
        first = first or frame
        if k % length == 0:
            if writer:
                segments.append(writer.finish())
            writer = SegmentWriter(folder, "video", info, encoding, frame)
        writer.write(frame)
    segments.append(writer.finish())
    assemble(target, segments, info, first, encoding, copy_from=source, cut=bool(cut), cut_end_s=cut.get("end_s"))
    return folder


@pytest.mark.parametrize("suffix,tolerance_s", [(".mp4", 0), (".mov", 0), (".mkv", 0.0005)])
@pytest.mark.parametrize("offset", [0, 4000, -700])
@pytest.mark.parametrize("quality", [None, "lossless"])
def test_times_and_sound_are_exact(tmp_path, suffix, tolerance_s, offset, quality):
    source = make_clip(tmp_path / "a.mp4", pts=[p + offset for p in IRREGULAR], audio="aac")
    for length in (1, 5, 12):
        target = tmp_path / f"b{length}{suffix}"
        in_pieces(source, target, length, Encoding("libx264", quality, "medium"))
        before, after = times(source), times(target)
        assert len(after) == len(before) == (12 if offset >= 0 else 10)  # an edit list hides what is before zero
        assert max(abs(float(a - b)) for a, b in zip(before, after, strict=True)) <= tolerance_s
        old, new = packets(source)[0], packets(target)[0]
        assert [data for _, data in old] == [data for _, data in new]
        assert abs(float((old[0][0] - before[0]) - (new[0][0] - after[0]))) < 0.001
        with av.open(str(target)) as container:
            dts = [p.dts for p in container.demux(video=0) if p.size and p.dts is not None]
        assert (np.diff(dts) > 0).all()


@pytest.mark.parametrize(
    "encoder,suffix,form",
    [("libx265", ".mp4", "yuv420p"), ("libsvtav1", ".mp4", "yuv420p"), ("libsvtav1", ".mkv", "yuv420p"),
     ("prores_ks", ".mov", "yuv422p10le"), ("dnxhd", ".mov", "yuv420p"), ("ffv1", ".mkv", "yuv444p")],
)  # fmt: skip
def test_other_encoders(tmp_path, encoder, suffix, form):
    if encoder not in list_encoders():
        pytest.skip(f"this ffmpeg has no {encoder}")
    source = make_clip(tmp_path / "a.mp4", count=12, size=(128, 256), form=form)
    in_pieces(source, tmp_path / f"b{suffix}", 5, Encoding(encoder))
    assert times(tmp_path / f"b{suffix}") == times(source)
    assert probe(tmp_path / f"b{suffix}").frame_rate == 25


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(15)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_rate_and_pixels_are_kept(tmp_path, rate, suffix):
    source = make_clip(tmp_path / "a.mp4", rate=rate, time_base=1 / rate, count=11, rotation=90)
    target = tmp_path / f"b{suffix}"
    in_pieces(source, target, 4, Encoding("libx264", "lossless", "ultrafast"))
    before, after = probe(source), probe(target)
    assert (after.frame_rate, after.rotation, after.pixel_format) == (rate, 90, before.pixel_format)
    for a, b in zip(decode(source), decode(target), strict=True):
        assert all((p == q).all() for p, q in zip(planes_of(a), planes_of(b), strict=True))


def test_a_cut_starts_at_zero(tmp_path):
    source = make_clip(tmp_path / "a.mp4", count=75, audio="aac", options={"g": "10"})
    in_pieces(source, tmp_path / "b.mp4", 7, Encoding(preset="ultrafast"), start_s=1.0, end_s=2.0)
    got = times(tmp_path / "b.mp4")
    assert len(got) == 25 and got[0] == 0
    known, after = {data: at for at, data in packets(source)[0]}, packets(tmp_path / "b.mp4")[0]
    assert 40 <= len(after) <= 46
    assert max(abs(float(known[data] - at) - 1.0) for at, data in after) < 0.0015


def test_the_same_pieces_give_the_same_bytes(tmp_path):
    source = make_clip(tmp_path / "a.mp4", audio="aac")
    for suffix in (".mp4", ".mkv"):
        for name in "xy":
            in_pieces(source, tmp_path / f"{name}{suffix}", 5, Encoding(preset="ultrafast"))
        assert (tmp_path / f"x{suffix}").read_bytes() == (tmp_path / f"y{suffix}").read_bytes()


def test_damaged_and_missing_pieces_do_not_count(tmp_path):
    source = make_clip(tmp_path / "a.mp4")
    folder = in_pieces(source, tmp_path / "b.mp4", 4, Encoding(preset="ultrafast"))
    base = probe(source).time_base

    def found(starts=(0, 4, 8), stop=12):
        return len(finished_segments(folder, "video", starts, stop, base))

    assert found() == 3 and found(stop=13) == 2 and found((0, 5, 8)) == 0
    assert not any("tmp" in path.name for path in folder.iterdir())
    middle = sorted(folder.glob("*.nut"))[1]
    whole = middle.read_bytes()
    middle.write_bytes(whole[: len(whole) // 2])
    assert found() == 1
    middle.write_bytes(b"")
    assert load_segment(middle, 4, 0, base) is None and found() == 1


def test_sound_that_the_container_refuses_is_told_early(tmp_path):
    source = make_clip(tmp_path / "a.mkv", audio="pcm_s16le", count=25)
    with pytest.raises(UserError, match="another container"):
        check_copies(tmp_path / "trial.webm", source, tmp_path / "b.webm")
    check_copies(tmp_path / "trial.mkv", source, tmp_path / "b.mkv")
    check_copies(tmp_path / "trial.mp4", make_clip(tmp_path / "c.mp4", count=3), tmp_path / "b.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "c.mp4"]


@pytest.mark.parametrize("cut", [(None, None), (0.5, 2.5)])
@pytest.mark.parametrize("kind", ["mp4", "irregular", "avi", "gif"])
def test_reading_on_gives_the_same_frames(tmp_path, kind, cut):
    more = {"options": {"g": "10"}}
    source = {
        "mp4": lambda: make_clip(tmp_path / "a.mp4", count=75, **more),
        "irregular": lambda: make_clip(tmp_path / "a.mp4", pts=[700 * k + k * k for k in range(75)], **more),
        "avi": lambda: make_clip(tmp_path / "a.avi", codec="mpeg4", time_base=Fraction(1, 25), count=75),
        "gif": lambda: make_clip(tmp_path / "a.gif", codec="gif", form="gray", time_base=Fraction(1, 25), count=75),
    }[kind]()
    whole = list(read_frames(source, *cut))
    for at in (0, 1, 20, len(whole) - 1):
        rest = list(read_frames(source, *cut, position=Position(whole[at].index, whole[at].pts)))
        assert [(f.index, f.pts) for f in rest] == [(f.index, f.pts) for f in whole[at:]]
        same = itertools.chain(*(zip(a.planes, b.planes, strict=True) for a, b in zip(rest, whole[at:], strict=True)))
        assert all((p == q).all() for p, q in same)


def test_a_position_whose_time_is_wrong_is_found_by_its_index(tmp_path):
    source = make_clip(tmp_path / "a.mp4", count=20)
    rest = list(read_frames(source, position=Position(9, 12345)))
    assert [frame.index for frame in rest] == list(range(9, 20))
