"""The figures against closed forms, and the rows against methods whose error is known."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.geometry.articulation import lips_over_brow
from ned.renderer.neural import evaluation
from ned.renderer.neural.evaluation import (
    MOST_PSNR,
    face_region,
    mae,
    mean_rows,
    measure_frames,
    mouth_region,
    open_mouths,
    print_rows,
    psnr,
    self_reenactment,
    ssim_map,
    warp_of_nearest,
)
from tests.models.alexnet import alexnet_weights
from tests.renderer.neural.synthetic import footage


def test_mae_and_psnr_are_those_of_the_region_alone():
    truth = np.full((32, 32, 3), 0.5, np.float32)
    made = truth.copy()
    made[:16, :, 0] += 0.1
    top = np.zeros((32, 32), bool)
    top[:16] = True
    assert mae(made, truth, top) == pytest.approx(255 * 0.1 / 3, rel=1e-5)
    assert mae(made, truth, ~top) == 0
    assert psnr(made, truth, top) == pytest.approx(-10 * math.log10(0.01 / 3), rel=1e-4)
    assert psnr(made, truth, ~top) == MOST_PSNR


def test_similarity_is_one_for_equal_images_and_falls_where_they_differ():
    rng = np.random.default_rng(0)
    truth = rng.random((40, 40, 3)).astype(np.float32)
    made = truth.copy()
    made[:, 20:] = rng.random((40, 20, 3))
    assert np.allclose(ssim_map(truth, truth), 1, atol=1e-5)
    alike = ssim_map(made, truth)
    assert alike[:, :16].min() > 0.999 and alike[:, 24:].mean() < 0.3


def test_regions_lie_where_face_and_mouth_are():
    shown = footage(frames=1, size=96)
    face, mouth = face_region(shown.faces[0], 96), mouth_region(shown.faces[0], 96)
    x, y = shown.faces[0, 14, :2].round().astype(int)
    nose = shown.faces[0, 1, :2].round().astype(int)
    assert mouth[y, x] and face[y, x] and face[nose[1], nose[0]] and not mouth[nose[1], nose[0]]
    assert (mouth & ~face).sum() == 0 and 0.02 < mouth.sum() / face.sum() < 0.2
    assert not face[0].any() and not face[:, 0].any()


def test_open_mouths_are_those_above_the_percentile_of_what_was_trained_on():
    shown = footage(frames=60)
    train, test = shown.part(slice(0, 40)), shown.part(slice(40, None))
    jaw = shown.coefficients[:, 0]
    assert np.corrcoef(lips_over_brow(shown.faces), jaw)[0, 1] > 0.99
    limit = np.percentile(lips_over_brow(train.faces), 90)
    assert (open_mouths(test, train) == (lips_over_brow(test.faces) > limit)).all()
    still = replace(train, faces=np.repeat(train.faces[jaw[:40].argmax()][None], len(train), 0))
    assert not open_mouths(still, train.part(np.array([int(jaw[:40].argmax())]))).any()


def test_a_known_offset_has_a_known_distance():
    shown = footage(frames=4)
    made = shown.frames / 255.0 + 10 / 255
    figures = measure_frames(made.astype(np.float32), shown.frames, shown.faces)
    assert figures.frames == 4 and math.isnan(figures.face.lpips)
    assert figures.face.mae == pytest.approx(10, abs=0.01) == figures.mouth.mae
    assert figures.face.psnr == pytest.approx(20 * math.log10(255 / 10), abs=0.01)


def test_rows_rank_methods_by_their_error(capsys):
    shown = footage(frames=60)
    train, test = shown.split()
    exact = lambda test, train: test.frames / np.float32(255)  # noqa: E731
    stale = lambda test, train: np.repeat(train.frames[:1] / np.float32(255), len(test), 0)  # noqa: E731
    rows = self_reenactment({"exact": exact, "warp": warp_of_nearest, "stale": stale}, train, test)
    assert [row.method for row in rows] == ["exact", "warp", "stale"]
    found = [row.everything.face.mae for row in rows]
    assert found[0] == 0 < found[1] < 0.5 * found[2]
    print_rows(rows, frozenset({"ann"}))
    said = capsys.readouterr().out
    assert said.count("ann *") == 3 and "not trained on" in said and "lpips" not in said


def test_the_warp_takes_a_frame_of_the_same_geometry_where_there_is_one():
    shown = footage(frames=30)
    again = shown.part(np.array([7, 3]))
    assert np.abs(255 * warp_of_nearest(again, shown) - again.frames).mean() < 1.0


def test_means_count_people_alike_and_leave_out_missing_subsets():
    one, other = footage("ann", 40), footage("bob", 80, seed=3)
    off = lambda by: lambda test, train: test.frames / np.float32(255) + np.float32(by / 255)  # noqa: E731
    rows = self_reenactment({"m": off(4)}, *one.split()) + self_reenactment({"m": off(8)}, *other.split())
    rows[0] = replace(rows[0], opened=None)
    rows[1] = replace(rows[1], opened=rows[1].everything)
    (mean,) = mean_rows(rows)
    assert mean.everything.face.mae == pytest.approx(6, abs=0.02) and mean.everything.frames == 12
    assert mean.opened.face.mae == pytest.approx(8, abs=0.02)
    assert mean_rows([rows[0]])[0].opened is None


def test_perceptual_figures_without_the_package(monkeypatch, tmp_path):
    """Our own, where AlexNet's weights are; none where they are not."""
    monkeypatch.setitem(sys.modules, "lpips", None)
    path = tmp_path / "alexnet.pth"
    for found in (None, path):
        monkeypatch.setattr(evaluation, "find_model", lambda _, found=found: found)
        evaluation.perceptual_judge.cache_clear()
        if found is None:
            assert evaluation.perceptual_judge() is None
            continue
        path.write_bytes(b"no weights")
        with pytest.raises(UserError, match="alexnet.pth: holds no weights of AlexNet"):
            evaluation.perceptual_judge()
        torch.save(alexnet_weights(), path)
        image = np.random.default_rng(0).random((64, 72, 3), np.float32)
        judge = evaluation.perceptual_judge()
        assert not judge(image, image).any() and judge(image, 1 - image).min() > 0
    evaluation.perceptual_judge.cache_clear()
