"""A right is answered per ground, and in time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import conduct, rights
from kwartier.grounds.rights import Base, Right, Why
from kwartier.grounds.rule import Condition
from kwartier.model.period import day_of, from_epoch_s, midnight

RULES = conduct.EDITIONS[-1].rules
BY_ID = {rule.id: rule for rule in RULES}


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        ((2026, 1, 31, 10), (2026, 3, 1)),
        ((2028, 1, 31, 10), (2028, 3, 1)),
        ((2026, 11, 27, 10), (2026, 12, 28)),
        ((2026, 12, 15, 23), (2027, 1, 17)),  # already the sixteenth in the Netherlands
        ((2026, 2, 28, 10), (2026, 3, 29)),
    ],
)
def test_a_month_is_a_calendar_month_to_its_last_moment(asked: tuple[int, ...], until: tuple[int, int, int]) -> None:
    assert rights.due(datetime(*asked, tzinfo=UTC)) == midnight(date(*until))  # type: ignore[misc, arg-type]  # unpacked numbers


@given(st.integers(1_527_200_000, 3_800_000_000).map(from_epoch_s))
def test_no_term_is_longer_than_the_law_gives_and_the_longer_one_is_longer(asked: datetime) -> None:
    month, three = rights.due(asked), rights.due(asked, rights.EXTENDED_MONTHS)
    assert timedelta(days=27) < month - asked <= timedelta(days=32, hours=1)
    assert timedelta(days=88) < three - asked <= timedelta(days=93, hours=1)
    assert day_of(month - timedelta(seconds=1)).day <= day_of(asked).day


def test_every_rule_that_grants_rests_on_something() -> None:
    bases = {rule.id: rights.base(rule) for rule in RULES if rule.grants}
    assert {bases["C2"], bases["T1"]} == {Base.CONSENT}
    assert {bases[name] for name in ("O1", "O2", "O3", "O4", "O6")} == {Base.PUBLIC_TASK}
    assert {bases[name] for name in ("C1", "S1", "S2", "S3", "S4", "O7")} == {Base.LEGAL_DUTY}


def test_an_objection_reaches_the_operators_task_only() -> None:
    found = {one.rule: one for one in rights.reach(Right.OBJECTION, RULES)}
    assert {rule for rule, one in found.items() if one.done} == {
        rule.id for rule in RULES if rule.grants and not rule.station and rights.base(rule) is Base.PUBLIC_TASK
    }
    assert (found["T1"].why, found["S1"].why) == (Why.REVOKE, Why.BY_LAW)


def test_a_restriction_leaves_what_is_the_persons_own_or_rests_on_consent() -> None:
    found = rights.reach(Right.RESTRICTION, RULES)
    assert {one.rule: one.why for one in found if not one.done} == {"C1": Why.OWN, "C2": Why.OWN, "O7": Why.OWN, "T1": Why.REVOKE}
    assert all((rights.is_own(BY_ID[one.rule]) or one.rule == "T1") is not one.done for one in found)


def test_what_the_law_asks_for_is_not_carried_along() -> None:
    assert {one.rule for one in rights.reach(Right.PORTABILITY, RULES) if one.done} == {"C2", "T1"}
    assert all(one.done for one in rights.reach(Right.ACCESS, RULES))


def test_who_consented_to_nothing_has_nothing_to_carry_along_and_is_told_so() -> None:
    def found(*consented: Condition) -> tuple[bool, set[str], dict[str, Why]]:
        reached = rights.reach(Right.PORTABILITY, RULES, frozenset(consented))
        done = {one.rule for one in reached if one.done}
        return (
            rights.is_refused(Right.PORTABILITY, reached),
            done,
            {one.rule: one.why for one in reached if one.rule in {"C2", "T1"}},
        )

    none = Why.NOTHING_GIVEN
    assert found() == (True, set(), {"C2": none, "T1": none})
    assert found(Condition.PERMISSION) == (False, {"T1"}, {"C2": none, "T1": Why.GIVEN})
    assert found(Condition.OPT_IN) == (False, {"C2"}, {"C2": Why.GIVEN, "T1": none})
    assert not any(rights.is_refused(right, rights.reach(right, RULES, ())) for right in rights.BY_TABLE - {Right.PORTABILITY})


@pytest.mark.parametrize("right", [Right.ERASURE, Right.RECTIFICATION])
def test_what_depends_on_what_is_held_or_must_be_weighed_is_not_answered_by_a_table(right: Right) -> None:
    assert rights.reach(right, RULES) == ()


def test_every_right_has_its_article() -> None:
    assert set(rights.ARTICLES) == set(Right)
