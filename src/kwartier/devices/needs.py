"""S15: what a meter needs, from what was seen of its state and its event logs. Pure; usage never comes in here.

Sources: DSMR P3 4.2.2: alarm register 0-0:97.98.0, event codes of the standard and M-Bus logs, clock time shift limit of 60 s.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, final

from kwartier.devices import firmware
from kwartier.model.care import Chore, Sight
from kwartier.model.period import from_epoch_s

CLOCK_LIMIT_S: Final = 60
"""How far a clock may be off (DSMR P3: clock time shift limit)."""


class Need(StrEnum):
    """What is wrong with a meter."""

    REPLACE_BATTERY = "replace_battery"
    BATTERY_LOW = "battery_low"
    GAS_BATTERY = "gas_battery"
    CLOCK_WRONG = "clock_wrong"
    CLOCK_INVALID = "clock_invalid"
    MEMORY_FAULT = "memory_fault"
    MEASUREMENT_FAULT = "measurement_fault"
    OLD_FIRMWARE = "old_firmware"


class Act(StrEnum):
    """Who must do something: a fitter on a visit, or the operator from its desk."""

    FITTER = "fitter"
    REMOTE = "remote"


ACTS: Final = {
    Need.REPLACE_BATTERY: Act.FITTER,
    Need.BATTERY_LOW: Act.FITTER,
    Need.GAS_BATTERY: Act.FITTER,
    Need.CLOCK_WRONG: Act.REMOTE,
    Need.CLOCK_INVALID: Act.REMOTE,
    Need.MEMORY_FAULT: Act.FITTER,
    Need.MEASUREMENT_FAULT: Act.FITTER,
    Need.OLD_FIRMWARE: Act.REMOTE,
}


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a meter needs. `since` is when it began, or when it was seen if that is not known.

    `detail` says more of it: seconds that the clock is ahead, the version of the firmware; empty otherwise.
    """

    need: Need
    since: datetime
    detail: str = ""

    @property
    def act(self) -> Act:
        """Who must do something."""
        return ACTS[self.need]


ASKED: Final = (Chore.CLOCK, Chore.ALARMS, Chore.ERRORS, Chore.STANDARD_EVENTS)
"""What device care asks of an electricity meter, and of the gas meter that hangs on it:"""
ASKED_OF_GAS: Final = (Chore.GAS_STATUS, Chore.GAS_EVENTS)

_ALARMS: Final = {
    0: Need.CLOCK_INVALID,
    1: Need.REPLACE_BATTERY,
    8: Need.MEMORY_FAULT,
    9: Need.MEMORY_FAULT,
    10: Need.MEMORY_FAULT,
    11: Need.MEASUREMENT_FAULT,
}
"""Bits of the alarm register, and of the error register likewise, that say something of the device."""
_EVENTS: Final = {
    6: Need.CLOCK_INVALID,
    7: Need.REPLACE_BATTERY,
    8: Need.BATTERY_LOW,
    12: Need.MEMORY_FAULT,
    13: Need.MEMORY_FAULT,
    14: Need.MEMORY_FAULT,
    16: Need.MEASUREMENT_FAULT,
}
_SET_ANEW: Final = {5: Need.CLOCK_INVALID}
"""Events that end a need: the clock was adjusted."""
_GAS_POWER_LOW: Final = 0x04
_FIRST_GAS_EVENT, _PER_CHANNEL = 100, 10
_GAS_REPLACE, _GAS_DEAD = 2, 7


def judge(sights: Iterable[Sight], *, newest: str | None = None) -> list[Finding]:
    """Return what one meter needs, each need once with its earliest moment, in a fixed order.

    `newest` is the newest firmware that we have for its model.
    """
    found: dict[Need, Finding] = {}
    for finding in (one for sight in sights for one in _of(sight, newest)):
        kept = found.get(finding.need)
        if kept is None or finding.since < kept.since:
            found[finding.need] = finding
    if Need.REPLACE_BATTERY in found:
        found.pop(Need.BATTERY_LOW, None)  # the lesser of the two
    return [found[need] for need in Need if need in found]


def _of(sight: Sight, newest: str | None) -> Iterator[Finding]:
    match sight.chore:
        case Chore.CLOCK if abs(sight.value) > CLOCK_LIMIT_S:
            yield Finding(Need.CLOCK_WRONG, sight.at, f"{sight.value:+d} s")
        case Chore.ALARMS | Chore.ERRORS:
            yield from (Finding(need, sight.at) for bit, need in _ALARMS.items() if sight.value >> bit & 1)
        case Chore.GAS_STATUS if sight.value & _GAS_POWER_LOW:
            yield Finding(Need.GAS_BATTERY, sight.at)
        case Chore.STANDARD_EVENTS:
            yield from _standing(sight)
        case Chore.GAS_EVENTS:
            yield from (Finding(Need.GAS_BATTERY, from_epoch_s(at)) for at, code in sight.entries if _is_gas_battery(code))
        case Chore.FIRMWARE if newest is not None and firmware.is_older(sight.text, newest):
            yield Finding(Need.OLD_FIRMWARE, sight.at, sight.text)
        case _:
            pass


def _standing(sight: Sight) -> Iterator[Finding]:
    """Yield the needs that the log says began and does not say ended."""
    open_since: dict[Need, int] = {}
    for at, code in sight.entries:
        if code in _SET_ANEW:
            open_since.pop(_SET_ANEW[code], None)
        elif code in _EVENTS:
            open_since.setdefault(_EVENTS[code], at)
    yield from (Finding(need, from_epoch_s(at)) for need, at in open_since.items())


def _is_gas_battery(code: int) -> bool:
    return code >= _FIRST_GAS_EVENT and (code - _FIRST_GAS_EVENT) % _PER_CHANNEL in {_GAS_REPLACE, _GAS_DEAD}
