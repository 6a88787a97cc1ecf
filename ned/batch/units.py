"""Units of work: a video's analysis, and ranges of its pieces; and what has become of them.

All that is known of a video are the names in its folder of the store, so that one listing tells it:

    prepare.2-3f9a.tar          what attempt 2 made
    prepare.done.120.json       the success marker: the video has 120 pieces
    r0000-0010.claim.1.json     somebody works on pieces 0 to 9; its content says who, how far, and when last
    r0000-0010.failed.1.json    attempt 1 failed
    r0000-0010.kept.9c….tar     what some attempt has finished of it
    r0000-0010.twice.1.json     attempt 1 made it too, after another one had
    r0010-0020.refused.json     it cannot be done at all, whoever tries
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

PREPARE = "prepare"
BEGUN, FINISHED = "begun", "finished"
"""Folders with an object for each video, so that two listings say where there may be work: an object store lists a
thousand names a request."""
_NAME = re.compile(
    r"(?P<unit>prepare|r\d{4,}-\d{4,})\.(?:(?P<what>done|claim|failed|twice)\.(?P<number>\d+)|(?P<refused>refused))\.json"
)


_KEPT = re.compile(r"(?P<unit>r\d{4,}-\d{4,})\.kept\.(?P<digest>[0-9a-f]{32})\.tar")


@dataclass(frozen=True)
class Unit:
    """Something that one worker does at a stretch: the analysis of a video, or the pieces `start` to `stop` of it."""

    video: str
    """The video's key."""
    start: int = -1
    stop: int = -1
    """Numbers of pieces, `stop` excluded; both −1 for the analysis."""

    @property
    def name(self) -> str:
        """Within the video's folder."""
        return PREPARE if self.start < 0 else f"r{self.start:04d}-{self.stop:04d}"

    def path(self, ending: str) -> str:
        """An object of it in the store."""
        return f"{folder_of(self.video)}/{self.name}.{ending}"


def folder_of(video: str) -> str:
    """A video's folder in the store."""
    return f"videos/{video}"


def ranges(video: str, pieces: int, per_unit: int) -> list[Unit]:
    """The units that a video of so many pieces is rendered in; a rest of less than half a unit goes with the one
    before."""
    starts = list(range(0, pieces - per_unit // 2, per_unit)) or [0]
    return [Unit(video, a, b) for a, b in zip(starts, [*starts[1:], pieces], strict=True)]


@dataclass(frozen=True)
class VideoState:
    """What the names in a video's folder say."""

    video: str
    per_unit: int
    pieces: int | None
    """None before it is analysed."""
    done: frozenset[str]
    claims: dict[str, int] = field(default_factory=dict)
    """By unit the last attempt that was begun."""
    failed: dict[str, int] = field(default_factory=dict)
    """By unit the last attempt that is known to have failed."""
    failures: dict[str, int] = field(default_factory=dict)
    """By unit how many failed."""
    refused: frozenset[str] = frozenset()
    again: dict[str, int] = field(default_factory=dict)
    """By unit how often it was done once more, in vain."""
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By unit the digests of what attempts finished of it; see `ned.batch.kept`."""

    @classmethod
    def of(cls, video: str, per_unit: int, names: Iterable[str]) -> VideoState:
        """From a listing; names that mean nothing are left out."""
        pieces, done, refused = None, set(), set()
        claims: dict[str, int] = {}
        failed: dict[str, int] = {}
        failures: dict[str, int] = {}
        again: dict[str, int] = {}
        kept: dict[str, tuple[str, ...]] = {}
        for name in names:
            if bundle := _KEPT.fullmatch(name):
                kept[bundle["unit"]] = (*kept.get(bundle["unit"], ()), bundle["digest"])
            match = _NAME.fullmatch(name)
            if match is None:
                continue
            unit, number = match["unit"], int(match["number"] or 0)
            if match["refused"]:
                refused.add(unit)
            elif match["what"] == "done":
                done.add(unit)
                pieces = number if unit == PREPARE else pieces
            elif match["what"] == "twice":
                again[unit] = again.get(unit, 0) + 1
            else:
                counts = claims if match["what"] == "claim" else failed
                counts[unit] = max(counts.get(unit, 0), number)
                if match["what"] == "failed":
                    failures[unit] = failures.get(unit, 0) + 1
        return cls(video, per_unit, pieces, frozenset(done), claims, failed, failures, frozenset(refused), again, kept)

    @property
    def units(self) -> list[Unit]:
        """All that are known: the ranges only once the video is analysed."""
        rest = [] if self.pieces is None else ranges(self.video, self.pieces, self.per_unit)
        return [Unit(self.video), *rest]

    @property
    def finished(self) -> bool:
        """Whether all is rendered."""
        return self.pieces is not None and all(unit.name in self.done for unit in self.units)

    def attempts(self, unit: Unit) -> int:
        """How many were begun."""
        return max(self.claims.get(unit.name, 0), self.failed.get(unit.name, 0))

    def losses(self, unit: Unit) -> int:
        """How many attempts ended without a word, the one at work (if any) among them."""
        return self.attempts(unit) - self.failures.get(unit.name, 0)

    def times_done(self, unit: Unit) -> int:
        """How often its result was delivered; once is enough."""
        return (unit.name in self.done) + self.again.get(unit.name, 0)

    def given_up(self, unit: Unit, tries: int) -> bool:
        """Whether it was refused, or failed (not merely was lost) so many times."""
        if unit.name in self.done:
            return False
        return unit.name in self.refused or self.failures.get(unit.name, 0) >= tries

    def hopeless(self, tries: int) -> bool:
        """Whether some unit was given up, so that the video cannot be finished."""
        return any(self.given_up(unit, tries) for unit in self.units)

    def open(self, tries: int) -> list[Unit]:
        """Units that are neither done nor given up nor, as far as names tell, at work: each is free, or was lost."""
        return [u for u in self.units if u.name not in self.done and not self.given_up(u, tries)]

    def in_flight(self, unit: Unit) -> bool:
        """Whether its last attempt is not known to have ended; it may be lost."""
        over = unit.name in self.done or unit.name in self.refused
        return not over and self.claims.get(unit.name, 0) > self.failed.get(unit.name, 0)
