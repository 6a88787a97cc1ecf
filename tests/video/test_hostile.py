"""Videos whose headers lie, which point elsewhere, or which are no files."""

import os
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from ned.cli import main
from ned.errors import UserError
from ned.video import MediaWarning, VideoWriter, probe, read_frames
from tests.video.tiny_clips import make_clip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile secret.mp4\n"),
        ("list.mp4", "ffconcat version 1.0\nfile secret.mp4\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mpd", '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period></Period></MPD>'),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"),
    ],
)
def test_what_names_other_files_is_refused(tmp_path, name, text):
    make_clip(tmp_path / "secret.mp4")
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=name):
        probe(tmp_path / name)


def test_numbered_images_are_no_video(tmp_path):
    for k in range(3):
        Image.new("RGB", (64, 48), (k, 90, 90)).save(tmp_path / f"p{k:03d}.png")
    with pytest.raises(UserError, match="no such file"):
        probe(tmp_path / "p%03d.png")
    shutil.copy(tmp_path / "p000.png", tmp_path / "p%03d.png")
    with pytest.raises(UserError, match="not a video"):
        probe(tmp_path / "p%03d.png")


@pytest.mark.parametrize("name", ["concat:a.mp4|b.mp4", "subfile,,start,0,end,9,,:a.mp4", "http:x.mp4", "-y %03d.mp4"])
def test_names_are_names_and_nothing_else(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    clip = make_clip(tmp_path / "clip.mp4", audio="aac")
    shutil.copy(clip, tmp_path / name)
    out = Path("out " + name.replace("/", "_"))
    info = probe(Path(name))
    with VideoWriter(out, info, preset="ultrafast", audio_from=Path(name)) as writer:
        for frame in read_frames(Path(name)):
            writer.write(frame)
    assert len(list(read_frames(out))) == 12
    with av.open(str(tmp_path / out)) as video:
        assert len(video.streams.audio) == 1


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_endless_files_are_refused_at_once(tmp_path, kind, capsys):
    path = tmp_path / "pipe.mp4"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UserError, match="is no ordinary file"):
        probe(path)
    for command in ("process", "analyse", "verify"):
        assert main([command, str(path)]) == 2
        assert "is no ordinary file" in capsys.readouterr().err


def test_images_beyond_8k_are_refused_before_they_are_decoded(tmp_path):
    clip = tmp_path / "huge.gif"
    Image.new("P", (64, 48)).save(clip, save_all=True, append_images=[Image.new("P", (64, 48), 9)])
    data = bytearray(clip.read_bytes())
    data[6:10] = struct.pack("<HH", 16000, 16000)
    clip.write_bytes(data)
    with pytest.raises(UserError, match=r"huge\.gif: its images are 16000x16000"):
        probe(clip)


@pytest.mark.parametrize("rate", [1, 1048601, 0xFFFFFFFF])
def test_absurd_rates_are_not_believed(tmp_path, rate):
    clip = make_clip(tmp_path / "rate.avi", codec="mpeg4", time_base=Fraction(1, 25))
    data = bytearray(clip.read_bytes())
    at = data.index(b"strh") + 28
    data[at : at + 8] = struct.pack("<II", 1 if rate > 1 else 0xFFFFFFFF, rate)
    clip.write_bytes(data)
    info = probe(clip)
    assert 1 / 3600 <= info.frame_rate <= 1000 and len(list(read_frames(clip))) == 12


@pytest.mark.parametrize(("offset", "value"), [(4, 0), (10, 255), (17, 0), (20, 255)])
def test_a_frame_that_no_decoder_takes_is_left_out_whatever_it_says(tmp_path, offset, value):
    clip = make_clip(tmp_path / "prores.mov", codec="prores_ks", form="yuv422p10le", size=(64, 64), count=4)
    with av.open(str(clip)) as video:
        second = [bytes(packet) for packet in video.demux(video=0) if packet.size][1]
    data = bytearray(clip.read_bytes())
    data[data.index(second) + offset] = value
    clip.write_bytes(data)
    with pytest.warns(MediaWarning, match="damaged"):
        frames = list(read_frames(clip))
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert probe(clip).height == 64


def test_a_stream_that_begins_in_the_middle_ends_the_reading_with_a_warning(tmp_path):
    clip = make_clip(tmp_path / "clip.flv", codec="flv1", time_base=Fraction(1, 1000), count=200)
    data = clip.read_bytes()
    at, tags = 13, []
    while at + 11 < len(data):
        size = 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
        tags.append(data[at : at + size])
        at += size
    late = [k for k, tag in enumerate(tags) if tag[0] == 9][190]
    strange = bytearray(tags[late])
    strange[11] = strange[11] & 0xF0 | 0x04  # another codec is another stream to ffmpeg
    clip.write_bytes(data[:13] + b"".join([*tags[:late], bytes(strange), *tags[late:]]))
    with av.open(str(clip)) as video, pytest.raises(IndexError):
        list(video.demux(video.streams.video[0]))
    with pytest.warns(MediaWarning, match="a stream that the header does not name"):
        assert len(list(read_frames(clip))) >= 189
