"""Whether the register that a supplier waits for lies in the lake: then no meter is asked for it, and it can be promised."""

from kwartier.grounds.moments import day_opened_by
from kwartier.model.period import day_of
from kwartier.store.readings import Readings
from kwartier.store.registry.late import Waiting


def is_held(readings: Readings, one: Waiting) -> bool:
    """True if the lake has it: of a moment that is no midnight there is none, whatever is held of its day."""
    return day_opened_by(one.moment) is not None and bool(readings.day(one.connection, day_of(one.moment), one.mask))
