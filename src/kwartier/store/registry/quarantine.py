"""Answers that validation doubts: kept whole, outside the lake, until somebody has looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from kwartier.store.registry.rows import C, Row

_SELECT = """
    select id, batch, connection, meter, profile, first_s, last_s, verdicts, rows from kw.quarantine
    where id > %(after)s and (%(connection)s::bigint is null or connection = %(connection)s) order by id limit %(limit)s
"""


@final
@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One doubted answer. `verdicts` are (rule, severity, detail); `rows` is the answer as validation packed it."""

    id: int
    batch: int
    connection: int
    meter: int
    profile: str
    first_s: int
    last_s: int
    verdicts: tuple[tuple[str, str, str], ...]
    rows: bytes


def waiting(c: C, *, connection: int | None = None, after: int = 0, limit: int = 1000) -> list[QuarantineRow]:
    """Return the next answers in quarantine by id, of one connection or of all."""
    found = c.execute(_SELECT, {"after": after, "connection": connection, "limit": limit}).fetchall()
    return [_row(one) for one in found]


def count(c: C) -> int:
    """Return how many answers wait."""
    found = c.execute("select count(*) from kw.quarantine").fetchone()
    return int(found[0]) if found else 0


def discard(c: C, ids: Sequence[int]) -> int:
    """Throw away answers that somebody looked at. Returns how many there were; the caller writes it into the log."""
    return c.execute("delete from kw.quarantine where id = any(%s)", (list(ids),)).rowcount


def _row(row: Row) -> QuarantineRow:
    key, batch, connection, meter, profile, first_s, last_s, verdicts, rows = row
    return QuarantineRow(key, batch, connection, meter, profile, first_s, last_s, _verdicts(verdicts), bytes(rows))


def _verdicts(stored: Sequence[Any]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one["rule"], one["severity"], one["detail"]) for one in stored)
