"""The papers' networks on photographs: what they see, where they change it, and how they are asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ned.cli import main
from ned.config.still import StillConfig
from ned.errors import UserError
from ned.files.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
from ned.stills.frame import pixels_of
from ned.stills.gan.caae import Encoder, Generator
from ned.stills.gan.editors import edit_with_networks, load_network, load_networks
from ned.stills.gan.settings import CaaeConfig, SmileConfig
from ned.stills.gan.smile import Translator
from ned.stills.image import read_image
from ned.stills.process import statement
from ned.types import Emotion, ValenceArousal

HAPPY = Emotion("happy")
A = (Path("a"),)


def _save(path, kind, config, **modules):
    tensors = {f"{name}.{key}": t for name, module in modules.items() for key, t in module.state_dict().items()}
    save_checkpoint(path, Checkpoint(kind, "pictures64", config.plain(), TrainingRecord(), tensors))
    return path


def _flat(translator: Translator, value: float) -> Translator:
    """It draws one colour, whatever it sees."""
    with torch.no_grad():
        translator.last.weight.zero_()
        translator.last.bias.copy_(torch.tensor([value, 0.0, -value]))
    return translator


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoints by name; smaller than the papers', of the same layers."""
    folder, made = tmp_path_factory.mktemp("networks"), {}
    for networks, scope, part in (
        ("stargan", "parts", "mouth"), ("stargan", "parts", "eyes"), ("stargan", "face", "mouth"),
        ("stargan", "image", "mouth"), ("cyclegan", "parts", "mouth"),
    ):  # fmt: skip
        config = SmileConfig(networks=networks, scope=scope, part=part, size=32, generator_width=2, blocks=1)
        path = folder / f"{networks}_{scope}_{part}.safetensors"
        if networks == "stargan":
            made[f"star-{scope}-{part}"] = _save(path, networks, config, translator=_flat(Translator(2, 2, 1), 0.9))
        else:
            there, back = _flat(Translator(0, 2, 1), 0.9), _flat(Translator(0, 2, 1), -0.9)
            made["cycle"] = _save(path, networks, config, there=there, back=back)
    config = CaaeConfig(code=4, width=4)
    generator = Generator(4, 4)
    with torch.no_grad():
        generator.last[1].weight.mul_(50.0)  # untrained, it hardly hears its label
    made["caae"] = _save(folder / "caae.safetensors", "caae", config, encoder=Encoder(4, 4), generator=generator)
    return made


def _change(found, portrait, paths, kind, style=HAPPY, **how):
    networks = load_networks(paths, kind, None, how.pop("parts", ()))
    frame = edit_with_networks(networks, found.frame, found.faces, style, **how)
    return pixels_of(frame).astype(int) - portrait, networks


NAMES = "star-parts-mouth", "star-parts-eyes", "star-face-mouth", "star-image-mouth", "cycle"


@pytest.mark.parametrize("name", NAMES)
def test_only_what_a_network_sees_changes(found, portrait, files, name):
    kind = "cyclegan" if name == "cycle" else "stargan"
    change, (network,) = _change(found, portrait, [files[name]], kind)
    x0, y0, x1, y1 = network.box(found.faces[0], portrait.shape[:2])
    middle = change[(y0 + y1) // 2, (x0 + x1) // 2]
    assert np.abs(middle).max() > 20
    outside = np.ones(portrait.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    assert not change[outside].any()
    edge = np.concatenate([change[y0, x0:x1], change[y0:y1, x0]])
    assert np.abs(edge).max() < 0.5 * np.abs(change).max()  # a ramp


def test_the_scopes_nest(found, portrait, files):
    boxes = [
        load_network(files[name]).box(found.faces[0], portrait.shape[:2])
        for name in ("star-image-mouth", "star-face-mouth", "star-parts-mouth")
    ]
    for outer, inner in zip(boxes, boxes[1:], strict=False):
        assert outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]
    mouth = found.faces[0].track.landmarks[0][[13, 14], :2].mean(0)
    x0, y0, x1, y1 = boxes[2]
    assert x0 < mouth[0] < x1 and y0 < mouth[1] < y1


def test_intensity_scales_the_change_and_zero_is_none(found, portrait, files):
    full, _ = _change(found, portrait, [files["star-parts-mouth"]], "stargan")
    half, _ = _change(found, portrait, [files["star-parts-mouth"]], "stargan", intensity=0.5)
    none, _ = _change(found, portrait, [files["star-parts-mouth"]], "stargan", intensity=0.0)
    assert not none.any() and np.abs(half - full / 2).max() <= 1


def test_parts_are_redrawn_each_by_its_own_network(found, portrait, files):
    paths = [files["star-parts-mouth"], files["star-parts-eyes"]]
    both, _ = _change(found, portrait, paths, "stargan")
    mouth, networks = _change(found, portrait, paths, "stargan", parts=("mouth",))
    eyes, _ = _change(found, portrait, paths, "stargan", parts=("eyes",))
    assert [network.part for network in networks] == ["mouth"]
    assert np.array_equal(both[~eyes.any(2)], mouth[~eyes.any(2)]) and mouth[~eyes.any(2)].any()
    assert np.abs(both - eyes)[eyes.any(2) & ~mouth.any(2)].max() <= 8 and eyes[~mouth.any(2)].any()


def test_cyclegan_goes_there_and_back(found, portrait, files):
    there, _ = _change(found, portrait, [files["cycle"]], "cyclegan", Emotion("happy"))
    back, _ = _change(found, portrait, [files["cycle"]], "cyclegan", Emotion("neutral"))
    assert np.abs(there - back).max() > 50


def test_caae_takes_any_place(found, portrait, files):
    places = ValenceArousal(-0.9, 0.1), ValenceArousal(0.9, -0.1)
    one, other = (_change(found, portrait, [files["caae"]], "caae", place)[0] for place in places)
    assert one.any() and not np.array_equal(one, other)
    label, _ = _change(found, portrait, [files["caae"]], "caae", Emotion("sad"))
    assert label.any()


def test_what_does_not_fit_is_said(found, portrait, files, png):
    star = files["star-parts-mouth"]
    for paths, kind, scope, parts, said in (
        ([star], "cyclegan", None, (), "holds a stargan, not a cyclegan"),
        ([star], "stargan", "face", (), "was trained on scope parts"),
        ([star, files["star-face-mouth"]], "stargan", None, (), "was trained on scope face"),
        ([star, star], "stargan", None, (), "more than one network of the mouth"),
        ([star], "stargan", None, ("eyes",), "no network of the eyes"),
        ([files["star-face-mouth"]] * 2, "stargan", None, (), "takes one network"),
        ([png], "stargan", None, (), "portrait.png"),
    ):
        with pytest.raises(UserError) as caught:
            load_networks(paths, kind, scope, parts)
        assert said in str(caught.value) and "\n" not in str(caught.value)
    for style, said in ((Emotion("sad"), "does not know sad"), (ValenceArousal(0.1, 0.1), "valence and arousal")):
        with pytest.raises(UserError, match=said):
            _change(found, portrait, [star], "stargan", style)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"editor": "stargan"}, "needs its weights"),
        ({"editor_weights": A}, "warp has no weights"),
        ({"editor": "caae", "editor_weights": (Path("a"), Path("b"))}, "takes one file"),
        ({"scope": "face"}, "for stargan and cyclegan"),
        ({"editor": "stargan", "editor_weights": A, "scope": "chin"}, "scope"),
        ({"editor": "stargan", "editor_weights": A, "part": ("ear",)}, "part"),
        ({"editor": "stargan", "editor_weights": A, "scope": "face", "part": ("mouth",)}, "does not go with scope"),
        ({"editor": "stargan", "editor_weights": A, "part": ("mouth", "mouth")}, "named twice"),
        ({"editor": "caae", "editor_weights": A, "grid": 7}, "one emotion or place"),
        ({"compare_editors": True, "editor": "caae", "editor_weights": A}, "shows all editors"),
        ({"compare_editors": True, "grid": 7}, "compared at one emotion or place"),
    ],
)
def test_options_that_do_not_fit(png, options, said):
    with pytest.raises(UserError, match=said):
        StillConfig(png, **options)


def test_the_command_and_the_sheet_of_editors(png, portrait, files, tmp_path, capsys):
    out = tmp_path / "out.png"
    weights = []
    for name in ("star-parts-mouth", "star-parts-eyes"):
        weights += ["--editor-weights", str(files[name])]
    given = ["still", str(png), "-e", "happy", "--editor", "stargan", "--scope", "parts", "--part", "eyes,mouth"]
    assert main([*given, *weights, "--no-provenance", "-o", str(out)]) == 0
    assert (read_image(out).pixels != portrait).any()
    sheet = tmp_path / "sheet.png"
    for name in ("star-face-mouth", "cycle", "caae"):
        weights += ["--editor-weights", str(files[name])]
    assert main(["still", str(png), "--compare-editors", *weights, "-o", str(sheet)]) == 0
    height, width = read_image(sheet).pixels.shape[:2]
    assert width // 256 == 6 and 256 < height < 300  # untouched, warp, parts, face, cyclegan, caae
    assert main(["verify", str(sheet), "--json"]) == 0
    assert '"good": true' in capsys.readouterr().out
    said = statement(StillConfig(png, compare_editors=True, editor_weights=(files["caae"],)), ())
    assert said.parameters["editor"] == "several, compared"
    assert main(["still", str(png), "--compare-editors", "--editor-weights", str(png), "-o", str(out), "-y"]) == 2
    assert "portrait.png" in capsys.readouterr().err


def test_translators_are_taken_from_the_file_as_they_are(files):
    network = load_network(files["cycle"])
    redraw = network.towards(Emotion("happy"))
    assert isinstance(redraw, nn.Module) and not redraw.training
    assert redraw.last.bias[0] == pytest.approx(0.9)
