"""The retention table is data: complete, dated, and the page is what it says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import conduct, retention
from kwartier.grounds.digest import digest_of_term
from kwartier.grounds.published import TERMS
from kwartier.grounds.retention import Kept, Term
from kwartier.model.ground import Purpose, Role
from kwartier.model.period import Period

PAGE = Path(__file__).parents[3] / "docs" / "RETENTION.md"
NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


def test_the_page_is_what_the_table_says() -> None:
    table = PAGE.read_text("utf-8").split("<!-- table: scripts/write_retention.py -->\n")[1].split("<!-- end of table -->")[0]
    assert table == retention.as_markdown(), "run scripts/write_retention.py"


def test_every_rule_that_keeps_readings_says_how_long() -> None:
    for rule in retention.keeping():
        for at in (datetime(2018, 1, 1, tzinfo=UTC), NOW):
            assert retention.of_rule(rule, at).term.before(date(2020, 1, 1)) < date(2020, 1, 1)


@pytest.mark.parametrize("kept", [kept for kept in Kept if kept is not Kept.READINGS])
def test_everything_else_has_one_row_at_a_time(kept: Kept) -> None:
    assert len([row for row in retention.in_force(NOW) if row.kept is kept]) == 1
    assert retention.oldest(kept, NOW) <= NOW.date()


def test_a_row_has_its_words_in_both_languages_and_says_whose_choice_it_is() -> None:
    for row in retention.TABLE:
        assert all((row.en, row.nl, row.source))
        assert (row.certainty is None) == ("our choice" in row.source and "annex" not in row.source), row.en


def test_the_more_particular_row_counts_for_readings() -> None:
    assert str(retention.of_rule(conduct.rule(4), NOW).term) == "5 years"
    assert str(retention.of_rule(conduct.rule(3), NOW).term) == "2 years"
    assert str(retention.of_rule(conduct.rule(7), NOW).term) == "1 year, 1 month"


def test_the_row_of_the_day_of_the_run_counts() -> None:
    then = datetime(2019, 6, 1, tzinfo=UTC)
    assert str(retention.of_rule(conduct.rule(3), then).term) == "5 years"


def test_a_day_is_held_by_the_rules_whose_term_is_not_over() -> None:
    day = date(2026, 11, 26)
    assert retention.holding(day, NOW) == 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 17
    assert retention.holding(date(2025, 10, 27), NOW) & 1 << 7
    assert not retention.holding(date(2025, 10, 26), NOW) & 1 << 7
    assert retention.holding(date(2023, 1, 1), NOW) == 1 << 4 | 1 << 5 | 1 << 6
    assert retention.holding(date(2021, 11, 26), NOW) == 0


@given(DAYS, st.integers(0, 4000))
def test_what_is_not_held_any_more_is_never_held_again(day: date, later: int) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    after = at + timedelta(days=later)
    if after.year < 2100 and (at.year >= 2020 or after.year < 2020):
        assert retention.holding(day, after) & ~retention.holding(day, at) == 0


@given(DAYS, st.integers(0, 120), st.integers(0, 40))
def test_a_longer_term_reaches_further_back(day: date, months: int, days: int) -> None:
    assert Term(months + 1, days).before(day) < Term(months, days).before(day) <= day
    assert Term(months, days + 1).before(day) < Term(months, days).before(day)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 24, date(2024, 12, 31)),
    ],
)
def test_a_month_back_is_the_same_day_or_the_last(day: date, months: int, before: date) -> None:
    assert Term(months).before(day) == before


def test_consent_is_the_customers_own_page_and_third_parties() -> None:
    assert retention.consent() == 1 << 2 | 1 << 7


def test_a_rule_without_a_row_is_said_so() -> None:
    denial = next(row for row in conduct.edition_at(NOW).denials)
    with pytest.raises(LookupError):
        retention.of_rule(denial, NOW)
    assert {row.role for row in retention.TABLE if row.role} == {Role.SUPPLIER, Role.CUSTOMER, Role.THIRD_PARTY, Role.OPERATOR}
    assert all(row.purposes <= set(Purpose) for row in retention.TABLE)


def test_a_term_that_was_published_stays_as_it_is_and_another_one_is_a_row_at_the_end() -> None:
    digests = [digest_of_term(row) for row in retention.TABLE]
    assert tuple(digests[: len(TERMS)]) == TERMS
    assert len(digests) == len(TERMS), "a line for every row that is added"
    assert len(set(digests)) == len(digests)


def test_no_two_terms_of_one_thing_hold_at_once() -> None:
    for one, other in combinations(retention.TABLE, 2):
        same = (one.kept, one.role, one.purposes) == (other.kept, other.role, other.purposes)
        assert not (same and one.in_force.overlaps(other.in_force)), one.en


def test_the_digest_of_a_term_is_over_what_it_means_and_not_over_its_words() -> None:
    row = retention.TABLE[0]
    ended = replace(row, in_force=Period(row.in_force.start, NOW), en="put better", source="another page")
    assert digest_of_term(ended) == digest_of_term(row)
    changed = (
        replace(row, term=Term(59)),
        replace(row, kept=Kept.PARCELS),
        replace(row, role=Role.OPERATOR),
        replace(row, purposes=frozenset()),
        replace(row, certainty=None),
        replace(row, in_force=Period(NOW)),
    )
    assert len({digest_of_term(one) for one in (row, *changed)}) == len(changed) + 1
