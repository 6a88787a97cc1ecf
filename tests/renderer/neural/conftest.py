"""A learner of two lines in place of the networks."""

import pytest

from ned.renderer.neural.training import finetuning, preview, start
from ned.training import loop
from tests.renderer.neural.tinted import TintLearner


@pytest.fixture
def tinted(monkeypatch):
    """All kinds of networks are the tint."""
    kind = type("Tinted", (TintLearner,), {"made": []})
    monkeypatch.setattr(start, "learner_class", lambda networks: kind)
    return kind


class Clock:
    """Time that passes only where somebody works by it: what is learnt in it depends on no machine and no load."""

    def __init__(self):
        self._now_s = 1000.0

    def monotonic(self):
        """As `time.monotonic`."""
        return self._now_s

    def pass_s(self, seconds):
        """Let time pass."""
        self._now_s += seconds


@pytest.fixture
def clock(tinted, monkeypatch):
    """Fine-tuning by a clock of its own; only the tint's steps and measurements take time."""
    tinted.clock = Clock()
    for module in (finetuning, loop, preview):
        monkeypatch.setattr(module, "time", tinted.clock)
    return tinted.clock


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
