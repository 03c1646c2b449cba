"""The readings that no ground holds any longer, day by day: a scan of a few columns, and a rewrite only where something goes.

Only days are looked at of which something may have changed since the last run: a term that ended, rows that came late, an erasure.
What goes is written into the log before it goes, so that a replay can tell it from what somebody took away.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import retention
from kwartier.store.readings.going import NEEDED, Going, Part, reaching
from kwartier.store.registry import nights
from kwartier.store.registry import retention as terms
from kwartier.workflows.installation import Installation

ACTOR: Final = "operator"


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """What persons want: `parts` to go, `guards` to stay whatever their term; `lifted` were such guards until lately."""

    parts: Sequence[Part] = ()
    guards: Sequence[Part] = ()
    lifted: Sequence[Part] = ()


def give_up(house: Installation, wanted: Wanted, last: datetime | None, at: datetime) -> Counter[str]:
    """Take out of the lake what nothing holds at `at`; `last` is when this was done before. Returns `rows`, `erased`, `days`.

    What the files and the table's log still hold of it goes with `purge`.
    """
    counts: Counter[str] = Counter()
    late = _came_late(house, last)
    for day in house.readings.days_held():
        holding, mine = retention.holding(day, at), reaching(wanted.parts, day)
        lapsed = last is None or day in late or holding != retention.holding(day, last) or bool(reaching(wanted.lifted, day))
        if lapsed or _touched(house, day, mine):
            counts += _of_day(house, Going(day, holding, mine, wanted.guards), day, holding, at)
    return counts


def _came_late(house: Installation, last: datetime | None) -> set[date]:
    if last is None:
        return set()
    with house.operator() as c:
        return terms.days_since(c, last)


def _touched(house: Installation, day: date, parts: Sequence[Part]) -> bool:
    return any(house.readings.day(one.connection, day) for one in parts)


def _of_day(house: Installation, going: Going, day: date, holding: int, at: datetime) -> Counter[str]:
    """Count what goes, say so in the log, then do it."""
    for rows in house.readings.scan_table(day, NEEDED):
        going.count(rows)
    gone = sum(going.gone.values())
    if not gone and not going.freed:
        return Counter()
    body: dict[str, Json] = {
        "day": day.isoformat(),
        "rows": gone,
        "erased": going.erased,
        "freed": going.freed,
        "batches": {str(batch): count for batch, count in sorted(going.gone.items())},
    }
    with house.operator() as c:
        house.log.record(c, [Event(at, EventKind.RETENTION_APPLIED, ACTOR, body=body)])
    if holding or going.guards:
        house.readings.rewrite(day, going.stays)
    else:
        house.readings.drop(day)
    return Counter(rows=gone, erased=going.erased, days=1)


def purge(house: Installation) -> int:
    """Leave no file and no line of the table's log that tells of what is gone. Returns how many files went."""

    def ended(batches: Collection[int]) -> dict[int, bool]:
        with house.operator() as c:
            return nights.ended(c, batches)

    return house.readings.purge(ended)
