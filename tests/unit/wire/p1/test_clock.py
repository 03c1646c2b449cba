"""Whether the meter's clock can be believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.wire.p1.clock import ClockState, ClockVerdict, compare, judge
from kwartier.wire.p1.decode import decode
from p1_support import raw

TELEGRAM = decode(raw())
AT = datetime(2019, 3, 24, 14, 5, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("behind", "state"),
    [
        (timedelta(), ClockState.RIGHT),
        (timedelta(seconds=9), ClockState.RIGHT),
        (timedelta(seconds=-9), ClockState.RIGHT),
        (timedelta(minutes=2), ClockState.RIGHT),
        (timedelta(minutes=2, seconds=1), ClockState.BEHIND),
        (timedelta(hours=1), ClockState.BEHIND),
        (timedelta(days=150), ClockState.BEHIND),
        (timedelta(days=-1), ClockState.AHEAD),
    ],
)
def test_a_clock_against_the_receivers(behind: timedelta, state: ClockState) -> None:
    assert judge(TELEGRAM, AT + behind) == ClockVerdict(state, -behind)


def test_the_receivers_zone_does_not_matter() -> None:
    assert judge(TELEGRAM, AT.astimezone()).state is ClockState.RIGHT


def test_a_meter_that_lost_its_clock() -> None:
    assert judge(decode(raw("Wassasin__dsmr5/mcs.txt.1")), AT).state is ClockState.LOST
    assert judge(replace(TELEGRAM, at=None), AT).state is ClockState.LOST


def test_a_profile_without_a_clock() -> None:
    assert judge(decode(raw("mijnverbruik__dsmr/dsmr_test.exs.1")), AT).state is ClockState.NONE


def test_a_gas_meter_has_its_own_rhythm() -> None:
    device = decode(raw("ndokter__dsmr_parser/example_telegrams.py.2")).devices[0]  # two weeks newer than its telegram
    assert device.at is not None
    assert compare(device.at, datetime(2016, 11, 13, 20, tzinfo=UTC), timedelta(hours=2)).state is ClockState.AHEAD
    assert compare(device.at, device.at + timedelta(minutes=59), timedelta(hours=2)).state is ClockState.RIGHT
