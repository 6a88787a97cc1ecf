"""The papers' networks on a photograph: checkpoints of `ned train caae|stargan|cyclegan` edit its faces.

What a network sees is cut out as in training (`crops`), redrawn, scaled to the cut's own size, and put back as the
smile paper does it: brightness first, then a ramp at the edges. So nothing outside of a face's boxes changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from ned.errors import UserError
from ned.files.checkpoint import Checkpoint, load_checkpoint, load_strictly, part_of, read_head
from ned.manipulator.protocol import unknown_style
from ned.manipulator.vitl.plane import check_place, place_of
from ned.stills.faces import Face
from ned.stills.gan.blending import blend_linear
from ned.stills.gan.caae import SIZE, Encoder, Generator
from ned.stills.gan.crops import Box, middle_box, part_box
from ned.stills.gan.settings import CaaeConfig, SmileConfig
from ned.stills.gan.smile import Translator
from ned.types import Emotion, Style, ValenceArousal
from ned.video import Frame

Redraw = Callable[[Float[torch.Tensor, "1 3 h w"]], Float[torch.Tensor, "1 3 h w"]]
Blend = Callable[[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 3"]], Float[np.ndarray, "h w 3"]]


@dataclass(frozen=True)
class Network:
    """One checkpoint, ready to redraw what it was trained on."""

    path: Path
    kind: str
    """`caae`, `stargan` or `cyclegan`."""
    scope: str
    part: str
    size: int
    """Side in pixels of what it sees."""
    towards: Callable[[Style], Redraw]
    """What redraws towards a style. Raises UserError for one that the network does not know."""

    def box(self, face: Face, size: tuple[int, int]) -> Box:
        """What it sees of an image of `size` (height, width)."""
        if self.scope == "image":
            return middle_box(size)
        points = face.track.landmarks[0]
        return part_box(points, self.part if self.scope == "parts" else "face", size)


def load_network(path: Path) -> Network:
    """Raises UserError where the file is none of `ned train caae`, `stargan` or `cyclegan`."""
    makers = {"caae": _caae, "stargan": _stargan, "cyclegan": _cyclegan}
    kind = read_head(path).get("kind", "")
    if kind not in makers:
        remedy = "give best.safetensors of `ned train caae`, `stargan` or `cyclegan`"
        raise UserError(f"holds {kind[:40] or 'nothing of ned'}, no editor", path=path, remedy=remedy)
    return makers[kind](load_checkpoint(path, kind), path)


def load_networks(paths: Sequence[Path], kind: str, scope: str | None, parts: Sequence[str]) -> list[Network]:
    """Those of one editor: of the kind that was asked for, all of one scope, one a part.

    Args:
        scope: None takes the one that the files speak of.
        parts: which of the parts to edit; empty takes all that there are files for.
    Raises UserError where files and wishes do not fit.
    """
    found = [load_network(path) for path in paths]
    for network in found:
        if network.kind != kind:
            raise UserError(f"holds a {network.kind}, not a {kind}", path=network.path, remedy="name its own --editor")
        if network.scope != (scope or found[0].scope):
            remedy = f"give --scope {network.scope}, or networks of the other scope"
            raise UserError(f"was trained on scope {network.scope}", path=network.path, remedy=remedy)
    if found[0].scope != "parts":
        if len(found) > 1 or parts:
            remedy = "give one file, without --part"
            raise UserError(f"scope {found[0].scope} takes one network", path=found[-1].path, remedy=remedy)
        return found
    named = [network.part for network in found]
    for part in parts or named:
        if named.count(part) != 1:
            said = f"there {'is no' if part not in named else 'is more than one'} network of the {part}"
            raise UserError(said, remedy="give one --editor-weights for each part")
    return [network for network in found if not parts or network.part in parts]


def edit_with_networks(
    networks: Sequence[Network],
    frame: Frame,
    faces: Sequence[Face],
    style: Style,
    intensity: float = 1.0,
    blend: Blend = blend_linear,
) -> Frame:
    """The frame with all faces redrawn, one network after another; `intensity` scales the change. A network of the
    whole image is applied once. Raises UserError for a style that a network does not know."""
    for network in networks:
        redraw = network.towards(style)
        for face in faces[:1] if network.scope == "image" else faces:
            box = network.box(face, (frame.height, frame.width))
            shown = frame.region_rgb(box)
            drawn = _redrawn(shown, network.size, redraw)
            gain = intensity * float(face.strength[0])
            frame = frame.add_region(box, np.ascontiguousarray(gain * (blend(drawn, shown) - shown), np.float32))
    return frame


def _redrawn(shown: Float[np.ndarray, "h w 3"], size: int, redraw: Redraw) -> Float[np.ndarray, "h w 3"]:
    side = shown.shape[0]
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    seen = cv2.resize(shown, (size, size), interpolation=how)
    with torch.inference_mode():
        drawn = redraw(torch.from_numpy(np.ascontiguousarray(seen, np.float32)).movedim(2, 0)[None] * 2.0 - 1.0)
    plain = np.ascontiguousarray((drawn[0].movedim(0, 2).numpy() + 1.0) / 2.0)
    return np.clip(cv2.resize(plain, shown.shape[1::-1], interpolation=cv2.INTER_CUBIC), 0.0, 1.0)


def _caae(kept: Checkpoint, path: Path) -> Network:
    config = CaaeConfig.build(kept.config, path)
    encoder, generator = Encoder(config.code, config.width), Generator(config.code, config.width)
    for name, module in (("encoder", encoder), ("generator", generator)):
        _fill(module, kept, name, path)

    def towards(style: Style) -> Redraw:
        label = torch.from_numpy(place_of_style(style).astype(np.float32))[None]
        return lambda seen: generator(encoder(seen), label)

    return Network(path, "caae", "face", "", SIZE, towards)


def _stargan(kept: Checkpoint, path: Path) -> Network:
    config = SmileConfig.build(kept.config, path)
    names = config.names()
    translator = Translator(len(names), config.generator_width, config.blocks)
    _fill(translator, kept, "translator", path)

    def towards(style: Style) -> Redraw:
        wanted = torch.zeros(1, len(names))
        wanted[0, _class(style, names, path)] = 1.0
        return lambda seen: translator(seen, wanted)

    return Network(path, "stargan", config.scope, config.part, config.size, towards)


def _cyclegan(kept: Checkpoint, path: Path) -> Network:
    config = SmileConfig.build(kept.config, path)
    both = [Translator(0, config.generator_width, config.blocks) for _ in range(2)]
    for name, module in zip(("back", "there"), both, strict=True):
        _fill(module, kept, name, path)
    towards = lambda style: both[_class(style, config.names(), path)]  # noqa: E731
    return Network(path, "cyclegan", config.scope, config.part, config.size, towards)


def _fill(module: nn.Module, kept: Checkpoint, name: str, path: Path) -> None:
    load_strictly(module, part_of(kept.tensors, name + "."), path)
    module.eval().requires_grad_(False)


def place_of_style(style: Style) -> Float[np.ndarray, "2"]:
    """The point of the plane that a style means. Raises UserError for a kind that has none."""
    if isinstance(style, ValenceArousal):
        return check_place(style.valence, style.arousal)
    if not isinstance(style, Emotion):
        raise unknown_style("an editor of images", style, "ask for an emotion, or for valence and arousal")
    return place_of(style.name)


def _class(style: Style, names: Sequence[str], path: Path) -> int:
    """Number of a label among those that a network was trained on."""
    if isinstance(style, Emotion) and style.name in names:
        return names.index(style.name)
    asked = style.name if isinstance(style, Emotion) else "valence and arousal"
    raise UserError(f"does not know {asked}", path=path, remedy=f"ask for one of: {', '.join(names)}")
