"""Prints what `ned` needs, a line each, for pip: without mediapipe, whose own needs it mostly does not use.

    python scripts/build/requirements.py [EXTRA,...] | pip install -c constraints.txt -r /dev/stdin
    pip install -c constraints.txt --no-deps mediapipe .

It reads pyproject.toml, and imports nothing that has to be installed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def requirements(extras: list[str], project: Path = PROJECT) -> list[str]:
    """Of the project and some of its extras; KeyError for an extra that there is not."""
    known = tomllib.loads(project.read_text(encoding="utf-8"))
    needed = [line for line in known["project"]["dependencies"] if not line.startswith("mediapipe")]
    needed += known["tool"]["ned"]["in-place-of-mediapipe"]
    for extra in extras:
        needed += known["project"]["optional-dependencies"][extra]
    return needed


if __name__ == "__main__":
    print("\n".join(requirements([extra for word in sys.argv[1:] for extra in word.split(",")])))
