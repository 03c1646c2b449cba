"""Deciding again, from the registry's facts, as they were known at the time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, final

from psycopg import Connection

from kwartier.grounds.decide import STATION, decide
from kwartier.model.ground import FactRef, Facts, Request
from kwartier.model.period import Period, day_of
from kwartier.model.permit import Permit
from kwartier.store.registry import facts
from kwartier.store.registry.replay import Stop

C = Connection[Any]

PREPARING = timedelta(minutes=1)
"""A round is decided and then written down: its facts may be this much older than its event says, where it does not say when."""
_NEVER = datetime.max.replace(tzinfo=UTC)


@final
class Again:
    """Decides for many connections; loads what it needs in bulk with `load`."""

    def __init__(self, c: C, stops: Mapping[FactRef, list[Stop]]) -> None:
        """`c` is a connection as operator; `stops` is all that was ever stopped."""
        self._c = c
        self._stops = stops
        self._known: dict[tuple[int, int], Facts] = {}
        self._stations: dict[date, dict[int, Facts]] = {}

    def load(self, asked: Iterable[tuple[int, Request]]) -> None:
        """Forget what was loaded, and load the facts for these (meter, request); a meter is told apart for stations only."""
        self._known.clear()
        years: dict[int, set[int]] = {}
        for _, request in asked:
            years.setdefault(day_of(request.period.start).year, set()).add(request.connection)
        for year, keys in years.items():
            for row in facts.rows(self._c, sorted(keys - {STATION}), year=year, day=date(year, 12, 31)):
                self._known[row.key, year] = row.facts

    def permit(self, request: Request, at: datetime, *, meter: int = 0) -> Permit | None:
        """Return the permit that this request gets as of `at`, None if it gets none."""
        known = self._facts(request, meter)
        if known is None:
            return None
        answer = decide(request, as_of(known, at, self._stops), at=at)
        return answer if isinstance(answer, Permit) else None

    def restricted(self, request: Request, meter: int) -> tuple[tuple[datetime, datetime | None, datetime], ...]:
        """Return the restrictions of the request's connection: from, until, and when it was said."""
        known = self._facts(request, meter)
        return tuple(
            (one.period.start, one.period.end, self._said(("connection", request.connection), one.period.start))
            for one in (known.restrictions if known is not None else ())
        )

    def _said(self, ref: FactRef, start: datetime) -> datetime:
        return said(self._stops, ref, start) or start

    def stopped(self, permit: Permit, since: datetime) -> datetime:
        """Return from when one of the permit's facts was stopped after `since`; the end of time if never."""
        return min(
            (one.effective for ref in permit.facts for one in self._stops.get(ref, ()) if one.effective >= since), default=_NEVER
        )

    def _facts(self, request: Request, meter: int) -> Facts | None:
        day = day_of(request.period.start)
        if request.connection != STATION:
            return self._known.get((request.connection, day.year))
        if day not in self._stations:
            self._stations[day] = {row.meter: row.facts for row in facts.station_meters(self._c, day=day)}
        return self._stations[day].get(meter)


def said(stops: Mapping[FactRef, list[Stop]], ref: FactRef, start: datetime) -> datetime | None:
    """Return when it was first said that this fact stops from `start` on; None if that was never said."""
    return min((one.said for one in stops.get(ref, ()) if one.at == start), default=None)


def as_of(known: Facts, at: datetime, stops: Mapping[FactRef, list[Stop]]) -> Facts:
    """Return the facts as they were known at `at`.

    What was said to end later, was open; a restriction that was said later, was not there; a day that had not ended, had not
    been used yet.
    """

    def open_then(table: str, number: int, period: Period) -> Period:
        unsaid = any(one.said > at for one in stops.get((table, number), ()))
        return Period(period.start) if unsaid and period.end is not None else period

    today = day_of(at).isoformat()
    return replace(
        known,
        occupancies=tuple(replace(o, period=open_then("occupancy", o.id, o.period)) for o in known.occupancies),
        supplies=tuple(replace(s, period=open_then("supply", s.id, s.period)) for s in known.supplies),
        agreements=tuple(replace(a, period=open_then("agreement", a.id, a.period)) for a in known.agreements),
        permissions=tuple(replace(p, live=open_then("permission", p.id, p.live)) for p in known.permissions),
        restrictions=tuple(
            r
            for r in known.restrictions
            if (told := said(stops, ("connection", known.connection), r.period.start)) is None or told <= at
        ),
        used_days={case: frozenset(day for day in days if day < today) for case, days in known.used_days.items()},
    )
