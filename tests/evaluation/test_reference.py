"""Measures of photographs: what is written is what the faces show."""

import numpy as np
import pytest
from PIL import Image

from ned.cli import main
from ned.errors import UserError
from ned.evaluation.distance import load_reference
from ned.evaluation.face import measure_faces
from ned.evaluation.judges.mesh import FaceMesh


def test_photographs_are_measured_and_what_shows_no_face_is_left_out(portrait, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    for emotion, count in (("neutral", 20), ("happy", 2)):
        (tmp_path / "faces" / emotion).mkdir(parents=True)
        for k in range(count):
            Image.fromarray(np.roll(portrait, k, 1)).save(tmp_path / "faces" / emotion / f"{k:02d}.png")
    Image.new("RGB", (200, 200)).save(tmp_path / "faces/happy/blank.png")
    (tmp_path / "faces/happy/broken.jpg").write_bytes(b"no")
    out = tmp_path / "measures.npz"
    assert main(["evaluate", "reference", str(tmp_path / "faces"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "neutral 20, happy 2" in said.out and "happy: 2 of 4 images left out" in said.err
    found = load_reference(out)
    with FaceMesh(still=True) as mesh:
        assert np.abs(found["happy"][0] - measure_faces(mesh(portrait)[None])[0]).max() < 1e-6
    assert set(load_reference(out, landmarker=False)) == {"neutral", "happy"}
    with pytest.raises(UserError, match="was measured by the embedded mesh, this run measures by the face-landmarker"):
        load_reference(out, landmarker=True)
    assert main(["evaluate", "reference", str(tmp_path / "faces"), "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_what_is_no_collection_is_refused(tmp_path, capsys):
    (tmp_path / "happy").mkdir()
    for arguments, said in (
        ([str(tmp_path)], "has no folder named neutral"),
        ([str(tmp_path / "no")], "no such folder"),
        ([str(tmp_path), "--out", "x.txt"], "does not end in .npz"),
    ):
        assert main(["evaluate", "reference", *arguments, "--quiet"]) == 2
        assert said in capsys.readouterr().err
    (tmp_path / "neutral").mkdir()
    assert main(["evaluate", "reference", str(tmp_path), "--quiet"]) == 2
    assert "fewer than 20 neutral faces" in capsys.readouterr().err
