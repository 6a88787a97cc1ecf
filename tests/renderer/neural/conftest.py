"""A learner of two lines in place of the networks."""

import pytest

from ned.renderer.neural.training import start
from tests.renderer.neural.tinted import TintLearner


@pytest.fixture
def tinted(monkeypatch):
    """All kinds of networks are the tint."""
    kind = type("Tinted", (TintLearner,), {"made": []})
    monkeypatch.setattr(start, "learner_class", lambda networks: kind)
    return kind


@pytest.fixture
def data_root(tmp_path, monkeypatch):
    """An actor store of the test's own."""
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


class Notes:
    """Progress that remembers what was noted."""

    def __init__(self):
        from ned.runtime.progress import Silent

        self.said, self._silent = [], Silent()

    def note(self, text):
        self.said.append(text)

    def stage(self, name, total=None):
        return self._silent.stage(name, total)


@pytest.fixture
def notes():
    return Notes()
