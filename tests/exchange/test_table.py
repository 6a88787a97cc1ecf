"""CSV files that mean harm."""

from fractions import Fraction

import numpy as np
import pytest

from ned.errors import UserError
from ned.exchange.convert import space_of
from ned.exchange.livelink import read_expression
from ned.exchange.table import read_table
from ned.face_model.spaces import ARKIT52
from ned.types import ExpressionTrack


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("jawOpen\n" + "0" * 200_000, "line 2 is too long"),
        ("jawOpen" + ",x" * 5000 + "\n", "has 5001 columns"),
        ("jawOpen\nnan\n", "line 2, column jawOpen: 'nan' is not a finite number"),
        ("jawOpen\n1e999\n", "line 2, column jawOpen: '1e999' is not a finite number"),
        ("jawOpen\n" + "9" * 1500 + "\n", "not a finite number"),
        ('jawOpen\n"0.1\n', "not valid CSV"),
        ("jawOpen\n0.1\x00\n", "not a finite number|not valid CSV"),
        ("", "is empty"),
    ],
)
def test_hostile_tables_name_line_and_cause(tmp_path, text, cause):
    path = tmp_path / "track.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=cause) as caught:
        read_table(path, ARKIT52)
    assert caught.value.path == path and len(str(caught.value)) < 400


def test_rows_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("ned.exchange.table.MAX_ROWS", 3)
    path = tmp_path / "track.csv"
    path.write_text("jawOpen\n" + "0.1\n" * 4)
    with pytest.raises(UserError, match="more than 3 rows"):
        read_table(path, ARKIT52)


@pytest.mark.parametrize("code", ["9" * 400 + ":00:00:00.000", "1:2:3:nan", "-1:00:00:00.000", "::::" * 5000])
def test_absurd_timecodes_are_refused(tmp_path, code):
    path = tmp_path / "track.csv"
    path.write_text(f"Timecode,jawOpen\n{code},0.1\n00:00:00:01.000,0.2\n00:00:00:02.000,0.3\n")
    base = ExpressionTrack.unpack(ARKIT52, np.zeros((2, 52), np.float32))
    with pytest.raises(UserError, match="is no timecode"):
        read_expression(path, base, np.array([0.0, 0.04]), Fraction(25))


def test_a_space_is_known_by_any_spelling_that_is_read(tmp_path):
    path = tmp_path / "track.csv"
    path.write_text("frame,mouthSmile_L,Jaw Open\n0,0.1,0.2\n")
    assert space_of(path) is ARKIT52
    path.write_text("frame,nothing\n0,1\n")
    with pytest.raises(UserError, match="no column is a coefficient that is known"):
        space_of(path)
