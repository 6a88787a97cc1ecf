"""Lip sync: the network of the published weights, and windows of a video against its sound."""

import io
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.evaluation import sync
from ned.evaluation.judges.protocol import SyncJudge
from ned.evaluation.judges.syncnet import SyncNet, build_network
from ned.evaluation.metrics import lip_sync
from ned.evaluation.reading import Reading
from ned.evaluation.sound import mfcc
from ned.evaluation.sync import SyncTrack, face_crop, place_of, sound_features
from tests.video.tiny_clips import make_clip

SHAPES = {
    "netcnnaud.0.weight": (64, 1, 3, 3), "netcnnaud.4.weight": (192, 64, 3, 3), "netcnnaud.8.weight": (384, 192, 3, 3),
    "netcnnaud.11.weight": (256, 384, 3, 3), "netcnnaud.14.weight": (256, 256, 3, 3),
    "netcnnaud.18.weight": (512, 256, 5, 4), "netfcaud.0.weight": (512, 512), "netfcaud.3.weight": (1024, 512),
    "netfclip.3.bias": (1024,), "netcnnlip.0.weight": (96, 3, 5, 7, 7), "netcnnlip.1.running_var": (96,),
    "netcnnlip.4.weight": (256, 96, 1, 5, 5), "netcnnlip.8.weight": (256, 256, 1, 3, 3),
    "netcnnlip.18.weight": (512, 256, 1, 6, 6), "netcnnlip.19.bias": (512,),
}  # fmt: skip
"""Of the weights that are published."""
_GRID = np.meshgrid(np.linspace(60, 140, 26), np.linspace(50, 150, 18))
FACE = np.stack(_GRID, -1).reshape(-1, 2)[:468].astype(np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    tensors = {n: t for n, t in build_network().state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(tensors, path)
    return path


def test_names_and_shapes_are_those_of_the_published_weights(weights):
    known = build_network().state_dict()
    assert {name: tuple(known[name].shape) for name in SHAPES} == SHAPES
    assert sum(name.endswith("weight") for name in known) == 2 * (6 + 6 + 1 + 1) + 2
    net = SyncNet(weights)
    assert isinstance(net, SyncJudge)
    images = np.random.default_rng(0).integers(0, 255, (6, 224, 224, 3), np.uint8)
    lips, heard = net.lips(images), net.sound(np.random.default_rng(0).normal(size=(25, 13)))
    assert lips.shape == (2, 1024) and heard.shape == (2, 1024) and np.isfinite(lips).all() and np.isfinite(heard).all()
    assert np.allclose(net.lips(images[1:]), lips[1:], atol=1e-5) and len(net.lips(images[:4])) == 0
    assert len(net.sound(np.zeros((19, 13)))) == 0
    swapped = net.lips(np.ascontiguousarray(images[..., ::-1]))
    assert not np.allclose(swapped, lips, atol=1e-3)


def test_other_weights_are_refused(tmp_path, weights):
    for name, content in (("a", b"none"), ("b", _saved({"x": torch.zeros(2)}))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match="holds no weights of SyncNet"):
            SyncNet(tmp_path / name)
    tensors = torch.load(weights, weights_only=True)
    tensors["netfcaud.0.bias"] = torch.full((512,), torch.nan)
    (tmp_path / "c").write_bytes(_saved(tensors))
    with pytest.raises(UserError, match="ValueError"):
        SyncNet(tmp_path / "c")


def _saved(tensors):
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


class Loud:
    """Lips are the mean brightness of a window's third image, sound the mean energy of its rows: what belongs together
    is equal."""

    name = "loud"

    def lips(self, images):
        third = images[2:-2].reshape(max(0, len(images) - 4), -1).mean(1) if len(images) > 4 else np.zeros(0)
        return np.repeat(third[:, None], 3, 1).astype(np.float32)

    def sound(self, rows):
        count = max(0, (len(rows) - 20) // 4 + 1)
        return np.array([[rows[4 * k : 4 * k + 20, 0].mean()] * 3 for k in range(count)], np.float32).reshape(count, 3)


def _reading(k, rgb, rate=25.0, points=FACE):
    return Reading(k, k / rate, rgb, points)


@pytest.mark.parametrize("delay", [0, 3, -2])
def test_the_shift_of_a_video_against_its_sound_is_found(monkeypatch, tmp_path, delay):
    """Brightness follows the sound's loudness, some images too late or too early."""
    rng = np.random.default_rng(0)
    loud = rng.uniform(200, 8000, 90)
    samples = np.concatenate([rng.normal(0, a, 640) for a in loud]).clip(-32000, 32000).astype(np.int16)
    energy = np.concatenate(list(sound_features(Loud(), samples, 80)))[:, 0]
    level = lambda tick: float(np.interp(tick - delay, np.arange(80), energy))  # noqa: E731

    class Centred(Loud):  # silence past the ends is then as far from all as all are from each other
        def lips(self, images):
            return np.repeat((images[2:-2, 112, 112, 0] / 8.0)[:, None], 3, 1).astype(np.float32) - energy.mean()

        def sound(self, rows):
            return super().sound(rows) - energy.mean()

    monkeypatch.setattr(sync, "read_sound", lambda path, begin_s: samples)
    monkeypatch.setattr(sync, "read_frames", lambda path: iter([SimpleNamespace(pts=0)]))
    monkeypatch.setattr(sync, "probe", lambda path: SimpleNamespace(time_base=1))
    track = SyncTrack(Centred())
    for k in range(90):
        track(_reading(k, np.full((200, 200, 3), round(8 * level(k - 2)), np.uint8)))
    found = track.finish(tmp_path / "any.mp4")
    assert found.shift == delay and found.distance < 0.5 * found.confidence


@pytest.mark.parametrize("rate", [12.5, 25.0, 50.0])
def test_images_of_any_rate_are_taken_at_25_a_second_and_gaps_break_windows(rate):
    class Counted(Loud):
        def lips(self, images):
            self.seen = [*getattr(self, "seen", []), *images[:, 112, 112, 0].tolist()]
            return super().lips(images)

    judge = Counted()
    track = SyncTrack(judge)
    for k in range(round(2 * rate)):
        points = None if 0.8 <= k / rate < 1.2 else FACE
        track(_reading(k, np.full((200, 200, 3), int(100 * k / rate), np.uint8), rate, points))
    track.end()
    shown = [t for t in (*range(20), *range(30, 50)) if t / 25 <= (2 * rate - 1) / rate]  # to the last frame's time
    step = max(1, round(25 / rate))
    assert judge.seen == [int(4 * (t - t % step)) for t in shown]
    assert track._at == [t for t in shown if {t, t + 4} <= set(shown)]


def test_a_head_that_moves_stays_in_the_middle():
    """Its place is the median of as many images before as after, not of those before."""

    class Middles(Loud):
        def lips(self, images):
            columns = np.arange(224)
            self.seen = [float((row * columns).sum() / row.sum()) for row in images[:, 112, :, 0].astype(float)]
            return super().lips(images)

    judge = Middles()
    track = SyncTrack(judge)
    for k in range(30):
        rgb = np.zeros((200, 300, 3), np.uint8)
        cv2.circle(rgb, (100 + 4 * k, 120), 6, (255, 255, 255), -1)
        track(_reading(k, rgb, points=FACE + np.float32([4 * k, 0])))
    track.end()
    assert len(judge.seen) == 30 and np.abs(np.array(judge.seen[6:24]) - 112).max() < 1.5
    assert track._at == list(range(26))


def test_long_runs_are_worked_off_in_blocks_without_a_seam(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (30, 200, 200, 3), np.uint8)
    ends = []
    for block in (64, 3):
        monkeypatch.setattr(sync, "BLOCK", block)
        track = SyncTrack(Loud())
        for k, rgb in enumerate(images):
            track(_reading(k, rgb))
        track.end()
        track._features.seek(0)
        ends.append((track._at, track._features.read()))
    assert ends[0] == ends[1] and ends[0][0] == list(range(26))


def test_sound_is_worked_off_in_blocks_without_a_seam(monkeypatch):
    samples = np.random.default_rng(0).integers(-8000, 8000, 640 * 30).astype(np.int16)
    out = []
    for block in (64, 5):
        monkeypatch.setattr(sync, "BLOCK", block)
        out.append(np.concatenate(list(sound_features(Loud(), samples, 25))))
    assert np.allclose(out[0], out[1], atol=1e-4)
    assert np.allclose(out[0], Loud().sound(mfcc(samples))[:25], atol=1e-4)


def test_the_crop_shows_the_face_and_more_below_it():
    rgb = np.zeros((300, 300, 3), np.uint8)
    cv2.rectangle(rgb, (60, 50), (140, 150), (255, 255, 255), -1)
    x, y, half = place_of(FACE)
    assert (x, y, half) == (100, 100, 50)
    crop = face_crop(rgb, np.array([x, y, half]))
    scale = 224 / 140  # 1.4 times the longer side
    rows, columns = np.nonzero(crop[..., 0] > 128)
    assert rows.min() == pytest.approx(0, abs=2) and rows.max() == pytest.approx(100 * scale, abs=2)
    assert columns.min() == pytest.approx(30 * scale, abs=2) and columns.max() == pytest.approx(110 * scale, abs=2)
    assert (face_crop(rgb, np.array([0.0, 0.0, 50.0]))[:20, :20] == 110).all()


def test_a_video_without_sound_has_no_measure(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", count=12)
    track = SyncTrack(Loud())
    for k in range(12):
        track(_reading(k, np.zeros((200, 200, 3), np.uint8)))
    assert track.finish(clip) is None


def test_windows_that_are_missing_leave_the_measure_of_the_rest():
    rng = np.random.default_rng(3)
    sound = rng.normal(size=(300, 8))
    lips = np.roll(sound, 2, axis=0)
    at = np.delete(np.arange(300), slice(40, 70))
    found = lip_sync(lips[at], sound, at=at)
    assert found.shift == 2 and found.distance < 0.1
