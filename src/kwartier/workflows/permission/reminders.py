"""S2: the customer is told before a permission runs out, and may renew it: as it was, or narrower."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.permission import Schedule, Scope, check
from kwartier.model.ground import Permission
from kwartier.model.period import Period, days_on
from kwartier.store.registry import names, permissions, reminders
from kwartier.store.registry.permissions import Grant
from kwartier.store.registry.reminders import Reminder
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import administrator, ends, telling
from kwartier.workflows.permission.errors import NoSuchPermission, NothingToRenew, WiderThanBefore

DAYS: Final = (30, 7)
"""So many days before its end a permission is told of: our choice."""


def remind(house: Installation, *, at: datetime) -> int:
    """Tell of every permission that is about to run out, once at each of the steps. Returns how many were told."""
    return sum(_reminded(house, at, after, last) for after, last in ends.pages(house))


def _reminded(house: Installation, at: datetime, after: int, last: int) -> int:
    with house.operator() as c:
        told = reminders.tell(c, DAYS, at, after, last)
        house.log.record(c, [_event(one, at) for one in told])
    return len(told)


def _event(one: Reminder, at: datetime) -> Event:
    body: dict[str, Json] = {"permission": one.permission, "party": one.party, "mask": one.mask, "days": one.days}
    return Event(at, EventKind.PERMISSION_REMINDED, telling.OPERATOR, one.code, one.connection, body)


RENEWED_DAYS: Final = 365
"""The longest that a permission goes on by one word, in local days: our choice, as an opt-in."""


def renewed_until(end: datetime) -> datetime:
    """Return until when what ends at `end` goes on at the most: days are whole there too, whenever the clock is changed between."""
    return days_on(end, RENEWED_DAYS)


def renew(
    house: Installation,
    subject: int,
    permission: int,
    *,
    until: datetime,
    at: datetime,
    mask: int | None = None,
    data: Period | None = None,
) -> int:
    """Give a permission again, from its end on until `until`: the same scope, or narrower. Returns the new one's number.

    It is about the same time, and where that ended with it, about that until the new end: `Scope.going_on`. What has ended by
    itself, whether somebody wrote that down or not, is over: of that nothing begins. Nor is an end prolonged that somebody told.

    Raises NoSuchPermission for one that is not theirs or is over, NothingToRenew, WiderThanBefore, BadScope, AlreadyPermitted,
    NotAnOccupant, GrantedElsewhere; then nothing changed.
    """
    ends.sweep_one(house, permission, at=at)  # whether it fell away is more than a customer may look up
    with house.portal(subject) as c:
        permissions.alone(c, subject)
        one, me = permissions.own(c, subject, permission, at), names.person(c, key=subject)
        if one is None or one.live is None or one.live.end is None or one.ended is not None or me is None:
            msg = "no such permission of this person that goes on, or it has no end"
            raise NoSuchPermission(msg)
        if one.party is not None:
            administrator.ours(house)
        most = Scope(one.mask, one.purpose, one.data, one.live.end).going_on(until)
        if most is None:
            msg = "what the permission is about was over before it ends"
            raise NothingToRenew(msg)
        after = replace(most, mask=one.mask if mask is None else mask, data=data or most.data)
        if not after.within(most) or until > renewed_until(one.live.end):
            msg = "a renewal is never wider than what it renews, and goes on for a year at the most"
            raise WiderThanBefore(msg)
        live = Period(one.live.end, max(until, one.live.end))
        check(Permission(0, subject, one.party, after.mask, after.purpose, after.data, live))
        about = (one.connection, subject, one.party, after.mask, after.purpose, after.data, live)
        given = Grant(*about, renews=permission, schedule=Schedule.DAILY)
        number = permissions.grant(c, given, at)
        house.log.record(c, [telling.granted(number, given, at, telling.customer(subject), me.code)])
    return number
