"""The life of a permission: every step of the table, no step beside it, and scopes a customer can give."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import permission
from kwartier.grounds.errors import BadScope, NoTransition
from kwartier.grounds.permission import CAUSES, FINAL, TRANSITIONS, Event, Scope, State
from kwartier.model.ground import Permission
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Product

START = midnight(date(2026, 2, 1))
GIVEN = Permission(1, 100, 60, INTERVAL_MASK & ~GAS_MASK, "advice", Period(START), Period(START, START + timedelta(days=365)))


@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *State], Event)))
def test_only_the_steps_of_the_table_exist(state: State | None, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert permission.next_state(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(NoTransition):
            permission.next_state(state, event)


def test_the_table_knows_every_state_and_event() -> None:
    steps = list(permission.steps())
    assert set(TRANSITIONS) == {None, *State}
    assert {event for _, event, _ in steps} == set(Event) == set(CAUSES)
    assert {after for _, _, after in steps} == set(State)
    assert set(FINAL) == {State.NOT_GRANTED, State.ENDED}


@given(st.lists(st.sampled_from(Event), max_size=6))
def test_a_permission_ends_once_and_for_all(events: list[Event]) -> None:
    try:
        state = reduce(permission.next_state, events, None)
    except NoTransition:
        return
    assert (state is None) == (not events)
    if state in FINAL:
        for event in Event:
            with pytest.raises(NoTransition):
                permission.next_state(state, event)


def test_stored_events_are_those_of_the_registry() -> None:
    stored = {event.value for state in (State.GRANTED,) for event in TRANSITIONS[state]} | {Event.GRANTED.value}
    assert stored == {"granted", "fulfilled", "revoked", "terminated", "expired", "invalidated"}


def test_an_end_cuts_the_life_and_never_lengthens_it() -> None:
    assert permission.ended(GIVEN, START + timedelta(days=3)).live == Period(START, START + timedelta(days=3))
    assert permission.ended(GIVEN, START - timedelta(days=3)).live == Period(START, START)
    assert permission.ended(GIVEN, START + timedelta(days=999)).live == GIVEN.live
    for_ever = replace(GIVEN, live=Period(START))
    assert permission.ended(for_ever, START + timedelta(days=3)).live == Period(START, START + timedelta(days=3))


def test_a_scope_a_customer_can_give() -> None:
    permission.check(GIVEN)
    permission.check(replace(GIVEN, party=None))
    permission.check(replace(GIVEN, mask=GAS_MASK, data=Period(START, START + timedelta(days=1))))


@pytest.mark.parametrize(
    "scope",
    [
        replace(GIVEN, mask=0),
        replace(GIVEN, mask=1),
        replace(GIVEN, mask=1 << 9),
        replace(GIVEN, mask=DAY_MASK),
        replace(GIVEN, purpose=" "),
        replace(GIVEN, live=Period(START)),
        replace(GIVEN, live=Period(START, START)),
        replace(GIVEN, live=Period(START, START + timedelta(days=5 * 366 + 1))),
        replace(GIVEN, data=Period(START, START)),
    ],
)
def test_a_scope_nobody_can_give(scope: Permission) -> None:
    with pytest.raises(BadScope):
        permission.check(scope)


# Narrower, never wider


SCOPES = st.builds(
    Scope,
    st.sampled_from([2, 4, 6, 1 << 4, 6 | 1 << 4]),
    st.sampled_from(["a", "b"]),
    st.builds(
        lambda first, days: Period(START + timedelta(days=first), START + timedelta(days=first + days)), *[st.integers(1, 4)] * 2
    ),
    st.integers(1, 4).map(lambda days: START + timedelta(days=days)),
)


@given(SCOPES, SCOPES, SCOPES)
def test_narrower_is_an_order(one: Scope, other: Scope, third: Scope) -> None:
    assert one.within(one)
    if one.within(other) and other.within(one):
        assert one == other
    if one.within(other) and other.within(third):
        assert one.within(third)


@given(SCOPES, st.integers(0, 9))
def test_what_goes_on_is_the_same_but_for_an_end_that_was_that_of_the_permission(one: Scope, days: int) -> None:
    until = one.until + timedelta(days=days)
    after, end = one.going_on(until), one.data.end
    assert end is not None
    if end < one.until:
        assert after is None
        return
    assert after == replace(one, until=until, data=Period(one.data.start, until if end == one.until else end))
    if after.data != one.data:
        shorter = one.going_on(one.until)
        assert shorter == one
        assert one.within(after)


def test_what_is_about_an_open_time_goes_on_as_it_is() -> None:
    one = Scope(2, "a", Period(START), START + timedelta(days=1))
    assert one.going_on(START + timedelta(days=9)) == replace(one, until=START + timedelta(days=9))


@given(SCOPES, SCOPES)
def test_what_is_narrower_covers_nothing_that_the_wider_does_not(one: Scope, other: Scope) -> None:
    if one.within(other):
        assert not one.mask & ~other.mask
        assert other.data.covers(one.data)
        assert one.until <= other.until
        assert (one.purpose, one.schedule) == (other.purpose, other.schedule)
    else:
        assert (
            one.mask & ~other.mask
            or not other.data.covers(one.data)
            or one.until > other.until
            or (one.purpose, one.schedule) != (other.purpose, other.schedule)
        )


@pytest.mark.parametrize(
    ("changes", "product", "wrong"),
    [
        ({}, Product.ELECTRICITY, False),
        ({}, Product.GAS, True),
        ({"mask": 0}, Product.ELECTRICITY, True),
        ({"schedule": "hourly"}, Product.ELECTRICITY, True),
        ({"until": START}, Product.ELECTRICITY, True),
        ({"until": START + permission.MAX_LIFETIME + timedelta(seconds=1)}, Product.ELECTRICITY, True),
        ({"purpose": ""}, Product.ELECTRICITY, True),
    ],
)
def test_a_scope_that_nobody_can_give_is_flawed(changes: dict[str, Any], product: Product, wrong: bool) -> None:  # noqa: FBT001 - a case
    scope = Scope(6, "a", Period(START), START + timedelta(days=9))
    assert permission.flawed(replace(scope, **changes), START, product) is wrong
