"""How often a connection may be read for the operator's use cases: which local days count against a yearly limit."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from kwartier.grounds.moments import iso_days
from kwartier.model.ground import STATION, Facts, Request, Role, UseCase
from kwartier.model.period import Period, days_in

_NO_DAYS: frozenset[str] = frozenset()
_INSTANT = timedelta(microseconds=1)


def used_up(case: UseCase, facts: Facts, request: Request, at: datetime) -> bool:
    """True if with the days of this request any calendar year of them would have more than the use case's limit."""
    used, asked = days_used(case, facts), iso_days(counted(request, at))
    if len(used) + len(asked) <= case.yearly_limit:
        return False
    days = used.union(asked)  # `used` may have days of other years
    return any(sum(day.startswith(year) for day in days) > case.yearly_limit for year in {day[:4] for day in asked})


def days_used(case: UseCase, facts: Facts) -> frozenset[str]:
    """Return the days that count against a yearly limit: those of this use case, and of every other for the same purpose and data.

    The limit is the connection's. A use that is registered anew, under another name, finds it as the one before left it.
    """
    if not facts.used_days and not facts.lost_days:
        return _NO_DAYS
    days = _days_of(case.id, facts)
    for other in facts.use_cases:
        if other.purpose is case.purpose and other.data_class is case.data_class and other.id != case.id:
            days |= _days_of(other.id, facts)
    return days


def _days_of(case: int, facts: Facts) -> frozenset[str]:
    return facts.used_days.get(case, _NO_DAYS) | facts.lost_days.get(case, _NO_DAYS)


def counted(request: Request, at: datetime) -> Period:
    """Return the time whose days count against a yearly limit: what usage is about; for anything else the visit itself.

    A log of events reaches back further than the last visit, and asking it is one visit all the same. The register of one midnight
    alone counts as the day that it closes.
    """
    if not request.mask:
        return Period(at, at)
    moment = request.period.start
    return Period(moment - _INSTANT, moment) if request.period.is_moment else request.period


def uses(request: Request, at: datetime) -> Iterator[tuple[int, int, date]]:
    """Yield each (use case, connection, local day) that counts against a yearly limit when a meter is asked this at `at`."""
    if request.requester.role is Role.OPERATOR and request.requester.id and request.connection != STATION:
        for day in days_in(counted(request, at)):
            yield request.requester.id, request.connection, day
