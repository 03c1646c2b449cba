"""S17: an outage is found by asking meters for power failures and voltages, never for usage, and placed on its transformer."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.grid import outages
from kwartier.grid.outages import Dark, Found
from kwartier.grounds import conduct
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
OUTAGE_RULE: Final = conduct.EDITIONS[-1].rule("O2").no
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
class Search:
    """Looks for outages: says what would be asked, takes what was seen, and tells what it comes down to."""

    def __init__(self, at: datetime) -> None:
        """Begin a search that asks as of `at`."""
        self._at = at
        self._where: dict[int, int] = {}
        self._remembered: dict[int, dict[int, list[outages.Failure]]] = {}
        self._levels: dict[int, dict[int, tuple[int, ...] | None]] = {}

    def wanted(self, row: ConnectionRow) -> list[Wish]:
        """Return what would be asked of the meter of this connection."""
        if row.wired is None or row.wired.mbus or row.transformer is None:
            return []
        self._where[row.wired.meter] = row.transformer
        return list(wishes.under_use_cases(row, Purpose.OUTAGE, ASKED, self._at))

    def take(self, done: Done) -> None:
        """Take up how one errand ended; one for another purpose is none of this search's business."""
        station = self._where.get(done.errand.meter)
        if station is None or done.errand.permits[0].rule_no != OUTAGE_RULE:
            return
        if done.sight is not None:
            self._see(station, done.errand, done.sight)
        elif done.errand.chore is Chore.VOLTAGES and done.reason in _SILENT:
            self._levels.setdefault(station, {})[done.errand.meter] = None

    def _see(self, station: int, errand: Errand, sight: Sight) -> None:
        if errand.chore is Chore.POWER_FAILURES:
            self._remembered.setdefault(station, {})[errand.meter] = outages.failures(sight.entries)
        else:
            self._levels.setdefault(station, {})[errand.meter] = sight.levels_dv

    def result(self, house: Installation, whole: Round) -> Outages:
        """Tell what was out, and what is."""
        found = outages.find(self._remembered)
        dark = outages.dark(self._levels)
        return Outages(whole, found, tuple(dark), _stations(house, found, dark, self._at))


def find_outages(house: Installation, executor: Executor, *, clock: Clock, names: Iterable[str] | None = None) -> Outages:
    """Ask the meters behind these transformers, or behind all in areas with an approved use case, and find what was out, and is.

    Raises NotFound for a name that no transformer has.
    """
    transformers = None if names is None else _keys(house, names)
    at = clock()
    search = Search(at)
    batches = wishes.walk(house, at, search.wanted, only=transformers)
    return search.result(house, carry(house, batches, executor, clock=clock, each=search.take))


def _keys(house: Installation, names: Iterable[str]) -> frozenset[int]:
    with house.operator() as c:
        return frozenset(care.transformer(c, name) for name in names)


def _stations(house: Installation, found: Found, dark: list[Dark], at: datetime) -> dict[int, Station]:
    keys = {one.transformer for one in found.outages} | {one.transformer for one in found.own} | {one.transformer for one in dark}
    with house.operator() as c:
        return care.stations(c, sorted(keys), at)
