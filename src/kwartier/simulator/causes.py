"""What sets the bits of an alarm register, as the event that stands in a log."""

from collections.abc import Mapping

from kwartier.simulator.logs import Log
from kwartier.simulator.smr5 import Alarm, Event

_CAUSES: Mapping[int, tuple[Log, int]] = {
    Alarm.CLOCK_INVALID: (Log.STANDARD, Event.CLOCK_INVALID),
    Alarm.REPLACE_BATTERY: (Log.STANDARD, Event.REPLACE_BATTERY),
    Alarm.POWER_UP: (Log.STANDARD, Event.POWER_UP),
    Alarm.CONFIGURATION: (Log.FRAUD, Event.CONFIGURATION),
    Alarm.PROGRAM_MEMORY: (Log.STANDARD, Event.PROGRAM_MEMORY),
    Alarm.RAM: (Log.STANDARD, Event.RAM),
    Alarm.NV_MEMORY: (Log.STANDARD, Event.NV_MEMORY),
    Alarm.MEASUREMENT: (Log.STANDARD, Event.MEASUREMENT),
    Alarm.WATCHDOG: (Log.STANDARD, Event.WATCHDOG),
    Alarm.FRAUD: (Log.FRAUD, Event.TERMINAL_COVER_OFF),
    **{Alarm.MBUS_ERROR + n: (Log.MBUS, Event.MBUS_ERROR + Event.MBUS_CHANNEL * n) for n in range(4)},
    **{Alarm.MBUS_FRAUD + n: (Log.MBUS, Event.MBUS_FRAUD + Event.MBUS_CHANNEL * n) for n in range(4)},
    **{Alarm.MBUS_NEW + n: (Log.MBUS, Event.MBUS_NEW + Event.MBUS_CHANNEL * n) for n in range(4)},
    **{Alarm.PHASE_LOST + n: (Log.QUALITY, Event.PHASE_LOST_L1 + n) for n in range(3)},
}
"""What sets a bit, and in which log it stands; bits that are not here stand in none."""


def cause(bit: int) -> tuple[Log | None, int]:
    """Return in which log stands what sets an alarm bit, and its code."""
    return _CAUSES.get(bit, (None, 0))
