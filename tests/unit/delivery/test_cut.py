"""A day cut to somebody's time tells nothing of the time before or after, not even within a sum."""

from array import array
from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwartier.delivery.cut import cut
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.register import Channel
from kwartier.validation.series import series

DAY = date(2026, 11, 20)
OPENS = midnight(DAY)
HOURS = 24
STEPS = [1 << i for i in range(HOURS)]
REGISTERS = np.cumsum([1000, *STEPS]).astype(np.int64)
"""Every sum over hours is another one: its bits say which hours are in it."""


def gas(known: list[bool] | None = None) -> ChannelDay | None:
    got = series(REGISTERS, None if known is None else np.array(known), None)
    if got is None:
        return None
    quality = b"" if got.quality is None else got.quality.tobytes()
    return ChannelDay(7, Channel.GAS, DAY, got.start, got.deltas.astype(np.int32).tobytes(), quality, 8, 70, 1)


def hours(first: float, last: float) -> Period:
    return Period(OPENS + timedelta(hours=first), OPENS + timedelta(hours=last))


def told(one: ChannelDay | None) -> list[int]:
    if one is None:
        return []
    marks = one.quality or bytes(HOURS)
    assert all(value == 0 for value, mark in zip(array("i", one.deltas), marks, strict=True) if mark & Quality.MISSING)
    return [value for value, mark in zip(array("i", one.deltas), marks, strict=True) if not mark & Quality.MISSING]


def test_at_a_move_at_six_each_sees_the_own_hours_of_gas() -> None:
    whole = gas()
    assert whole is not None
    assert told(cut(whole, hours(-24, 6))) == STEPS[:6]
    assert told(cut(whole, hours(6, 24 * 9))) == STEPS[6:]
    late = cut(whole, Period(OPENS + timedelta(hours=6)))
    assert late is not None
    assert late.start == 0, "the register of midnight is not theirs"


def test_a_whole_day_is_told_as_it_is() -> None:
    whole = gas()
    assert whole is not None
    assert cut(whole, day_period(DAY)) is whole
    assert cut(whole, hours(24, 48)) is cut(whole, hours(-24, 0)) is None


def test_a_sum_over_a_gap_that_began_before_is_not_told() -> None:
    gap = gas([hour not in {5, 6, 7} for hour in range(HOURS + 1)])
    assert gap is not None
    assert told(gap) == [*STEPS[:4], sum(STEPS[4:8]), *STEPS[8:]]
    assert told(cut(gap, hours(6, 24))) == STEPS[8:]
    assert told(cut(gap, hours(4, 24))) == [sum(STEPS[4:8]), *STEPS[8:]]
    assert told(cut(gap, hours(0, 6))) == STEPS[:4]


def test_a_register_is_told_to_both_whom_its_boundary_parts() -> None:
    register = ChannelDay(7, Channel.DAY_GAS, DAY, 5, b"", b"", 8, 70, 1)
    for period in (hours(-24, 0), hours(0, 24), hours(0, 0)):
        assert cut(register, period) is register
    assert cut(register, hours(-24, -1)) is cut(register, hours(1, 24)) is None


@given(st.lists(st.booleans(), min_size=HOURS + 1, max_size=HOURS + 1), st.floats(0, 24), st.floats(0, 24))
def test_no_hour_outside_the_period_is_in_anything_told(known: list[bool], one: float, other: float) -> None:
    day = gas(known)
    period = hours(*sorted((one, other)))
    if day is None:
        return
    for value in told(cut(day, period)):
        for hour in range(HOURS):
            if value >> hour & 1:
                assert period.covers(hours(hour, hour + 1))
