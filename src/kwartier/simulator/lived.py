"""What the meter of one home shows at any second: registers per tariff, power, gas. Pure; epoch seconds, Wh, W, dm3.

At every boundary of a quarter-hour the registers are those of the meter's profiles; in between they rise. A quarter in which both
directions counted has first its taking, then its giving, so that at any second one of the two runs and the power is its slope.
Gas is told every five minutes; when the gas meter gave nothing new, the last value stays, with its stamp.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from kwartier.model.period import HOUR_S, QUARTER_S
from kwartier.simulator.devices import has_gas, meter_of
from kwartier.simulator.held import POWER_DOWN, Meter
from kwartier.simulator.town import Town

GAS_EVERY_S = 300


@final
@dataclass(frozen=True, slots=True)
class Gas:
    """The register of a gas meter (dm3) and when it was captured."""

    at: int
    dm3: int


@final
@dataclass(frozen=True, slots=True)
class Now:
    """One second of a meter: registers as (low, normal) in Wh; `power_w` is taken minus given; `dips` short power failures."""

    at: int
    taken: tuple[int, int]
    given: tuple[int, int]
    power_w: int
    is_low: bool
    dips: int
    gas: Gas | None


@final
@dataclass(frozen=True, slots=True)
class _Run:
    """What runs at a second of a quarter: Wh taken and given so far, and the power."""

    taken: int
    given: int
    power_w: int


@final
class Lived:
    """One home's meter over the days its town knows. Before them and after them it stands still."""

    def __init__(self, town: Town, number: int) -> None:
        """Take the registers of a home's meter; the number must be one of the town's."""
        meter = meter_of(town, number)
        self._axis = town.axis
        self._imported = meter.block.imported[meter.row].copy()  # a view would keep the whole block
        self._exported = meter.block.exported[meter.row].copy()
        self._registers = meter.tariffs()
        rows = meter.intervals()
        self._dips = rows.stamps[rows.status & POWER_DOWN != 0]
        self._gas = _GasMeter(meter) if has_gas(town, number) else None

    def at(self, moment: int) -> Now:
        """Return what the meter shows at a moment, whatever its clock says then."""
        stamps = self._axis.quarter_stamps
        within = min(max(moment, int(stamps[0])), int(stamps[-1]))
        quarter, elapsed = divmod(within - int(stamps[0]), QUARTER_S)
        low, normal, out_low, out_normal = (int(register[quarter]) for register in self._registers)
        is_low, run = self._is_low(quarter), self._run(quarter, elapsed)
        return Now(
            moment,
            (low + run.taken, normal) if is_low else (low, normal + run.taken),
            (out_low + run.given, out_normal) if is_low else (out_low, out_normal + run.given),
            run.power_w,
            is_low,
            int(np.searchsorted(self._dips, moment, "right")),
            self._gas.at(within) if self._gas else None,
        )

    def _is_low(self, quarter: int) -> bool:
        return bool(self._axis.low[min(quarter, len(self._axis.low) - 1)])

    def _run(self, quarter: int, elapsed: int) -> _Run:
        if quarter == len(self._imported):
            return _Run(0, 0, 0)
        return run(int(self._imported[quarter]), int(self._exported[quarter]), elapsed)


def run(take: int, give: int, elapsed: int) -> _Run:
    """Return where a quarter-hour is that takes and gives so many Wh, after so many of its 900 seconds."""
    power_w = (take + give) * HOUR_S // QUARTER_S
    turn = _turn(take, give)
    if elapsed < turn:
        return _Run(take * elapsed // turn, 0, power_w)
    return _Run(take, give * (elapsed - turn) // (QUARTER_S - turn), -power_w)


def _turn(take: int, give: int) -> int:
    """Return the second at which taking turns into giving: one each at least where there is both."""
    if not give:
        return QUARTER_S
    return min(max(QUARTER_S * take // (take + give), 1), QUARTER_S - 1) if take else 0


@final
class _GasMeter:
    """The gas meter behind the meter."""

    def __init__(self, meter: Meter) -> None:
        rows = meter.gas_hours()
        assert rows.capture is not None  # noqa: S101 - gas rows have one
        self._stamps, self._values = rows.stamps, rows.values[0]
        fresh = np.diff(rows.capture, prepend=rows.capture[0] - 1) != 0
        self._newest = np.maximum.accumulate(np.where(fresh, np.arange(len(fresh)), 0))

    def at(self, moment: int) -> Gas:
        mark = moment // GAS_EVERY_S * GAS_EVERY_S
        hour, elapsed = divmod(mark - int(self._stamps[0]), HOUR_S)
        known, value = int(self._newest[hour]), int(self._values[hour])
        if not elapsed or known != hour or int(self._newest[hour + 1]) != hour + 1:
            return Gas(int(self._stamps[known]), value)
        return Gas(mark, value + (int(self._values[hour + 1]) - value) * elapsed // HOUR_S)
