"""The authored expression shapes of the canonical model, after FACS, with the names of ARKit.

Each shape says where control landmarks go at coefficient 1.0 and which parts hold still; the field
between them is solved in `face_model_solver.py`. Vectors are in cm: x outward (for the actor's left
side image right), y down, z away from the camera. Shapes of one side are written for the left and
mirrored; symmetric shapes (`both=True`) are written for the left half and mirrored onto the right.
"""

from __future__ import annotations

from face_model_eyes import brow_down, brow_inner_up, brow_outer_up, cheek_squint, eye_squint, lids, nose_sneer
from face_model_mouth import (
    cheek_puff,
    dimple,
    frown,
    funnel,
    lower_down,
    press,
    pucker,
    roll,
    shrug_lower,
    shrug_upper,
    smile,
    stretch,
    upper_up,
)
from face_model_topology import LOWER_CHAINS, UPPER_CHAINS

LEFT_SHAPES = {
    "mouthSmile": smile(), "mouthFrown": frown(), "mouthStretch": stretch(), "mouthDimple": dimple(),
    "mouthPress": press(), "mouthUpperUp": upper_up(), "mouthLowerDown": lower_down(),
    "browDown": brow_down(), "browOuterUp": brow_outer_up(), "noseSneer": nose_sneer(),
    "cheekSquint": cheek_squint(), "eyeSquint": eye_squint(), "eyeWide": lids(-0.28, 0.03, back=0.08),
    "eyeLookUp": lids(-0.3, -0.08, back=0.06), "eyeLookDown": lids(0.52, 0.18, back=-0.02),
    "eyeLookIn": lids(0.0, 0.0, side=-0.12), "eyeLookOut": lids(0.0, 0.0, side=0.12),
}  # fmt: skip
"""Shapes that come as <name>Left and <name>Right. eyeBlink is built from the lids themselves."""

MIDDLE_SHAPES = {
    "browInnerUp": brow_inner_up(), "mouthPucker": pucker(), "mouthFunnel": funnel(),
    "mouthRollUpper": roll(UPPER_CHAINS, 1.0), "mouthRollLower": roll(LOWER_CHAINS, -1.0),
    "mouthShrugUpper": shrug_upper(), "mouthShrugLower": shrug_lower(), "cheekPuff": cheek_puff(),
}  # fmt: skip

GAZE_RAD = {"eyeLookUp": 0.42, "eyeLookDown": 0.52, "eyeLookIn": 0.6, "eyeLookOut": 0.6}
"""Turn of the eyeball at coefficient 1.0."""
