"""The way of a correction into the lake. What was said gets there: whoever is next carries it on."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

import pyarrow as pa

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import DAY_MASK
from kwartier.store.readings import put_right
from kwartier.store.readings.going import without
from kwartier.store.readings.layout import changed
from kwartier.store.registry import corrections
from kwartier.store.registry.corrections import Correction
from kwartier.workflows.installation import Installation


def carry(house: Installation, at: datetime) -> int:
    """Put into the lake what somebody put right, and mark it done; harmless when done before. Returns how many channel-days."""
    with house.operator() as c:
        waiting = corrections.pending(c)
    for day, said in sorted(corrections.by_day(waiting).items()):
        house.readings.rewrite(day, _change(day, said))
        with house.operator() as c:
            corrections.done(c, [one.id for one in said], at)
    return len(waiting)


def _change(day: date, said: Sequence[Correction]) -> Callable[[pa.Table], pa.Table]:
    """Return what makes of the rows of a day what they are now."""
    wanted = {(one.was.key, one.was.channel) for one in said}

    def right(row: ChannelDay) -> ChannelDay | None:
        for one in said:
            if (one.was.key, one.was.channel) == (row.key, row.channel):
                after = _now(row, one)
                if after is None:
                    return None
                row = after
        return row

    return lambda rows: changed(rows, day, wanted, right)


def _now(row: ChannelDay, one: Correction) -> ChannelDay | None:
    """Return the row as it is now. What was read since of another meter is not what somebody spoke of."""
    if row.meter != one.was.meter:
        return row
    if one.now is not None:
        return put_right.laid_over(row, one.now)
    return None if 1 << row.channel & DAY_MASK else without(row, one.period)
