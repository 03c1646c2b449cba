"""The low-voltage grid: transformers, what they lose, what is stolen behind them, and what their station meters count.

For every quarter-hour, exactly and in Wh: infeed - backflow = sum of imports - sum of exports + technical loss + theft.
"""

from dataclasses import dataclass
from random import Random
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.simulator.axis import Axis

Ints = NDArray[np.int32]
_HOMES_PER_TRANSFORMER = 32
_SMALL_TOWN = 40
_FEWEST = 3
_TRANSFORMERS_PER_AREA = 20
_NO_LOAD_WH = 65
"""Iron loss per quarter: about 260 W, a transformer of 250 kVA."""
_THIEVES_EVERY = 4
_TROUBLED_THIEF = 5
"""Every eighth station from this one on has one, too, among unread meters."""
_LIT_UNTIL, _LIT_FROM = 7, 19
"""Local hours at night in which the stolen lamps burn."""


@final
@dataclass(frozen=True, slots=True)
class Transformer:
    """One station: its homes are [first, end). `troubled`: faults and refusals may be among them. `stolen_w` by night growers."""

    index: int
    first: int
    end: int
    troubled: bool
    stolen_w: int

    @property
    def name(self) -> str:
        """Name of the station."""
        return f"T{self.index + 1:04d}"

    @property
    def area(self) -> str:
        """Grid area the station lies in."""
        return f"wijk-{self.index // _TRANSFORMERS_PER_AREA + 1:02d}"


def transformers(seed: int, homes: int) -> list[Transformer]:
    """Divide the homes over transformers of different sizes. Every fourth one is troubled; the first never is."""
    draw = Random(f"{seed}/grid")
    fewest = _FEWEST if homes >= _SMALL_TOWN else 1
    count = max(fewest, round(homes / _HOMES_PER_TRANSFORMER))
    bounds = _bounds([draw.uniform(0.85, 1.15) for _ in range(count)], homes)
    thief = draw.randrange(0, _THIEVES_EVERY, 2)  # where all meters can be read
    return [
        Transformer(
            index=t,
            first=bounds[t],
            end=bounds[t + 1],
            troubled=t % 4 == 1,
            stolen_w=draw.randrange(900, 2600, 100)
            if t % _THIEVES_EVERY == thief % count or t % (2 * _THIEVES_EVERY) == _TROUBLED_THIEF
            else 0,
        )
        for t in range(count)
    ]


def _bounds(weights: list[float], homes: int) -> list[int]:
    """Cut `homes` in proportion to the weights."""
    bounds, reached, whole = [0], 0.0, sum(weights)
    for weight in weights:
        reached += weight
        bounds.append(round(homes * reached / whole))
    return bounds


@final
@dataclass(frozen=True, slots=True)
class Flow:
    """What a station does per quarter, Wh: what its meter counts, and why."""

    infeed: Ints
    backflow: Ints
    technical: Ints
    theft: Ints


def flow(net_use: NDArray[np.int64], stolen_w: int, axis: Axis, draw: np.random.Generator) -> Flow:
    """Return the flow behind a net use of the homes (Wh per quarter, below 0 when the roofs give more)."""
    theft = np.where((axis.local_hour < _LIT_UNTIL) | (axis.local_hour > _LIT_FROM), stolen_w // 4, 0)
    through = net_use + theft
    kilowatt = through / 250
    technical = _NO_LOAD_WH + np.rint(0.11 * kilowatt * kilowatt).astype(np.int64)
    through = through + technical
    both = np.maximum(0, 400 - np.abs(through)) * draw.integers(0, 40, len(through)) // 100
    return Flow(
        infeed=(np.maximum(through, 0) + both).astype(np.int32),
        backflow=(np.maximum(-through, 0) + both).astype(np.int32),
        technical=technical.astype(np.int32),
        theft=theft.astype(np.int32),
    )
