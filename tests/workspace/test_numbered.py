from pathlib import Path

import pytest

from ned.errors import UserError
from ned.workspace import Numbered, check_new_images, check_numbered, default_output, is_numbered, report_path
from ned.workspace.numbered import missing, said


@pytest.mark.parametrize("name", ["shot.%04d.exr", "shot.####.exr", "shot_%d.PNG", "%06d.png", "#.exr"])
def test_patterns_are_known(name):
    assert is_numbered(name) and is_numbered(Path("/some/folder") / name)


@pytest.mark.parametrize("name", ["shot.0001.exr", "shot.%04d.mov", "100%.png", "a.exr", "%s.exr"])
def test_other_names_are_none(name):
    assert not is_numbered(name)


def test_files_are_found_by_their_numbers(tmp_path):
    for name in ("s.0998.exr", "s.0999.exr", "s.1001.exr", "s.10000.exr", "s.01.exr", "s.00999.exr", "t.1000.exr",
                 "s.1000.exr.tmp"):  # fmt: skip
        (tmp_path / name).touch()
    pattern = Numbered.of(tmp_path / "s.%04d.exr")
    assert pattern.numbers() == (998, 999, 1001, 10000) == check_numbered(tmp_path / "s.####.exr")
    assert pattern.path(7).name == "s.0007.exr" and pattern.path(123456).name == "s.123456.exr"
    assert said(missing((998, 999, 1001, 1005))) == "1000, 1002-1004"


def test_names_made_of_a_pattern(tmp_path):
    assert default_output(tmp_path / "shot.%04d.exr", "happy") == tmp_path / "shot_happy.%04d.exr"
    assert default_output(tmp_path / "####.png", "sad") == tmp_path / "sad.%04d.png"
    assert report_path(tmp_path / "shot_happy.%04d.exr") == tmp_path / "shot_happy_report.html"


def test_what_cannot_be_is_told(tmp_path):
    with pytest.raises(UserError, match="no image fits"):
        check_numbered(tmp_path / "s.%04d.exr")
    with pytest.raises(UserError, match="2 places"):
        Numbered.of(tmp_path / "s.%04d.%02d.exr")
    with pytest.raises(UserError, match="folder does not exist"):
        check_new_images(tmp_path / "no" / "s.%04d.exr", tmp_path / "in.mp4")
    (tmp_path / "s.0003.exr").touch()
    with pytest.raises(UserError, match="frames 3 exist already"):
        check_new_images(tmp_path / "s.%04d.exr", tmp_path / "in.mp4")
    check_new_images(tmp_path / "s.%04d.exr", tmp_path / "in.mp4", overwrite=True)
    with pytest.raises(UserError, match="input and output at once"):
        check_new_images(tmp_path / "s.####.exr", tmp_path / "s.%04d.exr", overwrite=True)
