"""The report page and its parts."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ned.errors import UserError
from ned.report import ImagePair, ReportData, contact_sheet, grid, save_image, write_report
from ned.report.page import pearson
from ned.report.plot import line_plot
from ned.report.sheet import crop
from ned.types import ExpressionSpace, ExpressionTrack

SPACE = ExpressionSpace("test", ("jawOpen", "mouthSmileLeft", "browInnerUp"))


def make_data(count: int = 50, images: int = 3) -> ReportData:
    rng = np.random.default_rng(0)
    before = rng.random((count, 3), np.float32)
    after = before.copy()
    after[:, 1] += 0.3
    after[:, 0] *= 0.5
    frame = rng.integers(0, 255, (120, 160, 3), np.uint8)
    box = np.array([40.0, 10.0, 120.0, 110.0])
    return ReportData(
        "a <b>.mp4",
        "sad, intensity 1",
        Path("a <b>_sad.mp4"),
        {"emotion": "sad", "input": "a <b>.mp4"},
        2,
        count,
        count - 1,
        np.arange(count) / 25,
        ExpressionTrack.unpack(SPACE, before),
        ExpressionTrack.unpack(SPACE, after),
        tuple(ImagePair(float(k), frame, 255 - frame, box) for k in range(images)),
        {"analysing": 1.25},
    )


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.open = [], []

    def handle_starttag(self, tag, attributes):
        self.links += [v for k, v in attributes if k in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_whole_and_self_contained(tmp_path):
    path = tmp_path / "r.html"
    write_report(path, make_data())
    text = path.read_text(encoding="utf-8")
    page = Links()
    page.feed(text)
    assert not page.open
    assert [link[:23] for link in page.links] == ["data:image/jpeg;base64,"]
    assert "a &lt;b&gt;.mp4" in text and "a <b>" not in text
    assert "Pearson correlation 1.000" in text and "analysing" in text and "1.25 s" in text
    assert re.findall("<h3>(.*?)</h3>", text) == ["mouthSmileLeft", "jawOpen"]
    assert text.count("<svg") == 3 and text.count('polyline class="after"') == 3
    assert "http" not in text.replace("http-equiv", "")


def test_page_of_nothing(tmp_path):
    write_report(tmp_path / "r.html", make_data(0, 0))
    assert "No frame was edited" in (tmp_path / "r.html").read_text()


def test_page_that_cannot_be_written(tmp_path):
    with pytest.raises(UserError):
        write_report(tmp_path / "no" / "r.html", make_data())


def test_correlation_is_scipys():
    a, b = np.random.default_rng(1).random((2, 100))
    assert pearson(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert np.isnan(pearson(a, np.zeros(100))) and np.isnan(pearson(a[:1], b[:1]))


def test_plot_breaks_at_gaps_and_stays_small():
    times = np.concatenate([np.arange(100), np.arange(200, 300)]) / 25.0
    values = np.sin(times)
    assert line_plot(times, {"before": values}, "x").count("<polyline") == 2
    times = np.arange(100_000) / 25.0
    values = np.where(np.arange(100_000) == 54_321, 7.0, np.nan_to_num(np.sin(times)))
    plot = line_plot(times, {"before": values}, "x")
    assert len(plot) < 60_000 and ">6<" in plot
    assert "nan" not in line_plot(times[:3], {"before": np.array([np.nan, 1.0, np.nan])}, "x")


def test_crop_pads_and_keeps_the_middle():
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[48:53, 48:53] = 255
    out = crop(frame, np.array([40.0, 40.0, 60.0, 60.0]), 1.0, (20, 20))
    assert out.shape == (20, 20, 3) and out[10, 10, 0] > 200 and out[2, 2, 0] == 0
    assert crop(frame, np.array([-500.0, 0.0, -400.0, 9.0]), 1.0, (8, 9)).shape == (8, 9, 3)
    assert crop(frame, np.array([-10.0, -10.0, 30.0, 30.0])).shape == (160, 160, 3)


def test_sheet(tmp_path):
    frames = [np.full((60, 80, 3), 10 * k, np.uint8) for k in range(4)]
    boxes = np.tile([10.0, 5.0, 60.0, 55.0], (4, 1))
    sheet = contact_sheet(frames, frames, boxes, size=100)
    assert sheet.shape == (2 * 100 + 2 * 62 + 3 * 4, 4 * 100 + 3 * 4, 3) and sheet.dtype == np.uint8
    save_image(tmp_path / "s.png", sheet)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "s.png")), sheet)
    with pytest.raises(ValueError, match="3 edited"):
        contact_sheet(frames, frames[:3], boxes)
    with pytest.raises(ValueError, match="no images"):
        grid([[], []])
