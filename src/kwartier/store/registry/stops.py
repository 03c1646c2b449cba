"""What must stop at once: revocations, refusals, ends, also those that were known before. Workers ask here at most every 250 ms.

Triggers write the stops of permissions and restrictions. A stop holds from `at` on, which may lie before or after the moment
at which it was said.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kwartier.model.ground import FactRef
from kwartier.store.registry import rows
from kwartier.store.registry.rows import C

IN_FLIGHT = timedelta(hours=1)
"""A stop said so long before the facts were loaded may still have been uncommitted then, and so unseen by them: a large import is
minutes in one transaction.

To list a stop that the facts did show costs nothing, for no permit rests on it; but where a customer refused and came back within
that hour, the next night still passes them by.
"""
SKEW = timedelta(minutes=1)
"""How far the clock of whoever said a stop may run ahead of the database's: it holds at once all the same."""
A_NIGHT = timedelta(days=1)
"""Facts loaded "tomorrow" come from a simulated clock: then everything counts that begins within a day of it."""
GATE = 0x6B77_6761_7465_0000
"""Number of the advisory lock that migration 0016 lets every stop share until its commit: "kwgate" in ASCII."""
A_MOMENT = timedelta(milliseconds=4)
TRIES = 30_000
"""Moments to ask for the gate: two minutes, longer than a transaction that says stops should last."""

_SINCE = """
    with past as materialized (select coalesce(%(now)s::timestamptz,
        case when %(at)s <= clock_timestamp() then clock_timestamp() else %(at)s end) as at)
    select distinct fact, ref from kw.stop s where (at >= %(early)s or said >= %(early)s)
    and not (fact = 'agreement' and exists (select from kw.agreement a join kw.suspension o on o.party = a.party
        where a.id = s.ref and lower(o.period) = s.at and upper(o.period) <= %(at)s))
    and at <= coalesce(%(now)s::timestamptz + %(ahead)s,
        case when %(at)s <= clock_timestamp() then clock_timestamp() + %(skew)s else %(at)s + %(night)s end)
    union select 'permission', id from kw.permission_state where upper(live) > %(early)s and upper(live) <= (select at from past)
    union select 'agreement', id from kw.agreement where upper(period) > %(early)s and upper(period) <= (select at from past)
    union select 'default', id from kw.supplier_default where upper(period) > %(early)s
        and upper(period) <= (select at from past)
    union select 'use_case', id from kw.use_case where upper(approved) > %(early)s and upper(approved) <= (select at from past)
"""
_ADD = """
    insert into kw.stop (fact, ref, at)
    select * from unnest(%(facts)s::text[], %(refs)s::bigint[], %(at)s::timestamptz[])
"""


def since(c: C, at: datetime, *, now: datetime | None = None, ahead: timedelta = timedelta(0)) -> frozenset[FactRef]:
    """Return every fact stopped since the facts were loaded at `at`: the whole list each time.

    Sequence numbers and clocks become visible out of order, so there is no "only the newest". A stop that begins after `now`,
    by default the database's, is not yet one: a meter to be switched off next month is read tonight. What runs out by itself
    (a permission, an agreement, the approval of a use case) is stopped by its end: nobody says so. What a suspension stopped that
    was over when the facts were loaded is free again: the facts showed the end, and a permit may rest on it. With `now`, what
    was said to begin up to `ahead` later counts too: clocks differ, and what is committed holds.
    """
    with rows.cursor(c) as cursor:
        values = {"early": at - IN_FLIGHT, "at": at, "now": now, "ahead": ahead, "skew": SKEW, "night": A_NIGHT}
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
