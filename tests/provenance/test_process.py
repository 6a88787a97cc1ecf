"""What `ned process` signs, and when not."""

import json
import os

import av

from ned.cli import main
from ned.provenance import verify_video


def test_process_signs_by_default_and_says_what_it_did(sample, tmp_path, capsys):
    output = tmp_path / "sad.mp4"
    arguments = ["process", str(sample.path), "-o", str(output), "-e", "sad", "--end", "0.4", "--compare", "--quiet"]
    assert main([*arguments, "--preset", "ultrafast"]) == 0
    for video in (output, tmp_path / "sad_compare.mp4"):
        verdict = verify_video(video, source=sample.path)
        assert verdict.good and verdict.edit.startswith("to sad at intensity 1, person 1, 10 of 10 frames")
        assert "c2pa.trimmed" in verdict.actions
    with av.open(str(output)) as video:
        assert "to sad at intensity 1" in video.metadata["comment"]
    assert str(sample.path.parent) not in json.dumps(output.read_bytes().decode("latin-1"))
    capsys.readouterr()


def test_no_provenance_is_noted_and_takes_an_old_manifest_away(sample, tmp_path, capsys):
    output = tmp_path / "sad.mkv"
    arguments = ["process", str(sample.path), "-o", str(output), "--end", "0.2", "--preset", "ultrafast", "--quiet"]
    assert main(arguments) == 0
    assert output.with_suffix(".c2pa").is_file() and verify_video(output).good
    assert main([*arguments, "--overwrite", "--no-provenance"]) == 0
    assert "not signed" in capsys.readouterr().out
    assert not output.with_suffix(".c2pa").exists()
    assert verify_video(output).state == "unsigned"


def test_zero_edit_does_not_claim_one(sample, tmp_path):
    output = tmp_path / "same.mp4"
    assert main(["process", str(sample.path), "-o", str(output), "-i", "0", "--end", "0.2", "--quiet"]) == 0
    verdict = verify_video(output)
    assert verdict.good and "c2pa.edited" not in verdict.actions and verdict.edit.startswith("nothing was edited")


def test_existing_manifest_is_not_overwritten(sample, tmp_path, capsys):
    (tmp_path / "sad.c2pa").write_bytes(b"mine")
    assert main(["process", str(sample.path), "-o", str(tmp_path / "sad.mkv"), "--end", "0.2"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert os.listdir(tmp_path) and (tmp_path / "sad.c2pa").read_bytes() == b"mine"
