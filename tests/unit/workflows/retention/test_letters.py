"""Letters to customers that nobody took from their folder: they go after their term, and with whom they are to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.grounds import retention as table
from kwartier.grounds.retention import Kept
from kwartier.model.period import Period, midnight
from kwartier.workflows import retention
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import letters, mandates
from kwartier.workflows.rights import erasure
from permission_support import E_INTERVAL, Home, claim
from registry_support import World, on

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
END = on("2027-11-01")


@pytest.fixture
def home(opened: Installation, facts: World) -> Home:
    return Home.begin(opened, facts)


def claimed(home: Home, at: datetime, purpose: str) -> int:
    """Claim a mandate, whose letter lies there from then on; return its request."""
    row = claim(home, reference=purpose, purpose=purpose, begin=at, end=END)
    assert mandates.claim(home.house, home.code(), [row], at=at).presented == 1
    return max(home.events())


def lying(home: Home) -> list[str]:
    return sorted(path.name for path in home.house.letters.iterdir())


def test_one_that_nobody_took_goes_after_its_term(home: Home) -> None:
    oldest = midnight(table.oldest(Kept.LETTERS, NOW))
    claimed(home, oldest - timedelta(seconds=1), "oud")
    new = claimed(home, oldest, "nieuw")
    (home.house.letters / f"mandate-{new}.letter.aside").write_text("of a crash")
    assert retention.nightly(home.house, at=NOW).counts["letters"] == 1
    assert lying(home) == [f"mandate-{new}.letter.aside", f"mandate-{new}.letter.json"]
    assert retention.nightly(home.house, at=NOW + timedelta(hours=1)).counts["letters"] == 0
    assert retention.nightly(home.house, at=NOW + timedelta(days=1)).counts["letters"] == 1
    assert lying(home) == []


@pytest.mark.parametrize("notice_days", [31, 45, 365])
def test_one_goes_only_after_the_day_has_passed_until_which_its_customer_may_answer(home: Home, notice_days: int) -> None:
    patient = replace(home, house=replace(home.house, settings=replace(home.house.settings, mandate_notice_days=notice_days)))
    waits = claimed(patient, NOW, "een")
    last = NOW + timedelta(days=notice_days)
    for day in (NOW + timedelta(days=31), last - timedelta(days=1), last):
        retention.nightly(home.house, at=day)
        assert lying(home) == [f"mandate-{waits}.letter.json"], "perhaps nobody posted it yet"
    assert retention.nightly(home.house, at=last + timedelta(days=1)).counts["letters"] == 1
    assert lying(home) == []


def test_one_whose_term_and_day_ended_at_once_or_before_the_first_run_goes_too(home: Home) -> None:
    claimed(home, NOW - timedelta(days=400), "oud")
    patient = replace(home, house=replace(home.house, settings=replace(home.house.settings, mandate_notice_days=40)))
    claimed(patient, NOW, "nieuw")
    assert retention.nightly(home.house, at=NOW).counts["letters"] == 1
    assert retention.nightly(home.house, at=NOW + timedelta(days=100)).counts["letters"] == 1
    assert lying(home) == []


def test_one_that_was_written_anew_goes_by_its_last_day(home: Home) -> None:
    begun = NOW - timedelta(days=29)
    waits = claimed(home, begun, "een")
    letters.write_anew(home.house, at=NOW - timedelta(days=2))
    for day in (NOW, NOW + timedelta(days=3), NOW + timedelta(days=27)):
        retention.nightly(home.house, at=day)
        assert lying(home) == [f"mandate-{waits}.letter.json"]
    assert retention.nightly(home.house, at=NOW + timedelta(days=30)).counts["letters"] == 1
    assert lying(home) == []


def test_a_reminder_goes_only_after_the_permission_ended(home: Home) -> None:
    end = NOW + timedelta(days=45)
    number = home.world.permission(home.connection, home.person, home.app, Period(on("2026-01-01"), end), mask=E_INTERVAL)
    home.world.c.execute("insert into kw.permission_reminder (permission, days, at) values (%s, 45, %s)", (number, NOW))
    letters.lay(home.house, at=NOW)
    retention.nightly(home.house, at=end)
    assert lying(home) == [f"reminder-{number}-45.letter.json"]
    retention.nightly(home.house, at=end + timedelta(days=1))
    assert lying(home) == []


def test_an_erasure_takes_those_that_lie_there_but_not_one_to_which_silence_would_be_an_answer(home: Home) -> None:
    answered, waits = claimed(home, NOW, "een"), claimed(home, NOW, "twee")
    mandates.veto(home.house, home.person, answered, at=NOW)
    erase(home)
    assert lying(home) == [f"mandate-{waits}.letter.json"]


def test_whoever_is_forgotten_has_no_letter_left(home: Home) -> None:
    claimed(home, NOW - timedelta(days=2), "een")
    home.world.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s)", (NOW - timedelta(days=1),))
    erase(home)
    assert home.world.c.execute("select from kw.subject where code like 'forgotten:%'").fetchall() == [()]
    assert lying(home) == []


def erase(home: Home) -> None:
    """Let the person have erased what may be, and a night carry it out."""
    erasure.erase(home.house, home.person, at=NOW)
    assert retention.nightly(home.house, at=NOW).counts["erasures"] == 1
