"""The weather over the town: one temperature and one sky for everybody, drawn from the seed."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.simulator.axis import Axis, day_of_year

_LATITUDE = np.radians(52.0)
_NOON_UTC = 11.65
"""Hours UTC at which the sun is highest at 5 degrees east."""


@final
@dataclass(frozen=True, slots=True)
class Weather:
    """Per quarter: degrees Celsius outside, and W per W-peak that a solar roof gives."""

    celsius: NDArray[np.float64]
    solar: NDArray[np.float64]


def weather(seed: int, axis: Axis) -> Weather:
    """Draw the weather of the axis."""
    draw = np.random.default_rng([seed, 1])
    starts = axis.quarter_stamps[:-1]
    year = np.array([day_of_year(int(stamp)) for stamp in axis.midnights[:-1]], np.float64)[axis.quarter_day]
    mild = draw.normal(0.0, 2.5, len(axis.midnights) - 1)[axis.quarter_day]
    season = 10.5 - 7.5 * np.cos(2 * np.pi * (year - 20) / 365)
    celsius = season + mild + 3.0 * np.cos(2 * np.pi * (axis.local_hour - 15) / 24)
    return Weather(celsius, _sun(starts, year) * _sky(draw, axis))


def _sun(starts: NDArray[np.int64], year: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the yield under a clear sky, from the height of the sun."""
    declination = np.radians(23.44) * np.sin(2 * np.pi * (year - 81) / 365)
    hour_angle = ((starts % 86400) / 3600 + 0.125 - _NOON_UTC) * np.pi / 12
    height = np.sin(_LATITUDE) * np.sin(declination) + np.cos(_LATITUDE) * np.cos(declination) * np.cos(hour_angle)
    clear: NDArray[np.float64] = 0.92 * np.clip(height, 0, None) ** 1.15
    return clear


def _sky(draw: np.random.Generator, axis: Axis) -> NDArray[np.float64]:
    """Return the share of the clear-sky yield that gets through, by day and in passing clouds."""
    by_day = draw.uniform(0.25, 1.0, len(axis.midnights) - 1)[axis.quarter_day]
    passing = np.convolve(draw.uniform(0.3, 1.3, len(by_day) + 4), np.ones(5) / 5, "valid")
    return np.clip(by_day * passing, 0.05, 1.0)
