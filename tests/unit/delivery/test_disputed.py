"""Disputed values are told as they were read, with a mark; what is not disputed stays as it was."""

from array import array
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kwartier.delivery.disputed import marked
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel

DAY = date(2026, 3, 10)
OPENS = midnight(DAY)


def intervals(marks: bytes = b"") -> ChannelDay:
    return ChannelDay(1, Channel.IMPORT, DAY, 4711, array("i", range(96)).tobytes(), marks, 8, 1, 1)


def register() -> ChannelDay:
    return ChannelDay(1, Channel.DAY_IMPORT_LOW, DAY, 4711, b"", b"", 8, 1, 1)


def test_without_a_dispute_nothing_changes() -> None:
    assert marked([intervals(), register()], []) == [intervals(), register()]
    elsewhere = Period(OPENS - timedelta(days=2), OPENS - timedelta(days=1))
    assert marked([intervals(), register()], [elsewhere]) == [intervals(), register()]


@given(st.integers(0, 95), st.integers(1, 96))
def test_just_the_intervals_that_reach_into_the_time_are_marked(first: int, length: int) -> None:
    disputed = Period(OPENS + timedelta(minutes=15 * first), OPENS + timedelta(minutes=15 * min(first + length, 96)))
    (day,) = marked([intervals()], [disputed])
    assert [n for n, mark in enumerate(day.quality) if mark] == list(range(first, min(first + length, 96)))
    assert (day.deltas, day.start) == (intervals().deltas, 4711), "no value is touched"


def test_a_register_on_the_boundary_is_disputed_and_one_that_is_missing_stays_missing() -> None:
    (at_end,) = marked([register()], [Period(OPENS - timedelta(days=1), OPENS)])
    assert at_end.quality == bytes([Quality.SUSPECT])
    (day,) = marked([intervals(bytes([Quality.MISSING] * 96))], [Period(OPENS, OPENS + timedelta(days=1))])
    assert set(day.quality) == {Quality.MISSING}
