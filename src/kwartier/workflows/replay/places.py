"""Which meter is whose, and which area each thing lies in, as the log was told it.

None of it is anybody's ground. But all of it says whose readings are whose, and what a use case may look at: so this too is taken
from the log, and what the registry says is held against it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Told
from kwartier.model.ground import STATION, FactRef
from kwartier.model.period import Period, day_of, day_period, from_epoch_s, midnight
from kwartier.model.register import Product
from kwartier.workflows.replay import told
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.tasks import TaskKey
from kwartier.workflows.replay.told import Histories, History, State

C = Connection[Any]

AT_HOMES: Final = tuple(kind for kind in EventKind if kind.partition(":")[0] in {"meter", "coupling"})
"""What is told of meters at connections, and of gas meters behind them."""


class Location(NamedTuple):
    """Where a connection or a transformer lies, as one entry left it. A transformer has no product, and is at none."""

    position: int
    at: datetime
    area: str
    product: Product | None = None
    transformer: int | None = None


def locations(entries: Iterable[Told]) -> dict[int, list[Location]]:
    """Return where each thing was told to lie, in the log's order. Raises KeyError, ValueError where an entry does not say it."""
    found: dict[int, list[Location]] = defaultdict(list)
    for one in entries:
        body, where = one.body, Location(one.position, one.at, one.body["area"])
        if one.kind == EventKind.TRANSFORMER_REGISTERED:
            found[body["transformer"]].append(where)
        else:
            found[body["connection"]].append(where._replace(product=Product(body["product"]), transformer=body["transformer"]))
    return {**found}


def location_at(said: Sequence[Location], at: datetime, before: int | None) -> Location:
    """Return where it lay as it was known; before it was told for the first time, where it was told to lie then."""
    return told.known(said, at, before) or said[0]


class AtHome(NamedTuple):
    """A meter at a connection for a time, as one entry left it: the electricity meter itself, or a gas meter on a channel of it."""

    position: int
    at: datetime
    meter: int
    mbus: int
    period: Period | None
    """None for a coupling that was wrong, and was taken out."""
    is_late: bool = False
    """True where it came in before the log was told such things: then it was known before, if not until when."""

    @classmethod
    def of(cls, ref: FactRef, state: State) -> "AtHome":
        """Read it from what was told of a placement or a coupling. Raises KeyError."""
        holds = None if state.out else Period(state.start, state.end)
        if ref[0] == "meter":
            return cls(state.position, state.at, ref[1], 0, holds)
        return cls(state.position, state.at, state.rest["meter"], state.rest["mbus"], holds, bool(state.rest.get("late")))

    def serves(self, key: TaskKey) -> bool:
        """True if a task may ask this meter for this connection.

        Usage is asked of the time for which it is there alone. A chore is done by the electricity meter, whoever it is for, also
        earlier on the day on which it comes.
        """
        if self.period is None or self.meter != key.meter or (self.mbus != key.mbus and (key.mbus or key.chore is None)):
            return False
        asked = Period(from_epoch_s(key.first_s), from_epoch_s(key.last_s))
        if key.chore is None:
            return self.period.covers(asked)
        ends = day_period(day_of(from_epoch_s(key.last_s))).end
        return self.period.touches(Period(midnight(day_of(asked.start)), ends))


@final
@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the log was told of where a connection lies (never empty), and of its meters and the gas meters coupled to it."""

    locations: Sequence[Location]
    placed: Histories = field(default_factory=dict)
    at_home: Sequence[Sequence[AtHome]] = ()
    """The same, ready for a question: of each fact what it went through."""

    @classmethod
    def of(cls, locations: Sequence[Location], placed: Histories) -> "Whereabouts":
        """Sort what was told. Raises KeyError, ValueError."""
        return cls(locations, placed, [[AtHome.of(ref, state) for state in history] for ref, history in placed.items()])

    def has(self, key: TaskKey, at: datetime, before: int) -> bool:
        """True if the meter of a task was there as it was known at a moment, by what stood in the log before a position."""
        return any(one.serves(key) for history in self.at_home if (one := _known(history, at, before)) is not None)


def _known(history: Sequence[AtHome], at: datetime, before: int) -> AtHome | None:
    first = history[0]
    late = first._replace(period=Period(first.period.start)) if first.is_late and first.period is not None else None
    return told.known(history, at, before) or late


@final
class Stations:
    """The meters at transformers, and the areas that they lie in."""

    def __init__(self, c: C, found: Findings) -> None:
        """`c` sees the log; what cannot be understood goes to `found`."""
        self.meters: Mapping[FactRef, History] = {}
        self.transformers: Mapping[int, Sequence[Location]] = {}
        try:
            self.meters = told.histories(evidence.told(c, AT_HOMES))
            self.transformers = locations(evidence.told(c, [EventKind.TRANSFORMER_REGISTERED]))
        except (KeyError, TypeError, ValueError):
            found.add("not-understood", table="meter")

    def area(self, meter: int, day: date, at: datetime, before: int | None) -> str | None:
        """Return the area of a station meter at the end of a local day; None if it was none then."""
        ends = midnight(day + timedelta(days=1)) - timedelta(microseconds=1)
        history = self.meters.get(("meter", meter))
        state = None if history is None else told.known(history, at, before)
        if state is None or not Period(state.start, state.end).contains(ends):
            return None
        said = self.transformers.get(state.rest["transformer"])
        return None if said is None else location_at(said, at, before).area

    def of_area(self, area: str, day: date, at: datetime, before: int | None) -> int:
        """Return a station meter of an area; 0 if there is none."""
        return next((meter for _, meter in self.meters if self.area(meter, day, at, before) == area), 0)

    def has(self, key: TaskKey) -> bool:
        """True if the log was told of this meter that it is at a transformer."""
        return key.connection == STATION and ("meter", key.meter) in self.meters
