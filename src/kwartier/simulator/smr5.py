"""How an SMR 5 meter lays out its profiles (DSMR P3 4.2.2 chapter 4, SMR 5 changes): apart from the operator's model file."""

from dataclasses import dataclass
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.server.profile import CaptureObject

EQUIPMENT_ID = Obis.parse("0-0:96.1.1")
DEVICE_NAME = Obis.parse("0-0:42.0.0")
ADMINISTRATIVE_STATUS = Obis.parse("0-1:94.31.0")
OFF, ON = 1, 2
"""Administrative in/out."""
ALARM_REGISTER = Obis.parse("0-0:97.98.0")
ALARM_FILTER = Obis.parse("0-0:97.98.10")
ERROR_REGISTER = Obis.parse("0-0:97.97.0")
FIRMWARE = Obis.parse("1-0:0.2.0")
FIRMWARE_SIGNATURE = Obis.parse("1-0:0.2.8")
MBUS_CLIENT = Obis.parse("0-1:24.1.0")
VOLTAGES = tuple(Obis.parse(f"1-0:{phase}.7.0") for phase in (32, 52, 72))
"""Instantaneous voltage of L1, L2, L3."""
GAS_METER = 3
"""Device type on the M-Bus."""


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """One profile of the meter."""

    obis: Obis
    columns: tuple[CaptureObject, ...]
    period_s: int
    entries: int


def _column(class_id: int, obis: str, attribute: int = 2) -> CaptureObject:
    """Return one captured attribute."""
    return CaptureObject(class_id, Obis.parse(obis), attribute)


_CLOCK = _column(8, "0-0:1.0.0")
E_INTERVAL = Layout(
    Obis.parse("1-0:99.1.0"), (_CLOCK, _column(1, "0-0:96.10.2"), _column(3, "1-0:1.8.0"), _column(3, "1-0:2.8.0")), 900, 960
)
E_DAY = Layout(
    Obis.parse("1-0:99.2.0"),
    (_CLOCK, _column(1, "0-0:96.10.4"), *(_column(3, f"1-0:{name}") for name in ("1.8.1", "1.8.2", "2.8.1", "2.8.2"))),
    86400,
    40,
)
G_INTERVAL = Layout(
    Obis.parse("0-1:24.3.0"),
    (_CLOCK, _column(1, "0-1:96.10.3"), _column(4, "0-1:24.2.2"), _column(4, "0-1:24.2.2", 5)),
    3600,
    240,
)
G_DAY = Layout(
    Obis.parse("0-1:24.3.1"),
    (_CLOCK, _column(1, "0-1:96.10.5"), _column(4, "0-1:24.2.2"), _column(4, "0-1:24.2.2", 5)),
    86400,
    40,
)


def _log(obis: str, code: str, entries: int) -> Layout:
    """Return an event log: when, and which event."""
    return Layout(Obis.parse(obis), (_CLOCK, _column(1, code)), 0, entries)


STANDARD_LOG = _log("0-0:99.98.0", "0-0:96.11.0", 100)
FRAUD_LOG = _log("0-0:99.98.1", "0-0:96.11.1", 30)
MBUS_LOG = _log("0-0:99.98.3", "0-0:96.11.3", 30)
QUALITY_LOG = _log("0-0:99.98.5", "0-0:96.11.5", 100)
POWER_FAILURES = _log("1-0:99.97.0", "0-0:96.7.19", 10)
"""When a failure ended, and how many seconds it lasted."""


class Event:
    """Event codes (DSMR P3 4.2.2 chapter 5; those of power quality SMR 5). Per phase: add 0, 1, 2 for L1, L2, L3."""

    POWER_DOWN, POWER_UP, SUMMER_TIME, CLOCK_INVALID = 1, 2, 3, 6
    REPLACE_BATTERY, BATTERY_LOW, ALARMS_CLEARED = 7, 8, 11
    PROGRAM_MEMORY, RAM, NV_MEMORY, WATCHDOG, MEASUREMENT = 12, 13, 14, 15, 16
    FIRMWARE_READY, FIRMWARE_ACTIVATED, SELF_CHECK = 17, 18, 20
    TERMINAL_COVER_OFF, TERMINAL_COVER_ON, METER_COVER_OFF, FAILED_LOGINS, CONFIGURATION = 40, 41, 44, 46, 47
    OVER_VOLTAGE_L1, PHASE_LOST_L1, PHASE_BACK_L1 = 80, 86, 90
    MBUS_ERROR, MBUS_BATTERY, MBUS_FRAUD, MBUS_NEW = 100, 102, 103, 105
    MBUS_CHANNEL = 10
    """What the codes of the next M-Bus channel are higher by."""


class Alarm:
    """Bits of alarm and error register. Per phase or M-Bus channel: the bit of the first one."""

    CLOCK_INVALID, REPLACE_BATTERY, POWER_UP, CONFIGURATION = 0, 1, 2, 4
    PROGRAM_MEMORY, RAM, NV_MEMORY, MEASUREMENT, WATCHDOG, FRAUD = 8, 9, 10, 11, 12, 13
    MBUS_ERROR, MBUS_FRAUD, MBUS_NEW, PHASE_LOST = 16, 20, 24, 28


PASSED = sum(1 << bit for bit in (0, 1, *range(8, 14), *range(20, 24), *range(28, 31)))
"""The alarm filter of the town's meters: clock, battery, memories, measurement, watchdog, fraud, phases."""
