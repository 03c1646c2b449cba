"""S18: what is dangerous, on which phase, and who must act."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grid.dangers import ACTS, ASKED, Act, Danger, Found, judge
from kwartier.model.care import WRITES, Chore, Sight
from kwartier.model.period import epoch_s, from_epoch_s

AT = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
EARLIER = epoch_s(AT) - 86_400
SOUND = (2301, 2299, 2312)


def seen(chore: Chore, value: int = 0, *, entries: tuple[tuple[int, int], ...] = (), levels: tuple[int, ...] = ()) -> Sight:
    return Sight(chore, AT, value, "", entries, levels)


def kinds(*sights: Sight) -> list[tuple[Danger, int]]:
    return [(one.danger, one.phase) for one in judge(sights)]


def test_a_sound_connection_has_none() -> None:
    assert kinds(*(seen(chore, levels=SOUND if chore is Chore.VOLTAGES else ()) for chore in ASKED)) == []


@pytest.mark.parametrize(
    ("sight", "danger", "act"),
    [
        (seen(Chore.VOLTAGES, levels=(2300, 2531, 2300)), (Danger.OVER_VOLTAGE, 2), Act.FAULT_DESK),
        (seen(Chore.VOLTAGES, levels=(2300, 2300, 12)), (Danger.PHASE_LOST, 3), Act.FAULT_DESK),
        (seen(Chore.ALARMS, 1 << 29), (Danger.PHASE_LOST, 2), Act.FAULT_DESK),
        (seen(Chore.ALARMS, 1 << 13), (Danger.FRAUD_ALARM, 0), Act.TAMPER_DESK),
        (seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 40),)), (Danger.TERMINAL_COVER, 0), Act.FITTER),
        (seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 44),)), (Danger.METER_COVER, 0), Act.TAMPER_DESK),
        (seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 42),)), (Danger.STRONG_FIELD, 0), Act.TAMPER_DESK),
        (seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 46),)), (Danger.FAILED_LOGINS, 0), Act.TAMPER_DESK),
        (seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 81),)), (Danger.OVER_VOLTAGE, 2), Act.FAULT_DESK),
        (seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 88),)), (Danger.PHASE_LOST, 3), Act.FAULT_DESK),
    ],
)
def test_each_sign_is_a_danger_with_who_must_act(sight: Sight, danger: tuple[Danger, int], act: Act) -> None:
    (found,) = judge([sight])
    assert ((found.danger, found.phase), found.act) == (danger, act)


@pytest.mark.parametrize(
    "sight",
    [
        seen(Chore.VOLTAGES, levels=(2530, 1150)),
        seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 40), (EARLIER + 60, 41))),
        seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 45), (EARLIER + 60, 47))),
        seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 81), (EARLIER + 60, 84))),
        seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 88), (EARLIER + 60, 92), (EARLIER + 70, 89))),
        seen(Chore.ALARMS, 1 << 1),
    ],
)
def test_what_is_within_bounds_or_over_is_none(sight: Sight) -> None:
    assert kinds(sight) == []


def test_the_end_on_another_phase_ends_nothing() -> None:
    assert kinds(seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 80), (EARLIER + 60, 84)))) == [(Danger.OVER_VOLTAGE, 1)]


def test_a_voltage_seen_now_outweighs_the_log_and_the_alarm() -> None:
    began = seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 80), (EARLIER, 87)))
    assert kinds(began, seen(Chore.ALARMS, 1 << 29), seen(Chore.VOLTAGES, levels=SOUND)) == []
    assert kinds(began, seen(Chore.VOLTAGES, levels=(2600, 2300, 2300))) == [(Danger.OVER_VOLTAGE, 1)]
    assert kinds(began, seen(Chore.VOLTAGES, levels=(2300,))) == [(Danger.PHASE_LOST, 2)], "of L2 nothing was seen"


def test_a_danger_is_told_once_with_its_beginning_and_its_voltage() -> None:
    found = judge([seen(Chore.QUALITY_EVENTS, entries=((EARLIER, 86),)), seen(Chore.VOLTAGES, levels=(4, 2300, 2300))])
    assert found == [Found(Danger.PHASE_LOST, from_epoch_s(EARLIER), 1, 4)]


def test_a_fraud_alarm_that_a_log_explains_is_told_as_what_it_is() -> None:
    opened = seen(Chore.FRAUD_EVENTS, entries=((EARLIER, 44),))
    assert kinds(seen(Chore.ALARMS, 1 << 13), opened) == [(Danger.METER_COVER, 0)]


def test_every_danger_has_somebody_who_acts_and_nothing_is_set_to_find_one() -> None:
    assert set(ACTS) == set(Danger)
    assert not set(ASKED) & WRITES


sights = st.builds(
    Sight,
    st.sampled_from(ASKED),
    st.just(AT),
    st.integers(0, 2**32 - 1),
    st.just(""),
    st.lists(st.tuples(st.integers(0, EARLIER), st.integers(30, 99)), max_size=12).map(lambda rows: tuple(sorted(rows))),
    st.lists(st.integers(0, 4000), max_size=3).map(tuple),
)


@given(st.lists(sights, max_size=6))
def test_each_danger_is_told_once_per_phase_the_most_urgent_first(found: list[Sight]) -> None:
    told = [(list(Danger).index(one.danger), one.phase) for one in judge(found)]
    assert told == sorted(set(told))
