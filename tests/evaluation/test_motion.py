"""FVD: the user's network in TorchScript, clips of a video, and the distance in closed form."""

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.evaluation.clouds import Clouds
from ned.evaluation.compare import guide_of
from ned.evaluation.judges import Judges, find_judges
from ned.evaluation.judges.i3d import I3d
from ned.evaluation.judges.protocol import CLIP_FRAMES, ClipJudge
from ned.evaluation.metrics import frechet_distance
from ned.evaluation.motion import Motion
from ned.evaluation.pairs import Pair
from ned.evaluation.reading import Reading
from ned.evaluation.table import as_text
from ned.evaluation.video import evaluate_videos
from ned.models import model_named, take_file
from tests.evaluation.faces import write_clip


class Tiny(torch.nn.Module):
    """In the layout of `i3d_torchscript.pt`: means of the colours, and how much they change in time."""

    def forward(
        self, x: torch.Tensor, rescale: bool = True, resize: bool = True, return_features: bool = False
    ) -> torch.Tensor:
        if rescale or resize or not return_features or x.size(1) != 3 or x.size(2) != 16 or x.size(3) != 224:
            raise ValueError("not as it is called")
        moved = (x[:, :, 1:] - x[:, :, :-1]).abs().mean(dim=[1, 2, 3, 4])
        return torch.cat([x.mean(dim=[2, 3, 4]), moved[:, None]], dim=1)


class NoNumbers(torch.nn.Module):
    def forward(
        self, x: torch.Tensor, rescale: bool = True, resize: bool = True, return_features: bool = False
    ) -> torch.Tensor:
        return x.mean(dim=[2, 3, 4]) / 0.0 * 0.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("i3d") / "mine.pt"
    torch.jit.script(Tiny()).save(str(path))
    return path


def test_a_clip_is_given_as_the_published_layout_wants_it(tiny):
    judge = I3d(tiny)
    assert isinstance(judge, ClipJudge) and judge.name == "i3d"
    clip = np.zeros((CLIP_FRAMES, 224, 224, 3), np.uint8)
    clip[..., 0], clip[..., 1] = 255, 51
    clip[1::2, ..., 2] = 102
    assert judge.features(clip) == pytest.approx([1.0, -0.6, -0.6, 0.8 / 3], abs=1e-6)


def test_another_size_is_brought_to_224_pixels(tiny):
    ramp = np.linspace(0, 255, 112).astype(np.uint8)
    clip = np.broadcast_to(ramp[None, None, :, None], (CLIP_FRAMES, 60, 112, 3)).copy()
    assert I3d(tiny).features(clip) == pytest.approx([float(ramp.mean()) / 127.5 - 1] * 3 + [0.0], abs=1e-3)


def test_what_is_no_such_network_is_refused(tmp_path, tiny):
    (tmp_path / "a.pt").write_bytes(b"none")
    torch.jit.script(NoNumbers()).save(str(tmp_path / "b.pt"))
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "c.pt"))
    torch.save({"x": torch.zeros(2)}, tmp_path / "d.pt")
    for name in "abcd":
        with pytest.raises(UserError, match=rf"{name}.pt: is no I3D in TorchScript.*models fetch i3d --from FILE"):
            I3d(tmp_path / f"{name}.pt")


def test_the_users_file_becomes_a_judge(tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    absent = find_judges((model_named("i3d"),))
    assert absent.video is None and absent.why_not("video") == "needs the model i3d: `ned models fetch i3d --from FILE`"
    take_file(model_named("i3d"), tiny)
    assert isinstance(find_judges((model_named("i3d"),)).video, I3d)


def test_the_distance_of_gaussian_features_is_the_closed_form():
    rng = np.random.default_rng(0)
    shift, spread = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.7, 1.0])
    clouds = Clouds()
    a, b = rng.normal(size=(4000, 3)), rng.normal(size=(4000, 3)) * spread + shift
    for x, y in zip(a, b, strict=True):
        clouds.add(x, y)
    assert clouds.fvd() == pytest.approx(float((shift**2 + (1 - spread) ** 2).sum()), rel=0.06)
    assert clouds.fvd() == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_fewer_clips_than_features_give_no_distance_and_nan_spoils_none():
    clouds = Clouds()
    assert clouds.fvd() is None and clouds.fvd_wants == 0
    rng = np.random.default_rng(1)
    for k in range(5):
        clouds.add(rng.normal(size=4), np.full(4, np.nan) if k == 2 else rng.normal(size=4))
    assert (clouds.count, clouds.fvd_wants, clouds.fvd()) == (4, 5, None)
    clouds.add(rng.normal(size=4), rng.normal(size=4))
    assert np.isfinite(clouds.fvd())


def test_clouds_that_are_joined_are_as_if_they_were_one():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2, 40, 3))
    whole, parts, both = Clouds(), [Clouds(), Clouds()], Clouds()
    for k, (x, y) in enumerate(zip(*values, strict=True)):
        whole.add(x, y)
        parts[k % 3 == 0].add(x, y)
    for part in (*parts, Clouds()):
        both.join(part)
    assert both.count == 40 and both.fvd() == pytest.approx(whole.fvd(), rel=1e-9)


POINTS = np.stack(np.meshgrid(np.linspace(20, 44, 26), np.linspace(18, 46, 18)), -1).reshape(-1, 2).astype(np.float32)


class Bright:
    """One number a clip: its mean brightness. Remembers what it saw."""

    name = "bright"

    def __init__(self):
        self.seen, self.said = [], []

    def features(self, clip):
        assert clip.shape == (CLIP_FRAMES, 224, 224, 3)
        self.seen.append(clip[:, 112, 112, 0].tolist())
        self.said.append(float(clip.mean()))
        return np.array(self.said[-1:])


def read(k, level, face=True):
    return Reading(k, k / 25, np.full((64, 64, 3), level, np.uint8), POINTS if face else None)


def test_clips_follow_each_other_and_a_face_that_is_lost_ends_one():
    judge = Bright()
    motion, clouds = Motion(judge, {}), Clouds()
    guide = guide_of(POINTS, (64, 64))
    for k in range(60):
        there = k != 20
        motion(read(k, k), read(k, k + 100, there), guide, clouds)
    starts = [0, 21, 37]  # the clip that began at 16 was given up; the last is not full
    assert clouds.count == 2 + (60 - 37) // CLIP_FRAMES == 3
    assert [clip[0] for clip in judge.seen[::2]] == starts and judge.seen[1] == [k + 100 for k in range(16)]


def test_the_originals_clips_are_looked_at_once_for_all_edits():
    judge, own, guide = Bright(), {}, guide_of(POINTS, (64, 64))
    edits = [(Motion(judge, own), Clouds()) for _ in range(3)]
    for k in range(32):
        before = read(k, k)
        for n, (motion, clouds) in enumerate(edits):
            motion(before, before if n == 0 else read(k, k + 50 * n), guide, clouds)
    assert len(judge.seen) == 2 + 2 * 2 and [clouds.count for _, clouds in edits] == [2, 2, 2]


def test_the_square_stays_where_it_is_for_a_clip():
    """A face that moves moves in its clip."""

    class Columns(Bright):
        def features(self, clip):
            self.seen.append([float((image[112, :, 0] * np.arange(224.0)).sum() / image[112, :, 0].sum())
                              for image in clip])  # fmt: skip
            return np.zeros(1)

    judge, clouds = Columns(), Clouds()
    motion = Motion(judge, {})
    for k in range(CLIP_FRAMES):
        rgb = np.zeros((64, 96, 3), np.uint8)
        rgb[:, 30 + k : 34 + k] = 255
        reading = Reading(k, k / 25, rgb, POINTS + np.float32([k, 0]))
        motion(reading, reading, guide_of(reading.points, (64, 96)), clouds)
    steps = np.diff(judge.seen[0])
    assert steps == pytest.approx([steps.mean()] * 15, abs=0.3) and steps.mean() > 3


def test_the_distance_of_two_videos_is_the_closed_form_of_one_number(talk, tmp_path):
    """Brightness of five clips: the squared distances of means and of deviations."""
    rng = np.random.default_rng(3)
    levels = rng.uniform(0.75, 1.0, (2, 5))
    clips = [
        write_clip(tmp_path / f"{name}.mp4", [(talk[0] * level).astype(np.uint8) for level in row for _ in range(16)])
        for name, row in zip("ab", levels, strict=True)
    ]
    judge = Bright()
    found = evaluate_videos([Pair(*clips)], Judges(video=judge))
    copy, _, edit = found.rows
    a, b = (np.array(judge.said[k::3]) for k in (0, 2))  # between them the transcode's
    wanted = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert edit.figures["fvd"] == pytest.approx(wanted, rel=1e-6) and edit.figures["fvd_clips"] == 5
    assert copy.figures["fvd"] == pytest.approx(0, abs=1e-6)


def test_too_few_clips_are_said_and_edits_are_pooled(original, talk, tmp_path):
    class Two(Bright):
        def features(self, clip):
            return np.array([clip.mean(), clip.std()])

    darker = [
        write_clip(tmp_path / f"e{k}.mp4", [(f * (0.9 - 0.02 * k)).astype(np.uint8) for f in talk]) for k in range(3)
    ]
    found = evaluate_videos([Pair(original, path) for path in darker], Judges(video=Two()))
    rows = {row.edited: row for row in found.rows}
    for path in darker:
        assert rows[str(path)].missing["fvd"] == "wants 3 clips of 16 frames a side, there are 1"
    pooled = rows["edit, mean of 3"]
    assert np.isfinite(pooled.figures["fvd"]) and pooled.figures["fvd_clips"] == 3 and "fvd" not in pooled.missing
    assert rows["copy, mean of 1"].missing["fvd"] == "wants 3 clips of 16 frames a side, there are 1"
    assert "wants 3 clips" in as_text(found)
