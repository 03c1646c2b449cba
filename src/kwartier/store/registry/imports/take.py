"""The engine of an import: stage a file by COPY, judge all its rows in one query, then take what may be taken.

The order within a file is: changes that give room (ends that come nearer), ends that move out, new rows. Nothing here commits.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, final

from psycopg import ClientCursor
from psycopg.errors import ExclusionViolation
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.imports import periods, permissions, things
from kwartier.store.registry.imports.spec import OVERLAPS, Spec
from kwartier.store.registry.rows import C

SPECS: Mapping[str, Spec] = {
    spec.file: spec
    for spec in (
        things.TRANSFORMERS,
        things.CONNECTIONS,
        things.METERS,
        periods.COUPLINGS,
        things.KEYS,
        things.SUBJECTS,
        periods.OCCUPANCIES,
        things.PARTIES,
        periods.AGREEMENTS,
        periods.CONTRACTS,
        permissions.PERMISSIONS,
        periods.RESTRICTIONS,
        things.USE_CASES,
    )
}
"""Every file that can come in, in the order in which they build on each other."""

_JUDGE = """
    create temp table judged on commit drop as
    with i as materialized (select *, row_number() over (partition by {natural} order by line) as nth from pg_temp.staged) {judge}
"""
_VERDICT = "(select * from pg_temp.judged where code is null and verdict = '{verdict}') "
_COLLIDED = "update pg_temp.judged j set code = %s where verdict = 'new' and code is null and not {landed}"

_MOVED = """
    select m.connection, s.key, s.code, m.here, range_merge(range_agg(m.wrong) over (partition by m.connection))
    from pg_temp.moved m join kw.subject s on s.key = m.subject order by m.connection, m.here, s.key
"""

_SUPPLIED = """
    select s.id, s.connection, lower(s.period), upper(s.period) from pg_temp.supplied t join kw.supply s on s.id = t.supply
    order by s.connection, s.id
"""

SHOWN = 10
"""So many examples of each kind a diff shows per file."""
AT_ONCE = 5_000


@final
@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file. `refused` counts by code; `examples` are (verdict, label), `!` with a line and code for refusals."""

    added: int
    changed: int
    unchanged: int
    refused: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[tuple[str, str]] = ()


class Moved(NamedTuple):
    """Somebody who left (or came: `here`) before it was told; `wrong` is the whole time of which that was not known there."""

    connection: int
    subject: int
    code: str
    here: bool
    wrong: Period


class Supplied(NamedTuple):
    """A supply that began before it was told."""

    supply: int
    connection: int
    period: Period


Sql = ClientCursor[tuple[Any, ...]]
"""Binds in the client: PostgreSQL takes no parameters where it makes a table. What is put together here is constant."""
Refusal = tuple[int, str, str]
"""(line, code, the row as it came)."""


def open_run(c: C) -> None:
    """Begin an import in the caller's transaction: a place for what is refused."""
    with c.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.refused")
        cursor.execute("create temp table refused (file text, line integer, code text, raw text) on commit drop")
        cursor.execute("drop table if exists pg_temp.moved")
        cursor.execute("create temp table moved (connection bigint, subject bigint, wrong tstzrange, here boolean) on commit drop")
        cursor.execute("create index on pg_temp.moved (connection)")
        cursor.execute("drop table if exists pg_temp.supplied")
        cursor.execute("create temp table supplied (supply bigint) on commit drop")


def open_file(c: C, spec: Spec) -> None:
    """Make an empty staging table for one file."""
    columns = "".join(f", {name} {kind}" for name, kind in spec.columns)
    with c.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.staged, pg_temp.judged")
        cursor.execute(f"create temp table staged (line integer{columns}, raw text) on commit drop".encode())


def fill(c: C, rows: Iterable[Sequence[Any]]) -> None:
    """Stage rows: line, the columns of the specification, the row as it came. The one place where an EAN enters as text."""
    with _rows.cursor(c) as cursor, cursor.copy("copy pg_temp.staged from stdin") as copy:
        for row in rows:
            copy.write_row([value.reveal() if type(value) is Ean else value for value in row])


def refuse(c: C, file: str, refusals: Iterable[Refusal]) -> None:
    """Keep rows that could not even be read."""
    with c.cursor() as cursor, cursor.copy("copy pg_temp.refused (file, line, code, raw) from stdin") as copy:
        for refusal in refusals:
            copy.write_row((file, *refusal))


def take(c: C, spec: Spec, at: datetime) -> Taken:
    """Judge what is staged, as of the moment of the import, and take it."""
    with ClientCursor(c, row_factory=tuple_row) as cursor:
        _judge(cursor, spec, at)
        if spec.update is not None:
            cursor.execute(_of("changed", spec.update))
        _extend(cursor, spec)
        _insert(cursor, spec)
        cursor.execute(_COLLIDED.replace("{landed}", spec.landed).encode(), (OVERLAPS,))
        for late in spec.late:
            cursor.execute(late.encode(), {"at": at})
        cursor.execute(
            "insert into pg_temp.refused select %s, line, code, raw from pg_temp.judged where code is not null", (spec.file,)
        )
        return _taken(cursor, spec)


def facts(c: C, spec: Spec) -> Iterator[tuple[str, int | None, str | None, dict[str, Any]]]:
    """Yield (kind, connection, subject code, body) of every fact just taken from this file; of files of plain things none."""
    if spec.events is None:
        return
    with c.cursor(name="import_facts") as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(spec.events.encode())


def moved(c: C) -> list[Moved]:
    """Return who left or came before this import told it, while something went out in the name of somebody else, by connection."""
    with _rows.cursor(c) as cursor:
        return [Moved(*row) for row in cursor.execute(_MOVED.encode())]


def supplied(c: C) -> Iterator[Supplied]:
    """Yield the supplies that began before this import told it, of connections that were supplied before."""
    with c.cursor(name="supplied") as cursor:
        cursor.itersize = AT_ONCE
        for supply, connection, start, end in cursor.execute(_SUPPLIED.encode()):
            yield Supplied(supply, connection, Period(start, end))


def close_run(c: C, at: datetime, counts: Mapping[str, Any]) -> int:
    """Write the import and all it refused into the registry. Returns the number of the import."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(
            "insert into kw.import_run (at, counts) values (%s, %s) returning id", (at, Jsonb(dict(counts)))
        ).fetchone()
        run = int(found[0]) if found else 0
        cursor.execute(
            "insert into kw.import_reject (run, file, line, code, row) select %s, file, line, code, raw from pg_temp.refused"
            " order by file, line",
            (run,),
        )
        cursor.execute("select kw.take_statistics()")
    return run


def _of(verdict: str, statement: str) -> bytes:
    """Let `taken` in a statement stand for the judged rows with a verdict and without a code."""
    rows = _VERDICT.replace("{verdict}", verdict)
    return statement.replace("taken j", rows + "j").replace("from taken", "from " + rows + "j").encode()


def _judge(cursor: Sql, spec: Spec, at: datetime) -> None:
    cursor.execute("analyze pg_temp.staged")
    cursor.execute(_JUDGE.replace("{natural}", spec.natural).replace("{judge}", spec.judge).encode(), {"at": at})
    cursor.execute("analyze pg_temp.judged")


def _extend(cursor: Sql, spec: Spec) -> None:
    """Move ends out, row by row: each may run into a neighbour, and then it alone is refused."""
    if spec.extend is None:
        return
    lines = cursor.execute("select line from pg_temp.judged where code is null and verdict = 'extended' order by line").fetchall()
    for (line,) in lines:
        _alone(cursor, _of("extended", spec.extend), line)


def _insert(cursor: Sql, spec: Spec) -> None:
    """Insert all new rows at once. Permissions collide in a trigger: those that are contested go one by one."""
    if spec is not permissions.PERMISSIONS:
        cursor.execute(_of("new", spec.insert))
        return
    contested = [line for (line,) in cursor.execute(permissions.CONTESTED).fetchall()]
    sole = spec.insert.replace("from taken", "from taken where line <> all(%(lines)s)")
    try:
        with cursor.connection.transaction():
            cursor.execute(_of("new", sole), {"lines": contested})
    except ExclusionViolation:  # somebody gave the same permission meanwhile
        contested = [
            line
            for (line,) in cursor.execute("select line from pg_temp.judged where code is null and verdict = 'new' order by line")
        ]
    each = spec.insert.replace("from taken", "from taken where line = %(line)s")
    for line in contested:
        _alone(cursor, _of("new", each), line)


def _alone(cursor: Sql, statement: bytes, line: int) -> None:
    try:
        with cursor.connection.transaction():
            cursor.execute(statement, {"line": line})
    except ExclusionViolation:
        cursor.execute("update pg_temp.judged set code = %s where line = %s", (OVERLAPS, line))


def _taken(cursor: Sql, spec: Spec) -> Taken:
    verdicts: Counter[str] = Counter(
        dict(cursor.execute("select verdict, count(*) from pg_temp.judged where code is null group by verdict").fetchall())
    )
    refused = cursor.execute("select code, count(*) from pg_temp.refused where file = %s group by code order by code", (spec.file,))
    return Taken(
        added=verdicts["new"],
        changed=verdicts["changed"] + verdicts["extended"],
        unchanged=verdicts["same"],
        refused=dict(refused.fetchall()),
        examples=_examples(cursor, spec.file),
    )


def _examples(cursor: Sql, file: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for sign, verdicts in (("+", ["new"]), ("~", ["changed", "extended"])):
        query = "select label from pg_temp.judged where code is null and verdict = any(%s) order by line limit %s"
        found += [(sign, label) for (label,) in cursor.execute(query, (verdicts, SHOWN))]
    query = "select line, code from pg_temp.refused where file = %s order by line limit %s"
    found += [("!", f"line {line}: {code}") for line, code in cursor.execute(query, (file, SHOWN))]
    return found
