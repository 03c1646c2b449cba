"""How requests begin, and how their events are written down: in registry and log at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from kwartier.audit.events import Event
from kwartier.grounds import permission as life
from kwartier.grounds.permission import Flaw, Scope
from kwartier.store.registry import people, requests
from kwartier.store.registry.points import Point
from kwartier.store.registry.requests import RequestRow, Said
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import telling

C = Connection[Any]


def scope_flaw(scope: Scope, start: datetime, there: Point) -> str | None:
    """Return SCOPE if nobody can give this at this point."""
    return Flaw.SCOPE if there.product is not None and life.flawed(scope, start, there.product) else None


def begin(house: Installation, c: C, placed: Sequence[tuple[int, Point, str | None]], at: datetime) -> dict[int, str]:
    """Say of new requests that they were made, and put them to their customers; return those that do not hold, and why."""
    found = requests.flaws(c, [key for key, _, _ in placed], at)
    flaws = {key: flaw for key, _, wrong in placed if (flaw := found.get(key) or wrong)}
    record(house, c, [Said(key, at, "requested") for key, _, _ in placed])
    record(house, c, [Said(key, at, *_first(flaws.get(key))) for key, _, _ in placed])
    return flaws


def _first(flaw: str | None) -> tuple[str, str | None]:
    return ("presented", None) if flaw is None else ("found_invalid", flaw)


def record(house: Installation, c: C, events: Sequence[Said], actor: str = telling.OPERATOR) -> None:
    """Append events of requests, in registry and log. Raises AlreadyAnswered where the table has no such step."""
    requests.say(c, events)
    rows = requests.many(c, [one.request for one in events])
    codes = people.codes(c, {row.subject for row in rows.values() if row.subject is not None})
    house.log.record(c, [told(rows[one.request], one, actor, codes) for one in events if one.event in telling.REQUEST_KINDS])


def told(row: RequestRow, said: Said, actor: str, codes: Mapping[int, str]) -> Event:
    """Return how the log is told of what happened to a request. `codes` has the code of the customer, by subject."""
    by = telling.third_party(row.party) if said.event == "requested" and row.party is not None else actor
    code = None if row.subject is None else codes.get(row.subject)
    return telling.of_request(row, said.event, said.at, by, code, said.because)
