"""`ned bench`: the table says what was measured and what was not; one small clip goes through all of it."""

import re

import numpy as np
import pytest

from ned.bench import measure as module
from ned.bench.clips import SIZES, Size, placed
from ned.bench.measure import measure
from ned.bench.table import NEEDS_GPU, Row, as_markdown, said
from ned.cli import main
from ned.runtime.progress import Silent


def test_a_table_is_markdown_whatever_is_in_it():
    text = as_markdown(["a machine"], "", [Row("fps | all", "1.0", NEEDS_GPU), Row("x", "failed: a\nb", "—")])
    lines = text.splitlines()
    assert lines[0] == "a machine" and lines[1] == ""
    assert all(line.count("|") == 4 for line in lines[2:]) and len({len(line) for line in lines[2:]}) == 1
    assert set(lines[3]) == {"|", "-"} and "fps / all" in lines[4] and "failed: a b" in lines[5]


def test_what_is_not_known_is_never_0():
    assert said({"fps": 2.0}, "fps") == "2.0"
    assert "0" not in said({"fps": 0.0}, "fps") and "0" not in said({}, "fps")
    assert said({"error": "failed: no memory"}, "fps") == "failed: no memory"


@pytest.mark.parametrize("size", [Size("a", 64, 64), Size("b", 120, 64, 3), Size("c", 200, 60)])
def test_faces_are_placed_side_by_side(size):
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 8:24] = 200
    out = placed(image, size)
    assert out.shape == (size.height, size.width, 3)
    bright = (out[size.height // 2, :, 0].astype(int) > 100) & (out[size.height // 2, :, 2] > 100)
    assert np.count_nonzero(np.diff(bright.astype(int)) == 1) + bright[0] == size.faces
    grey = (out == 96).all(2)
    side = min(size.height, size.width // size.faces)
    assert grey.mean() == pytest.approx(1 - size.faces * side**2 / (size.width * size.height), abs=0.05)


def test_every_figure_has_a_row_and_a_gpu_is_measured_where_there_is_one(monkeypatch):
    """The measurements answered by hand: which are asked for, and where their answers stand."""
    asked = []

    def answer(kind, **given):
        asked.append((kind, given.get("device")))
        on_gpu = given.get("device") == "cuda"
        return {"fps": 50.0 if on_gpu else 10.0, "ms": 3.0 if on_gpu else 30.0, "stages": {"rendering": 7.0},
                "host_gib": 0.5, "device_gib": 1.5 if on_gpu else 0.0, "steps": 4.0, "curve": [8.0, 7.5], "fapd": 7.4,
                "warp_fapd": 9.0}  # fmt: skip

    monkeypatch.setattr(module, "ask", answer)
    monkeypatch.setattr(module, "make_clips", lambda folder, seconds, sizes: {size: folder / "x.mp4" for size in sizes})
    monkeypatch.setattr(module.devices, "settle", lambda wanted: "cpu" if wanted == "cpu" else "cuda")
    monkeypatch.setattr(module.devices, "said_of", lambda device: "Card 1")
    with_gpu, without = (measure(device, False, 1.0, 1.0, Silent()) for device in ("auto", "cpu"))
    assert "Card 1" in with_gpu and NEEDS_GPU not in with_gpu
    for size in SIZES:
        for renderer in ("warp", "neural"):
            assert f"{size.name}: `--renderer {renderer}`, frames/s" in with_gpu
    rows = {row.split("|")[1].strip(): [c.strip() for c in row.split("|")[2:4]] for row in with_gpu.splitlines()[3:]}
    assert rows["720p: `--renderer neural`, frames/s"] == ["10.0", "50.0"]
    assert rows["4K: neural, time ÷ floor"] == ["1.00", "0.20"]
    assert rows["720p: warp, rendering, ms a frame"][0] == "7.0"
    assert rows["fine-tuning, memory of the GPU, GiB"] == ["—", "1.50"]
    curve = rows["fine-tuning, held-out MAE from minute to minute, then the best"]
    assert curve[0] == "8.00 7.50 7.40 (bent frame 9.00)"
    assert ("network", "cuda") in asked and ("finetune", "cuda") in asked
    table = without.splitlines()
    assert sum(NEEDS_GPU in line for line in table) >= 4 * len(SIZES) + 6
    assert not re.search(r"\| *0(\.0*)? *\|", without)


def test_a_quick_run_measures(tmp_path, capsys):
    assert main(["bench", "--quick", "--device", "cpu", "--seconds", "0.4", "--finetune-minutes", "0", "--quiet",
                 "--output", str(tmp_path / "t.md")]) == 0  # fmt: skip
    text = capsys.readouterr().out
    assert text == (tmp_path / "t.md").read_text() and "failed" not in text
    for figure in ("floor", "`--renderer warp`", "`--renderer neural`", "network of the neural renderer"):
        (line,) = [line for line in text.splitlines() if figure in line and ("frames/s" in line or "ms" in line)]
        assert float(line.split("|")[2]) > 0.01
    assert "left out (--finetune-minutes 0)" in text and NEEDS_GPU in text


def test_a_measurement_that_hangs_is_a_line_of_the_table(monkeypatch):
    monkeypatch.setattr(module, "MOST_S", 0.01)
    assert module.ask("floor", video="any.mp4")["error"].startswith("failed: no answer in ")


def test_a_measurement_that_fails_is_a_line_of_the_table(tmp_path):
    answer = module.ask("floor", video=str(tmp_path / "none.mp4"))
    assert answer["error"].startswith("failed: ") and "none.mp4" in answer["error"]
