"""Many connections one after another: files stay open, and a row group is parsed once for all that stand in it.

For whoever looks up hundreds in the order of their keys. A single look is `Readings.days`.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from typing import Final, final

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import ALL_MASK, Channel, Mask
from kwartier.store.readings import layout
from kwartier.store.readings.combine import folded
from kwartier.store.readings.files import DataFile

OPEN: Final = 16
"""Days whose files are open at once: each holds a row group for each of its files."""


@final
class Glance:
    """Each day as it was when it was first asked for."""

    def __init__(self, held: Sequence[date], open_day: Callable[[date, ExitStack], Sequence[DataFile]]) -> None:
        """`held` are the local days that have rows, in order; `open_day` opens the files of one."""
        self._held = held
        self._open_day = open_day
        self._days: OrderedDict[date, tuple[Sequence[DataFile], ExitStack]] = OrderedDict()

    def days(self, key: int, first: date, last: date, mask: Mask = ALL_MASK) -> list[ChannelDay]:
        """Return what is held of one connection from `first` to `last`, both included, by day and channel."""
        between = self._held[bisect_left(self._held, first) : bisect_right(self._held, last)]
        return [one for day in between for one in found(self._files(day), key, day, mask)]

    def _files(self, day: date) -> Sequence[DataFile]:
        if day not in self._days:
            opened = ExitStack()
            self._days[day] = self._open_day(day, opened), opened
            if len(self._days) > OPEN:
                _, (_, longest) = self._days.popitem(last=False)
                longest.close()
        self._days.move_to_end(day)
        return self._days[day][0]

    def close(self) -> None:
        """Close the files."""
        for _, opened in self._days.values():
            opened.close()
        self._days.clear()


def found(files: Sequence[DataFile], key: int, day: date, mask: Mask) -> list[ChannelDay]:
    """Return what these files of a day hold of one connection, by channel."""
    here = [file for file in files if file.may_hold(key)]
    by_channel: dict[Channel, list[ChannelDay]] = defaultdict(list)
    for rows in (rows for file in here for rows in file.rows_of(key, sure=len(here) == 1)):
        for one in layout.channel_days(rows, day, mask):
            by_channel[one.channel].append(one)
    return [folded(sorted(by_channel[channel], key=lambda one: one.batch)) for channel in sorted(by_channel)]
