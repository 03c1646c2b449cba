"""The days a town's meters remember: every quarter-hour, hour and midnight of them, in UTC, with what local time says about them.

Eleven local days: ten before the end of the town's date, and the day after it, on which the night reading takes place. A town
of many nights lives through as many days more.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s, from_epoch_s, midnight
from kwartier.wire.dlms.server import moments

DAYS_BEFORE = 9
EARLIER_DAYS = 30
"""Days before the axis of which only the registers at midnight are remembered."""
_LOW_UNTIL, _LOW_FROM = 7, 23
_SATURDAY = 5
_SUMMER_OFFSET = 2 * HOUR_S


@dataclass(frozen=True)
class Axis:
    """Time as the meters of one town know it; arrays are indexed by quarter or hour from the first midnight."""

    day: date
    after: int = 0
    """Days more, after the one on which the date is read."""

    @property
    def first_day(self) -> date:
        """The first day with quarter-hours."""
        return self.day - timedelta(days=DAYS_BEFORE)

    @cached_property
    def midnights(self) -> NDArray[np.int64]:
        """Epoch seconds at which the days begin, and the last one ends."""
        days = DAYS_BEFORE + 3 + self.after
        return np.array([epoch_s(midnight(self.first_day + timedelta(days=n))) for n in range(days)], np.int64)

    @cached_property
    def daily_stamps(self) -> NDArray[np.int64]:
        """Midnights of daily rows: EARLIER_DAYS before the axis, then those of the axis."""
        first = self.first_day - timedelta(days=EARLIER_DAYS)
        early = [epoch_s(midnight(first + timedelta(days=n))) for n in range(EARLIER_DAYS)]
        return np.concatenate((np.array(early, np.int64), self.midnights))

    @cached_property
    def quarter_stamps(self) -> NDArray[np.int64]:
        """Ends of quarter-hours, preceded by the first midnight: one more than there are quarters."""
        return np.arange(self.midnights[0], self.midnights[-1] + 1, QUARTER_S, dtype=np.int64)

    @cached_property
    def hour_stamps(self) -> NDArray[np.int64]:
        """Ends of hours, preceded by the first midnight."""
        return np.arange(self.midnights[0], self.midnights[-1] + 1, HOUR_S, dtype=np.int64)

    @cached_property
    def quarter_of_midnight(self) -> NDArray[np.int64]:
        """Index into quarter_stamps of each midnight."""
        index: NDArray[np.int64] = (self.midnights - self.midnights[0]) // QUARTER_S
        return index

    @cached_property
    def hour_of_midnight(self) -> NDArray[np.int64]:
        """Index into hour_stamps of each midnight."""
        index: NDArray[np.int64] = (self.midnights - self.midnights[0]) // HOUR_S
        return index

    @cached_property
    def quarter_day(self) -> NDArray[np.int64]:
        """Index of the day of each quarter."""
        return np.repeat(np.arange(len(self.midnights) - 1), np.diff(self.quarter_of_midnight))

    @cached_property
    def local_hour(self) -> NDArray[np.float64]:
        """Local time of day at the middle of each quarter, in hours."""
        starts = self.quarter_stamps[:-1]
        return ((starts + moments.offsets(starts)) % 86400 + QUARTER_S / 2) / HOUR_S

    @cached_property
    def weekend(self) -> NDArray[np.bool_]:
        """True for quarters on Saturday or Sunday."""
        days = [(self.first_day + timedelta(days=n)).weekday() >= _SATURDAY for n in range(len(self.midnights) - 1)]
        return np.array(days)[self.quarter_day]

    @cached_property
    def low(self) -> NDArray[np.bool_]:
        """True for quarters in which the low-tariff register runs: nights and weekends."""
        return self.weekend | (self.local_hour < _LOW_UNTIL) | (self.local_hour > _LOW_FROM)

    @cached_property
    def quarter_status(self) -> NDArray[np.uint8]:
        """AMR status of a sound row per quarter stamp: the bit of summer time."""
        return summer_bits(self.quarter_stamps)

    @cached_property
    def hour_cells(self) -> NDArray[np.uint8]:
        """Encoded date-time per hour stamp."""
        return moments.write_all(self.hour_stamps)

    @cached_property
    def daily_cells(self) -> NDArray[np.uint8]:
        """Encoded date-time per daily stamp."""
        return moments.write_all(self.daily_stamps)

    @cached_property
    def hour_status(self) -> NDArray[np.uint8]:
        """AMR status of a sound row per hour stamp."""
        return summer_bits(self.hour_stamps)

    @cached_property
    def daily_status(self) -> NDArray[np.uint8]:
        """AMR status of a sound row per daily stamp."""
        return summer_bits(self.daily_stamps)

    @cached_property
    def quarter_cells(self) -> NDArray[np.uint8]:
        """Encoded date-time per quarter stamp; all meters share them."""
        return moments.write_all(self.quarter_stamps)

    def day_index(self, day: date) -> int:
        """Return the index of a day of the axis."""
        return (day - self.first_day).days

    def start_of_night(self) -> int:
        """Return epoch seconds when the town's clock starts: 2 hours and 17 minutes into the day after its date."""
        return self._morning_after() + 2 * HOUR_S + 17 * 60

    def _morning_after(self) -> int:
        """Return epoch seconds of the midnight that closes the town's date."""
        return int(self.midnights[DAYS_BEFORE + 1])

    def clock(self, now_s: int) -> int:
        """Return where the town's clock starts: at the real time if its meters live then, else in the night after its date."""
        return now_s if self._morning_after() <= now_s < self.midnights[-1] else self.start_of_night()

    def truth_days(self) -> tuple[date, date]:
        """Return the day before the town's date, and the date."""
        return self.day - timedelta(days=1), self.day


def summer_bits(stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return AMR status bytes that say nothing but whether summer time is in force."""
    return np.where(moments.offsets(stamps) == _SUMMER_OFFSET, 0x08, 0).astype(np.uint8)


def day_of_year(stamp: int) -> int:
    """Return 1..366."""
    return from_epoch_s(stamp).timetuple().tm_yday
