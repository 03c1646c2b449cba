"""Due deliveries and the bundles in which they leave."""

from typing import Any

import psycopg

from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, day_period
from kwartier.store.registry import deliveries, nights
from kwartier.store.registry.deliveries import Due, ParcelRow, Promise
from registry_support import DAY, NOON, World

C = psycopg.Connection[Any]
MASK = 6


def promised(c: C, receiver: int, connection: int, permit: bytes) -> Due:
    """Promise the intervals of one day under a permit, as a batch does that read them, and return what is due then."""
    day = day_period(DAY)
    assert day.end is not None
    request = deliveries.request(Requester(Role.THIRD_PARTY, receiver), connection, Purpose.THIRD_PARTY_SERVICE, MASK, day)
    batch = nights.plan_batch(c, nights.begin(c, DAY, NOON))
    nights.stage(c, batch, [], NOON)
    deliveries.promise(c, batch, [Promise(request, int(day.start.timestamp()), int(day.end.timestamp()), permit)])
    assert deliveries.pending(c, 10) == []
    nights.mark_committed(c, batch, NOON)
    (due,) = deliveries.pending(c, 10)
    return due


def sent(c: C, due: Due, box: str) -> int:
    """Send a due delivery in a bundle of its own; return how many parcels were delivered."""
    deliveries.open_bundle(c, box, due.receiver.id, NOON)
    deliveries.add_parcels(c, [ParcelRow(f"parcel of {box}", due, due.permit, deliveries.SENDING, None, NOON)], box)
    assert [box for box, _ in deliveries.bundles_in_flight(c)] == [box]
    return deliveries.close_bundle(c, box, NOON)


def test_the_same_data_on_another_ground_is_another_delivery(operator: C, world: World) -> None:
    """As when a permission is revoked and given anew: the second bundle closes too, and the rounds after it go on."""
    home, app = world.connection(), world.party("third_party")
    for number in (1, 2):
        due = promised(operator, app, home, bytes([number]) * 16)
        assert sent(operator, due, f"box {number}") == 1
    assert deliveries.pending(operator, 10) == []
    assert deliveries.bundles_in_flight(operator) == []


def test_a_permit_is_promised_once(operator: C, world: World) -> None:
    home, app = world.connection(), world.party("third_party")
    due = promised(operator, app, home, b"p" * 16)
    batch = nights.plan_batch(operator, nights.begin(operator, DAY, NOON))
    again = Promise(deliveries.request(due.receiver, home, due.purpose, MASK, due.period), 0, 0, b"p" * 16)
    deliveries.promise(operator, batch, [again])
    assert deliveries.pending(operator, 10) == [due]


def test_a_bundle_that_never_left_is_due_again(operator: C, world: World) -> None:
    home, app = world.connection(), world.party("third_party")
    due = promised(operator, app, home, b"p" * 16)
    deliveries.open_bundle(operator, "box", app, NOON)
    deliveries.add_parcels(operator, [ParcelRow("parcel", due, due.permit, deliveries.SENDING, None, NOON)], "box")
    ((parcel, request, permit),) = deliveries.parcels_of_bundle(operator, "box")
    assert (parcel, request.period, permit) == ("parcel", Period(due.period.start, due.period.end), due.permit)
    deliveries.take_back(operator, "box")
    assert deliveries.pending(operator, 10) == [due]
    assert deliveries.bundles_in_flight(operator) == []
