"""The life of a permission: every step of the table, no step beside it, and scopes a customer can give."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import permission
from kwartier.grounds.errors import BadScope, NoTransition
from kwartier.grounds.permission import CAUSES, FINAL, TRANSITIONS, Event, State
from kwartier.model.ground import Permission
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

START = midnight(date(2026, 2, 1))
GIVEN = Permission(1, 100, 60, INTERVAL_MASK & ~GAS_MASK, "advice", Period(START), Period(START, START + timedelta(days=365)))


@pytest.mark.parametrize(("state", "event"), list(product([None, *State], Event)))
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
        state = permission.state_after(events)
    except NoTransition:
        return
    assert (state is None) == (not events)
    if state in FINAL:
        for event in Event:
            with pytest.raises(NoTransition):
                permission.state_after([*events, event])


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
