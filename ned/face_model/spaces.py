"""The named sets of expression coefficients that `ned` speaks."""

from __future__ import annotations

from ned.types import ExpressionSpace

_SIDED = ("Left", "Right")

ARKIT52 = ExpressionSpace(
    "arkit52",
    (
        "jawOpen", "jawForward", "jawLeft", "jawRight", "mouthClose", "mouthFunnel", "mouthPucker",
        "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
        "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower",
        "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
        "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
        "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
        "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
        "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
        "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
        "eyeSquintRight", "eyeWideRight", "tongueOut",
    ),
)  # fmt: skip
"""The 52 expression coefficients of ARKit, 0 to 1 each, the jaw opening first."""

FLAME50 = ExpressionSpace("flame50", ("jaw", *(f"expression{i:02d}" for i in range(50))))
"""FLAME's jaw opening (rad) and its first 50 expression coefficients, unbounded."""

SPACES = {space.name: space for space in (ARKIT52, FLAME50)}


def mirrored(space: ExpressionSpace) -> tuple[int, ...]:
    """For each coefficient the index of its partner on the other side of the face (itself in the middle)."""
    swap = {"Left": "Right", "Right": "Left"}

    def partner(name: str) -> str:
        for side in _SIDED:
            if name.endswith(side):
                other = name.removesuffix(side) + swap[side]
                return other if other in space.names else name
        return name

    return tuple(space.index(partner(name)) for name in space.names)
