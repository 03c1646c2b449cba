"""Steps 7 and 8 of a night for one batch: staged in one transaction, committed to the lake, then marked committed.

The order is what makes a kill harmless: before the transaction the batch never was; after it, any start rolls it forward.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, final

from psycopg import Connection

from kwartier.audit.events import EventKind
from kwartier.grounds import limits
from kwartier.model.ground import Purpose, Role
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.task import Result
from kwartier.store.registry import deliveries, nights
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.night import allocate, balance, lines, withdraw
from kwartier.workflows.night.intent import ACTOR, Intent
from kwartier.workflows.night.job import BatchResult, Outcome
from kwartier.workflows.visits import corrected, standing
from kwartier.workflows.visits.forward import commit, give_up, roll_forward

RECEIVERS = frozenset({Role.SUPPLIER, Role.THIRD_PARTY})
BOUNDARIES = frozenset({Purpose.SWITCH, Purpose.MOVE})


def settle(house: Installation, intent: Intent, result: BatchResult, day: date, clock: Clock) -> BatchResult:
    """Make one batch durable: registry and log in one transaction, then the lake, then the mark. Returns what was accepted."""
    accepted = accept(house, intent, result, day, clock)
    commit(house, accepted.batch, accepted.files, clock())
    return accepted


def accept(house: Installation, intent: Intent, result: BatchResult, day: date, clock: Clock) -> BatchResult:
    """Stage what still has a ground. The transaction looks at the stops last, and begins anew without what ended meanwhile.

    Each look has its own moment: staging may wait for another batch of the log for minutes.
    """
    read, at = result.outcomes, clock()
    while True:
        with house.operator() as c:
            gone = _ended(c, intent, result, day, clock())
            if not gone:
                stage(house, c, intent, result, day, at, read)
                gone = _ended(c, intent, result, day, clock())
            if not gone:
                return result
            c.rollback()
        result = withdraw.withdrawn(house.readings, result, intent.stations, gone)


def _ended(c: Connection[Any], intent: Intent, result: BatchResult, day: date, at: datetime) -> frozenset[bytes]:
    permits = [intent.permits[one] for one in sorted(withdraw.served(result))]
    return standing.ended(c, permits, since=intent.loaded, at=at, day=day)


def stage(  # noqa: PLR0917 - what a batch consists of
    house: Installation,
    c: Connection[Any],
    intent: Intent,
    result: BatchResult,
    day: date,
    at: datetime,
    read: Iterable[Outcome],
) -> None:
    """Write staged files, outcomes, quarantine, balances, promises and deeds. `read` is what came before any was withdrawn."""
    nights.stage(c, result.batch, [one.to_json() for one in result.files], at)
    nights.add_outcomes(c, result.batch, [_outcome_row(one) for one in result.outcomes])
    nights.add_quarantine(
        c,
        result.batch,
        [
            (q.task, [{"rule": v.rule, "severity": v.severity, "detail": v.detail} for v in q.verdicts], q.rows)
            for q in result.quarantined
        ],
    )
    deliveries.promise(c, result.batch, list(_promises(result.outcomes, intent.permits)))
    nights.keep_asking(c, _boundaries_missed(result.outcomes, intent.permits), at)
    nights.use(c, uses(read, intent.permits))
    balance.store(house, c, intent, result, day, at)
    allocate.store(house, c, intent, result, day, at)
    said = lines.read(intent, result.outcomes)
    house.log.record_batch(c, EventKind.BATCH_READ, result.batch, at, ACTOR, said, {"channel_days": result.channel_days})


def _outcome_row(one: Outcome) -> nights.OutcomeRow:
    return nights.OutcomeRow(one.task, one.result, one.reason, b"".join(ref.id for ref in one.given), one.at)


def _promises(outcomes: Iterable[Outcome], permits: dict[bytes, Permit]) -> Iterable[deliveries.Promise]:
    """A permit of a supplier or third party that got something promises a delivery, once, however many profiles served it."""
    seen: set[bytes] = set()
    for one in outcomes:
        if one.result is not Result.READ:
            continue
        for ref in one.given:
            permit = permits[ref.id]
            role = permit.request.requester.role
            if role in RECEIVERS and ref.id not in seen:
                seen.add(ref.id)
                yield deliveries.Promise(permit.request, ref.first_s, ref.last_s, ref.id)


def _boundaries_missed(outcomes: Iterable[Outcome], permits: dict[bytes, Permit]) -> Iterator[tuple[int, datetime]]:
    """Yield (connection, moment) of every register of a switch or a move that a supplier should get and no meter gave.

    What was stopped is none: its ground went. What was given beside a gap, as by another profile, is found when it is asked for.
    """
    for one in outcomes:
        for ref in _missed(one):
            request = permits[ref.id].request
            if request.requester.role is Role.SUPPLIER and request.purpose in BOUNDARIES:
                yield request.connection, request.period.start


def _missed(one: Outcome) -> tuple[PermitRef, ...]:
    """Return the permits that got nothing, as far as they stand."""
    if one.result is Result.GAP:
        return one.task.permits
    return tuple(ref for ref in one.served if ref in one.short)


def uses(outcomes: Iterable[Outcome], permits: dict[bytes, Permit]) -> Iterator[tuple[int, int, date]]:
    """Yield (use case, connection, local day) of every read under a use case: it counts whether its values were sound or not."""
    for one in outcomes:
        for ref in one.served:
            yield from limits.uses(permits[ref.id].request, one.at)


@final
@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start found: batches rolled forward, and planned ones whose work was lost with the process."""

    forward: int
    abandoned: int


def recover(house: Installation, at: datetime) -> Recovered:
    """Roll staged batches forward and abandon those that were only planned. Under the night's lock.

    What somebody put right and a kill kept from the lake gets there, before anything is read about the same days.
    """
    abandoned = give_up(house, at)
    forward = roll_forward(house, at)
    corrected.carry(house, at)
    return Recovered(forward, abandoned)


def sweep(house: Installation) -> int:
    """Remove the data files that ended batches left behind; return how many. After `recover`: what a kill left has ended then."""

    def ended(batches: Collection[int]) -> dict[int, bool]:
        with house.operator() as c:
            return nights.ended(c, batches)

    return house.readings.sweep(ended)
