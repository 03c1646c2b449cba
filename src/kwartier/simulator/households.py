"""The homes: what they own, and what they take and give in every quarter-hour and hour. Vectorised per transformer."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.period import HOUR_S, QUARTER_S
from kwartier.simulator.axis import Axis
from kwartier.simulator.weather import Weather

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
_SHAPE = (
    5.0,
    4.2,
    3.8,
    3.7,
    3.8,
    4.3,
    6.5,
    9.0,
    9.0,
    8.0,
    7.6,
    7.8,
    8.4,
    8.0,
    7.6,
    8.0,
    9.6,
    12.5,
    14.5,
    14.8,
    14.0,
    12.5,
    10.0,
    7.0,
)
"""Ordinary use by local hour, any unit."""
_QUARTERS_A_YEAR = 35_040
_SETBACK = (0.35,) * 6 + (1.5, 1.6, 1.3) + (0.9,) * 7 + (1.2, 1.4, 1.5, 1.4, 1.3, 1.0) + (0.5, 0.35)
"""Heating by local hour: low at night, high in the morning and the evening."""
_WH_PER_DM3 = 9.3
"""Useful heat from a litre of natural gas."""
_MIX = 0.04
"""In a quarter with both sun and use, clouds and kettles make both registers run: this share of the smaller one."""
_HEADROOM = 0.9
"""No home draws more than this share of its connection."""
_HEAT_PUMPS, _ROOFS, _CHARGERS = 0.18, 0.4, 0.15
_CHARGING_EVENINGS = 0.45
_ASLEEP_UNTIL = 5


@final
@dataclass(frozen=True, slots=True)
class Household:
    """What a home owns: W-peak of its solar roof, W of its car charger (0: none), heat pump, gas; and what it needs."""

    solar_w: int
    charger_w: int
    heat_pump: bool
    gas: bool
    yearly_wh: int
    loss_w_per_degree: int
    capacity_w: int

    def describe(self) -> str:
        """Name what makes it special, in a few words."""
        parts = ["PV"] * bool(self.solar_w) + ["EV"] * bool(self.charger_w) + ["heat pump"] * self.heat_pump
        return " + ".join(parts) or "ordinary"


def household(seed: int, home: int) -> Household:
    """Draw one home. The first one shows everything at once but a heat pump: sun, car and gas."""
    draw = Random(f"{seed}/household/{home}")
    heat_pump = draw.random() < _HEAT_PUMPS
    gas = draw.random() < (0.1 if heat_pump else 0.95)
    solar = draw.randrange(2400, 8400, 400) if draw.random() < _ROOFS else 0
    charger = draw.choice((3700, 7400, 11000)) if draw.random() < _CHARGERS else 0
    if home == 0:
        heat_pump, gas, solar, charger = False, True, 4800, 7400
    return Household(
        solar_w=solar,
        charger_w=charger,
        heat_pump=heat_pump,
        gas=gas,
        yearly_wh=draw.randrange(1_200_000, 4_600_000),
        loss_w_per_degree=draw.randrange(90, 230),
        capacity_w=24_150 if charger and heat_pump else 17_250,
    )


@final
@dataclass(frozen=True, slots=True)
class Loads:
    """Wh taken and given per home and quarter, dm3 of gas per home and hour."""

    imported: Ints
    exported: Ints
    gas: Ints


def loads(homes: Sequence[Household], axis: Axis, weather: Weather, draw: np.random.Generator) -> Loads:
    """Draw what these homes do over the whole axis."""
    use = _ordinary(homes, axis, draw) + _heat_pumps(homes, weather, draw) + _chargers(homes, axis, draw)
    sun = _column([h.solar_w for h in homes]) * weather.solar / 4 * draw.uniform(0.93, 1.0, (len(homes), 1))
    both = _MIX * np.minimum(use, sun)
    net = use - sun
    bound = np.array([h.capacity_w for h in homes], np.float64)[:, None] * (_HEADROOM * QUARTER_S / HOUR_S)
    imported = np.minimum(np.maximum(net, 0) + both, bound)
    exported = np.minimum(np.maximum(-net, 0) + both, bound)
    return Loads(np.rint(imported).astype(np.int32), np.rint(exported).astype(np.int32), _gas(homes, axis, weather, draw))


def _column(values: Sequence[float]) -> Floats:
    """Return a value per home, as a column."""
    return np.array(values, np.float64)[:, None]


def _ordinary(homes: Sequence[Household], axis: Axis, draw: np.random.Generator) -> Floats:
    """Lights, kitchens, fridges: a shape by local hour, later on weekends, and chance."""
    hours = axis.local_hour - np.where(axis.weekend, 1.0, 0.0)
    shape = np.interp(hours, np.arange(25), (*_SHAPE, _SHAPE[0]), period=24)
    shape /= np.mean(_SHAPE)
    chance = draw.gamma(1.6, 1 / 1.6, (len(homes), len(shape)))
    return _column([h.yearly_wh for h in homes]) / _QUARTERS_A_YEAR * shape * (0.35 + 0.65 * chance)


def _heat_pumps(homes: Sequence[Household], weather: Weather, draw: np.random.Generator) -> Floats:
    """Heat a home needs, divided by a coefficient of performance that falls with the cold; pumps run on and off."""
    need = np.maximum(15.5 - weather.celsius, 0) / (2.6 + 0.08 * np.clip(weather.celsius, -8, 15))
    power = _column([h.loss_w_per_degree * h.heat_pump for h in homes]) * need
    return power / 4 * draw.uniform(0.4, 1.6, power.shape)


def _chargers(homes: Sequence[Household], axis: Axis, draw: np.random.Generator) -> Floats:
    """Cars: some evenings, from half past five on, for one to five hours."""
    charge = np.zeros((len(homes), len(axis.local_hour)))
    for row, home in enumerate(homes):
        if not home.charger_w:
            continue
        for begin in axis.quarter_of_midnight[:-1]:
            start = int(begin) + int(draw.integers(70, 94))
            if draw.random() < _CHARGING_EVENINGS:
                charge[row, start : start + int(draw.integers(4, 20))] = home.charger_w / 4
    return charge


def _gas(homes: Sequence[Household], axis: Axis, weather: Weather, draw: np.random.Generator) -> Ints:
    """Heating by the cold and the hour, and showers."""
    hours = axis.local_hour[::4].astype(np.int64)
    cold = np.maximum(16.0 - weather.celsius.reshape(-1, 4).mean(axis=1), 0)
    burns = _column([h.gas and not h.heat_pump for h in homes])
    heat = _column([h.loss_w_per_degree for h in homes]) * burns * cold * np.array(_SETBACK)[hours] / _WH_PER_DM3
    showers = draw.poisson(0.11, heat.shape) * draw.uniform(60, 220, heat.shape)
    showers = np.where(hours > _ASLEEP_UNTIL, showers, 0) * _column([h.gas for h in homes])
    burnt: Ints = np.rint(heat * draw.uniform(0.7, 1.3, heat.shape) + showers).astype(np.int32)
    return burnt
