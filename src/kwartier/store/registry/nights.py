"""The night in the registry: its lock, its batches, and what became of every task.

A batch goes planned -> staged -> committed. Planned is the intent, before any meter is touched; staged is durable together
with its outcomes; committed says that the lake has it. A planned batch of a night that died is abandoned.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString, final

from psycopg.types.json import Jsonb

from kwartier.model.care import Errand
from kwartier.model.task import GapReason, Result, Task
from kwartier.store.registry import locks
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.errors import WrongState
from kwartier.store.registry.rows import C, Row

LOCK = 0x6B77_6E69_6768_7400
"""Number of the advisory lock that one night holds: "kwnight" in ASCII."""
PERMIT_BYTES = 16

_STAGE = "update kw.batch set state = 'staged', files = %s, staged = %s where id = %s and state = 'planned'"
_COMMIT = "update kw.batch set state = 'committed', committed = %s where id = %s and state = 'staged'"
_EMPTY = "update kw.batch set state = 'committed', staged = %(at)s, committed = %(at)s where id = %(id)s and state = 'planned'"
_OUTCOMES = """
    copy kw.outcome (batch, meter, connection, profile, mbus, first_s, last_s, result, reason, permits, at)
    from stdin (format binary)
"""
_OUTCOME_TYPES = ("int8", "int8", "int8", "text", "int2", "int8", "int8", "text", "text", "bytea", "timestamptz")
_QUARANTINE = "copy kw.quarantine (batch, connection, meter, profile, first_s, last_s, verdicts, rows) from stdin"
_USE = """
    insert into kw.use_case_day as known (use_case, connection, day)
    select * from unnest(%(cases)s::bigint[], %(connections)s::bigint[], %(days)s::date[])
    on conflict (use_case, connection, day) do update set lost = false where known.lost
"""
_LOSE = """
    insert into kw.use_case_day (use_case, connection, day, lost)
    select *, true from unnest(%(cases)s::bigint[], %(connections)s::bigint[], %(days)s::date[]) on conflict do nothing
"""
_SERVED = """
    select o.connection, string_agg(o.permits, ''::bytea) from kw.outcome o join kw.batch b on b.id = o.batch
    where o.connection = any(%(keys)s) and o.last_s >= %(first)s and o.first_s <= %(last)s
    and o.result = 'read' and b.state = 'committed' group by o.connection
"""
_MADE = """
    select count(distinct (o.connection, o.meter, o.profile, o.mbus)) from kw.outcome o join kw.batch b on b.id = o.batch
    where o.connection = any(%s) and o.last_s > %s and o.first_s <= %s and o.result = 'read' and b.state = 'committed'
    and b.night is not null and o.permits <> ''
"""
_KEEP_ASKING = """
    insert into kw.late_change (connection, moment, told)
    select *, %(at)s from unnest(%(connections)s::bigint[], %(moments)s::timestamptz[]) on conflict do nothing
"""
# The newest outcome of a task that nothing read since.
_GAPS = """
    select distinct on (o.connection, o.meter, o.profile, o.mbus, o.first_s, o.last_s)
        o.connection, o.meter, o.profile, o.mbus, o.first_s, o.last_s, o.result, o.reason, o.at
    from kw.outcome o join kw.batch b on b.id = o.batch and b.state in ('staged', 'committed')
    where (o.result <> 'read' or o.reason = 'fell_short') and o.last_s >= %(first)s and o.first_s <= %(last)s
    and b.night is not null
    and (%(keys)s::bigint[] is null or o.connection = any(%(keys)s))
    and not exists (
        select from kw.outcome r join kw.batch rb on rb.id = r.batch and rb.state in ('staged', 'committed')
        where r.connection = o.connection and r.meter = o.meter and r.profile = o.profile and r.mbus = o.mbus
        and r.result = 'read' and r.reason is distinct from 'fell_short'
        and r.first_s <= o.first_s and r.last_s >= o.last_s and r.last_s >= %(first)s)
    order by o.connection, o.meter, o.profile, o.mbus, o.first_s, o.last_s, o.at desc
"""
_HOW = """
    select coalesce(o.reason, o.result), o.first_s, o.last_s, coalesce(n.started, o.at)
    from kw.outcome o join kw.batch b on b.id = o.batch and b.state in ('staged', 'committed')
    left join kw.night n on n.id = b.night
    where o.connection = %(connection)s and o.profile in ('e_interval', 'g_interval')
    and o.last_s > %(first)s and o.first_s < %(last)s
    order by o.at desc limit 1
"""


@final
@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """How one task ended. `permits` are the ids, 16 bytes each, of the permits of which something was kept that they asked for."""

    task: Task | Errand
    result: Result
    reason: GapReason | None
    permits: bytes
    at: datetime


@final
@dataclass(frozen=True, slots=True)
class Gap:
    """A task that did not give what was asked, nor did any later one. `reason` is None where a stop kept it from being asked."""

    connection: int
    meter: int
    profile: str
    mbus: int
    first_s: int
    last_s: int
    result: Result
    reason: GapReason | None
    at: datetime


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """How a task for the rows of [first_s, last_s] ended: `how` is its reason if it has one, else its result.

    `begun` is when its night began: the grounds of then are those it was asked on.
    """

    how: str
    first_s: int
    last_s: int
    begun: datetime


def lock(c: C, wait_ms: int = locks.WAIT_MS) -> bool:
    """Take the lock of the night; it is held until the connection ends, whatever ends it. False if held."""
    return locks.take(c, LOCK, wait_ms)


def homes(c: C) -> int:
    """Return how many electricity connections there are."""
    return int(_one(c, "select count(*) from kw.connection where product = 'electricity'", ()))


def begin(c: C, day: date, at: datetime) -> int:
    """Write that a night about this local day begins. Returns its number."""
    return int(_one(c, "insert into kw.night (day, started) values (%s, %s) returning id", (day, at)))


def end(c: C, night: int, at: datetime, summary: Mapping[str, Any]) -> None:
    """Write that a night has ended, and its counts."""
    c.execute("update kw.night set ended = %s, summary = %s where id = %s", (at, Jsonb(dict(summary)), night))


def plan_batch(c: C, night: int | None) -> int:
    """Write the intent of one batch, of a night or of no night. Returns its number; commit before any meter is touched."""
    return int(_one(c, "insert into kw.batch (night, state) values (%s, 'planned') returning id", (night,)))


def number_beyond(owner: C, batch: int, connection: int) -> None:
    """Give no batch and no connection a number up to these any more. As the owner; without effect where that is so."""
    for table, column, known in (("kw.batch", "id", batch), ("kw.connection", "key", connection)):
        owner.execute(
            "select setval(found.name, %(known)s) from (select pg_get_serial_sequence(%(table)s, %(column)s)::regclass as name)"
            " as found where coalesce(pg_sequence_last_value(found.name), 0) < %(known)s",
            {"table": table, "column": column, "known": known},
        )


def stage(c: C, batch: int, files: Sequence[Any], at: datetime) -> None:
    """Write that the files of a batch lie fsynced in the lake, uncommitted. Raises WrongState unless it was planned."""
    _step(c, _STAGE, (Jsonb(list(files)), at, batch))


def mark_committed(c: C, batch: int, at: datetime) -> bool:
    """Write that the lake has a staged batch. False if that was written before. Raises WrongState for any other state."""
    if c.execute(_COMMIT, (at, batch)).rowcount:
        return True
    if _one(c, "select state from kw.batch where id = %s", (batch,)) != "committed":
        msg = "only a staged batch can be committed"
        raise WrongState(msg)
    return False


def mark_empty(c: C, batch: int, at: datetime) -> None:
    """Write that a planned batch had nothing to ask. Raises WrongState unless it was planned."""
    _step(c, _EMPTY, {"at": at, "id": batch})


def staged(c: C) -> list[tuple[int, list[Any]]]:
    """Return (batch, files) of those that are staged and not committed, oldest first: a start rolls them forward."""
    return c.execute("select id, files from kw.batch where state = 'staged' order by id").fetchall()


def ended(c: C, batches: Collection[int]) -> dict[int, bool]:
    """Return those of the batches that have ended: True if committed, False if abandoned. From either state there is no way on."""
    query = "select id, state = 'committed' from kw.batch where id = any(%s) and state in ('committed', 'abandoned')"
    return dict(c.execute(query, (list(batches),)).fetchall())


def abandon_planned(c: C) -> list[int]:
    """Give up batches that were only planned: their work died with its process. Only under the night's lock. Returns them."""
    return sorted(one for (one,) in c.execute("update kw.batch set state = 'abandoned' where state = 'planned' returning id"))


def add_outcomes(c: C, batch: int, outcomes: Iterable[OutcomeRow]) -> None:
    """Write how the tasks of a batch ended, in the transaction that stages it."""
    with c.cursor() as cursor, cursor.copy(_OUTCOMES) as copy:
        copy.set_types(_OUTCOME_TYPES)
        for one in outcomes:
            task = one.task
            copy.write_row(
                (
                    batch,
                    task.meter,
                    task.connection,
                    task.name,
                    task.mbus,
                    task.first_s,
                    task.last_s,
                    str(one.result),
                    None if one.reason is None else str(one.reason),
                    one.permits,
                    one.at,
                )
            )


def add_quarantine(c: C, batch: int, answers: Iterable[tuple[Task, Sequence[Mapping[str, str]], bytes]]) -> None:
    """Keep the answers that validation doubts, whole, each with its verdicts: (task, verdicts, rows)."""
    with c.cursor() as cursor, cursor.copy(_QUARANTINE) as copy:
        for task, verdicts, rows in answers:
            found = Jsonb([dict(verdict) for verdict in verdicts])
            copy.write_row((batch, task.connection, task.meter, str(task.profile), task.first_s, task.last_s, found, rows))


def use(c: C, days: Iterable[tuple[int, int, date]]) -> None:
    """Count (use case, connection, local day) against the yearly limit; a day counts once however often it is read."""
    _count(c, _USE, days)


def lose(c: C, days: Iterable[tuple[int, int, date]]) -> None:
    """Count (use case, connection, local day) against the yearly limit, though whether it was read nobody knows."""
    _count(c, _LOSE, days)


def _count(c: C, query: LiteralString, days: Iterable[tuple[int, int, date]]) -> None:
    if counted := set(days):
        cases, connections, dates = zip(*sorted(counted), strict=True)
        c.execute(query, {"cases": list(cases), "connections": list(connections), "days": list(dates)})


def keep_asking(c: C, boundaries: Iterable[tuple[int, datetime]], at: datetime) -> None:
    """Write down (connection, moment) of registers at boundaries that no meter gave: coming nights ask, as for one told late."""
    missed = sorted(set(boundaries))
    if missed:
        arrays = {"connections": [key for key, _ in missed], "moments": [moment for _, moment in missed]}
        c.execute(_KEEP_ASKING, arrays | {"at": at})


def served(c: C, connections: Sequence[int], first_s: int, last_s: int) -> dict[int, frozenset[bytes]]:
    """Return by connection the ids of the permits that got something from committed reads within [first_s, last_s]."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_SERVED, {"keys": list(connections), "first": first_s, "last": last_s}).fetchall()
    return {key: frozenset(permits[i : i + PERMIT_BYTES] for i in range(0, len(permits), PERMIT_BYTES)) for key, permits in found}


def reads_made(c: C, connections: Sequence[int], first_s: int, last_s: int) -> int:
    """Return how many profile reads about (first_s, last_s] of these connections are committed: each profile of each meter once."""
    return int(_one(c, _MADE, (list(connections), first_s, last_s)))


def gaps(c: C, first_s: int, last_s: int, connections: Sequence[int] | None = None) -> list[Gap]:
    """Return what was asked within [first_s, last_s] and never given, of these connections or of all, the newest reason each."""
    keys = None if connections is None else list(connections)
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_GAPS, {"first": first_s, "last": last_s, "keys": keys}).fetchall()
    return [_gap(row) for row in found]


def _gap(row: Row) -> Gap:
    connection, meter, profile, mbus, first_s, last_s, result, reason, at = row
    return Gap(connection, meter, profile, mbus, first_s, last_s, Result(result), GapReason(reason) if reason else None, at)


def how_it_ended(c: C, connection: int, first_s: int, last_s: int) -> Ending | None:
    """Return how the last task for quarter-hours or hours within the period ended; one that ends as it begins is of another.

    None if they were not asked; day readings do not count.
    """
    found = c.execute(_HOW, {"connection": connection, "first": first_s, "last": last_s}).fetchone()
    return None if found is None else Ending(*found)


def was_read(c: C, day: date) -> bool:
    """Tell whether a night about this local day has ended."""
    return bool(_one(c, "select exists (select from kw.night where day = %s and ended is not null)", (day,)))


def last_day_read(c: C, until: date) -> date | None:
    """Return the last local day up to `until`, included, about which a night has ended."""
    found: date | None = _one(c, "select max(day) from kw.night where day <= %s and ended is not null", (until,))
    return found


def _one(c: C, query: LiteralString, values: Sequence[object]) -> Any:  # noqa: ANN401 - one value of any column
    with _rows.cursor(c) as cursor:
        found = cursor.execute(query, values).fetchone()
    return found[0] if found else None


def _step(c: C, query: LiteralString, values: Sequence[object] | Mapping[str, object]) -> None:
    if not c.execute(query, values).rowcount:
        msg = "this batch is not planned"
        raise WrongState(msg)
