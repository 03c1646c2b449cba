"""Time as Kwartier counts it: UTC inside, periods half-open, days local to the grid area.

An interval [start, end) has one owner. A register reading stands on a boundary and has two: it closes one period and opens
the next. So `Period.covers` treats both ends of the owner's period as its own for readings, and `Period.overlaps` does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import final
from zoneinfo import ZoneInfo

from kwartier.model.errors import BadInput

ZONE = ZoneInfo("Europe/Amsterdam")
QUARTER_S = 900
HOUR_S = 3600
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
A_SECOND = timedelta(seconds=1)
"""The log has moments in whole seconds, and so have the bounds of facts."""


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC. Raises BadInput for a naive one: nobody knows which hour it means."""
    if moment.tzinfo is None:
        msg = "a moment needs a time zone"
        raise BadInput(msg)
    return moment.astimezone(UTC)


def epoch_s(moment: datetime) -> int:
    """Return whole seconds since 1970-01-01 UTC."""
    return int((moment if moment.tzinfo is UTC else utc(moment)).timestamp())


def from_epoch_s(seconds: int) -> datetime:
    """Return the UTC moment of a number of seconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def epoch_ms(moment: datetime) -> int:
    """Return whole milliseconds since 1970-01-01 UTC."""
    since = (moment if moment.tzinfo is UTC else utc(moment)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000  # a fifth faster than to divide them


def from_epoch_ms(milliseconds: int) -> datetime:
    """Return the UTC moment of a number of milliseconds since 1970-01-01 UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


def whole_second(moment: datetime) -> datetime:
    """Return the UTC moment without its fraction of a second, as the log has it."""
    return from_epoch_s(epoch_s(moment))


@final
@dataclass(frozen=True, slots=True, order=True)
class Period:
    """[start, end) in UTC; `end` None is open. `start == end` is one moment: a register reading on a boundary."""

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive ends and a period that ends before it starts."""
        if self.start.tzinfo is not UTC:
            object.__setattr__(self, "start", utc(self.start))
        if self.end is not None:
            if self.end.tzinfo is not UTC:
                object.__setattr__(self, "end", utc(self.end))
            if self.end < self.start:
                msg = "a period cannot end before it starts"
                raise BadInput(msg)

    @property
    def is_moment(self) -> bool:
        """True for a single moment."""
        return self.end == self.start

    def contains(self, moment: datetime) -> bool:
        """True if start <= moment < end: who owns this instant."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def covers(self, other: "Period") -> bool:
        """True if all of `other` lies within, both boundaries included."""
        if other.start < self.start:
            return False
        return self.end is None or (other.end is not None and other.end <= self.end)

    def overlaps(self, other: "Period") -> bool:
        """True if the two share time; touching ends do not count, a moment counts when it lies within or on a boundary."""
        if self.is_moment or other.is_moment:
            return self.touches(other)
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def touches(self, other: "Period") -> bool:
        """True if the two share time or a boundary: where `meet` is not None."""
        return (other.end is None or self.start <= other.end) and (self.end is None or other.start <= self.end)

    def meet(self, other: "Period") -> "Period | None":
        """Return the time the two share, a common boundary as a moment; None if they are apart."""
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        end = min(ends) if ends else None
        return None if end is not None and end < start else Period(start, end)


@lru_cache(maxsize=4096)
def midnight(day: date) -> datetime:
    """Return the UTC moment at which the local calendar day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


@lru_cache(maxsize=4096)
def day_period(day: date) -> Period:
    """Return the local calendar day as a UTC period of 23, 24 or 25 hours."""
    return Period(midnight(day), midnight(day + timedelta(days=1)))


def day_of(moment: datetime) -> date:
    """Return the local calendar day in which the moment lies."""
    return utc(moment).astimezone(ZONE).date()


def days_on(moment: datetime, days: int) -> datetime:
    """Return the UTC moment so many local days on, at the same time of day: midnight stays that when the clock is changed."""
    return (utc(moment).astimezone(ZONE) + timedelta(days=days)).astimezone(UTC)


def quarters_in(day: date) -> int:
    """Return 92, 96 or 100."""
    whole = day_period(day)
    assert whole.end is not None  # noqa: S101 - day_period always closes; this tells mypy
    return int((whole.end - whole.start).total_seconds()) // QUARTER_S


def days_in(period: Period) -> Iterator[date]:
    """Yield the local days that a closed period touches; a moment at midnight is the day it opens. Raises BadInput if open."""
    if period.end is None:
        msg = "an open period has no last day"
        raise BadInput(msg)
    day = day_of(period.start)
    while True:
        yield day
        day += timedelta(days=1)
        if midnight(day) >= period.end:
            return
