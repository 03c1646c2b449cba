"""S2, S3, S6: when a permission has ended by itself, told from the facts alone.

Ends are also written down (store/registry/ends.py has the same causes as a query), now and then and for many homes at once. No
answer waits for that: what has ended is over from that moment on, for time that is long past too, and stays so. A renewal goes on
from what it renews: where that had ended before its end was reached, there was nothing to go on from.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from kwartier.model.ground import Agreement, Facts, Occupancy, Permission, RestrictionKind
from kwartier.model.period import Period

_REFUSED = RestrictionKind.REFUSED
"""A member of an enum by a name of this module, as in conditions.py."""
_INSTANT = timedelta(microseconds=1)


class _Over(Protocol):
    @property
    def period(self) -> Period: ...


def lasts(given: Permission, facts: Facts, at: datetime) -> bool:
    """True if from the start of its life to `at` its giver lived there, the meter was not refused and the party stayed bound.

    A party stays bound while it is not suspended, and no agreement of it ends without another one in its place.
    """
    since = given.live.start
    if facts.restrictions and _any_within((one for one in facts.restrictions if one.kind is _REFUSED), since, at):
        return False
    if facts.suspensions and _any_within((one for one in facts.suspensions if one.party == given.party), since, at):
        return False
    if given.party is not None and _lapsed(given.party, facts.agreements, since, at):
        return False
    if given.renews is not None and not _lasted(given, facts):
        return False
    return _stayed(given.subject, facts.occupancies, since, at)


def _any_within(facts: Iterable[_Over], since: datetime, at: datetime) -> bool:
    """True if one of them was in force at any moment from `since` to `at`, both included."""
    return any(one.period.start <= at and (one.period.end is None or since < one.period.end) for one in facts)


def _lapsed(party: int, agreements: Sequence[Agreement], since: datetime, at: datetime) -> bool:
    """True if after `since`, up to `at`, an agreement of the party ended where no other one was in force."""
    for one in agreements:
        end = one.period.end
        if end is not None and since < end <= at and one.party == party and not _bound(party, agreements, end):
            return True
    return False


def _bound(party: int, agreements: Sequence[Agreement], at: datetime) -> bool:
    return any(one.party == party and one.period.contains(at) for one in agreements)


def _lasted(given: Permission, facts: Facts) -> bool:
    """True if what this one renews had not ended by itself before its end; what is not known any more ended in good order."""
    for one in facts.permissions:
        if one.id == given.renews and one.id < given.id and one.live.end is not None:
            return lasts(one, facts, one.live.end - _INSTANT)
    return True


def _stayed(subject: int, homes: Sequence[Occupancy], since: datetime, at: datetime) -> bool:
    """True if this person lived there all the time from `since` to `at`; one stay may follow another without a gap."""
    for home in homes:
        if home.subject == subject and home.period.contains(since):
            end = home.period.end
            return end is None or at < end or _stayed(subject, homes, end, at)
    return False
