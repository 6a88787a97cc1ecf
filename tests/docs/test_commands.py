"""Every command line in the documents is one that `ned` takes."""

import re
import shlex
from pathlib import Path

import pytest

from ned.cli import parse
from ned.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(path: Path) -> list[str]:
    """Indented lines that begin with `ned`, those that end in a backslash with the next one, without comments."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    lines = re.findall(r"^ {4}(?:\.venv/bin/)?(ned \S.*)$", text, re.MULTILINE)
    return [re.sub(r"\s+#\s.*$", "", line) for line in lines]


def words(command: str) -> list[str]:
    """Without `ned`; an ellipsis stands for a value behind an option, else for more of the same."""
    found = shlex.split(command)
    return [word for before, word in zip(found, found[1:], strict=False) if word != "…" or before.startswith("-")]


def test_there_are_commands_in_the_documents():
    assert sum(len(commands(path)) for path in DOCUMENTS) > 80
    assert "ned still photo.jpg --emotion sad" in commands(ROOT / "docs" / "stills.md")


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if commands(path)], ids=lambda path: path.stem)
def test_commands_of_a_document_are_understood(path, tmp_path, monkeypatch):
    """What is refused is refused for a file that is not there, which is looked for last."""
    monkeypatch.chdir(ROOT)  # configurations are named as from here
    for command in commands(path):
        try:
            parse(words(command))
        except UserError as error:
            assert "no such" in str(error) or "nothing fits this pattern" in str(error), command
