"""The history as people look at it: quarters of a day, hours of gas, days, months; the open interval included."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from kwartier.home.fold import State
from kwartier.home.sample import Counter
from kwartier.home.store.history import Amount, History, Key, still_open
from kwartier.home.track import Mark
from kwartier.model.period import HOUR_S, QUARTER_S, day_of, day_period, epoch_s, from_epoch_s


@final
class Kind(StrEnum):
    """What people ask for: electricity taken and given, and what else is metered."""

    TAKEN = "taken"
    GIVEN = "given"
    GAS = "gas"
    WATER = "water"
    WARM_WATER = "warm_water"
    HEAT = "heat"
    COOLING = "cooling"


DEVICE_KINDS: Final = (Kind.GAS, Kind.WATER, Kind.WARM_WATER, Kind.HEAT, Kind.COOLING)


def kind_of(counter: Counter) -> Kind:
    """Return under what a counter is added up."""
    if counter.is_import:
        return Kind.TAKEN
    return Kind.GIVEN if counter.is_export else Kind(counter.value)


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One interval or day: what was counted of each kind, and of each rate. What nobody counted is absent."""

    kinds: Mapping[Kind, Amount] = field(default_factory=lambda: MappingProxyType({}))
    counters: Mapping[Counter, Amount] = field(default_factory=lambda: MappingProxyType({}))

    def value(self, kind: Kind) -> int | None:
        """Return what was counted of a kind; None if nobody did."""
        amount = self.kinds.get(kind)
        return None if amount is None else amount.value

    @property
    def mark(self) -> Mark:
        """All marks of all values."""
        mark = Mark.MEASURED
        for amount in self.kinds.values():
            mark |= amount.mark
        return mark


@final
@dataclass(frozen=True, slots=True)
class Silence:
    """[start, end): nothing was heard in between for longer than one interval; `row` is what the registers rose over it all."""

    start: int
    end: int
    row: Row


@final
@dataclass(frozen=True, slots=True)
class Day:
    """A local day: its quarters (92, 96 or 100) and hours by their starts, the silences that end in it, and its totals."""

    day: date
    quarters: Mapping[int, Row]
    hours: Mapping[int, Row]
    silences: tuple[Silence, ...]
    total: Row


def row_of(amounts: Iterable[tuple[Counter, Amount]]) -> Row:
    """Add amounts up."""
    kinds: dict[Kind, Amount] = {}
    counters: dict[Counter, Amount] = {}
    for counter, amount in amounts:
        kind = kind_of(counter)
        kinds[kind] = kinds[kind].plus(amount) if kind in kinds else amount
        counters[counter] = counters[counter].plus(amount) if counter in counters else amount
    return Row(MappingProxyType(kinds), MappingProxyType(counters))


def merged(left: Row, right: Row) -> Row:
    """Add two rows."""
    return row_of([*left.counters.items(), *right.counters.items()])


def day(history: History, state: State, wanted: date) -> Day:
    """Return all that is known of a local day."""
    whole = day_period(wanted)
    start, end = epoch_s(whole.start), epoch_s(whole.end or whole.start)
    amounts = history.intervals(start, end)
    opened = {key: amount for key, amount in still_open(state).items() if start <= key[0] < end}
    both = [*amounts.items(), *opened.items()]
    quarters = _rows(both, range(start, end, QUARTER_S), electric=True)
    hours = _rows(both, range(start, end, HOUR_S), electric=False)
    return Day(wanted, quarters, hours, tuple(_silences(both)), row_of((counter, amount) for (_, counter), amount in both))


def _rows(amounts: Iterable[tuple[Key, Amount]], starts: range, *, electric: bool) -> dict[int, Row]:
    """Return a row for each start; a sum over several intervals is no value of the last of them."""
    gathered: dict[int, list[tuple[Counter, Amount]]] = {start: [] for start in starts}
    for (at, counter), amount in amounts:
        if (counter.is_import or counter.is_export) is electric and amount.steps == 1 and at in gathered:
            gathered[at].append((counter, amount))
    return {start: row_of(found) for start, found in gathered.items()}


def _silences(amounts: Iterable[tuple[Key, Amount]]) -> list[Silence]:
    gathered: dict[tuple[int, int], list[tuple[Counter, Amount]]] = {}
    for (at, counter), amount in amounts:
        if amount.steps > 1:
            step = QUARTER_S if counter.is_import or counter.is_export else HOUR_S
            gathered.setdefault((at - (amount.steps - 1) * step, at + step), []).append((counter, amount))
    return [Silence(start, end, row_of(found)) for (start, end), found in sorted(gathered.items())]


def days(history: History, state: State, first: date, last: date) -> dict[date, Row]:
    """Return the days in [first, last] of which something is known."""
    gathered: dict[date, list[tuple[Counter, Amount]]] = {}
    for (at, counter), amount in history.days(first, last).items():
        gathered.setdefault(at, []).append((counter, amount))
    for (start, counter), amount in still_open(state).items():
        at = day_of(from_epoch_s(start))
        if first <= at <= last:
            gathered.setdefault(at, []).append((counter, amount))
    return {at: row_of(gathered[at]) for at in sorted(gathered)}


def by_month(rows: Mapping[date, Row]) -> dict[date, Row]:
    """Add days up to months, named by their first day."""
    found: dict[date, Row] = {}
    for at, row in rows.items():
        month = at.replace(day=1)
        found[month] = merged(found[month], row) if month in found else row
    return found


def months_back(last: date, count: int) -> list[date]:
    """Return the first days of so many months, the last of which holds `last`, oldest first."""
    found = [last.replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]
