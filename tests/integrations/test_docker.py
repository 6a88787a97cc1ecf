"""The Dockerfile, read by a parser, and its entry point, without Docker."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

dockerfile_parse = pytest.importorskip("dockerfile_parse")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Instructions and their values, in order, comments left out."""
    parser = dockerfile_parse.DockerfileParser(
        path=str(tmp_path_factory.mktemp("docker") / "Dockerfile"), env_replace=False
    )
    parser.content = (ROOT / "Dockerfile").read_text()
    return [(step["instruction"], step["value"]) for step in parser.structure if step["instruction"] != "COMMENT"]


def _values(steps, name):
    return [value for instruction, value in steps if instruction == name]


def _copied():
    """What the build context has: `.dockerignore` leaves out all but what it names."""
    lines = (ROOT / ".dockerignore").read_text().split()
    return lines[0], [line[1:] for line in lines if line.startswith("!")]


def test_every_instruction_is_one_that_docker_knows(steps):
    known = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD",
             "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}  # fmt: skip
    assert {instruction for instruction, _ in steps} <= known
    first = next(k for k, (instruction, _) in enumerate(steps) if instruction == "FROM")
    assert {instruction for instruction, _ in steps[:first]} <= {"ARG"}


def test_images_have_versions_and_stages_exist(steps):
    defaults = dict(value.split("=", 1) for value in _values(steps, "ARG"))
    stages = []
    for value in _values(steps, "FROM"):
        image, _, stage = value.partition(" AS ")
        image = re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], image)
        assert re.fullmatch(r"[a-z]+:\d\S*", image), image
        stages.append(stage)
    for value in _values(steps, "COPY"):
        if match := re.search(r"--from=(\w+)", value):
            assert match[1] in stages


def test_it_does_not_run_as_root_and_starts_without_a_shell(steps):
    assert _values(steps, "USER") and _values(steps, "USER")[-1] not in ("root", "0")
    last = max(k for k, (instruction, _) in enumerate(steps) if instruction == "FROM")
    assert "USER" in [instruction for instruction, _ in steps[last:]]
    for name in ("ENTRYPOINT", "CMD"):
        (value,) = _values(steps, name)
        assert value.startswith("[") and value.endswith("]")
    assert all(value.startswith("/") for value in _values(steps, "WORKDIR"))
    assert not _values(steps, "ADD")


def test_commands_are_sound_and_leave_no_litter(steps):
    for value in _values(steps, "RUN"):
        subprocess.run(["sh", "-n"], input=value, text=True, check=True)
        assert "|" not in value.replace("||", "") or "pipefail" in value
        assert "sudo" not in value and "apt-get upgrade" not in value and not re.search(r"\bcd /", value)
        for part in re.findall(r"pip install[^&;]*", value):
            assert "--no-cache-dir" in part and "-c constraints.txt" in part
        if "apt-get install" in value:
            assert "--no-install-recommends" in value and "rm -rf /var/lib/apt/lists" in value


def test_build_arguments_are_used_and_extras_exist(steps):
    whole = "\n".join(value for _, value in steps)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, default in (value.split("=", 1) for value in _values(steps, "ARG")):
        assert f"${{{name}}}" in whole
        if name == "EXTRAS":
            assert set(default.strip('"').split(",")) <= set(project["optional-dependencies"])
        if name == "PYTHON":
            assert re.match(r"3\.1[12]-", default)


def test_what_is_copied_is_there_and_in_the_context(steps):
    everything, kept = _copied()
    assert everything == "*"
    for value in _values(steps, "COPY"):
        if "--from" not in value:
            for source in value.split()[:-1]:
                assert (ROOT / source).exists() and any(fnmatch.fnmatch(source, name) for name in kept), source


def test_what_is_copied_installs_and_its_entry_point_runs(steps, tmp_path):
    """The files of the build stage alone make a package, whose script, started as the container starts it, answers."""
    for value in _values(steps, "COPY"):
        if "--from" not in value and value.split()[-1].startswith("./"):
            for source in value.split()[:-1]:
                target = tmp_path / "src" / source
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    target.parent.mkdir(exist_ok=True)
                    shutil.copy(ROOT / source, target)
    site = tmp_path / "opt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps",
           "--no-build-isolation", "--no-index", "--target", str(site), str(tmp_path / "src")]  # fmt: skip
    pytest.importorskip("setuptools")
    subprocess.run(pip, check=True, capture_output=True, timeout=300)
    (entry,), (command,) = _values(steps, "ENTRYPOINT"), _values(steps, "CMD")
    (own,) = _values(steps, "ENV")
    named = dict(pair.split("=", 1) for pair in own.split())
    state = {name: value.replace("/state", str(tmp_path / "state")) for name, value in named.items() if name != "PATH"}
    path = named["PATH"].replace("/opt/ned", str(site)).replace("${PATH}", os.environ["PATH"])
    environment = {"PATH": path, "PYTHONPATH": str(site), "HOME": str(tmp_path), **state}
    for arguments in (json.loads(command), ["--version"], ["doctor"]):
        started = shutil.which(json.loads(entry)[0], path=path)
        assert started == str(site / "bin" / "ned")
        done = subprocess.run(
            [sys.executable, started, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True,
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert str(tmp_path / "state" / "cache") in done.stdout  # the doctor's last answer: where the cache lies
