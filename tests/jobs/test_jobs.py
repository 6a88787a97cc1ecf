"""Jobs as a library: what is told, what becomes of errors, how work ends from outside."""

import threading
import types

import pytest

from ned.config import ProcessConfig
from ned.errors import Cancelled, UserError
from ned.jobs import JobBegan, JobEnded, Jobs, NotEdited, run_batch, run_job
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Noted, Reported, StageAdvanced, StageBegan, StageEnded


@pytest.fixture
def configs(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_bytes(b"video")
    return [ProcessConfig.build(input=tmp_path / f"{name}.mp4") for name in "abc"]


@pytest.fixture
def pipeline(monkeypatch):
    """A pipeline of ten frames; `.act` may be replaced."""
    made = types.SimpleNamespace(asked=[], people=())

    def act(config, progress):
        with progress.stage("rendering", 10) as stage:
            for _ in range(10):
                stage.advance()
        return types.SimpleNamespace(people=made.people)

    made.act = act

    def process(config, progress):
        made.asked.append(config)
        return made.act(config, progress)

    monkeypatch.setattr("ned.pipeline.process", process)
    return made


def test_what_happens_is_told_in_order(configs, pipeline):
    person = types.SimpleNamespace(number=2, turned_away=3, lost=0, span=10)
    pipeline.people = (person,)
    events = []
    outcome = run_job(configs[0], events.append)
    assert outcome.state == "done" and outcome.error is None
    kinds = [type(event) for event in events]
    assert kinds[0] is JobBegan and kinds[1] is StageBegan and kinds[-3:] == [StageEnded, NotEdited, JobEnded]
    assert events[-2] == NotEdited(2, 3, 10, "turned away") and events[-3].done == 10
    assert events[-2].describe() == "person 2 was turned away in 3 of 10 frames: not edited there"


def test_a_batch_goes_on_behind_an_error(configs, pipeline, monkeypatch):
    def act(config, progress):
        if config.input.stem == "b":
            raise UserError("no face was found", path=config.input)
        return types.SimpleNamespace(people=())

    pipeline.act = act
    monkeypatch.setattr("ned.jobs.run.is_done", lambda config: config.input.stem == "a")
    outcomes = run_batch(configs)
    assert [outcome.state for outcome in outcomes] == ["skipped", "failed", "done"]
    assert isinstance(outcomes[1].error, UserError) and len(pipeline.asked) == 2


def test_cancelling_ends_it_at_the_next_frame_and_begins_nothing_more(configs, pipeline):
    token, seen = CancelToken(), []

    def act(config, progress):
        with progress.stage("rendering", 10) as stage:
            for k in range(10):
                seen.append(k)
                if k == 4:
                    token.cancel()
                stage.advance()

    pipeline.act = act
    outcomes = run_batch(configs, token=token)
    assert [outcome.state for outcome in outcomes] == ["cancelled"] * 3
    assert seen == [0, 1, 2, 3, 4] and isinstance(outcomes[0].error, Cancelled) and len(pipeline.asked) == 1


def test_a_queue_runs_one_after_another_and_lets_go(configs, pipeline):
    running, go = threading.Event(), threading.Event()

    def act(config, progress):
        running.set()
        with progress.stage("rendering") as stage:
            while not go.wait(0.01):
                stage.advance()
        return types.SimpleNamespace(people=())

    pipeline.act = act
    with Jobs() as jobs:
        first, second, third = map(jobs.submit, configs)
        assert running.wait(10.0) and first.wait(0.05) is None
        first.cancel()
        second.cancel()
        assert first.wait(10.0).state == "cancelled" and second.wait(10.0).state == "cancelled"
        go.set()
        assert third.wait(10.0).state == "done" and jobs[3] is third
        assert isinstance(first.events.get_nowait(), JobBegan)
    assert [config.input.stem for config in pipeline.asked] == ["a", "c"]  # the second never began


def test_progress_becomes_events():
    events = []
    reported = Reported(events.append, interval_s=0.0)
    reported.note("going on")
    with reported.stage("fitting", 3) as stage:
        stage.advance(2)
        stage.update(3, 5)
    assert events[:2] == [Noted("going on"), StageBegan("fitting", 3)]
    assert [(e.done, e.total) for e in events if isinstance(e, StageAdvanced)] == [(2, 3), (3, 5)]
    assert isinstance(events[-1], StageEnded) and events[-1].done == 3
