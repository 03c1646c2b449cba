"""Everything that could be asked of a day: what is due, and the looks, visits and switches that are not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grounds_support import FIRST, World
from kwartier.grounds import conduct
from kwartier.grounds.decide import decide
from kwartier.grounds.proposal import proposed
from kwartier.model.ground import Action, DataClass, Purpose, Restriction, RestrictionKind, Role, UseCase
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import GAS_MASK, Product
from kwartier.planning import due
from kwartier.planning.asked import asked

LONG = Period(midnight(date(2020, 1, 1)))


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1), st.sampled_from(Product))
def test_all_that_is_due_is_asked_and_each_question_once(seed: int, product: Product) -> None:
    world = World(seed)
    facts, day = world.facts(), FIRST + timedelta(days=world.draw.randrange(11))
    at = midnight(day + timedelta(days=1)) + timedelta(hours=2)
    found = asked(facts, product, day, conduct.edition_at(at), at=at)
    assert len(set(found)) == len(found)
    assert set(found) >= {*due.due(facts, product, day, at=at), *due.deliveries(facts, product, day, at=at)}
    for request in found:
        assert request.connection == facts.connection
        assert not request.mask & GAS_MASK or not request.mask & ~GAS_MASK
        assert request.period.end is not None


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1))
def test_who_lived_there_that_day_is_shown_it_by_right(seed: int) -> None:
    world = World(seed)
    facts, day = replace(world.facts(), restrictions=()), FIRST + timedelta(days=world.draw.randrange(11))
    at = midnight(day + timedelta(days=1)) + timedelta(hours=2)
    looks = [one for one in asked(facts, Product.ELECTRICITY, day, conduct.edition_at(at), at=at) if one.action is Action.VIEW]
    assert {one.requester.id for one in looks} == {
        one.subject for one in facts.occupancies if one.period.touches(Period(midnight(day), midnight(day + timedelta(days=1))))
    }
    assert all(isinstance(decide(one, facts, at=at), Permit) for one in looks)


@pytest.mark.parametrize(
    ("purpose", "data_class", "action"),
    [
        (Purpose.DEVICE_CARE, DataClass.EVENT_LOG, Action.READ),
        (Purpose.FIRMWARE_UPDATE, DataClass.FIRMWARE, Action.WRITE),
        (Purpose.OUTAGE, DataClass.POWER_QUALITY, Action.READ),
    ],
)
def test_visits_are_asked_while_their_use_case_is_approved(purpose: Purpose, data_class: DataClass, action: Action) -> None:
    day = date(2026, 1, 3)
    at = midnight(day + timedelta(days=1))
    case = UseCase(41, purpose, data_class, 0, "north", LONG, LONG, 9, 5)
    facts = replace(World(1).facts(), use_cases=(case,), restrictions=())
    edition = conduct.edition_at(at)
    (found,) = [one for one in asked(facts, Product.GAS, day, edition, at=at) if one.requester.role is Role.OPERATOR]
    assert (found.purpose, found.data_class, found.action, found.mask) == (purpose, data_class, action, 0)
    assert isinstance(decide(found, facts, at=at), Permit)
    ended = replace(facts, use_cases=(replace(case, approved=Period(LONG.start, LONG.start)),))
    assert not [one for one in asked(ended, Product.GAS, day, edition, at=at) if one.requester.role is Role.OPERATOR]


def test_a_switch_is_asked_of_the_electricity_meter_where_the_customer_ever_chose() -> None:
    day = date(2026, 1, 3)
    at = midnight(day + timedelta(days=1))
    facts = replace(World(1).facts(), use_cases=(), restrictions=(Restriction(9, RestrictionKind.ADMINISTRATIVELY_OFF, LONG),))
    edition = conduct.edition_at(at)

    def switches(product: Product) -> list[bool]:
        found = asked(facts, product, day, edition, at=at)
        return [isinstance(decide(one, facts, at=at), Permit) for one in found if one.action is Action.WRITE]

    assert switches(Product.ELECTRICITY) == [True]
    assert switches(Product.GAS) == []


def test_what_is_due_follows_the_edition_that_is_asked_about() -> None:
    day = date(2026, 1, 2)
    at = midnight(day + timedelta(days=1)) + timedelta(hours=2)
    world = next(
        facts for facts in (World(seed).facts() for seed in range(99)) if any(s.period.contains(at) for s in facts.supplies)
    )
    monthly = proposed({"id": "x", "rule": {"S1": {"schedule": {"days": [1]}}}}, conduct.edition_at(at))

    def periodic(edition: conduct.Edition) -> int:
        return sum(one.purpose is Purpose.PERIODIC_READING for one in asked(world, Product.ELECTRICITY, day, edition, at=at))

    assert periodic(conduct.edition_at(at)) >= 2, "read and delivered"
    assert periodic(monthly) == 0
