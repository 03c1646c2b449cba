"""Mandates that parties claim: the customer hears first and can veto in one step; evidence is sampled; a failure ends the rest."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from psycopg import Connection

from kwartier.model.ean import Ean
from kwartier.model.ground import Refusal
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import Kind
from kwartier.store.registry import holdings, parties, requests, samples
from kwartier.store.registry.errors import AlreadyAnswered, AlreadyPermitted, NotFound
from kwartier.workflows import permission
from kwartier.workflows.parties import suspending
from kwartier.workflows.permission import desk, ends, mandates, reminders
from kwartier.workflows.permission.asked import answered, waiting
from kwartier.workflows.permission.placing import Claimed
from kwartier.workflows.permission.requests import ask, give, grant, reject
from kwartier.workflows.refusal import Choice, choose
from permission_support import DAY, E_INTERVAL, UNTIL, Home, claim, silence, wish
from registry_support import NOON, ean

NOTICE = 14 * DAY


def claimed(home: Home, **changes: Any) -> int:  # noqa: ANN401 - whatever a claim has
    """Claim one mandate and return its request."""
    report = mandates.claim(home.house, home.code(), [claim(home, **changes)], at=NOON)
    assert report.presented == 1
    return max(home.events())


def test_nothing_is_read_before_the_notice_is_over_and_then_it_is_the_same_permission(home: Home) -> None:
    claimed(home)
    early = NOON + NOTICE - timedelta(seconds=1)
    assert silence(home.house, at=early) == 0
    assert isinstance(home.may(early), Refusal)
    assert [silence(home.house, at=NOON + NOTICE) for _ in range(2)] == [1, 0]
    assert isinstance(home.may(NOON + NOTICE), Permit)
    assert [kind for kind, _ in home.told()] == ["permission:requested", "permission:presented", "permission:granted"]


def test_a_veto_in_time_leaves_no_permission(home: Home) -> None:
    request = claimed(home)
    mandates.veto(home.house, home.person, request, at=NOON + DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert isinstance(home.may(NOON + NOTICE), Refusal)
    assert home.told()[-1] == ("permission:rejected", NOON + DAY)
    with pytest.raises(permission.NoSuchRequest):
        mandates.veto(home.house, home.world.subject(), request, at=NOON + DAY)


def test_a_veto_afterwards_revokes(home: Home) -> None:
    request = claimed(home)
    silence(home.house, at=NOON + NOTICE)
    mandates.veto(home.house, home.person, request, at=NOON + NOTICE + DAY)
    assert isinstance(home.may(NOON + NOTICE + DAY), Refusal)
    assert home.ended() == [("revoked", NOON + NOTICE + DAY, None)]
    with pytest.raises(permission.NoSuchPermission):
        mandates.veto(home.house, home.person, request, at=NOON + NOTICE + DAY)


def test_a_veto_at_the_moment_at_which_it_would_begin_counts(home: Home) -> None:
    """The customer's no is not committed yet when the mandate is due: whoever writes second finds the answer."""
    request, late = claimed(home), NOON + NOTICE
    with ThreadPoolExecutor(1) as other:
        with home.house.portal(home.person) as c:
            c.execute("insert into kw.request_event (request, at, event) values (%s, %s, 'rejected')", (request, late))
            begins = other.submit(silence, home.house, at=late)
            blocked = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            while home.world.c.execute(blocked).fetchone() is None and not begins.done():
                pass
        assert begins.result() == 0
    assert isinstance(home.may(late), Refusal)
    assert silence(home.house, at=late) == 0


def test_a_veto_while_it_begins_ends_it(home: Home) -> None:
    """The other way round: it has begun and is not committed yet when the customer says no."""
    request, late = claimed(home), NOON + NOTICE
    with ThreadPoolExecutor(1) as other:
        with home.house.operator() as c:
            give(home.house, c, requests.one(c, request), requests.one(c, request).scope, late, "operator")
            no = other.submit(mandates.veto, home.house, home.person, request, at=late)
            blocked = (
                "select from pg_locks join pg_stat_activity a using (pid) where not granted and a.datname = current_database()"
            )
            while home.world.c.execute(blocked).fetchone() is None and not no.done():
                pass
        assert no.result() is not None
    assert isinstance(home.may(late), Refusal)
    assert home.ended() == [("revoked", late, None)]


# Silence is no answer to what somebody said no to


def again(home: Home, at: datetime, **changes: Any) -> Claimed:  # noqa: ANN401 - whatever a claim has
    """Claim it once more, under another reference."""
    return mandates.claim(home.house, home.code(), [claim(home, **({"reference": "consent-2"} | changes))], at=at)


@pytest.mark.parametrize("purpose", ["inzicht", "Inzicht!", " in zicht"])
def test_what_was_vetoed_is_no_mandate_any_more_whatever_its_reference_and_spelling(home: Home, purpose: str) -> None:
    mandates.veto(home.house, home.person, claimed(home), at=NOON + DAY)
    found = again(home, NOON + 2 * DAY, purpose=purpose)
    assert (found.presented, found.invalid) == (0, {"said_no": 1})
    assert silence(home.house, at=NOON + 60 * DAY) == 0
    assert isinstance(home.may(NOON + 60 * DAY), Refusal)


def test_what_was_taken_back_is_no_mandate_any_more(home: Home) -> None:
    request = claimed(home)
    silence(home.house, at=NOON + NOTICE)
    mandates.veto(home.house, home.person, request, at=NOON + NOTICE + DAY)
    assert again(home, NOON + NOTICE + 2 * DAY).invalid == {"said_no": 1}


def test_a_no_to_what_was_asked_is_one_to_a_mandate_too(home: Home) -> None:
    asked = ask(home.house, home.code(), home.ean(), wish(), at=NOON)
    reject(home.house, home.person, asked.id, at=NOON + DAY)
    assert again(home, NOON + 2 * DAY).invalid == {"said_no": 1}


def test_a_no_is_one_to_every_claim_of_the_same_that_waits(home: Home) -> None:
    request = claimed(home)
    assert again(home, NOON).presented == 1
    mandates.veto(home.house, home.person, request, at=NOON + DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert isinstance(home.may(NOON + NOTICE), Refusal)
    assert home.told()[-1] == ("permission:found_invalid", NOON + NOTICE)


def permission_of(home: Home, request: int) -> int:
    """Return the permission that a request became."""
    with home.house.operator() as c:
        number = samples.permission_of(c, request)
    assert number is not None
    return number


ENDED_BY: dict[str, Callable[[Home, int], object]] = {
    "terminated": lambda home, number: ends.terminate(home.house, home.code(), f"kw-{number}", at=NOON + NOTICE + DAY),
    "expired": lambda home, _: ends.sweep(home.house, at=UNTIL + DAY),
    "expired, and nobody said so": lambda _, __: None,
}


@pytest.mark.parametrize("ended", ENDED_BY)
@pytest.mark.parametrize("by_letter", [False, True])
def test_a_no_to_what_had_ended_stands_against_a_mandate_of_the_same(home: Home, ended: str, *, by_letter: bool) -> None:
    request, late = claimed(home), UNTIL + 2 * DAY
    assert silence(home.house, at=NOON + NOTICE) == 1
    number = permission_of(home, request)
    ENDED_BY[ended](home, number)
    before = home.ended()
    if by_letter:
        assert not desk.take_back_by_letter(home.house, number, at=late)
    else:
        assert not permission.revoke(home.house, home.person, number, at=late)
    assert home.ended() == before, "how it ended is not written anew"
    assert home.told()[-1] == ("permission:declined", late)
    found = again(home, late + DAY, purpose="In zicht!", end=late + 90 * DAY)
    assert (found.presented, found.invalid) == (0, {"said_no": 1})
    said = len(home.told())
    noes: list[Callable[[], object]] = [
        lambda: permission.revoke(home.house, home.person, number, at=late + DAY),
        lambda: desk.take_back_by_letter(home.house, number, at=late + DAY),
        lambda: mandates.veto(home.house, home.person, request, at=late + DAY),
    ]
    for no in noes:
        with pytest.raises(permission.HasEnded):
            no()
    assert len(home.told()) == said, "it is kept once"
    with pytest.raises(permission.NoSuchPermission):
        permission.revoke(home.house, home.world.subject(), number, at=late)


def test_a_no_to_a_mandate_that_became_a_permission_and_ended_says_that_nothing_was_revoked(home: Home) -> None:
    request = claimed(home)
    silence(home.house, at=NOON + NOTICE)
    number = permission_of(home, request)
    ends.terminate(home.house, home.code(), f"kw-{number}", at=NOON + NOTICE + DAY)
    assert mandates.veto_by_letter(home.house, request, at=NOON + NOTICE + 2 * DAY) is None
    assert answered(home.house, home.person, request) == "declined"
    with home.house.operator() as c:
        (stay,) = holdings.of_person(c, home.person).values()
    assert [(one["purpose"], one["at"]) for one in stay.holds["noes"]] == [("inzicht", NOON + NOTICE + 2 * DAY)]
    assert again(home, NOON + NOTICE + 3 * DAY).invalid == {"said_no": 1}


@pytest.mark.parametrize("by_letter", [False, True])
def test_a_no_to_a_mandate_that_was_found_invalid_stands(home: Home, *, by_letter: bool) -> None:
    request = claimed(home)
    suspending.suspend(home.house, home.code(), suspending.Because.SECURITY, at=NOON + DAY)
    suspending.reinstate(home.house, home.code(), at=NOON + 2 * DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    late, life = NOON + NOTICE + DAY, home.events()[request]
    for _ in range(2):
        with suppress(AlreadyAnswered):
            assert (
                mandates.veto_by_letter(home.house, request, at=late)
                if by_letter
                else mandates.veto(home.house, home.person, request, at=late)
            ) is None
    assert home.events()[request] == life
    assert [kind for kind, _ in home.told()].count("permission:declined") == 1
    assert answered(home.house, home.person, request) == "declined"
    assert again(home, late + DAY).invalid == {"said_no": 1}
    with pytest.raises(permission.NoSuchRequest):
        mandates.veto(home.house, home.world.subject(), request, at=late)


def test_a_no_to_what_a_party_asked_too_long_ago_stands(home: Home) -> None:
    asked = ask(home.house, home.code(), home.ean(), wish(), at=NOON)
    reject(home.house, home.person, asked.id, at=NOON + 31 * DAY)
    assert permission.keep_up(home.house, at=NOON + 32 * DAY).timed_out == 1
    assert again(home, NOON + 33 * DAY).invalid == {"said_no": 1}


def test_a_no_to_a_claim_of_nobody_known_is_nobodys(home: Home) -> None:
    nobody = Home(home.house, home.world, home.world.connection(), home.person, home.app)
    again(nobody, NOON)
    with pytest.raises(AlreadyAnswered):
        mandates.veto_by_letter(home.house, max(home.events()), at=NOON + DAY)


def test_an_opt_in_that_ran_out_has_nobody_to_say_no_to(home: Home) -> None:
    number = permission.opt_in(home.house, home.person, home.connection, at=NOON)
    with pytest.raises(permission.HasEnded):
        permission.revoke(home.house, home.person, number, at=NOON + 400 * DAY)


def test_whoever_said_no_to_a_mandate_may_be_asked_and_say_yes(home: Home) -> None:
    mandates.veto(home.house, home.person, claimed(home), at=NOON + DAY)
    asked = ask(home.house, home.code(), home.ean(), wish(), at=NOON + 2 * DAY)
    grant(home.house, home.person, asked.id, at=NOON + 3 * DAY)
    assert isinstance(home.may(NOON + 3 * DAY), Permit)


def test_a_no_bars_no_other_party_purpose_home_or_person(home: Home) -> None:
    mandates.veto(home.house, home.person, claimed(home), at=NOON + DAY)
    other, place, came = home.world.party("third_party"), home.world.connection(), home.world.subject()
    home.world.agreement(other)
    home.world.occupancy(place, home.person)
    there = Home(home.house, home.world, place, home.person, home.app)
    assert again(home, NOON + 2 * DAY, purpose="iets anders").presented == 1
    assert again(there, NOON + 2 * DAY, reference="there").presented == 1
    assert again(Home(home.house, home.world, home.connection, home.person, other), NOON + 2 * DAY).presented == 1
    home.world.c.execute(
        "update kw.occupancy set period = tstzrange(lower(period), %s) where connection = %s", (NOON + 3 * DAY, home.connection)
    )
    home.world.occupancy(home.connection, came, Period(NOON + 3 * DAY))
    assert again(home, NOON + 4 * DAY, reference="came", begin=NOON + 3 * DAY).presented == 1


# The same purpose is the same however it is spelt


@pytest.mark.parametrize("purpose", ["inzicht", "Inzicht!", " in zicht"])
def test_nothing_is_claimed_or_asked_wider_beside_a_permission_for_the_same_however_spelt(home: Home, purpose: str) -> None:
    claimed(home, kinds=(Kind.DAY,))
    assert silence(home.house, at=NOON + NOTICE) == 1
    late = NOON + NOTICE + DAY
    found = again(home, late, purpose=purpose)
    assert (found.presented, found.invalid) == (0, {"already_permitted": 1})
    assert ask(home.house, home.code(), home.ean(), wish(purpose=purpose), at=late).because == "already_permitted"
    assert again(home, late, purpose="inzichten", reference="other").presented == 1


def test_of_two_that_wait_for_the_same_spelt_otherwise_one_begins(home: Home) -> None:
    first = claimed(home, kinds=(Kind.DAY,))
    assert again(home, NOON, purpose="Inzicht!").presented == 1
    third = again(home, NOON, purpose="iets anders", reference="consent-3")
    assert third.presented == 1
    assert silence(home.house, at=NOON + NOTICE) == 2
    assert [home.events()[key][-1] for key in (first, first + 1, first + 2)] == ["granted", "found_invalid", "granted"]
    assert isinstance(home.may(NOON + NOTICE), Permit), "for the other purpose"


def test_who_says_yes_to_one_is_not_given_the_same_spelt_otherwise_beside_it(home: Home) -> None:
    one, other = (ask(home.house, home.code(), home.ean(), wish(purpose=each), at=NOON).id for each in ("inzicht", "In-zicht"))
    grant(home.house, home.person, one, at=NOON + DAY)
    with pytest.raises(permission.NoLongerHolds):
        grant(home.house, home.person, other, at=NOON + DAY)


class Together:
    """Looks at requests with somebody else: both have seen what there is before either goes on."""

    def __init__(self) -> None:
        """Wait for one other."""
        self._both, self._look = Barrier(2), requests.flaws

    def __call__(self, c: Connection[Any], keys: Sequence[int], at: datetime) -> dict[int, str]:
        found = self._look(c, keys, at)
        with suppress(BrokenBarrierError):
            self._both.wait(10)
        return found


@pytest.mark.parametrize("turn", range(3))
def test_who_says_yes_to_two_spellings_at_once_gives_one(home: Home, monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    spelt = "inzicht", f"In{'-' * turn} zicht"
    both = [ask(home.house, home.code(), home.ean(), wish(purpose=each), at=NOON).id for each in spelt]
    monkeypatch.setattr(requests, "flaws", Together())

    def yes(request: int) -> bool:
        try:
            grant(home.house, home.person, request, at=NOON + DAY)
        except AlreadyPermitted:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(yes, both)) == [False, True]
    assert sorted(home.events()[key][-1] for key in both) == ["granted", "presented"]


def test_a_renewal_is_not_given_beside_what_begins_then_for_the_same_spelt_otherwise(home: Home) -> None:
    until = NOON + 60 * DAY
    first = home.world.permission(home.connection, home.person, home.app, Period(NOON, until), mask=E_INTERVAL)
    assert again(home, NOON, purpose="In zicht!", begin=until).presented == 1
    assert silence(home.house, at=NOON + NOTICE) == 1
    with pytest.raises(AlreadyPermitted):
        reminders.renew(home.house, home.person, first, until=until + 60 * DAY, at=NOON + NOTICE)


# By letter


def test_a_veto_by_letter_is_the_operators_line_and_ends_it_whether_it_has_begun_or_not(home: Home) -> None:
    waits, began = claimed(home), claimed(home, reference="2", purpose="tweede")
    assert mandates.veto_by_letter(home.house, waits, at=NOON + DAY) is None
    assert silence(home.house, at=NOON + NOTICE) == 1
    assert mandates.veto_by_letter(home.house, began, at=NOON + NOTICE + DAY) is not None
    assert isinstance(home.may(NOON + NOTICE + DAY), Refusal)
    leaves = home.world.c.execute("select leaf from audit.pending union all select leaf from audit.entry order by 1").fetchall()
    lines = [json.loads(bytes(leaf)) for (leaf,) in leaves]
    by = {line["kind"]: line["actor"] for line in lines if line["kind"] in {"permission:rejected", "permission:revoked"}}
    assert by == {"permission:rejected": "operator", "permission:revoked": "operator"}
    assert again(home, NOON + NOTICE + 2 * DAY, reference="3").invalid == {"said_no": 1}


def test_a_no_by_letter_to_what_ran_out_and_was_renewed_ends_the_renewal(home: Home) -> None:
    claimed(home)
    assert silence(home.house, at=NOON + NOTICE) == 1
    row = home.world.c.execute("select id, upper(live) from kw.permission").fetchone()
    assert row is not None
    first, end = row
    renewed = reminders.renew(home.house, home.person, first, until=end + 90 * DAY, at=end - DAY)
    ends.sweep(home.house, at=end + DAY)
    desk.take_back_by_letter(home.house, first, at=end + 2 * DAY)
    said = dict(home.world.c.execute("select permission, event from kw.permission_event where event <> 'granted'").fetchall())
    assert said == {first: "expired", renewed: "revoked"}
    for number in (first, 999):
        with pytest.raises(permission.NoSuchPermission):
            desk.take_back_by_letter(home.house, number, at=end + 3 * DAY)


def test_a_veto_by_letter_of_nothing_changes_nothing(home: Home) -> None:
    request = claimed(home)
    asked = ask(home.house, home.code(), home.ean(), wish(purpose="iets anders"), at=NOON)
    for number in (asked.id, 999):
        with pytest.raises(permission.NoSuchRequest):
            mandates.veto_by_letter(home.house, number, at=NOON)
    mandates.veto_by_letter(home.house, request, at=NOON + DAY)
    with pytest.raises(AlreadyAnswered):
        mandates.veto_by_letter(home.house, request, at=NOON + DAY)


def test_what_who_left_said_yes_to_is_not_put_to_who_came(home: Home) -> None:
    place, came = home.world.connection(), home.world.subject()
    home.world.occupancy(place, home.world.subject(), Period(NOON - 90 * DAY, NOON - 30 * DAY))
    home.world.occupancy(place, came, Period(NOON - 30 * DAY))
    rows = [
        claim(home, ean=Home(home.house, home.world, place, came, home.app).ean(), reference=str(days), begin=NOON - days * DAY)
        for days in (31, 30)
    ]
    report = mandates.claim(home.house, home.code(), rows, at=NOON)
    assert (report.presented, report.invalid) == (1, {"nobody_lives_there": 1})
    assert [one.asked for one in waiting(home.house, came, at=NOON)] == [NOON]
    assert silence(home.house, at=NOON + NOTICE) == 1


def test_the_same_upload_again_changes_nothing_and_another_story_under_its_reference_neither(home: Home) -> None:
    claimed(home)
    again = mandates.claim(home.house, home.code(), [claim(home), claim(home, purpose="iets anders")], at=NOON + DAY)
    assert (again.presented, again.known, again.differs, again.invalid) == (0, 1, 1, {})


def test_what_does_not_hold_is_counted_by_reason(home: Home) -> None:
    empty = home.world.connection()
    row = home.world.c.execute("select ean from kw.connection where key = %s", (empty,)).fetchone()
    assert row is not None
    rows = [
        claim(home, reference="1", ean=Ean(ean(9999))),
        claim(home, reference="2", ean=Ean(row[0])),
        claim(home, reference="3", kinds=()),
        claim(home, reference="4"),
    ]
    report = mandates.claim(home.house, home.code(), rows, at=NOON)
    assert (report.presented, report.invalid) == (1, {"unknown_point": 1, "nobody_lives_there": 1, "scope": 1})
    with pytest.raises(NotFound):
        mandates.claim(home.house, "nobody", rows, at=NOON)


def test_a_claim_whose_customer_left_meanwhile_does_not_begin(home: Home) -> None:
    claimed(home)
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (NOON + DAY,))
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert home.told()[-1] == ("permission:found_invalid", NOON + NOTICE)


def test_where_another_body_grants_no_mandate_is_taken_and_none_begins(home: Home) -> None:
    claimed(home)
    there = replace(home.house, settings=replace(home.house.settings, permission_administrator="elsewhere"))
    with pytest.raises(permission.GrantedElsewhere):
        mandates.claim(there, home.code(), [claim(home)], at=NOON)
    assert silence(there, at=NOON + NOTICE) == 0


# What spoke against it meanwhile


def test_a_meter_that_was_refused_meanwhile_leaves_no_mandate_though_nobody_looked_before_it_was_back(home: Home) -> None:
    request = claimed(home)
    choose(home.house, home.person, home.connection, Choice.REFUSE, at=NOON + DAY)
    choose(home.house, home.person, home.connection, Choice.ON, at=NOON + 2 * DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert home.events()[request][-1] == "found_invalid"
    assert isinstance(home.may(NOON + NOTICE), Refusal)
    assert again(home, NOON + NOTICE + DAY).presented == 1, "it may be claimed anew, and the customer hears of it anew"


def test_a_party_that_was_suspended_meanwhile_has_no_mandate_though_nobody_looked_before_it_was_back(home: Home) -> None:
    claimed(home)
    suspending.suspend(home.house, home.code(), suspending.Because.SECURITY, at=NOON + DAY)
    suspending.reinstate(home.house, home.code(), at=NOON + 2 * DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert isinstance(home.may(NOON + NOTICE), Refusal)


def agreed_anew(home: Home, ended: datetime, begins: datetime) -> None:
    """Let the party's agreement end, and another one begin."""
    home.world.c.execute("update kw.agreement set period = tstzrange(lower(period), %s)", (ended,))
    home.world.agreement(home.app, Period(begins))


def came_back(home: Home, left: datetime, back: datetime) -> None:
    """Let the customer leave, and live there again."""
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (left,))
    home.world.occupancy(home.connection, home.person, Period(back))


@pytest.mark.parametrize("anew", [agreed_anew, came_back])
def test_what_a_mandate_rests_on_was_there_all_the_time_since_it_was_claimed(
    home: Home, anew: Callable[[Home, datetime, datetime], None]
) -> None:
    request = claimed(home)
    anew(home, NOON + DAY, NOON + 2 * DAY)
    assert silence(home.house, at=NOON + NOTICE) == 0
    assert home.events()[request][-1] == "found_invalid"
    assert isinstance(home.may(NOON + NOTICE), Refusal)


@pytest.mark.parametrize("anew", [agreed_anew, came_back])
def test_what_goes_on_without_a_gap_was_there_all_the_time(home: Home, anew: Callable[[Home, datetime, datetime], None]) -> None:
    claimed(home)
    anew(home, NOON + DAY, NOON + DAY)
    assert silence(home.house, at=NOON + NOTICE) == 1
    assert isinstance(home.may(NOON + NOTICE), Permit)


def test_who_is_asked_can_still_say_yes_when_it_is_over(home: Home) -> None:
    asked = ask(home.house, home.code(), home.ean(), wish(), at=NOON).id
    choose(home.house, home.person, home.connection, Choice.REFUSE, at=NOON + DAY)
    choose(home.house, home.person, home.connection, Choice.ON, at=NOON + 2 * DAY)
    grant(home.house, home.person, asked, at=NOON + 3 * DAY)
    assert isinstance(home.may(NOON + 3 * DAY, day=NOON + 3 * DAY), Permit)


# Evidence


def begun(home: Home, count: int) -> None:
    """Let so many mandates begin, each for another purpose."""
    rows = [claim(home, reference=f"r{n}", purpose=f"doel {n}") for n in range(count)]
    mandates.claim(home.house, home.code(), rows, at=NOON)
    assert silence(home.house, at=NOON + NOTICE) == count


def sampled(home: Home, seed: int) -> list[int]:
    rows = home.world.c.execute("select request from kw.mandate_sample where seed = %s order by request", (seed,)).fetchall()
    return [key for (key,) in rows]


def test_a_sample_follows_from_its_seed_and_asks_nothing_twice(home: Home) -> None:
    begun(home, 6)
    later = NOON + NOTICE + DAY
    first = mandates.sample(home.house, home.code(), most=3, seed=7, at=later)
    rest = mandates.sample(home.house, home.code(), most=9, seed=8, at=later)
    assert (len(first), len(rest)) == (3, 3)
    assert not set(sampled(home, 7)) & set(sampled(home, 8))
    assert mandates.sample(home.house, home.code(), most=9, seed=9, at=later) == []
    assert [kind for kind, _ in home.told()][-6:] == ["mandate:sampled"] * 6


def test_whoever_knows_the_seed_can_draw_the_same_again(home: Home) -> None:
    """Nobody chose them: neither the operator nor the party could know before the seed was said which ones it would be."""
    begun(home, 12)
    every = [key for (key,) in home.world.c.execute("select id from kw.permission_request order by id").fetchall()]
    mandates.sample(home.house, home.code(), most=4, seed=2026, at=NOON + NOTICE + DAY)
    drawn = sorted(every, key=lambda key: sha256(f"2026|{key}".encode()).digest())[:4]
    assert sampled(home, 2026) == sorted(drawn)
    leaves = home.world.c.execute("select leaf from audit.pending where kind = 'mandate:sampled'").fetchall()
    assert [json.loads(bytes(leaf))["body"]["seed"] for (leaf,) in leaves] == [2026] * 4, "the log is told by which"
    assert sorted(drawn) not in [every[n : n + 4] for n in range(9)], "not just some that follow one another"


def test_evidence_that_is_shown_changes_nothing(home: Home) -> None:
    begun(home, 1)
    later = NOON + NOTICE + DAY
    (number,) = mandates.sample(home.house, home.code(), most=1, seed=1, at=later)
    mandates.show(home.house, number, held=True, at=later + DAY)
    assert mandates.overdue(home.house, at=later + 30 * DAY) == 0
    assert isinstance(home.may(later + 30 * DAY), Permit)
    with pytest.raises(AlreadyAnswered):
        mandates.show(home.house, number, held=False, at=later + DAY)
    with pytest.raises(NotFound):
        mandates.show(home.house, number + 1, held=True, at=later + DAY)
    assert home.told()[-1] == ("mandate:evidenced", later + DAY)


def test_evidence_that_is_judged_while_a_night_looks_for_what_is_overdue_stops_no_night(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(home, 1)
    later = NOON + NOTICE + DAY
    (number,) = mandates.sample(home.house, home.code(), most=1, seed=1, at=later)
    look, looks = samples.overdue, list[list[int]]()

    def looked(c: Connection[Any], at: datetime, most: int) -> list[int]:
        looks.append(look(c, at, most))
        if len(looks) == 1:
            mandates.show(home.house, number, held=True, at=later + DAY)
        return looks[-1]

    monkeypatch.setattr(samples, "overdue", looked)
    assert mandates.overdue(home.house, at=later + 30 * DAY) == 0
    assert looks == [[number], []]
    assert isinstance(home.may(later + 30 * DAY), Permit)


@pytest.mark.parametrize("late", [False, True])
def test_a_party_that_cannot_show_its_evidence_loses_all_its_permissions(home: Home, late: bool) -> None:  # noqa: FBT001 - a case
    begun(home, 3)
    other = home.world.party("third_party")
    home.world.agreement(other)
    home.world.permission(home.connection, home.person, other)
    later = NOON + NOTICE + DAY
    (number,) = mandates.sample(home.house, home.code(), most=1, seed=1, at=later)
    when = later + mandates.SHOW_WITHIN if late else later + DAY
    if late:
        assert [mandates.overdue(home.house, at=when) for _ in range(2)] == [1, 0]
    else:
        mandates.show(home.house, number, held=False, at=when)
    assert home.ended() == [("invalidated", when, "party_suspended")] * 3
    assert isinstance(home.may(when), Refusal)
    assert isinstance(home.may(when, party=other), Permit)
    kinds = [kind for kind, at in home.told() if at == when]
    assert kinds == ["mandate:failed", "suspension:began", *["permission:invalidated"] * 3]
    with home.house.operator() as c:
        assert [parties.suspended(c, one, when) for one in (home.app, other)] == [True, False]
        parties.reinstate(c, home.app, when + DAY)
    assert isinstance(home.may(when + 2 * DAY), Refusal), "with the party nothing comes back"
