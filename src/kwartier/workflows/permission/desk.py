"""S2, S12: the customer gives a permission, and takes it back.

A revocation is a new fact; from its commit on no GET and no parcel leaves. Quarter-hours for the own page are read only after the
customer asked for them: the opt-in, a permission without a party.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from kwartier.audit.events import Event, EventKind
from kwartier.model.period import Period, day_of, midnight, whole_second
from kwartier.model.register import ALL_MASK, GAS_MASK, Product
from kwartier.store.registry import late_noes, names, permissions
from kwartier.store.registry.names import Person
from kwartier.store.registry.permissions import Grant
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import telling
from kwartier.workflows.permission.errors import HasEnded, NoSuchPermission, NotYourConnection

C = Connection[Any]

OWN_PURPOSE: Final = "own_insight"
"""What an opt-in says it is for; an import of opt-ins says the same."""
OPT_IN_LIVES: Final = timedelta(days=365)
"""An opt-in is asked for anew each year: our choice."""


def revoke(house: Installation, subject: int, permission: int, *, at: datetime) -> bool:
    """Revoke one of this person's permissions now; returns and raises as `take_back`.

    The fact, the stop for meters and parcels under way, and the event in the log stand in one transaction.
    """
    with house.portal(subject) as c:
        return take_back(house, c, subject, permission, at, telling.customer(subject))


def take_back(house: Installation, c: C, subject: int, permission: int, at: datetime, actor: str) -> bool:
    """Revoke a person's permission in the caller's transaction, and what renews it. Returns whether anything was revoked.

    One that ran out and goes on by a renewal is taken back with that. Of one that has ended otherwise the no is kept: no mandate of
    the same begins by silence. Raises NoSuchPermission for one that is not theirs, HasEnded where nothing is left to say no to.
    """
    permissions.alone(c, subject)
    chain = (permission, *permissions.successors(c, permission))
    me = names.person(c, key=subject)
    if me is None:
        msg = "no such permission of this person"
        raise NoSuchPermission(msg)
    events = []
    for key in chain:
        one = permissions.own(c, subject, key, at)
        if one is not None and permissions.revoke(c, key, at):
            body = telling.ended(one.id, one.party, one.mask)
            events.append(Event(at, EventKind.PERMISSION_REVOKED, actor, me.code, one.connection, body))
    if not events:
        _said_late(house, c, me, permission, at, actor)
        return False
    house.log.record(c, events)
    return True


def _said_late(house: Installation, c: C, me: Person, permission: int, at: datetime, actor: str) -> None:
    """Keep a no to what has ended already. An opt-in has no party that could claim it."""
    one = permissions.theirs(c, me.key, permission)
    if one is None:
        msg = "no such permission of this person"
        raise NoSuchPermission(msg)
    if one.party is None or not late_noes.to_permission(c, permission, at):
        msg = "this permission has ended, and this person's no to it stands already"
        raise HasEnded(msg)
    body = telling.ended(permission, one.party, one.mask)
    house.log.record(c, [Event(at, EventKind.PERMISSION_DECLINED, actor, me.code, one.connection, body)])


def take_back_by_letter(house: Installation, permission: int, *, at: datetime) -> bool:
    """Write down that a customer takes a permission back by letter, as one of the operator's people opened it.

    Returns and raises as `take_back`.
    """
    with house.operator() as c:
        subject = permissions.subject_of(c, permission)
        if subject is None:
            msg = "no permission has this number"
            raise NoSuchPermission(msg)
        return take_back(house, c, subject, permission, at, telling.OPERATOR)


def opt_in(house: Installation, subject: int, connection: int, *, at: datetime) -> int:
    """Let this person's own meter be read for their own page, from today on. Returns the permission's number.

    Raises NotYourConnection, AlreadyPermitted. The fact and its event in the log stand in one transaction.
    """
    now = whole_second(at)
    with house.portal(subject) as c:
        mine = next((one for one in names.own(c, subject) if one.key == connection and one.mine.contains(now)), None)
        me = names.person(c, key=subject)
        if mine is None or me is None:
            msg = "nobody can ask for readings of a connection where they do not live"
            raise NotYourConnection(msg)
        mask = GAS_MASK if mine.product is Product.GAS else ALL_MASK & ~GAS_MASK
        data, live = Period(midnight(day_of(now))), Period(now, now + OPT_IN_LIVES)
        given = Grant(connection, subject, None, mask, OWN_PURPOSE, data, live)
        number = permissions.grant(c, given, now)
        house.log.record(c, [telling.granted(number, given, at, telling.customer(subject), me.code)])
    return number
