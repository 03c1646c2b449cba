"""S11: a supplier does not collect its readings, or cannot supply any more; the operator collects in its place, by grounds O10."""

from datetime import datetime

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.errors import BadInput
from kwartier.model.ground import Role
from kwartier.store.registry import parties
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties.suspending import ACTOR, C, named


class NotASupplier(BadInput):
    """Only a supplier can be in default; nothing changed."""

    code = "not-a-supplier"


class NotInDefault(BadInput):
    """The supplier is not in default; nothing changed."""

    code = "not-in-default"


def begin_default(house: Installation, code: str, *, at: datetime) -> bool:
    """Say that a supplier is in default from now on. False if it was already. Raises NotFound, NotASupplier."""
    with house.operator() as c:
        party = named(c, code)
        if party.role is not Role.SUPPLIER:
            msg = f"{party.code} is no supplier"
            raise NotASupplier(msg)
        parties.lock(c, party.key)
        if parties.in_default(c, party.key, at):
            return False
        house.log.record(c, [_event(c, EventKind.DEFAULT_BEGAN, parties.begin_default(c, party.key, at), at)])
        return True


def end_default(house: Installation, code: str, *, at: datetime) -> None:
    """Say that a supplier is in default no more. Raises NotFound for no such party, NotInDefault."""
    with house.operator() as c:
        party = named(c, code)
        parties.lock(c, party.key)
        if not parties.in_default(c, party.key, at):
            msg = f"{party.code} is not in default"
            raise NotInDefault(msg)
        house.log.record(c, [_event(c, EventKind.DEFAULT_ENDED, parties.end_default(c, party.key, at), at)])


def _event(c: C, kind: EventKind, default: int, at: datetime) -> Event:
    body: dict[str, Json] = {**parties.told_of_default(c, default)}
    return Event(at, kind, ACTOR, body=body)
