"""What must stop at once: revocations, refusals, ends. Workers ask here at most every 250 ms.

Triggers write the stops of permissions and restrictions. A stop holds from `at` on, which may lie before or after the moment
at which it was said.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kwartier.model.ground import FactRef
from kwartier.store.registry import rows
from kwartier.store.registry.rows import C

IN_FLIGHT = timedelta(minutes=5)
"""A stop said so long before the facts were loaded may still have been uncommitted then, and so unseen by them.

To list a stop that the facts did show costs nothing: no permit rests on it.
"""
A_NIGHT = timedelta(days=1)
"""Without a `now`, a stop that begins more than this after the facts were loaded is of a later night."""

_SINCE = """
    select distinct fact, ref from kw.stop
    where (at >= %(early)s or said >= %(early)s) and at < %(late)s
"""
_ADD = """
    insert into kw.stop (fact, ref, at)
    select * from unnest(%(facts)s::text[], %(refs)s::bigint[], %(at)s::timestamptz[])
"""


def since(c: C, at: datetime, *, now: datetime | None = None) -> frozenset[FactRef]:
    """Return every fact stopped since the facts were loaded at `at`: the whole list each time.

    Sequence numbers and clocks become visible out of order, so there is no "only the newest". With `now`, stops that begin
    later are left out.
    """
    late = at + A_NIGHT if now is None else now + timedelta(microseconds=1)
    with rows.cursor(c) as cursor:
        return frozenset(cursor.execute(_SINCE, {"early": at - IN_FLIGHT, "late": late}).fetchall())


def add(c: C, refs: Iterable[tuple[FactRef, datetime]]) -> None:
    """Stop these facts, each from a moment on."""
    listed = list(refs)
    arrays = {"facts": [r[0] for r, _ in listed], "refs": [r[1] for r, _ in listed], "at": [at for _, at in listed]}
    if listed:
        with rows.cursor(c) as cursor:
            cursor.execute(_ADD, arrays)
