"""Permissions that end by themselves: which, when, and because of what. A query for a page of them; works as the operator.

The moment is the true one: when the person left, the meter was refused, the party was not bound by an agreement, it was suspended,
the end was reached, or what it renews was ended. Where several are true the earliest counts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.model.period import Period
from kwartier.model.register import Mask
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

# The page is said of each table: whatever the server believes of how full they are, it then reads no more of any.
_OPEN: Final = """
    with recursive alive as materialized (
        select s.id, s.connection, s.subject, s.party, s.live, p.renews
        from kw.permission_state s join kw.permission p on p.id = s.id and p.id > %(after)s and p.id <= %(last)s
        where s.id > %(after)s and s.id <= %(last)s and not isempty(s.live)
        and not exists (select from kw.permission_event e where e.permission = s.id and e.event <> 'granted' and e.at <= %(at)s
            and e.permission > %(after)s and e.permission <= %(last)s))
"""
# A renewal goes on from what it renews, so what happened from the begin of that one on counts too. Each
# is looked up by its number (`limit`): a join may be done by a walk through all permissions there are.
# Who lives there, and what binds the party: the first moment of the permission's life at which its giver does not, or it has no
# agreement. A no that was once taken for one to what had ended, as its end had been told and was still to come, ends it. What was
# over as it began is renewed by nothing, whatever ended it.
_OVER = f"""{_OPEN},
    lives as (
        select id, connection, subject, party, live, renews from alive union all
        select l.id, s.connection, s.subject, s.party, tstzrange(lower(s.live), lower(l.live)), s.renews
        from lives l cross join lateral (
            select t.*, p.renews from kw.permission_state t join kw.permission p on p.id = t.id where t.id = l.renews limit 1) s
        where not isempty(s.live)),
    homes as (
        select connection, subject, range_agg(period) as mine from kw.occupancy
        where connection in (select connection from alive) group by connection, subject),
    bound as (
        select a.party, range_agg(a.period) as held from kw.agreement a join kw.party y on y.key = a.party
        where y.role = 'third_party' and a.party in (select party from alive) group by a.party),
    places as (select distinct connection from alive),
    refusals as (
        select r.connection, r.period from places p join kw.restriction r on r.connection = p.connection where r.kind = 'refused'
        union all
        select k.connection, r.period * k.period * m.placed from places p join kw.coupling k on k.connection = p.connection
        join kw.meter m on m.key = k.meter join kw.restriction r on r.connection = m.connection where r.kind = 'refused'),
    fallen (id, at, rank, because) as (
        select s.id, lower(tstzmultirange(s.live) - coalesce(h.mine, '{{}}'::tstzmultirange)), 1, 'moved_out'
        from lives s left join homes h on (h.connection, h.subject) = (s.connection, s.subject) union all
        select s.id, greatest(lower(r.period), lower(s.live)), 2, 'refused'
        from lives s join refusals r on r.connection = s.connection and r.period && s.live union all
        select s.id, greatest(lower(x.period), lower(s.live)), 3, 'party_suspended'
        from lives s join kw.suspension x on x.party = s.party and x.period && s.live union all
        select s.id, lower(tstzmultirange(s.live) - coalesce(b.held, '{{}}'::tstzmultirange)), 4, 'agreement_ended'
        from lives s left join bound b on b.party = s.party where s.party is not null),
    causes (id, at, rank, event, because) as (
        select id, at, rank, 'invalidated', because from fallen where at is not null union all
        select s.id, greatest(e.at, lower(p.live)), 5, e.event, e.because
        from alive s join kw.permission p on p.id = s.renews join kw.permission_event e on e.permission = p.id
        where e.event in ('revoked', 'terminated', 'invalidated') or e.event <> 'granted' and e.at <= lower(p.live) union all
        select s.id, n.at, 0, 'revoked', null from alive s
        join kw.late_no n on n.permission = s.id and n.permission > %(after)s and n.permission <= %(last)s
        where n.at < coalesce(upper(s.live), 'infinity') union all
        select id, upper(live), 6, 'expired', null from alive where not upper_inf(live)),
    first as (select distinct on (id) id, at, event, because from causes where at <= %(at)s order by id, at, rank)
    select id, at, event, because from first order by id
"""  # noqa: S608 - constants only
_PAGE = "select max(id) from (select id from kw.permission where id > %s order by id limit %s) as page"
_ENDED_OF_DATA = f"""{_OPEN}
    select a.id, a.party, a.connection, p.mask, p.data, a.live from alive a
    join kw.permission p on p.id = a.id and p.id > %(after)s and p.id <= %(last)s
    where a.party is not null and upper(p.data) <= %(at)s order by a.id
"""  # noqa: S608 - constants only
_HANDED = """
    with wanted as (select distinct * from unnest(%(parties)s::bigint[], %(connections)s::bigint[]) as w (party, connection))
    select w.party, w.connection, p.mask, p.period, p.at, coalesce(p.missing, 0)
    from wanted w join kw.parcel p on p.connection = w.connection
    where p.receiver_role = 'third_party' and p.receiver = w.party and p.status = 'delivered' order by lower(p.period)
"""
_WRITE = """
    with said as (
        insert into kw.permission_event (permission, at, event, because)
        select * from unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(events)s::text[], %(becauses)s::text[]) as o (permission)
        order by o.permission returning permission, at, event, because)
    select s.permission, s.at, s.event, s.because, p.connection, p.party, p.mask, j.code
    from said s join kw.permission p on p.id = s.permission join kw.subject j on j.key = p.subject order by s.at, s.permission
"""


@final
@dataclass(frozen=True, slots=True)
class End:
    """A permission that ended by itself: when, by which event, and because of what."""

    permission: int
    at: datetime
    event: str
    because: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """An end as it was written, with what the log is told besides."""

    end: End
    connection: int
    party: int | None
    mask: Mask
    code: str


@final
@dataclass(frozen=True, slots=True)
class DataOver:
    """A live permission of a party whose period of data is over."""

    permission: int
    party: int
    connection: int
    mask: Mask
    data: Period
    live: Period


@final
@dataclass(frozen=True, slots=True)
class HandedOver:
    """A parcel that a party got. `missing` values stand in it as such."""

    mask: Mask
    period: Period
    at: datetime
    missing: int


def page(c: C, after: int, most: int) -> int | None:
    """Return the number of the last of the next `most` permissions after this one; None where none follows."""
    found = c.execute(_PAGE, (after, most)).fetchone()
    return found[0] if found else None


def over(c: C, at: datetime, after: int, last: int) -> list[End]:
    """Return every permission after `after` up to `last` that ended by itself up to this moment and of which nobody has said so."""
    with _rows.cursor(c) as cursor:
        return [End(*row) for row in cursor.execute(_OVER, {"at": at, "after": after, "last": last})]


def data_over(c: C, at: datetime, after: int, last: int) -> list[DataOver]:
    """Return the live permissions of parties, after `after` up to `last`, whose period of data is over."""
    with _rows.cursor(c) as cursor:
        return [DataOver(*row) for row in cursor.execute(_ENDED_OF_DATA, {"at": at, "after": after, "last": last})]


def handed(c: C, wanted: Sequence[DataOver]) -> dict[tuple[int, int], list[HandedOver]]:
    """Return what these parties were handed of these connections, by both: one query for all."""
    asked = {"parties": [one.party for one in wanted], "connections": [one.connection for one in wanted]}
    found: dict[tuple[int, int], list[HandedOver]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for party, connection, *row in cursor.execute(_HANDED, asked):
            found[party, connection].append(HandedOver(*row))
    return {**found}


def write(c: C, found: Sequence[End]) -> list[Ended]:
    """Append these ends; return those that nobody else had said, in order of time."""
    ordered = sorted(found, key=lambda one: one.permission)
    arrays = {
        "ids": [one.permission for one in ordered],
        "ats": [one.at for one in ordered],
        "events": [one.event for one in ordered],
        "becauses": [one.because for one in ordered],
    }
    with _rows.cursor(c) as cursor:
        rows = cursor.execute(_WRITE, arrays).fetchall()
    return [Ended(End(*row[:4]), *row[4:]) for row in rows]
