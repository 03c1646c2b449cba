"""A moment as a number of milliseconds: whole ones, counted downwards to the one it lies in, before 1970 too."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.errors import BadInput
from kwartier.model.period import epoch_ms, from_epoch_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES | st.just(UTC))  # noqa: DTZ001 - the zone is drawn


@given(MOMENTS)
def test_it_is_the_millisecond_in_which_the_moment_lies(moment: datetime) -> None:
    since = moment - EPOCH
    exact = Fraction(since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds, 1000)
    assert 0 <= exact - epoch_ms(moment) < 1


@given(st.integers(-(10**13), 10**13))
def test_a_whole_one_comes_back(milliseconds: int) -> None:
    assert epoch_ms(from_epoch_ms(milliseconds)) == milliseconds


def test_a_moment_without_a_zone_has_none() -> None:
    with pytest.raises(BadInput):
        epoch_ms(datetime(2026, 10, 25))  # noqa: DTZ001 - that is the point
