"""Stamps: the letter says the offset; the doubled hour, garbage, and clocks that never were set."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1 import moments
from kwartier.wire.p1.errors import Unwritable
from p1_support import MOMENTS


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"190324150519W", datetime(2019, 3, 24, 14, 5, 19, tzinfo=UTC)),
        (b"220528150245S", datetime(2022, 5, 28, 13, 2, 45, tzinfo=UTC)),
        (b"261025023000S", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (b"261025023000W", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (b"230202132747S", datetime(2023, 2, 2, 11, 27, 47, tzinfo=UTC)),
        (b"161107190000", datetime(2016, 11, 7, 18, tzinfo=UTC)),
        (b"160707190000", datetime(2016, 7, 7, 17, tzinfo=UTC)),
        (b"261025023000", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (b"240229235959W", datetime(2024, 2, 29, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_stamp_is_a_moment(text: bytes, moment: datetime) -> None:
    found = moments.read(text)
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *(b"632525252525W", b"700101010000W", b"000101000001W", b"000000000000W", b"991332256199S"),
        *(b"", b"W", b"1903241505W", b"19032415051W", b"190324150519X", b"190324150519WW", b"190324150519 "),
        *(b"1903241505190W", b"19O324150519W", b"-90324150519W", b"190324240000W", b"190324156000W", b"230229000000W"),
    ],
)
def test_what_is_no_moment(text: bytes) -> None:
    assert moments.read(text) is None


@given(st.binary(max_size=16) | st.from_regex(rb"[0-9]{12}[SW]?", fullmatch=True))
def test_any_bytes_are_a_moment_between_2005_and_2070_or_none(text: bytes) -> None:
    found = moments.read(text)
    assert found is None or moments.FIRST - timedelta(hours=2) <= found < moments.END + timedelta(hours=2)


@given(MOMENTS)
def test_a_moment_comes_back(moment: datetime) -> None:
    assert moments.read(moments.write(moment)) == moment


def test_both_hours_of_a_night_in_autumn_come_back() -> None:
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert moments.read(moments.write(moment)) == moment
    assert moments.write(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == b"261025023000W"


@pytest.mark.parametrize("write", [moments.write, moments.write_bare])
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - on purpose
        datetime(2026, 1, 1, microsecond=1, tzinfo=UTC),
        datetime(2004, 12, 31, tzinfo=UTC),
        datetime(2070, 1, 1, tzinfo=UTC),
    ],
)
def test_what_a_clock_cannot_show(write: object, moment: datetime) -> None:
    assert callable(write)
    with pytest.raises(Unwritable):
        write(moment)
