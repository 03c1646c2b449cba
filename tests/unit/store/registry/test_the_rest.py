"""Loss, parcels, bases, people and parties."""

from datetime import timedelta
from typing import Any

import psycopg

from kwartier.model.ean import Ean
from kwartier.model.ground import Role
from kwartier.model.register import Product
from kwartier.store.registry import basis, loss, nights, parties, people
from registry_support import DAY, NOON, World, between, ean

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
