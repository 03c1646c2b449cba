"""Which parcels of a bundle make a paper, and of which moments it wants readings. Pure: what was handed over is given.

A year of supply is closed by the reading of its anniversary, or where there is none by the first that somebody took by hand after
it. The next one opens with that same reading, so that every bill begins where the one before ended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, final

from kwartier.delivery import papers
from kwartier.delivery.own import Own, own
from kwartier.grounds import conduct
from kwartier.grounds.moments import last_anniversary
from kwartier.model.ground import Purpose, Role
from kwartier.model.period import Period, day_of
from kwartier.store.registry.deliveries import BundleParcel
from kwartier.store.registry.handed import Closing
from kwartier.workflows.delivery_round.known import Known

PAPERS = frozenset({Purpose.PERIODIC_READING, Purpose.ANNUAL_BILL, Purpose.HAND_READING})


@final
class Plan(NamedTuple):
    """A paper to be made: of which parcel, in whose own time, over which periods (the newest first), and instead of which.

    Of a bill the periods end alike, and the first counts of which the opening reading is known.
    """

    parcel: BundleParcel
    there: Known
    own: Own
    periods: list[Period]
    replaces: tuple[str, ...] = ()

    def moments(self) -> set[datetime]:
        """Return the moments of which readings are wanted."""
        spans = [*self.periods, *(papers.year_before(one) for one in self.periods[:1] if self.is_overview)]
        return {moment for one in spans for moment in (one.start, one.end) if moment is not None and moment >= self.own.since}

    @property
    def is_overview(self) -> bool:
        """True for an overview, False for an annual bill."""
        return self.parcel.request.purpose is Purpose.PERIODIC_READING


def may_close(one: BundleParcel) -> bool:
    """True for a parcel of a supplier that can close a year of supply, or closes a period of the overview."""
    request = one.request
    if request.requester.role is not Role.SUPPLIER or request.purpose not in PAPERS:
        return False
    return request.purpose is not Purpose.PERIODIC_READING or conduct.ends_overview(day_of(request.period.start))


def plan(one: BundleParcel, there: Known, yearly: Sequence[Closing]) -> Plan | None:
    """Return what a parcel closes, None if that is nothing. `yearly` is what this supplier was handed of what may close a year."""
    request = one.request
    mine = own(there.facts, request.requester.id, request.purpose, request.period.start)
    if mine is None:
        return None
    if request.purpose is Purpose.PERIODIC_READING:
        return Plan(one, there, mine, mine.periods(), one.corrects)
    year = mine.year()
    if year is None or (request.purpose is Purpose.HAND_READING and not _closes(mine, year, yearly)):
        return None
    return Plan(one, there, mine, [Period(opens, mine.closes) for opens in _openings(year, yearly)], one.corrects)


def _closes(mine: Own, year: Period, yearly: Sequence[Closing]) -> bool:
    """True for the first reading after the end of a year, unless a later one closed it before."""
    began = mine.supply.period.start
    since = [one for one in yearly if last_anniversary(began, one.at) == year.end]
    return all(one.at >= mine.closes and (one.leaves or one.at == mine.closes) for one in since)


def _openings(year: Period, yearly: Sequence[Closing]) -> list[datetime]:
    """Return where a bill may open: where the year began, or with the first reading after that, which closed the one before."""
    within = [one.at for one in yearly if year.start < one.at and (year.end is None or one.at < year.end)]
    return [year.start, *within[:1]]
