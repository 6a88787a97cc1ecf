"""What is known before the second pass begins."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ned.errors import UserError
from ned.rendering.second_pass import LONGEST_FRAME, check_times
from ned.types import Analysis, Colour, Shot, VideoInfo


def analysis(times_s, time_base=Fraction(1, 51200)):
    video = VideoInfo(
        Path("x.mp4"), "mp4", "h264", "yuv420p", 8, 480, 640, Fraction(25), time_base, 100, 4.0, 0, Fraction(1),
        Colour(), (),
    )  # fmt: skip
    return Analysis(video, len(times_s), (Shot(7, 7 + len(times_s)),), (), 7, np.array(times_s))


def test_a_frame_that_lasts_longer_than_a_video_can_hold_is_refused():
    check_times(analysis([0.0, 0.04, 0.08, 3600.0]), Path("x.mp4"))
    check_times(analysis([0.0]), Path("x.mp4"))
    far = (LONGEST_FRAME + 10) / 51200
    with pytest.raises(UserError, match=r"x\.mp4: frame 8 lasts 20972 s.*cut with --end"):
        check_times(analysis([0.0, 0.04, 0.04 + far, 0.08 + far]), Path("x.mp4"))
