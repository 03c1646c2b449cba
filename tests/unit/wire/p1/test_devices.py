"""The live one of several meters on the M-Bus."""

from datetime import UTC, datetime

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.devices import is_alive, live
from kwartier.wire.p1.quantities import Unit
from kwartier.wire.p1.telegram import Device, DeviceKind
from p1_support import raw

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 13, tzinfo=UTC)


def gas(channel: int, at: datetime | None, value: int | None = 1) -> Device:
    return Device(channel, DeviceKind.GAS, None, at, value, None if value is None else Unit.DM3)


def test_a_dead_meter_before_the_live_one() -> None:
    devices = decode(raw("ndokter__dsmr_parser/example_telegrams.py.3")).devices
    assert [is_alive(device) for device in devices] == [False, True]
    assert live(devices, DeviceKind.GAS) is devices[1]


def test_the_newest_stamp_wins_and_of_equals_the_lowest_channel() -> None:
    assert live([gas(1, NOON), gas(2, LATER), gas(3, NOON)], DeviceKind.GAS) == gas(2, LATER)
    assert live([gas(3, NOON), gas(2, NOON)], DeviceKind.GAS) == gas(2, NOON)


def test_without_a_value_or_a_stamp_it_is_dead() -> None:
    assert live([gas(1, None), gas(2, NOON, None)], DeviceKind.GAS) is None


def test_each_kind_has_its_own() -> None:
    devices = decode(raw("ndokter__dsmr_parser/example_telegrams.py.4")).devices
    assert [live(devices, kind) for kind in (DeviceKind.GAS, DeviceKind.WATER, DeviceKind.HEAT)] == [*devices, None]


def test_a_type_that_nobody_knows_is_no_kind() -> None:
    assert [Device(1, kind).kind for kind in (None, 3, 7, 303)] == [None, DeviceKind.GAS, DeviceKind.WATER, None]
