"""Judges among the rows: those without numbers are named, and spoil no other figure."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ned.evaluation.distance import real_distance
from ned.evaluation.face import MEASURES
from ned.evaluation.group import Comparison
from ned.evaluation.judges import Judges
from ned.evaluation.pairs import Pair
from ned.evaluation.table import as_json, as_text, distance_lines
from ned.evaluation.video import Evaluation, evaluate_videos
from tests.evaluation.faces import FRAMES, rows, write_clip


@pytest.fixture(autouse=True)
def no_models(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))


class NoNumbers:
    """Judges of identity, valence and whole images that give no numbers."""

    name = "nothing"

    def features(self, rgb, points=None):
        return np.full(3, np.nan)

    def affect(self, rgb, points):
        return np.full(2, np.nan)

    def distance(self, a, b):
        return float("nan")


def test_judges_that_give_no_numbers_are_named_and_spoil_no_other_figure(original, talk, tmp_path):
    edited = write_clip(tmp_path / "talk_sad.mp4", talk, crf=25)
    judge = NoNumbers()
    judges = Judges(identity=(judge,), affect=(judge,), perceptual=judge, distribution=judge, video=judge)
    row = rows(evaluate_videos([Pair(original, edited, "sad")], judges))["edit"]
    for figure in ("identity@nothing", "valence_change@nothing", "arousal_change@nothing"):
        assert row.missing[figure].endswith("or nothing gives no finite answer") and figure not in row.figures
    assert row.missing["lpips"].endswith("lpips gives no finite answer")
    assert row.missing["kid"] == "wants 8 faces a side, there are 0" and row.figures["jaw_pcc"] > 0.9


class Never:
    name = "never"

    def expression(self, rgb, points):
        return np.full(7, np.nan)


def test_means_keep_the_reason_of_a_judge(original, talk, tmp_path):
    from ned.evaluation.page import write_page

    edits = [write_clip(tmp_path / f"talk_{e}.mp4", talk, crf=30) for e in ("sad", "happy")]
    pairs = [Pair(original, path, path.stem.removeprefix("talk_")) for path in edits]
    found = evaluate_videos(pairs, Judges(expression=(Never(),)))
    mean = found.rows[-1]
    assert mean.edited == "edit, mean of 2" and mean.missing["target_hit@never"] == "never gives no finite answer"
    assert "not asked for" not in as_text(found)
    write_page(tmp_path / "page.html", found)
    assert "never gives no finite answer" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_mouth_that_does_not_move_is_null_and_no_crash(original):
    """Of its width there is no correlation; the distance to real faces is still a distance."""
    rng = np.random.default_rng(0)
    reference = {name: rng.normal(0.5, 0.1, (40, 8)) for name in ("neutral", "happy")}

    def clip(moves):
        comparison = Comparison(Path("x"))
        for _ in range(20):
            values = rng.normal(0.5, 0.1, (2, 8))
            if not moves:
                values[:, MEASURES.index("mouth_width")] = 0.7
            comparison.slow.add({f"{m}_{s}": v for s, row in zip("ab", values, strict=True)
                                 for m, v in zip(MEASURES, row, strict=True)})  # fmt: skip
        return comparison

    still = real_distance([clip(False)], "happy", reference)
    assert math.isnan(still.mouth_width_pcc_median) and math.isfinite(still.edited)
    both = real_distance([clip(False), clip(True)], "happy", reference)
    assert both.mouth_width_pcc_median == both.mouth_width_pcc_worst and abs(both.mouth_width_pcc_worst) < 0.8
    plain = json.loads(as_json(Evaluation((), (), distances=(still,))))
    assert plain["real_distance"][0]["mouth_width_pcc_median"] is None
    assert "  mouth_width_pcc: not computed: no mouth moves" in distance_lines(still)


class Broken:
    """A judge that gives no numbers, or only now and then."""

    def __init__(self, name, every):
        self.name, self.every, self.asked = name, every, 0

    def expression(self, rgb, points):
        self.asked += 1
        return np.full(7, np.nan) if self.every and self.asked % self.every == 0 else np.eye(7)[1]


def test_a_judge_that_gives_no_numbers_is_not_taken_for_neutral(original, talk, tmp_path):
    edited = write_clip(tmp_path / "talk_neutral.mp4", talk, crf=20)
    judges = Judges(expression=(Broken("never", 1), Broken("mostly", 4)))
    found = evaluate_videos([Pair(original, edited, "neutral")], judges)
    row = rows(found)["edit"]
    assert row.missing["target_hit@never"] == "never gives no finite answer" and "target_hit@never" not in row.figures
    assert row.figures["target_hit@mostly"] == 0, "it said happy wherever it said anything"
    assert found.confusions["mostly"][0, 0] == 0 and "never" not in found.confusions
    assert "never gives no finite answer" in as_text(found) and "NaN" not in as_json(found)


def test_judges_of_sound_and_of_many_faces_give_their_figures(original):
    class Mean:
        name, asked = "mean", 0

        def features(self, rgb):
            Mean.asked += 1
            return np.array([rgb.mean(), rgb.std()]) / 255

    class Flat:
        name = "flat"

        def lips(self, images):
            return np.full((max(0, len(images) - 4), 2), 0.5, np.float32)

        def sound(self, rows):
            return np.full((max(0, (len(rows) - 20) // 4 + 1), 2), 0.5, np.float32)

    found = evaluate_videos([Pair(original, original, None)], Judges(sync=Flat(), distribution=Mean()))
    copy, transcoded, edit = found.rows[:3]
    assert copy.figures["lse_d"] == edit.figures["lse_d"] < 1e-3 and copy.figures["lse_c"] >= 0
    assert copy.figures["kid"] == edit.figures["kid"] and 0 < copy.figures["kid_error"] < 1
    assert abs(copy.figures["kid"]) < 0.1 and abs(transcoded.figures["kid"]) < 0.1  # nothing was edited
    assert Mean.asked == 2 * FRAMES / 3, "the original once, and the transcode; not the original for every row"
    assert "wants 2048 faces a side" in copy.missing["fid"] and not found.measured[0].comparison.clouds.edited.count
