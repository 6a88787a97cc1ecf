"""The small editor on photographs: its file, its reach, and the command."""

import numpy as np
import pytest
import torch
from PIL import Image

from ned.cli import main
from ned.config.still import StillConfig
from ned.errors import UserError
from ned.files.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
from ned.stills.faces import find_faces
from ned.stills.frame import pixels_of
from ned.stills.gan.apply import edit_with, load_editor
from ned.stills.gan.settings import SmallConfig
from ned.stills.gan.small import SmallEditor
from ned.stills.image import read_image


@pytest.fixture(scope="module")
def png(portrait, tmp_path_factory):
    path = tmp_path_factory.mktemp("png") / "portrait.png"
    Image.fromarray(portrait).save(path)
    return path


def _brighter():
    """An editor that makes everything that it sees brighter."""
    editor = SmallEditor(4)
    with torch.no_grad():
        editor.last.bias[2:5] = 0.5
    return editor.eval()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    tensors = {f"editor.{name}": tensor for name, tensor in _brighter().state_dict().items()}
    config = SmallConfig(width=4).plain()
    save_checkpoint(path, Checkpoint("small-editor", "pictures96", config, TrainingRecord(), tensors))
    return path


def test_an_untrained_editor_changes_nothing(png, portrait):
    found = find_faces(read_image(png))
    frame = edit_with(SmallEditor(4).eval(), found.frame, found.faces, np.array([0.5, 0.5]))
    assert np.abs(pixels_of(frame).astype(int) - portrait).max() <= 1


def test_the_face_changes_and_nothing_far_from_it(png, portrait):
    found = find_faces(read_image(png))
    frame = edit_with(_brighter(), found.frame, found.faces, np.zeros(2))
    change = pixels_of(frame).astype(int).sum(2) - portrait.astype(int).sum(2)
    x0, y0, x1, y1 = found.faces[0].track.boxes[0].astype(int)
    assert np.median(change[y0 + 20 : y1 - 20, x0 + 20 : x1 - 20]) > 60
    reach = (x1 - x0) // 2
    outside = np.ones(change.shape, bool)
    outside[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = False
    assert (change[outside] == 0).all()


def test_a_face_at_the_edge_of_an_image(portrait, tmp_path):
    path = tmp_path / "edge.png"
    Image.fromarray(portrait[30:330, 170:400]).save(path)
    found = find_faces(read_image(path))
    frame = edit_with(_brighter(), found.frame, found.faces, np.zeros(2), gain=0.5)
    assert (pixels_of(frame) != portrait[30:330, 170:400]).any()


def test_the_command_and_what_it_refuses(png, weights, portrait, tmp_path, capsys):
    out = tmp_path / "out.png"
    given = ["still", str(png), "-e", "happy", "--editor", "small", "--no-provenance", "-o", str(out)]
    assert main([*given, "--editor-weights", str(weights)]) == 0
    assert (read_image(out).pixels != portrait).any()
    assert main(given) == 2 and "needs its weights" in capsys.readouterr().err
    with pytest.raises(UserError, match="one emotion or place"):
        StillConfig(png, editor="small", editor_weights=(weights,), grid=7)
    with pytest.raises(UserError, match="holds a|no checkpoint|safetensors"):
        load_editor(png)
