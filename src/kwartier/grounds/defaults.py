"""Which readings the operator collects itself when a supplier is in default, and from when.

* The register of the midnight that ends a supply while its supplier is in default: at once, since nobody else will ask for it.
* The register of another change of this supply (it begins; somebody moves): when 15 working days are over without it.
* The periodic register: 14 months after the supply began or had its anniversary, of that midnight.

Only what falls due while the supplier is in default: a change whose 15 working days were over before is none of this. What a
supplier did collect is not looked at: that it is in default is the fact, and who says so looked.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from kwartier.grounds import workdays
from kwartier.model.ground import Facts, SupplierDefault, Supply
from kwartier.model.period import Period, day_of, midnight

WORKING_DAYS: Final = 15
"""After a change (Informatiecode)."""
MONTHS: Final = 14
"""After the last periodic reading (Informatiecode): two more than a year."""
_YEAR: Final = 12


def collects(facts: Facts, supply: Supply, default: SupplierDefault, moment: datetime, at: datetime) -> bool:
    """True if at `at` the operator may collect the register of this moment for this supply."""
    since = collectable(facts, supply, default, moment)
    return since is not None and since <= at


def collectable(facts: Facts, supply: Supply, default: SupplierDefault, moment: datetime) -> datetime | None:
    """Return from when the register of this moment may be collected, None if it never may."""
    period, began = supply.period, default.period.start
    if not period.covers(Period(moment, moment)):
        return None
    if moment in (period.start, period.end) or any(moment in (home.period.start, home.period.end) for home in facts.occupancies):
        late = _workdays_after(moment)
        return max(moment if moment == period.end else late, began) if began <= late else None
    return moment if began <= moment and is_overdue(period.start, moment) else None


def leaves(supply: Supply, default: SupplierDefault) -> bool:
    """True if there is any moment of this supply whose register the default leaves to the operator, now or later.

    The last is that which ends the supply: where that had been over for 15 working days as the default began, none is.
    """
    end = supply.period.end
    return end is None or default.period.start <= _workdays_after(end)


@lru_cache(maxsize=4096)
def _workdays_after(moment: datetime) -> datetime:
    """Return the midnight at which 15 working days after the day of the change are over."""
    return midnight(workdays.after(day_of(moment), WORKING_DAYS))


@lru_cache(maxsize=4096)
def is_overdue(start: datetime, moment: datetime) -> bool:
    """True if `moment` is the local midnight 14 months after `start` or after an anniversary of it."""
    day, first = day_of(moment), day_of(start)
    months = (day.year - first.year) * _YEAR + day.month - first.month
    if months < MONTHS or (months - MONTHS) % _YEAR or midnight(day) != moment:
        return False
    return day.day == min(first.day, _days_in(day))


def _days_in(day: date) -> int:
    following = date(day.year + day.month // _YEAR, day.month % _YEAR + 1, 1)
    return (following - timedelta(days=1)).day
