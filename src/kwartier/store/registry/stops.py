"""What must stop at once: revocations, refusals, ends, also those that were known before. Workers ask here at most every 250 ms.

Triggers write the stops of permissions and restrictions. A stop holds from `at` on, which may lie before or after the moment
at which it was said; it names the transaction that said it, and so whether facts could show it is known, not guessed from clocks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from kwartier.model.ground import FactRef
from kwartier.store.registry import rows
from kwartier.store.registry.rows import C

SKEW = timedelta(minutes=1)
"""How far the clock of whoever said a stop may run ahead of the database's: it holds at once all the same."""
A_NIGHT = timedelta(days=1)
"""Facts loaded "tomorrow" come from a simulated clock: then everything counts that begins within a day of it."""
GATE = 0x6B77_6761_7465_0000
"""Number of the advisory lock that migration 0016 lets every stop share until its commit: "kwgate" in ASCII."""
A_MOMENT = timedelta(milliseconds=4)
TRIES = 30_000
"""Moments to ask for the gate: two minutes, longer than a transaction that says stops should last."""

_SEEN = "select pg_current_snapshot()::text"
# Two looks into an index: what begins later than the facts' moment, and what their snapshot did not see. Transactions are numbered
# within a cluster: rows that a dump brought from another were seen by whoever loads facts here, whatever numbers they have.
_SINCE = """
    with bound as materialized (select coalesce(%(now)s::timestamptz,
        case when %(at)s <= clock_timestamp() then clock_timestamp() else %(at)s end) as past,
        coalesce(%(now)s::timestamptz + %(ahead)s,
        case when %(at)s <= clock_timestamp() then clock_timestamp() + %(skew)s else %(at)s + %(night)s end) as until)
    select fact, ref from kw.stop where at > %(at)s and at <= (select until from bound)
    union select fact, ref from kw.stop where tx >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
        and not pg_visible_in_snapshot(tx, %(seen)s::pg_snapshot) and at <= (select until from bound)
        and cluster = (select system_identifier from pg_control_system())
    union select 'permission', id from kw.permission_state where upper(live) > %(at)s and upper(live) <= (select past from bound)
    union select 'agreement', id from kw.agreement where upper(period) > %(at)s and upper(period) <= (select past from bound)
    union select 'default', id from kw.supplier_default where upper(period) > %(at)s and upper(period) <= (select past from bound)
    union select 'use_case', id from kw.use_case where upper(approved) > %(at)s and upper(approved) <= (select past from bound)
"""
_ADD = """
    insert into kw.stop (fact, ref, at)
    select * from unnest(%(facts)s::text[], %(refs)s::bigint[], %(at)s::timestamptz[])
"""


@final
@dataclass(frozen=True, slots=True)
class Loaded:
    """When facts were loaded: the moment as of which is decided by them, and the snapshot in which they were read, as text.

    A snapshot that was taken earlier in the same transaction serves as well: then more counts as not seen, never less.
    """

    at: datetime
    seen: str


def loaded(c: C, at: datetime) -> Loaded:
    """Say that what this transaction reads from here on are the facts that are decided by as of `at`. Before they are read."""
    with rows.cursor(c) as cursor:
        ((seen,),) = cursor.execute(_SEEN).fetchall()
    return Loaded(at, seen)


def since(c: C, facts: Loaded, *, now: datetime | None = None, ahead: timedelta = timedelta(0)) -> frozenset[FactRef]:
    """Return every fact stopped since these facts were loaded: the whole list each time.

    It counts what was not committed when they were read, however long before that it was said, and what begins after their moment.
    A stop that begins after `now`, by default the database's, is not yet one: a meter to be switched off next month is read
    tonight. What runs out by itself (a permission, an agreement, the approval of a use case) is stopped by its end: nobody says
    so. Who brings an end nearer says a stop, so for these too the facts' moment is exact. With `now`, what was said to begin up to
    `ahead` later counts too: clocks differ, and what is committed holds.
    """
    with rows.cursor(c) as cursor:
        values = {"at": facts.at, "seen": facts.seen, "now": now, "ahead": ahead, "skew": SKEW, "night": A_NIGHT}
        return frozenset(cursor.execute(_SINCE, values).fetchall())


def alone(c: C, tries: int = TRIES) -> bool:
    """Pass the gate alone until this transaction ends: no stop is committed meanwhile. False if somebody held it all that time.

    Asked for again and again, never waited for: who waits in line would hold up every stop behind it for as long as a large import.
    """
    with rows.cursor(c) as cursor:
        for _ in range(tries):
            found = cursor.execute("select pg_try_advisory_xact_lock(%s)", (GATE,)).fetchone()
            if found and found[0]:
                return True
            cursor.execute("select pg_sleep(%s)", (A_MOMENT.total_seconds(),))
    return False


def add(c: C, refs: Iterable[tuple[FactRef, datetime]]) -> None:
    """Stop these facts, each from a moment on."""
    listed = list(refs)
    arrays = {"facts": [r[0] for r, _ in listed], "refs": [r[1] for r, _ in listed], "at": [at for _, at in listed]}
    if listed:
        with rows.cursor(c) as cursor:
            cursor.execute(_ADD, arrays)
