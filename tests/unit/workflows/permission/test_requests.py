"""A party asks, the customer answers once: never wider than asked, nothing without a yes, and each request has one final answer."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce

import psycopg
import pytest

from kwartier.grounds import permission as life
from kwartier.grounds.permission import State
from kwartier.model.ean import Ean
from kwartier.model.ground import Refusal
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, Kind, Product
from kwartier.store.registry import parties
from kwartier.store.registry.errors import AlreadyAnswered
from kwartier.store.registry.requests import RequestRow
from kwartier.workflows import permission
from kwartier.workflows.permission import asked as shown
from kwartier.workflows.permission import requests
from kwartier.workflows.rights import rectify
from permission_support import DAY, E_INTERVAL, UNTIL, Home, wish
from registry_support import ALWAYS, NOON, between, ean, on


def asked(home: Home, **changes: object) -> RequestRow:
    return requests.ask(home.house, home.code(), home.ean(), wish(**changes), at=NOON)


def test_a_yes_makes_the_permission_and_until_then_there_is_none(home: Home) -> None:
    one = asked(home)
    assert (one.event, one.subject, one.answer_by) == ("presented", home.person, NOON + requests.ANSWER_WITHIN)
    assert isinstance(home.may(NOON + DAY), Refusal)
    requests.grant(home.house, home.person, one.id, at=NOON + DAY)
    assert isinstance(home.may(NOON + DAY), Permit)
    assert isinstance(home.may(UNTIL), Refusal)
    kinds = [kind for kind, _ in home.told()]
    assert kinds == ["permission:requested", "permission:presented", "permission:granted"]


def test_what_was_asked_of_who_never_lived_there_is_not_theirs_to_answer(home: Home) -> None:
    """The stay was put right; until the next upkeep finds the request invalid, their page stands without it."""
    one = asked(home)
    row = home.world.c.execute("select id from kw.occupancy").fetchone()
    assert row is not None
    rectify.correct_stay(home.house, row[0], None, rectify.Answer("A. Officer", "it was another home"), at=NOON + DAY)
    assert shown.waiting(home.house, home.person, at=NOON + DAY) == []
    with pytest.raises(permission.NoLongerHolds):
        requests.grant(home.house, home.person, one.id, at=NOON + DAY)


def test_a_no_is_final(home: Home) -> None:
    one = asked(home)
    requests.reject(home.house, home.person, one.id, at=NOON + DAY)
    for again in (requests.grant, requests.reject):
        with pytest.raises(AlreadyAnswered):
            again(home.house, home.person, one.id, at=NOON + DAY)
    assert isinstance(home.may(NOON + DAY), Refusal)
    assert home.told()[-1] == ("permission:rejected", NOON + DAY)


def test_a_customer_can_give_less_than_was_asked_and_never_more(home: Home) -> None:
    one = asked(home, data=between("2026-01-01", "2026-12-01"))
    scope = one.scope
    for wider in (
        replace(scope, mask=scope.mask | 1 << 3),
        replace(scope, data=ALWAYS),
        replace(scope, until=UNTIL + DAY),
        replace(scope, purpose="iets anders"),
    ):
        with pytest.raises(permission.WiderThanAsked):
            requests.grant(home.house, home.person, one.id, at=NOON, given=wider)
    less = replace(scope, mask=E_INTERVAL & 2, data=between("2026-03-01", "2026-03-11"), until=on("2026-04-01"))
    number = requests.grant(home.house, home.person, one.id, at=NOON, given=less)
    row = home.world.c.execute("select mask, upper(data), upper(live) from kw.permission where id = %s", (number,)).fetchone()
    assert row == (2, on("2026-03-11"), on("2026-04-01"))


def test_a_database_client_cannot_give_more_than_was_asked_either(home: Home) -> None:
    one = asked(home, kinds=(Kind.DAY,))
    values = (home.connection, home.person, home.app, E_INTERVAL, one.id, NOON, UNTIL)
    with home.house.portal(home.person) as c, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        c.execute(
            "insert into kw.permission (connection, subject, party, mask, purpose, data, live, request)"
            " values (%s, %s, %s, %s, 'inzicht', '[2026-01-01,)', '[2026-03-10 12:00Z, 2027-01-01)', %s)",
            values[:5],
        )


def test_a_request_without_its_permission_is_not_granted(home: Home) -> None:
    one = asked(home)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), home.house.portal(home.person) as c:
        c.execute("insert into kw.request_event (request, at, event) values (%s, %s, 'granted')", (one.id, NOON))


def test_nobody_answers_for_another(home: Home) -> None:
    one, neighbour = asked(home), home.world.subject()
    home.world.occupancy(home.world.connection(), neighbour)
    for answer in (requests.grant, requests.reject):
        with pytest.raises(permission.NoSuchRequest):
            answer(home.house, neighbour, one.id, at=NOON)
    with home.house.portal(neighbour) as c:
        assert c.execute("select count(*) from kw.permission_request").fetchone() == (0,)
        assert c.execute("select count(*) from kw.request_event").fetchone() == (0,)


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"product": Product.GAS}, "scope"),
        ({"purpose": " "}, "scope"),
        ({"kinds": ()}, "scope"),
        ({"until": NOON}, "scope"),
        ({"until": NOON + timedelta(days=6 * 366)}, "scope"),
        ({"data": Period(NOON, NOON)}, "scope"),
        ({"schedule": "hourly"}, "scope"),
    ],
)
def test_a_scope_that_nobody_can_give_is_found_invalid(home: Home, changes: dict[str, object], flaw: str) -> None:
    one = asked(home, **changes)
    assert (one.event, one.because) == ("found_invalid", flaw)
    assert [kind for kind, _ in home.told()] == ["permission:requested", "permission:found_invalid"]


def test_who_asks_about_whom_is_looked_at(home: Home) -> None:
    def flaw(party: str, point: Ean) -> str | None:
        one = requests.ask(home.house, party, point, wish(), at=NOON)
        assert one.event == "found_invalid"
        return one.because

    world, here = home.world, home.ean()
    empty, refused = world.connection(), world.connection()
    world.occupancy(empty, home.person, between("2020-01-01", "2026-01-01"))
    world.occupancy(refused, home.person)
    world.restriction(refused, kind="refused")
    supplier, unbound = world.party(), world.party("third_party")
    world.agreement(supplier)
    world.agreement(unbound, between("2020-01-01", "2026-01-01"))
    of = {row[0]: Ean(row[1]) for row in world.c.execute("select key, ean from kw.connection").fetchall()}
    assert flaw("nobody", here) == "unknown_party"
    assert flaw(home.code(supplier), here) == "not_a_third_party"
    assert flaw(home.code(unbound), here) == "no_agreement"
    suspended = world.party("third_party")
    world.agreement(suspended)
    with home.house.operator() as c:
        parties.suspend(c, suspended, NOON - DAY, "breach")
    assert flaw(home.code(suspended), here) == "party_suspended"
    assert flaw(home.code(), Ean(ean(9999))) == "unknown_point"
    assert flaw(home.code(), of[empty]) == "nobody_lives_there"
    assert flaw(home.code(), of[refused]) == "refused"
    world.permission(home.connection, home.person, home.app)
    assert flaw(home.code(), here) == "already_permitted"


def test_what_nobody_answers_times_out_once_and_when_its_time_was_over(home: Home) -> None:
    one = asked(home)
    assert requests.time_out(home.house, at=one.answer_by - timedelta(seconds=1)) == 0
    late = one.answer_by + DAY
    with pytest.raises(AlreadyAnswered):
        requests.grant(home.house, home.person, one.id, at=late)
    assert [requests.time_out(home.house, at=late) for _ in range(2)] == [1, 0]
    assert home.told()[-1] == ("permission:timed_out", one.answer_by)
    assert reduce(life.next_state, home.events()[one.id], None) is State.NOT_GRANTED


@pytest.mark.parametrize("moved_days", [-5, 3])
@pytest.mark.parametrize("swept", ["keep_up", "wither first"])
def test_what_ran_out_before_anybody_looked_ran_out_whenever_the_customer_moved(home: Home, moved_days: int, swept: str) -> None:
    one = asked(home)
    moved, late = one.answer_by + moved_days * DAY, one.answer_by + 6 * DAY
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (moved,))
    if swept == "keep_up":
        permission.keep_up(home.house, at=late)
    else:
        assert (requests.wither(home.house, at=late), requests.time_out(home.house, at=late)) == (0, 1)
    assert home.told()[-1] == ("permission:timed_out", one.answer_by)


def test_what_fell_away_before_its_time_was_over_and_was_seen_then_does_not_run_out(home: Home) -> None:
    one = asked(home)
    seen = one.answer_by - DAY
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (seen - DAY,))
    for at in (seen, one.answer_by + DAY):
        permission.keep_up(home.house, at=at)
    assert home.told()[-1] == ("permission:found_invalid", seen)


def test_a_request_whose_ground_fell_away_is_closed_and_cannot_be_granted(home: Home) -> None:
    one = asked(home)
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (NOON + DAY,))
    with pytest.raises(permission.NoLongerHolds) as found:
        requests.grant(home.house, home.person, one.id, at=NOON + 2 * DAY)
    assert found.value.flaw == "nobody_lives_there"
    assert [requests.wither(home.house, at=NOON + 2 * DAY) for _ in range(2)] == [1, 0]
    assert home.told()[-1] == ("permission:found_invalid", NOON + 2 * DAY)


def test_the_same_reference_again_is_the_same_request(home: Home) -> None:
    first = requests.ask(home.house, home.code(), home.ean(), wish(), at=NOON, reference="r1")
    again = requests.ask(home.house, home.code(), home.ean(), wish(kinds=(Kind.DAY,)), at=NOON + DAY, reference="r1")
    assert again == first
    assert first.scope.mask & DAY_MASK


def test_where_another_body_grants_nothing_is_asked_or_granted_here(home: Home) -> None:
    one = asked(home)
    chosen = replace(home.house.settings, permission_administrator="elsewhere", permission_administrator_at="https://pa.invalid")
    there = replace(home.house, settings=chosen)
    with pytest.raises(permission.GrantedElsewhere, match=r"pa\.invalid"):
        requests.ask(there, home.code(), home.ean(), wish(), at=NOON)
    with pytest.raises(permission.GrantedElsewhere):
        requests.grant(there, home.person, one.id, at=NOON)
