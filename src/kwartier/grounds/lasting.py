"""S2, S3, S6: when a permission has ended by itself, told from the facts alone.

Ends are also written down (store/registry/ends.py has the same causes as a query), now and then and for many homes at once. No
answer waits for that: what has ended is over from that moment on, for time that is long past too, and stays so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from kwartier.model.ground import Facts, Occupancy, Permission, RestrictionKind
from kwartier.model.period import Period

_REFUSED = RestrictionKind.REFUSED
"""A member of an enum by a name of this module, as in conditions.py."""


class _Over(Protocol):
    @property
    def period(self) -> Period: ...


def lasts(given: Permission, facts: Facts, at: datetime) -> bool:
    """True if from the start of its life to `at` its giver lived there, the meter was not refused and the party not suspended."""
    since = given.live.start
    if facts.restrictions and _any_within((one for one in facts.restrictions if one.kind is _REFUSED), since, at):
        return False
    if facts.suspensions and _any_within((one for one in facts.suspensions if one.party == given.party), since, at):
        return False
    return _stayed(given.subject, facts.occupancies, since, at)


def _any_within(facts: Iterable[_Over], since: datetime, at: datetime) -> bool:
    """True if one of them was in force at any moment from `since` to `at`, both included."""
    return any(one.period.start <= at and (one.period.end is None or since < one.period.end) for one in facts)


def _stayed(subject: int, homes: Sequence[Occupancy], since: datetime, at: datetime) -> bool:
    """True if this person lived there all the time from `since` to `at`; one stay may follow another without a gap."""
    for home in homes:
        if home.subject == subject and home.period.contains(since):
            end = home.period.end
            return end is None or at < end or _stayed(subject, homes, end, at)
    return False
