"""S17: an outage is found by asking meters for power failures and voltages, never for usage, and placed on its transformer."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.grid import outages
from kwartier.grid.outages import Dark, Found
from kwartier.model.care import Chore, Errand, Sight
from kwartier.model.ground import Purpose
from kwartier.model.task import GapReason
from kwartier.store.registry import care
from kwartier.store.registry.care import Station
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits import wishes
from kwartier.workflows.visits.errands import Done, Round, Wish, carry

ASKED: Final = (Chore.POWER_FAILURES, Chore.VOLTAGES)
_SILENT: Final = frozenset({GapReason.UNREACHABLE, GapReason.TIMEOUT})


@final
@dataclass(frozen=True, slots=True)
class Outages:
    """What was found: past outages and homes' own failures, and what is dark now; `stations` names the transformers."""

    round: Round
    found: Found
    dark: tuple[Dark, ...]
    stations: dict[int, Station]


@final
class _Map:
    """Who remembers what, and who has which voltages, by transformer."""

    def __init__(self) -> None:
        self.where: dict[int, int] = {}
        self.remembered: dict[int, dict[int, list[outages.Failure]]] = {}
        self.levels: dict[int, dict[int, tuple[int, ...] | None]] = {}

    def take(self, done: Done) -> None:
        """Take up how one errand ended."""
        station = self.where.get(done.errand.meter)
        if station is None:
            return
        if done.sight is not None:
            self._see(station, done.errand, done.sight)
        elif done.errand.chore is Chore.VOLTAGES and done.reason in _SILENT:
            self.levels.setdefault(station, {})[done.errand.meter] = None

    def _see(self, station: int, errand: Errand, sight: Sight) -> None:
        if errand.chore is Chore.POWER_FAILURES:
            self.remembered.setdefault(station, {})[errand.meter] = outages.failures(sight.entries)
        else:
            self.levels.setdefault(station, {})[errand.meter] = sight.levels_dv


def find_outages(house: Installation, executor: Executor, *, clock: Clock, names: Iterable[str] | None = None) -> Outages:
    """Ask the meters behind these transformers, or behind all in areas with an approved use case, and find what was out, and is.

    Raises NotFound for a name that no transformer has.
    """
    transformers = None if names is None else _keys(house, names)
    at = clock()
    seen = _Map()

    def wanted(row: ConnectionRow) -> list[Wish]:
        if row.wired is None or row.wired.mbus or row.transformer is None:
            return []
        seen.where[row.wired.meter] = row.transformer
        return list(wishes.under_use_cases(row, Purpose.OUTAGE, ASKED, at))

    batches = wishes.walk(house, at, wanted, only=transformers)
    whole = carry(house, batches, executor, clock=clock, each=seen.take)
    found = outages.find(seen.remembered)
    dark = outages.dark(seen.levels)
    return Outages(whole, found, tuple(dark), _stations(house, found, dark, at))


def _keys(house: Installation, names: Iterable[str]) -> frozenset[int]:
    with house.operator() as c:
        return frozenset(care.transformer(c, name) for name in names)


def _stations(house: Installation, found: Found, dark: list[Dark], at: datetime) -> dict[int, Station]:
    keys = {one.transformer for one in found.outages} | {one.transformer for one in found.own} | {one.transformer for one in dark}
    with house.operator() as c:
        return care.stations(c, sorted(keys), at)
