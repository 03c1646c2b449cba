"""Requests for a permission: asked once, answered once, never changed. Row-level security keeps a person to their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, final

from psycopg.errors import IntegrityConstraintViolation, UniqueViolation

from kwartier.grounds.permission import Scope
from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import AlreadyAnswered, NotFound
from kwartier.store.registry.rows import C, Row

PARTY, MANDATE = "party", "mandate"
"""Where a request comes from: a party asks, or a party claims that the customer said yes in its app."""

_INSERT = """
    insert into kw.permission_request (origin, party, connection, subject, mask, purpose, data, live_from, live_until, schedule,
        asked, answer_by, reference)
    values (%(origin)s, %(party)s, %(connection)s, %(subject)s, %(mask)s, %(purpose)s, %(data)s, %(live_from)s, %(live_until)s,
        %(schedule)s, %(asked)s, %(answer_by)s, %(reference)s)
    on conflict (party, reference) do nothing returning id
"""
_SAY = "insert into kw.request_event (request, at, event, because) values (%s, %s, %s, %s)"
_COLUMNS = """
    select r.id, r.origin, r.party, r.connection, r.subject, r.mask, r.purpose, r.data, r.live_from, r.live_until, r.schedule,
        r.asked, coalesce(l.answer_by, r.answer_by), r.reference, e.event, e.at, e.because
"""
# By the request, of which there are a few: `id + 0` has no index, which would lead through the events of all the others.
# What the last letter says of until when counts: of a mandate silence is an answer from then on, and without a letter never.
_LAST = """
    join lateral (select event, at, because from kw.request_event where request = r.id order by id + 0 desc limit 1) e on true
    left join lateral (select max(answer_by) as answer_by from kw.letter where request = r.id) l on true
"""
_SELECT = f"{_COLUMNS} from kw.permission_request r {_LAST}"
_ONE = _SELECT + " where r.id = %(key)s"
_MANY = _SELECT + " where r.id = any(%(keys)s) order by r.id"
_OF_SUBJECT = _SELECT + " where r.subject = %(key)s order by r.id desc"
_OF_PARTY = _SELECT + " where r.party = %(key)s order by r.id"
_EVERY = f"""
    {_COLUMNS} from (select p.* from kw.permission_request p left join kw.party y on y.key = p.party
        where p.id > %(after)s and (%(party)s::text is null or y.code = %(party)s) order by p.id limit %(limit)s) r
    {_LAST} order by r.id
"""  # noqa: S608 - constants only
_REFERENCE = _SELECT + " where r.party = %(key)s and r.reference = %(reference)s"
_AWAITING = "not exists (select from kw.request_event a where a.request = r.id and a.event not in ('requested', 'presented'))"
_PAGE = f"r.id > %(after)s and {_AWAITING} order by r.id limit %(limit)s"
_OVERDUE = f"""
    {_COLUMNS} from (select r.* from kw.permission_request r
        left join lateral (select max(answer_by) as answer_by from kw.letter where request = r.id) w on true
        where r.origin = %(origin)s and coalesce(w.answer_by, case r.origin when 'party' then r.answer_by end) <= %(at)s
        and {_PAGE}) r
    {_LAST} order by r.id
"""  # noqa: S608 - constants only
_OPEN = f"select r.id from kw.permission_request r where (r.origin <> 'party' or r.answer_by > %(at)s) and {_PAGE}"  # noqa: S608 - constants only
# What keeps a request from being put to a customer, or from being granted. The order is that in which it is told. A mandate from
# before the customer came was given by who lived there then, and opens nothing of who lives there now. Silence is no answer to a
# mandate of which this person said no before, to the same party for the same purpose, however that is spelt: that needs a yes.
# It is a no whatever had become by then of what it was said about. Nor is anything given beside a permission in force for the same
# purpose, however that is spelt (kw.spelt); the database looks once more as one begins, when two say yes at once.
_SAID_NO = """
    r.origin = 'mandate' and (
        exists (select from kw.permission_request q
            where q.subject = r.subject and q.connection = r.connection and q.party = r.party
            and kw.spelt(q.purpose) = kw.spelt(r.purpose)
            and (exists (select from kw.request_event e where e.request = q.id and e.event = 'rejected')
                or exists (select from kw.late_no n where n.request = q.id)))
        or exists (select from kw.permission p
            where p.subject = r.subject and p.connection = r.connection and p.party = r.party
            and kw.spelt(p.purpose) = kw.spelt(r.purpose)
            and (exists (select from kw.permission_event e where e.permission = p.id and e.event = 'revoked')
                or exists (select from kw.late_no n where n.permission = p.id))))
"""
# Whoever is asked says yes now. A mandate begins by silence, so nothing may have spoken against it since it was claimed: a refusal,
# a suspension, a time without agreement or in which its customer lived elsewhere counts when it is over as before, as it does of a
# permission, whether somebody looked meanwhile or not.
_MEANWHILE = "tstzrange(case r.origin when 'mandate' then least(r.asked, %(at)s) else %(at)s end, %(at)s, '[]')"
_FLAWS = f"""
    select r.id, case
        when r.party is null then 'unknown_party'
        when y.role <> 'third_party' then 'not_a_third_party'
        when not coalesce((select range_agg(a.period) from kw.agreement a where a.party = r.party) @> {_MEANWHILE}, false)
            then 'no_agreement'
        when exists (select from kw.suspension x where x.party = r.party and x.period && {_MEANWHILE}) then 'party_suspended'
        when r.connection is null then 'unknown_point'
        when r.subject is null or not coalesce((select range_agg(o.period) from kw.occupancy o
            where o.connection = r.connection and o.subject = r.subject) @> {_MEANWHILE}, false) then 'nobody_lives_there'
        when r.origin = 'mandate' and r.live_from < %(at)s and not exists (select from kw.occupancy o
            where o.connection = r.connection and o.subject = r.subject and o.period @> r.live_from) then 'nobody_lives_there'
        when {_SAID_NO} then 'said_no'
        when exists (select from kw.restriction x
            where x.connection = r.connection and x.kind = 'refused' and x.period && {_MEANWHILE})
            or exists (select from kw.coupling k join kw.meter m on m.key = k.meter
                join kw.restriction x on x.connection = m.connection
                where k.connection = r.connection and x.kind = 'refused' and k.period @> %(at)s and m.placed @> %(at)s
                and x.period && {_MEANWHILE}) then 'refused'
        when r.live_until <= %(at)s then 'scope'
        when exists (select from kw.permission_state s where s.connection = r.connection and s.party = r.party
            and kw.spelt(s.purpose) = kw.spelt(r.purpose)
            and s.live && tstzrange(greatest(r.live_from, %(at)s), r.live_until)) then 'already_permitted'
        end as flaw
    from kw.permission_request r left join kw.party y on y.key = r.party where r.id = any(%(keys)s)
"""  # noqa: S608 - constants only


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What a party asks, before it stands in the registry. `scope.until` and `live_from` bound when the permission may live."""

    origin: str
    party: int | None
    connection: int | None
    subject: int | None
    scope: Scope
    live_from: datetime
    asked: datetime
    answer_by: datetime
    reference: str | None = None


@final
@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request and how it stands: `event` is the last one, `because` why it was found invalid.

    `answer_by` of a mandate is what its letter says; before that lies there, what it would have said when it was claimed.
    """

    id: int
    origin: str
    party: int | None
    connection: int | None
    subject: int | None
    scope: Scope
    live_from: datetime
    asked: datetime
    answer_by: datetime
    reference: str | None
    event: str
    event_at: datetime
    because: str | None

    @property
    def awaits(self) -> bool:
        """True while the customer can still answer."""
        return self.event == "presented"


@final
@dataclass(frozen=True, slots=True)
class Said:
    """An event of a request."""

    request: int
    at: datetime
    event: str
    because: str | None = None


def place(c: C, asked: Asked) -> int | None:
    """Write a request; None where the party has used this reference before."""
    scope = asked.scope
    values = {
        "origin": asked.origin,
        "party": asked.party,
        "connection": asked.connection,
        "subject": asked.subject,
        "mask": scope.mask,
        "purpose": scope.purpose,
        "data": scope.data,
        "live_from": asked.live_from,
        "live_until": scope.until,
        "schedule": scope.schedule,
        "asked": asked.asked,
        "answer_by": asked.answer_by,
        "reference": asked.reference,
    }
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_INSERT, values).fetchone()
    return int(found[0]) if found else None


def say(c: C, events: Iterable[Said]) -> None:
    """Append events. Raises AlreadyAnswered where the life of a request has no such step, and then nothing was changed."""
    values = [(one.request, one.at, one.event, one.because) for one in events]
    try:
        with c.transaction(), _rows.cursor(c) as cursor:
            cursor.executemany(_SAY, values)
    except (UniqueViolation, IntegrityConstraintViolation) as fault:
        msg = "the request has its answer"
        raise AlreadyAnswered(msg) from fault


def one(c: C, request: int) -> RequestRow:
    """Return a request. Raises NotFound for one that is not there or not theirs."""
    found = _select(c, _ONE, {"key": request})
    if not found:
        msg = "no such request"
        raise NotFound(msg)
    return found[0]


def many(c: C, requests: Iterable[int]) -> dict[int, RequestRow]:
    """Return these requests by number."""
    return {row.id: row for row in _select(c, _MANY, {"keys": list(requests)})}


def of_subject(c: C, subject: int) -> list[RequestRow]:
    """Return all requests ever put to a person, newest first."""
    return _select(c, _OF_SUBJECT, {"key": subject})


def of_party(c: C, party: int) -> list[RequestRow]:
    """Return all requests of a party, oldest first."""
    return _select(c, _OF_PARTY, {"key": party})


def every(c: C, party: str | None, *, after: int, limit: int) -> list[RequestRow]:
    """Return the next requests by number, of a party by its public code or of all."""
    return _select(c, _EVERY, {"party": party, "after": after, "limit": limit})


def by_reference(c: C, party: int, reference: str) -> RequestRow | None:
    """Return the request that a party knows by this reference."""
    found = _select(c, _REFERENCE, {"key": party, "reference": reference})
    return found[0] if found else None


def overdue(c: C, origin: str, at: datetime, *, after: int, limit: int) -> list[RequestRow]:
    """Return the next requests of this origin, by number, whose time to answer is over and that nobody answered.

    The time of a mandate runs from its last letter: without one it is never over.
    """
    return _select(c, _OVERDUE, {"origin": origin, "at": at, "after": after, "limit": limit})


def open_ones(c: C, at: datetime, *, after: int, limit: int) -> list[int]:
    """Return the next requests, by number, that have no final answer, and of which the time to answer is not over.

    That of a mandate never is for this: silence is its answer, so what fell away is looked at until it begins.
    """
    with _rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_OPEN, {"at": at, "after": after, "limit": limit})]


def flaws(c: C, requests: Sequence[int], at: datetime) -> dict[int, str]:
    """Return why each of these requests does not hold at this moment; those that hold are absent."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_FLAWS, {"keys": list(requests), "at": at}).fetchall()
    return {key: flaw for key, flaw in found if flaw is not None}


def _select(c: C, query: LiteralString, values: Mapping[str, Any]) -> list[RequestRow]:
    with _rows.cursor(c) as cursor:
        return [_row(row) for row in cursor.execute(query, values)]


def _row(row: Row) -> RequestRow:
    key, origin, party, connection, subject, mask, purpose, data, live_from, until, schedule, *rest = row
    scope = Scope(mask, purpose, Period(data.start, data.end), until, schedule)
    return RequestRow(key, origin, party, connection, subject, scope, live_from, *rest)
