import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ned.errors import ProcessingError, UserError
from ned.video import MediaWarning, VideoWriter, list_encoders, probe, read_frames
from ned.video.process import explain
from tests.video.tiny_clips import CLIPS, decode, make_clip, needs_clips, packets, planes_of

FAST = {"preset": "ultrafast"}
IRREGULAR = [0, 512, 1100, 1101, 2900, 3333, 4000, 6000, 6001, 7777, 9000, 12800]


def transcode(source, target, *, start_s=None, end_s=None, **options):
    info = probe(source)
    with VideoWriter(target, info, audio_from=source, start_s=start_s, end_s=end_s, **options) as out:
        for frame in read_frames(source, start_s, end_s):
            out.write(frame)
    return info, probe(target)


def times(path):
    return [f.pts * f.time_base for f in decode(path)]


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(264, 10)])
def test_rate_and_times_are_kept(tmp_path, rate):
    base = Fraction(1, rate.numerator * 10)
    source = make_clip(tmp_path / "a.mp4", rate=rate, time_base=base)
    before, after = transcode(source, tmp_path / "b.mp4", preset="medium")
    assert times(tmp_path / "b.mp4") == times(source)
    assert (after.frame_rate, after.time_base, after.num_frames) == (before.frame_rate, base, 12)


@pytest.mark.parametrize("offset", [0, 4000])
@pytest.mark.parametrize("suffix,tolerance_s", [(".mp4", 0), (".mov", 0), (".mkv", 0.0005)])
def test_variable_rate(tmp_path, offset, suffix, tolerance_s):
    source = make_clip(tmp_path / "a.mp4", pts=[p + offset for p in IRREGULAR])
    transcode(source, tmp_path / f"b{suffix}", preset="medium")  # with B-frames
    shift = np.array(times(tmp_path / f"b{suffix}")) - np.array(times(source))
    assert np.abs((shift - shift[0]).astype(float)).max() <= tolerance_s
    assert suffix == ".mkv" or shift[0] == 0


@pytest.mark.parametrize(
    "codec,suffix",
    [
        ("aac", ".mp4"),
        ("aac", ".mov"),
        ("libmp3lame", ".mp4"),
        ("pcm_s16le", ".mov"),
        ("aac", ".mkv"),
        ("flac", ".mkv"),
    ],
)
@pytest.mark.parametrize("start_s", [0.0, 0.3])
def test_sound_is_copied_in_its_place(tmp_path, codec, suffix, start_s):
    source = make_clip(tmp_path / f"a{suffix}", count=20, audio=codec, audio_start_s=start_s)
    transcode(source, tmp_path / f"b{suffix}", **FAST)
    before, after = packets(source)[0], packets(tmp_path / f"b{suffix}")[0]
    assert [data for _, data in before] == [data for _, data in after]
    gap = [at[0][0] - times(path)[0] for at, path in ((before, source), (after, tmp_path / f"b{suffix}"))]
    assert abs(float(gap[0] - gap[1])) < 0.001


def test_all_sound_streams_subtitles_and_metadata(tmp_path):
    one = make_clip(tmp_path / "a.mp4", audio="aac", count=20)
    source = tmp_path / "two.mkv"
    subtitles = tmp_path / "s.srt"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:00,500\nhello\n")
    from ned.video.ffmpeg import _ask, find_ffmpeg

    _ask(find_ffmpeg(), "-i", str(one), "-i", str(subtitles), "-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1",
         "-c", "copy", "-metadata", "title=A talk", "-metadata:s:a:1", "language=ell", str(source))  # fmt: skip
    for name in ("b.mkv", "b.mp4"):
        target = tmp_path / name
        transcode(source, target, metadata={"comment": "edited: a=b"}, **FAST)
        with av.open(str(target)) as container:
            assert container.metadata.get("title") == "A talk"
            assert container.metadata.get("comment", container.metadata.get("COMMENT")) == "edited: a=b"
            assert len(container.streams.audio) == 2 and len(container.streams.subtitles) == 1
            assert container.streams.audio[1].metadata.get("language") == "ell"
        assert [d for _, d in packets(source)[1]] == [d for _, d in packets(target)[1]]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation(tmp_path, rotation):
    source = make_clip(tmp_path / "a.mp4", rotation=rotation)
    before, after = transcode(source, tmp_path / "b.mp4", **FAST)
    assert (after.rotation, after.height, after.width) == (before.rotation, before.height, before.width)
    assert after.rotation == rotation


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv420p10le", "yuv422p", "yuv422p10le", "yuv444p"])
def test_lossless_gives_every_sample_back(tmp_path, form, recwarn):
    source = make_clip(tmp_path / "a.mp4", form=form, count=4)
    before, after = transcode(source, tmp_path / "b.mp4", quality="lossless", **FAST)
    assert after.pixel_format == before.pixel_format == form and after.colour == before.colour
    for a, b in zip(decode(source), decode(tmp_path / "b.mp4"), strict=True):
        assert all((p == q).all() for p, q in zip(planes_of(a), planes_of(b), strict=True))
    assert not [w for w in recwarn if w.category is MediaWarning]


@pytest.mark.parametrize("size", [(47, 63), (48, 63), (47, 64)])
def test_odd_sizes_are_kept(tmp_path, size):
    source = make_clip(tmp_path / "a.mkv", codec="ffv1", size=size, count=3)
    with pytest.warns(MediaWarning, match="writing yuv4"):
        _, after = transcode(source, tmp_path / "b.mp4", **FAST)
    assert (after.height, after.width) == size


def test_rgb_source_keeps_its_colours(tmp_path):
    source = make_clip(tmp_path / "a.mkv", codec="ffv1", form="gbrp10le", count=3)
    with pytest.warns(MediaWarning, match="yuv444p10le"):
        transcode(source, tmp_path / "b.mp4", quality=4, **FAST)
    for a, b in zip(read_frames(source), read_frames(tmp_path / "b.mp4"), strict=True):
        box = (0, 0, 64, 48)
        assert np.abs(a.region_rgb(box) - b.region_rgb(box)).mean() < 0.01


def test_colours_and_aspect_are_kept(tmp_path):
    source = tmp_path / "a.mp4"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 16, 9, 1
        context.sample_aspect_ratio = Fraction(15, 16)
        out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(stream.encode(None))
    before, after = transcode(source, tmp_path / "b.mp4", **FAST)
    assert before.colour.matrix == "bt2020nc" and before.sample_aspect_ratio == Fraction(15, 16)
    assert (after.colour, after.sample_aspect_ratio) == (before.colour, before.sample_aspect_ratio)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_cut_starts_at_zero_with_its_own_sound(tmp_path, suffix):
    source = make_clip(tmp_path / f"a{suffix}", count=75, audio="aac", options={"g": "10"})
    target = tmp_path / f"b{suffix}"
    transcode(source, target, start_s=1.0, end_s=2.0, **FAST)
    got = times(target)
    assert len(got) == 25 and abs(got[0]) < 0.03
    before, after = dict((d, t) for t, d in packets(source)[0]), packets(target)[0]
    assert 40 <= len(after) <= 46
    shifts = [float(before[data] - at) for at, data in after]
    # as far from the image as in the source: shifted as the frames are, to a millisecond
    assert max(abs(s - (1.0 - float(got[0]))) for s in shifts) < 0.0015


@pytest.mark.parametrize(
    "encoder,suffix", [("libx265", ".mp4"), ("libsvtav1", ".mp4"), ("prores_ks", ".mov"), ("ffv1", ".mkv")]
)
def test_other_encoders(tmp_path, encoder, suffix):
    if encoder not in list_encoders():
        pytest.skip(f"this ffmpeg has no {encoder}")
    source = make_clip(
        tmp_path / "a.mp4",
        pts=IRREGULAR[:4],
        size=(64, 96),
        form="yuv422p10le" if encoder == "prores_ks" else "yuv420p",
    )
    transcode(source, tmp_path / f"b{suffix}", encoder=encoder)
    shift = np.array(times(tmp_path / f"b{suffix}")) - np.array(times(source))
    assert np.abs((shift - shift[0]).astype(float)).max() < 0.001


def test_mistakes_are_told_before_any_work(tmp_path):
    source = make_clip(tmp_path / "a.mp4", count=2)
    info = probe(source)
    os.symlink(source, tmp_path / "link.mp4")
    for target, options, cause in (
        (source, {}, "input itself"),
        (tmp_path / "link.mp4", {}, "input itself"),
        (tmp_path / "no" / "b.mp4", {}, "folder does not exist"),
        (tmp_path, {}, "names no container"),
        (tmp_path / "b.txt", {}, "names no container"),
        (tmp_path / "b.mp4", {"encoder": "h266"}, "libx264"),
        (tmp_path / "b.mp4", {"quality": "superb"}, "not understood"),
        (tmp_path / "b.mp4", {"quality": 99}, "not understood"),
        (tmp_path / "b.mp4", {"quality": "lossless", "encoder": "prores_ks"}, "no lossless"),
    ):
        with pytest.raises(UserError, match=cause):
            VideoWriter(target, info, **options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "link.mp4"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_after_an_interruption(tmp_path, error):
    source = make_clip(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text("older")
    with pytest.raises(error), VideoWriter(tmp_path / "b.mp4", probe(source), audio_from=source) as out:
        for frame in read_frames(source):
            out.write(frame)
            if frame.index == 5:
                child = out._process._child
                raise error
    assert child.poll() is not None
    assert (tmp_path / "b.mp4").read_text() == "older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("options", [{"preset": "absurd"}])
def test_ffmpeg_says_why(tmp_path, options):
    source = make_clip(tmp_path / "a.mp4")
    with pytest.raises((UserError, ProcessingError), match="preset"):
        transcode(source, tmp_path / "b.mp4", **options)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_sound_that_the_container_refuses(tmp_path):
    source = make_clip(tmp_path / "a.mp4", audio="aac")
    with pytest.raises(UserError, match="container"):
        transcode(source, tmp_path / "b.webm", encoder="libsvtav1")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_ffmpeg_that_dies_is_an_error_without_a_remnant(tmp_path):
    source = make_clip(tmp_path / "a.mp4", size=(240, 320), count=30)
    with pytest.raises(ProcessingError, match="signal 9"), VideoWriter(tmp_path / "b.mp4", probe(source)) as out:
        for frame in read_frames(source):
            out.write(frame)
            if frame.index == 3:
                out._process._child.kill()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_no_frame_is_an_error(tmp_path):
    source = make_clip(tmp_path / "a.mp4")
    with pytest.raises(UserError, match="no frame"), VideoWriter(tmp_path / "b.mp4", probe(source)):
        pass


@needs_clips
@pytest.mark.parametrize("name", ["talking/vr_1.mp4", "wild/beard_15fps.mp4", "training/pf_single_face.mp4"])
def test_real_clips(tmp_path, name):
    source, target = CLIPS / name, tmp_path / "out.mp4"
    before, after = transcode(source, target, **FAST)
    assert times(target) == times(source)
    assert (after.height, after.width) == (before.height, before.width)
    assert [[d for _, d in s] for s in packets(target)] == [[d for _, d in s] for s in packets(source)]


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("[mov @ 0x1] opus only supported in MP4.", ".mkv takes everything"),
        ("[mp4 @ 0x1] sample rate not set", "sound or subtitles may be damaged"),
    ],
)
def test_what_a_container_does_not_take_is_the_users_to_mend(said, remedy):
    lines = [said, "Could not write header (incorrect codec parameters ?): Invalid argument", "Conversion failed!"]
    error = explain(lines, 234, Path("out.mov"))
    assert isinstance(error, UserError) and remedy in str(error) and "\n" not in str(error)
