"""How the log is told of a permission and of requests: ids, kinds and moments, in the same words whoever speaks."""

from datetime import datetime

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.model.ground import Requester, Role
from kwartier.model.period import Period, epoch_s
from kwartier.store.registry.permissions import Grant
from kwartier.store.registry.requests import RequestRow

OPERATOR = "operator"

REQUEST_KINDS = {
    "requested": EventKind.PERMISSION_REQUESTED,
    "presented": EventKind.PERMISSION_PRESENTED,
    "rejected": EventKind.PERMISSION_REJECTED,
    "timed_out": EventKind.PERMISSION_TIMED_OUT,
    "found_invalid": EventKind.PERMISSION_FOUND_INVALID,
    "declined": EventKind.PERMISSION_DECLINED,
}


def customer(subject: int) -> str:
    """Return how the log names a customer."""
    return actor_of(Requester(Role.CUSTOMER, subject))


def third_party(party: int) -> str:
    """Return how the log names a party."""
    return actor_of(Requester(Role.THIRD_PARTY, party))


def granted(permission: int, given: Grant, at: datetime, actor: str, code: str) -> Event:
    """Say that a permission was given, to which request, and which one it renews. `code` is the giver's own."""
    start, end = _span(given.live)
    first, last = _span(given.data)
    body: dict[str, Json] = {
        "permission": permission,
        "party": given.party,
        "mask": given.mask,
        "data_start": first,
        "data_end": last,
        "start": start,
        "end": end,
    }
    if given.request is not None:
        body["request"] = given.request
    if given.renews is not None:
        body["renews"] = given.renews
    return Event(at, EventKind.PERMISSION_GRANTED, actor, code, given.connection, body)


def ended(permission: int, party: int | None, mask: int, because: str | None = None) -> dict[str, Json]:
    """Return the body of an end. It says nothing of a start: so it ends the fact."""
    body: dict[str, Json] = {"permission": permission, "party": party, "mask": mask}
    if because is not None:
        body["because"] = because
    return body


def of_request(one: RequestRow, event: str, at: datetime, actor: str, code: str | None, because: str | None = None) -> Event:
    """Say what happened to a request."""
    body: dict[str, Json] = {"request": one.id, "party": one.party, "mask": one.scope.mask, "origin": one.origin}
    if because is not None:
        body["because"] = because
    return Event(at, REQUEST_KINDS[event], actor, code, one.connection, body)


def _span(period: Period) -> tuple[int, int | None]:
    return epoch_s(period.start), None if period.end is None else epoch_s(period.end)
