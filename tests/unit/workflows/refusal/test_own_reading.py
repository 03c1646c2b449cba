"""What a customer reads off their own counters and sends in: theirs alone, and only where nobody reads it remotely."""

from datetime import timedelta

import pytest

from kwartier.model.errors import BadInput
from kwartier.model.ground import Role
from kwartier.model.period import Period
from kwartier.model.register import Channel, Product
from kwartier.workflows import inquiry, refusal
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import How, Implausible, NotYourMeter
from registry_support import NOON, World, between

NORMAL = Channel.DAY_IMPORT_NORMAL


@pytest.fixture
def me(facts: World) -> int:
    """Live in a home that refused, with a conventional meter for each product, since the beginning of March."""
    me = facts.subject("ME")
    for product in ("electricity", "gas"):
        place = facts.connection(product)
        facts.occupancy(place, me, between("2026-03-01"))
        facts.restriction(place, kind="refused")
        facts.conventional(place)
    return me


def test_a_person_is_asked_for_what_the_own_counters_show(opened: Installation, me: int) -> None:
    power, gas = refusal.counters(opened, me, at=NOON)
    assert (power.product, gas.product) == (Product.ELECTRICITY, Product.GAS)
    assert (NORMAL in power.registers, gas.registers) == (True, (Channel.DAY_GAS,))
    assert len(power.masked.strip("0123456789")) > 0, "never the EAN"
    assert refusal.send_in(opened, me, power.connection, {NORMAL: 7_000}, at=NOON) == 1
    (one,) = refusal.readings(opened, power.connection, Period(NOON, NOON))
    assert (one.value, one.how) == (7_000, "customer")
    (line,) = inquiry.who_saw(opened, me, NOON.date())
    assert (line.kind, line.who) == ("hand_reading:taken", (Role.CUSTOMER,))


def test_it_is_not_asked_of_what_is_read_remotely_nor_where_nothing_stands(opened: Installation, facts: World, me: int) -> None:
    remotely, nothing = facts.home()[0], facts.connection()
    facts.restriction(nothing, kind="refused")
    for place in (remotely, nothing):
        facts.occupancy(place, me)
    power, gas = refusal.counters(opened, me, at=NOON)
    stranger = facts.subject()
    assert refusal.counters(opened, stranger, at=NOON) == []
    for who, place in ((me, remotely), (me, nothing), (stranger, power.connection), (stranger, gas.connection)):
        with pytest.raises(NotYourMeter):
            refusal.send_in(opened, who, place, {NORMAL: 1}, at=NOON)
    with pytest.raises(NotYourMeter):
        refusal.send_in(opened, me, power.connection, {NORMAL: 1}, at=between("2026-02-01").start)


def test_a_slip_of_the_customer_does_not_bar_the_operator(opened: Installation, me: int) -> None:
    power, _ = refusal.counters(opened, me, at=NOON)
    refusal.take(opened, power.connection, {NORMAL: 5_000}, read_at=NOON - timedelta(days=3), how=How.VISIT, at=NOON)
    refusal.send_in(opened, me, power.connection, {NORMAL: 95_000}, at=NOON)
    later = NOON + timedelta(days=1)
    with pytest.raises(Implausible):
        refusal.send_in(opened, me, power.connection, {NORMAL: 9_500}, at=later)
    with pytest.raises(Implausible):
        refusal.take(opened, power.connection, {NORMAL: 4_999}, read_at=later, how=How.VISIT, at=later)
    assert refusal.take(opened, power.connection, {NORMAL: 9_500}, read_at=later, how=How.VISIT, at=later) == 1
    assert refusal.send_in(opened, me, power.connection, {NORMAL: 9_600}, at=later + timedelta(days=1)) == 1


@pytest.mark.parametrize(("text", "found"), [("12345", 12_345_000), (" 901,5 ", 901_500), ("0.001", 1), ("00012345", 12_345_000)])
def test_a_counter_is_written_as_it_shows(text: str, found: int) -> None:
    assert refusal.shown(text) == found


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,2345", "1.234,5", "123456789", "\uff11", "1,"])
def test_anything_else_is_no_counter(text: str) -> None:
    with pytest.raises(BadInput):
        refusal.shown(text)
