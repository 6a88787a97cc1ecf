"""A clip, and a pipeline that does no work."""

import pytest

from tests.cli.results import result_of
from tests.video.tiny_clips import make_clip


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "talk.mp4")


@pytest.fixture
def pipeline(monkeypatch):
    """Remembers what it was asked for; `.act` may be replaced."""

    class Pipeline:
        act = staticmethod(result_of)

        def __init__(self):
            self.asked = []

        def process(self, config, progress):
            self.asked.append(config)
            with progress.stage("rendering", 1) as stage:
                stage.advance()
            return self.act(config)

    made = Pipeline()
    monkeypatch.setattr("ned.pipeline.process", made.process)
    return made
