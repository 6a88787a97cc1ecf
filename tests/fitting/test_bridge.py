"""Between ARKit's coefficients and FLAME's."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from ned.errors import UserError
from ned.exchange.convert import convert_csv, read_track, space_of, write_track
from ned.exchange.livelink import write_livelink
from ned.face_model import ARKIT52, FLAME50, load_face_model
from ned.fitting.bridge import bridge
from ned.types import ExpressionTrack

ACTIVE = ("mouthSmileLeft", "mouthSmileRight", "browInnerUp", "mouthPucker", "eyeBlinkLeft", "eyeBlinkRight",
          "mouthUpperUpLeft", "browDownLeft", "noseSneerLeft", "mouthFrownRight")  # fmt: skip


def talking(frames=80, seed=0):
    rng = np.random.default_rng(seed)
    packed = np.zeros((frames, ARKIT52.width), np.float32)
    for name in ("jawOpen", *ACTIVE):
        wave = gaussian_filter1d(rng.normal(size=frames), 3)
        packed[:, ARKIT52.index(name)] = np.clip(0.25 + 0.25 * wave / wave.std(), 0, 1)
    return ExpressionTrack.unpack(ARKIT52, packed)


@pytest.fixture(scope="module")
def ways(flame):
    canonical = load_face_model("canonical")
    return bridge(canonical, flame, canonical.topology), bridge(flame, canonical, canonical.topology)


class TestBridge:
    def test_there_and_back(self, ways):
        there, back = ways
        track = talking()
        over = there.convert(track)
        again = back.convert(over)
        assert over.space is FLAME50 and again.space is ARKIT52
        canonical = load_face_model("canonical")
        wanted, got = (canonical.displacements(t.pack())[:, :468] for t in (track, again))
        assert np.linalg.norm(wanted - got, axis=-1).mean() <= 0.1 * np.linalg.norm(wanted, axis=-1).mean()
        assert there.error(track, over) < 0.1
        assert np.corrcoef(track.jaw_opening, again.jaw_opening)[0, 1] > 0.99
        assert again.pack().min() >= 0 and again.pack().max() <= 1

    def test_rest_is_rest(self, ways):
        rest = ExpressionTrack.unpack(ARKIT52, np.zeros((2, 52), np.float32))
        over = ways[0].convert(rest)
        assert np.abs(over.pack()).max() < 1e-4 and ways[0].error(rest, over) == 0.0
        assert np.abs(ways[1].convert(over).pack()).max() < 1e-4

    def test_the_jaw_is_the_jaws(self, ways):
        """An opening jaw, and nothing else, is an opening jaw over there too."""
        packed = np.zeros((4, 52), np.float32)
        packed[:, 0] = [0.0, 0.3, 0.6, 0.9]
        over = ways[0].convert(ExpressionTrack.unpack(ARKIT52, packed))
        turn = load_face_model("canonical").jaw_angle_rad
        assert over.jaw_opening == pytest.approx(packed[:, 0] * turn, abs=0.05)

    def test_exceptions(self, ways):
        with pytest.raises(ValueError, match="starts in arkit52"):
            ways[0].convert(ExpressionTrack.unpack(FLAME50, np.zeros((1, 51), np.float32)))


class TestConvert:
    def models(self, flame):
        return {"arkit52": load_face_model("canonical"), "flame50": flame}

    def test_files(self, flame, tmp_path):
        track, times = talking(30), np.arange(30) / 25
        source, middle, last = (tmp_path / f"{name}.csv" for name in "abc")
        write_livelink(source, track, times, Fraction(25))
        done = convert_csv(source, middle, self.models(flame), "flame50", Fraction(25))
        assert (done.frames, done.source, done.target) == (30, "arkit52", "flame50") and done.error < 0.1
        assert space_of(middle).name == "flame50"
        read, table = read_track(middle, FLAME50)
        assert table.times_s == pytest.approx(times, abs=1e-5) and table.frames.tolist() == list(range(30))
        convert_csv(middle, last, self.models(flame), "arkit52", Fraction(25))
        again, _ = read_track(last, ARKIT52)
        smile = ARKIT52.index("mouthSmileLeft")
        assert np.corrcoef(again.pack()[:, smile], track.pack()[:, smile])[0, 1] > 0.95

    def test_a_table_says_when_frames_are_shown(self, tmp_path):
        """Also where the frame rate varies, so that a frame's number does not follow from its time."""
        path, times = tmp_path / "a.csv", np.array([0.0, 0.12, 0.2])
        track = ExpressionTrack.unpack(FLAME50, np.zeros((3, 51), np.float32))
        write_track(path, track, times, Fraction(25), np.array([0, 2, 3]))
        _, table = read_track(path, FLAME50)
        assert table.frames.tolist() == [0, 2, 3] and table.times_s.tolist() == times.tolist()

    def test_space_is_told_by_columns_however_spelt(self, tmp_path):
        path = tmp_path / "a.csv"
        for header, name in (("mouthSmile_L,brow inner up", "arkit52"), ("Frame,Expression00", "flame50")):
            path.write_text(f"{header}\n0.1,0.2\n")
            assert space_of(path).name == name

    def test_exceptions(self, flame, tmp_path):
        path, out = tmp_path / "a.csv", tmp_path / "out.csv"
        path.write_text("one,two\n1,2\n")
        with pytest.raises(UserError, match="no column is a coefficient"):
            convert_csv(path, out, self.models(flame), "flame50")
        path.write_text("frame,jaw,expression00\n0,0.1,99\n")
        with pytest.raises(UserError, match="line 2, column expression00: 99 is out of range"):
            convert_csv(path, out, self.models(flame), "arkit52")
        path.write_text("frame,jaw,expression00\n0,0.1,-3.5\n")
        with pytest.raises(UserError, match="is in flame50 already"):
            convert_csv(path, out, self.models(flame), "flame50")
        with pytest.raises(UserError, match="arkit52 needs a face model"):
            convert_csv(path, out, {"flame50": flame}, "arkit52")
        with pytest.raises(UserError, match="unknown space"):
            convert_csv(path, out, self.models(flame), "facs")
        assert not out.exists()

    def test_command(self, flame_folder, tmp_path, capsys, monkeypatch):
        from ned.cli import main

        source, out = tmp_path / "a.csv", tmp_path / "out.csv"
        write_livelink(source, talking(5), np.arange(5) / 25, Fraction(25))
        given = ["convert", str(source), "--flame-folder", str(flame_folder), "-o", str(out)]
        assert main(given) == 2 and "--accept-licence" in capsys.readouterr().err and not out.exists()
        assert main([*given, "--accept-licence"]) == 0 and "5 frames, arkit52 → flame50" in capsys.readouterr().out
        assert main([*given, "-y"]) == 0  # remembered
        assert main(["convert", str(source)]) == 2 and "--flame-folder" in capsys.readouterr().err
        monkeypatch.setenv("NED_FLAME", str(flame_folder))
        assert main(["convert", str(source), "-o", str(out), "-y"]) == 0
