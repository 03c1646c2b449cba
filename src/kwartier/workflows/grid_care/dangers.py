"""S18: dangerous situations, looked for where a use case allows it, or where a meter raised an alarm; with who must act."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, final

from kwartier.grid import dangers
from kwartier.grid.dangers import Found
from kwartier.model.care import Chore, Sight
from kwartier.model.ground import Purpose
from kwartier.model.period import day_of
from kwartier.store.registry import care, facts
from kwartier.store.registry.care import Alarm, Seen
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits import wishes
from kwartier.workflows.visits.errands import Done, Round, Wish, carry

CONFIRMED: Final = "confirmed"
DENIED: Final = "denied"


@final
@dataclass(frozen=True, slots=True)
class Endangered:
    """A connection with dangers. `equipment_id` is what stands on its meter, for who goes there: personal data."""

    meter: int
    connection: int
    equipment_id: str
    area: str
    transformer: int | None
    found: tuple[Found, ...]


def look_for_dangers(house: Installation, executor: Executor, *, clock: Clock) -> Round:
    """Ask every meter in whose area a use case for danger is approved: tamper and quality events, voltages, alarms."""
    at = clock()
    return carry(house, wishes.walk(house, at, lambda row: wanted(row, at)), executor, clock=clock)


def wanted(row: ConnectionRow, at: datetime) -> list[Wish]:
    """Return what would be asked of the meter of this connection to find dangers."""
    if row.wired is None or row.wired.mbus:
        return []
    return list(wishes.under_use_cases(row, Purpose.DANGER, dangers.ASKED, at))


def endangered(house: Installation) -> list[Endangered]:
    """Return the connections with a danger, by what was seen last."""
    with house.operator() as c:
        seen = care.seen(c, Purpose.DANGER, dangers.ASKED)
    return [one for _, mine in groupby(seen, key=lambda one: one.meter) for one in _judged(list(mine))]


def _judged(mine: list[Seen]) -> Iterator[Endangered]:
    found = dangers.judge(one.sight for one in mine)
    if found:
        first = mine[0]
        yield Endangered(first.meter, first.connection, first.equipment_id, first.area, first.transformer, tuple(found))


def look_into_alarms(house: Installation, executor: Executor, *, clock: Clock) -> Round:
    """Ask the meters that raised an alarm: what they told was not authenticated. Each that answers confirms or denies its alarms.

    An alarm whose meter agrees is then cleared at the meter, so that the next one can be told (DSMR P3: it stays set until then).
    """
    with house.operator() as c:
        told = care.alarms(c)
    seen: dict[int, list[Sight]] = defaultdict(list)

    def note(done: Done) -> None:
        if done.sight is not None:
            seen[done.errand.meter].append(done.sight)

    raised = {one.connection for one in told}
    asked = carry(house, _batches(house, raised, clock, wanted), executor, clock=clock, each=note)
    confirmed, denied = _sorted(told, seen)
    with house.operator() as c:
        care.answer_alarms(c, [one.id for one in confirmed], CONFIRMED)
        care.answer_alarms(c, [one.id for one in denied], DENIED)
    carry(house, _batches(house, {one.connection for one in confirmed}, clock, _clearing), executor, clock=clock)
    return asked


def _clearing(row: ConnectionRow, at: datetime) -> list[Wish]:
    return list(wishes.under_use_cases(row, Purpose.DANGER, (Chore.CLEAR_ALARMS,), at))


def _batches(
    house: Installation, connections: Collection[int], clock: Clock, wanted: Callable[[ConnectionRow, datetime], list[Wish]]
) -> Iterator[list[Wish]]:
    """Yield what is wanted of these connections, with the facts as they are when a batch's turn has come."""
    keys, size = sorted(connections), house.settings.batch_meters
    for first in range(0, len(keys), size):
        at = clock()
        with house.looking() as c:
            rows = facts.rows(c, keys[first : first + size], year=day_of(at).year, day=day_of(at))
        yield [wish for row in rows for wish in wanted(row, at)]


def _sorted(told: list[Alarm], seen: dict[int, list[Sight]]) -> tuple[list[Alarm], list[Alarm]]:
    """Return the alarms whose meter says the same when asked, and those whose meter knows of none of their bits."""
    confirmed: list[Alarm] = []
    denied: list[Alarm] = []
    for one in told:
        registers = [sight.value for sight in seen.get(one.meter, ()) if sight.chore is Chore.ALARMS]
        if registers:
            (confirmed if registers[-1] & one.register else denied).append(one)
    return confirmed, denied
