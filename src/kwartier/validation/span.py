"""The rows a profile should have for the local days that a task touches."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.period import day_of, epoch_s, from_epoch_s, midnight

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

SHORTEST_DAY_S: Final = 23 * 3600


@final
@dataclass(frozen=True, slots=True)
class Day:
    """A local day on a grid: row `low` is the midnight that opens it, row `high` the one that closes it."""

    day: date
    low: int
    high: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The stamps of whole local days, both boundaries included, and which of them were asked for."""

    stamps: Int64s
    days: tuple[Day, ...]
    expected: int
    """How many of the stamps lie in the range asked for."""


@lru_cache(maxsize=256)
def interval_grid(first_s: int, last_s: int, period_s: int) -> Grid:
    """Return the grid of an interval profile: every period from the midnight before `first_s` to the one after `last_s`."""
    day = day_of(from_epoch_s(first_s))
    opens = start = epoch_s(midnight(day))
    days: list[Day] = []
    while opens < last_s:
        closes = epoch_s(midnight(day + timedelta(days=1)))
        days.append(Day(day, (opens - start) // period_s, (closes - start) // period_s))
        opens, day = closes, day + timedelta(days=1)
    stamps = np.arange(start, opens + 1, period_s, dtype=np.int64)
    return _grid(stamps, tuple(days), first_s, last_s)


@lru_cache(maxsize=256)
def midnight_grid(first_s: int, last_s: int) -> Grid:
    """Return the grid of a day profile: the local midnights from `first_s` to `last_s`, each the day that it opens."""
    day = day_of(from_epoch_s(first_s))
    midnights: list[tuple[date, int]] = []
    while (moment := epoch_s(midnight(day))) <= last_s:
        if moment >= first_s:
            midnights.append((day, moment))
        day += timedelta(days=1)
    stamps = np.array([moment for _, moment in midnights], np.int64)
    return _grid(stamps, tuple(Day(day, i, i) for i, (day, _) in enumerate(midnights)), first_s, last_s)


def _grid(stamps: Int64s, days: tuple[Day, ...], first_s: int, last_s: int) -> Grid:
    stamps.setflags(write=False)
    return Grid(stamps, days, int(((stamps >= first_s) & (stamps <= last_s)).sum()))
