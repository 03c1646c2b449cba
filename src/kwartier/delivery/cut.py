"""A channel-day cut to somebody's time. What was used before or after it is left out, also where it hides in a sum."""

from array import array
from dataclasses import replace
from datetime import UTC, datetime

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import HOUR_S, QUARTER_S, Period, epoch_s, midnight
from kwartier.model.register import DAY_MASK, Channel


def interval_s(channel: Channel) -> int:
    """Return the length of one interval of an interval channel, in seconds."""
    return HOUR_S if channel is Channel.GAS else QUARTER_S


def cut(day: ChannelDay, period: Period) -> ChannelDay | None:
    """Return the channel-day as it may be told about this period, None if nothing of it may.

    A register stands on a boundary and may be told at either end. Intervals must lie wholly within: others become MISSING, and so
    does one that carries the sum of a gap which began before the period. A day that was cut does not tell its opening register.
    """
    at = midnight(day.day)
    if 1 << day.channel & DAY_MASK:
        return day if period.covers(Period(at, at)) else None
    first, step, count = epoch_s(at), interval_s(day.channel), len(day.deltas) // 4
    low, high = bounds_s(period)
    if low <= first and first + count * step <= high:
        return day
    marks = day.quality or bytes(count)
    kept = [
        not mark & Quality.MISSING and low <= first + begin * step and first + (place + 1) * step <= high
        for place, (begin, mark) in enumerate(zip(_begins(marks), marks, strict=True))
    ]
    if not any(kept):
        return None
    values = array("i", day.deltas)
    return replace(
        day,
        start=0,
        deltas=array("i", [value if keep else 0 for value, keep in zip(values, kept, strict=True)]).tobytes(),
        quality=bytes(mark if keep else Quality.MISSING for mark, keep in zip(marks, kept, strict=True)),
    )


def bounds_s(period: Period) -> tuple[int, int]:
    """Return the whole seconds between which a period lies; an open one ends after every reading there is."""
    start = epoch_s(period.start) + bool(period.start.microsecond)
    return start, _LATEST_S if period.end is None else epoch_s(period.end)


_LATEST_S = epoch_s(datetime.max.replace(tzinfo=UTC))


def _begins(marks: bytes) -> list[int]:
    """Return the place at which the time of each interval's value begins: before it where it carries the sum of a gap."""
    begins, gap = [], 0
    for place, mark in enumerate(marks):
        begins.append(gap if mark & Quality.CARRIES_GAP else place)
        if not mark & Quality.MISSING:
            gap = place + 1
    return begins
