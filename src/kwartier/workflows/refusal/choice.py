"""S3: what the customer says of the meter. It holds from the commit on: no GET and no parcel leaves any more.

It takes the place of all that was said before: of what holds now, whenever that would have ended, and of what was said for later.

A word about the meter is a word about the gas that it carries, too. The meter itself is set by the next `care switch` (rule O7),
which looks at what was said last; a refused meter is not spoken to at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Requester, Restriction, RestrictionKind, Role
from kwartier.model.period import Period, epoch_s, whole_second
from kwartier.model.register import Product
from kwartier.store.registry import names, people, restrictions
from kwartier.store.registry.errors import NotAnOccupant
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import words_of_meter


class Choice(StrEnum):
    """What can be said of a meter."""

    REFUSE = "refuse"
    OFF = "off"
    ON = "on"


_KIND: Final = {Choice.REFUSE: RestrictionKind.REFUSED, Choice.OFF: RestrictionKind.ADMINISTRATIVELY_OFF}
_CHOICE: Final = {kind: choice for choice, kind in _KIND.items()}


class NotYourMeter(KwartierError):
    """The customer named a connection where they do not live now, or that has no meter of its own to choose for."""

    code = "not-your-meter"


class NothingToChange(KwartierError):
    """It is as it was asked to be; nothing changed."""

    code = "nothing-to-change"


@final
@dataclass(frozen=True, slots=True)
class Planned:
    """What was said for later, and for when."""

    choice: Choice
    period: Period


@final
@dataclass(frozen=True, slots=True)
class MyMeter:
    """A meter that a person may choose for: the electricity connection where they live, and how what was said of it stands.

    `since` is within the own time; it is None where nothing was said, and where it was said before the person came to live there
    (`inherited`). `until` is None where it holds until something else is said. `planned` begins later, and after `until`.
    """

    connection: int
    masked: str
    stands: Choice
    since: datetime | None
    until: datetime | None = None
    inherited: bool = False
    planned: tuple[Planned, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be said now: all but what holds already, and nothing else is to come."""
        settled = self.until is None and not self.planned
        return tuple(one for one in Choice if not (settled and one is self.stands))


def meters(house: Installation, subject: int, *, at: datetime) -> list[MyMeter]:
    """Return the meters for which this person may choose at this moment."""
    now = whole_second(at)
    with house.portal(subject) as c:
        mine = [one for one in names.own(c, subject) if one.product is Product.ELECTRICITY and one.mine.contains(now)]
        return [_meter(one, restrictions.said(c, one.key), now) for one in mine]


def _meter(one: names.Own, said: list[Restriction], now: datetime) -> MyMeter:
    at = words_of_meter.from_when(said, now)
    holds = words_of_meter.standing(said, at)
    if holds is None:
        return MyMeter(one.key, str(one.ean), Choice.ON, None, planned=_planned(said, at, one.mine))
    first, last = words_of_meter.began(said, holds, one.mine), words_of_meter.lasts(said, holds)
    inherited = first.period.start < one.mine.start
    until = last.period.end
    return MyMeter(
        one.key,
        str(one.ean),
        _CHOICE[holds.kind],
        None if inherited else first.period.start,
        until if until is not None and one.mine.contains(until) else None,
        inherited,
        _planned(said, last.period.start, one.mine),
    )


def _planned(said: list[Restriction], at: datetime, mine: Period) -> tuple[Planned, ...]:
    return tuple(Planned(_CHOICE[one.kind], one.period) for one in words_of_meter.to_come(said, at, mine))


def choose(house: Installation, subject: int, connection: int, choice: Choice, *, at: datetime) -> None:
    """Let this person's word hold from now on. Raises NotYourMeter, NothingToChange.

    Facts, stops and events in the log stand in one transaction.
    """
    now = whole_second(at)
    with house.operator() as c:  # what is said of the time of who comes after is more than a customer may look up
        everything = restrictions.said(c, connection)
    with house.portal(subject) as c:
        me, mine = names.person(c, key=subject), _stay(c, subject, connection, now)
        if me is None or mine is None:
            raise _not_theirs()
        saying = _Saying(now, at, actor_of(Requester(Role.CUSTOMER, subject)), me.code, mine)
        try:
            _change(house, c, connection, choice, saying, words_of_meter.ceiling(everything, mine))
        except NotAnOccupant as fault:
            raise _not_theirs() from fault


def _stay(c: Connection[Any], subject: int, connection: int, now: datetime) -> Period | None:
    """Return the time for which a person lives at an electricity connection; None where they do not now."""
    mine = (one for one in names.own(c, subject) if one.key == connection and one.product is Product.ELECTRICITY)
    return next((one.mine for one in mine if one.mine.contains(now)), None)


def _not_theirs() -> NotYourMeter:
    return NotYourMeter("nobody can choose for a meter where they do not live")


def choose_for(house: Installation, connection: int, choice: Choice, *, at: datetime) -> None:
    """Write down what a customer said by letter or telephone. Raises NotYourMeter, NothingToChange."""
    now = whole_second(at)
    with house.operator() as c:
        if people.product(c, connection) is not Product.ELECTRICITY:
            msg = "there is no such electricity connection"
            raise NotYourMeter(msg)
        home = people.occupant(c, connection, now)
        code, mine = (None, None) if home is None else (home.code, _stay(c, home.key, connection, now))
        saying = _Saying(now, at, str(Role.OPERATOR), code, mine or Period(now))
        _change(house, c, connection, choice, saying, words_of_meter.ceiling(restrictions.said(c, connection), saying.mine))


@final
@dataclass(frozen=True, slots=True)
class _Saying:
    """Who says it and when: `now` in whole seconds, the code of the person whom it is about, and that person's time there."""

    now: datetime
    at: datetime
    actor: str
    code: str | None
    mine: Period


def _change(
    house: Installation, c: Connection[Any], connection: int, choice: Choice, saying: _Saying, most: datetime | None
) -> None:
    """End what holds, take back what was said for later, and begin what is said now, where that is something."""
    said, kind = restrictions.said(c, connection), _KIND.get(choice)
    starts = words_of_meter.from_when(said, saying.now)
    before, planned = words_of_meter.standing(said, starts), words_of_meter.to_come(said, starts, saying.mine)
    if _holds(said, before, kind, most) and (kind is not None or not planned):
        msg = "the meter is as it was asked to be"
        raise NothingToChange(msg)
    events = []
    if before is not None:
        ended = Period(before.period.start, starts)
        restrictions.end(c, before, ended)
        events.append(_event(EventKind.RESTRICTION_ENDED, connection, before.id, before.kind, ended, saying))
    for one in planned:
        restrictions.take_back(c, one, starts)
        never = Period(one.period.start, one.period.start)
        events.append(_event(EventKind.RESTRICTION_ENDED, connection, one.id, one.kind, never, saying))
    if kind is not None:
        begun = Period(starts, most)
        number = restrictions.begin(c, connection, kind, begun)
        events.append(_event(EventKind.RESTRICTION_BEGAN, connection, number, kind, begun, saying))
    house.log.record(c, events)


def _holds(said: list[Restriction], before: Restriction | None, kind: RestrictionKind | None, most: datetime | None) -> bool:
    """True if that is what stands, and goes on for as long as it could be said now."""
    if before is None or before.kind is not kind:
        return before is None and kind is None
    end = words_of_meter.lasts(said, before).period.end
    return end is None or end == most


def _event(what: EventKind, connection: int, number: int, kind: RestrictionKind, period: Period, saying: _Saying) -> Event:
    body: dict[str, Json] = {
        "restriction": number,
        "kind": kind,
        "start": epoch_s(period.start),
        "end": None if period.end is None else epoch_s(period.end),
    }
    return Event(saying.at, what, saying.actor, saying.code, connection, body)
