"""Where the meters are, their wrapped keys, and the invocation counters that are handed out once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.store.registry import rows
from kwartier.store.registry.rows import C

LAST_COUNTER = 2**32
"""One past the largest invocation counter (IEC 62056-5-3: 32 bits). A key that has used them up must be renewed."""
LARGEST_JUMP = 2**24
"""A meter that reports a counter further ahead than this is not believed: it could use up the key's counters in one go."""

_TARGETS = """
    select m.key, host(m.host), m.port, m.model, m.system_title, k.guek, k.gak
    from kw.meter m join kw.meter_key k on k.meter = m.key where m.key = any(%(meters)s)
"""
# Locked in the order of the keys, so that two that ask for the same meters cannot wait for each other.
_RESERVE = """
    with mine as (select meter from kw.meter_key where meter = any(%(meters)s) order by meter for update)
    update kw.meter_key k set next_ic = k.next_ic + %(frames)s from mine
    where k.meter = mine.meter and k.next_ic + %(frames)s <= %(last)s
    returning k.meter, k.next_ic - %(frames)s, k.next_ic
"""
_RAISE = """
    with told as (select * from unnest(%(meters)s::bigint[], %(counters)s::bigint[]) as t (meter, ic)),
    mine as (select k.meter, k.next_ic, told.ic from kw.meter_key k join told using (meter) order by k.meter for update of k),
    raised as (
        update kw.meter_key k set next_ic = mine.ic + 1 from mine
        where k.meter = mine.meter and mine.ic >= mine.next_ic and mine.ic - mine.next_ic < %(bound)s and mine.ic + 1 < %(last)s
        returning k.meter)
    select meter from raised union all select meter from mine where ic < next_ic
"""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """How a meter is reached. `guek` and `gak` are wrapped under the vault's master key; `host` is personal data."""

    host: str
    port: int
    model: str
    system_title: bytes
    guek: bytes
    gak: bytes


def in_service(c: C, at: datetime) -> int:
    """Return how many meters with a line of their own are in place: at homes and in stations (a gas meter speaks through one)."""
    found = c.execute("select count(*) from kw.meter where system_title is not null and placed @> %s", (at,)).fetchone()
    assert found is not None  # noqa: S101 - a count has one row
    return int(found[0])


def targets(c: C, meters: Iterable[int]) -> dict[int, Target]:
    """Return how to reach these meters. One without keys is absent: it cannot be read."""
    with rows.cursor(c) as cursor:
        return {row[0]: Target(*row[1:]) for row in cursor.execute(_TARGETS, {"meters": list(meters)})}


def reserve(c: C, meters: Iterable[int], frames: int) -> dict[int, tuple[int, int]]:
    """Hand out `frames` invocation counters of each meter as [first, end), once and for all: committed before they are used.

    A meter without keys, or whose key has no counters left, is absent.
    """
    with rows.cursor(c) as cursor:
        wanted = {"meters": list(meters), "frames": frames, "last": LAST_COUNTER}
        return {meter: (first, end) for meter, first, end in cursor.execute(_RESERVE, wanted)}


def raise_to(c: C, told: Mapping[int, int], bound: int = LARGEST_JUMP) -> frozenset[int]:
    """Go past the counters that meters say they have seen, never back. Returns the meters that are believed.

    The others told a counter `bound` or more ahead of ours, or at the end of all counters, or have no keys: their counters stay.
    What a meter tells here is not authenticated.
    """
    with rows.cursor(c) as cursor:
        arrays = {"meters": list(told), "counters": list(told.values()), "bound": bound, "last": LAST_COUNTER}
        return frozenset(meter for (meter,) in cursor.execute(_RAISE, arrays))
