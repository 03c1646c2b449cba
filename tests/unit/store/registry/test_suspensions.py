"""A suspension stops what rests on the party's agreements, ends once, and leaves no trace when it is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kwartier.model.ground import Suspension
from kwartier.model.period import Period
from kwartier.store.registry import parties, stops
from kwartier.store.registry.errors import NotFound
from registry_support import NOON, World, between

C = psycopg.Connection[Any]
HOUR = timedelta(hours=1)
WHY = "assurance_missed"


def test_a_party_is_suspended_from_that_moment_until_it_is_reinstated(operator: C, world: World) -> None:
    party, other = world.party(), world.party()
    number = parties.suspend(operator, party, NOON, WHY)
    assert not parties.suspended(operator, party, NOON - HOUR)
    assert parties.suspended(operator, party, NOON)
    assert not parties.suspended(operator, other, NOON)
    assert parties.reinstate(operator, party, NOON + HOUR) == number
    assert not parties.suspended(operator, party, NOON + HOUR)
    assert parties.suspensions(operator, [party, other]) == [Suspension(number, party, Period(NOON, NOON + HOUR))]
    assert parties.told_of(operator, number) == {
        "suspension": number,
        "party": party,
        "because": WHY,
        "start": int(NOON.timestamp()),
        "end": int((NOON + HOUR).timestamp()),
    }


def test_twice_is_once_and_again_is_another(operator: C, world: World) -> None:
    party = world.party()
    first = parties.suspend(operator, party, NOON, WHY)
    assert parties.suspend(operator, party, NOON + HOUR, "breach") == first
    parties.reinstate(operator, party, NOON + 2 * HOUR)
    assert parties.suspend(operator, party, NOON + 3 * HOUR, WHY) != first
    assert len(parties.suspensions(operator, [party])) == 2


def test_who_is_not_suspended_is_not_reinstated(operator: C, world: World) -> None:
    party = world.party()
    with pytest.raises(NotFound):
        parties.reinstate(operator, party, NOON)
    parties.suspend(operator, party, NOON, WHY)
    with pytest.raises(NotFound):
        parties.reinstate(operator, party, NOON)
    for unknown in (parties.suspend, parties.reinstate):
        with pytest.raises(NotFound):
            unknown(operator, 99, NOON, *([WHY] if unknown is parties.suspend else []))
    with pytest.raises(NotFound):
        parties.told_of(operator, 99)


@pytest.mark.parametrize("prose", ["Ms Jansen forgot", "", "a", "x" * 41])
def test_the_reason_is_a_word_and_never_prose(operator: C, world: World, prose: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), operator.transaction():
        parties.suspend(operator, world.party(), NOON, prose)


def test_only_the_end_changes_and_only_once(operator: C, world: World) -> None:
    number = world.suspension(world.party(), Period(NOON))
    for change in ("because = 'breach'", "party = party + 1", "period = tstzrange(lower(period) + '1 hour', null)"):
        with pytest.raises(psycopg.Error), operator.transaction():
            operator.execute(f"update kw.suspension set {change} where id = %s".encode(), (number,))  # noqa: S608 - a test's own words
    end = "update kw.suspension set period = tstzrange(lower(period), %s) where id = %s"
    operator.execute(end, (NOON + HOUR, number))
    for other in (NOON + 2 * HOUR, None):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="once"), operator.transaction():
            operator.execute(end, (other, number))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), operator.transaction():
        operator.execute("delete from kw.suspension")


def test_two_suspensions_of_a_party_do_not_overlap(operator: C, world: World) -> None:
    party = world.party()
    world.suspension(party, between("2026-01-01", "2026-02-01"))
    world.suspension(party, between("2026-02-01", "2026-03-01"))
    with pytest.raises(psycopg.errors.ExclusionViolation), operator.transaction():
        world.suspension(party, between("2026-02-15"))


def test_it_stops_what_rests_on_the_agreement_of_that_moment_at_once(operator: C, world: World) -> None:
    party, other = world.party(), world.party()
    world.agreement(party, between("2020-01-01", "2021-01-01"))
    bound = world.agreement(party, between("2021-01-01"))
    world.agreement(other)
    loaded = stops.loaded(operator, datetime.now(UTC))
    assert stops.since(operator, loaded) == frozenset()
    parties.suspend(operator, party, datetime.now(UTC), WHY)
    assert stops.since(operator, loaded) == {("agreement", bound)}


def test_who_was_reinstated_before_the_facts_were_loaded_is_not_stopped(operator: C, world: World) -> None:
    party = world.party()
    bound = world.agreement(party)
    unseen = stops.loaded(operator, datetime.now(UTC))
    parties.suspend(operator, party, datetime.now(UTC), WHY)
    parties.reinstate(operator, party, datetime.now(UTC))
    operator.commit()
    assert stops.since(operator, stops.loaded(operator, datetime.now(UTC))) == frozenset(), "the facts show the end"
    assert stops.since(operator, unseen) == {("agreement", bound)}


def test_the_portal_sees_that_a_party_is_suspended_and_changes_nothing(
    operator: C, world: World, portal: Callable[[int], C]
) -> None:
    party, me = world.party(), world.subject()
    parties.suspend(operator, party, NOON, WHY)
    c = portal(me)
    assert parties.suspended(c, party, NOON)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), c.transaction():
        c.execute("insert into kw.suspension (party, period, because) values (%s, '[2026-01-01,)', 'breach')", (party,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), c.transaction():
        c.execute("update kw.suspension set period = '[2026-01-01,2026-01-02)'")
