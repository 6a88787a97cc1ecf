"""Exports of an analysis, through the command: coefficients, meshes, overlays."""

import numpy as np
import pytest

from ned.cli import main
from ned.face_model import load_face_model
from ned.fitting.flame import fit_flame
from ned.geometry.pose import project
from ned.types import FaceTrack, Shot
from ned.video import probe, read_frames
from tests.exchange.test_gltf import read_glb

END = ["--end", "0.6", "--quiet"]


@pytest.fixture(scope="module")
def given(flame_folder):
    return ["--face-model", "flame", "--flame-folder", str(flame_folder), "--accept-licence"]


class TestFit:
    def test_the_face_that_other_stages_see(self, flame):
        """The embedded model opens its jaw, FLAME is fitted: points meet, coefficients say what the mesh does."""
        canonical = load_face_model("canonical")
        packed = np.zeros((20, 52), np.float32)
        packed[:, 0] = np.linspace(0, 0.5, 20)
        points = (canonical.mean + canonical.displacements(packed)) * 12 + [200, 150, 0]
        frames = np.arange(20)
        track = FaceTrack(0, Shot(0, 20), frames, np.zeros((20, 4), np.float32), points.astype(np.float32))
        fit = fit_flame(track, flame, 25.0)
        assert fit.face.reprojection_error.mean() < 0.02 and fit.face.expression.space.name == "flame50"
        assert np.corrcoef(fit.face.expression.jaw_opening, packed[:, 0])[0, 1] > 0.98
        moved = fit.face.identity + flame.displacements(fit.face.expression.pack())
        mesh = flame.points.on(flame.mesh(fit.parameters()), flame.model.triangles)
        assert np.abs(moved - mesh).max() < 0.3  # identity moves a little with expression in FLAME
        drawn = project(fit.face.pose, mesh.astype(np.float32))[:, :468, :2]
        gap = np.linalg.norm(drawn - points[:, :468, :2], axis=-1).mean(1)
        assert gap == pytest.approx(fit.landmarks.error_px, rel=1e-3)


class TestCommand:
    def test_flame(self, sample, given, tmp_path, capsys):
        out, video = tmp_path / "a.npz", tmp_path / "video.mp4"
        arguments = ["analyse", str(sample.path), *END, *given]
        assert main([*arguments, "--export", str(out), "--overlay", str(video)]) == 0, capsys.readouterr().err
        with np.load(out, allow_pickle=False) as read:
            assert read["exp"].shape == (15, 50) and read["shape"].shape == (15, 100) and str(read["flame"]) == "2020"
            assert read["pose"].shape == (15, 6) and read["frame"].tolist() == list(range(15))
            assert (read["cam"][:, 0] > 2).all() and np.abs(read["pose"][:, :3]).max() < 0.6
        assert probe(video).num_frames == 15
        before = next(read_frames(sample.path)).rgb().astype(int)
        after = next(read_frames(video)).rgb().astype(int)
        change = np.abs(after - before).mean(2)
        assert change[:20].mean() < 4 < 20 < change[change.shape[0] // 2, change.shape[1] // 2 - 40 :][:80].mean()

    def test_csv_goes_through_convert(self, sample, given, tmp_path, capsys):
        out, arkit = tmp_path / "a.csv", tmp_path / "b.csv"
        assert main(["analyse", str(sample.path), *END, *given, "--export", str(out)]) == 0, capsys.readouterr().err
        folder = given[3]
        converted = ["convert", str(out), "--to", "arkit52", "--flame-folder", folder, "-o", str(arkit)]
        assert main(converted) == 0 and "15 frames, flame50 → arkit52" in capsys.readouterr().out
        assert arkit.read_text().startswith("Timecode")

    @pytest.mark.parametrize("model", ["flame", "canonical"])
    def test_glb(self, sample, given, tmp_path, capsys, model):
        out = tmp_path / "a.glb"
        more = given if model == "flame" else []
        assert main(["analyse", str(sample.path), *END, *more, "--export", str(out)]) == 0, capsys.readouterr().err
        document, numbers = read_glb(out)
        mesh = document["meshes"][0]
        vertices = document["accessors"][mesh["primitives"][0]["attributes"]["POSITION"]]["count"]
        names = mesh["extras"]["targetNames"]
        assert (vertices, names[0]) == ((5023, "jaw") if model == "flame" else (478, "jawOpen"))
        sampler = document["animations"][0]["samplers"][0]
        assert len(numbers(sampler["output"])) == 15 * len(names) and len(numbers(sampler["input"])) == 15

    def test_exceptions(self, sample, flame_folder, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))

        def said(*more):
            assert main(["analyse", str(sample.path), *END, *more]) == 2
            return capsys.readouterr().err

        out = tmp_path / "a.npz"
        assert "end its name in one of: .csv, .glb" in said("--export", str(out))
        flame = ["--face-model", "flame"]
        assert "--flame-folder" in said(*flame, "--export", str(out))
        assert "holds no FLAME model" in said(*flame, "--flame-folder", str(tmp_path), "--export", str(out))
        assert "add --face-model flame" in said("--flame-folder", str(tmp_path))
        with_files = [*flame, "--flame-folder", str(flame_folder)]
        assert "--accept-licence" in said(*with_files, "--export", str(out)) and not out.exists()
        ict = ["--face-model", "ict", "--ict-folder", str(tmp_path)]
        assert "generic_neutral_mesh" in said(*ict, "--export", str(tmp_path / "a.glb"))
