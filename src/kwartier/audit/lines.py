"""The lines about one person at one connection: found by the connection, told apart by the tag."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit import chain
from kwartier.audit.canonical import Json
from kwartier.audit.events import EventKind
from kwartier.audit.subjects import is_about
from kwartier.model.period import Period

C = Connection[Any]


_UNTIED: Final = "salt = null, nth = null, before = null"
EVER: Final = Period(datetime(1, 1, 1, tzinfo=UTC), None)


@final
@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about a person. `entry` and, for a line of a batch, `leaf` name it to `Log.proof` and `Log.leaf_proof`.

    `in_tree` is False while the sequencer has not taken it: it is recorded, but cannot be proved yet. `body` is the line's own;
    `at` is when it was recorded. `nth` is its place among those about this person there, single events and batches apart.
    """

    entry: int
    leaf: int | None
    at: datetime
    kind: EventKind
    actor: str
    body: Mapping[str, Json]
    in_tree: bool
    nth: int | None = None


# Entries and pending ones alike, then the lines of batches with the event of their batch.
_SINGLE = """
    select id, null::integer, at, subject, salt, leaf, null::bytea, {in_tree}, kind, nth from audit.{table}
    where {where} and at >= %(start)s and at < %(end)s and subject is not null"""
_BATCH = """
    select e.id, l.number, e.at, l.subject, l.salt, e.leaf, l.body, {in_tree}, e.kind, l.nth
    from audit.leaf l join audit.{table} e on e.id = l.entry
    where l.connection = %(connection)s and e.at >= %(start)s and e.at < %(end)s and l.subject is not null"""
_TABLES = (("entry", "true"), ("pending", "false"))
_ALL = " union all ".join(
    query.format(table=table, in_tree=in_tree, where="connection = %(connection)s")
    for query in (_SINGLE, _BATCH)
    for table, in_tree in _TABLES
)
_NOWHERE = " union all ".join(
    _SINGLE.format(table=table, in_tree=in_tree, where="connection is null") for table, in_tree in _TABLES
)
"""Lines about a person and no connection; a batch has none."""


def of_subject(c: C, subject_code: str, connection: int | None, period: Period) -> list[LogLine]:
    """Return the lines about this person, in order of time."""
    return sorted(_found(c, subject_code, connection, period), key=lambda line: (line.at, line.entry, line.leaf or 0))


def _found(c: C, subject_code: str, connection: int | None, period: Period) -> Iterator[LogLine]:
    # one statement, one snapshot: a line on its way from pending to entry is seen once
    query = _NOWHERE if connection is None else _ALL
    for entry, number, at, subject, salt, event, body, in_tree, kind, nth in c.execute(
        query, _bounds(connection, period), binary=True
    ):
        if is_about(subject_code, subject, salt):
            said = json.loads(event)
            own = said["body"] if body is None else json.loads(body)
            yield LogLine(entry, number, at, EventKind(kind), said["actor"], own, in_tree, nth)


def _bounds(connection: int | None, period: Period) -> dict[str, Any]:
    return {"connection": connection, "start": period.start, "end": period.end or "infinity"}


def erase(c: C, subject_code: str, connection: int | None, period: Period) -> int:
    """Take from every line about this person what ties it to the person and to other lines; return how many lines those were."""
    found = list(_found(c, subject_code, connection, period))
    single = [line.entry for line in found if line.leaf is None]
    for table in ("entry", "pending"):
        c.execute(f"update audit.{table} set {_UNTIED} where id = any(%s)", (single,))  # noqa: S608 - fixed names
    of_batches = [line for line in found if line.leaf is not None]
    c.execute(
        f"update audit.leaf set {_UNTIED} from unnest(%s::bigint[], %s::integer[]) as gone (entry, number)"  # noqa: S608 - fixed names
        " where leaf.entry = gone.entry and leaf.number = gone.number",
        ([line.entry for line in of_batches], [line.leaf for line in of_batches]),
    )
    if found and not any(True for _ in _found(c, subject_code, connection, EVER)):
        chain.forget(c, chain.key(connection, subject_code))
    return len(found)


def chained(c: C, subject_code: str) -> list[int | None]:
    """Return the connections at which there are lines about this person, None for lines about no connection."""
    who = chain.key(None, subject_code).who
    rows = c.execute("select distinct connection from audit.head where who = %s order by connection", (who,)).fetchall()
    return [connection or None for (connection,) in rows]


def untie_before(c: C, moment: datetime) -> int:
    """Take from every line in the tree that was recorded before a moment what ties it to a person; return how many those were."""
    before = {"moment": moment}
    lines = c.execute(
        f"update audit.leaf l set {_UNTIED} from audit.entry e where e.id = l.entry and e.at < %(moment)s and l.salt is not null",  # noqa: S608 - fixed names
        before,
    ).rowcount
    return lines + c.execute(f"update audit.entry set {_UNTIED} where at < %(moment)s and salt is not null", before).rowcount  # noqa: S608 - fixed names
