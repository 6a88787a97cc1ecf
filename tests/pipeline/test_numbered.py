"""Numbered images from end to end: in, out, and across to video."""

import hashlib
import json

import numpy as np
import pytest

import ned
from ned.config import ProcessConfig
from ned.errors import UserError
from ned.jobs import is_done
from ned.sequences.images import read_image
from ned.video import MediaWarning, probe, read_frames
from tests.sequences.sequence import parts_of, rgb_frames, same, write_exr_sequence, write_png_sequence

NUMBERS = [1001, 1002, 1003, 1006, 1007, 1008]
"""With a gap."""


@pytest.fixture(scope="module")
def frames(sample):
    return rgb_frames(sample.path, len(NUMBERS))


@pytest.fixture(scope="module")
def plates(frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates")
    write_exr_sequence(folder, frames, NUMBERS)
    return folder


@pytest.fixture(scope="module")
def edited(plates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edited")
    config = ProcessConfig.build(
        input=plates / "shot.%04d.exr", emotion="sad", output=folder / "shot.####.exr", alpha=folder / "matte.####.png",
        export_edited=folder / "track.csv", report=True,
    )  # fmt: skip
    return config, ned.pipeline.process(config)


def test_only_the_face_changes_and_everything_else_keeps_its_bits(plates, edited):
    config, result = edited
    assert result.frames == result.edited_frames == len(NUMBERS) and result.output == config.output
    for number in NUMBERS:
        (head, old), (new_head, new) = (parts_of(f / f"shot.{number}.exr") for f in (plates, config.output.parent))
        assert [name for name in head if not same(head[name], new_head[name])] == ["comments"]
        assert new_head["comments"].startswith(f"plate {number}\nFacial expression edited with ned")
        assert set(old) == set(new) and all(old[name].dtype == new[name].dtype for name in old)
        matte = read_image(config.output.parent / f"matte.{number}.png").still.pixels[..., 0]
        assert set(np.unique(matte)) == {0, 255} and 0.02 < (matte > 0).mean() < 0.3
        for name in old:
            changed = old[name] != new[name]
            assert not changed[matte == 0].any(), name
            assert changed.any() == (name in "RGB")
        off = np.abs(new["R"].astype(float) - old["R"])
        assert off.max() < 1.5 and (new["R"][:8, :8] == old["R"][:8, :8]).all()  # the lamp of 20


def test_frames_keep_their_numbers_and_a_list_says_what_they_are(edited):
    config, result = edited
    folder = config.output.parent
    names = [f"shot.{n}.exr" for n in NUMBERS] + [f"matte.{n}.png" for n in NUMBERS]
    names += ["shot_images.json", "shot_report.html", "track.csv"]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    told = json.loads((folder / "shot_images.json").read_text())
    assert told["edited_frames"] == 6 and "sad" in told["said"]
    for name, digest in told["images"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert is_done(config)
    times = [line.split(",")[0] for line in (folder / "track.csv").read_text().splitlines()[1:]]
    assert len(times) == len(NUMBERS)


def test_the_exported_expression_is_the_edited_one(edited, plates, tmp_path):
    """Given back as an expression, it makes the same images."""
    config, _ = edited
    again = ned.process(
        config.input, expression=config.export_edited, output=tmp_path / "again.%04d.exr", provenance=False
    )
    assert again.edited_frames == len(NUMBERS)
    paths = plates / "shot.1003.exr", config.output.parent / "shot.1003.exr", tmp_path / "again.1003.exr"
    first, one, two = (parts_of(path)[1]["G"].astype(float) for path in paths)
    assert np.abs(one - two).mean() < 0.1 * np.abs(one - first).mean()


def test_intensity_zero_gives_the_source_bit_for_bit(plates, tmp_path):
    result = ned.process(plates / "shot.%04d.exr", emotion="angry", intensity=0, output=tmp_path / "same.%04d.exr")
    assert result.edited_frames == 0
    for number in NUMBERS:
        assert (tmp_path / f"same.{number}.exr").read_bytes() == (plates / f"shot.{number}.exr").read_bytes()
    with pytest.raises(UserError, match="frames 1001-1003, 1006-1008 exist already"):
        ned.process(plates / "shot.%04d.exr", emotion="angry", intensity=0, output=tmp_path / "same.%04d.exr")


def test_images_become_a_video_at_their_own_rate(frames, tmp_path):
    write_png_sequence(tmp_path, frames, NUMBERS, 16)
    with pytest.warns(MediaWarning, match="writing yuv444p10le"):
        result = ned.process(
            tmp_path / "shot.%04d.png", intensity=0, output=tmp_path / "out.mov", encoder="prores_ks",
            frame_rate="23.976", alpha=tmp_path / "matte.mkv",
        )  # fmt: skip
    info = probe(result.output)
    assert (info.width, info.height, info.pixel_format) == (320, 320, "yuv444p10le")
    times = [float(f.pts * info.time_base) * 24000 / 1001 for f in read_frames(result.output)]
    np.testing.assert_allclose(np.array(times) - times[0], np.array(NUMBERS) - NUMBERS[0], atol=1e-3)
    shown = [f.region_rgb((0, 0, 320, 320)) for f in read_frames(result.output)]
    assert all(np.abs(a - b).mean() < 0.01 for a, b in zip(shown, frames, strict=True))
    assert all(not frame.planes[0].any() for frame in read_frames(tmp_path / "matte.mkv"))


def test_a_video_becomes_images_numbered_as_its_frames(sample, tmp_path):
    options = {"emotion": "sad", "intensity": 0, "start_s": 0.4, "end_s": 0.6, "handles": 2}
    for kind in ("exr", "png"):
        result = ned.process(sample.path, output=tmp_path / f"f.%03d.{kind}", **options)
        numbers = sorted(int(p.name.split(".")[1]) for p in tmp_path.glob(f"f.*.{kind}"))
        assert numbers == [*range(8, 17)] and result.frames == 9  # five, and two of handles on either side
    truth = {f.index: f for f in read_frames(sample.path, end_s=0.8)}
    for number in numbers[::4]:
        rgb = truth[number].region_rgb((0, 0, truth[number].width, truth[number].height))
        pixels = read_image(tmp_path / f"f.{number:03d}.png").still.pixels
        assert np.abs(pixels - rgb * 255).max() <= 0.501
        _, channels = parts_of(tmp_path / f"f.{number:03d}.exr")
        assert channels["R"].dtype == np.float16
        back = channels["R"].astype(float)
        code = np.where(back < 0.018, 4.5 * back, 1.099 * np.maximum(back, 0) ** 0.45 - 0.099)  # BT.709's curve
        assert np.abs(code * 255 - rgb[..., 0] * 255).max() < 0.3  # so 8 bits come back exactly


def test_images_of_unlike_sizes_are_refused_before_anything_is_written(frames, tmp_path):
    write_png_sequence(tmp_path, [frames[0], frames[1][:-2]], [1, 2], 8)
    with pytest.raises(UserError, match=r"shot\.0002\.png: is 320x318, the first is 320x320"):
        ned.process(tmp_path / "shot.%04d.png", output=tmp_path / "o.%04d.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shot.0001.png", "shot.0002.png"]
