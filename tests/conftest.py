"""Fixtures that several folders use."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and independent judges beside the checkout; tests that need it skip without it."""
    if not (SHARED / "clips").is_dir():
        pytest.skip("needs the folder of real clips beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The sample clip, four seconds, and what was put into it."""
    from ned.sample import make_sample

    return make_sample(tmp_path_factory.mktemp("sample") / "sample.mp4", seconds=4.0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test touches the user's cache, data or credential; all of one run share theirs, so clips are analysed once."""
    monkeypatch.setenv("NED_CONFIG", str(tmp_path_factory.getbasetemp() / "config"))
    monkeypatch.setenv("NED_DATA", str(tmp_path_factory.getbasetemp() / "data"))
    monkeypatch.setenv("NED_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def flame_folder(tmp_path_factory):
    """A folder with files that are built like FLAME 2020's, and hold nothing of it."""
    from tests.synthetic import generator, synthetic_flame

    folder = tmp_path_factory.mktemp("flame2020")
    generator.build_folder(folder, synthetic_flame())
    return folder


@pytest.fixture(scope="session")
def flame(flame_folder, tmp_path_factory):
    """The synthetic FLAME as a face of `ned`."""
    from ned.face_model.flame.face import FlameFace
    from ned.workspace import Cache

    return FlameFace.load(flame_folder, cache=Cache(tmp_path_factory.mktemp("flame-cache")))
