"""What was known of a connection at a moment, from the log alone: the facts it was told, as they stood then.

What denies (a refusal, a suspension, what a person had stopped, and for gas the coupling through which it does) and stands in the
registry alone, holds all the same: nobody is read because a line is missing. Else from the registry comes only which number stands
for which person. The log names a person by a salted tag, so the number is that of whoever of the connection's people the tag fits;
where the salt was erased, the one that the registry names. Where a connection lies that the log was never told of is the registry's
too; the comparison of both says so.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.audit.events import EventKind
from kwartier.audit.subjects import is_about
from kwartier.model.errors import KwartierError
from kwartier.model.ground import (
    STATION,
    Agreement,
    FactRef,
    Facts,
    SupplierDefault,
    Suspension,
    UseCase,
)
from kwartier.store.registry import replay
from kwartier.workflows.replay import told
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.one import Carried, OneKnown, Step, cut, last_of, then
from kwartier.workflows.replay.places import AT_HOMES, Location, Stations, Whereabouts, locations
from kwartier.workflows.replay.tasks import TaskKey
from kwartier.workflows.replay.told import Fact, Histories, History

C = Connection[Any]
_EVER: Final = datetime.min.replace(tzinfo=UTC)
HELD: Final = 20_000
"""Connections whose facts are kept in memory; what was not asked for longest goes first."""


class _General(NamedTuple):
    agreements: tuple[Agreement, ...]
    suspensions: tuple[Suspension, ...]
    defaults: tuple[SupplierDefault, ...]
    use_cases: tuple[UseCase, ...]

    def use_cases_of(self, area: str) -> tuple[UseCase, ...]:
        return tuple(one for one in self.use_cases if one.area == area)


@final
class Known:
    """Looks up, in bulk, what the log was told; keeps what was asked for last."""

    def __init__(self, c: C, found: Findings) -> None:
        """`c` is a connection as operator; what cannot be understood goes to `found`."""
        self._c = c
        self._found = found
        self._held: OrderedDict[int, OneKnown] = OrderedDict()
        self._suspended: dict[int | None, list[datetime]] = defaultdict(list)
        self.general = self.histories(evidence.told(c, told.GENERAL))
        for one in replay.suspensions(c):
            self.general.setdefault(told.ref_of(one), (told.untold(one),))
        for (table, _), history in self.general.items():
            if table == "suspension":
                self._suspended[history[0].rest.get("party")].append(max(history[0].start, history[0].at))
        self._general_steps = [self._steps(ref, history, {}) for ref, history in sorted(self.general.items())]
        self._moments = sorted(step.at for steps in self._general_steps for step in steps)
        self._positions = sorted(step.position for steps in self._general_steps for step in steps)
        self.stations = Stations(c, found)
        self._then = -1, -1
        self._in_force = _General((), (), (), ())

    def load(self, connections: Collection[int]) -> None:
        """Have these at hand."""
        for key in connections:
            if key in self._held:
                self._held.move_to_end(key)
        missing = sorted({key for key in connections if key != STATION and key not in self._held})
        if missing:
            self._held.update(self._loaded(missing))
        while len(self._held) > max(HELD, len(connections)):
            self._held.popitem(last=False)

    def one(self, connection: int) -> OneKnown | None:
        """Return what was told of a connection that was loaded."""
        return self._held.get(connection)

    def facts(self, connection: int, meter: int, day: date, at: datetime, before: int | None) -> Facts | None:
        """Return the facts as they were known at `at`; of a station meter those of its area on that local day. None: no such."""
        general = self._in_general(at, before)
        if connection == STATION:
            area = self.stations.area(meter, day, at, before)
            return None if area is None else Facts(STATION, area, use_cases=general.use_cases_of(area))
        there = self._held.get(connection)
        if there is None:
            return None
        own, area = there.then(at, before), there.area(at, before)
        return Facts(
            connection,
            area,
            occupancies=own.occupancies,
            supplies=own.supplies,
            agreements=general.agreements,
            permissions=own.permissions,
            restrictions=own.restrictions,
            use_cases=general.use_cases_of(area),
            suspensions=general.suspensions,
            defaults=general.defaults,
            holds=own.holds,
            objections=own.objections,
        )

    def _in_general(self, at: datetime, before: int | None) -> "_General":
        """Return what was known of parties and use cases: the same between two moments, and two entries, that told something."""
        told = bisect_right(self._moments, at), len(self._positions) if before is None else bisect_left(self._positions, before)
        if self._then != told:
            known = [fact for steps in self._general_steps if (fact := then(steps, at, before)) is not None]
            self._in_force = _General(
                tuple(one for one in known if isinstance(one, Agreement)),
                tuple(one for one in known if isinstance(one, Suspension)),
                tuple(one for one in known if isinstance(one, SupplierDefault)),
                tuple(one for one in known if isinstance(one, UseCase)),
            )
            self._then = told
        return self._in_force

    def suspended(self, agreement: FactRef) -> Iterator[datetime]:
        """Yield when the party of an agreement was suspended, each time when that held and was said."""
        bound = self.general.get(agreement)
        yield from self._suspended.get(bound[0].rest.get("party"), ()) if bound is not None else ()

    def histories(self, entries: Sequence[evidence.Told]) -> dict[FactRef, History]:
        """Return what facts went through; what cannot be read is a finding."""
        try:
            return told.histories(entries)
        except (KeyError, TypeError, ValueError):
            self._found.add("not-understood", facts=len(entries))
            return {}

    def _loaded(self, keys: list[int]) -> Iterator[tuple[int, OneKnown]]:
        located, couplings = self._locations(keys), replay.couplings(self._c, keys)
        meters = {one.electricity for each in couplings.values() for one in each}
        said = self._said(sorted({*keys, *meters}))
        people = replay.people(self._c, keys)
        placed: dict[int, dict[FactRef, list[told.State]]] = defaultdict(lambda: defaultdict(list))
        for ref, history in self.histories(evidence.told(self._c, AT_HOMES, keys)).items():
            for state in history:
                placed[state.connection or 0][ref].append(state)
        for key in keys:
            if key not in located:
                continue
            mine = dict(sorted(said[key].items()))
            carried = [
                Carried(ref, history, one.period, one.since, one.until)
                for one in couplings.get(key, ())
                for ref, history in sorted(said[one.electricity].items())
                if ref[0] == "restriction"
            ]
            named = people.get(key, {})
            whose = {one.position: _person(ref, one, named) for ref, each in mine.items() for one in each}
            steps = self._all_steps(mine, carried, whose)
            yield key, OneKnown(key, self._where(located[key], placed[key]), mine, carried, steps, whose, last_of(steps))

    def _where(self, located: Sequence[Location], placed: Histories) -> Whereabouts:
        try:
            return Whereabouts.of(located, placed)
        except (KeyError, TypeError, ValueError, KwartierError):
            self._found.add("not-understood", table="meter")
            return Whereabouts(located, placed)

    def _locations(self, keys: list[int]) -> dict[int, Sequence[Location]]:
        """Return where these connections were told to lie; one that was never told, where the registry has it."""
        untold = {key: [Location(told.UNTOLD, _EVER, *where)] for key, where in replay.places(self._c, keys).items()}
        try:
            return {**untold, **locations(evidence.told(self._c, [EventKind.CONNECTION_REGISTERED], keys))}
        except (KeyError, TypeError, ValueError):
            self._found.add("not-understood", connections=len(keys))
            return {**untold}

    def _said(self, keys: list[int]) -> dict[int, dict[FactRef, History]]:
        found: dict[int, dict[FactRef, History]] = defaultdict(dict)
        for ref, history in self.histories(evidence.told(self._c, told.OF_CONNECTIONS, keys)).items():
            found[history[0].connection or 0][ref] = history
        for key, one in replay.denials(self._c, keys):
            found[key].setdefault(told.ref_of(one), (told.untold(one, key),))
        return found

    def _all_steps(self, mine: Histories, carried: Iterable[Carried], whose: Mapping[int, int]) -> list[Sequence[Step]]:
        steps = [self._steps(ref, history, whose) for ref, history in mine.items()]
        cuts = (one.believed(cut(step, one.span) for step in self._steps(one.ref, one.history, whose)) for one in carried)
        return [*steps, *cuts]

    def _steps(self, ref: FactRef, history: History, whose: Mapping[int, int]) -> list[Step]:
        try:
            return [Step(state.position, state.at, self._fact(ref, state, whose) if state.lives else None) for state in history]
        except (KeyError, TypeError, ValueError, KwartierError):
            self._found.add("not-understood", table=ref[0], id=ref[1])
            return []

    def _fact(self, ref: FactRef, state: told.State, whose: Mapping[int, int]) -> Fact:
        return told.fact_of(ref, state, whose.get(state.position, 0))

    def station_of(self, use_case: int, day: date, at: datetime, before: int | None) -> int:
        """Return a station meter of the area that a use case names, as it was on a local day; 0 if there is none."""
        case = self.general.get(("use_case", use_case))
        area = None if case is None else case[0].rest.get("area")
        return 0 if area is None else self.stations.of_area(area, day, at, before)

    def is_at(self, key: TaskKey, at: datetime, before: int) -> bool:
        """Tell whether a task's meter is where it says, as it was known at a moment, by what stood in the log before a position.

        Of a connection that nobody knows, True: there is no ground for it either.
        """
        if key.connection == STATION:
            return self.stations.has(key)
        there = self._held.get(key.connection)
        return there is None or there.where.has(key, at, before)


def _person(ref: FactRef, state: told.State, people: Mapping[FactRef, replay.Named]) -> int:
    """Return the number of whom a state is about: who the registry says if the tag fits, else whom it fits, else nobody's."""
    named = people.get(ref)
    if state.subject is None or state.salt is None:
        return named.subject if named is not None else -1 - state.position
    for one in (named, *people.values()) if named is not None else people.values():
        if is_about(one.code, state.subject, state.salt):
            return one.subject
    return -1 - state.position
