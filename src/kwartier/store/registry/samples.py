"""Samples of claimed mandates, and the evidence that parties showed of them. Works as the operator."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import UniqueViolation

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import AlreadyAnswered, NotFound
from kwartier.store.registry.rows import C

_UNASKED = """
    select r.id from kw.permission_request r join kw.permission p on p.request = r.id
    where r.party = %s and r.origin = 'mandate' and not exists (select from kw.mandate_sample s where s.request = r.id)
    order by r.id
"""
_OVERDUE = """
    select s.id from kw.mandate_sample s where s.due <= %s
    and not exists (select from kw.mandate_evidence e where e.sample = s.id) order by s.id limit %s
"""
_ALIVE = """
    select s.id, lower(s.live) from kw.permission_state s where s.party = %s and not isempty(s.live)
    and not exists (select from kw.permission_event e where e.permission = s.id and e.event <> 'granted'
        and e.at <= greatest(%s, lower(s.live))) order by s.id limit %s
"""


def unasked(c: C, party: int) -> list[int]:
    """Return the requests by which mandates of this party became permissions and of which no evidence was asked."""
    with _rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_UNASKED, (party,))]


def ask(c: C, request: int, at: datetime, due: datetime, seed: int) -> int:
    """Write that evidence is asked of a mandate. Returns the sample's number."""
    query = "insert into kw.mandate_sample (request, at, due, seed) values (%s, %s, %s, %s) returning id"
    found = c.execute(query, (request, at, due, seed)).fetchone()
    assert found is not None  # noqa: S101 - one row went in
    return int(found[0])


def overdue(c: C, at: datetime, most: int) -> list[int]:
    """Return samples whose evidence was due and not shown, so many at the most."""
    with _rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_OVERDUE, (at, most))]


def judge(c: C, number: int, at: datetime, *, held: bool) -> int | None:
    """Write what became of a sample; return its party. Raises NotFound, AlreadyAnswered."""
    query = "select r.party from kw.mandate_sample s join kw.permission_request r on r.id = s.request where s.id = %s"
    found = c.execute(query, (number,)).fetchone()
    if found is None:
        msg = "no such sample"
        raise NotFound(msg)
    try:
        with c.transaction():
            outcome = "held" if held else "failed"
            c.execute("insert into kw.mandate_evidence (sample, at, outcome) values (%s, %s, %s)", (number, at, outcome))
    except UniqueViolation as fault:
        msg = "of this sample it was said before"
        raise AlreadyAnswered(msg) from fault
    return int(found[0])


def requests_of(c: C, numbers: Sequence[int]) -> dict[int, int]:
    """Return the request of each sample."""
    query = "select id, request from kw.mandate_sample where id = any(%s) order by id"
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(query, (list(numbers),)).fetchall())


def permission_of(c: C, request: int) -> int | None:
    """Return the permission that answers a request. Works under row-level security."""
    found = c.execute("select id from kw.permission where request = %s", (request,)).fetchone()
    return int(found[0]) if found else None


def alive(c: C, party: int, at: datetime, most: int) -> list[tuple[int, datetime]]:
    """Return permissions of a party that have not ended by then, with when each begins, so many at the most."""
    with _rows.cursor(c) as cursor:
        return cursor.execute(_ALIVE, (party, at, most)).fetchall()
