"""S18: what meters send by themselves is data like any other. Without a ground it is discarded, and that is written down."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.decide import decide
from kwartier.headend.listener import Arrival
from kwartier.model.care import CLASS_OF, Chore
from kwartier.model.ground import Action, Purpose, Refusal, Request, Requester, Role, UseCase
from kwartier.model.period import Period, day_of, whole_second
from kwartier.model.permit import Permit
from kwartier.store.registry import care, facts, people
from kwartier.store.registry.care import Placed
from kwartier.workflows.installation import Installation

C = Connection[Any]
ACTOR: Final = "operator"


class Fate(StrEnum):
    """What became of an alarm that arrived."""

    TAKEN = "taken"
    NO_GROUND = "no_ground"
    UNKNOWN = "unknown"
    ELSEWHERE = "elsewhere"
    SAYS_NOTHING = "says_nothing"


def take(house: Installation, arrival: Arrival, at: datetime) -> Fate:
    """Keep an alarm that has a ground; discard any other. Of one from an unknown meter or another address nothing is kept."""
    with house.operator() as c:
        there = care.by_equipment(c, arrival.alarm.equipment_id, at)
        fate = _plausible(arrival, there)
        if fate is not Fate.TAKEN or there is None:
            house.log.record(c, [Event(at, EventKind.ALARM_DISCARDED, ACTOR, body={"why": str(fate)})])
            return fate
        answer = _decide(c, there, at)
        if not isinstance(answer, Permit):
            _discard(house, c, there, answer, at)
            return Fate.NO_GROUND
        _keep(house, c, there, answer, arrival, at)
    return Fate.TAKEN


def _plausible(arrival: Arrival, there: Placed | None) -> Fate:
    """An alarm is not authenticated; one that does not even come from its meter's own address is nobody's."""
    if there is None:
        return Fate.UNKNOWN
    if there.host != arrival.host:
        return Fate.ELSEWHERE
    return Fate.TAKEN if arrival.alarm.registers else Fate.SAYS_NOTHING


def _decide(c: C, there: Placed, at: datetime) -> Permit | Refusal | None:
    """Decide as for asking: a meter that tells by itself needs the same ground. None if no use case is there to name."""
    known = facts.facts(c, there.connection, year=day_of(at).year)
    refusal: Refusal | None = None
    for case in known.use_cases:
        if case.purpose is Purpose.DANGER and case.data_class is CLASS_OF[Chore.ALARMS]:
            answer = decide(_request(there.connection, case, at), known, at=at)
            if isinstance(answer, Permit):
                return answer
            refusal = answer
    return refusal


def _request(connection: int, case: UseCase, at: datetime) -> Request:
    now = whole_second(at)
    return Request(Requester(Role.OPERATOR, case.id), Action.READ, Purpose.DANGER, connection, 0, Period(now, now), case.data_class)


def _discard(house: Installation, c: C, there: Placed, refusal: Refusal | None, at: datetime) -> None:
    """Write down for the customer that something came and was not kept, and which rule said so."""
    body: dict[str, Json] = {"why": str(Fate.NO_GROUND), "u": str(Purpose.DANGER), "o": str(Role.OPERATOR), "i": 0, "x": "F10"}
    subject: int | None = None
    if refusal is not None:
        body |= {"x": refusal.rule, "i": refusal.request.requester.id}
        subject = refusal.subject
    code = None if subject is None else people.codes(c, {subject}).get(subject)
    house.log.record(c, [Event(at, EventKind.ALARM_DISCARDED, ACTOR, code, there.connection, body)])


def _keep(house: Installation, c: C, there: Placed, permit: Permit, arrival: Arrival, at: datetime) -> None:
    request = permit.request
    care.add_alarm(c, there, at, arrival.alarm.registers[0], permit.id, request.requester.id)
    body: dict[str, Json] = {
        "m": there.meter,
        "permit": permit.id.hex(),
        "rule": permit.rule,
        "o": str(request.requester.role),
        "i": request.requester.id,
        "u": str(request.purpose),
        "class": str(request.data_class),
    }
    code = None if permit.subject is None else people.codes(c, {permit.subject}).get(permit.subject)
    house.log.record(c, [Event(at, EventKind.ALARM_TAKEN, ACTOR, code, there.connection, body)])
