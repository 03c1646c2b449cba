"""The code of conduct is data: complete, dated, numbered for ever, and its page is what the table says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kwartier.grounds import conduct
from kwartier.grounds.digest import digest
from kwartier.grounds.errors import NoEdition
from kwartier.grounds.published import DIGESTS
from kwartier.grounds.rule import EVERY_DAY, Schedule
from kwartier.grounds.terms import TERMS, WORDS, About, Frequency, History, Logging, Retention
from kwartier.model.errors import BadInput
from kwartier.model.ground import USAGE, DataClass, Purpose, Role
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK

PAGE = Path(__file__).parents[3] / "docs" / "GROUNDS.md"
ROWS = [(edition, row) for edition in conduct.EDITIONS for row in edition.rules]
EVER = {
    "C1": 1,
    "C2": 2,
    "S1": 3,
    "S2": 4,
    "S3": 5,
    "S4": 6,
    "T1": 7,
    "S5": 18,
    "O1": 8,
    "O2": 9,
    "O3": 10,
    "O4": 11,
    "O5": 12,
    "O6": 13,
    "O7": 14,
    "O8": 15,
    "O9": 16,
    "O10": 17,
    "F0": 62,
    "F1": 61,
    "F2": 60,
    "F3": 59,
    "F4": 58,
    "F5": 57,
    "F6": 56,
    "F7": 55,
    "F8": 54,
    "F9": 53,
    "F10": 52,
    "F11": 51,
    "F12": 50,
    "F13": 49,
    "F16": 46,
    "F14": 48,
    "F15": 47,
}


def test_what_is_published_stays_as_it_is() -> None:
    """If this fails, do not change the digest: make the change as a new edition, with a date."""
    assert list(DIGESTS) == [edition.id for edition in conduct.EDITIONS]
    assert {edition.id: digest(edition) for edition in conduct.EDITIONS} == dict(DIGESTS)


@pytest.mark.parametrize(
    "change",
    [
        {"mask": 2},
        {"schedule": Schedule(days=(3,))},
        {"keeps": False},
        {"actions": ()},
        {"condition": conduct.Condition.OCCUPANT},
        {"article": "another"},
        {"terms": TERMS["C1"]},
    ],
)
def test_a_change_of_meaning_changes_the_digest(change: dict[str, Any]) -> None:
    edition = conduct.EDITIONS[1]
    rules = tuple(replace(rule, **change) if rule.id == "S1" else rule for rule in edition.rules)
    assert digest(replace(edition, rules=rules)) != DIGESTS["2026"]


def test_neither_better_words_nor_its_end_change_what_an_edition_means() -> None:
    edition = conduct.EDITIONS[-1]
    better = tuple(replace(rule, nl="Beter gezegd.", title_en="Better") for rule in edition.rules)
    ended = Period(edition.in_force.start, edition.in_force.start + timedelta(days=400))
    assert digest(replace(edition, rules=better, in_force=ended, title_nl="Anders")) == DIGESTS["2028"]
    off = tuple(replace(row, readable=True) for row in edition.when_off)
    assert digest(replace(edition, when_off=off)) != DIGESTS["2028"]


def test_the_terms_say_what_the_rows_do() -> None:
    for edition, row in ROWS:
        if not row.grants:
            assert row.terms is None
            continue
        assert row.terms is not None, (edition.id, row.id)
        summed = bool(row.mask) and not row.keeps
        assert (row.terms.retention is Retention.SUMS) is summed
        assert (row.terms.about is not About.PERSON) is summed
        assert (row.terms.about is About.NOBODY) is row.station
        assert (row.terms.retention is Retention.NO_USAGE) is not row.mask
        assert (row.terms.frequency is Frequency.USE_CASE_LIMIT) is (row.condition is conduct.Condition.USE_CASE)
        assert (row.terms.frequency is Frequency.SCHEDULE) is (row.condition is conduct.Condition.SCHEDULE)
    assert all(WORDS[term] for kind in (History, Frequency, Retention, About, Logging) for term in kind)


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == conduct.as_markdown(), "run scripts/write_grounds.py"


def test_numbers_stay_for_ever() -> None:
    """The store keeps these numbers: a line may be added here, never changed."""
    for _, row in ROWS:
        assert EVER[row.id] == row.no
        assert conduct.rule(row.no).id == row.id
    assert sorted(EVER.values()) == sorted(set(EVER.values()))
    assert all(1 <= no <= 62 for no in EVER.values())


def test_an_unknown_number_or_edition_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        conduct.rule(40)
    with pytest.raises(KeyError):
        conduct.edition("2031")


def test_editions_follow_each_other_and_the_last_is_open() -> None:
    for earlier, later in zip(conduct.EDITIONS, conduct.EDITIONS[1:], strict=False):
        assert earlier.in_force.end == later.in_force.start
    assert conduct.EDITIONS[-1].in_force.end is None
    assert [edition.id for edition in conduct.EDITIONS] == ["leaflet", "2026", "2027", "2028"]


def test_the_edition_is_the_one_of_the_moment() -> None:
    turn = midnight(date(2026, 1, 1))
    assert conduct.edition_at(turn - timedelta(seconds=1)).id == "leaflet"
    assert conduct.edition_at(turn).id == "2026"
    with pytest.raises(BadInput):
        conduct.edition_at(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive moment is what is tested
    with pytest.raises(NoEdition):
        conduct.edition_at(datetime(1990, 1, 1, tzinfo=UTC))


def test_each_role_and_purpose_has_one_row_at_most() -> None:
    assert {row.purpose for row in conduct.EDITIONS[-1].grants} == set(Purpose)
    for edition in conduct.EDITIONS:
        keys = [(row.role, row.purpose, row.station) for row in edition.grants]
        assert len(keys) == len(set(keys))
        assert {row.purpose for row in edition.grants} <= set(Purpose)
        assert edition.grant(Role.SUPPLIER, Purpose.THIRD_PARTY_SERVICE) is None
        assert edition.grants + edition.denials == edition.rules


def test_every_row_says_why_in_both_languages_with_article_and_sentence() -> None:
    for _, row in ROWS:
        assert row.nl.endswith(".")
        assert row.en.endswith(".")
        assert row.nl != row.en
        assert row.article
        assert row.sentence in conduct.SENTENCES
        assert row.title_nl
        assert row.title_en


def test_a_row_that_leans_on_an_article_nobody_read_says_so() -> None:
    for _, row in ROWS:
        if "not read" in row.article:
            assert row.article_certainty is conduct.Certainty.UNREAD
        if "Energiewet" in row.article:
            assert "article not read" in row.article


def test_a_supplier_never_gets_more_than_day_registers_and_sums_are_not_kept() -> None:
    for _, row in ROWS:
        if row.role is Role.SUPPLIER:
            assert row.mask == DAY_MASK
        sums = row.role is Role.OPERATOR and bool(row.mask) and row.purpose is not Purpose.SUPPLIER_DEFAULT
        assert row.keeps is not sums, "grid care and allocation add usage up and keep none"


def test_six_times_a_year_then_and_every_day_now() -> None:
    then, now, *soon = (edition.rule("S1").schedule for edition in conduct.EDITIONS)
    year = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(then.falls_on, year)) == 6
    assert all(map(now.falls_on, year))
    assert {now, *soon} == {EVERY_DAY}
    assert Schedule(months=(2,)).falls_on(date(2025, 2, 17))
    assert not Schedule(days=(1,)).falls_on(date(2025, 2, 17))


def test_off_means_off_for_every_class_of_data() -> None:
    for edition in conduct.EDITIONS:
        assert {row.data_class for row in edition.when_off} == set(DataClass)
        readable = {data_class for data_class in DataClass if edition.readable_when_off(data_class, edition.in_force.start)}
        assert readable == {DataClass.ADMINISTRATIVE_STATUS}, "the switch itself, or nobody could switch off"
        assert {row.data_class for row in edition.when_off if not row.readable} >= USAGE


def test_the_table_says_which_noes_hold_for_a_while() -> None:
    """No agreement, a suspended one, processing that the customer had restricted; what grants has nothing to say of it."""
    assert {"F3", "F13", "F14"} == conduct.PASSING
    assert not [row.id for _, row in ROWS if row.grants and row.passes]
