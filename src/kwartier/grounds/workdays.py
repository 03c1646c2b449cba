"""Working days of the Netherlands: Monday to Friday, but for the general holidays. Pure.

The holidays are those of the Algemene termijnenwet art. 3, whose text was not read for this. Good Friday and 5 May count.
"""

from datetime import date, timedelta
from functools import lru_cache

_SATURDAY, _SUNDAY = 5, 6


def after(day: date, count: int) -> date:
    """Return the day on which `count` working days after `day` are over: the one that opens when the last of them has ended."""
    while count:
        day += timedelta(days=1)
        count -= is_working(day)
    return day + timedelta(days=1)


@lru_cache(maxsize=4096)
def is_working(day: date) -> bool:
    """True for a working day."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    easter = _easter(year)
    king = date(year, 4, 27)
    return frozenset(
        {
            date(year, 1, 1),
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            king - timedelta(days=king.weekday() == _SUNDAY),
            date(year, 5, 5),
            easter + timedelta(days=39),
            easter + timedelta(days=50),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def _easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus, as Meeus prints it)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l_ = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * l_) // 433
    month = (h + l_ - 7 * m + 90) // 25
    return date(year, month, (h + l_ - 7 * m + 33 * month + 19) % 32)
