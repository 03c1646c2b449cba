"""Who waits for a register that was told late, and what it is promised: once, and whatever became of it for another."""

import re
from datetime import datetime, timedelta

import psycopg
import pytest

from kwartier.grounds.conduct import PASSING
from kwartier.model.ground import Action, Purpose
from kwartier.model.parcel import ParcelStatus
from kwartier.model.period import Period, epoch_s
from kwartier.store.registry import deliveries, late, nights
from kwartier.store.registry.deliveries import Due, ParcelRow, Promise
from registry_support import NOON, World, between, on

C = psycopg.Connection[tuple[object, ...]]
SWITCH = on("2026-03-01")


@pytest.fixture
def switched(world: World) -> tuple[int, int, int]:
    """A home that switched on the first of March, which was told later; with the old and the new supplier."""
    home, old, new = world.connection(), world.party(), world.party()
    world.supply(home, old, between("2020-01-01", "2026-03-01"))
    world.supply(home, new, between("2026-03-01"))
    world.c.execute("insert into kw.late_change (connection, moment, told) values (%s, %s, %s)", (home, SWITCH, NOON))
    return home, old, new


def promised(c: C, one: late.Waiting, permit: bytes) -> int | None:
    batch = nights.plan_batch(c, None)
    nights.mark_empty(c, batch, NOON)
    return late.promise(c, batch, one, permit)


def ended(c: C, due: int, one: late.Waiting, status: ParcelStatus, at: datetime = NOON) -> None:
    asked = one.request(Action.DELIVER)
    row = Due(due, asked.requester, one.connection, one.purpose, one.mask, asked.period, b"1" * 16)
    deliveries.add_parcels(c, [ParcelRow(f"parcel {due}", row, None, None, status, None, at)], None)


@pytest.mark.parametrize("status", list(ParcelStatus))
def test_each_supplier_waits_until_it_is_promised_whatever_became_of_it_for_another(
    operator: C, switched: tuple[int, int, int], status: ParcelStatus
) -> None:
    """As where the old supplier is suspended: the new one has a ground of its own."""
    first, second = late.waiting(operator)
    assert (first.supplier, second.supplier) == switched[1:]
    number = promised(operator, first, b"1" * 16)
    assert number is not None
    assert late.waiting(operator) == [second]
    ended(operator, number, first, status)
    assert late.waiting(operator) == [second]


@pytest.mark.usefixtures("switched")
def test_what_a_night_promised_meanwhile_is_not_promised_again(operator: C) -> None:
    """A night promises under the permit to read, a round under that to hand over: two ids of one question."""
    first, _ = late.waiting(operator)
    batch = nights.plan_batch(operator, nights.begin(operator, SWITCH.date(), NOON + timedelta(days=1)))
    nights.stage(operator, batch, [], NOON)
    at = epoch_s(SWITCH)
    deliveries.promise(operator, batch, [Promise(first.request(Action.DELIVER), at, at, b"2" * 16)])
    nights.mark_committed(operator, batch, NOON)
    assert promised(operator, first, b"1" * 16) is None
    assert len(deliveries.pending(operator, 10)) == 1


def test_a_regular_register_is_the_supplys_alone_and_goes_with_its_moment(operator: C, world: World) -> None:
    """The midnight at which one supply ended and the next began is on the schedule: who was there before got it then."""
    home, old, new = world.connection(), world.party(), world.party()
    world.supply(home, old, between("2020-01-01", "2026-03-01"))
    supply = world.supply(home, new, between("2026-03-01"))
    missed = [late.Regular(home, on(day), supply, Purpose.PERIODIC_READING) for day in ("2026-03-01", "2026-03-02")]
    for _ in range(2):
        late.tell_regular(operator, missed, NOON)
    found = [(one.moment, one.supplier, one.purpose) for one in late.waiting(operator)]
    assert found == [
        (on("2026-03-01"), old, Purpose.SWITCH),
        (on("2026-03-01"), new, Purpose.PERIODIC_READING),
        (on("2026-03-01"), new, Purpose.SWITCH),
        (on("2026-03-02"), new, Purpose.PERIODIC_READING),
    ]
    for number, one in enumerate(late.waiting(operator), 1):
        assert promised(operator, one, bytes([number]) * 16) is not None
    assert late.waiting(operator) == []
    assert late.clear(operator) == 2
    assert operator.execute("select count(*) from kw.late_regular").fetchone() == (0,)


@pytest.mark.parametrize(
    ("ended", "found"), [(None, ["2026-02-20"]), ("2026-01-01", ["2026-01-05", "2026-02-20"])], ids=["the first", "a gap"]
)
def test_what_nights_refused_before_an_agreement_waits_when_it_begins(
    operator: C, world: World, ended: str | None, found: list[str]
) -> None:
    """Since the one before it ended; before a first one as far as meters keep it."""
    home, party = world.connection(), world.party()
    world.supply(home, party)
    if ended is not None:
        world.agreement(party, between("2020-01-01", ended))
    coming = world.agreement(party, between("2026-03-01"))
    operator.execute("insert into kw.agreement_to_come (agreement) values (%s)", (coming,))
    for day in ("2025-12-20", "2026-01-05", "2026-02-20"):
        world.occupancy(home, world.subject(), Period(on(day), on(day) + timedelta(days=1)))
        nights.begin(operator, on(day).date(), NOON)
    assert late.of_begun_again(operator, on("2026-03-01") - timedelta(seconds=1)) == 0
    assert late.waiting(operator) == []
    assert late.of_begun_again(operator, on("2026-03-01")) == 1
    assert [one.moment for one in late.waiting(operator) if one.moment in {on(day) for day in found}] == [on(day) for day in found]
    assert not [one for one in late.waiting(operator) if one.moment < on(found[0])]
    assert late.of_begun_again(operator, NOON) == 0, "once"


def test_what_was_withheld_for_a_while_is_found_by_an_index_over_the_rules_that_pass(operator: C) -> None:
    (index,) = operator.execute("select pg_get_indexdef('kw.parcel_for_a_while'::regclass)").fetchone() or ("",)
    assert frozenset(re.findall(r"'(F[0-9]+)'", str(index))) == PASSING
