"""The town: which homes and stations there are, and what their meters counted. Everything follows from seed, homes and date."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from random import Random
from typing import final

import numpy as np

from kwartier.simulator import behaviour, grid, identity
from kwartier.simulator.axis import Axis
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.block import Block, build
from kwartier.simulator.errors import BadTown
from kwartier.simulator.grid import Transformer
from kwartier.simulator.households import Household, household, loads
from kwartier.simulator.weather import Weather, weather

_BLOCKS_HELD = 320
"""Blocks kept in memory: about 300 kB each."""
NEVER_TROUBLED = frozenset({0, 1, 2})
"""The homes of the demo's own cases: everything at once, the move, the switch."""


@final
@dataclass(frozen=True, slots=True)
class Home:
    """One home: what it owns, and what is wrong with its meter."""

    index: int
    transformer: int
    owns: Household
    fault: Fault

    @property
    def number(self) -> int:
        """Number of its meter."""
        return identity.home_number(self.index)

    @property
    def has_meter(self) -> bool:
        """False if there is no readable meter."""
        return self.fault is not Fault.REFUSED_NO_METER

    @property
    def refused(self) -> bool:
        """True if the customer refused the smart meter."""
        return self.fault in {Fault.REFUSED_NO_METER, Fault.REFUSED_WITH_METER}


class Town:
    """A town of `homes` homes, drawn from `seed`, whose day of interest is `day`."""

    def __init__(self, seed: int, homes: int, day: date, after: int = 0) -> None:
        """Settle who lives where; meters count on for `after` days more. Raises BadTown for numbers that cannot be."""
        if not 0 < homes <= identity.MOST_HOMES or seed < 0 or after < 0:
            msg = "a town has at least one home, and a seed and days after that are not negative"
            raise BadTown(msg)
        self.seed = seed
        self.day = day
        self.axis = Axis(day, after)
        self.transformers: list[Transformer] = grid.transformers(seed, homes)
        self.homes: list[Home] = self._homes()
        self.block = lru_cache(maxsize=_BLOCKS_HELD)(self._block)

    def _homes(self) -> list[Home]:
        """Draw the homes, then spread the faults over troubled transformers."""
        owned = [household(self.seed, home) for home in range(self.transformers[-1].end)]
        may = [h for t in self.transformers if t.troubled for h in range(t.first, t.end) if h not in NEVER_TROUBLED]
        with_gas = frozenset(home for home, owns in enumerate(owned) if owns.gas)
        faults = behaviour.assign(may, with_gas, len(owned), Random(f"{self.seed}/faults"))
        return [
            Home(home, t.index, owned[home], faults.get(home, Fault.SOUND))
            for t in self.transformers
            for home in range(t.first, t.end)
        ]

    @cached_property
    def _weather(self) -> Weather:
        """The weather over all of it."""
        return weather(self.seed, self.axis)

    def _block(self, transformer: int) -> Block:
        """Let the homes of one transformer live through the axis."""
        station = self.transformers[transformer]
        owned = [home.owns for home in self.homes[station.first : station.end]]
        draw = np.random.default_rng([self.seed, 2, transformer])
        lived = loads(owned, self.axis, self._weather, draw)
        net = (lived.imported.astype(np.int64) - lived.exported).sum(axis=0)
        return build(lived, grid.flow(net, station.stolen_w, self.axis, draw), self.axis, draw)

    @property
    def meters(self) -> int:
        """How many readable meters there are, stations included."""
        return len(self.transformers) + sum(home.has_meter for home in self.homes)

    def at(self, number: int) -> "Home | Transformer | None":
        """Return whose meter has this number; None where there is none."""
        station, index = identity.place(number)
        if station:
            return self.transformers[index] if index < len(self.transformers) else None
        return self.homes[index] if 0 <= index < len(self.homes) and self.homes[index].has_meter else None
