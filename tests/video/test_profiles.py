"""ProRes and DNxHR: the profile follows from the pixels, bits are kept, and files say what they are."""

import av
import numpy as np
import pytest

from ned.errors import UserError
from ned.video import VideoWriter, probe, read_frames
from ned.video.encoders import output_format, quality_options, video_bytes
from ned.video.profiles import PROFILES, profile_of
from ned.workspace import check_container
from tests.video.tiny_clips import decode, make_clip, planes_of


@pytest.mark.parametrize(
    "encoder,source,form,profile",
    [
        ("prores_ks", "yuv420p", "yuv422p10le", "hq"), ("prores_ks", "yuv420p10le", "yuv422p10le", "hq"),
        ("prores_ks", "yuv444p12le", "yuv444p10le", "4444"), ("prores_ks", "yuva444p10le", "yuva444p10le", "4444"),
        ("dnxhd", "yuv420p", "yuv422p", "dnxhr_hq"), ("dnxhd", "yuv420p10le", "yuv422p10le", "dnxhr_hqx"),
        ("dnxhd", "yuv444p", "yuv444p10le", "dnxhr_444"), ("dnxhd", "gbrp10le", "gbrp10le", "dnxhr_444"),
    ],
)  # fmt: skip
def test_the_profile_keeps_bits_and_chroma(encoder, source, form, profile):
    assert output_format(encoder, source, 720, 1280) == form
    assert quality_options(encoder, "good", None, form)["profile"] == profile


def test_a_named_profile_decides_the_pixels():
    assert output_format("prores_ks", "yuv420p", 720, 1280, "4444xq") == "yuv444p10le"
    assert output_format("dnxhd", "yuv420p10le", 720, 1280, "sq") == "yuv422p"
    assert profile_of("prores_ks", "draft", None, "yuv422p10le").option == "proxy"
    assert quality_options("prores_ks", "best", "lt", "yuv422p10le") == {"vendor": "apl0", "q:v": "2", "profile": "lt"}


def test_wrong_profiles_sizes_and_containers_are_told(tmp_path):
    with pytest.raises(UserError, match="choose one of: lb, sq, hq, hqx, 444"):
        quality_options("dnxhd", "good", "slow")
    with pytest.raises(UserError, match="256x120 or more, not 64x48"):
        output_format("dnxhd", "yuv420p", 48, 64)
    with pytest.raises(UserError, match=r"\.mp4 does not hold what dnxhd makes; end its name in \.mov"):
        check_container(tmp_path / "a.mp4", "dnxhd")
    with pytest.raises(UserError, match="means nothing to dnxhd"):
        quality_options("dnxhd", "20", None)


@pytest.mark.parametrize("encoder", PROFILES)
def test_ten_bits_stay_ten_bits_and_the_file_says_its_profile(tmp_path, encoder):
    source = make_clip(tmp_path / "in.mov", codec="prores_ks", form="yuv422p10le", size=(128, 256), count=6)
    with VideoWriter(tmp_path / "out.mov", probe(source), encoder=encoder, quality="best") as out:
        for frame in read_frames(source):
            out.write(frame)
    with av.open(str(tmp_path / "out.mov")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == "yuv422p10le"
        assert str(stream.profile).upper().endswith({"prores_ks": "HQ", "dnxhd": "HQX"}[encoder])
        size = (tmp_path / "out.mov").stat().st_size
    before, after = decode(source), decode(tmp_path / "out.mov")
    assert [f.pts * f.time_base for f in after] == [f.pts * f.time_base for f in before]
    for a, b in zip(before, after, strict=True):
        off = np.abs(planes_of(a)[0].astype(int) - planes_of(b)[0])
        assert off.mean() < 5 and len(np.unique(planes_of(b)[0] % 4)) == 4  # of 1023; the lowest bits are in use
    assert size < 1.1 * video_bytes(probe(source), 6, encoder, "best") + 20_000
