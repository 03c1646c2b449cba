"""The public page has every row of the code of conduct, and its legal references in the reader's language."""

import re
from datetime import date

import pytest

from kwartier.grounds import conduct
from kwartier.grounds.conduct import EDITIONS
from kwartier.model.ground import DataClass, Purpose, UseCase
from kwartier.model.period import Period, midnight
from kwartier.store.registry.use_cases import UseCaseRow
from kwartier.web.portal.show_conduct import editions, uses
from kwartier.web.portal.words import Words


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("day", "order"),
    [
        (date(2026, 12, 31), [("2026", "now"), ("2028", "coming"), ("2027", "coming"), ("leaflet", "earlier")]),
        (date(2027, 1, 1), [("2027", "now"), ("2028", "coming"), ("2026", "earlier"), ("leaflet", "earlier")]),
        (date(2025, 1, 1), [("leaflet", "now"), ("2028", "coming"), ("2027", "coming"), ("2026", "coming")]),
    ],
)
def test_every_row_is_there_the_edition_in_force_first(language: str, day: date, order: list[tuple[str, str]]) -> None:
    shown = editions(Words(language), EDITIONS, midnight(day))
    assert [(one.id, one.when) for one in shown] == order
    for told in shown:
        edition = conduct.edition(told.id)
        assert [row.id for row in (*told.grants, *told.denials)] == [rule.id for rule in edition.rules]
        assert all(row.title and row.says and row.leaflet and row.article for row in (*told.grants, *told.denials))
        assert all(row.data and len(row.terms) == 5 and all(map(all, row.terms)) for row in told.grants)
        assert not any(row.terms for row in told.denials)
        assert len(told.when_off) == len(DataClass)


def test_how_long_readings_are_kept_is_said_as_a_time_and_from_when_it_changed() -> None:
    shown = {one.id: one for one in editions(Words("en"), EDITIONS, midnight(date(2027, 6, 1)))}
    kept = {edition: {row.id: dict(row.terms)["Kept"] for row in one.grants} for edition, one in shown.items()}
    assert (kept["2027"]["S1"], kept["2027"]["S2"], kept["2027"]["T1"], kept["2027"]["S5"]) == (
        *("2 years", "5 years", "1 year, 1 month", "5 years"),
    )
    assert kept["leaflet"]["S1"] == "5 years; from 1 Jan 2020 2 years"
    assert kept["2027"]["O8"] == "Sums only, no values of a home"
    dutch = {one.id: one for one in editions(Words("nl"), EDITIONS, midnight(date(2027, 6, 1)))}
    assert dict(dutch["2027"].grants[6].terms)["Bewaard"] == "1 jaar, 1 maand"


def test_what_may_be_read_of_a_meter_that_is_off_stands_on_the_page() -> None:
    (now, *_) = editions(Words("en"), EDITIONS, midnight(date(2026, 6, 1)))
    assert dict(now.when_off)["Registers"] == dict(now.when_off)["Voltage"] == "is never read"
    assert dict(now.when_off)["Whether it is off"] == "may be read and set"


def test_dutch_references_have_no_english_words() -> None:
    english = re.compile(r"\b(GDPR|Directive|Regulation|and|not|read|until|from|the|by|decree|chapter|approved|data)\b")
    for edition in editions(Words("nl"), EDITIONS, midnight(date(2026, 6, 1))):
        for row in (*edition.grants, *edition.denials):
            assert english.search(row.article) is None, row.article


def test_a_use_of_the_operator_is_shown_with_its_reasons_and_its_end() -> None:
    year = Period(midnight(date(2026, 1, 1)), midnight(date(2027, 1, 1)))
    loss = UseCase(1, Purpose.ENERGY_LOSS, DataClass.PROFILE, 6, "wijk-01", year, year, 14, 10)
    care = UseCase(2, Purpose.DEVICE_CARE, DataClass.DEVICE_STATE, 0, "wijk-01", year, year, 12, 2)
    rows = [
        UseCaseRow("loss", loss, "privacy officer", "need", "no other way", "no more"),
        UseCaseRow("care", care, "x", "n", "s", "p"),
    ]
    first, second = uses(Words("en"), rows, midnight(date(2026, 6, 1)))
    assert (first.rule, second.rule) == ("O1", "O4")
    facts = dict(second.facts)
    assert facts["Necessity"] == "Need"
    assert facts["Approved by"] == "Privacy officer"
    assert facts["Approved"] == "From 1 Jan 2026 up to and including 31 Dec 2026"
    assert facts["Group"] == "No figure over fewer than 10 homes"
    assert dict(first.facts)["Which data"] == "No usage"
    long = Period(year.start, midnight(date(2029, 1, 1)))
    traced = UseCaseRow(
        "traced", UseCase(4, Purpose.OUTAGE, DataClass.PROFILE, 6, "wijk-01", long, long, 14, 10), "x", "n", "s", "p"
    )
    days = [midnight(date(one, 12, 31)) for one in (2027, 2028)]
    assert [len(uses(Words("nl"), [traced], day)) for day in days] == [1, 0], "from 2028 on it grants nothing"
    market = UseCase(3, Purpose.ALLOCATION, DataClass.REGISTER, 16, "wijk-01", year, year, 366, 10)
    row = UseCaseRow("allocation", market, "x", "n", "s", "p")
    assert uses(Words("nl"), [row], midnight(date(2026, 6, 1))) == [], "that edition knows no such use"
    assert [one.rule for one in uses(Words("nl"), [row], midnight(date(2027, 6, 1)))] == ["O8"]
