"""Data breaches: their scope, what was done about them, and whom they touched. As the portal: those that touched oneself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, final

from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_ADD = """
    insert into kw.breach (known, due, period, connections, kinds, actor, party, nature, by)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
"""
_ONE = "select id, known, due, period, connections, kinds, actor, party, nature from kw.breach where id = %s"
_ALL = "select id, known, due, period, connections, kinds, actor, party, nature from kw.breach order by id desc"
_EVENTS = "select at, event, party, because from kw.breach_event where breach = %s order by id"
_TELL = "insert into kw.breach_event (breach, at, event, party, by, because) values (%s, %s, %s, %s, %s, %s)"
_TOUCH = """
    insert into kw.breach_touched (breach, subject, connection, lines, first, last)
    select %(breach)s, * from unnest(%(subjects)s::bigint[], %(connections)s::bigint[], %(lines)s::integer[],
        %(first)s::timestamptz[], %(last)s::timestamptz[])
    on conflict do nothing returning subject, connection
"""
_MINE = """
    select b.id, b.known, b.nature, t.connection, t.lines, t.first, t.last
    from kw.breach_touched t join kw.breach b on b.id = t.breach where t.subject = %s order by b.id desc, t.connection
"""


@final
@dataclass(frozen=True, slots=True)
class Scope:
    """What may have been seen by whom: None means whatever, wherever, by whomever. `party` is on whose behalf."""

    period: Period
    connections: tuple[int, ...] | None = None
    kinds: tuple[str, ...] | None = None
    actor: str | None = None
    party: int | None = None


class BreachEvent(NamedTuple):
    """Something that was done about a breach: `authority`, `party`, `persons` were told, or it was `closed`."""

    at: datetime
    event: str
    party: int | None
    because: str


@final
@dataclass(frozen=True, slots=True)
class Breach:
    """A breach: known since, to be notified until, of what scope and nature, and what was done about it."""

    id: int
    known: datetime
    due: datetime
    scope: Scope
    nature: str
    events: tuple[BreachEvent, ...]

    @property
    def closed(self) -> bool:
        """True when nothing is left to do."""
        return any(one.event == "closed" for one in self.events)


class Touched(NamedTuple):
    """How a breach touched a person at a connection, or at none: so many lines of the log, from the first to the last."""

    subject: int
    connection: int | None
    lines: int
    first: datetime
    last: datetime


class TouchedMe(NamedTuple):
    """The same as told to that person."""

    breach: int
    known: datetime
    nature: str
    connection: int | None
    lines: int
    first: datetime
    last: datetime


def add(c: C, known: datetime, due: datetime, scope: Scope, nature: str, by: str) -> int:
    """Open a breach. Returns its number."""
    listed = (None if each is None else list(each) for each in (scope.connections, scope.kinds))
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_ADD, (known, due, scope.period, *listed, scope.actor, scope.party, nature, by)).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def one(c: C, breach: int) -> Breach | None:
    """Return a breach by its number."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_ONE, (breach,)).fetchone()
    return None if row is None else _breach(c, row)


def every(c: C) -> list[Breach]:
    """Return all breaches, the newest first (art. 33(5))."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_ALL).fetchall()
    return [_breach(c, row) for row in found]


def _breach(c: C, row: _rows.Row) -> Breach:
    key, known, due, period, connections, kinds, actor, party, nature = row
    scope = Scope(
        period, None if connections is None else tuple(connections), None if kinds is None else tuple(kinds), actor, party
    )
    events = tuple(BreachEvent(*each) for each in c.execute(_EVENTS, (key,)))
    return Breach(key, known, due, scope, nature, events)


def tell(c: C, breach: int, event: BreachEvent, by: str) -> None:
    """Write down what was done, and by whom."""
    c.execute(_TELL, (breach, event.at, event.event, event.party, by, event.because))


def touch(c: C, breach: int, touched: Iterable[Touched]) -> set[tuple[int, int | None]]:
    """Keep whom a breach touched; return those (subject, connection) that were not kept before."""
    listed = list(touched)
    values = {
        "breach": breach,
        "subjects": [each.subject for each in listed],
        "connections": [each.connection for each in listed],
        "lines": [each.lines for each in listed],
        "first": [each.first for each in listed],
        "last": [each.last for each in listed],
    }
    return {(row[0], row[1]) for row in c.execute(_TOUCH, values).fetchall()}


def told(c: C, breach: int) -> set[tuple[int, int | None]]:
    """Return those (subject, connection) who were told that a breach touched them."""
    return {(row[0], row[1]) for row in c.execute("select subject, connection from kw.breach_touched where breach = %s", (breach,))}


def of_subject(c: C, subject: int) -> list[TouchedMe]:
    """Return which breaches touched a person, as far as that person was told."""
    return [TouchedMe(*row) for row in c.execute(_MINE, (subject,))]
