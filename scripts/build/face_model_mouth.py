"""Expression shapes of mouth, jaw's skin and cheeks as they fill, after FACS. See `face_model_shapes`."""

from __future__ import annotations

from face_model_controls import FACE, Controls, Shape, along, at, chains, scaled
from face_model_topology import (
    ABOVE_LIP,
    BELOW_LIP,
    LID_LOWER,
    LID_LOWER_RING,
    LOWER_CHAINS,
    LOWER_INNER,
    LOWER_OUTER,
    LOWER_RED,
    LOWER_RED_OUTER,
    UPPER_CHAINS,
    UPPER_INNER,
    UPPER_OUTER,
    UPPER_RED,
    UPPER_RED_OUTER,
)


def smile() -> Shape:
    """AU12, zygomaticus major: corner up, out and back over the teeth, cheek lifted, lid touched."""
    upper = dict(x=[0.78, 0.62, 0.44, 0.27, 0.13, 0.03], y=[-0.88, -0.66, -0.42, -0.28, -0.22, -0.2],
                 z=[0.72, 0.62, 0.45, 0.32, 0.24, 0.22])  # fmt: skip
    lower = dict(x=[0.78, 0.62, 0.44, 0.27, 0.13, 0.03], y=[-0.88, -0.7, -0.5, -0.34, -0.24, -0.2],
                 z=[0.72, 0.6, 0.42, 0.28, 0.18, 0.14])  # fmt: skip
    return Shape(
        chains(UPPER_CHAINS, **upper)
        | chains(LOWER_CHAINS, **lower)
        | along(ABOVE_LIP, [0.78, 0.62, 0.4, 0.22, 0.1, 0.02], [-0.86, -0.68, -0.42, -0.25, -0.18, -0.15],
                [0.66, 0.52, 0.36, 0.24, 0.18, 0.16])
        | along(BELOW_LIP, [0.72, 0.5, 0.32, 0.17, 0.08, 0.02], [-0.8, -0.55, -0.36, -0.24, -0.18, -0.16],
                [0.6, 0.42, 0.25, 0.12, 0.06, 0.04])
        | at((0.5, -0.72, 0.32), 436, 432, 434) | at((0.34, -0.55, 0.1), 426, 427, 411)
        | at((0.2, -0.42, -0.08), 425, 280) | at((0.1, -0.24, -0.06), 330, 266, 347)
        | at((0.05, -0.3, 0.0), 352, 376) | at((0.18, -0.16, 0.08), 358, 327, 279)
        | scaled(LID_LOWER, (0.02, -0.07, 0.0), [0.6, 1, 1, 1, 0.8, 0.5, 0.2])
        | scaled(LID_LOWER_RING, (0.03, -0.1, -0.01), [0.6, 1, 1, 1, 0.8, 0.5, 0.2])
        | at((0.02, -0.2, -0.08), 200, 199) | at((0.04, -0.18, -0.04), 430, 424) | at((0.12, -0.3, 0.0), 365, 397)
        | at((0, 0, 0), 61, 78, 62, 76, 57),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids_upper", "lids_right"),
    )  # fmt: skip


def frown() -> Shape:
    """AU15, depressor anguli oris: corner down and slightly out, red of the lip pulled at the corner only."""
    fall, side = [0.52, 0.36, 0.2, 0.1, 0.05, 0.02], [0.2, 0.13, 0.06, 0.02, 0.0, 0.0]
    back = [0.2, 0.12, 0.06, 0.02, 0.0, 0.0]
    return Shape(
        chains(UPPER_CHAINS, side, fall, back)
        | chains(LOWER_CHAINS, side, [0.52, 0.3, 0.1, 0.03, 0.0, 0.0], back)
        | along(ABOVE_LIP, side, [0.5, 0.34, 0.2, 0.12, 0.08, 0.05], back)
        | along(BELOW_LIP, [0.2, 0.14, 0.08, 0.02, 0, 0], [0.55, 0.34, 0.12, 0.0, -0.06, -0.08], back)
        | at((0.14, 0.34, 0.08), 422, 432) | at((0.1, 0.26, 0.04), 424, 430)
        | at((0.05, 0.12, 0.0), 436, 426, 434) | at((0.02, -0.1, -0.06), 200, 199)
        | at((0.04, 0.08, 0.0), 327, 358)
    )  # fmt: skip


def stretch() -> Shape:
    """AU20, risorius: corner drawn straight outward and back, a little down."""
    x, z = [0.7, 0.56, 0.4, 0.25, 0.12, 0.03], [0.66, 0.5, 0.34, 0.22, 0.14, 0.1]
    return Shape(
        chains(UPPER_CHAINS, x, [0.3, 0.18, 0.1, 0.05, 0.03, 0.02], z)
        | chains(LOWER_CHAINS, x, [0.3, 0.2, 0.06, 0.0, -0.04, -0.05], z)
        | along(BELOW_LIP, [0.68, 0.48, 0.3, 0.16, 0.08, 0.0], [0.32, 0.22, 0.1, 0.05, 0, 0],
                [0.55, 0.36, 0.2, 0.1, 0.06, 0.05])
        | at((0.5, 0.18, 0.36), 432, 436) | at((0.3, 0.04, 0.12), 434, 427, 422)
        | at((0.14, 0.02, 0.08), 358, 327) | at((0.3, -0.06, 0.1), 365, 397)
        | at((0, 0, 0), 61, 78, 62, 76, 57),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
    )  # fmt: skip


def dimple() -> Shape:
    """AU14, buccinator: corner tightened inward into the cheek, slightly up and out."""
    z = [0.56, 0.4, 0.24, 0.12, 0.05, 0.02]
    return Shape(
        chains(UPPER_CHAINS, [0.16, 0.12, 0.09, 0.05, 0.02, 0], [-0.3, -0.14, -0.02, 0.0, 0.0, 0.0], z)
        | chains(LOWER_CHAINS, [0.16, 0.12, 0.09, 0.05, 0.02, 0], [-0.3, -0.22, -0.15, -0.1, -0.06, -0.05], z)
        | at((0.1, -0.2, 0.42), 287, 410, 273) | at((0.05, -0.14, 0.12), 436, 432)
        | at((0.05, -0.08, -0.04), 427, 426) | at((0.08, 0.03, 0.0), 327, 358) | at((0, -0.1, -0.06), 200, 199)
    )  # fmt: skip


def press() -> Shape:
    """AU24, orbicularis oris: the lips pressed together, the reds thinned."""
    ramp = [0.15, 0.6, 1.0, 1.0, 0.75, 0.5]
    out: Controls = {}
    for chain, dy, dz in ((UPPER_OUTER, 0.2, 0.02), (UPPER_RED_OUTER, 0.14, 0.05), (UPPER_RED, 0.06, 0.06),
                          (UPPER_INNER, 0.0, 0.06), (LOWER_OUTER, -0.26, -0.06), (LOWER_RED_OUTER, -0.16, 0.0),
                          (LOWER_RED, -0.06, 0.04), (LOWER_INNER, 0.0, 0.06)):  # fmt: skip
        out |= scaled(chain, (-0.03, dy, dz), ramp)
    return Shape(
        out | at((-0.04, -0.12, -0.08), 291, 308, 306, 292) | at((0, -0.2, -0.12), 200, 199, 418, 421)
        | at((-0.02, -0.16, -0.1), 424, 428) | at((-0.02, -0.1, -0.1), 287)
    )  # fmt: skip


def upper_up() -> Shape:
    """AU10, levator labii superioris: the upper lip raised, its inner edge most, the ala following."""
    x, y = [0.02, 0.06, 0.1, 0.1, 0.07, 0.0], [-0.36, -0.5, -0.6, -0.58, -0.5, -0.38]
    z = [0.0, 0.04, 0.1, 0.12, 0.12, 0.1]
    return Shape(
        chains(UPPER_CHAINS, x, y, z)
        | along(ABOVE_LIP, [0.02, 0.06, 0.1, 0.08, 0.05, 0.0], [-0.34, -0.48, -0.56, -0.5, -0.4, -0.28], z)
        | chains((LOWER_OUTER[1:], LOWER_INNER[1:]), [0.0] * 5, [-0.14, -0.04, 0, 0, 0], [0.0] * 5)
        | at((0.16, -0.46, 0.08), 327, 358) | at((0.12, -0.36, 0.06), 279, 331) | at((0.1, -0.42, 0.02), 423, 426)
        | at((0.06, -0.22, -0.06), 425, 266) | at((0.05, -0.16, 0.0), 326, 2)
        | at((0, 0, 0), 61, 78, 40, 80)
    )  # fmt: skip


def lower_down() -> Shape:
    """AU16, depressor labii inferioris: the lower lip drawn down and slightly out."""
    x, y = [0.02, 0.05, 0.08, 0.08, 0.05, 0.0], [0.06, 0.26, 0.42, 0.46, 0.4, 0.3]
    z = [0.02, 0.06, 0.1, 0.12, 0.12, 0.12]
    return Shape(
        chains(LOWER_CHAINS, x, y, z)
        | along(BELOW_LIP, [0.02, 0.05, 0.07, 0.07, 0.04, 0.0], [0.1, 0.28, 0.4, 0.42, 0.36, 0.28], z)
        | at((0.04, 0.3, 0.08), 424, 418, 421) | at((0, 0.2, 0.06), 200, 199) | at((0, 0.16, 0.06), 152, 377)
        | chains(UPPER_CHAINS, [0.0] * 6, [0.06, 0, 0, 0, 0, 0], [0.0] * 6) | at((0, 0, 0), 61, 78, 91, 88),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
    )  # fmt: skip


def pucker() -> Shape:
    """AU18, incisivii labii: corners drawn inward and the lips pushed forward, kept closed."""
    z = [-0.75, -0.78, -0.8, -0.8, -0.8, -0.8]
    outer, inner = [-0.72, -0.56, -0.38, -0.24, -0.12, 0.0], [-0.72, -0.58, -0.4, -0.25, -0.12, 0.0]
    return Shape(
        chains((UPPER_OUTER, UPPER_RED_OUTER), outer, [-0.12, -0.22, -0.3, -0.3, -0.28, -0.24], z)
        | chains((UPPER_RED, UPPER_INNER), inner, [-0.1, -0.08, -0.06, -0.05, -0.04, -0.04], z)
        | chains((LOWER_OUTER, LOWER_RED_OUTER), outer, [-0.12, 0.04, 0.12, 0.14, 0.14, 0.12], z)
        | chains((LOWER_RED, LOWER_INNER), inner, [-0.1, -0.06, -0.04, -0.03, -0.02, -0.02], z)
        | along(ABOVE_LIP, [-0.66, -0.46, -0.28, -0.15, -0.06, 0], [-0.1, -0.12, -0.12, -0.1, -0.08, -0.06],
                [-0.62, -0.55, -0.5, -0.46, -0.42, -0.4])
        | along(BELOW_LIP, [-0.62, -0.42, -0.28, -0.16, -0.06, 0], [-0.12, -0.04, 0.02, 0.02, 0.02, 0.02],
                [-0.62, -0.5, -0.45, -0.42, -0.4, -0.38])
        | at((-0.4, -0.14, -0.36), 436, 432) | at((-0.2, -0.06, -0.2), 426, 427, 434) | at((0, -0.06, -0.1), 200, 199)
        | at((-0.05, 0.02, -0.1), 358, 327),
        both=True,
    )  # fmt: skip


def funnel() -> Shape:
    """AU22 with 25: lips pushed forward and opened like a funnel."""
    return Shape(
        chains(UPPER_CHAINS, [-0.36, -0.22, -0.1, -0.04, -0.01, 0], [0.0, -0.3, -0.5, -0.55, -0.56, -0.54],
               [-0.62, -0.66, -0.68, -0.68, -0.68, -0.68])
        | chains(LOWER_CHAINS, [-0.36, -0.22, -0.1, -0.04, -0.01, 0], [0.0, 0.36, 0.66, 0.76, 0.8, 0.8],
                 [-0.62, -0.6, -0.58, -0.56, -0.54, -0.54])
        | along(ABOVE_LIP, [-0.34, -0.2, -0.1, -0.05, -0.02, 0], [0, -0.14, -0.24, -0.26, -0.25, -0.22],
                [-0.56, -0.52, -0.46, -0.42, -0.4, -0.38])
        | along(BELOW_LIP, [-0.34, -0.2, -0.1, -0.05, -0.02, 0], [0.06, 0.36, 0.58, 0.66, 0.68, 0.66],
                [-0.5, -0.4, -0.3, -0.26, -0.22, -0.2])
        | at((-0.2, 0.0, -0.3), 436, 432) | at((0, 0.44, 0.02), 200, 199) | at((0, 0.36, 0.05), 152, 377)
        | at((-0.04, 0.22, -0.05), 424, 430) | at((-0.04, -0.04, -0.08), 358, 327),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
        both=True,
    )  # fmt: skip


def roll(chains_in: tuple, sign: float) -> Shape:
    """AU28: the red of one lip rolled over the teeth; `sign` is +1 for the upper, -1 for the lower lip."""
    profile = [0.0, 0.2, 0.6, 0.95, 1.0, 1.0]
    outer, red_outer, red, inner = chains_in
    depth = (0.35, 0.7, 0.85, 0.9)
    fall = (0.52, 0.36, 0.18, 0.0) if sign > 0 else (0.74, 0.5, 0.26, 0.04)  # squeezed, never folded over
    out: Controls = {}
    for chain, dz, dy in zip((outer, red_outer, red, inner), depth, fall, strict=True):
        out |= scaled(chain, (-0.03, sign * dy, dz), profile)
    skin = ABOVE_LIP if sign > 0 else BELOW_LIP
    return Shape(
        out | scaled(skin[1:], (0, sign * 0.3, 0.1), profile[1:]) | at((0.0, 0.0, 0.05), 291, 308, 306, 292),
        hold=(*FACE, "lower_lip_core" if sign > 0 else "upper_lip_core", "chin"),
        both=True,
    )  # fmt: skip


def shrug_upper() -> Shape:
    """The upper lip pushed up as a whole."""
    y = [-0.08, -0.3, -0.48, -0.54, -0.55, -0.55]
    return Shape(
        chains(UPPER_CHAINS, [0.0] * 6, y, [0, 0, -0.03, -0.05, -0.06, -0.06])
        | along(ABOVE_LIP, [0.0] * 6, [-0.06, -0.2, -0.3, -0.34, -0.35, -0.35], [0, 0, -0.02, -0.03, -0.04, -0.04])
        | at((0, -0.12, -0.02), 2, 326, 327) | at((0, -0.06, 0), 358),
        hold=(*FACE, "lower_lip_core", "chin"),
        both=True,
    )


def shrug_lower() -> Shape:
    """AU17, mentalis: chin boss up, the lower lip pushed up and forward, its edge rolled out."""
    y, z = [-0.16, -0.46, -0.62, -0.7, -0.74, -0.75], [-0.16, -0.34, -0.44, -0.5, -0.52, -0.54]
    return Shape(
        chains(LOWER_CHAINS, [0.04, 0.02, 0, 0, 0, 0], y, z)
        | chains(UPPER_CHAINS, [0.04, 0, 0, 0, 0, 0], [-0.16, -0.26, -0.32, -0.36, -0.38, -0.38],
                 [-0.16, -0.14, -0.12, -0.12, -0.12, -0.12])
        | along(BELOW_LIP, [0.04, 0.02, 0, 0, 0, 0], [-0.18, -0.44, -0.62, -0.7, -0.74, -0.76],
                [-0.14, -0.26, -0.32, -0.34, -0.34, -0.34])
        | at((0, -0.78, -0.3), 200, 199, 421, 418) | at((0, -0.7, -0.34), 175, 152, 377)
        | at((0.02, -0.5, -0.2), 424, 430, 400) | at((0.02, -0.2, -0.06), 378, 379),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
        both=True,
    )  # fmt: skip


def cheek_puff() -> Shape:
    """AU34: air in the cheeks, pressed outward and forward."""
    return Shape(
        at((0.14, 0.0, -0.9), 427, 411, 434, 436, 416) | at((0.08, 0.05, -0.75), 425, 432, 433, 376, 352)
        | at((-0.06, -0.02, -0.7), 291, 308, 306, 292, 287, 410, 273) | at((0.1, -0.05, -0.5), 426, 280, 430, 422)
        | at((0.08, 0, -0.4), 435, 367, 364, 394) | at((0.03, 0.02, -0.3), 401, 366)
        | chains((*UPPER_CHAINS, *LOWER_CHAINS), [-0.06, -0.07, -0.06, -0.04, -0.02, 0], [-0.02, -0.03, 0, 0, 0, 0],
                 [-0.7, -0.62, -0.54, -0.48, -0.44, -0.42])
        | at((-0.02, -0.12, -0.35), 391, 322, 406, 335) | at((0.02, -0.12, -0.25), 327, 358)
        | at((0, -0.05, -0.2), 164, 18, 200) | at((0.08, -0.1, -0.4), 397, 365) | at((0.1, -0.08, -0.2), 288, 379),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
        both=True,
    )  # fmt: skip


def mouth_left() -> Shape:
    """The whole mouth drawn to the actor's left, the near corner up and back, the far one around the teeth."""
    left = chains((*UPPER_CHAINS, *LOWER_CHAINS), [0.6, 0.9, 1.2, 1.35, 1.4, 1.45],
                  [-0.5, -0.32, -0.2, -0.14, -0.1, -0.08], [0.45, 0.48, 0.45, 0.4, 0.34, 0.3])  # fmt: skip
    right = {}
    for chain in ((61, 185, 40, 39, 37), (76, 184, 74, 73, 72), (62, 183, 42, 41, 38), (78, 191, 80, 81, 82),
                  (61, 146, 91, 181, 84), (76, 77, 90, 180, 85), (62, 96, 89, 179, 86),
                  (78, 95, 88, 178, 87)):  # fmt: skip
        right |= along(chain, [1.4, 1.45, 1.48, 1.5, 1.48], [-0.02, -0.02, -0.04, -0.05, -0.06],
                       [-0.75, -0.5, -0.2, -0.02, 0.15])  # fmt: skip
    return Shape(
        left | right | at((0.9, -0.1, 0.2), 164, 18) | at((0.45, -0.4, 0.25), 436, 432, 410)
        | at((0.5, -0.26, 0.2), 358, 327)
        | at((0.75, -0.02, -0.36), 98, 129) | at((0.95, 0.0, -0.6), 216, 212, 206) | at((0.32, -0.06, 0), 4, 1)
        | at((0.4, -0.04, 0), 2) | at((0.5, -0.06, 0.0), 200) | at((0.24, -0.05, -0.06), 152)
        | at((0.2, -0.2, 0), 426, 427)
        | at((0.4, 0, -0.3), 205, 207) | at((0.12, -0.1, -0.06), 365, 397) | at((0.34, 0, -0.3), 136, 172),
        hold=("oval_upper", "forehead", "brows", "bridge", "lids"),
    )  # fmt: skip
