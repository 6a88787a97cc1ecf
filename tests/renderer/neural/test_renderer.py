"""The neural renderer in the second pass: what it adds, where, and to whom."""


import numpy as np
import pytest
import torch

from ned.face_model import load_face_model
from ned.renderer import Renderer, build_renderer
from ned.renderer.neural.memory import Memory
from ned.renderer.neural.networks import CandidateNetwork
from ned.renderer.neural.renderer import NeuralRenderer, Painting, interpolate_weights
from ned.renderer.warp.sharpness import luminance, sharpness
from ned.types import FaceEdit
from tests.renderer.neural.synthetic import faces_of, footage, painted

MODEL, SIZE = load_face_model(), 64


class Redden(CandidateNetwork):
    """Paints everything redder; by so much that it may."""

    by = 0.2

    def forward(self, candidates, condition, state=None):
        red = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
        return torch.lerp(candidates[:, 0, :3], red, self.by), super().forward(candidates, condition, state)[1]


class Soften(CandidateNetwork):
    """The first candidate without its fine part."""

    def forward(self, candidates, condition, state=None):
        first = candidates[:, 0, :3]
        return torch.nn.functional.avg_pool2d(first, 5, 1, 2), super().forward(candidates, condition, state)[1]


def _edit(smile, jaw=0.0, jaw_change=0.0):
    before, change = np.zeros((2, MODEL.space.width), np.float32)
    before[0], change[0] = jaw, jaw_change
    for side in ("Left", "Right"):
        change[MODEL.space.index("mouthSmile" + side)] = smile
    source, target = faces_of(np.stack([before, before + change]), 200)
    return FaceEdit(source, target, change, before + change)


def _painting(network, strength=1.0):
    seen = footage(frames=30, size=SIZE)
    return Painting(network.eval(), Memory.of(seen.frames, seen.faces, 8), SIZE, strength)


def test_it_keeps_the_contract_and_a_zero_edit():
    made = build_renderer(MODEL, _painting(Redden(4)))
    assert isinstance(made, NeuralRenderer) and isinstance(made, Renderer)
    image = painted(200, 1).astype(np.float32) / 255.0
    assert np.array_equal(made.render(image, _edit(0.0)), build_renderer(MODEL).render(image, _edit(0.0)))


def test_it_paints_where_the_edit_moves_the_face_and_only_there():
    image, edit = painted(200, 1).astype(np.float32) / 255.0, _edit(0.9)
    plain = build_renderer(MODEL).render(image, edit)
    red = build_renderer(MODEL, _painting(Redden(4))).render(image, edit) - plain
    corner = edit.target[61, :2].astype(int)
    assert red[corner[1], corner[0], 0] > 0.05 and red[corner[1], corner[0], 1] < -0.05
    brow = edit.target[9, :2].astype(int)
    assert np.abs(red[brow[1], brow[0]]).max() < 0.02
    assert np.abs(red[:3]).max() < 1e-3 and np.abs(red[:, :3]).max() < 1e-3


def test_what_would_be_painted_away_stays():
    """A change of the skin that no expression makes: something stands before the face."""
    image, edit = painted(200, 1).astype(np.float32) / 255.0, _edit(0.9)
    plain = build_renderer(MODEL).render(image, edit)
    mild, strong = Redden(4), Redden(4)
    strong.by = 1.0
    mild, strong = (np.abs(build_renderer(MODEL, _painting(n)).render(image, edit) - plain) for n in (mild, strong))
    cheek = edit.target[205, :2].astype(int)
    assert mild[cheek[1], cheek[0]].max() > 0.03 and strong[cheek[1], cheek[0]].max() < 0.01


def test_teeth_that_the_frame_itself_shows_stay_its_own():
    """A mouth that is open already keeps its inside; one that the edit opens gets the network's."""
    image, red = painted(200, 1).astype(np.float32) / 255.0, []
    for edit in (_edit(0.9, jaw=0.7), _edit(0.9, jaw=0.1, jaw_change=0.6)):
        plain = build_renderer(MODEL).render(image, edit)
        added = build_renderer(MODEL, _painting(Redden(4))).render(image, edit) - plain
        x, y = edit.target[[13, 14], :2].mean(0).astype(int)
        red.append(added[y, x, 0] - added[y, x, 1])
    assert red[0] < 0.1 * red[1] and red[1] > 0.05


def test_what_the_network_blurs_comes_out_as_sharp_as_the_warp():
    grain = np.random.default_rng(0).normal(0, 0.03, (200, 200, 3)).astype(np.float32)
    image, edit = np.clip(painted(200, 1) / np.float32(255) + grain, 0, 1), _edit(0.9)
    seen = footage(frames=12, size=192)
    painting = Painting(Soften(4).eval(), Memory.of(seen.frames, seen.faces, 4), 192)
    plain = build_renderer(MODEL).render(image, edit)
    cheek = edit.target[[205, 425], :2].astype(int)

    def varies(out):
        parts = [(image + out)[y - 9 : y + 9, x - 9 : x + 9] for x, y in cheek]
        return [sharpness(luminance(np.ascontiguousarray(part))) for part in parts]

    soft = build_renderer(MODEL, painting)
    soft._sharpness.measure = lambda *_: None
    blurred, made = varies(soft.render(image, edit)), varies(build_renderer(MODEL, painting).render(image, edit))
    assert np.mean(blurred) < 0.8 * np.mean(varies(plain))
    assert np.mean(made) > np.mean(blurred) + 0.5 * (np.mean(varies(plain)) - np.mean(blurred))


def test_little_footage_gives_little_strength():
    image, edit = painted(200, 1).astype(np.float32) / 255.0, _edit(0.9)
    plain = build_renderer(MODEL).render(image, edit)
    whole, half = (build_renderer(MODEL, _painting(Redden(4), s)).render(image, edit) - plain for s in (1.0, 0.5))
    assert half == pytest.approx(0.5 * whole, abs=0.005)


def test_little_footage_leans_on_what_is_known_of_many():
    own, known = CandidateNetwork(4), CandidateNetwork(4)
    with torch.no_grad():
        own.remember.bias.fill_(1.0)
        known.remember.bias.fill_(3.0)
    assert interpolate_weights(own, known, 0.25) and torch.allclose(own.remember.bias, torch.tensor(2.5))
    assert torch.allclose(known.remember.bias, torch.tensor(3.0))
    assert not interpolate_weights(own, CandidateNetwork(8), 0.25)
    assert torch.allclose(own.remember.bias, torch.tensor(2.5))


def test_frames_are_the_same_again_for_a_fresh_renderer():
    """So that a piece of a video that is made anew is the piece that was lost."""
    torch.manual_seed(3)
    network = CandidateNetwork(4)
    torch.nn.init.normal_(network.choose.weight, std=0.05)
    image, edit, painting = painted(200, 1).astype(np.float32) / 255.0, _edit(0.7), _painting(network)
    first, second = (
        [made.render(image, edit) for _ in range(3)] for made in (build_renderer(MODEL, painting) for _ in range(2))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_frames_that_are_started_ahead_are_painted_alike():
    image, edits = painted(200, 1).astype(np.float32) / 255.0, [_edit(smile) for smile in (0.9, 0.3, 0.6, 0.8)]
    torch.manual_seed(0)
    network = CandidateNetwork(4)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)  # the state matters
    one_by_one, ahead = (build_renderer(MODEL, _painting(network)) for _ in range(2))
    expected = [one_by_one.render(image, edit) for edit in edits]
    made = [finished() for finished in [ahead.submit(image, edit) for edit in edits]]
    assert all(np.array_equal(a, b) for a, b in zip(made, expected, strict=True))
    again = build_renderer(MODEL, _painting(network))
    assert not np.array_equal(again.render(image, edits[3]), expected[3])


def test_what_was_foreseen_is_painted_alike(monkeypatch):
    torch.manual_seed(3)
    network = CandidateNetwork(4)
    torch.nn.init.normal_(network.choose.weight, std=0.05)
    image, painting = painted(200, 1).astype(np.float32) / 255.0, _painting(network)
    edits = [_edit(0.2 * k) for k in range(1, 5)]
    alone, told = (build_renderer(MODEL, painting) for _ in range(2))
    expected = [alone.render(image, edit) for edit in edits]
    made, looks, look = [], [], told._look_at
    monkeypatch.setattr(told, "_look_at", lambda edit: looks.append(edit) or look(edit))
    for k in (0, 1, 3):  # the third is announced, and never comes
        told.prefetch_edits(edits[k : k + 3])
        made.append(told.render(image, edits[k]))
    assert all(np.array_equal(a, expected[k]) for a, k in zip(made[:2], (0, 1), strict=True))
    assert len(looks) == 4 and {id(edit) for edit in looks} == {id(edit) for edit in edits}  # each once
    assert not told._prefetched
