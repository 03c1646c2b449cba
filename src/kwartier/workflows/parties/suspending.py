"""S6: a party that does not keep to its agreement gets nothing, from the commit on, until it is reinstated."""

from datetime import datetime
from enum import StrEnum
from typing import Any, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.errors import BadInput
from kwartier.store.registry import late, parties
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.parties import Party
from kwartier.workflows.installation import Installation

C = Connection[Any]
ACTOR = "operator"


@final
class Because(StrEnum):
    """Why a party is suspended. A kind and no prose: what is told here stands in the log for good."""

    ASSURANCE_MISSED = "assurance_missed"
    MANDATE_FAILED = "mandate_failed"
    BREACH = "breach"
    SECURITY = "security"
    OWN_REQUEST = "own_request"


class NotSuspended(BadInput):
    """A party is to be reinstated that is not suspended; nothing changed."""

    code = "not-suspended"


def suspend(house: Installation, code: str, because: Because, *, at: datetime) -> bool:
    """Suspend the party with this public code from now on. False if it was suspended already. Raises NotFound.

    The fact, the stop for meters and parcels under way, and the event in the log stand in one transaction.
    """
    with house.operator() as c:
        return suspend_in(house, c, named(c, code).key, because, at=at) is not None


def suspend_in(house: Installation, c: C, party: int, because: Because, *, at: datetime) -> int | None:
    """Suspend a party in the caller's transaction. Returns the suspension's number, None if it was suspended already."""
    parties.lock(c, party)
    already = parties.suspended(c, party, at)
    number = parties.suspend(c, party, at, because)
    if already:
        return None
    house.log.record(c, [_event(c, EventKind.SUSPENSION_BEGAN, number, at)])
    return number


def reinstate(house: Installation, code: str, *, at: datetime) -> None:
    """End the suspension of the party with this public code. Raises NotFound for no such party, NotSuspended.

    What it did not get meanwhile of a switch or a move waits for it, and is decided anew.
    """
    with house.operator() as c:
        party = named(c, code)
        parties.lock(c, party.key)
        if not parties.suspended(c, party.key, at):
            msg = f"{party.code} is not suspended"
            raise NotSuspended(msg)
        ended = parties.reinstate(c, party.key, at)
        house.log.record(c, [_event(c, EventKind.SUSPENSION_ENDED, ended, at)])
        late.of_party_again(c, party.key, parties.suspended_since(c, ended), at)


def named(c: C, code: str) -> Party:
    """Return the party with this public code. Raises NotFound."""
    found = parties.by_code(c, code)
    if found is None:
        msg = "no party has this code"
        raise NotFound(msg)
    return found


def _event(c: C, kind: EventKind, suspension: int, at: datetime) -> Event:
    body: dict[str, Json] = {**parties.told_of(c, suspension)}
    return Event(at, kind, ACTOR, body=body)
