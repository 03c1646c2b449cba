"""Art. 18 and 21 as facts: what a person stops holds from the same transaction on, at every connection where they live or lived.

It is about the person, so it goes along with them: where a stay comes in afterwards, by an import or because one was put right, it
holds there too from then on (`follow`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, LiteralString

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.rights import Right
from kwartier.model.period import Period, epoch_s, from_epoch_s
from kwartier.store.registry import late, names, people, rights
from kwartier.store.registry.names import Person
from kwartier.store.registry.rights import Mark, Place, RightRequest
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation

_TABLES: Final[Mapping[Right, LiteralString]] = {Right.RESTRICTION: "hold", Right.OBJECTION: "objection"}
"""The rights that stop something, and where the registry has it."""


def begin(house: Installation, c: C, one: RightRequest, me: Person, *, now: datetime) -> None:
    """Let a restriction or an objection hold from `now` (whole seconds) on, and tell the log; any other right stops nothing.

    One that was lifted in this second holds until the end of it: then the new one begins where that ends.
    """
    if one.right in _TABLES:
        places = [Place(own, one.subject, one.id, one.about) for own in sorted({own.key for own in names.own(c, one.subject)})]
        _begin(house, c, one.right, [(place, me.code) for place in places], now)


def follow(house: Installation, c: C, *, at: datetime) -> int:
    """Let what persons stopped hold where they were not known to live before; tell the log. Returns at how many places."""
    now, count = from_epoch_s(int(at.timestamp())), 0
    for right, table in _TABLES.items():
        missing = rights.elsewhere(c, table)
        codes = people.codes(c, {place.subject for place in missing})
        _begin(house, c, right, [(place, codes[place.subject]) for place in missing], now)
        count += len(missing)
    return count


def _begin(house: Installation, c: C, right: Right, places: Iterable[tuple[Place, str]], now: datetime) -> None:
    for place, code in places:
        period = Period(rights.free_from(c, place.connection, place.subject, place.purpose, now))
        if right is Right.RESTRICTION:
            number, kind = rights.hold(c, place.connection, place.subject, place.request, period), EventKind.HOLD_BEGAN
        else:
            number = rights.object_to(c, place.connection, place.subject, place.request, place.purpose, period)
            kind = EventKind.OBJECTION_BEGAN
        _tell(house, c, kind, code, [Mark(number, place.connection, place.subject, place.purpose, period)], now)


def end(house: Installation, c: C, one: RightRequest, me: Person, *, now: datetime) -> bool:
    """End what a request stopped, and tell the log. False if it stops nothing (any more).

    What suppliers did not get meanwhile of a switch or a move waits for them, and is decided anew.
    """
    holds = rights.end(c, rights.holds_of(c, one.id), "hold", now)
    objections = rights.end(c, rights.objections_of(c, one.id), "objection", now)
    _tell(house, c, EventKind.HOLD_ENDED, me.code, holds, now)
    _tell(house, c, EventKind.OBJECTION_ENDED, me.code, objections, now)
    for mark in holds:
        late.of_connection_again(c, mark.connection, mark.period.start, now)
    return bool(holds or objections)


def _tell(house: Installation, c: C, kind: EventKind, code: str, marks: Iterable[Mark], now: datetime) -> None:
    """A replay knows from these lines alone what held when: the fact, and from when until when in epoch seconds."""
    house.log.record(c, [Event(now, kind, "operator", code, mark.connection, _body(kind, mark)) for mark in marks])


def _body(kind: EventKind, mark: Mark) -> dict[str, Json]:
    fact = kind.partition(":")[0]
    end = mark.period.end
    said: dict[str, Json] = {fact: mark.id, "start": epoch_s(mark.period.start), "end": None if end is None else epoch_s(end)}
    return said | ({"purpose": mark.purpose} if mark.purpose else {})
