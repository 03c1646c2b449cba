"""Loss, parcels, bases, people and parties."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

from kwartier.model.ean import Ean
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, day_period
from kwartier.model.register import Product
from kwartier.store.registry import basis, loss, nights, parcels, parties, people
from kwartier.store.registry.parcels import ParcelRecord
from registry_support import DAY, NOON, World, between, ean, on

C = psycopg.Connection[Any]


def test_the_first_balance_of_a_day_stands(operator: C, world: World) -> None:
    batch = nights.plan_batch(operator, nights.begin(operator, DAY, NOON))
    one, two, three = (world.transformer() for _ in range(3))
    case = world.use_case()
    published = loss.LossRow(one, DAY, case, batch, 40, 39, b"i" * 8, b"n" * 8, b"l" * 8, b"u" * 8, None)
    withheld = loss.LossRow(two, DAY, case, batch, 3, 3, None, None, None, None, "group")
    assert loss.store(operator, [published, withheld]) == 2
    assert loss.store(operator, [loss.LossRow(one, DAY, case, batch, 40, 40, b"", b"", b"", b"", None)]) == 0
    assert loss.store(operator, []) == 0
    assert loss.of_day(operator, DAY) == [published, withheld]
    assert loss.days_done(operator, [one, two, three], DAY) == {one, two}
    assert loss.days_done(operator, [one], DAY + timedelta(days=1)) == frozenset()


def test_a_delivery_is_written_once_and_every_side_finds_it(operator: C, world: World, portal: Callable[[int], C]) -> None:
    home, me, supplier = world.connection(), world.subject(), world.party()
    world.occupancy(home, me, between("2026-01-01"))
    who, day = Requester(Role.SUPPLIER, supplier), day_period(DAY)
    sent = ParcelRecord("a1", None, who, home, Purpose.PERIODIC_READING, day, 6, b"p" * 16, ParcelStatus.DELIVERED, None, NOON)
    moment = Period(on("2026-02-01"), on("2026-02-01"))
    withheld = ParcelRecord("b2", None, who, home, Purpose.MOVE, moment, 240, None, ParcelStatus.WITHHELD, "R17", NOON)
    assert parcels.add(operator, [sent, withheld]) == 2
    assert parcels.add(operator, [ParcelRecord("c3", None, who, home, sent.purpose, day, 6, None, sent.status, None, NOON)]) == 0
    assert parcels.add(operator, []) == 0
    assert parcels.delivered(operator, who, home, Purpose.PERIODIC_READING, day, 6)
    assert not parcels.delivered(operator, who, home, Purpose.MOVE, moment, 240)
    assert parcels.to_receiver(operator, who, since=NOON) == [sent, withheld]
    assert parcels.to_receiver(operator, who, since=NOON + timedelta(seconds=1)) == []
    assert parcels.about_connection(portal(me), home, since=NOON) == [sent, withheld]
    assert parcels.about_connection(portal(world.subject()), home, since=NOON) == []


def test_a_basis_is_spelled_out_once(operator: C) -> None:
    basis.ensure(operator, {6: ["R01", "R02"], 8: ["R03"]})
    basis.ensure(operator, {6: ["another"]})
    assert basis.known(operator) == {6: ("R01", "R02"), 8: ("R03",)}


def test_people_are_found_by_code_and_places_by_ean(operator: C, world: World) -> None:
    me = world.subject("C-77")
    home, gas = world.connection(), world.connection("gas")
    early = world.occupancy(home, me, between("2024-01-01", "2025-01-01"))
    late, other = world.occupancy(home, me, between("2026-01-01")), world.occupancy(gas, me)
    found = people.by_code(operator, "C-77")
    assert found is not None
    assert (found.key, found.code) == (me, "C-77")
    assert people.by_code(operator, "C-78") is None
    assert [(one.id, one.product) for one in people.occupancies(operator, me)] == [
        (early, Product.ELECTRICITY),
        (late, Product.ELECTRICITY),
        (other, Product.GAS),
    ]
    digits = operator.execute("select ean from kw.connection where key = %s", (home,)).fetchone()
    assert digits is not None
    assert people.connection(operator, Ean(digits[0])) == home
    assert people.connection(operator, Ean(ean(10**9))) is None


def test_parties_and_their_agreements(operator: C, world: World) -> None:
    supplier, app = world.party(), world.party("third_party")
    bound = world.agreement(app, between("2025-01-01", "2026-01-01"))
    assert [(one.key, one.role) for one in parties.every(operator)] == [(supplier, Role.SUPPLIER), (app, Role.THIRD_PARTY)]
    code = parties.every(operator)[1].code
    found = parties.by_code(operator, code)
    assert found is not None
    assert found.key == app
    assert parties.by_code(operator, "nobody") is None
    (one,) = parties.agreements(operator, [supplier, app])
    assert (one.id, one.party, one.role, one.period) == (bound, app, Role.THIRD_PARTY, between("2025-01-01", "2026-01-01"))
