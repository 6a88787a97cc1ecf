from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
import pytest

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "clips"


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[[Iterable[np.ndarray]], Path]:
    """Write RGB frames as an H.264 file of 25 frames a second."""

    def write(images: Iterable[np.ndarray], name: str = "clip.mp4") -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = None
            for image in images:
                if stream is None:
                    stream = container.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
                    stream.height, stream.width = image.shape[:2]
                    stream.pix_fmt = "yuv420p"
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture(scope="session")
def clips() -> Path:
    """Real clips, where they lie beside the checkout."""
    if not CLIPS.is_dir():
        pytest.skip("no real clips here")
    return CLIPS
