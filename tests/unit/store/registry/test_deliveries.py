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


def question(receiver: int, connection: int, permit: bytes) -> Promise:
    """Promise a third party the intervals of one day under a permit."""
    day = day_period(DAY)
    assert day.end is not None
    request = deliveries.request(Requester(Role.THIRD_PARTY, receiver), connection, Purpose.THIRD_PARTY_SERVICE, MASK, day)
    return Promise(request, int(day.start.timestamp()), int(day.end.timestamp()), permit)


def promised(c: C, receiver: int, connection: int, permit: bytes) -> Due:
    """Promise the intervals of one day as a batch does that read them, and return what is due then."""
    batch = nights.plan_batch(c, nights.begin(c, DAY, NOON))
    nights.stage(c, batch, [], NOON)
    deliveries.promise(c, batch, [question(receiver, connection, permit)])
    assert deliveries.pending(c, 10) == []
    nights.mark_committed(c, batch, NOON)
    (due,) = deliveries.pending(c, 10)
    return due


def sent(c: C, due: Due, box: str) -> int:
    """Send a due delivery in a bundle of its own; return how many parcels were delivered."""
    deliveries.open_bundle(c, box, due.receiver.id, NOON)
    deliveries.add_parcels(c, [ParcelRow(f"parcel of {box}", due, None, due.permit, deliveries.SENDING, None, NOON)], box)
    assert [box for box, _ in deliveries.bundles_in_flight(c)] == [box]
    return deliveries.close_bundle(c, box, NOON)


def test_the_same_question_on_another_ground_is_answered_once(operator: C, world: World) -> None:
    """As when a permission is revoked and given anew: what the party has it does not get again."""
    home, app = world.connection(), world.party("third_party")
    assert sent(operator, promised(operator, app, home, b"1" * 16), "box") == 1
    batch = nights.plan_batch(operator, nights.begin(operator, DAY, NOON))
    nights.stage(operator, batch, [], NOON)
    deliveries.promise(operator, batch, [question(app, home, b"2" * 16)])
    nights.mark_committed(operator, batch, NOON)
    assert deliveries.pending(operator, 10) == []


def test_what_was_withheld_is_due_again_on_another_ground(operator: C, world: World) -> None:
    home, app = world.connection(), world.party("third_party")
    first = promised(operator, app, home, b"1" * 16)
    deliveries.add_parcels(operator, [ParcelRow("withheld", first, None, None, "withheld", "F7", NOON)], None)
    second = promised(operator, app, home, b"2" * 16)
    assert sent(operator, second, "box") == 1
    assert deliveries.pending(operator, 10) == []


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
    deliveries.add_parcels(operator, [ParcelRow("parcel", due, None, due.permit, deliveries.SENDING, None, NOON)], "box")
    (one,) = deliveries.parcels_of_bundle(operator, "box")
    assert (one.id, one.request.period, one.permit) == ("parcel", Period(due.period.start, due.period.end), due.permit)
    assert one.subject_code is None
    deliveries.take_back(operator, "box")
    assert deliveries.pending(operator, 10) == [due]
    assert deliveries.bundles_in_flight(operator) == []


def test_the_parcels_of_a_bundle_are_found_by_their_index(operator: C) -> None:
    """Not by looking through all that ever left: a round asks it for every bundle."""
    operator.execute("set local enable_seqscan = off")
    plan = operator.execute("explain select id from kw.parcel where bundle = 'some box' and status = 'sending'").fetchall()
    assert "parcel_bundle_idx" in str(plan)
