"""Permissions: given once, never changed, and ended. As the portal row-level security keeps a person to their own.

An end may be told before it comes, and another that is nearer takes its place; nothing is ever prolonged (kw.permission_event).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, final

from psycopg.errors import ExclusionViolation, UniqueViolation

from kwartier.grounds.permission import Schedule
from kwartier.model.period import Period
from kwartier.model.register import Mask
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import AlreadyAnswered, AlreadyPermitted, NotAnOccupant, NotFound
from kwartier.store.registry.rows import C

# A person gives what is theirs to give: the one who lives there when the permission begins.
_GRANT = """
    insert into kw.permission (connection, subject, party, mask, purpose, data, live, reference, request, renews, schedule,
        identifier)
    select %(connection)s, %(subject)s, %(party)s, %(mask)s, %(purpose)s, %(data)s, %(live)s, %(reference)s, %(request)s,
        %(renews)s, %(schedule)s, %(identifier)s
    where exists (select from kw.occupancy where connection = %(connection)s and subject = %(subject)s and period @> %(at)s)
    returning id
"""
# The same for many requests: each is given as it was asked, from this moment on if its own has come.
_ANSWER = """
    insert into kw.permission (connection, subject, party, mask, purpose, data, live, request, schedule)
    select r.connection, r.subject, r.party, r.mask, r.purpose, r.data,
        tstzrange(greatest(r.live_from, %(at)s), r.live_until), r.id, r.schedule
    from kw.permission_request r where r.id = any(%(requests)s) and exists (select from kw.occupancy o
        where o.connection = r.connection and o.subject = r.subject and o.period @> greatest(r.live_from, %(at)s))
    order by r.id returning request, id
"""
_ALL_SAID = "insert into kw.permission_event (permission, at, event) select key, %s, 'granted' from unnest(%s::bigint[]) as key"
_SAID = "insert into kw.permission_event (permission, at, event) values (%s, %s, 'granted')"
_END = "insert into kw.permission_event (permission, at, event) values (%s, %s, %s) returning id"
_SUCCESSORS = """
    with recursive after as (
        select id from kw.permission where renews = %s union select p.id from kw.permission p join after a on p.renews = a.id)
    select id from after order by id
"""
STANDING = """
    left join lateral (select event, at, because from kw.permission_event where permission = p.id and event <> 'granted'
        order by at limit 1) e on true
"""
"""The end of a permission `p` that stands, if one was told: of several the nearest."""
_SELECT = f"""
    select p.id, p.connection, p.subject, p.party, p.mask, p.purpose, p.data, s.live, p.live, e.event, e.at, p.reference, e.because
    from kw.permission p join kw.permission_state s on s.id = p.id {STANDING}
"""  # noqa: S608 - constants only
_OF_SUBJECT = _SELECT + " where p.subject = %s order by p.id desc"
_ONE = _SELECT + " where p.id = %s"
_CHAIN = f"""
    with recursive chain as (
        select %s::bigint as id union select q.id from kw.permission q join chain a on q.renews = a.id)
    {_SELECT} where p.id in (select id from chain) order by p.id
"""  # noqa: S608 - constants only
_OVERVIEW = """
    select s.party, count(*) filter (where s.live @> %(at)s), count(*) filter (where isempty(s.live) or e.at <= %(at)s),
        count(*) filter (where upper(s.live) <= %(at)s and (e.at is null or e.at > %(at)s))
    from kw.permission_state s
    left join (select permission, min(at) as at from kw.permission_event where event <> 'granted' group by permission) e
        on e.permission = s.id
    group by s.party order by s.party nulls first
"""


@final
@dataclass(frozen=True, slots=True)
class PermissionRow:
    """One permission as given and as it stands.

    `live` is None where it was ended before it began, otherwise it is cut at the end; `given` is what the customer agreed to.
    `ended` and `ended_at` tell how it ended, or will where that is still to come, None while nobody told an end; `because` tells
    why, where it fell away by itself.
    """

    id: int
    connection: int
    subject: int
    party: int | None
    mask: Mask
    purpose: str
    data: Period
    live: Period | None
    given: Period
    ended: str | None
    ended_at: datetime | None
    reference: str | None
    because: str | None

    def over(self, at: datetime) -> tuple[str, datetime] | None:
        """Return by which event and when it ended or ran out; None while it may still be ended."""
        if self.ended is not None and self.ended_at is not None and (self.live is None or self.ended_at <= at):
            return self.ended, self.ended_at
        end = self.given.end
        return ("expired", end) if end is not None and end <= at else None


@final
@dataclass(frozen=True, slots=True)
class PartyCount:
    """How many permissions a party has (None: the customers' own opt-in): live now, ended by somebody, run out."""

    party: int | None
    live: int
    ended: int
    expired: int


@final
@dataclass(frozen=True, slots=True)
class Grant:
    """What a customer gives, and to whom (`party` None: opt-in to the own page). `purpose` is in the customer's words.

    `request` is what it answers, `renews` the permission it goes on from, `identifier` that of another permission administrator.
    """

    connection: int
    subject: int
    party: int | None
    mask: Mask
    purpose: str
    data: Period
    live: Period
    reference: str | None = None
    request: int | None = None
    renews: int | None = None
    schedule: str = Schedule.DAILY
    identifier: str | None = None


def alone(c: C, subject: int) -> None:
    """Let nobody else end or renew a permission of this person until the transaction ends: what is looked at then stands."""
    c.execute("select pg_advisory_xact_lock(hashtextextended('kw.permission', %s))", (subject,))


def grant(c: C, given: Grant, at: datetime) -> int:
    """Give a permission. Returns its id. Raises NotAnOccupant or AlreadyPermitted, and then nothing was changed."""
    values = {name: getattr(given, name) for name in Grant.__slots__} | {"at": given.live.start}
    try:
        with c.transaction(), _rows.cursor(c) as cursor:
            found = cursor.execute(_GRANT, values).fetchone()
            if found is not None:
                cursor.execute(_SAID, (found[0], at))
    except ExclusionViolation as error:
        msg = "there is a live permission for this party and purpose"
        raise AlreadyPermitted(msg) from error
    if found is None:
        msg = "only who lives there can give a permission"
        raise NotAnOccupant(msg)
    return int(found[0])


def answer(c: C, requests: Collection[int], at: datetime) -> dict[int, int]:
    """Give what each of these requests asks, in the order of their numbers; return the permissions' ids by request.

    Raises AlreadyAnswered, AlreadyPermitted or NotAnOccupant if one of them cannot be given, and then nothing was changed.
    """
    try:
        with c.transaction(), _rows.cursor(c) as cursor:
            rows = cursor.execute(_ANSWER, {"requests": list(requests), "at": at})
            given: dict[int, int] = dict(rows.fetchall())
            if len(given) < len(requests):
                msg = "only who lives there can give a permission"
                raise NotAnOccupant(msg)
            cursor.execute(_ALL_SAID, (at, sorted(given.values())))
    except ExclusionViolation as error:
        msg = "there is a live permission for this party and purpose"
        raise AlreadyPermitted(msg) from error
    except UniqueViolation as error:
        msg = "the request has its answer"
        raise AlreadyAnswered(msg) from error
    return given


def revoke(c: C, permission: int, at: datetime, event: str = "revoked") -> bool:
    """End a permission from `at` on: a new fact, and a stop in the same transaction. False if an end stands that is as near.

    Raises NotFound for one that is not there or not theirs.
    """
    with _rows.cursor(c) as cursor:
        if cursor.execute("select 1 from kw.permission where id = %s", (permission,)).fetchone() is None:
            msg = "no such permission"
            raise NotFound(msg)
        return cursor.execute(_END, (permission, at, event)).fetchone() is not None


def successors(c: C, permission: int) -> list[int]:
    """Return the renewals of a permission, and theirs: they must not outlive what they renew."""
    with _rows.cursor(c) as cursor:
        return [key for (key,) in cursor.execute(_SUCCESSORS, (permission,))]


def subject_of(c: C, permission: int) -> int | None:
    """Return who gave a permission; None if there is none with this number."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute("select subject from kw.permission where id = %s", (permission,)).fetchone()
    return None if row is None else row[0]


def own(c: C, subject: int, permission: int, at: datetime) -> PermissionRow | None:
    """Return a permission that this person can still end at this moment: theirs, not ended, not run out. Else None."""
    one = theirs(c, subject, permission)
    return None if one is None or one.over(at) else one


def chain(c: C, permission: int) -> list[PermissionRow]:
    """Return a permission with its renewals, and theirs, whatever became of each, in the order in which they were given."""
    return _select(c, _CHAIN, permission)


def theirs(c: C, subject: int, permission: int) -> PermissionRow | None:
    """Return a permission of this person, whatever became of it; None if it is not theirs."""
    return next((one for one in _select(c, _ONE, permission) if one.subject == subject), None)


def of_subject(c: C, subject: int) -> list[PermissionRow]:
    """Return all permissions a person ever gave, newest first."""
    return _select(c, _OF_SUBJECT, subject)


def overview(c: C, at: datetime) -> list[PartyCount]:
    """Return how many permissions each party has, as of a moment. For the operator: no person is named."""
    with _rows.cursor(c) as cursor:
        return [PartyCount(*row) for row in cursor.execute(_OVERVIEW, {"at": at})]


def _select(c: C, query: LiteralString, key: int) -> list[PermissionRow]:
    with _rows.cursor(c) as cursor:
        return [PermissionRow(*row) for row in cursor.execute(query, (key,))]
