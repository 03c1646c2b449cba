"""Ends that come by themselves: each once, at the moment it took effect, because of the first thing that happened, and for good."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from threading import Barrier
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import IntegrityConstraintViolation

from kwartier.grounds.lasting import lasts
from kwartier.model.ground import Refusal
from kwartier.model.period import Period, utc
from kwartier.model.permit import Permit
from kwartier.model.register import ALL_MASK, GAS_MASK
from kwartier.store.registry import ends as registry
from kwartier.store.registry import facts, parties
from kwartier.workflows import permission
from kwartier.workflows.permission import ends, reminders
from permission_support import DAY, E_INTERVAL, Home
from registry_support import ALWAYS, NOON, between, on

LIVE = between("2026-01-01", "2026-06-01")
E_ALL = ALL_MASK & ~GAS_MASK
LATER = on("2026-12-01")


@pytest.fixture
def given(home: Home) -> int:
    return home.world.permission(home.connection, home.person, home.app, LIVE, mask=E_ALL)


def cut(home: Home, table: str, end: datetime) -> None:
    """Let facts end."""
    home.world.c.execute(f"update kw.{table} set period = tstzrange(lower(period), %s)".encode(), (end,))  # noqa: S608 - a test's own


def swept(home: Home) -> list[tuple[str, datetime, str | None]]:
    """Sweep twice; the second time finds nothing."""
    first = ends.sweep(home.house, at=LATER)
    assert ends.sweep(home.house, at=LATER) == 0
    found = home.ended()
    assert len(found) == first
    told = [one for one in home.told() if one[0] != "permission:granted"]
    assert told == [(f"permission:{event}", at) for event, at, _ in sorted(found, key=lambda one: one[1])]
    return found


def test_who_moved_out_has_no_permission_left(home: Home, given: int) -> None:
    cut(home, "occupancy", on("2026-03-01"))
    assert swept(home) == [("invalidated", on("2026-03-01"), "moved_out")]
    home.world.occupancy(home.connection, home.person, between("2026-04-01"))
    assert isinstance(home.may(on("2026-05-01"), day=on("2026-04-15")), Refusal), "a second stay is another subject"
    assert given


def test_a_stay_that_goes_on_in_another_row_is_one_stay(home: Home, given: int) -> None:
    cut(home, "occupancy", on("2026-03-01"))
    home.world.occupancy(home.connection, home.person, between("2026-03-01"))
    assert swept(home) == [("expired", on("2026-06-01"), None)]
    assert given


def test_a_refusal_ends_it_also_for_the_gas_that_the_meter_carries(home: Home) -> None:
    world = home.world
    electricity, gas, _ = world.home()
    for connection in (electricity, gas):
        world.occupancy(connection, home.person)
        world.permission(connection, home.person, home.app, LIVE)
    world.restriction(electricity, between("2026-02-01"), kind="refused")
    assert swept(home) == [("invalidated", on("2026-02-01"), "refused")] * 2


def test_administratively_off_ends_nothing(home: Home, given: int) -> None:
    home.world.restriction(home.connection, between("2026-02-01", "2026-03-01"))
    assert swept(home) == [("expired", on("2026-06-01"), None)]
    assert given


def test_a_new_agreement_brings_no_permission_back(home: Home, given: int) -> None:
    cut(home, "agreement", on("2026-02-01"))
    assert swept(home) == [("invalidated", on("2026-02-01"), "agreement_ended")]
    home.world.agreement(home.app, between("2026-03-01"))
    assert isinstance(home.may(on("2026-04-01")), Refusal)
    assert given


def test_a_new_agreement_after_a_gap_brings_nothing_back_before_anybody_has_written_that_down(home: Home, given: int) -> None:
    cut(home, "agreement", on("2026-02-01"))
    home.world.agreement(home.app, between("2026-03-01"))
    assert isinstance(home.may(on("2026-01-31"), day=on("2026-01-20")), Permit)
    assert isinstance(home.may(on("2026-04-01")), Refusal)
    assert isinstance(home.may(on("2026-04-01"), day=on("2026-01-20")), Refusal), "nor about the time before"
    assert swept(home) == [("invalidated", on("2026-02-01"), "agreement_ended")]
    assert given


def test_an_agreement_that_goes_on_in_another_row_ends_nothing(home: Home, given: int) -> None:
    cut(home, "agreement", on("2026-02-01"))
    home.world.agreement(home.app, between("2026-02-01"))
    assert swept(home) == [("expired", on("2026-06-01"), None)]
    assert given


def permitted_to(home: Home, *agreements: Period, role: str = "third_party") -> Home:
    """Return the home with another app: bound as said, it is permitted the quarter-hours."""
    world = home.world
    app = world.party(role)
    for bound in agreements:
        world.agreement(app, bound)
    world.permission(home.connection, home.person, app, LIVE, mask=E_ALL, purpose="laden")
    return replace(home, app=app)


@pytest.mark.parametrize(
    "agreements",
    [
        (),
        (between("2026-03-01"),),
        (between("2025-01-01", "2026-01-01"), between("2026-03-01")),
        (between("2025-01-01", "2025-12-01"),),
    ],
    ids=["never", "later", "again later", "before"],
)
def test_what_was_permitted_to_an_app_that_was_not_bound_then_is_over_as_it_begins(
    home: Home, agreements: tuple[Period, ...]
) -> None:
    """None of it counts, and none of it comes to count by an agreement less."""
    other = permitted_to(home, *agreements)
    assert isinstance(other.may(on("2026-04-01")), Refusal)
    assert swept(other) == [("invalidated", LIVE.start, "agreement_ended")]
    assert isinstance(other.may(on("2026-04-01")), Refusal)


def test_what_was_permitted_to_an_app_that_was_bound_from_then_on_counts(home: Home) -> None:
    bound = between("2026-01-01", "2026-02-01"), between("2026-02-01", "2026-03-01"), between("2026-03-01")
    other = permitted_to(home, *bound)
    assert isinstance(other.may(on("2026-04-01")), Permit)
    assert swept(other) == [("expired", on("2026-06-01"), None)]


def test_what_was_permitted_to_a_supplier_is_bound_by_nothing(home: Home) -> None:
    other = permitted_to(home, ALWAYS, role="supplier")
    assert isinstance(other.may(on("2026-04-01")), Refusal)
    assert swept(other) == [("invalidated", LIVE.start, "agreement_ended")]


def test_a_permission_still_to_begin_is_not_over_before_it_could_have_begun(home: Home) -> None:
    other = permitted_to(home, between("2026-03-01"))
    assert ends.sweep(home.house, at=LIVE.start - timedelta(seconds=1)) == 0
    home.world.agreement(other.app, between("2025-11-01", "2026-03-01"))
    assert swept(other) == [("expired", on("2026-06-01"), None)], "it was told in time, with its true begin"


def test_a_suspension_ends_it_and_reinstatement_brings_nothing_back(home: Home, given: int) -> None:
    with home.house.operator() as c:
        parties.suspend(c, home.app, on("2026-02-01"), "breach")
        parties.reinstate(c, home.app, on("2026-02-10"))
    assert swept(home) == [("invalidated", on("2026-02-01"), "party_suspended")]
    assert isinstance(home.may(on("2026-03-01")), Refusal)
    assert given


def test_the_first_of_several_counts(home: Home, given: int) -> None:
    cut(home, "agreement", on("2026-03-01"))
    cut(home, "occupancy", on("2026-02-15"))
    assert swept(home) == [("invalidated", on("2026-02-15"), "moved_out")]
    assert given


def test_an_end_still_to_come_is_no_end(home: Home, given: int) -> None:
    cut(home, "occupancy", on("2026-03-01"))
    assert ends.sweep(home.house, at=on("2026-03-01") - timedelta(seconds=1)) == 0
    assert ends.sweep(home.house, at=on("2026-03-01")) == 1
    assert given


def test_what_was_revoked_is_not_ended_again(home: Home, given: int) -> None:
    permission.revoke(home.house, home.person, given, at=NOON)
    assert ends.sweep(home.house, at=LATER) == 0
    assert home.ended() == [("revoked", NOON, None)]


def handed(home: Home, period: Period, at: datetime, mask: int = E_INTERVAL, missing: int | None = None) -> None:
    """Let the app have been handed something."""
    number = home.world.number()
    home.world.c.execute(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at, missing)"
        " values (%s, 'third_party', %s, %s, 'third_party_service', tstzrange(%s, %s, '[]'), %s, 'delivered', %s, %s)",
        (f"p{number}", home.app, home.connection, period.start, period.end, mask, at, missing),
    )


def test_what_was_given_for_two_days_is_done_with_when_both_were_handed_over(home: Home) -> None:
    days = between("2026-03-09", "2026-03-11")
    home.world.new(
        "permission",
        connection=home.connection,
        subject=home.person,
        party=home.app,
        mask=E_INTERVAL,
        purpose="twee dagen",
        data=days,
        live=LIVE,
    )
    handed(home, between("2026-03-09", "2026-03-10"), on("2026-03-10") + timedelta(hours=2))
    assert ends.sweep(home.house, at=on("2026-03-20")) == 0
    last = on("2026-03-12") + timedelta(hours=2)
    handed(home, between("2026-03-10", "2026-03-11"), last)
    assert isinstance(home.may(on("2026-03-20")), Permit)
    assert ends.sweep(home.house, at=on("2026-03-20")) == 1
    assert home.ended() == [("fulfilled", last, None)]
    assert isinstance(home.may(on("2026-03-20")), Refusal)


def test_a_day_with_a_gap_in_it_is_not_done_with_before_nobody_has_what_is_missing(home: Home) -> None:
    days = between("2026-03-09", "2026-03-10")
    about = {"connection": home.connection, "subject": home.person, "party": home.app, "mask": E_INTERVAL}
    home.world.new("permission", **about, purpose="een dag", data=days, live=LIVE)
    handed(home, days, on("2026-03-10") + timedelta(hours=2), missing=1)
    assert days.end is not None
    gone = days.end + timedelta(days=40)
    assert ends.sweep(home.house, at=gone - timedelta(seconds=1)) == 0
    assert home.ended() == []
    assert ends.sweep(home.house, at=gone) == 1
    assert home.ended() == [("fulfilled", gone, None)]


def test_what_was_handed_over_before_a_permission_began_does_not_end_it(home: Home) -> None:
    """Under an earlier one the party had it all; what it was given again is not over before it lived."""
    days = between("2026-03-09", "2026-03-10")
    handed(home, days, on("2026-03-10") + timedelta(hours=2))
    about = {"connection": home.connection, "subject": home.person, "party": home.app, "mask": E_INTERVAL}
    home.world.new("permission", **about, purpose="nog eens", data=days, live=between("2026-04-01", "2026-05-01"))
    assert ends.sweep(home.house, at=on("2026-04-20")) == 0
    assert ends.sweep(home.house, at=on("2026-05-02")) == 1
    assert home.ended() == [("expired", on("2026-05-01"), None)]


def test_what_one_party_was_handed_of_one_home_fulfils_no_other_permission(home: Home) -> None:
    """All are looked up in one query: each answer goes to its own party and its own connection."""
    days, world = between("2026-03-09", "2026-03-10"), home.world
    other, elsewhere = world.party("third_party"), world.connection()
    world.agreement(other)
    world.occupancy(elsewhere, home.person)
    given = {
        (party, connection): world.new(
            "permission",
            connection=connection,
            subject=home.person,
            party=party,
            mask=E_INTERVAL,
            purpose="een dag",
            data=days,
            live=LIVE,
        )
        for party in (home.app, other)
        for connection in (home.connection, elsewhere)
    }
    handed(home, days, on("2026-03-11"))
    with home.house.operator() as c:
        found = registry.handed(c, registry.data_over(c, on("2026-03-20"), 0, max(given.values())))
    assert {pair: len(parcels) for pair, parcels in found.items()} == {(home.app, home.connection): 1}
    assert ends.sweep(home.house, at=on("2026-03-20")) == 1
    ended = world.c.execute("select permission from kw.permission_event where event = 'fulfilled'").fetchall()
    assert ended == [(given[home.app, home.connection],)]


# Many


def many(home: Home, number: int = 7) -> list[int]:
    """Give permissions of as many homes; the first is renewed, and then the agreement ends, so that all of them do."""
    world, homes = home.world, [home.connection, *(home.world.connection() for _ in range(1, number))]
    for connection in homes[1:]:
        world.occupancy(connection, home.person)
    given = [world.permission(connection, home.person, home.app, LIVE, mask=E_ALL) for connection in homes]
    renewed = reminders.renew(home.house, home.person, given[0], until=on("2027-06-01"), at=NOON)
    cut(home, "agreement", on("2026-04-01"))
    return [*given, renewed]


@pytest.mark.parametrize("at_once", [1, 3, 8, 2_000])
def test_each_permission_is_looked_at_on_one_page_and_ends_once(home: Home, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    given = many(home)
    monkeypatch.setattr(ends, "AT_ONCE", at_once)
    pages, real = [], registry.over

    def over(c: Connection[Any], at: datetime, after: int, last: int) -> list[registry.End]:
        pages.append((after, last))
        return real(c, at, after, last)

    monkeypatch.setattr(registry, "over", over)
    assert ends.sweep(home.house, at=LATER) == len(given)
    assert home.ended() == [("invalidated", on("2026-04-01"), "agreement_ended")] * len(given)
    distinct = sorted(set(pages))
    assert [last for _, last in distinct] == sorted({*given[at_once - 1 :: at_once], given[-1]})
    assert [after for after, _ in distinct] == [0, *(last for _, last in distinct[:-1])]
    assert all(pages.count(page) <= 3 for page in distinct), "what a page ended, what that ended, and nothing"


def test_a_killed_sweep_goes_on_with_what_it_had_not_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "AT_ONCE", 3)
    given, real = many(home), registry.write

    def killed(c: Connection[Any], found: Sequence[registry.End]) -> list[registry.Ended]:
        if any(one.permission == given[4] for one in found):
            raise KeyboardInterrupt
        return real(c, found)

    monkeypatch.setattr(registry, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        ends.sweep(home.house, at=LATER)
    assert len(home.ended()) == 3, "the first page stands"
    monkeypatch.setattr(registry, "write", real)
    assert [ends.sweep(home.house, at=LATER) for _ in range(2)] == [5, 0]
    assert len(home.ended()) == len(home.told()) - 1 == len(given), "the renewal was told too"


def test_a_party_ends_its_own_service_and_nobody_elses(home: Home, given: int) -> None:
    other, name = home.code(home.world.party("third_party")), f"kw-{given}"
    for party, identifier in ((other, name), (home.code(), "kw-0"), (home.code(), str(given))):
        with pytest.raises(permission.NoSuchPermission):
            ends.terminate(home.house, party, identifier, at=NOON)
    ends.terminate(home.house, home.code(), name, at=NOON)
    with pytest.raises(permission.NoSuchPermission):
        ends.terminate(home.house, home.code(), name, at=NOON + DAY)
    assert home.ended() == [("terminated", NOON, None)]
    assert home.told() == [("permission:terminated", NOON)]


@pytest.mark.parametrize("swept_before", [False, True])
def test_a_party_ends_what_ran_out_and_goes_on_by_a_renewal(home: Home, given: int, *, swept_before: bool) -> None:
    assert LIVE.end is not None
    renewed = reminders.renew(home.house, home.person, given, until=LIVE.end + 90 * DAY, at=LIVE.end - DAY)
    late = LIVE.end + DAY
    if swept_before:
        ends.sweep(home.house, at=late)
    ends.terminate(home.house, home.code(), f"kw-{given}", at=late)
    assert isinstance(home.may(late, day=late), Refusal)
    ends.sweep(home.house, at=late + DAY)
    said = home.world.c.execute(
        "select permission, event, at from kw.permission_event where event <> 'granted' order by 1"
    ).fetchall()
    assert said == [(given, "expired", LIVE.end), (renewed, "terminated", late)]


def test_a_second_end_says_that_it_has_ended_and_when(home: Home, given: int) -> None:
    assert LIVE.end is not None
    renewed, late = reminders.renew(home.house, home.person, given, until=LIVE.end + 90 * DAY, at=LIVE.end - DAY), LIVE.end + DAY
    ends.terminate(home.house, home.code(), f"kw-{renewed}", at=late)
    for number in (given, renewed):
        with pytest.raises(permission.HasEnded, match=f"terminated, {utc(late).isoformat()[:10]}"):
            ends.terminate(home.house, home.code(), f"kw-{number}", at=late + DAY)
    other = home.code(home.world.party("third_party"))
    with pytest.raises(permission.NoSuchPermission, match="of this party"):
        ends.terminate(home.house, other, f"kw-{given}", at=late + DAY)


def test_an_end_of_what_ran_out_says_that_it_has_whether_or_not_that_was_written_down(home: Home, given: int) -> None:
    for _ in range(2):
        with pytest.raises(permission.HasEnded, match="expired"):
            ends.terminate(home.house, home.code(), f"kw-{given}", at=LATER)
        ends.sweep(home.house, at=LATER)


# Before it runs out, and after


def test_an_end_is_told_in_advance_once_at_each_step(home: Home, given: int) -> None:
    def told(days: int) -> int:
        return reminders.remind(home.house, at=on("2026-06-01") - timedelta(days=days, hours=-1))

    assert [told(days) for days in (31, 30, 30, 20, 7, 7, 1, 0)] == [0, 1, 0, 0, 1, 0, 0, 0]
    assert [kind for kind, _ in home.told()] == ["permission:reminded"] * 2
    assert given


def test_who_is_told_late_is_told_once(home: Home, given: int) -> None:
    late = on("2026-05-29")
    assert [reminders.remind(home.house, at=late) for _ in range(2)] == [1, 0]
    assert given


def test_a_renewal_goes_on_where_the_first_ends_as_it_was_or_narrower(home: Home, given: int) -> None:
    until = on("2027-06-01")
    for wider in ({"mask": GAS_MASK | E_INTERVAL}, {"data": Period(on("2019-01-01"))}):
        with pytest.raises(permission.WiderThanBefore):
            reminders.renew(home.house, home.person, given, until=until, at=NOON, **wider)
    reminders.renew(home.house, home.person, given, until=until, at=NOON, mask=E_INTERVAL)
    assert reminders.remind(home.house, at=on("2026-05-30")) == 0, "what goes on needs no word"
    assert ends.sweep(home.house, at=on("2026-06-02")) == 1
    assert isinstance(home.may(on("2026-06-02")), Permit)
    assert isinstance(home.may(until), Refusal)


def about(home: Home, data: Period, purpose: str = "inzicht") -> int:
    """Give a permission that lives as the others, about this time."""
    who = {"connection": home.connection, "subject": home.person, "party": home.app, "mask": E_ALL, "purpose": purpose}
    return home.world.new("permission", **who, data=data, live=LIVE)


def test_what_was_about_the_time_of_the_permission_goes_on_until_the_new_end_and_no_longer(home: Home) -> None:
    given, until = about(home, LIVE), on("2026-09-01")
    with pytest.raises(permission.WiderThanBefore):
        reminders.renew(home.house, home.person, given, until=until, at=NOON, data=between("2026-01-01", "2026-09-02"))
    with pytest.raises(permission.WiderThanBefore):
        reminders.renew(home.house, home.person, given, until=until, at=NOON, data=between("2025-12-31", "2026-09-01"))
    reminders.renew(home.house, home.person, given, until=until, at=NOON)
    assert isinstance(home.may(on("2026-06-03"), day=on("2026-06-02")), Permit), "new data, after the old end"
    assert isinstance(home.may(on("2026-06-03"), day=on("2026-01-02")), Permit), "the period back stays"
    assert isinstance(home.may(on("2026-08-31"), day=on("2025-12-31")), Refusal)
    last = until - timedelta(seconds=1)
    assert isinstance(home.may(last, day=until - timedelta(hours=1)), Permit)
    assert no(home.may(last, day=until)) == "F8"
    assert no(home.may(until, day=until - timedelta(hours=1))) == "F7"


def no(answer: Permit | Refusal) -> str:
    """Return the rule of a no."""
    assert isinstance(answer, Refusal)
    return answer.rule


def test_what_was_about_a_time_that_ended_before_is_not_renewed(home: Home) -> None:
    given = about(home, between("2026-01-01", "2026-05-31"))
    with pytest.raises(permission.NothingToRenew):
        reminders.renew(home.house, home.person, given, until=on("2026-09-01"), at=NOON)


def test_what_was_about_a_time_that_ends_later_keeps_that_end(home: Home) -> None:
    given = about(home, between("2026-01-01", "2026-07-01"))
    reminders.renew(home.house, home.person, given, until=on("2026-09-01"), at=NOON)
    assert isinstance(home.may(on("2026-08-01"), day=on("2026-06-30")), Permit)
    assert isinstance(home.may(on("2026-08-01"), day=on("2026-07-01")), Refusal)


GOES_ON = between("2026-06-01", "2026-09-01")


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"data": between("2026-02-01", "2026-07-01")}, True),
        ({"mask": E_INTERVAL}, True),
        ({"data": between("2026-01-01", "2026-09-02")}, False),
        ({"data": between("2026-01-01")}, False),
        ({"data": between("2025-12-31", "2026-09-01")}, False),
        ({"mask": ALL_MASK}, False),
        ({"purpose": "iets anders"}, False),
        ({"live": between("2026-06-02", "2026-09-01")}, False),
    ],
)
def test_the_database_lets_a_renewal_go_on_and_be_no_wider(home: Home, changes: dict[str, object], allowed: bool) -> None:  # noqa: FBT001 - parametrized
    given = about(home, LIVE)
    values: dict[str, object] = {"mask": E_ALL, "purpose": "inzicht", "data": between("2026-01-01", "2026-09-01"), "live": GOES_ON}
    who = {"connection": home.connection, "subject": home.person, "party": home.app, "renews": given}
    if allowed:
        home.world.new("permission", **who, **(values | changes))
    else:
        with pytest.raises(IntegrityConstraintViolation, match="never wider"):
            home.world.new("permission", **who, **(values | changes))


@pytest.mark.parametrize("end", ["2026-05-31", "2026-06-02"])
def test_the_database_lets_a_time_with_its_own_end_keep_it(home: Home, end: str) -> None:
    given = about(home, between("2026-01-01", end))
    who = {"connection": home.connection, "subject": home.person, "party": home.app, "renews": given, "mask": E_ALL}
    with pytest.raises(IntegrityConstraintViolation, match="never wider"):
        home.world.new("permission", **who, purpose="inzicht", data=between("2026-01-01", "2026-09-01"), live=GOES_ON)


def test_what_is_revoked_is_not_renewed_either(home: Home, given: int) -> None:
    reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=NOON)
    permission.revoke(home.house, home.person, given, at=NOON + DAY)
    assert [event for event, _, _ in home.ended()] == ["revoked", "revoked"]
    assert isinstance(home.may(on("2026-07-01")), Refusal)
    assert ends.sweep(home.house, at=LATER) == 0


def test_a_renewal_goes_on_for_a_year_at_the_most(home: Home, given: int) -> None:
    with pytest.raises(permission.WiderThanBefore):
        reminders.renew(home.house, home.person, given, until=on("2027-06-02"), at=NOON)


def test_a_renewal_is_revoked_with_what_it_renews_whatever_was_revoked_before(home: Home) -> None:
    for turn in range(3):
        given = home.world.permission(home.connection, home.person, home.app, LIVE, mask=E_ALL, purpose=f"advice {turn}")
        renewed = reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=NOON)
        permission.revoke(home.house, home.person, given, at=NOON)
        with home.house.operator() as c:
            ended = c.execute("select permission from kw.permission_event where event = 'revoked'").fetchall()
        assert {(given,), (renewed,)} <= set(ended)


def test_a_renewal_that_meets_its_revocation_does_not_outlive_it(home: Home) -> None:
    for turn in range(5):
        given = home.world.permission(home.connection, home.person, home.app, LIVE, mask=E_ALL, purpose=f"advice {turn}")
        together = Barrier(2)

        def renew(given: int = given, together: Barrier = together) -> None:
            together.wait(30)
            with suppress(permission.NoSuchPermission):
                reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=NOON)

        with ThreadPoolExecutor(1) as threads:
            done = threads.submit(renew)
            together.wait(30)
            permission.revoke(home.house, home.person, given, at=NOON)
            done.result()
        with home.house.operator() as c:
            lives = c.execute(
                "select count(*) from kw.permission p where not exists"
                " (select from kw.permission_event e where e.permission = p.id and e.event <> 'granted')"
            ).fetchone()
        assert lives == (0,), "whichever came first, nothing is left until the next sweep"


def moved_away_and_back(home: Home) -> None:
    cut(home, "occupancy", on("2026-05-30"))
    home.world.occupancy(home.connection, home.person, between("2026-05-31"))


def refused_and_accepted(home: Home) -> None:
    home.world.restriction(home.connection, between("2026-05-30", "2026-05-31"), kind="refused")


def suspended_and_reinstated(home: Home) -> None:
    home.world.suspension(home.app, between("2026-05-30", "2026-05-31"))


def bound_anew(home: Home) -> None:
    cut(home, "agreement", on("2026-05-30"))
    home.world.agreement(home.app, between("2026-05-31"))


FALLS: dict[str, Callable[[Home], None]] = {
    "moved_out": moved_away_and_back,
    "refused": refused_and_accepted,
    "party_suspended": suspended_and_reinstated,
    "agreement_ended": bound_anew,
}
"""What ends a permission and is over before that would have run out, and before its renewal begins."""


@pytest.mark.parametrize("why", FALLS)
@pytest.mark.parametrize("written", [False, True], ids=["before its end was written down", "after"])
def test_a_renewal_of_what_fell_away_begins_nothing(home: Home, given: int, why: str, *, written: bool) -> None:
    """Also where it was written down that the first one ran out, before it was known that it had fallen away."""
    reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=NOON)
    if written:
        assert ends.sweep(home.house, at=on("2026-06-02")) == 1
    assert isinstance(home.may(on("2026-06-03")), Permit)
    FALLS[why](home)
    assert isinstance(home.may(on("2026-06-03")), Refusal)
    assert isinstance(home.may(on("2026-07-03")), Refusal)
    ends.sweep(home.house, at=LATER)
    first = ("expired", on("2026-06-01"), None) if written else ("invalidated", on("2026-05-30"), why)
    assert home.ended() == [first, ("invalidated", on("2026-05-30"), why)]


@pytest.mark.parametrize("why", FALLS)
def test_what_fell_away_is_not_renewed_though_nobody_has_written_it_down(home: Home, given: int, why: str) -> None:
    FALLS[why](home)
    with pytest.raises(permission.NoSuchPermission):
        reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=on("2026-05-31") + DAY / 2)
    assert home.ended() == [("invalidated", on("2026-05-30"), why)]


def test_a_renewal_falls_away_with_what_it_renews(home: Home, given: int) -> None:
    reminders.renew(home.house, home.person, given, until=on("2027-06-01"), at=NOON)
    cut(home, "agreement", on("2026-04-01"))
    assert [event for event, _, _ in swept(home)] == ["invalidated", "invalidated"]
    home.world.agreement(home.app, between("2026-05-01"))
    assert isinstance(home.may(on("2026-07-01")), Refusal)


def test_a_customers_own_page_is_renewed_in_the_same_manner(home: Home) -> None:
    own = home.world.permission(home.connection, home.person, None, LIVE, purpose="own_insight", mask=E_ALL)
    number = reminders.renew(home.house, home.person, own, until=on("2027-06-01"), at=NOON)
    assert number > own
    with pytest.raises(permission.NoSuchPermission):
        reminders.renew(home.house, home.world.subject(), own, until=on("2027-06-01"), at=NOON)


def pieces(draw: Random, first: int = -200) -> list[Period]:
    """Return stretches of time that follow one another, now and then with a gap between two, the last without an end.

    They begin on a day counted from that of the year's first.
    """
    cuts = sorted(draw.sample(range(1, 60), draw.randrange(3)))
    starts, ends_at = [first, *(cut + draw.choice([0, 0, 3]) for cut in cuts)], [*cuts, None]
    day = on("2026-01-01")
    return [
        Period(day + start * DAY, None if end is None else day + end * DAY)
        for start, end in zip(starts, ends_at, strict=True)
        if end is None or start < end
    ]


def lived_through(home: Home, draw: Random) -> tuple[int, int]:
    """Write a person's life with two apps down, whose permissions are renewed, some after a while; return where, and an app.

    Of some a first one had all that it was for handed over early, or as it began.
    """
    world, day = home.world, on("2026-01-01")
    connection, person = world.connection(), world.subject()
    apps = world.party("third_party"), world.party("third_party")
    for stay in pieces(draw):
        world.occupancy(connection, person, stay)
    for app in apps:
        for bound in pieces(draw, draw.choice([-200, -200, draw.randrange(10)])):
            world.agreement(app, bound)
        begins, lives = draw.randrange(10), 0
        before: int | None = None
        for _ in range(draw.randrange(1, 4)):
            begins, lives = begins + lives + draw.choice([0, 0, 0, 4]), draw.randrange(20, 60)
            live = Period(day + begins * DAY, day + (begins + lives) * DAY)
            given = {"connection": connection, "subject": person, "party": app, "mask": E_ALL, "purpose": "inzicht"}
            with suppress(IntegrityConstraintViolation), world.c.transaction():
                before = world.new("permission", **given, data=ALWAYS, live=live, **({} if before is None else {"renews": before}))
        if draw.random() < 1 / 4:
            world.c.execute(
                "insert into kw.permission_event (permission, at, event)"
                " select min(id), min(lower(live)) + %s, 'fulfilled' from kw.permission where (connection, party) = (%s, %s)",
                (draw.choice([0, 10]) * DAY, connection, app),
            )
        if draw.random() < 1 / 3:
            begins = draw.randrange(80)
            world.suspension(app, Period(day + begins * DAY, day + (begins + 3) * DAY))
    if draw.random() < 1 / 3:
        begins = draw.randrange(80)
        kind = draw.choice(["refused", "administratively_off"])
        world.restriction(connection, Period(day + begins * DAY, day + (begins + 3) * DAY), kind=kind)
    return connection, apps[0]


@pytest.mark.parametrize("seed", range(12))
def test_whether_ends_are_written_down_changes_no_answer(home: Home, seed: int) -> None:
    """What a decision tells from the facts is what a sweep writes down: neither knows an end that the other does not."""
    draw = Random(seed)
    lives = [replace(home, connection=there, app=app) for there, app in (lived_through(home, draw) for _ in range(8))]
    at = on("2026-01-01") + draw.randrange(20, 100) * DAY + DAY / 2

    def answers() -> list[bool]:
        days = (at, at - 2 * DAY, on("2026-01-01") - 9 * DAY)
        return [isinstance(one.may(at, day=day), Permit) for one in lives for day in days]

    before = answers()
    ends.sweep(home.house, at=at)
    assert answers() == before
    for one in lives:
        with home.house.operator() as c:
            known = facts.facts(c, one.connection, year=at.year)
        assert all(lasts(each, known, at) for each in known.permissions if each.live.contains(at)), "what is over is written down"
