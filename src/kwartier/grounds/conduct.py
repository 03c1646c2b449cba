"""The code of conduct: which rules stood when. Its rows are in rows.py and editions.py, its page is written by markdown.py.

The edition that counts is the one in force when the decision is made: the law of the day of the deed.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from kwartier.grounds import markdown
from kwartier.grounds.editions import EDITIONS
from kwartier.grounds.errors import NoEdition
from kwartier.grounds.rows import SENTENCES
from kwartier.grounds.rule import Certainty, Condition, Edition, Rule, Schedule, WhenOff
from kwartier.model.period import midnight, utc

__all__ = [
    "EDITIONS",
    "PASSING",
    "SENTENCES",
    "Certainty",
    "Condition",
    "Edition",
    "Rule",
    "Schedule",
    "WhenOff",
    "as_markdown",
    "edition",
    "edition_at",
    "ends_overview",
    "overview_before",
    "rule",
]

_BY_ID = {each.id: each for each in EDITIONS}
PASSING: Final = frozenset(row.id for each in EDITIONS for row in each.rules if row.passes)
"""The rules, of any edition, that say no for a while: a supplier that they keep from something gets it after that."""
_BY_NO = {row.no: row for each in EDITIONS for row in each.rules}


@lru_cache(maxsize=256)
def edition_at(moment: datetime) -> Edition:
    """Return the edition in force at the moment. Raises BadInput for a naive moment, NoEdition before the first one."""
    moment = utc(moment)
    for each in reversed(EDITIONS):
        if each.in_force.contains(moment):
            return each
    msg = "no edition of the code of conduct was in force at that moment"
    raise NoEdition(msg)


def edition(edition_id: str) -> Edition:
    """Return the edition with this id ("leaflet", "2026"). Raises KeyError."""
    return _BY_ID[edition_id]


def rule(no: int) -> Rule:
    """Return the row with this permanent number, in the words of the newest edition that has it. Raises KeyError."""
    return _BY_NO[no]


@lru_cache(maxsize=4096)
def ends_overview(day: date) -> bool:
    """True if the midnight that opens `day` ends a usage overview, by the edition in force then. Raises NoEdition."""
    return edition_at(midnight(day)).overview.falls_on(day)


@lru_cache(maxsize=4096)
def overview_before(day: date) -> date:
    """Return the last day before this one whose midnight ends a usage overview. Raises NoEdition."""
    day -= timedelta(days=1)
    while not ends_overview(day):
        day -= timedelta(days=1)
    return day


def as_markdown() -> str:
    """Return docs/GROUNDS.md."""
    return markdown.page(EDITIONS, SENTENCES)
