"""Art. 16 and 19: what was wrong is put right, and what was believed before is kept with the moment at which it was known.

A fact that was wrong leaves the facts and is kept aside; the log says that it was taken out and what came in its place, each with
its own moment. So what is decided from now on rests on what is right, and what was decided before can be decided again as of then.
Who had been handed something about the wrong time is told by the next delivery round, parcel by parcel, without values.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.keys import subjects
from kwartier.model.period import Period, epoch_s, whole_second
from kwartier.store.registry import late, names, notices, people, rectifications, sealing
from kwartier.store.registry.notices import Notice
from kwartier.store.registry.rectifications import Rectification, Stay
from kwartier.store.registry.rows import C
from kwartier.workflows import halting
from kwartier.workflows.delivery_round import quoting
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import register
from kwartier.workflows.rights.errors import CannotBeAsked, NoSuchRequest, ReasonMissing
from kwartier.workflows.visits import looks

ACTOR = "operator"


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """Who takes responsibility, why, and the request that this answers, if any."""

    by: str
    because: str
    request: int | None = None


def stays(house: Installation, code: str, *, at: datetime) -> list[Stay]:
    """Return where a person lives and lived, by their own code; the person's log says that it was asked. Raises CannotBeAsked."""
    with house.operator() as c:
        me = people.by_code(c, code)
        if me is None:
            msg = "there is no such person"
            raise CannotBeAsked(msg)
        found = [Stay(one.id, one.connection, me.key, one.period) for one in people.occupancies(c, me.key)]
        looks.of_person(house, c, me.key, {one.connection for one in found}, "stays", now=at)
    return found


def correct_stay(
    house: Installation, occupancy: int, period: Period | None, answer: Answer, *, at: datetime, whose: str | None = None
) -> Rectification:
    """Put a stay right: another period, another person (`whose`, by code), or with no period: nobody's. In whole seconds.

    Raises NoSuchRequest for a stay that is not there, CannotBeAsked for one that is right already, that ends as it begins, or of
    a person who is not there, Overlaps where somebody else is written down in that time, ReasonMissing.
    """
    now = whole_second(at)
    if period is not None:
        register.some_time(period)
    with house.operator() as c:
        old = _stay(c, occupancy, answer)
        who = old.subject if whose is None else _person(c, whose)
        register.of_person(house, c, answer.request, old.subject, who)
        wrong = _wrong(old, who, period)
        handed = rectifications.told(c, old.connection, wrong)
        made = Rectification(0, answer.request, old.connection, "occupancy", wrong, now, tuple(handed))
        number = rectifications.add(c, made, old.subject, answer.by)
        tell(c, made, number)
        new = rectifications.replace_stay(c, old, None if period is None else (who, period), number)
        late.tell(c, old.connection, _bounds(period) - _bounds(old.period), now)
        events = [_out(c, old, now), *_in(c, old.connection, who, new, period, now), _done(c, old, number, wrong, len(handed), now)]
        house.log.record(c, events)
        halting.follow(house, c, at=at)
        answered(house, c, answer, at)
    return replace(made, id=number)


def _stay(c: C, occupancy: int, answer: Answer) -> Stay:
    if not answer.by.strip() or not answer.because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)
    found = rectifications.stay(c, occupancy)
    if found is None:
        msg = "there is no such stay"
        raise NoSuchRequest(msg)
    return found


def _person(c: C, code: str) -> int:
    found = people.by_code(c, code)
    if found is None:
        msg = "there is no such person"
        raise CannotBeAsked(msg)
    return found.key


def _wrong(old: Stay, who: int, period: Period | None) -> Period:
    """Return the time about which something wrong was believed: from the first difference to the last."""
    if period is None or who != old.subject:
        return old.period if period is None else _hull(old.period, period)
    if period == old.period:
        msg = "this is what is written down already"
        raise CannotBeAsked(msg)
    if period.start == old.period.start:
        ends = [end for end in (period.end, old.period.end) if end is not None]
        return Period(min(ends), max(ends) if len(ends) > 1 else None)
    if period.end == old.period.end:
        return Period(min(period.start, old.period.start), max(period.start, old.period.start))
    return _hull(old.period, period)


def _bounds(period: Period | None) -> set[datetime]:
    """Return the moments at which a stay begins and ends: suppliers get the register of each."""
    return set() if period is None else {moment for moment in (period.start, period.end) if moment is not None}


def _hull(one: Period, other: Period) -> Period:
    ends = [one.end, other.end]
    end = None if None in ends else max(each for each in ends if each is not None)
    return Period(min(one.start, other.start), end)


def _out(c: C, old: Stay, now: datetime) -> Event:
    body = {"occupancy": old.id, **_span(old.period)}
    return Event(now, EventKind.OCCUPANCY_SUPERSEDED, ACTOR, _code(c, old.subject), old.connection, body)


def _in(c: C, connection: int, who: int, new: int | None, period: Period | None, now: datetime) -> list[Event]:
    if new is None or period is None:
        return []
    return [Event(now, EventKind.OCCUPANCY_BEGAN, ACTOR, _code(c, who), connection, {"occupancy": new, **_span(period)})]


def _done(c: C, old: Stay, number: int, wrong: Period, receivers: int, now: datetime) -> Event:
    body: dict[str, Json] = {"rectification": number, "fact": "occupancy", "receivers": receivers, **_span(wrong)}
    return Event(now, EventKind.RECTIFICATION_DONE, ACTOR, _code(c, old.subject), old.connection, body)


def _span(period: Period) -> dict[str, Json]:
    return {"start": epoch_s(period.start), "end": None if period.end is None else epoch_s(period.end)}


def _code(c: C, subject: int) -> str:
    return people.codes(c, [subject])[subject]


def correct_name(house: Installation, code: str, name: str, answer: Answer, *, at: datetime) -> Rectification:
    """Put a person's name right. The one before is not kept: no decision rests on a name. Raises CannotBeAsked, ReasonMissing."""
    now = whole_second(at)
    if not answer.by.strip() or not answer.because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)
    if not name.strip() or not name.isprintable():
        msg = "a name is a printable text"
        raise CannotBeAsked(msg)
    with house.operator() as c:
        who = _person(c, code)
        register.of_person(house, c, answer.request, who)
        wrapped = sealing.key_of(c, who, house.vault.wrap_person(subjects.new_key()))
        if wrapped is None:
            msg = "who was forgotten has no name"
            raise CannotBeAsked(msg)
        sealing.rename(c, who, subjects.seal(house.vault.unwrap_person(wrapped), subjects.NAME, name.strip()))
        made = Rectification(0, answer.request, None, "name", None, now, ())
        number = rectifications.add(c, made, who, answer.by)
        body: dict[str, Json] = {"rectification": number, "fact": "name"}
        there = names.own(c, who)
        house.log.record(c, [Event(now, EventKind.RECTIFICATION_DONE, ACTOR, code, there[0].key if there else None, body)])
        answered(house, c, answer, at)
    return replace(made, id=number)


def answered(house: Installation, c: C, answer: Answer, at: datetime) -> None:
    """Answer the request that this is about, if any, in the transaction that puts it right. Raises as `register.answer`."""
    register.answered(house, c, answer.request, by=answer.by, because=answer.because, refused=False, at=at)


def tell(c: C, made: Rectification, number: int) -> None:
    """Let who was handed what was wrong be told of it by the next delivery round: which parcels and papers, no values (art. 19)."""
    assert made.connection is not None  # noqa: S101 - parcels are about a connection
    lines = [(secrets.token_hex(16), one, quoting.papers(c, one, made.connection, made.at)) for one in made.tell]
    notices.add(c, number, lines)


def told(house: Installation, number: int) -> list[Notice]:
    """Return who is told of what was put right, and when each was (art. 19). Raises NoSuchRequest."""
    with house.operator() as c:
        if not any(one.id == number for one in rectifications.every(c)):
            msg = "nothing of this number was put right"
            raise NoSuchRequest(msg)
        return notices.of(c, number)
