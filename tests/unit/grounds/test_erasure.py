"""Erasure is decided per ground: consent that was taken back frees, consent that lives does not, a task under law holds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import conduct, retention
from kwartier.grounds.erasure import TASK, Answer, Erasure, Fate, Held, Stay, decide_erasure
from kwartier.grounds.retention import Kept
from kwartier.model.ground import Permission
from kwartier.model.period import Period, midnight
from kwartier.model.register import ALL_MASK

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
C2, S1, S2, T1 = (1 << no for no in (2, 3, 4, 7))
LAST = date(2026, 11, 20)
PAST = Period(midnight(date(2020, 1, 1)), midnight(date(2026, 11, 21)))
HERE = Period(midnight(date(2020, 1, 1)))


def permission(party: int | None, until: datetime | None = None) -> Permission:
    """Return a permission that lives up to a moment, or on."""
    return Permission(1, 1, party, ALL_MASK, "x", Period(PAST.start), Period(PAST.start, until))


def held(rules: int, last: date = LAST, connection: int = 7) -> Held:
    return Held(connection, rules, date(2026, 11, 1), last)


def decided(stay: Stay, *readings: Held) -> Erasure:
    return decide_erasure([stay], readings, at=NOW)


def about(found: Erasure) -> dict[str, Fate]:
    return {one.about: one.fate for one in found.answers if one.connection is not None}


def test_what_rests_on_a_consent_that_was_taken_back_goes() -> None:
    found = decided(
        Stay(7, PAST, (permission(None, NOW - timedelta(days=9)), permission(3, NOW))), held(C2), held(T1), held(C2 | T1)
    )
    assert about(found) == {"C2": Fate.ERASED, "T1": Fate.ERASED}
    assert found.whole
    (freed,) = found.freed
    assert (freed.connection, freed.period, freed.rules) == (7, PAST, C2 | T1)


def test_a_consent_that_lives_is_taken_back_first_and_holds_its_own_ground_only() -> None:
    found = decided(Stay(7, PAST, (permission(3),)), held(C2), held(T1))
    assert about(found) == {"C2": Fate.ERASED, "T1": Fate.WITHDRAW_FIRST}
    assert not found.whole
    assert [one.rules for one in found.freed] == [C2]


def test_a_task_under_law_stays_until_its_term_and_the_answer_says_when() -> None:
    found = decided(Stay(7, PAST), held(S1), held(S2, date(2023, 3, 1)))
    kept = {one.about: one for one in found.answers if one.fate is Fate.KEPT}
    assert kept["S1"].until == date(2028, 11, 20)
    assert kept["S2"].until == date(2028, 3, 1)
    assert kept["S1"].article == TASK
    assert "20-11-2028" in kept["S1"].nl
    assert "2028-11-20" in kept["S1"].en
    assert kept[Kept.PERSONS].fate is Fate.KEPT
    assert not found.whole


def test_readings_on_two_grounds_stay_on_the_one_and_lose_the_other() -> None:
    found = decided(Stay(7, PAST), held(S1 | C2))
    assert about(found) == {"S1": Fate.KEPT, "C2": Fate.ERASED}
    assert [one.rules for one in found.freed] == [C2 | T1]
    said = next(one for one in found.answers if one.about == "C2")
    assert "stay on the other ground" in said.en


def test_a_task_whose_term_is_over_holds_nothing() -> None:
    found = decided(Stay(7, PAST), held(S1, date(2024, 1, 1)))
    assert about(found) == {"S1": Fate.ERASED}
    assert found.whole


@pytest.mark.parametrize(
    "stay",
    [Stay(7, HERE), Stay(7, PAST, (permission(3),)), Stay(7, PAST, (permission(None),))],
    ids=["lives-there", "permission-lives", "opt-in-lives"],
)
def test_who_lives_there_or_has_a_permission_that_lives_is_not_forgotten(stay: Stay) -> None:
    found = decided(stay)
    assert not found.whole
    assert next(one for one in found.answers if one.about == Kept.PERSONS).fate is Fate.KEPT


def test_what_is_freed_ends_when_it_was_asked_and_not_before_it_began() -> None:
    later = Stay(8, Period(NOW + timedelta(days=1)))
    found = decide_erasure([Stay(7, HERE, closes=True), later], [], at=NOW)
    (freed,) = found.freed
    assert freed.period == Period(HERE.start, NOW)
    assert not freed.closes, "the register of a moment that has not come belongs to what comes"


def test_of_two_stays_at_one_connection_a_consent_that_lives_holds_both() -> None:
    early = Stay(7, Period(midnight(date(2020, 1, 1)), midnight(date(2022, 1, 1))))
    found = decide_erasure([early, Stay(7, HERE, (permission(None),))], [held(C2)], at=NOW)
    assert [one.rules for one in found.freed] == [T1, T1]
    assert about(found) == {"C2": Fate.WITHDRAW_FIRST}


RULES = st.lists(st.sampled_from([C2, S1, S2, T1, 1 << 5, 1 << 6]), min_size=1, unique=True).map(sum)
LIVES = st.tuples(st.sampled_from([None, 3]), st.sampled_from([NOW - timedelta(days=1), NOW + timedelta(days=1), None]))


@given(RULES, st.dates(date(2019, 1, 1), date(2026, 11, 20)), st.lists(LIVES, max_size=3))
def test_what_goes_has_no_ground_and_what_has_none_goes(
    rules: int, last: date, permissions: list[tuple[int | None, datetime | None]]
) -> None:
    """The answer and what the lake will do say the same: a row goes when nothing holding is left of its basis."""
    stay = Stay(7, PAST, tuple(permission(*one) for one in permissions))
    found = decided(stay, Held(7, rules, last, last))
    (freed,) = found.freed
    goes = rules & retention.holding(last, NOW) & ~freed.rules == 0
    fates = {one.fate for one in found.answers if one.connection is not None}
    assert goes == (fates == {Fate.ERASED})
    assert freed.rules & ~retention.consent() == 0, "no task is ever freed"
    for party, until in permissions:
        if until is None or until > NOW:
            assert not freed.rules & (C2 if party is None else T1)


def test_every_answer_is_said_in_both_languages_with_its_article() -> None:
    answers: list[Answer] = []
    for stay in (Stay(7, PAST), Stay(7, HERE, (permission(3),))):
        answers += decided(stay, *(held(1 << rule.no) for rule in retention.keeping())).answers
    assert {one.fate for one in answers} == set(Fate)
    for one in answers:
        assert one.nl
        assert one.en
        assert one.nl != one.en
        assert one.article.startswith("GDPR art. ")
    assert replace(answers[0], nl="") != answers[0]
    assert conduct.rule(2).title_nl in next(one.nl for one in answers if one.about == "C2")


def without_rule(found: Erasure) -> set[tuple[str, Fate]]:
    return {(one.about, one.fate) for one in found.answers if one.connection is None}


def test_what_no_rule_holds_and_a_restriction_does_is_told_to_stay() -> None:
    kinds = {Kept.QUARANTINE, Kept.DOCUMENTS, Kept.SIGHTS}
    found = without_rule(decided(replace(Stay(7, PAST), restricted=True)))
    assert found == {(str(kind), Fate.KEPT) for kind in kinds | {Kept.PERSONS}} | {(str(Kept.LETTERS), Fate.ERASED)}
    both = without_rule(decide_erasure([replace(Stay(7, PAST), restricted=True), Stay(8, PAST)], (), at=NOW))
    assert both == found | {(str(kind), Fate.ERASED) for kind in kinds}, "the one here, the other there"


def test_the_name_of_who_left_and_restricted_is_told_to_stay_for_that() -> None:
    found = decided(replace(Stay(7, PAST), restricted=True))
    (name,) = (one for one in found.answers if one.about == Kept.PERSONS)
    assert "restricted" in name.en and "beperken" in name.nl  # noqa: PT018 - in both languages
