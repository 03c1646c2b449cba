"""Readings taken by hand, the meters they are of, and what was read remotely: what refusal and absence are told by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from psycopg.errors import UniqueViolation

from kwartier.model.ground import RestrictionKind
from kwartier.model.period import Period
from kwartier.model.register import Channel, Mask, Product
from kwartier.store.registry import rows
from kwartier.store.registry.errors import AlreadyTaken
from kwartier.store.registry.rows import C

THEIRS: Final = """
    (exists (select from kw.meter m where m.key = h.meter and m.connection = h.connection)
    or exists (select from kw.coupling k where k.meter = h.meter and k.connection = h.connection))
"""
"""Of a hand reading `h`: its meter is the connection's. A gas meter whose coupling was wrong measured another home."""
_METERS = """
    select m.key, m.equipment_id, m.model, 0::smallint, m.placed from kw.meter m where m.connection = %(c)s and m.placed && %(p)s
    union all
    select m.key, m.equipment_id, m.model, k.mbus, m.placed * k.period from kw.coupling k join kw.meter m on m.key = k.meter
    where k.connection = %(c)s and not isempty(m.placed * k.period * %(p)s)
"""
_MEASURING = """
    select c.product, c.capacity_w, m.key, m.model from kw.connection c
    join kw.meter m on m.connection = c.key and m.placed @> %(at)s where c.key = %(c)s
    union all
    select c.product, c.capacity_w, m.key, m.model from kw.connection c
    join kw.coupling k on k.connection = c.key and k.period @> %(at)s
    join kw.meter m on m.key = k.meter and m.placed @> %(at)s where c.key = %(c)s
"""
_INSERT = """
    insert into kw.hand_reading (connection, meter, channel, value, at, how, taken) values (%s, %s, %s, %s, %s, %s, %s) returning id
"""
_WAIT = "insert into kw.hand_waiting (reading) select unnest(%s::bigint[]) on conflict do nothing"
_WAITING = f"""
    select h.connection, h.at, bit_or(1 << h.channel), array_agg(h.id) from kw.hand_waiting w join kw.hand_reading h
    on h.id = w.reading where {THEIRS} group by h.connection, h.at order by h.connection, h.at limit %s
"""  # noqa: S608 - constants only
_PROMISED = "delete from kw.hand_waiting where reading = any(%s)"
_OF_METER = """
    select id, meter, channel, value, at, how from kw.hand_reading where connection = %s and meter = %s order by at, channel
"""
_AT_MOMENT = f"""
    select id, meter, channel, value, at, how from kw.hand_reading h where connection = %s and at = %s and {THEIRS} order by channel
"""  # noqa: S608 - constants only
# The last of each kind that counts, or else since when nothing was read remotely without a break: one restriction that takes the
# place of another begins nothing anew. Gas goes with the meter that carries it. A new coupling begins nothing anew either: another
# meter has other counters, but what was used until then nobody saw; what is read of the old one as it goes counts as any reading.
_BY_HAND = """
    with restricted as (
        select r.connection, r.kind, r.period from kw.restriction r
        union all select k.connection, r.kind, r.period * m.placed * k.period
        from kw.restriction r join kw.meter m on m.connection = r.connection and m.placed && r.period
        join kw.coupling k on k.meter = m.key and k.period && r.period),
    unread as (select connection, unnest(range_agg(period)) as period from restricted group by connection)
    select r.connection, c.product, r.kind, lower(u.period),
        (select max(h.at) from kw.hand_reading h where h.connection = r.connection and h.how = 'visit'),
        (select max(h.at) from kw.hand_reading h where h.connection = r.connection)
    from restricted r join unread u on u.connection = r.connection and u.period @> %(at)s
    join kw.connection c on c.key = r.connection where r.period @> %(at)s order by r.connection
"""
_READ = """
    select count(*) from kw.outcome where connection = %(c)s and at >= %(from)s and at < %(to)s and profile = any(%(profiles)s)
    and (result = 'read' or reason in ('withdrawn', 'quarantined'))
"""
_LAST_DAY_READ = """
    select max(last_s) from kw.outcome where connection = %s and meter = %s and profile in ('e_day', 'g_day') and result = 'read'
    and last_s <= %s
"""


@final
@dataclass(frozen=True, slots=True)
class Serving:
    """A meter that measures a connection: by which M-Bus channel (0 electricity), and since and until when."""

    meter: int
    equipment_id: str
    model: str
    mbus: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Measuring:
    """What measures a connection at a moment: the meter and its model by name. `capacity_w` is W, for gas dm3 per hour."""

    product: Product
    capacity_w: int
    meter: int
    model: str


@final
@dataclass(frozen=True, slots=True)
class Taken:
    """Where, when and how registers were read by hand, and when that was written down."""

    connection: int
    meter: int
    at: datetime
    how: str
    taken: datetime


@final
@dataclass(frozen=True, slots=True)
class HandReading:
    """A register as somebody read it: Wh, for gas dm3."""

    id: int
    meter: int
    channel: Channel
    value: int
    at: datetime
    how: str


@final
@dataclass(frozen=True, slots=True)
class Waiting:
    """Registers of one moment, by their ids, that wait to be promised to whoever supplied then."""

    connection: int
    at: datetime
    mask: Mask
    ids: Sequence[int]


@final
@dataclass(frozen=True, slots=True)
class ByHand:
    """A connection that is not read remotely: since when without a break; when the operator, and anybody, read it last."""

    connection: int
    product: Product
    kind: RestrictionKind
    since: datetime
    visited: datetime | None
    read: datetime | None


def serving(c: C, connection: int, period: Period) -> list[Serving]:
    """Return the meters that measured a connection within a period."""
    with rows.cursor(c) as cursor:
        return [Serving(*row) for row in cursor.execute(_METERS, {"c": connection, "p": period})]


def measuring(c: C, connection: int, at: datetime) -> Measuring | None:
    """Return what measured a connection at a moment, whether it talks or not; None where nothing is known to have."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_MEASURING, {"c": connection, "at": at}).fetchone()
    return None if found is None else Measuring(Product(found[0]), *found[1:])


def add(c: C, one: Taken, values: Iterable[tuple[Channel, int]]) -> list[int]:
    """Write registers of one moment. Returns their ids. Raises AlreadyTaken."""
    try:
        with rows.cursor(c) as cursor:
            found = []
            for channel, value in values:
                of = one.connection, one.meter, int(channel), value
                row = cursor.execute(_INSERT, (*of, one.at, one.how, one.taken)).fetchone()
                found.append(int(row[0]) if row else 0)
            return found
    except UniqueViolation:
        msg = "this register of that moment was taken before"
        raise AlreadyTaken(msg) from None


def wait(c: C, ids: Sequence[int]) -> None:
    """Let these readings wait for a delivery round, which looks who supplied then."""
    c.execute(_WAIT, (list(ids),))


def waiting(c: C, most: int) -> list[Waiting]:
    """Return what waits to be promised and is of a connection's own meter, of so many moments at the most."""
    with rows.cursor(c) as cursor:
        return [Waiting(*row) for row in cursor.execute(_WAITING, (most,))]


def promised(c: C, ids: Sequence[int]) -> None:
    """Write that these readings wait no longer."""
    c.execute(_PROMISED, (list(ids),))


def of_meter(c: C, connection: int, meter: int) -> list[HandReading]:
    """Return what was read by hand of one meter at one connection, in order of time."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_OF_METER, (connection, meter)).fetchall()
    return [HandReading(key, meter, Channel(channel), *rest) for key, meter, channel, *rest in found]


def at_moment(c: C, connection: int, moment: datetime) -> list[HandReading]:
    """Return what was read by hand at one connection at one moment, of a meter that is its own as far as is known now."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_AT_MOMENT, (connection, moment)).fetchall()
    return [HandReading(key, meter, Channel(channel), *rest) for key, meter, channel, *rest in found]


def by_hand(c: C, at: datetime) -> list[ByHand]:
    """Return every connection that is refused or administratively off at a moment."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_BY_HAND, {"at": at}).fetchall()
    return [ByHand(key, Product(product), RestrictionKind(kind), *rest) for key, product, kind, *rest in found]


def read_remotely(c: C, connection: int, period: Period, profiles: Iterable[str]) -> int:
    """Count answers that came from a meter about a connection within a period, also what was put aside or thrown away after."""
    values = {"c": connection, "from": period.start, "to": period.end, "profiles": list(profiles)}
    with rows.cursor(c) as cursor:
        found = cursor.execute(_READ, values).fetchone()
    return int(found[0]) if found else 0


def last_day_read(c: C, connection: int, meter: int, until_s: int) -> int | None:
    """Return the last midnight (epoch seconds) up to a moment of which the registers were read remotely."""
    with rows.cursor(c) as cursor:
        found = cursor.execute(_LAST_DAY_READ, (connection, meter, until_s)).fetchone()
    return None if found is None or found[0] is None else int(found[0])
