"""scripts/build/requirements.py, and what is written down of what is installed."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("requirements", ROOT / "scripts" / "build" / "requirements.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _names(lines):
    return {re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-") for line in lines}


def test_mediapipe_alone_is_left_out(script):
    plain = _names(script.requirements([]))
    assert plain ^ _names(PROJECT["project"]["dependencies"]) == {"mediapipe", "opencv-python-headless"}
    assert not plain & {"torch", "jax", "matplotlib"}
    with pytest.raises(KeyError):
        script.requirements(["no-such-extra"])


def test_extras_are_added(script):
    assert {"torch", "pytest"} <= _names(script.requirements(["test"])) - _names(script.requirements([]))


def test_every_extra_that_errors_name_is_there():
    from ned.runtime.extras import EXTRAS

    known = PROJECT["project"]["optional-dependencies"]
    assert {*EXTRAS.values(), "gpu"} <= set(known)


def test_all_that_is_installed_has_a_tested_version(script):
    pinned = _names((ROOT / "constraints.txt").read_text().splitlines()[1:])
    wanted = script.requirements(list(PROJECT["project"]["optional-dependencies"]))
    assert _names(wanted) | {"mediapipe"} <= pinned
