"""Which permits have lost their ground since their facts were loaded. For who is about to accept an answer, or to hand it over."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from kwartier.grounds.decide import decide
from kwartier.model.ground import STATION, Facts
from kwartier.model.permit import Permit
from kwartier.store.registry import facts, stops
from kwartier.store.registry.stops import Loaded


def ended(c: Connection[Any], permits: Iterable[Permit], *, since: Loaded, at: datetime, day: date) -> frozenset[bytes]:
    """Return the ids of those that do not stand any more. `since` is when facts were loaded; `day` is what the permits are about.

    A stop names a fact and costs nothing to look for; whether it took a ground away, only a decision by the facts of now tells. It
    must hold a little later too: clocks differ, and what is committed holds from its commit.
    """
    stopped = stops.since(c, since, now=at, ahead=stops.SKEW)
    doubted = [one for one in permits if not stopped.isdisjoint(one.facts)]
    if not doubted:
        return frozenset()
    keys = sorted({one.request.connection for one in doubted} - {STATION})
    known = {row.key: row.facts for row in facts.rows(c, keys, year=day.year, day=day)}
    return frozenset(one.id for one in doubted if not _stands(one, known.get(one.request.connection), at))


def _stands(one: Permit, known: Facts | None, at: datetime) -> bool:
    if known is None:
        return False
    answers = (decide(one.request, known, at=moment) for moment in (at, at + stops.SKEW))
    return all(isinstance(answer, Permit) and answer.id == one.id for answer in answers)
