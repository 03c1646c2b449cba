"""Who lives where, and when."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_OCCUPANCIES = """
    select o.id, o.connection, c.product, o.period from kw.occupancy o join kw.connection c on c.key = o.connection
    where o.subject = %s order by o.connection, lower(o.period)
"""
_EVER_AT = """
    select w.connection, s.key, s.code from (
        select connection, subject from kw.occupancy where connection = any(%(keys)s)
        union select connection, subject from kw.permission where connection = any(%(keys)s)
        union select connection, subject from kw.superseded where connection = any(%(keys)s) and fact = 'occupancy'
    ) as w join kw.subject s on s.key = w.subject
"""
_EVER = """
    select c.key, c.product from kw.connection c where c.key in (
        select connection from kw.occupancy where subject = %(me)s
        union select connection from kw.permission where subject = %(me)s
        union select connection from kw.superseded where subject = %(me)s and fact = 'occupancy')
"""
_STAYS_AT = """
    select connection, subject, period from kw.occupancy where connection = any(%s) order by connection, subject, lower(period)
"""
_BY_HASH = """
    select h.hash, s.key, s.code from kw.subject s
    cross join lateral (select audit.hash_of(s.code) as hash) as h where h.hash = any(%b)
"""
LEFT: Final = """
    select s.key, s.code, coalesce(o.until, greatest(s.recorded, w.at)) as until from kw.subject s
    left join (select subject, max(coalesce(upper(period), 'infinity')) as until from kw.occupancy group by subject) o
        on o.subject = s.key
    left join (select p.subject, max(r.at) as at from kw.superseded p join kw.rectification r on r.id = p.rectification
        where p.fact = 'occupancy' group by p.subject) w on w.subject = s.key
"""
"""From when on the term of each person runs: the end of the last stay; without any, when the person was recorded, or when the last
stay that was believed was put right."""


@final
@dataclass(frozen=True, slots=True)
class Subject:
    """A person. `code` is their own number, with which they check proofs; personal data."""

    key: int
    code: str


@final
@dataclass(frozen=True, slots=True)
class OccupancyRow:
    """A person's time at a connection."""

    id: int
    connection: int
    product: Product
    period: Period


FORGOTTEN: Final = "forgotten:"
"""How the code of a person begins who was forgotten: what follows is the surrogate key and says nothing."""


def forgotten(code: str) -> bool:
    """Tell whether this is the code of somebody who was forgotten."""
    return code.startswith(FORGOTTEN)


def by_code(c: C, code: str) -> Subject | None:
    """Find a person by their own code."""
    found = c.execute("select key, code from kw.subject where code = %s", (code,)).fetchone()
    return Subject(*found) if found else None


def recorded(c: C, subject: int) -> datetime | None:
    """Return when a person came into the registry; None for nobody."""
    found = c.execute("select recorded from kw.subject where key = %s", (subject,)).fetchone()
    since: datetime | None = found[0] if found else None
    return since


def codes(c: C, subjects: Iterable[int]) -> dict[int, str]:
    """Return the own code of each of these people."""
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute("select key, code from kw.subject where key = any(%s)", (sorted(subjects),)).fetchall())


def living(c: C, connections: Iterable[int], at: datetime) -> dict[int, str]:
    """Return the own code of who lives at each of these connections at a moment; one where nobody does is absent."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(
            "select o.connection, s.code from kw.occupancy o join kw.subject s on s.key = o.subject"
            " where o.connection = any(%s) and o.period @> %s",
            (list(connections), at),
        )
        return dict(found.fetchall())


def wrapped_keys(c: C, codes: Iterable[str]) -> dict[str, bytes]:
    """Return by code the wrapped key of each of these people who are there."""
    query = "select s.code, k.wrapped from kw.subject s join kw.subject_key k on k.subject = s.key where s.code = any(%s)"
    with _rows.cursor(c) as cursor:
        return dict(cursor.execute(query, (list(codes),)).fetchall())


def ever_at(c: C, connections: Iterable[int]) -> dict[int, dict[int, str]]:
    """Return the own code of everybody who lives or lived at these connections, or gave a permission there, by connection."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for key, subject, code in c.execute(_EVER_AT, {"keys": sorted(connections)}):
        found[key][subject] = code
    return {**found}


def stays_at(c: C, connections: Iterable[int]) -> dict[tuple[int, int], list[Period]]:
    """Return when everybody who lives or lived at these connections did, by connection and person, the first stay first."""
    found: dict[tuple[int, int], list[Period]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for key, subject, period in cursor.execute(_STAYS_AT, (sorted(connections),)):
            found[key, subject].append(period)
    return {**found}


def ever(c: C, subject: int) -> dict[int, Product]:
    """Return the connections at which a person lives or lived, was believed to, or gave a permission, with what each carries."""
    return {key: Product(carried) for key, carried in c.execute(_EVER, {"me": subject})}


def by_hashes(c: C, hashes: Collection[bytes]) -> dict[bytes, dict[int, str]]:
    """Return the own code of those whose code has a SHA-256 that begins with one of these 8 bytes: one look through everybody."""
    found: dict[bytes, dict[int, str]] = defaultdict(dict)
    for begins, subject, code in c.execute(_BY_HASH, (list(hashes),), binary=True) if hashes else ():
        found[begins][subject] = code
    return {**found}


def occupancies(c: C, subject: int) -> list[OccupancyRow]:
    """Return where a person lives and lived."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_OCCUPANCIES, (subject,)).fetchall()
    return [OccupancyRow(i, connection, Product(product), period) for i, connection, product, period in found]


def occupant(c: C, connection: int, at: datetime) -> Subject | None:
    """Return who lives at a connection at a moment, None if nobody does."""
    found = c.execute(
        "select s.key, s.code from kw.occupancy o join kw.subject s on s.key = o.subject"
        " where o.connection = %s and o.period @> %s::timestamptz",
        (connection, at),
    ).fetchone()
    return Subject(*found) if found else None


def product(c: C, connection: int) -> Product | None:
    """Return what a connection carries, None if there is no such connection."""
    found = c.execute("select product from kw.connection where key = %s", (connection,)).fetchone()
    return Product(found[0]) if found else None


def there(c: C, connections: Iterable[int]) -> set[int]:
    """Return those of these connections that there are."""
    return {row[0] for row in c.execute("select key from kw.connection where key = any(%s)", ([*connections],))}


def connection(c: C, ean: Ean) -> int | None:
    """Return the key of a connection by its EAN."""
    found = c.execute("select key from kw.connection where ean = %s", (ean.reveal(),)).fetchone()
    return int(found[0]) if found else None
