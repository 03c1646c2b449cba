"""S15: what is seen of a meter, and what it needs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.devices.needs import ACTS, ASKED, ASKED_OF_GAS, Act, Need, judge
from kwartier.model.care import CLASS_OF, WRITES, Chore, Sight
from kwartier.model.ground import USAGE
from kwartier.model.period import epoch_s, from_epoch_s

AT = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
EARLIER = epoch_s(AT) - 86_400


def seen(chore: Chore, value: int = 0, *, text: str = "", entries: tuple[tuple[int, int], ...] = ()) -> Sight:
    return Sight(chore, AT, value, text, entries)


def needs(*sights: Sight, newest: str | None = None) -> list[Need]:
    return [one.need for one in judge(sights, newest=newest)]


def test_a_meter_in_order_needs_nothing() -> None:
    assert needs(*(seen(chore) for chore in (*ASKED, *ASKED_OF_GAS)), seen(Chore.FIRMWARE, text="5.0.2"), newest="5.0.2") == []


@pytest.mark.parametrize(
    ("sight", "need"),
    [
        (seen(Chore.CLOCK, 61), Need.CLOCK_WRONG),
        (seen(Chore.CLOCK, -13_000_000), Need.CLOCK_WRONG),
        (seen(Chore.ALARMS, 1 << 1), Need.REPLACE_BATTERY),
        (seen(Chore.ERRORS, 1 << 9), Need.MEMORY_FAULT),
        (seen(Chore.ALARMS, 1 << 11), Need.MEASUREMENT_FAULT),
        (seen(Chore.GAS_STATUS, 0x04), Need.GAS_BATTERY),
        (seen(Chore.STANDARD_EVENTS, entries=((EARLIER, 8),)), Need.BATTERY_LOW),
        (seen(Chore.STANDARD_EVENTS, entries=((EARLIER, 6),)), Need.CLOCK_INVALID),
        (seen(Chore.GAS_EVENTS, entries=((EARLIER, 102),)), Need.GAS_BATTERY),
        (seen(Chore.GAS_EVENTS, entries=((EARLIER, 127),)), Need.GAS_BATTERY),
        (seen(Chore.FIRMWARE, text="5.0.1"), Need.OLD_FIRMWARE),
    ],
)
def test_each_sign_is_a_need(sight: Sight, need: Need) -> None:
    assert needs(sight, newest="5.0.2") == [need]


@pytest.mark.parametrize(
    "sight",
    [
        seen(Chore.CLOCK, 60),
        seen(Chore.CLOCK, -60),
        seen(Chore.ALARMS, 1 << 13 | 1 << 28),
        seen(Chore.GAS_STATUS, 0x40),
        seen(Chore.GAS_EVENTS, entries=((EARLIER, 103), (EARLIER, 7))),
        seen(Chore.STANDARD_EVENTS, entries=((EARLIER, 6), (EARLIER + 60, 5))),
        seen(Chore.FIRMWARE, text="5.0.3"),
    ],
)
def test_what_is_within_bounds_or_no_matter_of_the_device_is_none(sight: Sight) -> None:
    assert needs(sight, newest="5.0.2") == []


def test_a_need_is_told_once_since_its_earliest_sign() -> None:
    (one,) = judge([seen(Chore.ALARMS, 1 << 1), seen(Chore.STANDARD_EVENTS, entries=((EARLIER, 7), (EARLIER + 9, 7)))])
    assert (one.need, one.since, one.act) == (Need.REPLACE_BATTERY, from_epoch_s(EARLIER), Act.FITTER)


def test_of_battery_needs_the_greater_is_told() -> None:
    assert needs(seen(Chore.ALARMS, 1 << 1), seen(Chore.STANDARD_EVENTS, entries=((EARLIER, 8),))) == [Need.REPLACE_BATTERY]


def test_a_wrong_clock_says_by_how_much() -> None:
    (one,) = judge([seen(Chore.CLOCK, -240)])
    assert one.detail == "-240 s"


def test_every_need_has_somebody_who_acts_and_nothing_that_is_asked_is_usage() -> None:
    assert set(ACTS) == set(Need)
    assert not {CLASS_OF[chore] for chore in Chore} & USAGE
    assert not set(ASKED + ASKED_OF_GAS) & WRITES


sights = st.builds(
    Sight,
    st.sampled_from(Chore),
    st.just(AT),
    st.integers(-(2**33), 2**33),
    st.text(max_size=9),
    st.lists(st.tuples(st.integers(0, EARLIER), st.integers(0, 255)), max_size=9).map(lambda rows: tuple(sorted(rows))),
    st.lists(st.integers(0, 65_535), max_size=3).map(tuple),
)


@given(st.lists(sights, max_size=8))
def test_whatever_is_seen_each_need_is_told_at_most_once_and_never_later_than_seen(found: list[Sight]) -> None:
    told = judge(found, newest="5.0.2")
    assert [one.need for one in told] == [need for need in Need if need in {one.need for one in told}]
    assert all(one.since <= AT + timedelta(0) for one in told)
