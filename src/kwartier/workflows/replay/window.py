"""Which time a replay is about: what happened in it is compared; what happened before it counts only as what was known."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from kwartier.model.errors import BadInput
from kwartier.model.period import midnight


class Window(NamedTuple):
    """From a moment until before another; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """True if the moment lies in it."""
        return not self.precedes(moment) and (self.end is None or moment < self.end)

    def precedes(self, moment: datetime) -> bool:
        """True if the moment lies before it."""
        return self.start is not None and moment < self.start


WHOLE = Window()


def of_days(first: date | None, last: date | None) -> Window:
    """Return the time from the midnight that opens the first local day to the one that closes the last. Raises BadInput."""
    if first is not None and last is not None and last < first:
        msg = "the last day lies before the first"
        raise BadInput(msg)
    return Window(None if first is None else midnight(first), None if last is None else midnight(last + timedelta(days=1)))
