"""What the meters behind one transformer counted: the homes, and as last row the station meter itself. Integers: Wh and dm3."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.simulator.axis import EARLIER_DAYS, Axis
from kwartier.simulator.grid import Flow
from kwartier.simulator.households import Loads

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
DAILY = 4
"""Daily registers in the order of the meter: import low, import normal, export low, export normal."""
_YEARS = (0.5, 5.0)
"""Meters were placed this many years ago: what their registers start at."""
_MOST_START = 1_500_000_000


@final
@dataclass(frozen=True, slots=True)
class Block:
    """Per meter: Wh per quarter, dm3 per hour, and the registers at every midnight of `Axis.daily_stamps`.

    `daily` is [meter, midnight, 4]; `gas_daily` is [home, midnight]. `flow` tells why the station meter counted what it did.
    """

    imported: Ints
    exported: Ints
    gas: Ints
    daily: Longs
    gas_daily: Longs
    flow: Flow

    def start(self, row: int) -> tuple[int, int]:
        """Return the import and export registers at the first midnight of the axis: the rates sum to the total."""
        low, normal, out_low, out_normal = (int(v) for v in self.daily[row, EARLIER_DAYS])
        return low + normal, out_low + out_normal

    def gas_start(self, row: int) -> int:
        """Return the gas register at the first midnight of the axis."""
        return int(self.gas_daily[row, EARLIER_DAYS])


def build(lived: Loads, flow: Flow, axis: Axis, draw: np.random.Generator) -> Block:
    """Turn loads and flow into registers."""
    imported = np.vstack((lived.imported, flow.infeed[None]))
    exported = np.vstack((lived.exported, flow.backflow[None]))
    parts = per_tariff(imported, exported, axis.low)
    by_day = np.stack([np.add.reduceat(part, axis.quarter_of_midnight[:-1], axis=1, dtype=np.int64) for part in parts], axis=2)
    gas_by_day = np.add.reduceat(lived.gas, axis.hour_of_midnight[:-1], axis=1, dtype=np.int64)
    return Block(imported, exported, lived.gas, _registers(by_day, draw), _registers(gas_by_day[:, :, None], draw)[:, :, 0], flow)


def per_tariff(imported: Ints, exported: Ints, low: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return what each daily register counted per quarter, in the order of the meter."""
    return imported * low, imported * ~low, exported * low, exported * ~low


def _registers(by_day: Longs, draw: np.random.Generator) -> Longs:
    """Return registers at midnights from what was counted by day: [meter, day, register] to [meter, midnight, register]."""
    meters, _, registers = by_day.shape
    mean = by_day.mean(axis=1, keepdims=True)
    early = np.rint(mean * draw.uniform(0.6, 1.4, (meters, EARLIER_DAYS, registers))).astype(np.int64)
    start = np.rint(mean * 365 * draw.uniform(*_YEARS, (meters, 1, 1))).astype(np.int64) % _MOST_START
    counted = np.concatenate((start, early, by_day), axis=1)
    return np.cumsum(counted, axis=1)
