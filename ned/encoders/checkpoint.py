"""Checkpoints of others, loaded with their names and shapes or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ned.encoders.deca import Deca, DetailDecoder, Emoca, Spectre
from ned.encoders.editions import check_edition
from ned.encoders.smirk import Smirk
from ned.errors import UserError
from ned.face_model.flame.model import FlameModel
from ned.runtime.precision import best_device

ENCODERS: dict[str, type[nn.Module]] = {"deca": Deca, "emoca": Emoca, "spectre": Spectre, "smirk": Smirk}
_PREFIXES = ("module.", "deca.", "smirk_encoder.")


def load_encoder(kind: str, path: Path, flame: FlameModel | None = None) -> nn.Module:
    """An encoder with the weights of a checkpoint, ready to encode.

    Raises:
        UserError: an unknown kind, a FLAME of another edition than the encoder speaks, a file that cannot be read,
            weights that are missing, left over in a network that is used, or of another shape.
    """
    if kind not in ENCODERS:
        raise UserError(f"unknown encoder {kind!r}", remedy=f"choose one of: {', '.join(ENCODERS)}")
    wanted = ENCODERS[kind]
    if flame is not None:
        check_edition(kind, flame.edition)
    states = _networks(path, _read(path), wanted.needs)  # type: ignore[attr-defined]
    network = wanted()
    for name in wanted.needs:  # type: ignore[attr-defined]
        _fill(path, name, getattr(network, name), states[name])
    return network.eval().requires_grad_(False)


def load_decoder(path: Path) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """DECA's detail decoder by itself: jaw (3), expression (50), code (128) → displacement over the UV map, m.

    Raises UserError as `load_encoder`.
    """
    network = DetailDecoder()
    _fill(path, "D_detail", network, _networks(path, _read(path), ("D_detail",))["D_detail"])
    network = network.eval().requires_grad_(False).to(best_device())
    device = next(network.parameters()).device

    def decode(jaw: np.ndarray, expression: np.ndarray, code: np.ndarray) -> np.ndarray:
        given = (torch.from_numpy(np.asarray(a, np.float32))[None].to(device) for a in (jaw, expression, code))
        with torch.inference_mode():
            return network(*given)[0, 0].cpu().numpy()

    return decode


def _read(path: Path) -> dict[str, Any]:
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError("no such file", path=path, remedy="check the name") from error
    except Exception as error:  # torch says many things of a file that is none, and of one that would run code
        cause = " ".join(str(error).split())[:80]
        raise UserError(f"is no checkpoint that can be read safely ({cause})", path=path,
                        remedy="take the publisher's file") from error  # fmt: skip
    if isinstance(held, dict) and isinstance(held.get("state_dict"), dict):
        held = held["state_dict"]
    if not isinstance(held, dict):
        raise UserError("holds no weights", path=path, remedy="take the publisher's file")
    return held


def _networks(path: Path, held: dict[str, Any], needs: tuple[str, ...]) -> dict[str, dict[str, Tensor]]:
    """The weights of each network; files nest them, or write the network's name before each."""
    nested = {name: held[name] for name in needs if isinstance(held.get(name), dict)}
    flat: dict[str, dict[str, Tensor]] = {}
    for key, value in held.items():
        plain = str(key)
        for prefix in _PREFIXES:
            plain = plain.removeprefix(prefix)
        name, _, rest = plain.partition(".")
        if name in needs and rest and isinstance(value, Tensor):
            flat.setdefault(name, {})[rest] = value
    found = {**flat, **nested}
    missing = [name for name in needs if name not in found]
    if missing:
        raise UserError(f"lacks {', '.join(missing)}", path=path, remedy="is it the checkpoint of another network?")
    return found


def _fill(path: Path, name: str, network: nn.Module, state: dict[str, Tensor]) -> None:
    own = network.state_dict()
    state = {key.removeprefix("module."): value for key, value in state.items()}
    for key in own:  # older files have no counters of batch norms; nothing of the result depends on them
        if key.endswith("num_batches_tracked"):
            state.setdefault(key, own[key])
    missing, extra = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    wrong = [key for key in own if key in state and tuple(own[key].shape) != tuple(state[key].shape)]
    if missing or extra or wrong:
        worst = [f"without {k}" for k in missing[:1]] + [f"with an unknown {k}" for k in extra[:1]]
        worst += [f"{k} has the shape {tuple(state[k].shape)}, wanted {tuple(own[k].shape)}" for k in wrong[:1]]
        raise UserError(f"{name} does not fit: {'; '.join(worst)}", path=path, remedy="take the publisher's file")
    if any(not torch.isfinite(value).all() for value in state.values() if value.is_floating_point()):
        raise UserError(f"{name} holds values that are not finite", path=path, remedy="download it again")
    network.load_state_dict(state, strict=True)
