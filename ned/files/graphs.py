"""Networks as ONNX graphs, run by ONNX Runtime with the weights of a checkpoint.

A graph is shipped without its weights: they are given when a session begins, so one graph runs every checkpoint whose
tensors have its names and shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ned.errors import UserError
from ned.files.checkpoint import check_digest, manifest_entry
from ned.runtime.cores import available

_AGAIN = "install ned again"


def wanted_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The tensors that a shipped graph is run with. UserError where it or its entry in the manifest is missing."""
    entry = manifest_entry(path)
    if entry is None or not isinstance(entry.get("weights"), dict) or not path.is_file():
        raise UserError("no such graph", path=path, remedy=_AGAIN)
    return {name: tuple(shape) for name, shape in entry["weights"].items()}


def fits(path: Path, tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether a graph can be run with some tensors: all that it wants are there, with its shapes."""
    return all(name in tensors and tensors[name].shape == shape for name, shape in wanted_shapes(path).items())


class Graph:
    """A network ready to be run; several threads may call it."""

    def __init__(self, path: Path, tensors: Mapping[str, np.ndarray], threads: int | None = None) -> None:
        """`tensors` as of `fits`; those that the graph does not want are left. `threads`: default all cores of the
        process's mask. Raises UserError where the graph is missing, damaged, or does not fit."""
        import onnxruntime

        check_digest(path)
        wanted = wanted_shapes(path)
        if not fits(path, tensors):
            raise UserError("is a graph of other weights", path=path, remedy=_AGAIN)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads or available(), 1
        # Threads that wait for work asleep leave the cores to decoder, encoder and warp.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._held = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensors[n])) for n in wanted]
        options.add_external_initializers(list(wanted), self._held)
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has no class of its own for them
            cause = f"cannot be run ({' '.join(str(error).split())[:120]})"
            raise UserError(cause, path=path, remedy=_AGAIN) from error

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """The outputs in their order."""
        return self._session.run(None, inputs)
