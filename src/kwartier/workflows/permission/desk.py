"""S2, S12: the customer gives a permission, and takes it back.

A revocation is a new fact; from its commit on no GET and no parcel leaves. Quarter-hours for the own page are read only after the
customer asked for them: the opt-in, a permission without a party.
"""

from datetime import datetime, timedelta
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Role
from kwartier.model.period import Period, day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.register import ALL_MASK, GAS_MASK, Product
from kwartier.store.registry import names, permissions
from kwartier.store.registry.permissions import Grant
from kwartier.workflows.installation import Installation

OWN_PURPOSE: Final = "own_insight"
"""What an opt-in says it is for; an import of opt-ins says the same."""
OPT_IN_LIVES: Final = timedelta(days=365)
"""An opt-in is asked for anew each year: our choice."""


class NotYourConnection(KwartierError):
    """The customer named a connection where they do not live now; nothing changed."""

    code = "not-your-connection"


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


def opt_in(house: Installation, subject: int, connection: int, *, at: datetime) -> int:
    """Let this person's own meter be read for their own page, from today on. Returns the permission's number.

    Raises NotYourConnection, AlreadyPermitted. The fact and its event in the log stand in one transaction.
    """
    now = from_epoch_s(epoch_s(at.replace(microsecond=0)))  # whole seconds, as the log has them
    with house.portal(subject) as c:
        mine = next((one for one in names.own(c, subject) if one.key == connection and one.mine.contains(now)), None)
        me = names.person(c, key=subject)
        if mine is None or me is None:
            msg = "nobody can ask for readings of a connection where they do not live"
            raise NotYourConnection(msg)
        mask = GAS_MASK if mine.product is Product.GAS else ALL_MASK & ~GAS_MASK
        data, live = Period(midnight(day_of(now))), Period(now, now + OPT_IN_LIVES)
        number = permissions.grant(c, Grant(connection, subject, None, mask, OWN_PURPOSE, data, live), now)
        body: dict[str, Json] = {
            "permission": number,
            "party": None,
            "mask": mask,
            "data_start": epoch_s(data.start),
            "data_end": None,
            "start": epoch_s(live.start),
            "end": epoch_s(now + OPT_IN_LIVES),
        }
        actor = f"{Role.CUSTOMER}:{subject}"
        house.log.record(c, [Event(at, EventKind.PERMISSION_GRANTED, actor, me.code, connection, body)])
    return number
