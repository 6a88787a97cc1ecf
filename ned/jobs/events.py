"""What happens to jobs; what happens within one is in `ned.runtime.events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ned.config import ProcessConfig

if TYPE_CHECKING:
    from ned.pipeline import ProcessResult

Reason = Literal["turned away", "not to be seen"]


@dataclass(frozen=True)
class JobBegan:
    """Number `number` of `count` begins."""

    config: ProcessConfig
    number: int
    count: int


@dataclass(frozen=True)
class NotEdited:
    """A warning: a person could not be edited in `count` of `span` frames."""

    person: int
    count: int
    span: int
    reason: Reason

    def describe(self) -> str:
        """In words, for a line."""
        more = " (covered, blurred or out of the image)" if self.reason == "not to be seen" else ""
        frames = f"{self.count} of {self.span} frames"
        return f"person {self.person} was {self.reason}{more} in {frames}: not edited there"


State = Literal["done", "skipped", "failed", "cancelled"]


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    config: ProcessConfig
    state: State
    seconds: float = 0.0
    result: ProcessResult | None = None
    """Of a job that is done."""
    error: Exception | None = None
    """Of one that failed or was cancelled."""

    def warnings(self) -> tuple[NotEdited, ...]:
        """Where people could not be edited."""
        found = []
        for person in self.result.people if self.result else ():
            if person.turned_away:
                found.append(NotEdited(person.number, person.turned_away, person.span, "turned away"))
            if person.lost:
                found.append(NotEdited(person.number, person.lost, person.span, "not to be seen"))
        return tuple(found)


@dataclass(frozen=True)
class JobEnded:
    """In whichever way."""

    outcome: Outcome
