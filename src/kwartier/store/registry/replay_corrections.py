"""What the registry can testify of readings that were put right, and of whom that was told to. Reads only, for the replay alone."""

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_CORRECTIONS: Final = """
    select k.id, k.rectification, x.fact, x.connection, k.connection, k.channel, k.day, k.batch, k.at, k.salt, k.done,
        k.was_start, k.was_deltas, k.was_quality, k.now_start, k.now_deltas, k.now_quality
    from kw.correction k join kw.rectification x on x.id = k.rectification order by k.id
"""
_NOTICES: Final = """
    select n.id, y.code, n.parcels, n.papers, n.told, x.fact from kw.rectification_notice n join kw.party y on y.key = n.receiver
    join kw.rectification x on x.id = n.rectification
"""


class Said(NamedTuple):
    """A channel-day's values: the register at its midnight, int32 differences, marks."""

    start: int
    deltas: bytes
    quality: bytes


class Put(NamedTuple):
    """A channel-day that was put right, as the registry has it; `was` and `now` are None where it was taken out, and no salt."""

    id: int
    rectification: int
    fact: str
    ground: int | None
    connection: int
    channel: int
    day: date
    batch: int
    at: datetime
    salt: bytes
    done: datetime | None
    was: Said | None
    now: Said | None


class Noticed(NamedTuple):
    """A notice to a receiver: whose box, which parcels, which papers of them, when it was laid there, what was wrong."""

    box: str
    parcels: tuple[str, ...]
    papers: tuple[str, ...]
    told: datetime | None
    fact: str


def corrections(c: C) -> list[Put]:
    """Return every correction that is held, in the order in which they were said."""
    with _rows.cursor(c) as cursor:
        rows = cursor.execute(_CORRECTIONS).fetchall()
    return [_put(*row) for row in rows]


def _put(*row: Any) -> Put:  # noqa: ANN401 - a row
    number, rectification, fact, ground, connection, channel, day, batch, at, salt, done, *values = row
    was, now = _said(*values[:3]), _said(*values[3:])
    return Put(number, rectification, fact, ground, connection, channel, day, batch, at, bytes(salt or b""), done, was, now)


def _said(start: int | None, deltas: bytes | None, quality: bytes | None) -> Said | None:
    return None if start is None else Said(start, bytes(deltas or b""), bytes(quality or b""))


def notices(c: C) -> dict[str, Noticed]:
    """Return every notice by its id."""
    with _rows.cursor(c) as cursor:
        return {
            notice: Noticed(box, tuple(parcels), tuple(papers), told, fact)
            for notice, box, parcels, papers, told, fact in cursor.execute(_NOTICES)
        }
