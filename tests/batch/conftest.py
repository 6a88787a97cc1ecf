"""A clip of two seconds, what one machine makes of it, and stores."""

import secrets
import subprocess
from pathlib import Path

import av
import pytest

from ned.batch.plan import Terms, plan_batch
from ned.batch.store import Store
from ned.config import ProcessConfig
from ned.video.ffmpeg import find_ffmpeg

PIECE_S = 0.4
TERMS = Terms(piece_s=PIECE_S, unit_s=0.8, lease_s=4.0, device="cpu")


def decoded(path: Path) -> list[tuple[int, bytes]]:
    """All frames of a video: times and pixels."""
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def config_of(clip: Path, output: Path) -> ProcessConfig:
    """Most of the clip, made sad."""
    return ProcessConfig(clip, output=output, emotion="sad", end_s=1.6, compare=True, report=True, renderer="warp")


@pytest.fixture(scope="session")
def clip(sample, tmp_path_factory) -> Path:
    """Two seconds of the sample, small."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    command = [find_ffmpeg(), "-v", "error", "-i", str(sample.path), "-t", "2", "-vf", "scale=240:-2", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="session")
def single(clip, tmp_path_factory, request):
    """What a single machine makes: the edited video and the one beside the original, decoded."""
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    base = tmp_path_factory.getbasetemp()
    for name in ("config", "data", "cache"):
        patch.setenv(f"NED_{name.upper()}", str(base / name))
    patch.setattr("ned.rendering.second_pass.SEGMENT_S", PIECE_S)
    from ned.pipeline import process

    output = tmp_path_factory.mktemp("single") / "out.mp4"
    result = process(config_of(clip, output))
    patch.undo()
    return decoded(output), decoded(result.compare)


@pytest.fixture
def memory():
    """A store in this process's memory."""
    pytest.importorskip("fsspec")
    return Store(f"memory://{secrets.token_hex(4)}")


@pytest.fixture
def planned(memory, clip, tmp_path):
    """The clip planned in memory, and where its result goes."""
    output = tmp_path / "out.mp4"
    manifest, _ = plan_batch([(str(clip), config_of(clip, output))], memory, TERMS)
    return memory, manifest, output
