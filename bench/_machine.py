"""How fast Python is on this machine: a figure beside those in microseconds, which are higher where this one is.

Two of one kind may differ by a factor of two or three, and one of them from minute to minute, where others work beside it.
"""

import statistics
import time

TURNS, PASSES = 200_000, 25


def loop_ns() -> float:
    """Return CPU nanoseconds per turn of a loop that adds up numbers, the median of some passes."""
    return round(statistics.median(_pass() for _ in range(PASSES)) / TURNS, 1)


def _pass() -> int:
    began, total = time.process_time_ns(), 0
    for number in range(TURNS):
        total += number
    return time.process_time_ns() - began
