"""Live Link CSV: what is written comes back; what is wrong is named."""

from fractions import Fraction

import numpy as np
import pytest

from ned.errors import UserError
from ned.exchange.livelink import ARKIT_ORDER, HEADER, read_expression, timecode, write_livelink
from ned.face_model.spaces import ARKIT52, FLAME50
from ned.types import ExpressionTrack

NTSC = Fraction(30000, 1001)


def make_track(frames: int = 20, seed: int = 0) -> ExpressionTrack:
    return ExpressionTrack.unpack(ARKIT52, np.random.default_rng(seed).random((frames, 52), np.float32))


def zeros(frames: int = 20) -> ExpressionTrack:
    return ExpressionTrack.unpack(ARKIT52, np.zeros((frames, 52), np.float32))


def at(frames: int = 20, rate: Fraction = NTSC, first: int = 0) -> np.ndarray:
    return (first + np.arange(frames)) / float(rate)


def test_form(tmp_path):
    path = tmp_path / "t.csv"
    write_livelink(path, make_track(), at(), NTSC)
    lines = path.read_text().splitlines()
    assert len(lines) == 21 and len(HEADER) == 63 and len(ARKIT_ORDER) == 52
    assert lines[0].startswith("Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookDownLeft,")
    assert lines[0].endswith(",TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,"
                             "RightEyeYaw,RightEyePitch,RightEyeRoll")  # fmt: skip
    assert lines[2].startswith("00:00:00:01.000,61,0.") and lines[2].count(",") == 62
    assert {name[0].lower() + name[1:] for name in ARKIT_ORDER} == set(ARKIT52.names)


def test_round_trip(tmp_path):
    path, track = tmp_path / "t.csv", make_track()
    write_livelink(path, track, at(first=700), NTSC)
    back = read_expression(path, zeros(), at(first=700), NTSC)
    assert back.pack().dtype == np.float32
    np.testing.assert_allclose(back.pack(), track.pack(), rtol=0, atol=5.1e-8)
    assert np.array_equal(back["jawOpen"], back.jaw_opening)


def test_timecodes():
    assert timecode(0.0, Fraction(25)) == "00:00:00:00.000"
    assert timecode(3661.5, Fraction(24)) == "01:01:01:12.000"
    assert timecode(30 / float(NTSC), NTSC) == "00:00:01:00.000"
    assert timecode(0.02, Fraction(25)) == "00:00:00:00.500"
    assert timecode(99.99999999, Fraction(25)) == "00:01:40:00.000"


@pytest.mark.parametrize("key", ["frame", "Time"])
def test_plain_table_in_any_order_and_case(tmp_path, key):
    path, rate = tmp_path / "t.csv", Fraction(10)
    rows = [f"{k if key == 'frame' else k / 10},note,{0.1 * (k % 10):.1f},0.5" for k in range(5, 16)]
    path.write_text("\ufeff" + "\r\n".join([f"{key},remark,JAWOPEN,mouth_smile_L", *rows, ""]), encoding="utf-8")
    base = make_track(5)
    out = read_expression(path, base, at(5, rate, first=7), rate)
    np.testing.assert_allclose(out.jaw_opening, [0.7, 0.8, 0.9, 0.0, 0.1], atol=1e-6)
    assert np.allclose(out["mouthSmileLeft"], 0.5) and np.array_equal(out["browInnerUp"], base["browInnerUp"])


def write_app_file(path, frames, rate, start_s, values):
    """As the app does: time of day, its own frame rate."""
    with path.open("w") as file:
        file.write("Timecode,BlendShapeCount,JawOpen\n")
        for k, value in zip(range(frames), values, strict=True):
            n = start_s * rate + k
            s = n // rate
            file.write(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}:{n % rate:02d}.{7:03d},61,{value}\n")


def test_other_rate_and_time_of_day_is_resampled(tmp_path):
    path = tmp_path / "t.csv"
    write_app_file(path, 241, 60, 51_000, np.linspace(0, 1, 241))
    out = read_expression(path, zeros(100), at(100, Fraction(25), first=50), Fraction(25))
    np.testing.assert_allclose(out.jaw_opening, np.linspace(0, 0.99, 100), atol=0.002)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("frame,x\n0,1\n", "line 1: no column"),
        ("frame,jawOpn\n0,1\n", "did you mean jawOpen"),
        ("jawOpen,JawOpen\n0,1\n", "comes twice"),
        ("jawOpen\n", "no rows"),
        ("jawOpen,tongueOut\n0.1,0\n0.1\n", "line 3: 1 values for 2 columns"),
        ("jawOpen\n0.1\nx\n", "line 3, column jawOpen: 'x'"),
        ("jawOpen\n0.1\nnan\n", "line 3, column jawOpen: 'nan'"),
        ("jawOpen\ninf\n", "not a finite"),
        ("jawOpen\n1e999\n", "not a finite"),
        ("jawOpen\n0.1\n45\n", "divide percentages by 100"),
        ("jawOpen\n-5000\n", "line 2, column jawOpen: -5000 is out of range"),
        ("jawOpen\n0.1\n0.2\n", "2 rows for 5 frames"),
        ("frame,jawOpen\n0,0\n3,0\n2,1\n", "line 4: time does not rise"),
        ("frame,jawOpen\n0,0\n1,0\n2,0\n", "do not match"),
        ("Timecode,jawOpen\n00:00,0\n", "line 2, column Timecode"),
        ("Timecode,jawOpen\n00:00:01:00.0,0\n00:00:09:00.0,0\n", "do not match"),
        ('jawOpen\n"0.1\n', "not valid CSV"),
        ("\x00,jawOpen\n", "no rows"),
    ],
)
def test_wrong_files(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match="t.csv") as caught:
        read_expression(path, zeros(5), at(5, Fraction(10)), Fraction(10))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_no_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xff\xfe\x80\x81" * 100)
    with pytest.raises(UserError, match="not text"):
        read_expression(path, zeros(5), at(5), NTSC)


def test_bounded(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    write_livelink(path, make_track(), at(), NTSC)
    monkeypatch.setattr("ned.exchange.table.MAX_BYTES", 1000)
    with pytest.raises(UserError, match="larger than"):
        read_expression(path, zeros(), at(), NTSC)


def test_other_space(tmp_path):
    flame = ExpressionTrack.unpack(FLAME50, np.zeros((3, 51), np.float32))
    with pytest.raises(UserError, match="flame50"):
        write_livelink(tmp_path / "t.csv", flame, at(3), NTSC)
