"""Fixtures that several folders use."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

SLOW = (
    "analysis/test_analyse", "analysis/test_analysis_parts", "analysis/test_face_alignment", "analysis/test_features",
    "analysis/test_mediapipe_lazy", "analysis/test_occlusion", "batch/test_backends", "batch/test_batch",
    "batch/test_parts", "bench", "cli/test_cli.py::test_termination", "cli/test_cut",
    "cli/test_doctor.py::test_flame_s_folder", "cli/test_plain_install", "cli/test_training_commands", "docs",
    "edit/test_keyframes.py::test_a_timeline_past", "encoders", "evaluation/own", "evaluation/panel",
    "evaluation/spfem", "evaluation/test_clouds", "evaluation/test_pairs", "evaluation/test_reference",
    "evaluation/test_shared_tools", "evaluation/test_video", "face_model/flame", "face_model/test_ict",
    "face_model/test_second_model", "fitting/test_bridge", "fitting/test_landmark_fit", "fitting/test_least_squares",
    "integrations", "manipulator/test_corpus", "manipulator/test_evaluation", "manipulator/training",
    "manipulator/vitl", "pipeline/test_delivery", "pipeline/test_exports", "pipeline/test_face_models",
    "pipeline/test_ned2022", "pipeline/test_newcomers", "pipeline/test_numbered", "pipeline/test_planned",
    "pipeline/test_sample", "pipeline/test_video", "provenance", "renderer/neural/test_conditioning",
    "renderer/neural/test_prepare", "renderer/neural/test_renderer", "renderer/neural/training", "scripts",
    "stills/gan/test_editors", "stills/gan/test_still_training", "stills/test_edit", "training/test_distributed",
    "training/test_loop", "training/test_oom", "ui/test_browser", "ui/test_hostile", "ui/test_jobs",
    "video/test_segments", "video/test_shots", "video/test_write",
)  # fmt: skip
"""What begins so runs whole stages, trains, or starts processes; left out with `-m "not slow"`."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave slow files out of the inner loop altogether: to import them takes as long as the rest takes to run."""
    if config.getoption("markexpr") != "not slow" or collection_path.is_dir():
        return None
    where = collection_path.relative_to(Path(__file__).parent).as_posix()
    return True if where.startswith(SLOW) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by where it stands."""
    root = Path(__file__).parent
    for item in items:
        where = f"{item.path.relative_to(root).as_posix()}::{item.name}"
        if where.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and independent judges beside the checkout; tests that need it skip without it."""
    if not (SHARED / "clips").is_dir():
        pytest.skip("needs the folder of real clips beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The sample clip, four seconds, and what was put into it."""
    from ned.pipeline.sample import make_sample

    return make_sample(tmp_path_factory.mktemp("sample") / "sample.mp4", seconds=4.0)


@pytest.fixture(scope="module")
def browser():
    """Chromium, headless; `python -m tests.ui.browsers` installs it where it is missing and that is allowed."""
    playwright_ = pytest.importorskip("playwright.sync_api")
    from tests.ui.browsers import find_browser

    program = find_browser()
    if program is None:
        pytest.skip("there is no Chromium here")
    with playwright_.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test touches the user's cache, data or credential; all of one run share theirs, so clips are analysed once."""
    monkeypatch.setenv("NED_CONFIG", str(tmp_path_factory.getbasetemp() / "config"))
    monkeypatch.setenv("NED_DATA", str(tmp_path_factory.getbasetemp() / "data"))
    monkeypatch.setenv("NED_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


_PRELUDE = """
import functools, os, pathlib, sys
sys.path[:0] = {places!r}
from torch import distributed
distributed.init_process_group = functools.partial(
    distributed.init_process_group, init_method="file://{meeting}", rank=int(os.environ["RANK"]), world_size=2
)
"""
_EPILOGUE = """
if sys.platform == "linux":  # threads of a group that is gone outlive the interpreter, which aborts
    left = [comm.read_text().strip() for comm in pathlib.Path("/proc/self/task").glob("*/comm")]
    assert not [name for name in left if "gloo" in name], left
"""


@pytest.fixture
def two_processes(tmp_path) -> Callable[[str], list[str]]:
    """Runs code in two processes that train together, as under torchrun; what each prints. They meet in a file, since
    ports may be taken, and are ended where they take too long."""

    def run(code: str) -> list[str]:
        places = [str(Path(__file__).resolve().parents[1])]
        prelude = _PRELUDE.format(places=places, meeting=tmp_path / "meeting")
        whole = prelude + textwrap.dedent(code) + _EPILOGUE
        environment = os.environ | {"WORLD_SIZE": "2", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        running = [
            subprocess.Popen(
                [sys.executable, "-c", whole], env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for rank in range(2)
        ]  # fmt: skip
        try:
            done = [process.communicate(timeout=120) for process in running]
        finally:
            for process in running:
                process.kill()
                process.wait()
        assert [process.returncode for process in running] == [0, 0], done
        return [said for said, _ in done]

    return run


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
