"""S3: the administrative status is set at the meter as the customer chose it, and read back."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.care import AdministrativeStatus, Chore, action_of
from kwartier.model.ground import DataClass, Facts, Purpose, Request, Requester, RestrictionKind, Role
from kwartier.model.period import Period, day_of, whole_second
from kwartier.store.registry import care, facts
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits.errands import Done, Round, Wish, carry

_CHUNK = 500


@final
@dataclass(frozen=True, slots=True)
class Switched:
    """Meters that were set as their customers chose, `off` and `on`, and those that say otherwise all the same."""

    round: Round
    off: int
    on: int
    otherwise: tuple[int, ...]


def switch(house: Installation, executor: Executor, *, clock: Clock) -> Switched:
    """Set the administrative status wherever a customer ever chose it and the meter was not seen to be so since."""
    at = clock()
    seen: dict[int, int] = {}
    otherwise: list[int] = []

    def note(done: Done) -> None:
        if done.sight is not None:
            seen[done.errand.connection] = done.sight.value
            if done.sight.value != _WANTED[done.errand.chore]:
                otherwise.append(done.errand.meter)

    whole = carry(house, _batches(house, at), executor, clock=clock, each=note)
    off = sum(value == AdministrativeStatus.OFF for value in seen.values())
    on = sum(value == AdministrativeStatus.ON for value in seen.values())
    return Switched(whole, off, on, tuple(otherwise))


_WANTED = {Chore.SWITCH_OFF: AdministrativeStatus.OFF, Chore.SWITCH_ON: AdministrativeStatus.ON}


def _batches(house: Installation, at: datetime) -> Iterator[list[Wish]]:
    after = 0
    while True:
        with house.looking() as c:
            keys = care.chosen(c, at, after=after, limit=_CHUNK)
            rows = facts.rows(c, keys, year=day_of(at).year, day=day_of(at))
            stands = care.statuses(c, keys)
        if not keys:
            return
        after = keys[-1]
        yield [wish for row in rows for wish in _wishes(row, at, stands.get(row.key))]


def _wishes(row: ConnectionRow, at: datetime, stands: tuple[int, datetime] | None) -> Iterator[Wish]:
    """Yield the switch that is due: what was chosen last is not what the meter was seen to be since."""
    if row.wired is None or row.wired.mbus:
        return  # the status is the electricity meter's own, and holds for the gas it carries
    chore = Chore.SWITCH_OFF if is_off(row.facts, at) else Chore.SWITCH_ON
    if stands is not None and stands[0] == _WANTED[chore]:
        return
    now = whole_second(at)
    who = Requester(Role.OPERATOR, 0)
    about = Period(now, now), DataClass.ADMINISTRATIVE_STATUS
    request = Request(who, action_of(chore), Purpose.ADMINISTRATIVE_STATUS, row.key, 0, *about)
    yield Wish(request, row.facts, row.seen, (chore,), row.wired.meter)


def is_off(known: Facts, at: datetime) -> bool:
    """True if the customer's meter is to be administratively off at `at`."""
    return any(r.kind is RestrictionKind.ADMINISTRATIVELY_OFF and r.period.contains(at) for r in known.restrictions)
