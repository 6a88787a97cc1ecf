"""Events of jobs as lines on a terminal or in a log."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ned.config import ProcessConfig
from ned.errors import NedError
from ned.jobs.events import JobBegan, JobEnded, NotEdited, Outcome
from ned.runtime.events import Noted, StageAdvanced, StageBegan, StageEnded
from ned.runtime.progress import Progress, Stage

if TYPE_CHECKING:
    from ned.pipeline import ProcessResult


class Printer:
    """Listens to jobs; `batch`: several videos, whose errors are printed and not raised."""

    def __init__(self, progress: Progress, quiet: bool = False, batch: bool = False) -> None:
        self._progress, self._quiet, self._batch = progress, quiet, batch
        self._open = ExitStack()
        self._stage: Stage | None = None

    def listen(self, event: object) -> None:
        """Print what is worth it."""
        match event:
            case JobBegan() if self._batch and not self._quiet:
                print(f"[{event.number}/{event.count}] {event.config.input}", flush=True)
            case Noted():
                self._progress.note(event.text)
            case StageBegan():
                self._stage = self._open.enter_context(self._progress.stage(event.name, event.total))
            case StageAdvanced() if self._stage is not None:
                self._stage.update(event.done, event.total)
            case StageEnded():
                if self._stage is not None:
                    self._stage.update(event.done)
                self._stage = None
                self._open.close()
            case NotEdited():
                print(f"ned: note: {event.describe()}", file=sys.stderr)
            case JobEnded():
                self._ended(event.outcome)

    def _ended(self, outcome: Outcome) -> None:
        config, result = outcome.config, outcome.result
        if result is not None:
            for path in (result.compare, result.report):
                if path is not None and not self._quiet:
                    print(path)
            unsigned = "" if config.provenance else ", not signed (--no-provenance)"
            print(summary(result, outcome.seconds, _length_s(result), config) + unsigned)
        elif outcome.state == "skipped":
            print(f"{config.output_path}: done already")
        elif self._batch:
            print(f"ned: error: {said_of(outcome)}", file=sys.stderr, flush=True)


def said_of(outcome: Outcome) -> str:
    """One line that says what failed, with the input's name."""
    error = outcome.error
    said = str(error) if isinstance(error, NedError) else f"unexpected {type(error).__name__}: {error}"
    name = str(outcome.config.input)
    return " ".join((said if name in said else f"{name}: {said}").split())


def summary(result: ProcessResult, seconds: float, length_s: float, config: ProcessConfig) -> str:
    """The last line: the output, what was done and how long it took (`length_s` of video; 0 where not known)."""
    people = [person for person in result.people if person.edited]
    if not result.edited_frames:
        done = f"none of {result.frames} frames changed"
    elif len(people) > 1:
        parts = [f"person {person.number} in {person.edited} ({person.said})" for person in people]
        done = f"{', '.join(parts)} of {result.frames} frames"
    else:
        why = f", {people[0].why}," if people and people[0].why else ""
        frames = f"{result.edited_frames} of {result.frames} frames"
        done = f"person {result.person}{why} in {frames} ({config.describe()})"
    speed = f", {length_s / seconds:.2f}× real time" if length_s > 0 and seconds > 0 else ""
    return f"{result.output}: {done}, {seconds:.1f} s{speed}"


def _length_s(result: ProcessResult) -> float:
    """Seconds of video in the output; 0 where it does not say."""
    from ned.video import probe

    try:
        return result.frames / float(probe(result.output).frame_rate)
    except (NedError, ZeroDivisionError):
        return 0.0
