"""Local midnights and days of periods. Pure; answers are remembered, because a night asks the same ones millions of times."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from kwartier.model.period import Period, day_of, days_in, midnight

METER_KEEPS: Final = timedelta(days=40)
"""So long a meter keeps the register of a midnight."""


@lru_cache(maxsize=4096)
def day_opened_by(moment: datetime) -> date | None:
    """Return the local day whose first moment this is, None for any other moment."""
    day = day_of(moment)
    return day if midnight(day) == moment else None


def midnights_in(period: Period) -> tuple[date, ...] | None:
    """Return the days opened by the local midnights from start to end, both included; None unless it starts and ends on one."""
    return _midnights_in(period.start, period.end)


def iso_days(period: Period) -> tuple[str, ...]:
    """Return the ISO local days that a closed period is about. Raises BadInput if it is open."""
    return _iso_days(period.start, period.end)


# What is remembered is found by its moments: to find a period again by itself costs as much as most decisions.
@lru_cache(maxsize=4096)
def _midnights_in(start: datetime, end: datetime | None) -> tuple[date, ...] | None:
    if end is None or day_opened_by(start) is None:
        return None
    last = day_opened_by(end)
    if last is None:
        return None
    return (*days_in(Period(start, end)), last) if end > start else (last,)


@lru_cache(maxsize=4096)
def _iso_days(start: datetime, end: datetime | None) -> tuple[str, ...]:
    return tuple(day.isoformat() for day in days_in(Period(start, end)))


@lru_cache(maxsize=4096)
def is_anniversary(start: datetime, moment: datetime) -> bool:
    """True if `moment` is the local midnight some whole years after the day of `start`. 29 February is followed by 1 March."""
    day = day_opened_by(moment)
    if day is None:
        return False
    first = day_of(start)
    if day.year <= first.year:
        return False
    if (first.month, first.day) == (2, 29) and not _leap(day.year):
        return (day.month, day.day) == (3, 1)
    return (day.month, day.day) == (first.month, first.day)


def anniversary_before(start: datetime, moment: datetime) -> datetime:
    """Return the anniversary of `start` that comes one before `moment`, or `start` itself. `moment` is an anniversary."""
    year = day_of(moment).year - 1
    return start if year <= day_of(start).year else _anniversary(start, year)


def last_anniversary(start: datetime, moment: datetime) -> datetime | None:
    """Return the last anniversary of `start` up to and including `moment`, None before the first."""
    year = day_of(moment).year
    year -= _anniversary(start, year) > moment
    return None if year <= day_of(start).year else _anniversary(start, year)


def _anniversary(start: datetime, year: int) -> datetime:
    first = day_of(start)
    if (first.month, first.day) == (2, 29) and not _leap(year):
        return midnight(date(year, 3, 1))
    return midnight(date(year, first.month, first.day))


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
