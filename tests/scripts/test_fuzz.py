"""The mutations of the fuzzer: the same number, the same file; every way changes something."""

import random
import sys
from pathlib import Path

import pytest

from tests.video.tiny_clips import make_clip

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "fuzz"))
import fuzz_mutations as mutations


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    return [make_clip(folder / name, audio="aac").read_bytes() for name in ("a.mp4", "b.mkv")]


@pytest.mark.parametrize("change", sorted({*mutations.CONTAINER, *mutations.TEXT}, key=lambda f: f.__name__))
def test_mutations_repeat_and_change(clips, change):
    data, other = clips
    drawn = [change(data, random.Random(f"1:{k}"), other) for k in range(20)]
    assert drawn == [change(data, random.Random(f"1:{k}"), other) for k in range(20)]
    assert sum(made != data for made in drawn) >= 15 and len(set(drawn)) >= 10


def test_boxes_tile_the_file(clips):
    found = mutations.boxes(clips[0])
    names = [clips[0][a + 4 : a + 8] for a, _ in found]
    assert names[0] == b"ftyp" and {b"moov", b"mdat", b"stbl", b"stsz"} <= set(names)
    assert all(int.from_bytes(clips[0][a : a + 4], "big") == b - a for a, b in found)


@pytest.mark.parametrize("change", sorted(set(mutations.WEIGHTS), key=lambda f: f.__name__))
def test_mutations_of_weights_repeat_and_change(change):
    import torch
    from safetensors.torch import save

    tensors = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.ones(5)}
    data = save(tensors, {"format": "x", "config": '{"n": 3}'})
    drawn = [change(data, random.Random(f"1:{k}"), data) for k in range(20)]
    assert drawn == [change(data, random.Random(f"1:{k}"), data) for k in range(20)]
    assert sum(made != data for made in drawn) >= 15 and len(set(drawn)) >= 10
