"""One delivery round: every due delivery is decided again, then delivered or withheld, and the log says which and why."""

import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final

from psycopg import Connection

from kwartier.audit import leaves
from kwartier.audit.events import Event, EventKind
from kwartier.delivery import document, supplier, third_party
from kwartier.grounds.decide import decide
from kwartier.model.ean import Ean
from kwartier.model.ground import Facts, Refusal, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import day_of
from kwartier.model.permit import Permit
from kwartier.model.register import Product
from kwartier.store.registry import deliveries, facts, names
from kwartier.store.registry.deliveries import Due, ParcelRow
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.installation import Clock, Installation

PER_BUNDLE = 500
ACTOR = "operator"


@final
@dataclass(slots=True)
class DeliveryReport:
    """How the round ended: every due delivery is in one of the two."""

    delivered: int = 0
    withheld: int = 0


@final
@dataclass(frozen=True, slots=True)
class _Known:
    """What a delivery needs to know of a connection."""

    facts: Facts
    product: Product
    ean: Ean


def run(house: Installation, *, clock: Clock, progress: Callable[[int], None] = lambda _: None) -> DeliveryReport:
    """Deliver what is due. Safe to repeat and to interrupt: a due delivery ends in exactly one parcel."""
    report = DeliveryReport()
    recover(house, clock())
    while due := _pending(house):
        by_receiver: dict[int, list[Due]] = defaultdict(list)
        for one in due:
            by_receiver[one.receiver.id].append(one)
        for receiver, asked in by_receiver.items():
            _hand_over(house, receiver, asked, clock, report)
        progress(len(due))
    return report


def _pending(house: Installation) -> list[Due]:
    with house.operator() as c:
        return deliveries.pending(c, PER_BUNDLE)


def _hand_over(house: Installation, receiver: int, asked: list[Due], clock: Clock, report: DeliveryReport) -> None:
    at = clock()
    with house.operator() as c:
        known = _known(c, {one.connection for one in asked}, at)
        codes = deliveries.party_codes(c)
        subjects = names.codes(c, sorted(known), at)
    box = secrets.token_hex(16)
    path = bundle.path_of(house.outbox, codes[receiver], box)
    sending: list[tuple[ParcelRow, Permit, bytes]] = []
    withheld: list[tuple[ParcelRow, Refusal]] = []
    for one in asked:
        there = known[one.connection]
        answer = decide(deliveries.request(one.receiver, one.connection, one.purpose, one.mask, one.period), there.facts, at=at)
        parcel = secrets.token_hex(16)
        if isinstance(answer, Refusal):
            withheld.append((ParcelRow(parcel, one, None, ParcelStatus.WITHHELD, answer.rule, at), answer))
        else:
            row = ParcelRow(parcel, one, answer.id, deliveries.SENDING, None, at)
            sending.append((row, answer, _body(house, parcel, one, there, answer, at)))
    if sending:
        bundle.write_aside(path, (body for _, _, body in sending))
    with house.operator() as c:
        _withhold(house, c, withheld, subjects, at)
        if sending:
            deliveries.open_bundle(c, box, receiver, at)
            deliveries.add_parcels(c, (row for row, _, _ in sending), box)
    report.withheld += len(withheld)
    if sending:
        bundle.name(path)
        _mark(house, box, subjects, {permit.id: permit.rule for _, permit, _ in sending}, clock())
        report.delivered += len(sending)


def _known(c: Connection[Any], keys: set[int], at: datetime) -> dict[int, _Known]:
    eans = names.eans(c, sorted(keys))
    rows = facts.rows(c, sorted(keys), year=at.year, day=day_of(at))
    return {row.key: _Known(row.facts, row.product, eans[row.key]) for row in rows}


def _body(house: Installation, reference: str, one: Due, there: _Known, permit: Permit, at: datetime) -> bytes:
    heading = document.Heading(reference, at, there.ean, there.product, one.purpose, one.period, (permit,))
    assert one.period.end is not None  # noqa: S101 - a due delivery always closes
    days = house.readings.days(one.connection, day_of(one.period.start), day_of(one.period.end), one.mask)
    make = supplier.readings if one.receiver.role is Role.SUPPLIER else third_party.usage
    return make(heading, days)


def _withhold(
    house: Installation, c: Connection[Any], withheld: list[tuple[ParcelRow, Refusal]], subjects: dict[int, str], at: datetime
) -> None:
    deliveries.add_parcels(c, (row for row, _ in withheld), None)
    house.log.record(
        c,
        [
            Event(
                at,
                EventKind.PARCEL_WITHHELD,
                ACTOR,
                subjects.get(row.due.connection),
                row.due.connection,
                leaves.parcel(row.id, refusal.request, None, refusal.rule),
            )
            for row, refusal in withheld
        ],
    )


def _mark(house: Installation, box: str, subjects: dict[int, str], rules: dict[bytes, str], at: datetime) -> None:
    """The last step, and what a start does for a bundle that got its name just before a crash."""
    with house.operator() as c:
        sent = deliveries.parcels_of_bundle(c, box)
        deliveries.close_bundle(c, box, at)
        house.log.record(
            c,
            [
                Event(
                    at,
                    EventKind.PARCEL_DELIVERED,
                    ACTOR,
                    subjects.get(request.connection),
                    request.connection,
                    leaves.parcel(parcel, request, permit, rules.get(permit, "")),
                )
                for parcel, request, permit in sent
            ],
        )


def recover(house: Installation, at: datetime) -> None:
    """Finish or take back what a crash left between intent and deed."""
    with house.operator() as c:
        in_flight = deliveries.bundles_in_flight(c)
        codes = deliveries.party_codes(c)
    for box, receiver in in_flight:
        path = bundle.path_of(house.outbox, codes[receiver], box)
        if path.exists():
            with house.operator() as c:
                keys = sorted({request.connection for _, request, _ in deliveries.parcels_of_bundle(c, box)})
                subjects = names.codes(c, keys, at)
            _mark(house, box, subjects, {}, at)
            continue
        bundle.discard(path)
        with house.operator() as c:
            deliveries.take_back(c, box)
