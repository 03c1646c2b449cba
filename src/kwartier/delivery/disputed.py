"""Readings that a person disputes (GDPR art. 16, 18(1)(a)): told as they were read, marked as doubted until somebody has looked."""

from collections.abc import Sequence
from dataclasses import replace

from kwartier.delivery.cut import bounds_s, interval_s
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.model.register import DAY_MASK


def marked(days: Sequence[ChannelDay], disputed: Sequence[Period]) -> list[ChannelDay]:
    """Return the channel-days, each value about a disputed time marked SUSPECT; a register on its boundary is disputed too."""
    return [_marked(day, disputed) for day in days] if disputed else list(days)


def _marked(day: ChannelDay, disputed: Sequence[Period]) -> ChannelDay:
    first = epoch_s(midnight(day.day))
    if 1 << day.channel & DAY_MASK:
        at = Period(midnight(day.day), midnight(day.day))
        return replace(day, quality=_with(day.quality or b"\0", {0})) if any(p.covers(at) for p in disputed) else day
    step, count = interval_s(day.channel), len(day.deltas) // 4
    bounds = [bounds_s(period) for period in disputed]
    places = {n for n in range(count) if any(low < first + (n + 1) * step and first + n * step < high for low, high in bounds)}
    return replace(day, quality=_with(day.quality or bytes(count), places)) if places else day


def _with(marks: bytes, places: set[int]) -> bytes:
    return bytes(mark | Quality.SUSPECT if n in places and not mark & Quality.MISSING else mark for n, mark in enumerate(marks))
