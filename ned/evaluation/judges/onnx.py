"""Networks in ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import ProcessingError, UserError

PACKAGE = "onnxruntime"


def runtime_is_here() -> bool:
    """Whether the package that runs them is installed."""
    import importlib.util

    return importlib.util.find_spec(PACKAGE) is not None


class OnnxNet:
    """One network with one input, on one processor core. UserError where the file is no such network."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common base
            cause = f"is no network that can be read ({' '.join(str(error).split())[:120]})"
            raise UserError(cause, path=path, remedy="fetch it again") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise UserError(f"its network has {len(inputs)} inputs, not one", path=path, remedy="it is another model")
        self.path, self._input = path, inputs[0].name

    def __call__(self, x: Float[np.ndarray, "n *shape"]) -> list[np.ndarray]:
        """All outputs. ProcessingError where the input does not fit."""
        try:
            return self._session.run(None, {self._input: np.ascontiguousarray(x, np.float32)})
        except Exception as error:
            cause = f"its network refuses an input of {x.shape} ({' '.join(str(error).split())[:120]})"
            raise ProcessingError(cause, path=self.path, remedy="it is another model than its name says") from error
