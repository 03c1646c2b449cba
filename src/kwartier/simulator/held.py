"""The rows a meter holds, with whatever is wrong with them, and the window of them that its memory still has at a moment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.simulator.axis import EARLIER_DAYS, Axis
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.block import DAILY, Block, per_tariff
from kwartier.simulator.smr5 import Layout
from kwartier.wire.dlms.server import moments
from kwartier.wire.dlms.server.profile import Cells, rows

Longs = NDArray[np.int64]
CLOCK_INVALID, DATA_NOT_VALID, POWER_DOWN = 0x02, 0x04, 0x80
"""Bits of the AMR status (DSMR P3 4.2.2)."""
_SPOILT = frozenset({Fault.MISSING_ROWS, Fault.REPEATED_ROW, Fault.CLOCK_INVALID, Fault.POWER_DIP, Fault.OFF_GRID})
"""Faults of some quarter-hour rows."""
_SHIFT_S = 5, 600
_MOST_LAG_S = 240
"""Gas values were captured this long before their row's stamp, at most."""


@final
@dataclass(frozen=True, slots=True)
class Series:
    """Rows of one profile, oldest first. `cells` are the encoded stamps; `capture` epoch seconds, for gas only."""

    stamps: Longs
    cells: NDArray[np.uint8]
    status: NDArray[np.uint8]
    values: tuple[Longs, ...]
    capture: Longs | None = None

    def only(self, kept: Longs) -> "Series":
        """Return the rows with these indices, in this order."""
        capture = None if self.capture is None else self.capture[kept]
        values = tuple(v[kept] for v in self.values)
        return Series(self.stamps[kept], self.cells[kept], self.status[kept], values, capture)

    def rows(self, first: int, end: int) -> bytes:
        """Encode rows [first, end)."""
        part = slice(first, end)
        columns = [Cells.encoded_stamps(self.cells[part]), Cells.u8(self.status[part]), *(Cells.u32(v[part]) for v in self.values)]
        if self.capture is not None:
            columns.append(Cells.stamps(self.capture[part]))
        return rows(tuple(columns))


@final
@dataclass(frozen=True, slots=True)
class Window:
    """What is in memory at a moment: rows [first, end) of a series."""

    series: Series
    first: int
    end: int

    @property
    def stamps(self) -> Longs:
        """Stamps in epoch seconds."""
        return self.series.stamps[self.first : self.end]

    def encode(self, first: int, end: int) -> bytes:
        """Encode rows of the window."""
        return self.series.rows(self.first + first, self.first + end)


@final
class Memory:
    """The buffer of one profile: rows come as time goes by, and the oldest go when it is full. Built when first asked for."""

    __slots__ = ("_build", "_entries", "_series")

    def __init__(self, build: Callable[[], Series], layout: Layout) -> None:
        """Hold the newest rows of what `build` gives."""
        self._build = build
        self._entries = layout.entries
        self._series: Series | None = None

    def table(self, at: int) -> Window:
        """Return what is held at the moment `at`."""
        if self._series is None:
            self._series = self._build()
        end = int(np.searchsorted(self._series.stamps, at, "right"))
        return Window(self._series, max(0, end - self._entries), end)


@final
@dataclass(frozen=True, slots=True)
class Meter:
    """One meter's part of a block: its row, what is wrong with it, and how its faults are drawn."""

    block: Block
    row: int
    axis: Axis
    fault: Fault
    seed: str

    def _draw(self) -> Random:
        """Return the generator of the fault: the same one each time."""
        return Random(self.seed)

    def _on_the_day(self, midnights: Longs, first: int, last: int, per_hour: int) -> int:
        """Draw an index on the town's date, between two hours after its midnight."""
        day = self.axis.day_index(self.axis.day)
        return int(midnights[day]) + self._draw().randrange(first * per_hour, last * per_hour)

    def _fall(self) -> tuple[int, int]:
        """Return at which quarter stamp the register falls, and by how much (Wh)."""
        return self._on_the_day(self.axis.quarter_of_midnight, 9, 17, 4), 2000 + self._draw().randrange(4000)

    def intervals(self) -> Series:
        """Quarter-hours: import and export registers."""
        imported, exported = self.block.start(self.row)
        series = Series(
            self.axis.quarter_stamps,
            self.axis.quarter_cells,
            self.axis.quarter_status,
            (_register(imported, self.block.imported[self.row]), _register(exported, self.block.exported[self.row])),
        )
        if self.fault is Fault.BACKWARDS:
            at, by = self._fall()
            series.values[0][at:] -= by
        return self._spoiled(series) if self.fault in _SPOILT else series

    def _spoiled(self, series: Series) -> Series:
        """Lose rows, repeat one, shift some, doubt the clock, or remember that the power was gone, on the town's date."""
        at = self._on_the_day(self.axis.quarter_of_midnight, 6, 20, 4)
        every = np.arange(len(series.stamps))
        several = slice(at, at + 1 + self._draw().randrange(3))
        if self.fault is Fault.MISSING_ROWS:
            return series.only(np.delete(every, several))
        if self.fault is Fault.REPEATED_ROW:
            return series.only(np.insert(every, at, at))
        if self.fault is Fault.OFF_GRID:
            return self._shifted(series, several)
        status = series.status.copy()
        status[several] |= POWER_DOWN if self.fault is Fault.POWER_DIP else CLOCK_INVALID | DATA_NOT_VALID
        return replace(series, status=status)

    def _shifted(self, series: Series, several: slice) -> Series:
        """Stamp these rows later than the quarter, each before the next."""
        stamps, cells = series.stamps.copy(), series.cells.copy()
        stamps[several] += self._draw().randrange(*_SHIFT_S)
        cells[several] = moments.write_all(stamps[several])
        return replace(series, stamps=stamps, cells=cells)

    def days(self) -> Series:
        """Midnights: the four tariff registers."""
        daily = self.block.daily[self.row].copy()
        if self.fault is Fault.BACKWARDS:
            at, by = self._fall()
            rate = 0 if self.axis.low[at - 1] else 1
            daily[self.axis.daily_stamps >= self.axis.quarter_stamps[at], rate] -= by
        values = tuple(np.ascontiguousarray(daily[:, register]) for register in range(DAILY))
        return Series(self.axis.daily_stamps, self.axis.daily_cells, self.axis.daily_status, values)

    def tariffs(self) -> tuple[Longs, ...]:
        """Quarter-hours: the four tariff registers, in the order of the daily profile. No profile has them; display and P1 do."""
        parts = per_tariff(self.block.imported[self.row], self.block.exported[self.row], self.axis.low)
        starts = self.block.daily[self.row, EARLIER_DAYS]
        values = tuple(_register(int(start), part) for start, part in zip(starts, parts, strict=True))
        if self.fault is Fault.BACKWARDS:
            at, by = self._fall()
            values[0 if self.axis.low[at - 1] else 1][at:] -= by
        return values

    @property
    def _lag_s(self) -> int:
        """How long before its stamp a gas value was captured."""
        return Random(f"{self.seed}/lag").randrange(_MOST_LAG_S)

    def gas_hours(self) -> Series:
        """Hours: the gas register and when it was captured."""
        values = _register(self.block.gas_start(self.row), self.block.gas[self.row])
        capture = self.axis.hour_stamps - self._lag_s
        if self.fault is Fault.STALE_GAS:
            at = self._on_the_day(self.axis.hour_of_midnight, 7, 17, 1)
            several = slice(at, at + 2 + self._draw().randrange(3))
            values[several], capture[several] = values[at - 1], capture[at - 1]
        return Series(self.axis.hour_stamps, self.axis.hour_cells, self.axis.hour_status, (values,), capture)

    def gas_days(self) -> Series:
        """Midnights: the gas register and when it was captured."""
        values = self.block.gas_daily[self.row]
        capture = self.axis.daily_stamps - self._lag_s
        return Series(self.axis.daily_stamps, self.axis.daily_cells, self.axis.daily_status, (values,), capture)


def _register(start: int, deltas: NDArray[np.int32]) -> Longs:
    """Return the register at each stamp: the start, then one more delta each."""
    values = np.empty(len(deltas) + 1, np.int64)
    values[0] = start
    np.cumsum(deltas, out=values[1:])
    values[1:] += start
    return values
