"""Date-times: written in Dutch local time with an explicit deviation, read by their own."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms_support as meter
from kwartier.model.period import epoch_s, midnight
from kwartier.wire.dlms.client import clock
from kwartier.wire.dlms.errors import Malformed, Misuse

MOMENTS = st.integers(0, 2**32 - 1)
LAST = epoch_s(datetime(2105, 12, 31, tzinfo=UTC))


def seconds(text: str) -> int:
    return epoch_s(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("2026-01-15T00:00:00+01:00", "07ea010fff00000000ffc400"),
        ("2026-07-15T00:00:00+02:00", "07ea070fff00000000ff8880"),
        ("2026-10-25T02:30:00+02:00", "07ea0a19ff021e0000ff8880"),  # the first half past two of that night
        ("2026-10-25T02:30:00+01:00", "07ea0a19ff021e0000ffc400"),  # and the second
    ],
)
def test_a_moment_is_written_with_deviation_and_dst(moment: str, written: str) -> None:
    assert clock.encode(seconds(moment)).hex() == written


@given(st.integers(0, LAST))
def test_what_is_written_is_read(moment: int) -> None:
    assert clock.decode(clock.encode(moment)) == moment


@given(MOMENTS)
def test_it_agrees_with_a_meter_written_apart(moment: int) -> None:
    theirs = meter.date_time(datetime.fromtimestamp(moment, UTC))
    assert clock.encode(moment) == theirs[:4] + b"\xff" + theirs[5:]


@given(st.lists(st.binary(min_size=12, max_size=12) | st.integers(0, LAST).map(clock.encode), min_size=1, max_size=20))
def test_a_column_is_read_as_one_by_one(octets: list[bytes]) -> None:
    found, bad = clock.decode_column(np.frombuffer(b"".join(octets), np.uint8).reshape(-1, 12))
    for one, moment, none in zip(octets, found, bad, strict=True):
        if none:
            with pytest.raises(Malformed):
                clock.decode(one)
        else:
            assert clock.decode(one) == moment


@pytest.mark.parametrize(
    "octets",
    [
        "07ea010fff00000000800000",  # no deviation: ambiguous
        "ffffffffffffffffff800000",  # nothing known
        "07ea010fffffff0000ffc400",  # no time
        "07ea020fff18000000ffc400",  # 24:00
        "07ea021eff00000000ffc400",  # 30 February
        "07ea0d01ff00000000ffc400",  # month 13
        "07ea0001ff00000000ffc400",
        "07ea0100ff00000000ffc400",
        "07b10c1fff00000000ffc400",  # 1969
        "083a0101ff00000000ffc400",  # 2106
        "07ea010fff0000000002d100",  # 721 minutes off
        "07ea010fff000000",
        "07ea010fff00000000ffc40000",
    ],
)
def test_what_names_no_moment_is_refused(octets: str) -> None:
    with pytest.raises(Malformed):
        clock.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("moment", [-1, 2**32])
def test_a_moment_that_cannot_be_written_is_our_own_error(moment: int) -> None:
    with pytest.raises(Misuse):
        clock.encode(moment)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_step_of_a_day_goes_from_midnight_to_midnight(day: date) -> None:
    assert clock.step(epoch_s(midnight(day)), 86400) == epoch_s(midnight(day + timedelta(days=1)))


@given(MOMENTS, st.sampled_from([900, 3600]))
def test_a_shorter_step_is_so_many_seconds(moment: int, period: int) -> None:
    assert clock.step(moment, period) == moment + period
