"""Facts that were wrong: taken out of the facts, kept with the moment at which that was known, and whom they had been told to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, final

from psycopg.errors import ExclusionViolation
from psycopg.types.json import Jsonb

from kwartier.model.ground import Occupancy
from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import RegistryError
from kwartier.store.registry.rows import C

_STAY = "select id, connection, subject, period from kw.occupancy where id = %s for update"
_OPEN = """
    insert into kw.rectification (request, connection, subject, fact, wrong, at, by, tell)
    values (%s, %s, %s, %s, %s, %s, %s, %s) returning id
"""
_TOLD = """
    select p.receiver_role, p.receiver, array_agg(p.id order by p.id) from kw.parcel p
    where p.connection = %s and p.status = 'delivered' and kw.shares(%s, p.period) group by p.receiver_role, p.receiver
    order by p.receiver_role, p.receiver
"""
# What was said of somebody about a time in which that person does not live there any more, and was told to nobody as such yet.
_ASTRAY = """
    select p.receiver_role, p.receiver, array_agg(p.id order by p.id) from kw.parcel p
    where p.connection = %(connection)s and p.status = 'delivered' and kw.shares(%(wrong)s, p.period)
    and kw.astray(p.connection, p.subject, p.period) and not exists (
        select from kw.rectification x join kw.rectification_notice n on n.rectification = x.id
        where x.connection = p.connection and x.fact = 'occupancy' and p.id = any(n.parcels))
    group by p.receiver_role, p.receiver order by p.receiver_role, p.receiver
"""
_OF_STAYS = """
    select distinct x.connection, x.wrong, x.at from kw.occupancy o join kw.rectification x on x.connection = o.connection
    and x.fact = 'occupancy' and kw.shares(o.period, x.wrong) where o.subject = %s order by x.connection, x.at
"""
_NEW = "insert into kw.occupancy (connection, subject, period) values (%s, %s, %s) returning id"
_OUT = """
    select connection, id, subject, period from kw.superseded where fact = 'occupancy' and connection = any(%s) order by id
"""
_ALL = "select id, request, connection, fact, wrong, at, tell from kw.rectification order by id desc"


class Overlaps(RegistryError):
    """Somebody else lives there in that time: their stay has to be put right first; nothing was changed."""

    code = "overlaps"


@final
@dataclass(frozen=True, slots=True)
class Stay:
    """An occupancy: who lived where and when."""

    id: int
    connection: int
    subject: int
    period: Period


class Told(NamedTuple):
    """A receiver that was handed parcels about a time about which something wrong was believed (GDPR art. 19)."""

    role: str
    party: int
    parcels: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Rectification:
    """What was put right: `wrong` is the time about which something else was believed until `at`."""

    id: int
    request: int | None
    connection: int | None
    fact: str
    wrong: Period | None
    at: datetime
    tell: tuple[Told, ...]


def stay(c: C, occupancy: int) -> Stay | None:
    """Return an occupancy, and let nobody else change it in this transaction."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_STAY, (occupancy,)).fetchone()
    return None if row is None else Stay(*row)


def told(c: C, connection: int, wrong: Period) -> list[Told]:
    """Return who was handed something about this time."""
    with _rows.cursor(c) as cursor:
        return [Told(role, party, tuple(parcels)) for role, party, parcels in cursor.execute(_TOLD, (connection, wrong))]


def astray(c: C, connection: int, wrong: Period) -> list[Told]:
    """Return who was handed something about this time, said of somebody who does not live there then, and was not told so."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_ASTRAY, {"connection": connection, "wrong": wrong}).fetchall()
    return [Told(role, party, tuple(parcels)) for role, party, parcels in found]


def of_stays(c: C, subject: int) -> list[tuple[int, Period, datetime]]:
    """Return (connection, time, since when it is known) of what was put right of who lived where, in the person's own stays."""
    with _rows.cursor(c) as cursor:
        return cursor.execute(_OF_STAYS, (subject,)).fetchall()


def add(c: C, one: Rectification, subject: int | None, by: str) -> int:
    """Write down that something is put right. Returns its number."""
    tell = Jsonb([list(each) for each in one.tell])
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_OPEN, (one.request, one.connection, subject, one.fact, one.wrong, one.at, by, tell)).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def replace_stay(c: C, old: Stay, new: tuple[int, Period] | None, rectification: int) -> int | None:
    """Take an occupancy out, and put (subject, period) in its place if anybody lived there. Returns its id. Raises Overlaps."""
    with _rows.cursor(c) as cursor:
        cursor.execute("select kw.supersede('occupancy', %s, %s)", (old.id, rectification))
        if new is None:
            return None
        try:
            row = cursor.execute(_NEW, (old.connection, *new)).fetchone()
        except ExclusionViolation as error:
            msg = "somebody else is written down there in that time"
            raise Overlaps(msg) from error
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def taken_out(c: C, connections: Iterable[int]) -> dict[int, Sequence[Occupancy]]:
    """Return the occupancies that were taken out, by connection: what was decided by them can be decided again as of then."""
    found: dict[int, list[Occupancy]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, *rest in cursor.execute(_OUT, (sorted(connections),)):
            found[connection].append(Occupancy(*rest))
    return {**found}


def every(c: C) -> list[Rectification]:
    """Return all that was put right, the newest first."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_ALL).fetchall()
    return [
        Rectification(i, request, connection, fact, wrong, at, tuple(Told(role, party, tuple(ids)) for role, party, ids in tell))
        for i, request, connection, fact, wrong, at, tell in found
    ]
