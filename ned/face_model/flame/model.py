"""What a FLAME file holds, checked: FLAME 2020, 2023 and 2023 Open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.face_model.flame.unpickle import ChumpyArray, SparseColumns, Unreadable, read_pickle

NUM_VERTICES = 5023
NUM_TRIANGLES = 9976
NUM_IDENTITIES = 300
NUM_EXPRESSIONS = 100
JOINTS = ("root", "neck", "jaw", "left_eye", "right_eye")
ROOT, NECK, JAW, LEFT_EYE, RIGHT_EYE = range(5)
PARENTS = (-1, 0, 1, 1, 1)
LEFT_EYEBALL = slice(3931, 4477)
RIGHT_EYEBALL = slice(4477, 5023)
EDITIONS = ("2020", "2023", "2023open")
"""2020 and 2023 share the mesh, not the meaning of coefficients: their bases differ by up to 21 mm."""


@dataclass(frozen=True, eq=False)
class FlameModel:
    """FLAME's arrays in its own axes: metres, x to the actor's left, y up, z out of the face."""

    template: Float[np.ndarray, "5023 3"]
    triangles: Int[np.ndarray, "9976 3"]
    """Counter-clockwise seen from outside."""
    identity: Float[np.ndarray, "identities 5023 3"]
    """Displacement of one standard deviation of each identity component."""
    expression: Float[np.ndarray, "expressions 5023 3"]
    """The same of each expression component."""
    pose_correctives: Float[np.ndarray, "36 5023 3"]
    """Displacement for each element of the four joints' rotations minus the identity, row by row."""
    joint_regressor: Float[np.ndarray, "5 5023"]
    weights: Float[np.ndarray, "5023 5"]
    """Each vertex' share of each joint; rows sum to 1."""
    edition: str
    """One of `EDITIONS`."""

    @property
    def joints(self) -> Float[np.ndarray, "5 3"]:
        """Of the mean face."""
        return self.joint_regressor @ self.template


def read_flame(path: Path, edition: str | None = None) -> FlameModel:
    """Reads a FLAME pickle as its publisher gives it out; nothing in it is executed.

    Args:
        edition: of `EDITIONS`; by default told from the file: 2023 Open carries its metadata, 2023 is told from 2020
            by its name alone, since their layouts are alike.
    Raises:
        UserError: not a pickle, a hostile one, another model, arrays that do not fit.
    """
    if edition is not None and edition not in EDITIONS:
        raise UserError(f"unknown edition of FLAME {edition!r}", remedy=f"choose one of: {', '.join(EDITIONS)}")
    held = read_pickle(path)
    needed = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
    if not isinstance(held, dict) or any(key not in held for key in needed):
        raise UserError("is no FLAME model", path=path, remedy="give the .pkl of FLAME 2020, 2023 or 2023 Open")
    arrays = {key: _dense(path, key, held[key]) for key in needed}
    _check(path, arrays)
    if edition is None:
        named = "2023" if "2023" in path.name else "2020"
        edition = "2023open" if "supr_expression_metadata" in held else named
    directions = arrays["shapedirs"].transpose(2, 0, 1).astype(np.float32)
    return FlameModel(
        template=arrays["v_template"].astype(np.float32),
        triangles=arrays["f"].astype(np.int32),
        identity=np.ascontiguousarray(directions[:NUM_IDENTITIES]),
        expression=np.ascontiguousarray(directions[NUM_IDENTITIES:]),
        pose_correctives=np.ascontiguousarray(arrays["posedirs"].transpose(2, 0, 1).astype(np.float32)),
        joint_regressor=arrays["J_regressor"].astype(np.float32),
        weights=arrays["weights"].astype(np.float32),
        edition=edition,
    )


def _dense(path: Path, key: str, value: Any) -> np.ndarray:
    try:
        if isinstance(value, ChumpyArray):
            return np.asarray(value.x)
        return value.dense() if isinstance(value, SparseColumns) else np.asarray(value)
    except (Unreadable, ValueError, MemoryError) as error:  # a list of lists of different lengths, and the like
        said = error if isinstance(error, Unreadable) else "holds what is no array"
        raise UserError(f"{key} {said}", path=path, remedy="take the file as its publisher gives it out") from error


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    def refuse(cause: str) -> UserError:
        return UserError(cause, path=path, remedy="give the .pkl of FLAME 2020, 2023 or 2023 Open")

    rows = arrays["v_template"].shape[:1]
    if rows != (NUM_VERTICES,):
        raise refuse(f"is another model: it has {rows[0] if rows else 0} vertices, FLAME has {NUM_VERTICES}")
    width = NUM_IDENTITIES + NUM_EXPRESSIONS
    shapes = {"v_template": (NUM_VERTICES, 3), "f": (NUM_TRIANGLES, 3), "shapedirs": (NUM_VERTICES, 3, width),
              "posedirs": (NUM_VERTICES, 3, 36), "J_regressor": (len(JOINTS), NUM_VERTICES),
              "weights": (NUM_VERTICES, len(JOINTS)), "kintree_table": (2, len(JOINTS))}  # fmt: skip
    for key, shape in shapes.items():
        if arrays[key].shape != shape:
            raise refuse(f"{key} has the shape {arrays[key].shape}, FLAME's has {shape}")
        if arrays[key].dtype.kind not in "iuf" or not np.isfinite(arrays[key].astype(np.float64)).all():
            raise refuse(f"{key} holds what are no finite numbers")
    if arrays["f"].min() < 0 or arrays["f"].max() >= NUM_VERTICES:
        raise refuse("its triangles name vertices that are not there")
    if not np.array_equal(arrays["kintree_table"][0].astype(np.int64)[1:], PARENTS[1:]):
        raise refuse("its joints hang together in another way than FLAME's")
    sums = arrays["weights"].sum(1), arrays["J_regressor"].sum(1)
    if any(np.abs(s - 1).max() > 1e-3 for s in sums):
        raise refuse("its weights do not sum to one")
