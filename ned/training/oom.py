"""Training that does not fit into memory is begun again with half the batch, once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from ned.errors import ProcessingError
from ned.runtime.progress import Progress

T = TypeVar("T")
_SAID = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "alloc_cpu")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python ran out of memory, on a GPU or not."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _SAID)


def within_memory(run: Callable[[int], T], batch: int, progress: Progress) -> T:
    """`run(batch)`, or `run(batch // 2)` where that ran out of memory. Raises ProcessingError where that does too."""
    tried = [batch] if batch < 2 else [batch, batch // 2]
    for number in tried:
        try:
            return run(number)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        gc.collect()  # the failed run's tensors hung on the error, which is gone here
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if number != tried[-1]:
            progress.note(f"out of memory with a batch of {number}; going on with {number // 2}")
    raise ProcessingError(
        f"out of memory, even with a batch of {tried[-1]}",
        remedy="close other programs, or choose a smaller size or base",
    )
