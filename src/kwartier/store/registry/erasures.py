"""Who asked to be erased, what was decided, and carrying it out: where somebody stayed, and what the registry gives up of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import final

from kwartier.grounds.erasure import Freed, Stay
from kwartier.model.ground import Permission
from kwartier.model.period import Period, day_of, epoch_s
from kwartier.store.registry import corrections
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

# A register on the boundary with somebody else's time is theirs too, if they ever gave a consent that may be its ground.
_STAYS = """
    with beside as (
        select b.connection, b.subject, b.period from kw.occupancy b
        where exists (select from kw.permission p where p.connection = b.connection and p.subject = b.subject))
    select o.connection, o.period,
        not exists (select from beside b where b.connection = o.connection and b.subject <> o.subject
            and upper(b.period) = lower(o.period)),
        not exists (select from beside b where b.connection = o.connection and b.subject <> o.subject
            and lower(b.period) = upper(o.period)),
        exists (select from kw.hold h where h.connection = o.connection and h.subject = o.subject and h.period @> %(at)s)
    from kw.occupancy o where o.subject = %(subject)s order by o.connection, lower(o.period)
"""
# Whose processing is restricted now, and whose no longer is since a moment: the person's time at the connection.
_HELD = """
    select o.connection, o.period, h.period @> %(at)s from kw.hold h
    join kw.occupancy o on o.connection = h.connection and o.subject = h.subject
    where h.period @> %(at)s or upper(h.period) > %(since)s and upper(h.period) <= %(at)s
    order by o.connection, lower(o.period)
"""
_PERMISSIONS = """
    select p.connection, p.id, p.subject, p.party, p.mask, p.purpose, p.data, s.live
    from kw.permission p join kw.permission_state s on s.id = p.id where p.subject = %s and not isempty(s.live) order by p.id
"""
_WAITING = """
    select e.id, e.subject, s.code, e.asked from kw.erasure e join kw.subject s on s.key = e.subject
    where e.state = 'asked' and e.asked <= %s order by e.id
"""
_PARTS = "select erasure, connection, period, rules, opens, closes from kw.erasure_part where erasure = any(%s) order by 1, 2, 3"
# What the person has restricted stays (GDPR art. 18(2)), also where that was said after the erasure was asked.
_RESTRICTED = """
    select distinct h.connection from kw.hold h where h.subject = %(subject)s and h.period @> %(at)s
"""
# Where the person has moved out; where they live, the latest sight is the meter's more than theirs.
_LIVED = """
    delete from kw.{table} t where not (t.connection = any(%(restricted)s)) and exists (
        select from kw.erasure_part p join kw.occupancy o on o.connection = p.connection and o.subject = %(subject)s
        where p.erasure = %(erasure)s and p.connection = t.connection and o.period @> t.at and upper(o.period) <= %(at)s)
"""
_SIGHTS = _LIVED.replace("{table}", "sight")
_ALARMS = _LIVED.replace("{table}", "alarm")
_DOCUMENTS = """
    select distinct r.code, b.id, d.id from kw.parcel d join kw.bundle b on b.id = d.bundle join kw.party r on r.key = b.receiver
    join kw.erasure_part p on p.connection = d.connection and p.erasure = %(erasure)s
    where d.subject = %(subject)s and d.status = 'delivered' and d.receiver_role = 'third_party' and p.rules & %(rules)s <> 0
    and not exists (select from kw.hold h where h.connection = d.connection and h.subject = d.subject and h.period @> %(at)s)
"""


@final
@dataclass(frozen=True, slots=True)
class Waiting:
    """An erasure that a nightly run has to carry out."""

    id: int
    subject: int
    code: str
    asked: datetime
    parts: tuple[Freed, ...]


def stays(c: C, subject: int, at: datetime) -> tuple[Stay, ...]:
    """Return where a person lives and lived, with all permissions the person gave there, and whether it is restricted at `at`."""
    given: dict[int, list[Permission]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, *fields in cursor.execute(_PERMISSIONS, (subject,)):
            given[connection].append(Permission(*fields))
        return tuple(
            Stay(connection, period, tuple(given[connection]), opens, closes, restricted)
            for connection, period, opens, closes, restricted in cursor.execute(_STAYS, {"subject": subject, "at": at}).fetchall()
        )


def restricted(c: C, since: datetime | None, at: datetime) -> tuple[list[tuple[int, Period]], list[tuple[int, Period]]]:
    """Return (connection, time of the person there) of what is restricted at `at`, and of what is no longer since a moment."""
    holds: tuple[list[tuple[int, Period]], list[tuple[int, Period]]] = ([], [])
    with _rows.cursor(c) as cursor:
        for connection, period, now in cursor.execute(_HELD, {"at": at, "since": since or at}).fetchall():
            holds[0 if now else 1].append((connection, period))
    return holds


def by_hand(c: C, connection: int, period: Period) -> list[date]:
    """Return the local days of readings taken by hand in somebody's time at a connection, both ends of it included."""
    query = "select at from kw.hand_reading where connection = %s and at >= %s and at <= %s order by at"
    return [day_of(at) for (at,) in c.execute(query, (connection, period.start, period.end or datetime.max.replace(tzinfo=UTC)))]


def waits(c: C, subject: int) -> bool:
    """True if an erasure of this person has not been carried out yet."""
    return c.execute("select from kw.erasure where subject = %s and state = 'asked'", (subject,)).fetchone() is not None


def ask(c: C, subject: int, asked: datetime, freed: Sequence[Freed]) -> int:
    """Write down what is to be erased. Returns its number."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute("insert into kw.erasure (subject, asked) values (%s, %s) returning id", (subject, asked)).fetchone()
        assert found is not None  # noqa: S101 - an insert returns its row
        cursor.executemany(
            "insert into kw.erasure_part (erasure, connection, period, rules, opens, closes) values (%s, %s, %s, %s, %s, %s)",
            [(found[0], one.connection, one.period, one.rules, one.opens, one.closes) for one in freed],
        )
    return int(found[0])


def waiting(c: C, at: datetime) -> list[Waiting]:
    """Return what was asked up to a moment and is not carried out, oldest first."""
    parts: dict[int, list[Freed]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        asked = cursor.execute(_WAITING, (at,)).fetchall()
        for erasure, connection, period, rules, opens, closes in cursor.execute(_PARTS, ([row[0] for row in asked],)):
            parts[erasure].append(Freed(connection, period, rules, opens, closes))
    return [Waiting(number, subject, code, when, tuple(parts[number])) for number, subject, code, when in asked]


def documents(c: C, one: Waiting, permitted: int, at: datetime) -> list[tuple[str, str, str]]:
    """Return (box, bundle, parcel) of what was handed to third parties about this person by a permission that is no more.

    What the person has restricted at `at` is left out: it stays. `permitted` are the rules that rest on a permission to a party.
    """
    return c.execute(_DOCUMENTS, {"erasure": one.id, "subject": one.subject, "rules": permitted, "at": at}).fetchall()


def give_up(c: C, one: Waiting, at: datetime) -> dict[str, int]:
    """Delete doubted answers, sights, alarms and what corrections say about this person's time, as the owner, but where restricted.

    Returns how many rows of each table.
    """
    lived = {"erasure": one.id, "subject": one.subject, "at": at}
    restricted = [row[0] for row in c.execute(_RESTRICTED.encode(), lived)]
    counts = {"quarantine": 0, "corrections": 0}
    for part in (part for part in one.parts if part.connection not in restricted):
        assert part.period.end is not None  # noqa: S101 - a part is closed
        bounds = {"connection": part.connection, "first": epoch_s(part.period.start), "last": epoch_s(part.period.end)}
        counts["quarantine"] += c.execute(
            "delete from kw.quarantine where connection = %(connection)s and first_s < %(last)s and last_s > %(first)s", bounds
        ).rowcount
        counts["corrections"] += corrections.give_up(c, part.connection, part.period, part.rules)
    counts["sights"] = c.execute(_SIGHTS.encode(), lived | {"restricted": restricted}).rowcount
    counts["alarms"] = c.execute(_ALARMS.encode(), lived | {"restricted": restricted}).rowcount
    return counts


def carried(c: C, erasure: int, *, forgotten: bool) -> None:
    """Write that an erasure was carried out, and whether its person was forgotten. Traces of it may still be on disk."""
    c.execute("update kw.erasure set state = 'carried', forgotten = %s where id = %s", (forgotten, erasure))


def unfinished(c: C) -> list[int]:
    """Return the erasures that were carried out and may have left traces on disk."""
    return [row[0] for row in c.execute("select id from kw.erasure where state = 'carried' order by id")]


def finished(c: C, erasures: Collection[int], at: datetime) -> None:
    """Write that nothing of these is left on disk."""
    c.execute("update kw.erasure set state = 'done', done = %s where id = any(%s)", (at, list(erasures)))
