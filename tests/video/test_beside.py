"""Two frames next to each other, in every orientation and subsampling."""

import numpy as np
import pytest

from ned.video.beside import side_by_side
from tests.video.tiny_clips import frame_of


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p", "gbrp"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_left_is_left_and_right_is_right(name, rotation):
    left, right = frame_of(name, rotation=rotation), frame_of(name, rotation=rotation)
    brighter = np.full((right.height, right.width, 3), 0.1, np.float32)
    right = right.add_region((0, 0, right.width, right.height), brighter)
    both = side_by_side(left, right)
    assert (both.height, both.width) == (left.height, 2 * left.width)
    whole = both.region_rgb((0, 0, both.width, both.height))
    inner = slice(4, -4)
    for k, frame in enumerate((left, right)):
        part = whole[:, k * left.width : (k + 1) * left.width]
        assert np.abs(part - frame.region_rgb((0, 0, frame.width, frame.height)))[:, inner].max() < 0.02


def test_odd_widths_lose_a_column_and_other_sizes_are_refused():
    odd = frame_of("yuv420p", 36, 47)
    assert side_by_side(odd, odd).width == 92
    with pytest.raises(ValueError, match="different size"):
        side_by_side(odd, frame_of("yuv420p"))
