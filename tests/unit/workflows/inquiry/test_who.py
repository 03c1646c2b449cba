"""Who may know what of a person: permissions as they stand, grounds without one, and what bars them; only about the own time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from kwartier.model.period import Period
from kwartier.model.register import DAY_MASK, INTERVAL_MASK
from kwartier.store.registry import permissions
from kwartier.workflows import inquiry, installation, permission
from kwartier.workflows.installation import Installation
from registry_support import NOON, World, between, on

pytestmark = pytest.mark.database


@pytest.fixture
def house(installation_dir: Path) -> Iterator[Installation]:
    with installation.opened(installation_dir, make=True) as opened:
        yield opened


@dataclass(frozen=True)
class Street:
    """One connection: somebody lived there before, somebody lives there now; a supplier and an app with agreements."""

    home: int
    before: int
    now: int
    supplier: int
    app: int


@pytest.fixture
def street(house: Installation) -> Street:
    with house.operator() as c:
        world = World(c)
        home, before, now = world.connection(), world.subject(), world.subject()
        world.occupancy(home, before, between("2020-01-01", "2026-02-01"))
        world.occupancy(home, now, between("2026-02-01"))
        supplier, app = world.party(), world.party("third_party")
        world.agreement(supplier)
        world.agreement(app)
        world.supply(home, supplier, between("2025-01-01"))
        return Street(home, before, now, supplier, app)


def test_what_others_may_know_is_cut_to_the_own_time(house: Installation, street: Street) -> None:
    def spans(who: int) -> set[Period]:
        return {row.explanation.period for row in inquiry.who_may(house, who, at=NOON).rows}

    assert spans(street.before) == {between("2020-01-01", "2026-02-01"), between("2025-01-01", "2026-02-01")}
    assert spans(street.now) == {between("2026-02-01")}


def test_a_permission_is_told_as_it_stands(house: Installation, street: Street) -> None:
    with house.operator() as c:
        world = World(c)
        lasting = world.permission(street.home, street.now, street.app, between("2026-02-02", "2027-01-01"), mask=INTERVAL_MASK)
        world.permission(street.home, street.now, street.app, between("2026-02-02", "2026-03-01"), purpose="old", mask=DAY_MASK)
        gone = world.permission(street.home, street.now, None, between("2026-02-02"), purpose="own")
    permission.revoke(house, street.now, gone, at=NOON - timedelta(hours=1))
    told = {one.purpose: one for one in inquiry.who_may(house, street.now, at=NOON).permissions}
    assert (told["inzicht"].id, told["inzicht"].ended, told["inzicht"].idle, told["inzicht"].party) == (
        lasting,
        None,
        None,
        "A party",
    )
    assert (told["old"].ended, told["old"].ended_at) == ("expired", on("2026-03-01"))
    assert (told["own"].ended, told["own"].ended_at, told["own"].party) == ("revoked", NOON - timedelta(hours=1), None)
    assert inquiry.who_may(house, street.before, at=NOON).permissions == []


def test_a_permission_without_effect_names_the_rule(house: Installation, street: Street) -> None:
    with house.operator() as c:
        world = World(c)
        unbound = world.party("third_party")
        world.permission(street.home, street.now, unbound, between("2026-02-02"))
    (told,) = inquiry.who_may(house, street.now, at=NOON).permissions
    assert told.idle is not None
    assert told.idle.id == "F3"
    with house.operator() as c:
        World(c).restriction(street.home, between("2026-03-01"))
    found = inquiry.who_may(house, street.now, at=NOON)
    assert [one.idle.id for one in found.permissions if one.idle] == ["F2"]
    assert [one.bar.rule for one in found.barred] == ["F2"]
    assert inquiry.who_may(house, street.before, at=NOON).barred == []


def test_what_bars_a_home_is_told_since_the_own_time_began_and_not_since_another_chose_it(
    house: Installation, street: Street
) -> None:
    with house.operator() as c:
        World(c).restriction(street.home, between("2025-06-01", "2026-04-01"))
    (told,) = inquiry.who_may(house, street.now, at=NOON).barred
    assert told.bar.period == between("2026-02-01", "2026-04-01")


def test_a_permission_that_fell_away_says_so_before_that_is_written_down(house: Installation, street: Street) -> None:
    with house.operator() as c:
        world = World(c)
        app = world.party("third_party")
        for period in (between("2020-01-01", "2026-02-10"), between("2026-02-12")):
            world.agreement(app, period)
        world.permission(street.home, street.now, app, between("2026-02-02"))
    (told,) = inquiry.who_may(house, street.now, at=NOON).permissions
    assert told.idle is not None
    assert (told.ended, told.idle.id) == (None, "F7")


def test_a_revocation_is_in_the_log_with_the_name_of_the_party(house: Installation, street: Street) -> None:
    with house.operator() as c:
        given = World(c).permission(street.home, street.now, street.app, between("2026-02-02"))
    permission.revoke(house, street.now, given, at=NOON)
    (line,) = inquiry.access_log(house, street.now, most=100)
    assert (line.kind, line.who, line.recorded) == ("permission:revoked", ("A party",), False)
    with house.portal(street.now) as c:
        assert permissions.own(c, street.now, given, NOON) is None


@pytest.mark.parametrize(
    ("result", "reason", "why"),
    [
        ("read", None, "not-asked"),
        ("gap", "timeout", "timeout"),
        ("gap", "quarantined", "quarantined"),
        ("stopped", None, "stopped"),
    ],
)
def test_a_day_without_values_says_why(house: Installation, street: Street, result: str, reason: str | None, why: str) -> None:
    """What was read and is not held was read for a sum alone: for the customer it was not asked for."""
    day = date(2026, 3, 9)
    assert inquiry.usage(house, street.now, street.home, day, at=NOON).why_empty == "not-yet"
    with house.operator() as c:
        meter = World(c).meter(street.home)
        c.execute(
            "with night as (insert into kw.night (day, started, ended) values (%(day)s, %(at)s, %(at)s) returning id),"
            " batch as (insert into kw.batch (night, state) select id, 'committed' from night returning id)"
            " insert into kw.outcome (batch, meter, connection, profile, mbus, first_s, last_s, result, reason, permits, at)"
            " select id, %(meter)s, %(home)s, 'e_interval', 0, %(first)s, %(last)s, %(result)s, %(reason)s, '', %(at)s from batch",
            {
                "day": day,
                "at": NOON,
                "meter": meter,
                "home": street.home,
                "result": result,
                "reason": reason,
                "first": int(on("2026-03-09").timestamp()),
                "last": int(on("2026-03-10").timestamp()),
            },
        )
    assert inquiry.usage(house, street.now, street.home, day, at=NOON).why_empty == why
    for beside in (day - timedelta(days=1), day + timedelta(days=1)):  # a boundary row is nobody's day
        assert inquiry.usage(house, street.now, street.home, beside, at=NOON).why_empty == "not-yet"
    assert inquiry.last_day_read(house, date(2026, 3, 31)) == day
    assert inquiry.last_day_read(house, date(2026, 3, 8)) is None
