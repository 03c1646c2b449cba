"""Art. 18 and 21 as facts: what a person stops holds from the same transaction on, at every connection where they live or lived."""

from collections.abc import Iterable
from datetime import datetime

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.rights import Right
from kwartier.model.period import Period, epoch_s
from kwartier.store.registry import names, rights
from kwartier.store.registry.names import Person
from kwartier.store.registry.rights import Mark, RightRequest
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation


def begin(house: Installation, c: C, one: RightRequest, me: Person, *, now: datetime) -> None:
    """Let a restriction or an objection hold from `now` (whole seconds) on, and tell the log; any other right stops nothing.

    One that was lifted in this second holds until the end of it: then the new one begins where that ends.
    """
    for connection in sorted({own.key for own in names.own(c, one.subject)}):
        period = Period(rights.free_from(c, connection, one.subject, one.about, now))
        if one.right is Right.RESTRICTION:
            number = rights.hold(c, connection, one.subject, one.id, period)
            _tell(house, c, EventKind.HOLD_BEGAN, me, [Mark(number, connection, one.subject, "", period)], now)
        elif one.right is Right.OBJECTION:
            number = rights.object_to(c, connection, one.subject, one.id, one.about, period)
            _tell(house, c, EventKind.OBJECTION_BEGAN, me, [Mark(number, connection, one.subject, one.about, period)], now)


def end(house: Installation, c: C, one: RightRequest, me: Person, *, now: datetime) -> bool:
    """End what a request stopped, and tell the log. False if it stops nothing (any more)."""
    holds = rights.end(c, rights.holds_of(c, one.id), "hold", now)
    objections = rights.end(c, rights.objections_of(c, one.id), "objection", now)
    _tell(house, c, EventKind.HOLD_ENDED, me, holds, now)
    _tell(house, c, EventKind.OBJECTION_ENDED, me, objections, now)
    return bool(holds or objections)


def _tell(house: Installation, c: C, kind: EventKind, me: Person, marks: Iterable[Mark], now: datetime) -> None:
    """A replay knows from these lines alone what held when: the fact, and from when until when in epoch seconds."""
    house.log.record(c, [Event(now, kind, "operator", me.code, mark.connection, _body(kind, mark)) for mark in marks])


def _body(kind: EventKind, mark: Mark) -> dict[str, Json]:
    fact = kind.partition(":")[0]
    end = mark.period.end
    said: dict[str, Json] = {fact: mark.id, "start": epoch_s(mark.period.start), "end": None if end is None else epoch_s(end)}
    return said | ({"purpose": mark.purpose} if mark.purpose else {})
