"""What is looked at while training goes on."""

import numpy as np
import pytest
from PIL import Image

from ned.geometry.articulation import lips_over_brow
from ned.renderer.neural.training.preparation import by_person
from ned.renderer.neural.training.preview import COLUMNS, HeldOut, chosen_frames
from tests.renderer.neural.synthetic import footage


class Copying:
    """Gives the truth, less a share of it."""

    def __init__(self, lost):
        self.lost = lost

    def generate(self, wanted, reference):
        return (1 - self.lost) * wanted.frames / np.float32(255)

    def finish(self, wanted, reference):
        return None


class Halving(Copying):
    """Takes away half of what stands in for an edit lacks; else nothing."""

    def finish(self, wanted, reference):
        truth = wanted.frames / np.float32(255)
        return 0.6 * truth, 0.8 * truth


def test_the_figures_are_those_of_the_learner_beside_the_warp():
    held = HeldOut(by_person([footage("ann", 80), footage("bob", 60, seed=2)]), 4)
    perfect, worse = held(Copying(np.float32(0))), held(Copying(np.float32(0.2)))
    assert perfect["fapd"] == perfect["score"] == 0 < perfect["warp_fapd"] == worse["warp_fapd"]
    assert worse["score"] == pytest.approx(-(worse["fapd"] + worse["mouth_fapd"]) / 2) and worse["fapd"] > 10


def test_what_counts_is_how_edits_are_finished():
    held = HeldOut(by_person([footage("ann", 80), footage("bob", 60, seed=2)]), 4)
    figures, plain = held(Halving(np.float32(0.2))), held(Copying(np.float32(0.2)))
    assert figures["fapd"] == plain["fapd"] == pytest.approx(figures["edit_fapd"], rel=1e-4)
    assert figures["bent_edit_fapd"] == pytest.approx(2 * figures["edit_fapd"], rel=1e-3)
    assert figures["score"] == pytest.approx(-(figures["edit_fapd"] + figures["edit_mouth_fapd"]) / 2)
    better = held(Halving(np.float32(0.1)))  # at painting without the frame
    assert better["fapd"] < figures["fapd"] and better["score"] == figures["score"]


def test_the_sheet_shows_target_warp_and_network(tmp_path, notes):
    person = by_person([footage("ann", 100)])[0]
    held = HeldOut([person], 8)
    held.show(7, held(Copying(np.float32(1.0))), tmp_path / "previews", notes)
    sheet = np.asarray(Image.open(tmp_path / "previews" / "preview_000007.png"))
    assert sheet.shape == (3 * 64 + 2 * 4, COLUMNS * 64 + (COLUMNS - 1) * 4, 3)
    widest = int(lips_over_brow(person.test.faces).argmax())
    assert np.array_equal(sheet[24:64, :64], person.test.frames[widest][24:])  # a label covers the rest
    assert np.abs(sheet[68 + 24 : 132, :64].astype(int) - sheet[24:64, :64]).mean() < 8
    assert sheet[136 + 24 : 200, :64].max() == 0
    assert "step 7: held-out MAE" in notes.said[0] and "preview_000007.png" in notes.said[0]
    assert "edit" not in notes.said[0]
    held.show(8, held(Halving(np.float32(1.0))), tmp_path / "previews", notes)
    assert "as an edit is finished" in notes.said[1]


@pytest.mark.parametrize("consecutive", [False, True])
def test_the_widest_mouth_is_among_the_frames(consecutive):
    test = footage("ann", 70)
    chosen = chosen_frames(test, 9, consecutive)
    assert len(chosen) <= 9 and int(lips_over_brow(test.faces).argmax()) in chosen
    assert (np.diff(chosen) == 1).all() == consecutive
    assert chosen_frames(test, 200, consecutive).tolist() == list(range(70))
