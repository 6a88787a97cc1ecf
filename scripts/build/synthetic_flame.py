"""Write a folder of files that are built like FLAME's and DECA's, and hold nothing of theirs.

    python scripts/build/synthetic_flame.py FOLDER [--edition 2020|2023open] [--deca] [--seed 0]

The model is made from the embedded face model and random fields; DECA's networks get random weights. With it, all that
reads, fits, shows and trains with FLAME can be run and tested by those who do not hold the licences.
"""

from __future__ import annotations

import argparse
import io
import pickle
import struct
import sys
import types
from pathlib import Path

import numpy as np
from scipy.sparse import csc_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import synthetic_flame_landmarks as landmarks
import synthetic_flame_model as synthetic

from ned.face_model import load_face_model
from ned.files.atomic import atomic_path

MODELS = {"2020": "generic_model.pkl", "2023open": "flame2023_Open.pkl"}


class _PicklerOfPython2(pickle._Pickler):
    """Protocol 2 as Python 2 wrote it: text and bytes are both plain strings."""

    dispatch = pickle._Pickler.dispatch.copy()

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=2, fix_imports=True)

    def _string(self, value: str | bytes) -> None:
        data = value.encode("latin-1") if isinstance(value, str) else value
        short = len(data) < 256
        self.write((b"U" + bytes([len(data)]) if short else b"T" + struct.pack("<i", len(data))) + data)
        self.memoize(value)

    dispatch[str] = _string
    dispatch[bytes] = _string


def _chumpy_class() -> type:
    """A class with the name and the state of chumpy's leaf."""
    module, leaf = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")

    def state(self: object) -> dict:
        return {"_dirty_vars": set(), "_itr": None, "_make_dense": False, "_make_sparse": False,
                "_depends_on_deps": {}, "x": self.values}  # fmt: skip

    leaf.Ch = type("Ch", (), {"__module__": "chumpy.ch", "__getstate__": state})
    module.ch = leaf
    sys.modules["chumpy"], sys.modules["chumpy.ch"] = module, leaf
    return leaf.Ch


def flame_pickle(model: synthetic.SyntheticFlame, edition: str) -> bytes:
    """The bytes of the model's file: 2020 as Python 2 and chumpy wrote it, 2023 Open with protocol 5."""
    parents = np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.int64)
    held = {
        "v_template": model.template, "f": model.triangles, "shapedirs": model.directions,
        "posedirs": model.correctives, "J_regressor": csc_matrix(model.regressor), "J": model.joints,
        "weights": model.weights, "kintree_table": parents, "bs_style": "lbs", "bs_type": "lrotmin",
    }  # fmt: skip
    if edition == "2023open":
        held["supr_expression_metadata"] = {"names": ["synthetic"]}
        return pickle.dumps(held, protocol=5)
    had = {name: sys.modules.get(name) for name in ("chumpy", "chumpy.ch")}
    try:
        shapes = _chumpy_class()()
        shapes.values = held["shapedirs"]
        held["shapedirs"] = shapes
        stream = io.BytesIO()
        _PicklerOfPython2(stream).dump(held)
        return stream.getvalue()
    finally:
        for name, module in had.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def object_npy(held: object, protocol: int = 3) -> bytes:
    """A dictionary as NumPy's `save` keeps it, in an object array."""
    stream = io.BytesIO()
    array = np.array(held, dtype=object)
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    pickle.dump(array, stream, protocol=protocol)
    return stream.getvalue()


def build_folder(folder: Path, model: synthetic.SyntheticFlame, edition: str = "2020", deca: bool = False) -> None:
    """Fills a folder with files whose names say nothing that their content does not. The model is written last and
    whole: where it is, all is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "landmark_embedding.npy").write_bytes(object_npy(landmarks.embedding68(model)))
    contours = load_face_model("canonical").topology.loops
    np.savez(folder / "mediapipe_landmark_embedding.npz", **landmarks.embedding105(model, contours))
    (folder / "FLAME_masks.pkl").write_bytes(pickle.dumps(landmarks.masks(model), protocol=2))
    (folder / "head_template.obj").write_text(landmarks.template_obj(model))
    if deca:
        from synthetic_deca import write_deca

        write_deca(folder, model)
    with atomic_path(folder / MODELS[edition]) as temporary:
        temporary.write_bytes(flame_pickle(model, edition))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--edition", choices=MODELS, default="2020")
    parser.add_argument("--deca", action="store_true", help="also DECA's networks with random weights (210 MB)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    build_folder(arguments.folder, synthetic.build(arguments.seed), arguments.edition, arguments.deca)
    print(*sorted(str(path) for path in arguments.folder.iterdir()), sep="\n")


if __name__ == "__main__":
    main()
