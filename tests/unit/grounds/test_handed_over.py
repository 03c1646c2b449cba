"""A permission is done with when every interval and every midnight of its period was handed over, and not a moment before."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds.handed_over import NOBODY_HAS_IT, Parcel, complete, counts_from
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

FIRST = date(2026, 3, 26)
DAYS = 5  # the clock changes within
INTERVALS, REGISTERS = INTERVAL_MASK & ~GAS_MASK, DAY_MASK & ~GAS_MASK


def at(day: int) -> datetime:
    return midnight(FIRST + timedelta(days=day))


def read(day: int) -> datetime:
    """Return when the values of a day are handed over: the night after."""
    return at(day + 1) + timedelta(hours=2)


DATA = Period(at(0), at(DAYS))
QUARTERS: list[Parcel] = [(INTERVALS, Period(at(day), at(day + 1)), read(day)) for day in range(DAYS)]
MIDNIGHTS: list[Parcel] = [(REGISTERS, Period(at(day), at(day)), read(day - 1)) for day in range(DAYS + 1)]


def test_the_last_piece_completes_it() -> None:
    assert complete(INTERVALS | REGISTERS, DATA, [*MIDNIGHTS, *QUARTERS]) == read(DAYS - 1)
    assert complete(INTERVALS, DATA, QUARTERS) == read(DAYS - 1)
    assert complete(REGISTERS, DATA, MIDNIGHTS) == read(DAYS - 1)


@given(missing=st.integers(0, 2 * DAYS))
def test_without_any_one_piece_it_is_not_complete(missing: int) -> None:
    whole = [*QUARTERS, *MIDNIGHTS]
    assert complete(INTERVALS | REGISTERS, DATA, whole[:missing] + whole[missing + 1 :]) is None


@given(late=st.integers(0, DAYS - 1), order=st.permutations(QUARTERS))
def test_a_piece_that_comes_late_completes_it_late_in_whatever_order(late: int, order: list[Parcel]) -> None:
    later = [(mask, period, read(40) if period.start == at(late) else when) for mask, period, when in order]
    assert complete(INTERVALS, DATA, later) == read(40)


def test_a_piece_of_fewer_channels_is_not_what_was_given() -> None:
    assert complete(INTERVALS, DATA, [(2, period, when) for _, period, when in QUARTERS]) is None
    assert complete(2, DATA, QUARTERS) == read(DAYS - 1)


def test_what_was_handed_over_early_is_done_with_when_its_time_is_over() -> None:
    assert complete(INTERVALS, DATA, [(INTERVALS, DATA, at(1))]) == at(DAYS)


def test_a_period_from_noon_needs_the_midnights_within_and_its_intervals_from_noon() -> None:
    noon = Period(at(0) + timedelta(hours=12), at(1) + timedelta(hours=12))
    parts: list[Parcel] = [
        (INTERVALS, Period(noon.start, at(1)), read(0)),
        (INTERVALS, Period(at(1), at(1) + timedelta(hours=12)), read(1)),
    ]
    assert complete(INTERVALS | REGISTERS, noon, [*parts, (REGISTERS, Period(at(1), at(1)), read(0))]) == read(1)
    assert complete(INTERVALS | REGISTERS, noon, parts) is None


@pytest.mark.parametrize("mask", [INTERVALS, REGISTERS])
def test_what_has_no_end_is_never_complete(mask: int) -> None:
    assert complete(mask, Period(at(0)), [*QUARTERS, *MIDNIGHTS]) is None


def test_a_parcel_with_a_gap_counts_when_nobody_has_the_rest_and_a_whole_one_of_the_same_time_at_once() -> None:
    assert counts_from(read(0), DATA, missing=0) == read(0)
    assert counts_from(read(0), DATA, missing=3) == at(DAYS) + NOBODY_HAS_IT
    assert counts_from(read(90), DATA, missing=3) == read(90)
    gapped = (INTERVALS, QUARTERS[1][1], counts_from(QUARTERS[1][2], DATA, missing=1))
    assert complete(INTERVALS, DATA, [QUARTERS[0], gapped, *QUARTERS[2:]]) == at(DAYS) + NOBODY_HAS_IT
    assert complete(INTERVALS, DATA, [gapped, *QUARTERS]) == read(DAYS - 1)
