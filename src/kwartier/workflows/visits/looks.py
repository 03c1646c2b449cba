"""A look by one of the operator's people at what is known of connections, or of a person: a line in the log of whom it is about."""

from collections.abc import Iterable
from datetime import datetime

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.store.registry import people
from kwartier.workflows.installation import Installation
from kwartier.workflows.visits.errands import ACTOR, C


def looked(house: Installation, connections: Iterable[int], what: str, *, now: datetime) -> None:
    """Record in a transaction of its own that somebody looked `now`; `what` is a short word."""
    with house.operator() as c:
        record(house, c, connections, what, now=now)


def record(
    house: Installation,
    c: C,
    connections: Iterable[int],
    what: str,
    *,
    now: datetime,
    at: datetime | None = None,
    party: int | None = None,
) -> None:
    """Do the same in the caller's transaction, for a look at how it was `at` another moment, or at what one party may see."""
    keys = sorted(set(connections))
    codes = people.living(c, keys, at or now)
    body: dict[str, Json] = {"asked": party, "shown": what}
    house.log.record(c, [Event(now, EventKind.VIEW_SHOWN, ACTOR, codes.get(key), key, body) for key in keys])


def of_person(house: Installation, c: C, subject: int, connections: Iterable[int], what: str, *, now: datetime) -> None:
    """Record in the caller's transaction that somebody looked at what is known of a person at these connections.

    The line is the person's own, whoever lives there by now; of who lives and lived nowhere it is at no connection. Of who was
    forgotten nobody can be told.
    """
    code = people.codes(c, [subject]).get(subject, "")
    if code and not code.startswith(people.FORGOTTEN):
        keys: list[int | None] = [*sorted(set(connections))] or [None]
        body: dict[str, Json] = {"asked": None, "shown": what}
        house.log.record(c, [Event(now, EventKind.VIEW_SHOWN, ACTOR, code, key, body) for key in keys])


def looked_at(house: Installation, subject: int, connections: Iterable[int], what: str, *, now: datetime) -> None:
    """Do the same in a transaction of its own."""
    with house.operator() as c:
        of_person(house, c, subject, connections, what, now=now)
