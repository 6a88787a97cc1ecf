"""Signed videos: valid as written, damaged at a flipped bit, by whom, from which source."""

import hashlib
import json
import os

import av
import pytest

from ned.cli import main
from ned.errors import ProcessingError
from ned.provenance import local_credential, sign_video, verify_video
from tests.provenance.signed import signed, statement
from tests.video.tiny_clips import make_clip


def _packets(path):
    with av.open(str(path)) as video:
        return [(p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in video.demux()]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v", ".avi", ".mkv"])
def test_signed_video_is_valid_and_keeps_every_packet(tmp_path, suffix):
    source = make_clip(tmp_path / "source.mp4", audio="aac")
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    final = make_clip(tmp_path / f"out{suffix}", audio="aac", codec=codec)
    before = _packets(final)
    sign_video(final, final, statement(source), local_credential())
    assert _packets(final) == before
    verdict = verify_video(final, source=source)
    assert verdict.good and verdict.state == "valid" and verdict.trust == "local" and verdict.causes == ()
    assert verdict.edit == "to happy at intensity 1, person 2, 10 of 12 frames"
    assert verdict.source == "source.mp4" and not verdict.source_signed
    assert verdict.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert "c2pa.edited" in verdict.actions
    beside = final.with_suffix(".c2pa")
    assert beside.exists() == (suffix == ".mkv")
    assert {file.name for file in tmp_path.iterdir()} - {"config", "source.mp4", final.name} <= {beside.name}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".avi", ".mkv"])
def test_one_flipped_bit_of_the_images_is_told(tmp_path, suffix):
    final, _ = signed(tmp_path, suffix)
    data = bytearray(final.read_bytes())
    with av.open(str(final)) as video:
        packet = next(p for p in video.demux(video=0) if p.size > 40)
        at = data.index(bytes(packet)[-30:])
    data[at + 10] ^= 1
    final.write_bytes(data)
    verdict = verify_video(final)
    assert verdict.state == "tampered" and verdict.causes and not verdict.good


def test_changed_manifest_is_told(tmp_path):
    final, _ = signed(tmp_path, ".mp4")
    data = final.read_bytes()
    assert data.count(b"to happy at") >= 2
    final.write_bytes(data.replace(b"to happy at", b"to angry at"))
    assert verify_video(final).state == "tampered"


def test_unsigned_files_and_other_files_say_so(tmp_path, capsys):
    clip = make_clip(tmp_path / "plain.mp4")
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    assert verify_video(clip).state == verify_video(text).state == "unsigned"
    assert main(["verify", str(clip)]) == 2
    assert "no provenance" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "missing.mp4")]) == 2
    assert "no such signed file" in capsys.readouterr().err


def test_command_tells_source_from_other_and_speaks_json(tmp_path, capsys):
    final, source = signed(tmp_path, ".mp4")
    other = make_clip(tmp_path / "other.mp4", count=5)
    assert main(["verify", str(final), "--source", str(source)]) == 0
    said = capsys.readouterr().out
    assert "valid" in said and "is the source" in said and "nobody vouches" in said
    assert main(["verify", str(final), "--source", str(other)]) == 1
    assert "is NOT the source" in capsys.readouterr().out
    assert main(["verify", str(final), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["state"] == "valid" and plain["source_matches"] is None and plain["trust"] == "local"


def test_names_from_a_manifest_cannot_steer_the_terminal(tmp_path, capsys):
    source = make_clip(tmp_path / "a\x1b[31mred.mp4")
    final = make_clip(tmp_path / "out.mp4")
    sign_video(final, final, statement(source), local_credential())
    main(["verify", str(final)])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_manifest_of_the_source_is_kept_as_history(tmp_path, suffix):
    first, _ = signed(tmp_path, suffix, name="first")
    final = make_clip(tmp_path / "second.mp4")
    sign_video(final, final, statement(first), local_credential())
    verdict = verify_video(final, source=first)
    assert verdict.good and verdict.source_signed


def test_damaged_source_is_named_all_the_same(tmp_path):
    source = tmp_path / "damaged.mp4"
    whole = make_clip(tmp_path / "whole.mp4").read_bytes()
    source.write_bytes(b"\0\0\0\x02ftyp" + whole[8:])
    final = make_clip(tmp_path / "out.mp4")
    sign_video(final, final, statement(source), local_credential())
    verdict = verify_video(final, source=source)
    assert verdict.good and verdict.source == "damaged.mp4"


def test_failure_leaves_the_part_as_it_was(tmp_path, monkeypatch):
    source, part = make_clip(tmp_path / "source.mp4"), make_clip(tmp_path / "part.mp4")
    part.write_bytes(part.read_bytes()[:40] + b"\0\0\0\x02" + part.read_bytes()[44:])
    before = part.read_bytes()
    with pytest.raises(ProcessingError, match=r"final\.mp4: cannot be signed"):
        sign_video(part, tmp_path / "final.mp4", statement(source), local_credential())
    assert part.read_bytes() == before
    assert {f.name for f in tmp_path.iterdir()} == {"source.mp4", "part.mp4", "config"}


def test_missing_library_is_told_as_such(tmp_path, monkeypatch):
    (tmp_path / "c2pa.py").write_text("raise ImportError('not here')")
    final = make_clip(tmp_path / "out.mp4")
    monkeypatch.setattr("ned.provenance.contained._PACKAGE", tmp_path / "first")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    with pytest.raises(ProcessingError, match="the c2pa library cannot be loaded.*not here.*--no-provenance"):
        verify_video(final)


@pytest.mark.parametrize(
    ("body", "said"), [("import time; time.sleep(60)", "come to an end"), ("import os; os.abort()", "broke down")]
)
def test_a_library_that_hangs_or_dies_is_contained(tmp_path, monkeypatch, body, said):
    final, source = signed(tmp_path, ".mp4")
    before = final.read_bytes()
    credential = local_credential()
    (tmp_path / "c2pa.py").write_text(body)
    monkeypatch.setattr("ned.provenance.contained._PACKAGE", tmp_path / "first")
    monkeypatch.setattr("ned.provenance.contained._AT_LEAST_S", 1.5)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    verdict = verify_video(final)
    assert verdict.state == "tampered" and said in verdict.causes[0]
    with pytest.raises(ProcessingError, match=f"cannot be signed.*{said}"):
        sign_video(final, final, statement(source), credential)
    assert final.read_bytes() == before and not list(tmp_path.glob(".ned-*"))
