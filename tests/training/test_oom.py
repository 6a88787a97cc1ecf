"""Half the batch once, then a clear error; other errors pass."""

import pytest
import torch

from ned.errors import ProcessingError
from ned.training.oom import is_out_of_memory, within_memory


class Notes:
    def __init__(self):
        self.said = []

    def note(self, text):
        self.said.append(text)

    def stage(self, name, total=None):
        raise NotImplementedError


def _needs(most, error=MemoryError):
    tried = []

    def run(batch):
        tried.append(batch)
        if batch > most:
            raise error("CUDA out of memory. Tried to allocate 2 GiB")
        return batch

    return run, tried


def test_what_fits_is_left_alone():
    run, tried = _needs(8)
    assert within_memory(run, 8, Notes()) == 8 and tried == [8]


@pytest.mark.parametrize("error", [MemoryError, RuntimeError, torch.cuda.OutOfMemoryError])
def test_half_the_batch_is_tried_once(error):
    notes = Notes()
    run, tried = _needs(4, error)
    assert within_memory(run, 8, notes) == 4 and tried == [8, 4]
    assert notes.said == ["out of memory with a batch of 8; going on with 4"]
    run, tried = _needs(3, error)
    with pytest.raises(ProcessingError, match="even with a batch of 4; close other programs"):
        within_memory(run, 8, notes)
    assert tried == [8, 4]


def test_a_batch_of_one_cannot_be_halved():
    run, tried = _needs(0)
    with pytest.raises(ProcessingError, match="batch of 1"):
        within_memory(run, 1, Notes())
    assert tried == [1]


def test_other_errors_pass():
    def run(batch):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        within_memory(run, 4, Notes())


def test_torch_itself_is_understood():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert is_out_of_memory(caught.value)
