"""Lanes keep their own order and run side by side."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ned.runtime.lanes import Lane, help_with


def test_a_lane_keeps_its_order_and_others_need_not_wait():
    with ThreadPoolExecutor(2) as pool:
        first, second = Lane(pool), Lane(pool)
        gate, seen = threading.Event(), []
        held = first.submit(gate.wait, 10.0)
        after = first.submit(seen.append, "after the gate")
        assert second.submit(lambda: 7).result(5.0) == 7 and not seen  # the first lane waits alone
        gate.set()
        assert held.result(5.0) and after.result(5.0) is None and seen == ["after the gate"]


def test_many_calls_of_few_lanes_come_in_order():
    with ThreadPoolExecutor(2) as pool:
        lanes, seen = [Lane(pool) for _ in range(3)], [[] for _ in range(3)]

        def note(k):
            time.sleep(0.0002 * (k % 5))
            seen[k % 3].append(k)

        calls = [lanes[k % 3].submit(note, k) for k in range(120)]
        for call in calls:
            call.result(10.0)
    assert all(numbers == sorted(numbers) and len(numbers) == 40 for numbers in seen)


def test_an_error_is_for_who_asks_and_the_lane_goes_on():
    lane = Lane()
    broken, fine = lane.submit(lambda: 1 / 0), lane.submit(lambda: 3)
    with pytest.raises(ZeroDivisionError):
        broken.result(5.0)
    assert fine.result(5.0) == 3 and help_with(lambda: 4).result(5.0) == 4
