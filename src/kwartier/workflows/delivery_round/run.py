"""One delivery round: every due delivery is decided again, then delivered or withheld, and the log says which and why."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, final

import psycopg
from psycopg import Connection

from kwartier.audit import leaves
from kwartier.audit.events import Event, EventKind
from kwartier.delivery import disputed, document, supplier, third_party
from kwartier.grounds.decide import decide
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Purpose, Refusal, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import day_of
from kwartier.model.permit import Permit
from kwartier.store.readings import Glance, Readings
from kwartier.store.registry import deliveries, hand_readings, names, people, stops
from kwartier.store.registry.deliveries import Due, ParcelRow
from kwartier.workflows import parties, permission
from kwartier.workflows.delivery_round import bundle, by_hand, late, notices, papers
from kwartier.workflows.delivery_round.known import Known, known_of
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.permission.letters import NONE_WAITS, Waiting
from kwartier.workflows.visits import corrected, standing


class FactsChange(KwartierError):
    """Somebody has been changing facts for minutes; nothing was handed over meanwhile. The round is run again after that."""

    code = "facts-change"


class DeliveryRuns(KwartierError):
    """Another process is delivering; nothing was done. The caller waits for it."""

    code = "delivery-runs"


PER_BUNDLE = 500
ACTOR = "operator"


@final
@dataclass(slots=True)
class DeliveryReport:
    """How the round ended: every due delivery is in one of the first two."""

    delivered: int = 0
    withheld: int = 0
    papers: int = 0
    """Bills and overviews made of what suppliers were handed."""
    notices: int = 0
    """Receivers that were told that something they had been handed was wrong."""
    letters: Waiting = NONE_WAITS
    """Letters to customers that could not be laid down."""


@final
@dataclass(frozen=True, slots=True)
class _Draft:
    """A parcel that may leave, with its document."""

    row: ParcelRow
    permit: Permit
    body: bytes


def run(house: Installation, *, clock: Clock, progress: Callable[[int], None] = lambda _: None) -> DeliveryReport:
    """Deliver what is due. Safe to repeat and to interrupt: a due delivery ends in exactly one parcel. Raises DeliveryRuns."""
    report = DeliveryReport()
    with _only_one(house):
        begun = clock()
        recover(house, begun)
        parties.check(house, at=begun)  # first: what is permitted to who is suspended now ends in what follows
        parties.begin(house, at=begun)
        report.letters = permission.keep_up(house, at=begun).waiting
        late.promise(house, begun)
        by_hand.promise(house, begun)
        while _pass(house, clock, report, progress):  # what was taken back on the way is due again
            pass
        report.notices = notices.tell(house, clock())
    return report


def _pass(house: Installation, clock: Clock, report: DeliveryReport, progress: Callable[[int], None]) -> bool:
    """Go once through what is due, in order: never again past what was delivered. False if there was nothing."""
    last = 0
    while due := _pending(house, last):
        last = due[-1].id
        by_receiver: dict[int, list[Due]] = defaultdict(list)
        for one in due:
            by_receiver[one.receiver.id].append(one)
        for receiver, asked in by_receiver.items():
            _hand_over(house, receiver, asked, clock, report)
        progress(len(due))
    return last > 0


@contextmanager
def _only_one(house: Installation) -> Iterator[None]:
    """Hold the lock of the round for as long as this process lives: two at once would take back each other's bundles."""
    with psycopg.connect(house.dsns.operator, autocommit=True) as c:
        if not deliveries.lock(c):
            msg = "a delivery round is running already"
            raise DeliveryRuns(msg)
        yield


def _pending(house: Installation, after: int) -> list[Due]:
    with house.operator() as c:
        return deliveries.pending(c, PER_BUNDLE, after)


def _hand_over(house: Installation, receiver: int, asked: list[Due], clock: Clock, report: DeliveryReport) -> None:
    """Write what may leave, then decide everything once more and announce it: until then a revocation holds it back."""
    drafts = _drafts(house, asked, clock())
    at = clock()
    box = secrets.token_hex(16)
    with house.looking() as c:
        loaded = stops.loaded(c, at)
        path = bundle.path_of(house.outbox, names.party_code(c, receiver), box)
        sending, withheld = _decided(house, c, asked, drafts, at)
    with house.operator() as c:
        _withhold(house, c, withheld, at)
        if sending:
            bundle.write_aside(path, (one.body for one in sending))
            deliveries.open_bundle(c, box, receiver, at)
            deliveries.add_parcels(c, (one.row for one in sending), box)
    report.withheld += len(withheld)
    if sending and _let_go(house, path, box, sending, loaded, clock):
        report.papers += papers.lay(house, path, box, clock())
        _mark(house, box, {one.permit.id: one.permit.rule for one in sending}, clock())
        report.delivered += len(sending)


def _let_go(house: Installation, path: Path, box: str, sending: Sequence[_Draft], decided: stops.Loaded, clock: Clock) -> bool:
    """Hand the bundle over, alone at the gate: no ground can end meanwhile. False if one ended before: then all is due again.

    What ended counts as of when the gate is passed: writing the bundle and waiting there may take minutes.
    Raises FactsChange where the gate was never free.
    """
    with house.operator() as c:
        if not stops.alone(c):
            msg = "facts have been changing all the time, so nothing was handed over"
            raise FactsChange(msg)
        now = clock()
        if not standing.ended(c, (one.permit for one in sending), since=decided, at=now, day=day_of(now)):
            bundle.name(path)
            return True
    bundle.discard(path)
    with house.operator() as c:
        deliveries.take_back(c, box)
    return False


def _decide(one: Due, there: Known, at: datetime) -> Permit | Refusal:
    return decide(deliveries.request(one.receiver, one.connection, one.purpose, one.mask, one.period), there.facts, at=at)


def _drafts(house: Installation, asked: list[Due], at: datetime) -> dict[int, _Draft]:
    """Make the documents of what may leave as it looks now: looking up readings takes its time."""
    with house.operator() as c:
        known = known_of(c, {one.connection for one in asked}, at)
    answers = ((one, _decide(one, known[one.connection], at)) for one in asked)
    may = [(one, answer) for one, answer in answers if isinstance(answer, Permit)]
    with house.readings.glance() as readings:
        return {one.id: _draft(house, readings, one, known[one.connection], permit, at) for one, permit in may}


def _draft(house: Installation, readings: Readings | Glance, one: Due, there: Known, permit: Permit, at: datetime) -> _Draft:
    parcel = secrets.token_hex(16)
    heading = document.Heading(parcel, at, there.ean, there.product, one.purpose, one.period, (permit,), one.corrects)
    body = _body(house, readings, one, there, heading)
    missing = document.count_missing(body)
    row = ParcelRow(parcel, one, permit.subject, permit.id, deliveries.SENDING, None, at, missing)
    return _Draft(row, permit, body)


def _decided(
    house: Installation, c: Connection[Any], asked: list[Due], drafts: dict[int, _Draft], at: datetime
) -> tuple[list[_Draft], list[tuple[ParcelRow, Refusal]]]:
    """Decide everything again, just before: what may still leave, and what may not and why."""
    known = known_of(c, {one.connection for one in asked}, at)
    sending: list[_Draft] = []
    withheld: list[tuple[ParcelRow, Refusal]] = []
    for one in asked:
        there, draft = known[one.connection], drafts.get(one.id)
        answer = _decide(one, there, at)
        if isinstance(answer, Refusal):
            parcel = secrets.token_hex(16)
            withheld.append((ParcelRow(parcel, one, answer.subject, None, ParcelStatus.WITHHELD, answer.rule, at), answer))
        elif draft is not None and draft.permit.id == answer.id:
            sending.append(draft)
        else:  # the ground is another one than a moment ago
            sending.append(_draft(house, house.readings, one, there, answer, at))
    return sending, withheld


def _body(house: Installation, readings: Readings | Glance, one: Due, there: Known, heading: document.Heading) -> bytes:
    if one.purpose is Purpose.HAND_READING:
        with house.operator() as c:
            taken = hand_readings.at_moment(c, one.connection, one.period.start)
        return supplier.by_hand(heading, [supplier.Taken(each.channel, each.value, each.at, each.how) for each in taken])
    assert one.period.end is not None  # noqa: S101 - a due delivery always closes
    days = readings.days(one.connection, day_of(one.period.start), day_of(one.period.end), one.mask)
    make = supplier.readings if one.receiver.role is Role.SUPPLIER else third_party.usage
    return make(heading, disputed.marked(days, there.disputed))


def _withhold(house: Installation, c: Connection[Any], withheld: list[tuple[ParcelRow, Refusal]], at: datetime) -> None:
    deliveries.add_parcels(c, (row for row, _ in withheld), None)
    codes = people.codes(c, {row.subject for row, _ in withheld if row.subject is not None})
    house.log.record(
        c,
        [
            Event(
                at,
                EventKind.PARCEL_WITHHELD,
                ACTOR,
                None if row.subject is None else codes.get(row.subject),
                row.due.connection,
                leaves.parcel(row.id, refusal.request, None, refusal.rule),
            )
            for row, refusal in withheld
        ],
    )


def _mark(house: Installation, box: str, rules: dict[bytes, str], at: datetime) -> None:
    """The last step, and what a start does for a bundle that got its name just before a crash."""
    with house.operator() as c:
        sent = deliveries.parcels_of_bundle(c, box)
        deliveries.close_bundle(c, box, at)
        decided = deliveries.decided(c, box)
        house.log.record(
            c,
            [
                Event(
                    at,
                    EventKind.PARCEL_DELIVERED,
                    ACTOR,
                    one.subject_code,
                    one.request.connection,
                    leaves.parcel(one.id, one.request, one.permit, rules.get(one.permit, ""), decided),
                )
                for one in sent
            ],
        )


def recover(house: Installation, at: datetime) -> None:
    """Finish or take back what a crash left between intent and deed. Under the lock of the round.

    What somebody put right goes into the lake before anything is made of it again.
    """
    corrected.carry(house, at)
    with house.operator() as c:
        in_flight = deliveries.bundles_in_flight(c)
        codes = deliveries.party_codes(c)
    for box, receiver in in_flight:
        path = bundle.path_of(house.outbox, codes[receiver], box)
        if path.exists():
            papers.lay(house, path, box, at)
            _mark(house, box, {}, at)
            continue
        bundle.discard(path)
        with house.operator() as c:
            deliveries.take_back(c, box)
    bundle.sweep(house.outbox)
