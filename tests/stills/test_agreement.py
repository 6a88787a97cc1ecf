"""Agreement of asked and judged places: closed forms, the null row, and tables that do not do."""

import numpy as np
import pytest

from ned.cli import main
from ned.errors import UserError
from ned.stills.agreement import Judged, agreement, corners, read_judged, with_interval
from ned.stills.sheet import REACH

STEPS = np.linspace(-REACH, REACH, 7)
GRID = np.stack(np.meshgrid(STEPS, STEPS), 2).reshape(-1, 2)


def test_closed_forms():
    x = np.random.default_rng(0).standard_normal(1000)
    same = agreement(x, x)
    assert (same.rmse, same.sagr) == (0.0, 1.0) and same.ccc == pytest.approx(1.0)
    assert agreement(x, -x).sagr == 0.0 and agreement(x, x - x.mean() * 2 + 1).ccc < 1
    # of a judge that sees half of everything: 2 · ½ / (1 + ¼ + (μ/2σ)²)
    assert agreement(x, x / 2).ccc == pytest.approx(1 / (1.25 + (x.mean() / 2 / x.std()) ** 2))


def test_the_constant_answer_has_the_grid_s_own_error():
    nothing = agreement(GRID[:, 0], np.zeros(49))
    assert nothing.rmse == pytest.approx(0.5) and nothing.ccc == 0.0
    far = corners(Judged(GRID, GRID, tuple("x" * 49)))
    assert len(far.asked) == 4 and agreement(far.asked[:, 0], np.zeros(4)).rmse == pytest.approx(0.75)


def test_intervals_hold_the_figure_and_are_narrower_with_more_people():
    rng = np.random.default_rng(1)

    def judged(people):
        asked = np.tile(GRID, (people, 1))
        offsets = rng.permutation(np.linspace(-0.5, 0.5, people))  # the same spread, whatever their number
        noise = np.repeat(np.stack([offsets, offsets], 1), 49, 0)
        return Judged(asked, 0.6 * asked + noise, tuple(np.repeat(np.arange(people), 49).astype(str)))

    few, many = (with_interval(judged(n), 0) for n in (8, 100))
    for found in (few, many):
        assert found.interval[0] <= found.ccc <= found.interval[1]
    assert np.ptp(many.interval) < np.ptp(few.interval)


def test_the_command_prints_the_null_row(tmp_path, capsys):
    path = tmp_path / "judged.csv"
    rows = [f"{v},{a},{0.5 * v},{0.4 * a},{k % 3}" for k, (v, a) in enumerate(GRID)]
    path.write_text("\n".join(["asked_valence,asked_arousal,valence,arousal,person", *rows]))
    assert main(["evaluate", "stills", str(path)]) == 0
    said = capsys.readouterr().out
    assert "always 0 | 0.500" in said and "corners" in said and "annotators" in said
    for text in ("valence,arousal\n1,2", "asked_valence,asked_arousal,valence,arousal\n1,2,x,4",
                 "asked_valence,asked_arousal,valence,arousal\n"):  # fmt: skip
        path.write_text(text)
        with pytest.raises(UserError):
            read_judged(path)
