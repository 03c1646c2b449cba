"""Which rows of a day go: those that no rule of their basis holds any more, and those of which a person had the rest taken away.

A row's basis is a set of rules, as bits. Every day some rules hold it no longer; a `Part` takes further rules away, for the time of
one person at one connection. What is left holds the row. An interval has one owner, so on a day that two persons share only the
intervals of the one go; a register at midnight has two, and goes only where nobody else's time begins or ends there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import HOUR_S, QUARTER_S, Period, midnight
from kwartier.model.register import DAY_MASK, Channel
from kwartier.store.readings import layout

NEEDED: Final = ("key", "ch", "basis", "batch")
_Ints = NDArray[np.int64]
_DAY_CHANNELS: Final = np.array([ch for ch in range(16) if DAY_MASK >> ch & 1], np.int64)


@final
@dataclass(frozen=True, slots=True)
class Part:
    """A person's time at a connection, and the rules that hold nothing of it any more. `period` is closed.

    `opens`, `closes`: the registers at its start and end are nobody else's.
    """

    connection: int
    period: Period
    rules: int
    opens: bool = True
    closes: bool = True

    def has_register(self, day: date) -> bool:
        """True if the register at the midnight that opens the day goes with this part."""
        opening = midnight(day)
        if opening == self.period.start:
            return self.opens
        return opening < self._end or (opening == self._end and self.closes) if opening > self.period.start else False

    def has_all(self, day: date) -> bool:
        """True if the whole day lies within."""
        return self.period.start <= midnight(day) and midnight(day + timedelta(days=1)) <= self._end

    def has_some(self, day: date) -> bool:
        """True if some of the day lies within, and not all."""
        return not self.has_all(day) and self.period.start < midnight(day + timedelta(days=1)) and midnight(day) < self._end

    @property
    def _end(self) -> datetime:
        assert self.period.end is not None  # noqa: S101 - a part is closed
        return self.period.end


@final
class Going:
    """What goes of one day. Use it on slices of the day's rows, in order of (key, channel)."""

    def __init__(self, day: date, holding: int, parts: Iterable[Part] = (), guards: Iterable[Part] = ()) -> None:
        """`holding` are the rules that still hold readings about the day; of the `guards` nothing goes, whatever their rules."""
        parts, guards = list(parts), list(guards)
        self._day = day
        self._holding = holding
        self._whole = _by_key(one for one in parts if one.has_all(day))
        self._registers = _by_key(one for one in parts if one.has_register(day))
        self._some = [one for one in parts if one.has_some(day)]
        self._guarded = np.array(sorted({one.connection for one in reaching(guards, day)}), np.int64)
        self.gone: Counter[int] = Counter()
        """Rows that go, by batch; a row that may lose a part counts, since nothing may be left of it."""
        self.erased = 0
        """How many of them would stay but for the parts."""
        self.freed = 0
        """Rows that stay on fewer rules than before."""

    @property
    def guards(self) -> bool:
        """True if something of the day stays whatever its rules."""
        return len(self._guarded) > 0

    def count(self, rows: pa.Table) -> None:
        """Count what goes of a slice that has the columns `NEEDED`."""
        left, held = self._left(rows), layout.numbers(rows, "basis") & self._holding
        goes = left == 0
        for part in self._some:
            goes |= self._mine(rows, part) & (held & ~part.rules == 0) & ~np.isin(layout.numbers(rows, "key"), self._guarded)
        batches, counts = np.unique(layout.numbers(rows, "batch")[goes], return_counts=True)
        self.gone.update(dict(zip(batches.tolist(), counts.tolist(), strict=True)))
        self.erased += int((goes & (held != 0)).sum())
        self.freed += int((~goes & (left != held)).sum())

    def stays(self, rows: pa.Table) -> pa.Table:
        """Return what stays of a slice that has all columns."""
        left = self._left(rows)
        basis, held = layout.numbers(rows, "basis"), layout.numbers(rows, "basis") & self._holding
        # what a part took away holds nothing any more, though other rules do
        taken = np.where(left == held, basis, left)
        rows = rows.set_column(rows.schema.get_field_index("basis"), layout.FILE_SCHEMA.field("basis"), pa.array(taken, pa.int64()))
        rows = rows.filter(pa.array(left != 0))
        for part in self._some:
            rows = self._cut(rows, part)
        return rows

    def _left(self, rows: pa.Table) -> _Ints:
        """Return per row the rules that hold it still, parts of days aside."""
        key, register = layout.numbers(rows, "key"), np.isin(layout.numbers(rows, "ch"), _DAY_CHANNELS)
        taken = np.where(register, _rules(self._registers, key), _rules(self._whole, key))
        basis = layout.numbers(rows, "basis")
        left = basis & self._holding & ~taken
        return np.where((left == 0) & np.isin(key, self._guarded), basis, left)

    def _mine(self, rows: pa.Table, part: Part) -> NDArray[np.bool_]:
        mine: NDArray[np.bool_] = (layout.numbers(rows, "key") == part.connection) & ~np.isin(
            layout.numbers(rows, "ch"), _DAY_CHANNELS
        )
        return mine

    def _cut(self, rows: pa.Table, part: Part) -> pa.Table:
        """Take the intervals of a part out of the rows that nothing else holds."""
        goes = self._mine(rows, part) & (layout.numbers(rows, "basis") & self._holding & ~part.rules == 0)
        goes &= ~np.isin(layout.numbers(rows, "key"), self._guarded)
        if not goes.any():
            return rows
        whole = layout.channel_days(rows.filter(pa.array(goes)), self._day)
        cut = [one for row in whole if (one := without(row, part.period)) is not None]
        return layout.in_order(pa.concat_tables([rows.filter(pa.array(~goes)), layout.to_table(cut)]))


def about(row: ChannelDay, part: Part) -> bool:
    """True if a row tells something of a part: a known interval or a register within it.

    Of a register on a boundary that it shares with another person, if other rules than the part's hold it.
    """
    if 1 << row.channel & DAY_MASK:
        shared = midnight(row.day) in (part.period.start, part.period.end) and row.basis & ~part.rules != 0
        return part.has_register(row.day) or shared
    if not part.has_some(row.day):
        return part.has_all(row.day)
    marks, goes = _marks(row), _within(row, part.period)
    return bool((goes & ((marks & Quality.MISSING) == 0)).any())


def without(row: ChannelDay, period: Period) -> ChannelDay | None:
    """Return a row of intervals without those that lie within a closed period, None if none is known then.

    The register at its start moves on to the first interval that stays, if those that go come first.
    """
    deltas, marks, goes = np.frombuffer(row.deltas, np.int32).copy(), _marks(row), _within(row, period)
    first = int(deltas[: int(np.argmin(goes))].sum()) if goes[0] and not goes.all() else 0
    deltas[goes] = 0
    marks[goes] = Quality.MISSING
    if bool((marks & Quality.MISSING).all()):
        return None
    return replace(row, start=row.start + first, deltas=deltas.tobytes(), quality=marks.tobytes())


def _marks(row: ChannelDay) -> NDArray[np.uint8]:
    return np.frombuffer(row.quality, np.uint8).copy() if row.quality else np.zeros(len(row.deltas) // 4, np.uint8)


def _within(row: ChannelDay, period: Period) -> NDArray[np.bool_]:
    """Tell of each interval whether it shares time with a closed period."""
    step = HOUR_S if row.channel is Channel.GAS else QUARTER_S
    starts = int(midnight(row.day).timestamp()) + step * np.arange(len(row.deltas) // 4)
    assert period.end is not None  # noqa: S101 - a part is closed
    within: NDArray[np.bool_] = (starts < period.end.timestamp()) & (starts + step > period.start.timestamp())
    return within


def _by_key(parts: Iterable[Part]) -> tuple[_Ints, _Ints]:
    rules: dict[int, int] = {}
    for one in parts:
        rules[one.connection] = rules.get(one.connection, 0) | one.rules
    keys = sorted(rules)
    return np.array(keys, np.int64), np.array([rules[key] for key in keys], np.int64)


def _rules(by_key: tuple[_Ints, _Ints], key: _Ints) -> _Ints:
    """Return per row the rules taken from it."""
    keys, rules = by_key
    if not len(keys):
        return np.zeros(len(key), np.int64)
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return np.where(keys[place] == key, rules[place], 0)


def reaching(parts: Sequence[Part], day: date) -> list[Part]:
    """Return the parts that have anything of a day."""
    return [one for one in parts if one.has_register(day) or one.has_all(day) or one.has_some(day)]
