"""Whether what a page told somebody is so: the word that they said of their meter, or the reading that they sent in."""

from datetime import datetime
from typing import Final

from kwartier.model.period import Period
from kwartier.store.registry import facts, names
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal.choice import Choice, meters
from kwartier.workflows.refusal.hand import How, readings

READING: Final = "reading"


def holds(house: Installation, subject: int, connection: int, word: str, *, at: datetime) -> bool:
    """Tell whether a word (a `Choice`, or READING) holds of a home where this person lives now; of any other it does not."""
    stay = _stay(house, subject, connection, at)
    if stay is None:
        return False
    if word == READING:
        return any(one.how == How.CUSTOMER for one in readings(house, connection, Period(stay.start, at)))
    stands = any((one.connection, str(one.stands)) == (connection, word) for one in meters(house, subject, at=at))
    return stands and (word != Choice.ON or _came_back(house, connection, stay, at))


def _stay(house: Installation, subject: int, connection: int, at: datetime) -> Period | None:
    with house.portal(subject) as c:
        return next((one.mine for one in names.own(c, subject) if one.key == connection and one.mine.contains(at)), None)


def _came_back(house: Installation, connection: int, stay: Period, at: datetime) -> bool:
    """Tell whether a choice not to be read ended in this stay: who never made one has taken none back."""
    with house.operator() as c:
        known = facts.facts(c, connection, year=at.year)
    return any(one.period.end is not None and stay.start < one.period.end <= at for one in known.restrictions)
