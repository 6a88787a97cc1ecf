import pytest

from ned.errors import UserError
from ned.video import ffmpeg_version, find_ffmpeg, list_encoders
from ned.video.encoders import choose_encoder, output_format, quality_options


def test_ffmpeg_is_there():
    assert find_ffmpeg() and ffmpeg_version() != "unknown"
    assert "libx264" in list_encoders()


def test_a_wrong_override_is_told(monkeypatch):
    find_ffmpeg.cache_clear()
    monkeypatch.setenv("NED_FFMPEG", "/no/such/program")
    with pytest.raises(UserError, match="NED_FFMPEG"):
        find_ffmpeg()
    monkeypatch.undo()
    find_ffmpeg.cache_clear()


@pytest.mark.parametrize(
    "source,even,odd",
    [
        ("yuv420p", "yuv420p", "yuv444p"),
        ("yuv422p12le", "yuv422p10le", "yuv444p10le"),
        ("yuvj420p", "yuvj420p", "yuvj444p"),
        ("gray", "gray", "gray"),
        ("gbrp", "yuv444p", "yuv444p"),
        ("yuv420p16le", "yuv420p10le", "yuv444p10le"),
        ("yuva444p10le", "yuv444p10le", "yuv444p10le"),
    ],
)
def test_nearest_format(source, even, odd):
    assert output_format("libx264", source, 720, 1280) == even
    assert output_format("libx264", source, 721, 1281) == odd


def test_formats_of_other_encoders():
    assert output_format("prores_ks", "yuv420p", 720, 1280) == "yuv422p10le"
    with pytest.raises(UserError, match="even"):
        output_format("libsvtav1", "yuv420p", 721, 1280)


def test_qualities():
    assert quality_options("libx264", None, None) == {"crf": "17", "preset": "medium", "threads": "3"}
    assert quality_options("libx264", "draft", None) == {"crf": "23", "preset": "veryfast", "threads": "3"}
    assert quality_options("libx264", 20.5, "slow") == {"crf": "20.5", "preset": "slow", "threads": "3"}
    assert quality_options("libx264", "lossless", None)["qp"] == "0"
    assert quality_options("prores_ks", "best", None)["q:v"] == "2"
    with pytest.raises(UserError, match="presets"):
        quality_options("prores_ks", None, "slow")
    with pytest.raises(UserError, match="choose one of .*libx264"):
        choose_encoder("nonsense")
