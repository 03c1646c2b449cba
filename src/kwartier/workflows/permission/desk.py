"""S2, S12: the customer takes a permission back. A revocation is a new fact; from its commit on no GET and no parcel leaves."""

from datetime import datetime

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Role
from kwartier.store.registry import names, permissions
from kwartier.workflows.installation import Installation


class NoSuchPermission(KwartierError):
    """The customer named a permission that is not theirs, or has ended already; nothing changed."""

    code = "no-such-permission"


def revoke(house: Installation, subject: int, permission: int, *, at: datetime) -> None:
    """Revoke one of this person's permissions now. Raises NoSuchPermission.

    The fact, the stop for meters and parcels under way, and the event in the log stand in one transaction.
    """
    with house.portal(subject) as c:
        one = permissions.own(c, subject, permission, at)
        me = names.person(c, key=subject)
        if one is None or me is None:
            msg = "no such permission of this person"
            raise NoSuchPermission(msg)
        permissions.revoke(c, permission, at)
        body: dict[str, Json] = {"permission": permission, "party": one.party, "mask": one.mask}
        actor = f"{Role.CUSTOMER}:{subject}"
        house.log.record(c, [Event(at, EventKind.PERMISSION_REVOKED, actor, me.code, one.connection, body)])
