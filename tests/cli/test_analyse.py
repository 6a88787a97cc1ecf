"""`ned analyse`: what it prints and exports of an analysis."""

import re
import types
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ned.cli import main
from ned.face_model import load_face_model
from ned.types import Analysis, Colour, FaceTrack, Shot, VideoInfo


def make_analysis(path):
    info = VideoInfo(
        path,
        "mp4",
        "h264",
        "yuv420p",
        8,
        240,
        320,
        Fraction(25),
        Fraction(1, 25),
        6,
        0.24,
        0,
        Fraction(1),
        Colour(),
        (),
    )
    mean = load_face_model().mean
    points = np.zeros((3, 478, 3), np.float32)
    points[:, : len(mean)] = (mean[:478] - mean.mean(0)) * 8 + [160, 120, 0]
    box = np.array([[100.0, 60.0, 220.0, 180.0]] * 3, np.float32)
    tracks = (
        FaceTrack(1, Shot(0, 3), np.arange(3), box, points),
        FaceTrack(1, Shot(3, 6), np.arange(3, 6), box, points),
        FaceTrack(2, Shot(3, 6), np.arange(3, 6), box, points),
    )
    return Analysis(info, 6, (Shot(0, 3), Shot(3, 6)), tracks)


def test_analyse(clip, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("NED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ned.analysis.analyse", lambda path, **_: make_analysis(path))
    images = [
        types.SimpleNamespace(index=k, rgb=lambda k=k: np.full((240, 320, 3), 40 * k, np.uint8)) for k in range(6)
    ]
    monkeypatch.setattr("ned.video.read_frames", lambda *_: iter(images))
    track, sheet = tmp_path / "t.csv", tmp_path / "s.png"
    command = ["analyse", str(clip), "--export", str(track), "--sheet", str(sheet), "--quiet"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "valence, arousal" in out and re.search(r"[+-]0\.\d, [+-]0\.\d", out)
    assert "320x240, 25 fps, 6 frames, 2 shots" in out and f"{track}: person 1, 6 frames" in out
    assert len(track.read_text().splitlines()) == 7 and sheet.read_bytes().startswith(b"\x89PNG")
    assert main(command) == 2 and "exists already" in capsys.readouterr().err
    assert main([*command, "-y", "--person", "2"]) == 0
    assert track.read_text().splitlines()[1].startswith("00:00:00:03.000,61,")
    assert main([*command, "-y", "--person", "7"]) == 2
    assert "there is no person 7; choose one of: 1, 2" in capsys.readouterr().err


def test_analyse_without_a_face(clip, monkeypatch, capsys):
    monkeypatch.setattr("ned.analysis.analyse", lambda path, **_: replace(make_analysis(path), tracks=()))
    assert main(["analyse", str(clip), "--no-cache", "--quiet"]) == 2
    assert "no face was found" in capsys.readouterr().err
