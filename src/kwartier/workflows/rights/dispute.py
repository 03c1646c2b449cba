"""Art. 16, 18(1)(a): readings that a person disputes stay as they were read, and are marked as doubted wherever they go.

A register is never overwritten by another value: what the meter said is what it said. If it was wrong, the mark stays; a reading
taken at the meter stands beside it.
"""

from datetime import datetime
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.period import Period, epoch_s, whole_second
from kwartier.store.registry import disputes, people
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import register
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, ReasonMissing
from kwartier.workflows.rights.rectify import Answer

RIGHT, WRONG = "right", "wrong"
OUTCOMES: Final = (RIGHT, WRONG)
ACTOR: Final = "operator"


def dispute(house: Installation, connection: int, period: Period, answer: Answer, *, at: datetime) -> int:
    """Mark the readings about a closed period as disputed by who lived there then. Returns the dispute's number.

    Raises CannotBeAsked where nobody lived there in all of it, or it is no time at all, ReasonMissing.
    """
    now = _whole(answer, at)
    register.some_time(period)
    with house.operator() as c:
        found = people.ever_at(c, [connection]).get(connection, {})
        stays = [(subject, one) for subject in found for one in people.occupancies(c, subject) if one.connection == connection]
        who = next((subject for subject, one in stays if period.end is not None and one.period.covers(period)), None)
        if who is None:
            msg = "nobody lived there in all of that time"
            raise CannotBeAsked(msg)
        register.of_person(house, c, answer.request, who)
        number = disputes.add(c, connection, who, answer.request, period, now, answer.by)
        _tell(house, c, number, (who, connection, period), "disputed", now)
    return number


def settle(house: Installation, number: int, outcome: str, answer: Answer, *, at: datetime) -> None:
    """Say what became of a dispute: the readings were `right`, and the mark goes; or `wrong`, and it is disputed for good.

    Raises CannotBeAsked, AlreadyAnswered, ReasonMissing.
    """
    now = _whole(answer, at)
    with house.operator() as c:
        about = disputes.whose(c, number)
        if about is None or outcome not in OUTCOMES:
            msg = "there is no such dispute, or outcome"
            raise CannotBeAsked(msg)
        register.of_person(house, c, answer.request, about[0])
        over = not disputes.end(c, number, now, outcome, answer.by) if outcome == RIGHT else disputes.is_over(c, number)
        if over:
            msg = "this was settled before"
            raise AlreadyAnswered(msg)
        _tell(house, c, number, about, outcome, now)
        register.answered(house, c, answer.request, by=answer.by, because=answer.because, refused=outcome == RIGHT, at=at)


def _whole(answer: Answer, at: datetime) -> datetime:
    if not answer.by.strip() or not answer.because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)
    return whole_second(at)


def _tell(house: Installation, c: C, number: int, about: tuple[int, int, Period], what: str, now: datetime) -> None:
    who, connection, period = about
    end = period.end
    body: dict[str, Json] = {
        "dispute": number,
        "fact": "reading",
        "w": what,
        "start": epoch_s(period.start),
        "end": None if end is None else epoch_s(end),
    }
    code = people.codes(c, [who])[who]
    house.log.record(c, [Event(now, EventKind.RECTIFICATION_DONE, ACTOR, code, connection, body)])
