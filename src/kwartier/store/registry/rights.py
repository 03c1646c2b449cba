"""Requests under the privacy law and what became of them; what a person had restricted, and to what a person objects.

As the portal row-level security keeps a person to their own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString, NamedTuple, final

from psycopg.types.json import Jsonb

from kwartier.grounds.rights import Reached, Right, Why
from kwartier.model.period import A_SECOND, Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

Open = Callable[[int, bytes | None], str]
"""Opens words that were sealed under the key of a person, by surrogate key; empty for none, and for a person who was forgotten."""

ENDS = frozenset({"answered", "refused", "lifted", "overridden"})
_ASK = """
    insert into kw.rights_request (subject, kind, about, words, asked, due) values (%s, %s, %s, %s, %s, %s)
    returning id
"""
_ASKED = "insert into kw.rights_event (request, at, event, by, entry) values (%s, %s, 'asked', 'customer', %s)"
_TELL = """
    insert into kw.rights_event (request, at, event, by, because, reached, due, entry) values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_REQUESTS = "select id, subject, kind, about, words, asked, due from kw.rights_request where {which} order by id desc"
_EVENTS = """
    select request, at, event, because, reached, due, entry from kw.rights_event where request = any(%s) order by id
"""
_OPEN = """
    not exists (select from kw.rights_event e where e.request = rights_request.id and e.event in ('answered', 'refused'))
"""
_HOLD = "insert into kw.hold (connection, subject, request, period) values (%s, %s, %s, %s) returning id"
_OBJECT = "insert into kw.objection (connection, subject, request, purpose, period) values (%s, %s, %s, %s, %s) returning id"
_LIVE = "select id, connection, subject, {what}, period from kw.{table} where request = %s and upper_inf(period) order by id"
_IN_FORCE = "select connection, {what} from kw.{table} where subject = %s and upper_inf(period)"
# For each fact that is in force: where its person lives or lived, and it is not. Whoever ends it waits, and comes after.
_ELSEWHERE = """
    select o.connection, m.subject, m.request, {what} from kw.{table} m join kw.occupancy o on o.subject = m.subject
    where upper_inf(m.period) and not exists (select from kw.{table} x
        where x.connection = o.connection and x.subject = m.subject and {same} and upper_inf(x.period))
    order by m.id, o.connection for update of m
"""
_WORDS: dict[LiteralString, tuple[LiteralString, LiteralString]] = {
    "hold": ("''", "true"),
    "objection": ("m.purpose", "x.purpose = m.purpose"),
}
_FREE = """
    select max(upper(period)) from (
        select period, '' as about from kw.hold where connection = %(connection)s and subject = %(subject)s
        union all select period, purpose from kw.objection where connection = %(connection)s and subject = %(subject)s) as m
    where about = %(about)s and upper(period) > %(now)s
"""
_END = "update kw.{table} set period = %s where id = %s and upper_inf(period) returning id"


@final
@dataclass(frozen=True, slots=True)
class RightEvent:
    """What happened to a request. `entry` is its line in the log; `reached` the answer per rule; `due` the new term."""

    at: datetime
    event: str
    because: str
    reached: tuple[Reached, ...]
    due: datetime | None
    entry: int | None


@final
@dataclass(frozen=True, slots=True)
class RightRequest:
    """One request. `words` are the person's own: personal data."""

    id: int
    subject: int
    right: Right
    about: str
    words: str
    asked: datetime
    first_due: datetime
    events: tuple[RightEvent, ...]

    @property
    def due(self) -> datetime:
        """Until when it must be answered, an extension included."""
        return next((one.due for one in reversed(self.events) if one.due is not None), self.first_due)

    @property
    def state(self) -> str:
        """What happened last: asked, extended, answered, refused, lifted, overridden."""
        return self.events[-1].event if self.events else "asked"

    @property
    def is_open(self) -> bool:
        """True while it waits for an answer."""
        return self.state not in ENDS


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """A restriction of processing, or an objection to a purpose, that is in force. `purpose` is empty for a restriction."""

    id: int
    connection: int
    subject: int
    purpose: str
    period: Period


class Place(NamedTuple):
    """Where a person stops something by a request. `purpose` is empty for a restriction."""

    connection: int
    subject: int
    request: int
    purpose: str


def alone(c: C, subject: int) -> None:
    """Let nobody else ask for this person until the transaction ends: what two forms ask at once is asked once."""
    c.execute("select pg_advisory_xact_lock(hashtextextended('kw.rights_request', %s))", (subject,))


def ask(c: C, subject: int, right: Right, asked: Period, *, about: str = "", words: bytes | None = None) -> int:
    """Write a request down; `asked` runs from when it was asked until it must be answered. Returns its number."""
    row = c.execute(_ASK, (subject, right, about, words, asked.start, asked.end)).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def asked(c: C, request: int, at: datetime, entry: int) -> None:
    """Keep the receipt of a request."""
    c.execute(_ASKED, (request, at, entry))


def tell(c: C, request: int, event: RightEvent, by: str, because: bytes | None) -> None:
    """Write down what happened to a request, which person of the operator did it (or `system`), and the reason, sealed."""
    reached = Jsonb([[one.rule, one.done, one.why] for one in event.reached])
    c.execute(_TELL, (request, event.at, event.event, by, because, reached, event.due, event.entry))


def of_subject(c: C, subject: int, opens: Open) -> list[RightRequest]:
    """Return a person's requests, the newest first."""
    return _select(c, opens, "subject = %s", subject)


def one(c: C, request: int, opens: Open) -> RightRequest | None:
    """Return a request by its number."""
    return next(iter(_select(c, opens, "id = %s", request)), None)


def every(c: C, opens: Open, *, only_open: bool) -> list[RightRequest]:
    """Return all requests, or those that wait for an answer, the newest first."""
    return _select(c, opens, _OPEN if only_open else "true")


def _select(c: C, opens: Open, which: LiteralString, *values: object) -> list[RightRequest]:
    rows = c.execute(_REQUESTS.format(which=which), values).fetchall()
    of = {row[0]: row[1] for row in rows}
    events: dict[int, list[RightEvent]] = defaultdict(list)
    for request, at, event, because, reached, due, entry in c.execute(_EVENTS, ([*of],)).fetchall():
        said = tuple(Reached(rule, done, Why(why)) for rule, done, why in reached)
        events[request].append(RightEvent(at, event, opens(of[request], because), said, due, entry))
    return [
        RightRequest(i, subject, Right(kind), about, opens(subject, words), at, due, tuple(events[i]))
        for i, subject, kind, about, words, at, due in rows
    ]


def hold(c: C, connection: int, subject: int, request: int, period: Period) -> int:
    """Restrict the processing of what is held about a person at a connection. Returns its id."""
    return _made(c, _HOLD, (connection, subject, request, period))


def object_to(c: C, connection: int, subject: int, request: int, purpose: str, period: Period) -> int:
    """Let a person object to a purpose of the operator at a connection. Returns its id."""
    return _made(c, _OBJECT, (connection, subject, request, purpose, period))


def _made(c: C, query: LiteralString, values: Sequence[object]) -> int:
    with _rows.cursor(c) as cursor:
        row = cursor.execute(query, values).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def free_from(c: C, connection: int, subject: int, about: str, now: datetime) -> datetime:
    """Return from when a restriction (`about` is empty), or an objection, can begin: now, or when the last one ends."""
    with _rows.cursor(c) as cursor:
        asked = {"connection": connection, "subject": subject, "about": about, "now": now}
        row = cursor.execute(_FREE, asked).fetchone()
    until: datetime | None = row[0] if row else None
    return until or now


def holds_of(c: C, request: int) -> list[Mark]:
    """Return the restrictions in force that a request began."""
    return _marks(c, _LIVE.format(what="''", table="hold"), request)


def objections_of(c: C, request: int) -> list[Mark]:
    """Return the objections in force that a request began."""
    return _marks(c, _LIVE.format(what="purpose", table="objection"), request)


def in_force(c: C, subject: int) -> set[tuple[int, str]]:
    """Return where a person restricts processing (connection, '') or objects (connection, purpose) with no end said."""
    queries = (_IN_FORCE.format(what="''", table="hold"), _IN_FORCE.format(what="purpose", table="objection"))
    return {(row[0], row[1]) for query in queries for row in c.execute(query, (subject,))}


def elsewhere(c: C, table: LiteralString) -> list[Place]:
    """Return where persons live or lived at whom a `hold` or an `objection` is in force, and it is not there; each place once."""
    what, same = _WORDS[table]
    with _rows.cursor(c) as cursor:
        found = [Place(*row) for row in cursor.execute(_ELSEWHERE.format(what=what, table=table, same=same))]
    return list({(one.connection, one.subject, one.purpose): one for one in found}.values())


def _marks(c: C, query: LiteralString, request: int) -> list[Mark]:
    with _rows.cursor(c) as cursor:
        return [Mark(*row) for row in cursor.execute(query, (request,))]


def end(c: C, marks: Iterable[Mark], table: LiteralString, at: datetime) -> list[Mark]:
    """End restrictions (`hold`) or objections (`objection`) at a moment; return them as they stand then.

    What ends in the second in which it began, ends after it: facts begin and end at whole seconds. One that somebody else has ended
    meanwhile is left as it is, and is not returned.
    """
    query = _END.format(table=table)
    wanted = [replace(mark, period=Period(mark.period.start, max(at, mark.period.start + A_SECOND))) for mark in marks]
    with _rows.cursor(c) as cursor:
        return [mark for mark in wanted if cursor.execute(query, (mark.period, mark.id)).fetchone() is not None]
