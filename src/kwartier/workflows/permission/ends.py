"""S2, S3, S6: permissions end by themselves.

The customer moved out or refused the meter, the party lost its agreement or was suspended, the end was reached, or all that it was
given for was handed over. Decisions need none of this to be right: they read those facts themselves (grounds/lasting.py). What is
written down here is that the permission is over for good, whatever becomes of the facts, with what renews it, and what everybody is
told of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from psycopg import Connection

from kwartier.audit.events import Event, EventKind
from kwartier.grounds import handed_over
from kwartier.model.period import utc
from kwartier.store.registry import ends, overviews, permissions
from kwartier.store.registry.ends import DataOver, End, Ended
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.permissions import PermissionRow
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import telling
from kwartier.workflows.permission.errors import HasEnded, NoSuchPermission

C = Connection[Any]

AT_ONCE: Final = 1_000
"""Permissions that one transaction looks at. A customer who says something of one of these meanwhile waits for it to end."""
LOOKED_UP: Final = 500
"""Permissions of which what was handed over is looked up at once: a query for each would be one per connection."""
_KINDS: Final = {
    "revoked": EventKind.PERMISSION_REVOKED,
    "terminated": EventKind.PERMISSION_TERMINATED,
    "expired": EventKind.PERMISSION_EXPIRED,
    "invalidated": EventKind.PERMISSION_INVALIDATED,
    "fulfilled": EventKind.PERMISSION_FULFILLED,
}


def sweep(house: Installation, *, at: datetime) -> int:
    """Write down every end that has come by itself up to `at`, each at the moment it took effect. Returns how many.

    Goes once through the permissions as they are numbered, a page to a transaction: what a killed one wrote is over and not found
    again. An end may bring another, that of a renewal, which has a higher number: so a page is looked at until it shows no new one.
    """
    return sum(_swept(house, at, after, last) for after, last in pages(house))


def sweep_one(house: Installation, permission: int, *, at: datetime) -> None:
    """Write down the end of one permission, if it has come by itself up to `at`."""
    _swept(house, at, permission - 1, permission)


def pages(house: Installation) -> Iterator[tuple[int, int]]:
    """Yield the pages of all permissions there are: after which number each begins, and its last."""
    after = 0
    while True:
        with house.operator() as c:
            last = ends.page(c, after, AT_ONCE)
        if last is None:
            return
        yield after, last
        after = last


def _swept(house: Installation, at: datetime, after: int, last: int) -> int:
    count = 0
    while True:
        with house.operator() as c:
            said = written(house, c, _due(c, at, after, last))
        if not said:
            return count
        count += len(said)


def _due(c: C, at: datetime, after: int, last: int) -> list[End]:
    """Return every end on a page that is due. What was fulfilled before it fell away was fulfilled."""
    found = {one.permission: one for one in ends.over(c, at, after, last)}
    for one in _fulfilled(c, ends.data_over(c, at, after, last), at):
        if one.permission not in found or one.at < found[one.permission].at:
            found[one.permission] = one
    return list(found.values())


def _fulfilled(c: C, candidates: Sequence[DataOver], now: datetime) -> Iterable[End]:
    for first in range(0, len(candidates), LOOKED_UP):
        some = candidates[first : first + LOOKED_UP]
        handed = ends.handed(c, some)
        for one in some:
            got = handed.get((one.party, one.connection), ())
            parcels = [(p.mask, p.period, handed_over.counts_from(p.at, one.data, missing=p.missing)) for p in got]
            at = handed_over.complete(one.mask, one.data, parcels)
            if at is not None and at <= now and one.live.contains(at):
                yield End(one.permission, at, "fulfilled")


def written(house: Installation, c: C, found: Sequence[End], actor: str = telling.OPERATOR) -> list[Ended]:
    """Append ends in registry and log, in the caller's transaction; return those that nobody had said before."""
    said = ends.write(c, found)
    house.log.record(c, [told(one, actor) for one in said])
    return said


def told(one: Ended, actor: str = telling.OPERATOR) -> Event:
    """Return how the log is told of an end."""
    body = telling.ended(one.end.permission, one.party, one.mask, one.end.because)
    return Event(one.end.at, _KINDS[one.end.event], actor, one.code, one.connection, body)


def terminate(house: Installation, party_code: str, identifier: str, *, at: datetime) -> None:
    """Let a party end its service under a permission (EU 2023/1162, procedure 3), renewals included.

    One that ran out and goes on by a renewal ends with that. Raises NoSuchPermission, HasEnded where nothing goes on.
    """
    with house.operator() as c:
        try:
            one = overviews.one(c, identifier)
        except NotFound as fault:
            raise _none() from fault
        if one.party is None or one.party_code != party_code:
            raise _none()
        permissions.alone(c, one.subject)
        chain = permissions.chain(c, one.id)
        over = [End(each.id, max(at, one.live.start), "terminated") for each in chain if each.over(at) is None]
        if not over:
            raise _ended(chain, at)
        written(house, c, over, telling.third_party(one.party))


def _ended(chain: Iterable[PermissionRow], at: datetime) -> HasEnded:
    """Say how and when the last of a permission and its renewals ended."""
    event, when = max((end for one in chain if (end := one.over(at)) is not None), key=itemgetter(1))
    return HasEnded(f"this permission has ended: {event}, {utc(when).isoformat()}")


def _none() -> NoSuchPermission:
    return NoSuchPermission("no such permission of this party")
