"""Expression shapes of brows, lids, nose and the cheek below the eye, after FACS. See `face_model_shapes`."""

from __future__ import annotations

from face_model_controls import Shape, along, at, chains, scaled
from face_model_topology import (
    ABOVE_LIP,
    BROW_LOWER,
    BROW_UPPER,
    LID_CORNERS,
    LID_LOWER,
    LID_LOWER_FOLD,
    LID_LOWER_RING,
    LID_UPPER,
    LID_UPPER_FOLD,
    LID_UPPER_RING,
    UPPER_CHAINS,
)


def brow_down() -> Shape:
    """AU4, corrugator and depressor supercilii: brow lowered and drawn to the midline."""
    return Shape(
        along(BROW_UPPER, [-0.12, -0.24, -0.34, -0.32, -0.22], [0.12, 0.26, 0.42, 0.46, 0.4],
              [-0.16, -0.24, -0.24, -0.18, -0.1])
        | along(BROW_LOWER, [-0.1, -0.22, -0.32, -0.3, -0.22], [0.1, 0.24, 0.4, 0.44, 0.4],
                [-0.14, -0.22, -0.22, -0.16, -0.1])
        | at((-0.02, 0.16, -0.06), 9, 8) | at((-0.12, 0.3, -0.06), 417) | at((-0.1, 0.1, -0.06), 337, 299)
        | scaled(LID_UPPER_FOLD, (-0.1, 0.16, -0.04), [0.5, 0.8, 1, 1, 1, 1, 0.6])
        | scaled(LID_UPPER_RING, (-0.02, 0.07, -0.01), [0.3, 0.6, 1, 1, 1, 0.8, 0.4]),
        hold=("oval", "forehead_top", "nose", "mouth", "lids_lower", "lid_contours", "brows_right", "cheeks"),
    )  # fmt: skip


def brow_inner_up() -> Shape:
    """AU1, medial frontalis: inner ends raised, the forehead follows."""
    return Shape(
        along(BROW_UPPER, [0, 0, 0.02, 0.02, 0.02], [-0.08, -0.16, -0.34, -0.6, -0.68], [0.0, 0.0, 0.02, 0.03, 0.04])
        | along(BROW_LOWER, [0, 0, 0.02, 0.02, 0.02], [-0.06, -0.14, -0.32, -0.58, -0.68],
                [0.0, 0.0, 0.02, 0.03, 0.04])
        | at((0, -0.5, 0.03), 9) | at((0, -0.28, 0.02), 8, 417) | at((0, -0.42, 0.03), 337, 151)
        | scaled(LID_UPPER_FOLD, (0, -0.44, 0.0), [0.1, 0.2, 0.4, 0.7, 0.9, 0.9, 0.4])
        | scaled(LID_UPPER_RING, (0, -0.13, 0.0), [0.1, 0.2, 0.4, 0.7, 0.9, 0.9, 0.4]),
        hold=("oval", "nose", "mouth", "lids_lower", "lids_upper_only", "cheeks"),
        both=True,
    )  # fmt: skip


def brow_outer_up() -> Shape:
    """AU2, lateral frontalis: outer half of the brow raised."""
    return Shape(
        along(BROW_UPPER, [0.1, 0.14, 0.14, 0.06, 0.0], [-0.58, -0.76, -0.72, -0.42, -0.16],
              [0.14, 0.18, 0.14, 0.08, 0.02])
        | along(BROW_LOWER, [0.1, 0.14, 0.14, 0.06, 0.0], [-0.52, -0.72, -0.7, -0.4, -0.16],
                [0.14, 0.18, 0.14, 0.08, 0.02])
        | at((0.06, -0.5, 0.1), 299, 333) | at((0.06, -0.4, 0.1), 298) | at((0, -0.12, 0.0), 337)
        | scaled(LID_UPPER_FOLD, (0.03, -0.52, 0.04), [0.8, 1, 1, 0.9, 0.6, 0.3, 0.1])
        | scaled(LID_UPPER_RING, (0.0, -0.15, 0.0), [0.8, 1, 1, 0.9, 0.6, 0.3, 0.1])
        | at((0, 0, 0), 9, 8, 151, 107, 55),
        hold=("oval", "nose", "mouth", "lids_lower", "lids_upper_only", "cheeks", "brows_right"),
    )  # fmt: skip


def nose_sneer() -> Shape:
    """AU9, levator labii superioris alaeque nasi: ala and lip up, bridge wrinkled, inner brow down."""
    return Shape(
        at((0.04, -0.58, 0.02), 327, 358, 279) | at((0.02, -0.5, 0.02), 331, 294) | at((0, -0.3, 0.0), 326, 429, 420)
        | at((0, -0.2, -0.02), 4, 1, 2) | at((0, -0.3, -0.05), 437, 456, 399) | at((-0.02, -0.16, -0.05), 465, 412)
        | at((0.02, -0.46, -0.06), 423, 371) | at((0, -0.3, -0.1), 329, 355) | at((-0.02, -0.26, -0.08), 426, 266)
        | chains(UPPER_CHAINS, [-0.04, 0, 0.02, 0.02, 0.02, 0], [-0.28, -0.4, -0.44, -0.4, -0.34, -0.26],
                 [0, 0, 0.02, 0.02, 0.02, 0])
        | along(ABOVE_LIP, [0, 0, 0.02, 0.02, 0, 0], [-0.3, -0.4, -0.46, -0.44, -0.36, -0.26], [0, 0, 0, 0, 0, 0])
        | along(BROW_LOWER, [0, -0.02, -0.05, -0.1, -0.12], [0.06, 0.12, 0.26, 0.3, 0.28], [0, 0, -0.04, -0.06, -0.06])
        | along(BROW_UPPER, [0, -0.02, -0.05, -0.1, -0.12], [0.06, 0.12, 0.24, 0.28, 0.26], [0, 0, -0.04, -0.06, -0.06])
        | at((0, 0.14, -0.06), 8) | scaled(LID_LOWER_FOLD, (0, -0.14, -0.04), [0.3, 0.6, 0.9, 1, 1, 1, 0.8])
        | at((0, 0, 0), 61, 78, 40, 80, 98, 129, 49),
        hold=("oval", "forehead_top", "lid_contours", "brows_right", "lower_lip", "chin", "lids_right"),
    )  # fmt: skip


def cheek_squint() -> Shape:
    """AU6, orbicularis oculi (orbital part): the cheek raised towards the eye, lower lid pushed up."""
    return Shape(
        at((0.03, -0.36, -0.1), 280, 330, 347, 346, 352) | at((0.04, -0.3, -0.06), 425, 266, 411)
        | at((0.05, -0.24, 0.0), 345, 340) | at((0.04, -0.2, 0.02), 426, 427, 436)
        | scaled(LID_LOWER_FOLD, (-0.01, -0.26, -0.06), [0.7, 1, 1, 1, 0.8, 0.5, 0.3])
        | scaled(LID_LOWER_RING, (-0.01, -0.17, -0.03), [0.7, 1, 1, 1, 0.8, 0.5, 0.3])
        | scaled(LID_LOWER, (-0.01, -0.1, -0.01), [0.6, 0.9, 1, 1, 0.8, 0.5, 0.3])
        | at((-0.03, 0.06, 0.0), 466, 388, 467) | at((0.0, 0.07, 0.0), 276, 283, 300, 282)
        | at((0.06, -0.08, 0.05), 291, 308, 287, 410) | at((0.06, -0.04, 0.02), 358, 327) | at((0.04, -0.1, 0), 397),
        hold=("oval_upper", "forehead_top", "bridge", "lids_right", "lower_lip_core", "chin"),
    )  # fmt: skip


def eye_squint() -> Shape:
    """AU7, orbicularis oculi (palpebral part): lower lid up and slightly inward, upper a little down."""
    return Shape(
        scaled(LID_LOWER, (-0.06, -0.22, -0.02), [0.5, 0.85, 1, 1, 0.95, 0.75, 0.4])
        | scaled(LID_LOWER_RING, (-0.06, -0.2, -0.03), [0.5, 0.85, 1, 1, 0.95, 0.75, 0.4])
        | scaled(LID_LOWER_FOLD, (-0.02, -0.12, -0.03), [0.5, 0.85, 1, 1, 0.95, 0.75, 0.4])
        | scaled(LID_UPPER, (0.0, 0.05, 0.0), [0.5, 0.8, 1, 1, 0.9, 0.7, 0.4])
        | scaled(LID_UPPER_RING, (0.0, 0.05, 0.0), [0.5, 0.8, 1, 1, 0.9, 0.7, 0.4]) | at((0, 0, 0), *LID_CORNERS),
        hold=("oval", "forehead", "brows", "nose", "bridge", "mouth", "lids_right", "cheeks"),
    )  # fmt: skip


def lids(upper: float, lower: float, side: float = 0.0, back: float = 0.0) -> Shape:
    """Lids that move up or down by so much (cm) with their skin: eyeWide and what follows the gaze."""
    profile = [0.5, 0.8, 1, 1, 0.95, 0.75, 0.45]
    return Shape(
        scaled(LID_UPPER, (side, upper, back), profile) | scaled(LID_LOWER, (side, lower, back), profile)
        | scaled(LID_UPPER_RING, (side * 0.6, upper * 0.6, back * 0.6), profile)
        | scaled(LID_LOWER_RING, (side * 0.6, lower * 0.7, back * 0.6), profile)
        | scaled(LID_UPPER_FOLD, (0, upper * 0.1, 0), profile) | at((0, 0, 0), *LID_CORNERS),
        hold=("oval", "forehead", "brows", "nose", "bridge", "mouth", "lids_right", "cheeks"),
    )  # fmt: skip
