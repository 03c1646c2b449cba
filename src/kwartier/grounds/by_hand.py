"""How often a meter that is not read remotely is read at the meter itself, and by whom: a dated row each.

A reading at the meter is no reading by wire: the rows F1 and F2 speak of what is asked of a meter remotely. It is asked of a
person, at the door or by letter, and kept apart from what meters told (`kw.hand_reading`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, final

from kwartier.grounds.rule import Certainty
from kwartier.model.ground import Role
from kwartier.model.period import Period, midnight


@final
@dataclass(frozen=True, slots=True)
class ByHand:
    """Somebody's duty to have the registers of such a meter at least once in so many months, and on what that rests."""

    whose: Role
    months: int
    in_force: Period
    source: str
    certainty: Certainty


_ALWAYS: Final = Period(midnight(date(2011, 1, 1)))
BY_HAND: Final = (
    ByHand(Role.OPERATOR, 36, _ALWAYS, "Informatiecode: the operator reads at the meter, physically", Certainty.CITED),
    ByHand(Role.SUPPLIER, 12, _ALWAYS, "Informatiecode: the supplier collects, from the customer or the operator", Certainty.CITED),
)


def duties(at: datetime) -> list[ByHand]:
    """Return the duties in force at a moment."""
    return [one for one in BY_HAND if one.in_force.contains(at)]


def until(since: datetime, one: ByHand) -> datetime:
    """Return the moment by which a duty that was last done, or that began, at `since` is to be done: so many months on."""
    year, month = divmod(since.year * 12 + since.month - 1 + one.months, 12)
    day = min(since.day, _LAST_DAYS[month] + (month == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)))
    return since.replace(year=year, month=month + 1, day=day)


_LAST_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
