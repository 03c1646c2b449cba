"""What the operator does at a meter besides reading usage: care for device and grid, and setting what a customer chose.

Sources: DSMR P3 4.2.2 chapters 5 and 6 (events, alarms, power failures, image transfer), object list of appendix A.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, final

from kwartier.model.ground import Action, DataClass
from kwartier.model.permit import PermitRef


class Chore(StrEnum):
    """One thing to do at a meter. None of them can give usage. A log names its chores: a word never changes its meaning."""

    CLOCK = "clock"
    FIRMWARE = "firmware"
    ALARMS = "alarms"
    ERRORS = "errors"
    GAS_STATUS = "gas_status"
    STANDARD_EVENTS = "standard_events"
    FRAUD_EVENTS = "fraud_events"
    GAS_EVENTS = "gas_events"
    QUALITY_EVENTS = "quality_events"
    POWER_FAILURES = "power_failures"
    VOLTAGES = "voltages"
    ADMINISTRATIVE_STATUS = "administrative_status"
    CLEAR_ALARMS = "clear_alarms"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"
    UPDATE = "update"


CLASS_OF: Final[Mapping[Chore, DataClass]] = {
    Chore.CLOCK: DataClass.DEVICE_STATE,
    Chore.FIRMWARE: DataClass.FIRMWARE,
    Chore.ALARMS: DataClass.DEVICE_STATE,
    Chore.ERRORS: DataClass.DEVICE_STATE,
    Chore.GAS_STATUS: DataClass.DEVICE_STATE,
    Chore.STANDARD_EVENTS: DataClass.EVENT_LOG,
    Chore.FRAUD_EVENTS: DataClass.EVENT_LOG,
    Chore.GAS_EVENTS: DataClass.EVENT_LOG,
    Chore.QUALITY_EVENTS: DataClass.EVENT_LOG,
    Chore.POWER_FAILURES: DataClass.EVENT_LOG,
    Chore.VOLTAGES: DataClass.POWER_QUALITY,
    Chore.ADMINISTRATIVE_STATUS: DataClass.ADMINISTRATIVE_STATUS,
    Chore.CLEAR_ALARMS: DataClass.DEVICE_STATE,
    Chore.SWITCH_OFF: DataClass.ADMINISTRATIVE_STATUS,
    Chore.SWITCH_ON: DataClass.ADMINISTRATIVE_STATUS,
    Chore.UPDATE: DataClass.FIRMWARE,
}
"""The class of data of each chore: what a ground must name."""

LOGS: Final = frozenset({Chore.STANDARD_EVENTS, Chore.FRAUD_EVENTS, Chore.GAS_EVENTS, Chore.QUALITY_EVENTS, Chore.POWER_FAILURES})
"""Chores that ask for the rows of a log within a range; the others ask how things are now."""
WRITES: Final = frozenset({Chore.CLEAR_ALARMS, Chore.SWITCH_OFF, Chore.SWITCH_ON, Chore.UPDATE})
"""Chores that set something at the meter."""


def action_of(chore: Chore) -> Action:
    """Return what a ground must allow for this chore."""
    return Action.WRITE if chore in WRITES else Action.READ


class AdministrativeStatus:
    """Values of object 0-1:94.31.0 (DSMR P3 4.2.2): 0 is undefined."""

    OFF: Final = 1
    ON: Final = 2


@final
@dataclass(frozen=True, slots=True)
class Errand:
    """One chore at one meter. For a log [first_s, last_s] are the row stamps asked for, both included, in epoch seconds.

    `connection` is whose meter it is (0 for a station meter); `mbus` the M-Bus channel 1..4 of a chore about a gas meter, else 0;
    `image` the registry's number of the firmware, 0 for any chore but UPDATE. `permits` is never empty.
    """

    connection: int
    meter: int
    chore: Chore
    mbus: int
    first_s: int
    last_s: int
    permits: tuple[PermitRef, ...]
    image: int = 0

    @property
    def name(self) -> str:
        """What is done, in one word: as log and registry write it."""
        return str(self.chore)


@final
@dataclass(frozen=True, slots=True)
class Sight:
    """What a chore found at the moment `at` (UTC).

    `value` is a number: seconds that the meter's clock is ahead of ours, the bits of a register, a status byte, an administrative
    or an image status. `text` is a firmware version. `entries` are (epoch seconds, code) of an event log, oldest first, or (end,
    duration in seconds) of power failures. `levels_dv` are the voltages of the phases L1.. in tenths of a volt.
    """

    chore: Chore
    at: datetime
    value: int = 0
    text: str = ""
    entries: tuple[tuple[int, int], ...] = ()
    levels_dv: tuple[int, ...] = ()
