"""Whose time a paper is about: one supply of the receiver, one customer, and the periods of the schedule within that."""

from datetime import datetime
from typing import final

from kwartier.grounds import conduct
from kwartier.grounds.moments import anniversary_before, is_anniversary, last_anniversary
from kwartier.model.ground import Facts, Purpose, Supply
from kwartier.model.period import Period, day_of, midnight

EARLIER = 12
"""Earlier periods in an overview. What the supplier was told before that it has in its own books."""


@final
class Own:
    """The time that ends at `closes` in which neither the supply nor who lives there changed."""

    def __init__(self, facts: Facts, supply: Supply, closes: datetime) -> None:
        """Take a supply that has begun before `closes`."""
        self.supply = supply
        self.closes = closes
        bounds = [moment for one in facts.occupancies for moment in (one.period.start, one.period.end) if moment is not None]
        self.since = max([supply.period.start, *(moment for moment in bounds if moment < closes)])

    def year(self) -> Period | None:
        """Return the last year of supply that ended up to `closes`, from where the own time begins; None where none is own.

        It ends at `closes` itself where that is an anniversary, and before it where somebody read the meter by hand.
        """
        start = self.supply.period.start
        ended = last_anniversary(start, self.closes)
        return None if ended is None or ended <= self.since else Period(max(self.since, anniversary_before(start, ended)), ended)

    def periods(self) -> list[Period]:
        """Return the overview's period that ends at `closes` and earlier ones, newest first, as far as they are own.

        Each is of its own time's edition, so what was told once is told again in the same pieces. The earliest may be short.
        """
        found, end = list[Period](), self.closes
        while end > self.since and len(found) <= EARLIER:
            start = max(self.since, midnight(conduct.overview_before(day_of(end))))
            found.append(Period(start, end))
            end = start
        return found


def own(facts: Facts, party: int, purpose: Purpose, closes: datetime) -> Own | None:
    """Return the receiver's own time that a reading closes, None where it closes none: at the very start of a supply."""
    moment = Period(closes, closes)
    for supply in facts.supplies:
        fits = purpose is not Purpose.ANNUAL_BILL or is_anniversary(supply.period.start, closes)
        if supply.party == party and supply.period.start < closes and supply.period.covers(moment) and fits:
            return Own(facts, supply, closes)
    return None
