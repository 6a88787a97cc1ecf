"""Landmark files in their publishers' layouts, and the paper's experiment on generated ones."""

import numpy as np
import pytest

from ned.errors import UserError
from ned.manipulator.vitl.landmarks import KDEF_CODES, aligned, kdef_name, rafd_name, read_points, read_posed
from ned.manipulator.vitl.protocol import PAPER, print_protocol, run_protocol
from ned.manipulator.vitl.regression import Settings

RNG = np.random.default_rng(0)


def _face():
    """68 points with eyes that lie apart."""
    points = RNG.uniform(40, 88, (68, 2))
    points[36:42] = [45, 45] + RNG.uniform(-4, 4, (6, 2))
    points[42:48] = [83, 45] + RNG.uniform(-4, 4, (6, 2))
    return points


def _write_pts(path, points):
    lines = "\n".join(f"{x:.4f} {y:.4f}" for x, y in points)
    path.write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")


@pytest.fixture(scope="module")
def kdef(tmp_path_factory):
    """Twelve people, two sittings, seven emotions that each move some points by the person's own amount."""
    folder = tmp_path_factory.mktemp("kdef")
    move = {code: RNG.standard_normal((68, 2)) * 3 * (code != "NE") for code in KDEF_CODES}
    for person in range(12):
        base, gain = _face() if person == 0 else None, RNG.lognormal(0, 0.3)
        base = np.load(folder / "base.npy") + RNG.standard_normal((68, 2)) if base is None else base
        if person == 0:
            np.save(folder / "base.npy", base)
        for sitting in "AB":
            for code in KDEF_CODES:
                name = f"{sitting}F{person + 1:02d}"
                (folder / name).mkdir(exist_ok=True)
                points = base + gain * move[code] + 0.2 * RNG.standard_normal((68, 2))
                _write_pts(folder / name / f"{name}{code}S.pts", points)
    (folder / "base.npy").unlink()
    return folder


def test_names_of_the_publishers():
    assert kdef_name("AF01HAS") == ("F01", "A", "happy") and kdef_name("BM12AFS") == ("M12", "B", "fear")
    assert kdef_name("AF01HAHL") is None
    assert rafd_name("Rafd090_01_Caucasian_female_sad_frontal") == ("01", "", "sad")
    assert rafd_name("Rafd090_01_Caucasian_female_contemptuous_frontal") is None
    assert rafd_name("Rafd045_01_Caucasian_female_sad_frontal") is None


def test_alignment_puts_the_eyes_in_place_whatever_the_pose():
    points = _face()
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = aligned(points)
    assert np.allclose(aligned(2.5 * points @ turn.T + [30, -7]), face)
    square = face.reshape(68, 2)
    assert np.allclose(square[36:42].mean(0), (0.35, 0.35)) and np.allclose(square[42:48].mean(0), (0.65, 0.35))
    assert square[8, 1] * (points[8, 1] - 45) > 0  # not mirrored
    with pytest.raises(ValueError, match="coincide"):
        aligned(np.ones((68, 2)))


def test_points_come_from_every_kind_of_file(tmp_path):
    points = np.round(_face(), 3)
    _write_pts(tmp_path / "a.pts", points)
    np.save(tmp_path / "b.npy", points)
    (tmp_path / "c.csv").write_text("\n".join(f"{x},{y}" for x, y in points))
    for name in ("a.pts", "b.npy", "c.csv"):
        assert np.allclose(read_points(tmp_path / name), points)
    (tmp_path / "d.txt").write_text("1 2\n3 4\n")
    (tmp_path / "e.pts").write_text("nothing")
    for name in ("d.txt", "e.pts", "missing.pts"):
        with pytest.raises(UserError, match="68 landmarks"):
            read_points(tmp_path / name)


def test_a_set_is_read_and_people_are_known_over_sittings(kdef):
    posed = read_posed(kdef)
    assert posed.faces.shape == (24, 7, 136) and posed.seen.all()
    assert len(set(posed.persons.tolist())) == 12


def test_the_protocol_learns_and_prints_its_null_rows(kdef, capsys):
    posed = read_posed(kdef)
    rows = {row.name: row for row in run_protocol(posed, Settings(ridge=1e-6), folds=4)}
    assert set(rows) == {*posed.emotions, "joint"}
    for row in rows.values():
        assert row.residual[0] < 0.7 * row.copy[0] and row.vitl[0] < 0.7 * row.copy[0]
    print_protocol(list(rows.values()))
    said = capsys.readouterr().out
    assert "mean offset" in said and "Landmark-StarGAN" in said and f"{PAPER['joint'][0]:.3f}" in said


def test_missing_faces_are_left_out(kdef, tmp_path):
    import shutil

    folder = tmp_path / "part"
    shutil.copytree(kdef, folder)
    for gone in ("AF01/AF01HAS.pts", "BF03/BF03NES.pts"):
        (folder / gone).unlink()
    posed = read_posed(folder)
    assert (~posed.seen).sum() == 2
    rows = {row.name: row for row in run_protocol(posed, Settings(ridge=1e-6), folds=3)}
    assert rows["joint"].residual[0] < 0.7 * rows["joint"].copy[0]


def test_folders_without_faces_are_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UserError):
            read_posed(folder)
