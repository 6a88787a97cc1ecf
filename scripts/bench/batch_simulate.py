"""How a batch of thousands of hours runs on a thousand workers that come and go: a simulation by discrete events.

    python scripts/bench/batch_simulate.py [--hours 10000] [--workers 1000] [--lost 0.05] [--unit 300] [--seed 0]

Workers choose by `ned.batch.worker.choose` and the states of `ned.batch.units`, as real ones do; what takes time (work,
the network, the store's answers) is drawn from the figures below, which are said to be assumed. The ideal is all work
divided by all workers, none of them ever lost, no request, no start. Prints a table: the design as it is, then with one
thing changed at a time, so that one sees what breaks first.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from ned.batch.units import PREPARE, Unit, VideoState
from ned.batch.worker import LONGEST_WAIT_S, PROBES, choose

DOLLARS_PER_WRITE, DOLLARS_PER_READ, LISTED = 5e-6, 4e-7, 1000
"""Of S3: a PUT or LIST, a GET; names in an answer."""


@dataclass(frozen=True)
class World:
    """What is simulated. Seconds and video seconds."""

    hours: float = 10_000.0
    workers: int = 1000
    lost_per_hour: float = 0.05
    """Share of workers that vanish in an hour."""
    away_s: float = 180.0
    """Until another takes the place of a lost one (assumed)."""
    start_s: float = 40.0
    """Of a worker: container, imports, compiled kernels (assumed)."""
    mean_video_s: float = 3600.0
    analyse_x: float = 4.0
    """Video seconds analysed in a second by one worker of two cores (720p at 25 frames; assumed)."""
    render_x: float = 0.9
    """The same of rendering."""
    slow_share: float = 0.03
    """Of workers that do everything `slow_by` times slower (assumed)."""
    slow_by: float = 3.0
    spread: float = 0.10
    """Standard deviation of the logarithm of the others' speed."""
    megabit_per_s: float = 8.0
    """Of the sources; so a source has 3.6 GB an hour."""
    network_gbit: float = 1.0
    """Of a worker to the store."""
    request_s: float = 0.05
    unit_s: float = 300.0
    piece_s: float = 30.0
    lease_s: float = 60.0
    sticky: bool = True
    """Whether a worker stays with its video."""
    indexed: bool = True
    """Whether two listings say where there is work; else every video's folder is listed for it."""
    longest_first: bool = True
    keeps: bool = True
    """Whether pieces go into the store as they are made, once a lease."""
    seed: int = 0


@dataclass
class Outcome:
    """What a simulation counted."""

    seconds: float
    ideal_s: float
    work_s: float
    lost_s: float
    fetch_s: float
    idle_s: float
    twice: int
    most_attempts: int
    writes: int
    reads: int
    busiest: float
    """Requests a second in the busiest minute."""
    fetched_tb: float
    tail_s: float
    """From 95 % of the units done to the end."""


class Simulation:
    """One run of it."""

    def __init__(self, world: World) -> None:
        self.world, self.chance = world, random.Random(world.seed)
        self.now, self.events, self.order = 0.0, [], itertools.count()
        lengths = []
        while sum(lengths) < world.hours * 3600:
            lengths.append(max(60.0, self.chance.lognormvariate(0, 0.6) * world.mean_video_s / 1.2))
        self.lengths = {f"{k:06d}": length for k, length in enumerate(lengths)}
        self.keys = sorted(self.lengths, key=self.lengths.__getitem__, reverse=True)
        if not world.longest_first:
            self.chance.shuffle(self.keys)
        per_unit = max(1, round(world.unit_s / world.piece_s))
        self.pieces = {key: max(1, round(length / world.piece_s)) for key, length in self.lengths.items()}
        self.states = {key: VideoState(key, per_unit, None, frozenset()) for key in self.keys}
        self.begun, self.finished = set(), set()
        self.beating = {}  # claims: (unit name, video) → when they run out, or infinity while their worker lives
        self.unclaimed, self.left = len(self.keys), dict.fromkeys(self.keys)
        self.kept: dict[Unit, float] = {}  # video seconds that lost workers had finished and kept
        self.silent: dict[Unit, float] = {}  # units whose worker was lost → when their lease ends
        self.counts, self.per_minute, self.ends = Counter(), defaultdict(int), []
        self.work_s = self.lost_s = self.fetch_s = self.idle_s = 0.0

    def run(self) -> Outcome:
        world = self.world
        for index in range(world.workers):
            self.at(self.chance.random() * 60, self.arrive, index, 0)
        while self.events and len(self.finished) < len(self.keys):
            self.now, _, act, args = heapq.heappop(self.events)
            act(*args)
        plain = sum(self.lengths.values()) * (1 / world.analyse_x + 1 / world.render_x)
        speed = (1 - world.slow_share) + world.slow_share / world.slow_by
        attempts = [state.attempts(unit) for state in self.states.values() for unit in state.units]
        ends = sorted(self.ends)
        return Outcome(
            self.now, plain / (world.workers * speed), self.work_s, self.lost_s, self.fetch_s, self.idle_s,
            sum(n > 1 for n in attempts), max(attempts), self.counts["write"], self.counts["read"],
            max(self.per_minute.values()) / 60, self.counts["fetched"] / 1e12, self.now - ends[int(0.95 * len(ends))],
        )  # fmt: skip

    def at(self, delay: float, act, *args) -> None:
        heapq.heappush(self.events, (self.now + delay, next(self.order), act, args))

    def ask(self, kind: str, count: int = 1) -> float:
        """Requests, and how long they take one after another."""
        self.counts[kind] += count
        self.per_minute[int(self.now / 60)] += count
        return count * self.world.request_s

    def arrive(self, index: int, life: int) -> None:
        """A worker, new or in place of a lost one."""
        world = self.world
        slow = world.slow_by if self.chance.random() < world.slow_share else 1.0
        worker = {
            "index": index, "life": life, "speed": self.chance.lognormvariate(0, world.spread) / slow, "video": None,
            "wait": 1.0, "dies": self.now + self.chance.expovariate(world.lost_per_hour / 3600 or 1e-12),
        }  # fmt: skip
        manifest_s = self.ask("read") + 300 * len(self.keys) * 8 / (world.network_gbit * 1e9)  # 300 bytes a video
        self.at(world.start_s + manifest_s, self.seek, worker)

    def seek(self, worker: dict) -> None:
        """Look for a unit."""
        if self.gone(worker, 0.0):
            return
        spent_s = 0.0
        found = self.claim_in(worker["video"]) if worker["video"] and self.world.sticky else None
        spent_s += self.ask("write") if worker["video"] else 0.0
        if found is None:
            if self.world.indexed:
                spent_s += self.ask("write", 2 + len(self.begun) // LISTED + len(self.finished) // LISTED)
            keys = self.keys
            if len(self.begun) < len(keys):
                candidates = choose(keys, self.begun, self.finished, self.world.workers, self.chance)
            elif self.unclaimed or any(until <= self.now for until in self.silent.values()):
                candidates = choose(list(self.left), self.begun, self.finished, 1, self.chance)
            else:  # nothing to be found, which costs as much
                spent_s += self.ask("write", min(PROBES, len(self.left)))
                candidates = ()
            spent_s += 0.0 if self.world.indexed else self.ask("write", len(keys) // 2)
            for key in candidates:
                spent_s += self.ask("write")
                if found := self.claim_in(key):
                    break
        if found is None:
            spent_s += worker["wait"] * (0.5 + self.chance.random())
            worker["wait"] = min(2 * worker["wait"], LONGEST_WAIT_S, self.world.lease_s / 4)
            self.idle_s += spent_s
            self.at(spent_s, self.seek, worker)
            return
        worker["wait"] = 1.0
        spent_s += self.ask("write", 2)
        self.do(worker, found, spent_s)

    def claim_in(self, key: str) -> Unit | None:
        """The first free unit of a video, claimed."""
        state = self.states[key]
        for unit in state.open(3):
            if state.in_flight(unit) and self.beating[unit] > self.now:
                continue
            if unit in self.silent:
                del self.silent[unit]
            else:
                self.unclaimed -= 1
            state.claims[unit.name] = state.attempts(unit) + 1
            self.beating[unit] = float("inf")
            self.begun.add(key)
            return unit
        return None

    def do(self, worker: dict, unit: Unit, spent_s: float) -> None:
        """Work on it, and then publish, or be lost on the way."""
        world, key, fetch_s = self.world, unit.video, 0.0
        if worker["video"] != key:
            size = self.lengths[key] * world.megabit_per_s * 1e6 / 8
            size += 0 if unit.name == PREPARE else self.lengths[key] * 25 * 6300  # landmarks and edits
            self.counts["fetched"] += size
            fetch_s = size * 8 / (world.network_gbit * 1e9) + self.ask("read", 3)
            worker["video"] = key
        share = self.lengths[key] / self.pieces[key]
        video_s = self.lengths[key] if unit.name == PREPARE else (unit.stop - unit.start) * share
        speed = (world.analyse_x if unit.name == PREPARE else world.render_x) * worker["speed"]
        busy_s = (video_s - self.kept.get(unit, 0.0)) / speed
        total = spent_s + fetch_s + busy_s
        beats = int(min(total, max(0.0, worker["dies"] - self.now)) / (world.lease_s / 4))
        self.counts["write"] += beats
        for k in range(0, beats, 4):
            self.per_minute[int((self.now + k * world.lease_s / 4) / 60)] += min(4, beats - k)
        keeps = world.keeps and unit.name != PREPARE
        self.counts["write"] += beats // 4 if keeps else 0
        if self.gone(worker, total):
            kept_s = 0.0  # video seconds whose pieces the last lease has brought into the store
            if keeps:
                worked_s = max(0.0, worker["dies"] - self.now - spent_s - fetch_s)
                kept_s = worked_s // world.lease_s * world.lease_s * speed // share * share
            self.kept[unit] = self.kept.get(unit, 0.0) + kept_s
            self.work_s += kept_s / speed
            self.lost_s += worker["dies"] - self.now - kept_s / speed
            self.beating[unit] = self.silent[unit] = worker["dies"] + world.lease_s
            return
        self.fetch_s += fetch_s
        self.work_s += busy_s
        self.at(total, self.done, worker, unit)

    def done(self, worker: dict, unit: Unit) -> None:
        state = self.states[unit.video]
        pieces = self.pieces[unit.video] if unit.name == PREPARE else state.pieces
        self.states[unit.video] = state = replace(state, pieces=pieces, done=state.done | {unit.name})
        spent_s = self.ask("write", 3)  # the object, the marker, how the video stands
        self.ends.append(self.now)
        if unit.name == PREPARE:
            self.unclaimed += len(state.units) - 1
        if state.finished:
            self.finished.add(unit.video)
            del self.left[unit.video]
            spent_s += self.ask("write")
        self.at(spent_s, self.seek, worker)

    def gone(self, worker: dict, within_s: float) -> bool:
        """Whether a worker is lost before so much time; then another will come."""
        if worker["dies"] > self.now + within_s:
            return False
        if not worker.get("left"):
            worker["left"], back_s = True, max(0.0, worker["dies"] - self.now) + self.world.away_s
            self.at(back_s, self.arrive, worker["index"], worker["life"] + 1)
        return True


def say(name: str, world: World) -> None:
    """Run it and print a row."""
    out = Simulation(world).run()
    cost = out.writes * DOLLARS_PER_WRITE + out.reads * DOLLARS_PER_READ
    print(
        f"{name:34} {out.seconds / 3600:6.2f} h {out.ideal_s / out.seconds:6.1%} {out.lost_s / out.work_s:6.1%} "
        f"{out.fetch_s / out.work_s:6.1%} {out.tail_s / 60:6.1f} {out.twice:6d} {out.most_attempts:3d} "
        f"{(out.writes + out.reads) / 1e6:6.2f} M {out.busiest:7.0f}/s {cost:7.2f} $ {out.fetched_tb:6.1f} TB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=World.hours)
    parser.add_argument("--workers", type=int, default=World.workers)
    parser.add_argument("--lost", type=float, default=World.lost_per_hour, help="share of workers lost an hour")
    parser.add_argument("--unit", type=float, default=World.unit_s, help="seconds of video in a unit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", type=float, default=10.0, help="comparisons have so much fewer hours and workers")
    parser.add_argument("--plain", action="store_true", help="only the design as it is")
    args = parser.parse_args()
    world = World(args.hours, args.workers, args.lost, unit_s=args.unit, seed=args.seed)
    print(f"{args.hours:g} hours, {args.workers} workers, {args.lost:.0%} lost an hour")
    print(f"{'':34} {'takes':>8} {'ideal':>6} {'lost':>6} {'fetch':>6} {'tail':>6} {'again':>6} {'max':>3} "
          f"{'requests':>8} {'busiest':>9} {'cost':>9} {'fetched':>9}")  # fmt: skip
    say("as it is", world)
    if args.plain:
        return
    part = replace(world, hours=args.hours / args.part, workers=max(1, round(args.workers / args.part)))
    print(f"the same for {part.hours:g} hours on {part.workers} workers, with one thing changed")
    changes: dict[str, dict] = {
        "as it is": {}, "nobody lost": {"lost_per_hour": 0.0}, "a fifth lost an hour": {"lost_per_hour": 0.2},
        "units of 60 s": {"unit_s": 60.0}, "units of 900 s": {"unit_s": 900.0}, "whole videos": {"unit_s": 1e9},
        "nothing kept of a unit": {"keeps": False}, "a worker leaves its video": {"sticky": False},
        "videos in any order": {"longest_first": False}, "no index of what is begun": {"indexed": False},
        "lease of 10 minutes": {"lease_s": 600.0}, "network of 0.1 Gbit/s": {"network_gbit": 0.1},
        "videos of a minute": {"mean_video_s": 72.0},
    }  # fmt: skip
    for name, changed in changes.items():
        say(name, replace(part, **changed))


if __name__ == "__main__":
    main()
