"""S3: what the customer says of the meter. It holds from the commit on: no GET and no parcel leaves any more.

A word about the meter is a word about the gas that it carries, too. The meter itself is set by the next `care switch` (rule O7),
which looks at what was said last; a refused meter is not spoken to at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Requester, Restriction, RestrictionKind, Role
from kwartier.model.period import Period, epoch_s, from_epoch_s
from kwartier.model.register import Product
from kwartier.store.registry import names, people, restrictions
from kwartier.store.registry.errors import NotAnOccupant
from kwartier.workflows.installation import Installation

A_SECOND: Final = timedelta(seconds=1)
"""Facts begin and end at whole seconds, as the log has them; what ends in the second in which it began, ends after it."""


class Choice(StrEnum):
    """What can be said of a meter."""

    REFUSE = "refuse"
    OFF = "off"
    ON = "on"


_KIND: Final = {Choice.REFUSE: RestrictionKind.REFUSED, Choice.OFF: RestrictionKind.ADMINISTRATIVELY_OFF}


class NotYourMeter(KwartierError):
    """The customer named a connection where they do not live now, or that has no meter of its own to choose for."""

    code = "not-your-meter"


class NothingToChange(KwartierError):
    """It is as it was asked to be; nothing changed."""

    code = "nothing-to-change"


@final
@dataclass(frozen=True, slots=True)
class MyMeter:
    """A meter that a person may choose for: the electricity connection where they live, and what was said of it last."""

    connection: int
    masked: str
    stands: Choice
    since: datetime | None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be said now."""
        return tuple(one for one in Choice if one is not self.stands)


def meters(house: Installation, subject: int, *, at: datetime) -> list[MyMeter]:
    """Return the meters for which this person may choose at this moment."""
    now = _now(at)
    with house.portal(subject) as c:
        mine = [one for one in names.own(c, subject) if one.product is Product.ELECTRICITY and one.mine.contains(now)]
        return [_meter(one, restrictions.standing(c, one.key)) for one in mine]


def _meter(one: names.Own, said: Restriction | None) -> MyMeter:
    if said is None:
        return MyMeter(one.key, str(one.ean), Choice.ON, None)
    stands = Choice.REFUSE if said.kind is RestrictionKind.REFUSED else Choice.OFF
    return MyMeter(one.key, str(one.ean), stands, max(said.period.start, one.mine.start))


def choose(house: Installation, subject: int, connection: int, choice: Choice, *, at: datetime) -> None:
    """Let this person's word hold from now on. Raises NotYourMeter, NothingToChange.

    Facts, stops and events in the log stand in one transaction.
    """
    now = _now(at)
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        lives = any(
            one.key == connection and one.product is Product.ELECTRICITY and one.mine.contains(now) for one in names.own(c, subject)
        )
        if me is None or not lives:
            msg = "nobody can choose for a meter where they do not live"
            raise NotYourMeter(msg)
        try:
            _change(house, c, connection, choice, _Saying(now, at, actor_of(Requester(Role.CUSTOMER, subject)), me.code))
        except NotAnOccupant as fault:
            msg = "nobody can choose for a meter where they do not live"
            raise NotYourMeter(msg) from fault


def choose_for(house: Installation, connection: int, choice: Choice, *, at: datetime) -> None:
    """Write down what a customer said by letter or telephone. Raises NotYourMeter, NothingToChange."""
    now = _now(at)
    with house.operator() as c:
        if people.product(c, connection) is not Product.ELECTRICITY:
            msg = "there is no such electricity connection"
            raise NotYourMeter(msg)
        home = people.occupant(c, connection, now)
        code = None if home is None else home.code
        _change(house, c, connection, choice, _Saying(now, at, str(Role.OPERATOR), code))


@final
@dataclass(frozen=True, slots=True)
class _Saying:
    """Who says it and when: `now` in whole seconds, and the code of the person whom it is about."""

    now: datetime
    at: datetime
    actor: str
    code: str | None


def _change(house: Installation, c: Connection[Any], connection: int, choice: Choice, saying: _Saying) -> None:
    """End what was said before and begin what is said now, where that is something."""
    before, kind = restrictions.standing(c, connection), _KIND.get(choice)
    if (before.kind if before else None) == kind:
        msg = "the meter is as it was asked to be"
        raise NothingToChange(msg)
    starts = saying.now
    events = []
    if before is not None:
        starts = max(saying.now, before.period.start + A_SECOND)
        ended = Period(before.period.start, starts)
        restrictions.end(c, before, ended)
        events.append(_event(EventKind.RESTRICTION_ENDED, connection, before.id, before.kind, ended, saying))
    if kind is not None:
        begun = Period(starts)
        number = restrictions.begin(c, connection, kind, begun)
        events.append(_event(EventKind.RESTRICTION_BEGAN, connection, number, kind, begun, saying))
    house.log.record(c, events)


def _event(what: EventKind, connection: int, number: int, kind: RestrictionKind, period: Period, saying: _Saying) -> Event:
    body: dict[str, Json] = {
        "restriction": number,
        "kind": kind,
        "start": epoch_s(period.start),
        "end": None if period.end is None else epoch_s(period.end),
    }
    return Event(saying.at, what, saying.actor, saying.code, connection, body)


def _now(at: datetime) -> datetime:
    return from_epoch_s(epoch_s(at.replace(microsecond=0)))
