"""One job, or one after another: errors become outcomes, and what happens is told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ned.config import ProcessConfig
from ned.errors import Cancelled
from ned.jobs.events import JobBegan, JobEnded, Outcome
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Listener, Reported
from ned.workspace import is_numbered, work_mark


def run_job(
    config: ProcessConfig,
    listen: Listener = lambda event: None,
    token: CancelToken | None = None,
    number: int = 1,
    count: int = 1,
) -> Outcome:
    """Edit one video, and tell `listen` what happens, the outcome last. Raises nothing that the outcome can say, but
    BrokenPipeError of a listener."""
    from ned.pipeline import process

    listen(JobBegan(config, number, count))
    began, token = time.monotonic(), token or CancelToken()
    try:
        token.check()
        result = process(config, Reported(listen, token))
        outcome = Outcome(config, "done", time.monotonic() - began, result)
    except BrokenPipeError:
        raise
    except Cancelled as error:
        outcome = Outcome(config, "cancelled", time.monotonic() - began, error=error)
    except Exception as error:
        outcome = Outcome(config, "failed", time.monotonic() - began, error=error)
    for warning in outcome.warnings():
        listen(warning)
    listen(JobEnded(outcome))
    return outcome


def run_batch(
    configs: Sequence[ProcessConfig], listen: Listener = lambda event: None, token: CancelToken | None = None
) -> tuple[Outcome, ...]:
    """One after another; what is done already is skipped unless it may be overwritten, what fails does not stop the
    rest, and once `token` is cancelled nothing more begins."""
    token, outcomes = token or CancelToken(), []
    for number, config in enumerate(configs, 1):
        if not token.cancelled and not config.overwrite and is_done(config):
            outcome = Outcome(config, "skipped")
            listen(JobBegan(config, number, len(configs)))
            listen(JobEnded(outcome))
        else:
            outcome = run_job(config, listen, token, number, len(configs))
        outcomes.append(outcome)
    return tuple(outcomes)


def is_done(config: ProcessConfig) -> bool:
    """Whether the output is there and says that it comes from this very input and these options."""
    if is_numbered(config.output_path):
        from ned.pipeline.numbered import is_delivered

        return is_delivered(config)
    if not config.output_path.exists() or not config.input.is_file():
        return False
    from ned.pipeline.resolved import key_of, resolve

    return bears_mark(config.output_path, work_mark(key_of(config, resolve(config))))


def bears_mark(path: Path, mark: str) -> bool:
    """Whether a video says that it comes from this work, see `ned.workspace.work_mark`."""
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            said = {key.lower(): value for key, value in container.metadata.items()}
            return mark in said.get("comment", "")
    except (av.error.FFmpegError, OSError):
        return False
