"""How what was said of a meter stands at a moment: what holds, since when and until when, and what was said for later."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from kwartier.model.ground import Restriction
from kwartier.model.period import A_SECOND, Period


def from_when(said: Sequence[Restriction], now: datetime) -> datetime:
    """Return from when a new word holds: now; what ends in the second in which it began, ends after it."""
    starts = {one.period.start for one in said}
    while now in starts:
        now += A_SECOND
    return now


def standing(said: Sequence[Restriction], at: datetime) -> Restriction | None:
    """Return what holds at a moment."""
    return next((one for one in said if one.period.contains(at)), None)


def to_come(said: Sequence[Restriction], at: datetime, mine: Period) -> list[Restriction]:
    """Return what was said for after a moment, and begins within a person's own time."""
    return [one for one in said if one.period.start > at and mine.contains(one.period.start)]


def lasts(said: Sequence[Restriction], one: Restriction) -> Restriction:
    """Return the last of those of the same kind that follow one another without a gap."""
    return max(_chain(said, one), key=lambda each: each.period.start)


def began(said: Sequence[Restriction], one: Restriction, mine: Period) -> Restriction:
    """Return the first of them that began in a person's own time; the one itself where that began before it."""
    own = [each for each in _chain(said, one) if each.period.start >= mine.start]
    return min(own, key=lambda each: each.period.start) if one in own else one


def ceiling(said: Sequence[Restriction], mine: Period) -> datetime | None:
    """Return from when something is said of somebody else's time, after a person's own."""
    return min((one.period.start for one in said if mine.end is not None and one.period.start >= mine.end), default=None)


def _chain(said: Sequence[Restriction], one: Restriction) -> Iterator[Restriction]:
    """Yield what is of the same kind and joins, before and after; `said` is in order of time, and nothing in it overlaps."""
    place = said.index(one)
    yield one
    for before, after in zip(reversed(said[:place]), reversed(said[: place + 1]), strict=False):
        if (before.kind, before.period.end) != (one.kind, after.period.start):
            break
        yield before
    for before, after in zip(said[place:], said[place + 1 :], strict=False):
        if (after.kind, after.period.start) != (one.kind, before.period.end):
            break
        yield after
