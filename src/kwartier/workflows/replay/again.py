"""Deciding again, from the registry's facts as far as the log was told of them, as they were known at the time."""

from collections import ChainMap, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, final

from psycopg import Connection

from kwartier.audit import evidence
from kwartier.grounds.conditions import counted
from kwartier.grounds.decide import STATION, decide
from kwartier.model.ground import (
    Agreement,
    FactRef,
    Facts,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Request,
    Restriction,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import day_of
from kwartier.model.permit import Permit
from kwartier.store.registry import facts, parties, people, rectifications, replay
from kwartier.store.registry.replay import Stop
from kwartier.workflows.replay import told
from kwartier.workflows.replay.editions import Editions
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.told import Fact, Histories

C = Connection[Any]
F = TypeVar("F", Occupancy, Supply, Agreement, Suspension, SupplierDefault, Permission, Restriction, UseCase, Hold, Objection)

PREPARING = timedelta(minutes=1)
"""A round is decided and then written down: its facts may be this much older than its event says, where it does not say when."""
_NEVER = datetime.max.replace(tzinfo=UTC)


@final
class Again:
    """Decides for many connections; loads what it needs in bulk with `load`."""

    def __init__(self, c: C, stops: Mapping[FactRef, list[Stop]], found: Findings) -> None:
        """`c` is a connection as operator; `stops` is all that was ever stopped; what the log was not told goes to `found`."""
        self._c = c
        self._stops = stops
        self._found = found
        self._known: dict[tuple[int, int], Facts] = {}
        self._stations: dict[date, dict[int, Facts]] = {}
        self._general = self._histories(evidence.told(c, told.GENERAL))
        self._told: dict[FactRef, Sequence[told.State]] = {}
        self._used: dict[tuple[int, int], set[str]] = defaultdict(set)
        self._reported: set[FactRef] = set()
        self._out: set[FactRef] = set()
        self._suspensions = self._all_suspensions()
        self._editions = Editions(c, found)

    def load(self, asked: Iterable[tuple[int, Request]]) -> None:
        """Forget what was loaded, and load the facts for these (meter, request); a meter is told apart for stations only."""
        years: dict[int, set[int]] = {}
        for _, request in asked:
            years.setdefault(day_of(request.period.start).year, set()).add(request.connection)
        rows = {
            (row.key, year): row.facts
            for year, keys in years.items()
            for row in facts.rows(self._c, sorted(keys - {STATION}), year=year, day=date(year, 12, 31))
        }
        out = rectifications.taken_out(self._c, {key for key, _ in rows})
        self._out = {("occupancy", one.id) for found in out.values() for one in found}
        rows = {place: _with(known, out.get(place[0], ())) for place, known in rows.items()}
        restricted = replay.restricted(self._c, sorted({one.id for known in rows.values() for one in known.restrictions}))
        keys = {key for key, _ in rows}
        said = self._histories(evidence.told(self._c, told.OF_CONNECTIONS, sorted(keys | set(restricted.values()))))
        self._told = said
        codes = people.codes(self._c, {subject for known in rows.values() for subject in _people(known)})
        self._known = {place: self._sound(known, restricted, codes) for place, known in rows.items()}
        self._gone(rows.values(), said, keys)

    def _histories(self, entries: Sequence[evidence.Told]) -> dict[FactRef, Sequence[told.State]]:
        try:
            return told.histories(entries)
        except (KeyError, TypeError, ValueError):
            self._found.add("not-understood", facts=len(entries))
            return {}

    def _all_suspensions(self) -> tuple[Suspension, ...]:
        """Return every suspension of the registry and of the log. One that differs is a finding and holds all the same."""
        rows = {told.ref_of(one): one for one in parties.every_suspension(self._c)}
        for one in rows.values():
            self._stands(one, {})
        lost = {ref: one[-1] for ref, one in self._general.items() if ref[0] == "suspension" and ref not in rows}
        for ref in lost:
            self._report("fact-differs", ref)
        return (*rows.values(), *(told.suspension(ref, one) for ref, one in lost.items() if "party" in one.rest))

    def _sound(self, known: Facts, restricted: Mapping[int, int], codes: Mapping[int, str]) -> Facts:
        """Return the facts without those that the log was not told, or told otherwise; what denies holds all the same."""

        def sound(rows: tuple[F, ...]) -> tuple[F, ...]:
            return tuple(one for one in rows if self._stands(one, codes))

        sound(
            tuple(one for one in known.restrictions if restricted[one.id] == known.connection)
        )  # others: cut to what a meter carries
        sound(known.holds)
        sound(known.objections)
        return replace(
            known,
            occupancies=sound(known.occupancies),
            supplies=sound(known.supplies),
            agreements=sound(known.agreements),
            permissions=sound(known.permissions),
            use_cases=sound(known.use_cases),
            suspensions=self._of_parties(known),
            defaults=sound(known.defaults),
        )

    def _of_parties(self, known: Facts) -> tuple[Suspension, ...]:
        bound = {one.party for one in known.agreements}
        return tuple(one for one in self._suspensions if one.party in bound)

    def _stands(self, fact: Fact, codes: Mapping[int, str]) -> bool:
        """Tell whether the log was told a fact just as the registry has it; if not, that is a finding, once."""
        ref = told.ref_of(fact)
        history = self._told.get(ref) or self._general.get(ref)
        if history is not None and told.agrees(fact, history[-1], codes) and history[-1].out == (ref in self._out):
            return True
        self._report("fact-not-told" if history is None else "fact-differs", ref)
        return False

    def _gone(self, rows: Iterable[Facts], said: Histories, keys: Container[int | None]) -> None:
        """What the log was told of these connections, the registry must have."""
        there = {
            told.ref_of(fact)
            for known in rows
            for facts_of in (
                known.occupancies,
                known.supplies,
                known.permissions,
                known.restrictions,
                known.holds,
                known.objections,
            )
            for fact in facts_of
        }
        for ref, history in said.items():
            if history[-1].connection in keys and history[-1].lives and ref not in there:
                self._report("fact-differs", ref)

    def _report(self, code: str, ref: FactRef) -> None:
        if ref not in self._reported:
            self._reported.add(ref)
            self._found.add(code, table=ref[0], id=ref[1])

    def use(self, use_case: int, connection: int, days: Iterable[str]) -> None:
        """Take up that the log says a connection was read for a use case about these local days: its limit counts them."""
        self._used[use_case, connection].update(days)

    def permit(self, request: Request, at: datetime, *, meter: int = 0, before: int | None = None) -> Permit | None:
        """Return the permit that this request gets as of `at`, by what stood in the log `before` a position; None if none."""
        known = self._facts(request, meter)
        if known is None:
            return None
        year = str(day_of(counted(request, at).start).year)
        used = {
            case.id: frozenset(day for day in self._used[case.id, known.connection] if day.startswith(year))
            for case in known.use_cases
        }
        self._editions.look(at)
        answer = decide(request, replace(as_of(known, at, before, ChainMap(self._told, self._general)), used_days=used), at=at)
        return answer if isinstance(answer, Permit) else None

    def restricted(self, request: Request, meter: int) -> tuple[tuple[datetime, datetime | None, datetime], ...]:
        """Return the restrictions of the request's connection: from, until, and when it was said."""
        known = self._facts(request, meter)
        return tuple(
            (one.period.start, one.period.end, self._said(("connection", request.connection), one.period.start))
            for one in (known.restrictions if known is not None else ())
        )

    def _said(self, ref: FactRef, start: datetime) -> datetime:
        return min((one.said for one in self._stops.get(ref, ()) if one.at == start), default=start)

    def stopped(self, permit: Permit, since: datetime, *, meter: int = 0) -> datetime:
        """Return when one of the permit's facts was stopped, or ran out, after `since`; the end of time if never."""
        said = [one.effective for ref in permit.facts for one in self._stops.get(ref, ())]
        known = self._facts(permit.request, meter)
        return min((end for end in (*said, *self._ends(permit, known)) if end >= since), default=_NEVER)

    def _ends(self, permit: Permit, known: Facts | None) -> Iterator[datetime]:
        """Yield the ends of facts that nobody had to say: those that were no surprise."""
        if known is None:
            return
        runs_out: tuple[Fact, ...] = (*known.permissions, *known.agreements, *known.use_cases, *known.defaults)
        for fact in runs_out:
            ref, end = told.ref_of(fact), told.period_of(fact).end
            if ref in permit.facts and end is not None and all(one.at != end for one in self._stops.get(ref, ())):
                yield end

    def _facts(self, request: Request, meter: int) -> Facts | None:
        day = day_of(request.period.start)
        if request.connection != STATION:
            return self._known.get((request.connection, day.year))
        if day not in self._stations:
            rows = facts.station_meters(self._c, day=day)
            self._stations[day] = {row.meter: self._sound(row.facts, {}, {}) for row in rows}
        return self._stations[day].get(meter)


def _with(known: Facts, out: Sequence[Occupancy]) -> Facts:
    """Return the facts with the occupancies that were taken out since: of those the log says until when they were believed."""
    return replace(known, occupancies=tuple(sorted((*known.occupancies, *out), key=lambda one: one.id))) if out else known


def _people(known: Facts) -> Iterator[int]:
    yield from (one.subject for one in known.occupancies)
    yield from (one.subject for one in known.permissions)
    yield from (one.subject for one in known.holds)
    yield from (one.subject for one in known.objections)


def as_of(known: Facts, at: datetime, before: int | None, said: Histories) -> Facts:
    """Return the facts as they were known at `at`, by what the log was told before a position (None: at any).

    What was said to end later, had the end it had then; what was said later at all, was not there.
    """

    def then(rows: tuple[F, ...]) -> tuple[F, ...]:
        return tuple(
            fact
            for row in rows
            for history in [said.get(told.ref_of(row))]
            if (fact := row if history is None else told.then(row, history, at, before)) is not None
        )

    return replace(
        known,
        occupancies=then(known.occupancies),
        supplies=then(known.supplies),
        agreements=then(known.agreements),
        permissions=then(known.permissions),
        restrictions=then(known.restrictions),
        use_cases=then(known.use_cases),
        suspensions=then(known.suspensions),
        defaults=then(known.defaults),
        holds=then(known.holds),
        objections=then(known.objections),
    )
