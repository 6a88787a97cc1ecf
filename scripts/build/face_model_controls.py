"""What an authored expression shape is made of: displacements of control landmarks, and parts that hold still."""

from __future__ import annotations

from dataclasses import dataclass, field

Controls = dict[int, tuple[float, float, float]]
FACE = ("oval", "forehead", "brows", "bridge", "lids")
"""What the shapes of the mouth hold still."""


@dataclass(frozen=True)
class Shape:
    """Control displacements and the parts held at zero; `both` mirrors the controls."""

    controls: Controls
    hold: tuple[str, ...] = FACE
    both: bool = False
    extra: Controls = field(default_factory=dict)
    """Controls that are not mirrored even where `both` is set."""


def at(vector: tuple[float, float, float], *landmarks: int) -> Controls:
    """One displacement for some landmarks."""
    return {i: vector for i in landmarks}


def along(chain: tuple[int, ...], x: list[float], y: list[float], z: list[float]) -> Controls:
    """One displacement per landmark of a chain, component by component."""
    return {i: (a, b, c) for i, a, b, c in zip(chain, x, y, z, strict=True)}


def scaled(chain: tuple[int, ...], vector: tuple[float, float, float], profile: list[float]) -> Controls:
    """One direction along a chain with a strength per landmark."""
    return {i: tuple(p * v for v in vector) for i, p in zip(chain, profile, strict=True)}


def chains(which: tuple[tuple[int, ...], ...], x: list[float], y: list[float], z: list[float]) -> Controls:
    """The same displacements along several parallel chains."""
    out: Controls = {}
    for chain in which:
        out |= along(chain, x, y, z)
    return out
