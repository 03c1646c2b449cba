"""Whom to tell that what they were handed was wrong (GDPR art. 19), and when they were. Parcels by their random ids, no values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, final

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rectifications import Told
from kwartier.store.registry.rows import C

_ADD: Final = """
    insert into kw.rectification_notice (id, rectification, role, receiver, parcels, papers) values (%s, %s, %s, %s, %s, %s)
"""
_NOTICES: Final = """
    select n.id, n.rectification, n.role, n.receiver, y.code, n.parcels, n.papers, n.told, x.fact, x.at, x.connection, (
        select coalesce(array_agg(distinct s.code), '{{}}') from kw.parcel p join kw.subject s on s.key = p.subject
        or x.fact = 'occupancy' and kw.astray(p.connection, p.subject, p.period) and exists (select from kw.occupancy o
            where o.connection = p.connection and o.subject = s.key and kw.shares(o.period, p.period))
        where p.id = any(n.parcels))
    from kw.rectification_notice n join kw.rectification x on x.id = n.rectification join kw.party y on y.key = n.receiver
    where {which} order by n.rectification, n.receiver
"""
_BOXES: Final = """
    select y.code, n.id from kw.rectification_notice n join kw.party y on y.key = n.receiver
    where n.told >= %(since)s and n.told < %(until)s order by n.told
"""


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """One receiver of what was wrong: in whose box it belongs, about which parcels, and when it lay there, None if not yet.

    `papers` quote them, each by the parcel that closed it.

    `fact` is what was wrong: a `reading`, a `coupling`, an `occupancy`; `corrected` since when that is known. `codes` are of the
    people of whom these parcels were said, and of those who really live there in that time: nobody else is told who got them.
    """

    id: str
    rectification: int
    role: str
    receiver: int
    box: str
    parcels: tuple[str, ...]
    papers: tuple[str, ...]
    told: datetime | None
    fact: str
    corrected: datetime
    connection: int | None
    codes: tuple[str, ...]


def add(c: C, rectification: int, told: Iterable[tuple[str, Told, Sequence[str]]]) -> None:
    """Write down who must be told of what was put right and of which papers, each by a random id that says nothing."""
    rows = [(notice, rectification, one.role, one.party, list(one.parcels), list(papers)) for notice, one, papers in told]
    with c.cursor() as cursor:
        cursor.executemany(_ADD, rows)


def waiting(c: C) -> list[Notice]:
    """Return what receivers have not been told yet."""
    return _select(c, "n.told is null", ())


def of(c: C, rectification: int) -> list[Notice]:
    """Return whom one rectification is told to."""
    return _select(c, "n.rectification = %s", (rectification,))


def _select(c: C, which: str, values: tuple[object, ...]) -> list[Notice]:
    with _rows.cursor(c) as cursor:
        rows = cursor.execute(_NOTICES.format(which=which).encode(), values).fetchall()
    return [_notice(*row) for row in rows]


def _notice(number: str, *row: Any) -> Notice:  # noqa: ANN401 - a row
    rectification, role, receiver, box, parcels, papers, told, fact, corrected, connection, codes = row
    about = tuple(parcels), tuple(papers)
    return Notice(number, rectification, role, receiver, box, *about, told, fact, corrected, connection, tuple(codes))


def told(c: C, notice: str, at: datetime) -> bool:
    """Write that a notice lies in its receiver's box. False if that was written before."""
    return c.execute("update kw.rectification_notice set told = %s where id = %s and told is null", (at, notice)).rowcount > 0


def boxes(c: C, since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Return (box, notice) of what receivers were told in [since, until)."""
    return c.execute(_BOXES.encode(), {"since": since, "until": until}).fetchall()
