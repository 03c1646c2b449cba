"""S2, S3, S6: when a permission has ended by itself, told from the facts alone.

Ends are also written down (store/registry/ends.py has the same causes as a query), now and then and for many homes at once. No
answer waits for that: what has ended is over from that moment on, for time that is long past too, and stays so. A renewal goes on
from what it renews: where that had fallen away before the renewal began, there was nothing to go on from.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from kwartier.model.ground import Agreement, Facts, Occupancy, Permission, RestrictionKind, Role
from kwartier.model.period import Period

_REFUSED, _THIRD_PARTY = RestrictionKind.REFUSED, Role.THIRD_PARTY
"""Members of enums by a name of this module, as in conditions.py."""
_INSTANT = timedelta(microseconds=1)


class _Over(Protocol):
    @property
    def period(self) -> Period: ...


def lasts(given: Permission, facts: Facts, at: datetime) -> bool:
    """True if from the start of its life to `at` its giver lived there, the meter was not refused and the party was bound.

    A party is bound while it has an agreement that is not suspended. What binds it must be there: an agreement less, or a shorter
    one, never makes a permission last longer.
    """
    since = given.live.start
    if facts.restrictions and _any_within((one for one in facts.restrictions if one.kind is _REFUSED), since, at):
        return False
    if facts.suspensions and _any_within((one for one in facts.suspensions if one.party == given.party), since, at):
        return False
    if given.party is not None and not _bound(given.party, facts.agreements, since, at):
        return False
    if given.renews is not None and not _goes_on(given, facts):
        return False
    return _stayed(given.subject, facts.occupancies, since, at)


def _any_within(facts: Iterable[_Over], since: datetime, at: datetime) -> bool:
    """True if one of them was in force at any moment from `since` to `at`, both included."""
    return any(one.period.start <= at and (one.period.end is None or since < one.period.end) for one in facts)


def _bound(party: int, agreements: Sequence[Agreement], since: datetime, at: datetime) -> bool:
    """True if a third party had an agreement all the time from `since` to `at`; one may follow another without a gap."""
    for one in agreements:
        if one.party == party and one.role is _THIRD_PARTY and one.period.contains(since):
            end = one.period.end
            return end is None or at < end or _bound(party, agreements, end, at)
    return False


def _goes_on(given: Permission, facts: Facts) -> bool:
    """True if what this one renews had not fallen away by itself before this one began.

    The registry keeps it for as long as this one (store/registry/ended.py): what is not there was over before it had begun.
    """
    for one in facts.permissions:
        if one.id == given.renews and one.id < given.id:
            return lasts(one, facts, given.live.start - _INSTANT)
    return False


def _stayed(subject: int, homes: Sequence[Occupancy], since: datetime, at: datetime) -> bool:
    """True if this person lived there all the time from `since` to `at`; one stay may follow another without a gap."""
    for home in homes:
        if home.subject == subject and home.period.contains(since):
            end = home.period.end
            return end is None or at < end or _stayed(subject, homes, end, at)
    return False
