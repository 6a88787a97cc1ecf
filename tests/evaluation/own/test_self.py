"""Self-translation and self-reenactment: what is cut off, what is measured, what is drawn."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ned import pipeline
from ned.cli import main
from ned.errors import ProcessingError, UserError
from ned.evaluation.own.heat import HOTTEST, heat_map
from ned.evaluation.own.reenactment import measure
from ned.evaluation.own.translation import cut_end
from ned.video import read_frames
from tests.evaluation.faces import write_clip


@pytest.fixture(scope="module")
def long_talk(talk, tmp_path_factory):
    """Two seconds; the second is a little darker."""
    frames = [*talk[:25], *((f * 0.9).astype(np.uint8) for f in talk[:25])]
    return write_clip(tmp_path_factory.mktemp("long") / "talk.mp4", frames)


def test_the_end_is_cut_off_without_loss(long_talk, original, tmp_path):
    cut_end(long_talk, tmp_path / "end.mkv")
    frames, known = list(read_frames(tmp_path / "end.mkv")), list(read_frames(long_talk))[25:]
    assert len(frames) == 25
    for a, b in zip(frames, known, strict=True):
        assert np.array_equal(a.rgb(), b.rgb())
    short = write_clip(tmp_path / "short.mp4", [np.zeros((64, 64, 3), np.uint8)] * 10)
    with pytest.raises(UserError, match="lasts 0.40 s, 1 s are the least"):
        cut_end(short, tmp_path / "no.mkv")


def test_a_heat_map_is_dark_where_nothing_changed_and_black_outside():
    truth = np.full((60, 60, 3), 100, np.uint8)
    made, mask = truth.copy(), np.zeros((60, 60), bool)
    mask[:, 10:50] = True
    made[:30] += 40
    found = heat_map(truth, made, mask).astype(int).sum(2)
    assert found[:40, :9].max() == 0 and found[5:25, 15:45].min() > 500 and found[35:42, 15:45].max() < 30
    assert HOTTEST < 40 * 3**0.5, "what was drawn white is as far off as that"


def test_the_command_measures_an_edit_that_changes_little(long_talk, tmp_path, monkeypatch, capsys):
    asked = []

    def process(config, progress):
        asked.append((config.emotion, config.provenance, config.cache, config.renderer))
        shutil.copyfile(config.input, config.output)

    monkeypatch.setattr(pipeline, "process", process)
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    out = tmp_path / "self.json"
    command = ["evaluate", "self", str(long_talk), "--emotion", "happy", "--set", "renderer=warp", "--no-reenactment"]
    command += ["--json", str(out), "--pictures", str(tmp_path), "--quiet"]
    assert main(command) == 0
    assert asked == [("happy", False, False, "warp")]
    (found,) = json.loads(out.read_text())["self_translation"]
    figures = {row["kind"]: row["figures"] for row in found["rows"]}
    assert figures["edit"]["fapd"] == 0 < figures["transcode"]["fapd"] and figures["edit"]["same_frames"] == 1
    assert (tmp_path / "talk-self-translation.png").stat().st_size > 5000
    assert "self-translation to happy" in capsys.readouterr().out
    assert main([*command, "--set", "renderer"]) == 2 and "has no value" in capsys.readouterr().err


def test_heat_maps_overwrite_nothing_unasked(original, tmp_path, capsys):
    (tmp_path / "b").mkdir()
    (tmp_path / "maps").mkdir()
    same = tmp_path / "b" / original.name
    shutil.copyfile(original, same)
    command = ["evaluate", "self", str(original), "--pictures", str(tmp_path / "maps"), "--quiet"]
    assert main([*command[:3], str(same), *command[3:]]) == 2
    assert "two sources would have this heat map" in capsys.readouterr().err
    kept = tmp_path / "maps" / "ann-self-reenactment-network.png"
    kept.write_bytes(b"kept")
    assert main(command) == 2 and "exists already" in capsys.readouterr().err and kept.read_bytes() == b"kept"


def test_a_face_that_is_never_in_the_image_is_said(monkeypatch):
    from tests.renderer.neural.synthetic import footage

    test = footage("ann", 3)
    shown = iter([True, False, True])
    monkeypatch.setattr("ned.evaluation.own.reenactment.face_region",
                        lambda face, size: np.full((size, size), next(shown, False)))  # fmt: skip
    made = test.frames / 255
    assert measure("ann", "network", made, test).frames == 2
    with pytest.raises(ProcessingError, match="no held-out frame of ann shows the face"):
        measure("ann", "network", made, test)


def test_reenactment_is_measured_inside_the_face():
    from tests.renderer.neural.synthetic import footage

    test = replace(footage("ann", 3), frames=np.full((3, 64, 64, 3), 100, np.uint8))
    size = test.size
    made = np.full((3, size, size, 3), 103 / 255)
    made[:, :2] = 0  # above the face: not to be seen
    row = measure("ann", "network", made, test)
    assert row.fapd == pytest.approx(3 * 3**0.5, rel=1e-3) and row.frames == 3 and row.ssim > 0.99
    assert row.psnr == pytest.approx(20 * np.log10(255 / 3), rel=1e-3) and row.sheet.shape[0] >= 3 * size
