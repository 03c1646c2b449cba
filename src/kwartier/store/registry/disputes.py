"""Readings that a person disputes: about which time, since when, and how it was settled."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_PERIODS = """
    select d.connection, d.period from kw.dispute d left join kw.dispute_end e on e.dispute = d.id
    where d.connection = any(%s) and d.asked <= %s and coalesce(e.at > %s, true) order by d.id
"""
_ADD = "insert into kw.dispute (connection, subject, request, period, asked, by) values (%s, %s, %s, %s, %s, %s) returning id"
_END = """
    insert into kw.dispute_end (dispute, at, outcome, by) select id, %s, %s, %s from kw.dispute where id = %s
    on conflict do nothing returning dispute
"""


def of(c: C, connections: Iterable[int], at: datetime) -> dict[int, list[Period]]:
    """Return the times about which readings are disputed at a moment, by connection; one without is absent."""
    found: dict[int, list[Period]] = defaultdict(list)
    with _rows.cursor(c) as cursor:
        for connection, period in cursor.execute(_PERIODS, (sorted(connections), at, at)):
            found[connection].append(period)
    return {**found}


def add(c: C, connection: int, subject: int, request: int | None, period: Period, asked: datetime, by: str) -> int:  # noqa: PLR0917 - one row
    """Write a dispute down. Returns its number."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_ADD, (connection, subject, request, period, asked, by)).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def end(c: C, dispute: int, at: datetime, outcome: str, by: str) -> bool:
    """Settle a dispute: the reading is `right`, or `wrong`. False if there is none, or it was settled before."""
    return c.execute(_END, (at, outcome, by, dispute)).fetchone() is not None


def is_over(c: C, dispute: int) -> bool:
    """True if a dispute was settled: what was disputed is right, or was put right."""
    return c.execute("select from kw.dispute_end where dispute = %s", (dispute,)).fetchone() is not None


def whose(c: C, dispute: int) -> tuple[int, int, Period] | None:
    """Return subject, connection and time of a dispute."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute("select subject, connection, period from kw.dispute where id = %s", (dispute,)).fetchone()
    return None if row is None else (row[0], row[1], row[2])
