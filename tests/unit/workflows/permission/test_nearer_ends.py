"""An end that is told before it comes: until then the permission lives, and ends by what comes sooner; nothing prolongs it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kwartier.model.ground import Refusal
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.store.registry import late_noes, permissions
from kwartier.web.portal import show_requests
from kwartier.workflows import enrolment, inquiry, permission
from kwartier.workflows.permission import desk, ends, mandates, overview, reminders
from permission_support import DAY, E_INTERVAL, Home, claim, silence
from registry_support import NOON, between, on

GIVEN, SOON, LATER = on("2027-01-15"), on("2026-12-01"), NOON + DAY
HEAD = "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires"


@pytest.fixture
def given(home: Home) -> int:
    """Return a permission that the party will end long before it would run out."""
    live = Period(on("2026-02-01"), GIVEN)
    number = home.world.permission(home.connection, home.person, home.app, live, mask=E_INTERVAL)
    with home.house.operator() as c:
        assert permissions.revoke(c, number, SOON, "terminated")
    return number


def imported(home: Home, folder: Path, expires: str, at: datetime = NOON) -> enrolment.ImportReport:
    (code,) = home.world.c.execute("select code from kw.subject where key = %s", (home.person,)).fetchall()[0]
    row = f"r1,{home.ean().reveal()},{code},{home.code()},electricity,interval,combined,inzicht,2026-01-01,,2026-02-01,{expires}"
    (folder / "permissions.csv").write_text(f"{HEAD}\n{row}\n", "utf-8")
    return enrolment.take(home.house, folder, dry_run=False, at=at)


def shown(home: Home, at: datetime) -> inquiry.MyPermission:
    (one,) = inquiry.who_may(home.house, home.person, at=at).permissions
    return one


def test_what_an_import_lets_end_sooner_is_the_customers_to_end_until_then(home: Home, tmp_path: Path) -> None:
    assert imported(home, tmp_path, "2027-01-15").added == 1
    assert imported(home, tmp_path, "2026-12-01").changed == 1
    one = shown(home, LATER)
    assert (one.ended, one.until, one.cut) == (None, SOON, True)
    assert isinstance(home.may(LATER), Permit)
    assert permission.revoke(home.house, home.person, one.id, at=LATER) is True
    assert isinstance(home.may(LATER), Refusal)
    assert (shown(home, LATER).ended, shown(home, LATER).ended_at) == ("revoked", LATER)
    assert home.ended() == [("terminated", SOON, None), ("revoked", LATER, None)]
    assert home.told()[-1] == ("permission:revoked", LATER)
    again = imported(home, tmp_path, "2026-12-01", LATER + DAY)
    assert (again.changed, again.unchanged, again.rejected) == (0, 1, 0)


@pytest.mark.parametrize(
    "take_back",
    [
        lambda home, number: permission.revoke(home.house, home.person, number, at=LATER),
        lambda home, number: desk.take_back_by_letter(home.house, number, at=LATER),
        lambda home, number: ends.terminate(home.house, home.code(), f"kw-{number}", at=LATER),
    ],
    ids=["page", "letter", "party"],
)
def test_who_ends_it_sooner_ends_it_then_and_once(home: Home, given: int, take_back: Callable[[Home, int], object]) -> None:
    assert isinstance(home.may(LATER), Permit)
    assert take_back(home, given) in {True, None}
    assert isinstance(home.may(LATER), Refusal)
    assert isinstance(home.may(LATER - DAY / 2), Permit)
    assert [at for _, at, _ in home.ended()] == [SOON, LATER]
    assert len(home.told()) == 1
    with pytest.raises(permission.HasEnded, match=LATER.isoformat()[:10]):
        ends.terminate(home.house, home.code(), f"kw-{given}", at=LATER + DAY)


def test_what_has_come_is_over(home: Home, given: int) -> None:
    assert shown(home, SOON).ended == "terminated"
    assert isinstance(home.may(SOON), Refusal)
    assert permission.revoke(home.house, home.person, given, at=SOON) is False, "a no to what has ended is kept"
    assert ends.sweep(home.house, at=GIVEN + DAY) == 0
    assert home.ended() == [("terminated", SOON, None)]


def test_it_falls_away_before_its_end_as_any_other(home: Home, given: int) -> None:
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (LATER,))
    assert [ends.sweep(home.house, at=LATER + DAY) for _ in range(2)] == [1, 0]
    assert home.ended() == [("terminated", SOON, None), ("invalidated", LATER, "moved_out")]
    assert home.told() == [("permission:invalidated", LATER)]
    assert given


def test_the_customer_hears_of_it_before_it_comes_and_by_letter_too(home: Home, given: int) -> None:
    asked = [SOON - timedelta(days=days, hours=-1) for days in (31, 30, 7, 0)]
    assert [reminders.remind(home.house, at=at) for at in asked] == [0, 1, 1, 0]
    permission.keep_up(home.house, at=SOON - 6 * DAY)
    assert [path.name for path in home.house.letters.glob(f"reminder-{given}-*.letter.json")] == [f"reminder-{given}-7.letter.json"]


def test_nobody_prolongs_it(home: Home, given: int) -> None:
    at = SOON - 3 * DAY
    with pytest.raises(permission.NoSuchPermission):
        reminders.renew(home.house, home.person, given, until=GIVEN, at=at)
    with home.house.operator() as c:
        assert not permissions.revoke(c, given, SOON, "revoked")
        assert not permissions.revoke(c, given, SOON + DAY, "expired")
    assert home.ended() == [("terminated", SOON, None)]
    assert shown(home, at).until == SOON
    assert not show_requests.runs_out(shown(home, at), [], at), "no button says that it goes on"
    assert show_requests.runs_out(replace(shown(home, at), cut=False), [], at)


def test_a_renewal_given_before_ends_with_it(home: Home) -> None:
    first = home.world.permission(home.connection, home.person, home.app, Period(on("2026-02-01"), GIVEN), mask=E_INTERVAL)
    renewed = reminders.renew(home.house, home.person, first, until=GIVEN + 30 * DAY, at=GIVEN - 20 * DAY)
    with home.house.operator() as c:
        assert permissions.revoke(c, first, GIVEN - 10 * DAY, "terminated")
    assert permission.revoke(home.house, home.person, first, at=GIVEN - 15 * DAY) is True
    said = home.world.c.execute(
        "select permission, event, at from kw.permission_event where event = 'revoked' order by 1"
    ).fetchall()
    assert said == [(first, "revoked", GIVEN - 15 * DAY), (renewed, "revoked", GIVEN - 15 * DAY)]


def test_the_party_lists_it_as_it_stands(home: Home, given: int) -> None:
    (one,) = overview.every(home.house, party=home.code(), active_at=LATER)
    assert (one.ended(LATER), one.until(LATER), one.live.end) == (None, SOON, GIVEN)
    permission.revoke(home.house, home.person, given, at=LATER)
    (one,) = overview.every(home.house, party=home.code())
    assert (one.ended(LATER), one.ended(LATER - DAY), one.until(LATER)) == (("revoked", LATER), None, GIVEN)
    assert list(overview.every(home.house, active_at=LATER)) == []


def test_evidence_that_is_missing_ends_it_too(home: Home) -> None:
    mandates.claim(home.house, home.code(), [claim(home)], at=NOON)
    begun = NOON + 20 * DAY
    assert silence(home.house, at=begun) == 1
    (number,) = [one.id for one in overview.every(home.house)]
    with home.house.operator() as c:
        assert permissions.revoke(c, number, begun + 40 * DAY, "terminated")
    (sample,) = mandates.sample(home.house, home.code(), most=1, seed=1, at=begun)
    mandates.show(home.house, sample, held=False, at=begun + DAY)
    assert home.ended()[1:] == [("invalidated", begun + DAY, "party_suspended")]


def test_a_no_that_was_taken_for_a_late_one_ends_it(home: Home, given: int) -> None:
    """It was kept as a no to what had ended, while the data went on."""
    with home.house.operator() as c:
        assert late_noes.to_permission(c, given, LATER)
    assert [ends.sweep(home.house, at=LATER + 9 * DAY) for _ in range(2)] == [1, 0]
    assert home.ended() == [("terminated", SOON, None), ("revoked", LATER, None)]
    assert home.told() == [("permission:revoked", LATER)]


def test_what_is_over_before_it_begins_never_lives_whatever_is_told(home: Home) -> None:
    begins = on("2026-05-01")
    number = home.world.permission(home.connection, home.person, home.app, between("2026-05-01", "2027-01-01"), mask=E_INTERVAL)
    ends.terminate(home.house, home.code(), f"kw-{number}", at=NOON)
    assert shown(home, LATER).ended == "terminated"
    assert permission.revoke(home.house, home.person, number, at=LATER) is False
    assert home.ended() == [("terminated", begins, None)]
