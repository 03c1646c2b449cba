"""Art. 33 and 34: a breach, whom it touched by the log alone, who must be told and until when.

opened     with its scope, from when it is known: 72 hours run
touched    whose lines of the log lie in the scope, by the persons' own codes; looked up as often as one likes
notified   the authority (late only with the reason), a party, the persons: each has a line in the own log, and on the page
closed     authority and persons told, or the reason why not
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, final

from kwartier.audit import touched as audit
from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.subjects import is_about
from kwartier.audit.touched import Touch, Within
from kwartier.grounds.rights import BREACH_HOURS
from kwartier.model.period import epoch_s
from kwartier.store.registry import breaches, parties, people
from kwartier.store.registry.breaches import Breach, BreachEvent, Scope, Touched, TouchedMe
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import register
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, NoSuchBreach, ReasonMissing

ACTOR: Final = "operator"


_Place = tuple[int, bytes | None]
"""Where a line is: at a connection, or at none (0) and in the chain of whose code's hash begins so, if in any."""
_Codes = dict[_Place, dict[int, str]]


class Whom(StrEnum):
    """Who is told of a breach."""

    AUTHORITY = "authority"
    PARTY = "party"
    PERSONS = "persons"


@final
@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a breach touched. `erased` lines are about nobody any more, `unknown` ones about nobody whom we know there.

    `told` are those (subject, connection or None) who were told: the log may have come to hold more since.
    """

    breach: Breach
    touched: tuple[Touched, ...]
    erased: int
    unknown: int
    told: frozenset[tuple[int, int | None]] = frozenset()

    @property
    def persons(self) -> set[int]:
        """Everybody who was touched."""
        return {one.subject for one in self.touched}

    @property
    def all_told(self) -> bool:
        """True when nobody is touched who was not told."""
        return all((one.subject, one.connection) in self.told for one in self.touched)


@final
@dataclass(frozen=True, slots=True)
class Owed:
    """Who must be told, until when, and whether that was done."""

    whom: Whom
    until: datetime | None
    article: str
    done: bool


def open_(house: Installation, scope: Scope, nature: str, *, by: str, known: datetime, at: datetime) -> Breach:
    """Open a breach, known since `known`. Raises ReasonMissing without person or nature, CannotBeAsked if known later than now.

    Nobody would ever be found in a scope of no time at all, or that names a connection or a kind of event that does not exist: a
    slip of the pen, not a breach that touched nobody. So it is CannotBeAsked, too.
    """
    if not by.strip() or not nature.strip():
        msg = "a named person, and what happened, are needed"
        raise ReasonMissing(msg)
    if known > at or scope.period.end is None:
        msg = "a breach is known before it is opened, and about a time that has an end"
        raise CannotBeAsked(msg)
    register.some_time(scope.period)
    _there_are(scope.kinds or (), {str(kind) for kind in EventKind}, "kind of event")
    with house.operator() as c:
        wanted = scope.connections or ()
        _there_are(wanted, people.there(c, wanted), "connection")
        if scope.actor is not None and not audit.did_something(c, scope.actor, scope.period):
            msg = "the log says of nobody of this name that they did something in that time: nobody would be found"
            raise CannotBeAsked(msg)
        number = breaches.add(c, known, known + BREACH_HOURS, scope, nature, by)
        body: dict[str, Json] = {"breach": number, "known": epoch_s(known), "due": epoch_s(known + BREACH_HOURS)}
        house.log.record(c, [Event(at, EventKind.BREACH_OPENED, ACTOR, body=body)])
        return _one(c, number)


def _there_are(named: Iterable[object], known: Collection[object], what: str) -> None:
    if not all(one in known for one in named):
        msg = f"the scope names a {what} that does not exist: nobody would be found in it"
        raise CannotBeAsked(msg)


def listed(house: Installation) -> list[Breach]:
    """Return the register of breaches, the newest first (art. 33(5))."""
    with house.operator() as c:
        return breaches.every(c)


def party(house: Installation, code: str) -> int:
    """Return the key of a party by its public code. Raises CannotBeAsked."""
    with house.operator() as c:
        found = parties.by_code(c, code)
    if found is None:
        msg = "there is no such party"
        raise CannotBeAsked(msg)
    return found.key


def touched(house: Installation, number: int) -> Reach:
    """Find whom a breach touched. Raises NoSuchBreach."""
    with house.operator() as c:
        return _touched(c, _one(c, number))


def _touched(c: C, breach: Breach) -> Reach:
    scope = breach.scope
    within = Within(scope.period, scope.connections, scope.kinds, scope.actor, scope.party)
    codes: _Codes = {}
    found: dict[tuple[int, int], Touched] = {}
    lost: Counter[str] = Counter()
    for page in audit.pages(c, within):
        codes |= _codes(c, {_place(line) for line in page} - codes.keys())
        for line in page:
            who = _who(line, codes[_place(line)])
            if who is None:
                lost["erased" if line.salt is None else "unknown"] += 1
            else:
                found[who, line.connection] = _more(found.get((who, line.connection)), who, line)
    told = frozenset(breaches.told(c, breach.id))
    return Reach(breach, tuple(found[key] for key in sorted(found)), lost["erased"], lost["unknown"], told)


def _place(line: Touch) -> _Place:
    return line.connection, None if line.connection else line.who


def _codes(c: C, places: Collection[_Place]) -> _Codes:
    """Return the codes of whoever can be meant there: who had to do with the connection; at none, who has that chain."""
    at_home = people.ever_at(c, {connection for connection, _ in places if connection})
    nowhere = people.by_hashes(c, {who for _, who in places if who is not None})
    return {(key, who): nowhere.get(who, {}) if who is not None else at_home.get(key, {}) for key, who in places}


def _who(line: Touch, there: Mapping[int, str]) -> int | None:
    return next((subject for subject, code in there.items() if is_about(code, line.subject, line.salt)), None)


def _more(before: Touched | None, who: int, line: Touch) -> Touched:
    if before is None:
        return Touched(who, line.connection or None, 1, line.at, line.at)
    return before._replace(lines=before.lines + 1, first=min(before.first, line.at), last=max(before.last, line.at))


def owed(reach: Reach) -> tuple[Owed, ...]:
    """Return who must be told of a breach."""
    done = {one.event for one in reach.breach.events}
    until = reach.breach.due
    told = [Owed(Whom.AUTHORITY, until, "GDPR art. 33(1)", Whom.AUTHORITY in done)]
    if reach.persons:
        told.append(Owed(Whom.PERSONS, None, "GDPR art. 34(1), if the risk to them is high", reach.all_told))
    if reach.breach.scope.party is not None:
        told.append(Owed(Whom.PARTY, None, "the agreement with that party", Whom.PARTY in done))
    return tuple(told)


def notify(house: Installation, number: int, whom: Whom, *, by: str, because: str, at: datetime) -> Reach:
    """Write down that somebody was told; persons are told by this itself, on their page and in their log.

    Persons that are touched later (a line that came in meanwhile) are told when it is done again. Raises NoSuchBreach,
    AlreadyAnswered for one that is closed, ReasonMissing without a person, or for the authority after 72 hours without a reason.
    """
    with house.operator() as c:
        breach = _open(c, number)
        late = whom is Whom.AUTHORITY and at > breach.due
        if not by.strip() or (late and not because.strip()):
            msg = "a named person is needed, and after 72 hours the reason of the delay (art. 33(1))"
            raise ReasonMissing(msg)
        if whom is Whom.PARTY and breach.scope.party is None:
            msg = "the scope of this breach names no party"
            raise CannotBeAsked(msg)
        reach = _touched(c, breach)
        of = breach.scope.party if whom is Whom.PARTY else None
        breaches.tell(c, number, BreachEvent(at, whom, of, because), by)
        events = _tell_persons(c, reach, at) if whom is Whom.PERSONS else [_tell(breach, whom, at, late=late)]
        house.log.record(c, events)
        return replace(reach, breach=_one(c, number), told=frozenset(breaches.told(c, number)))


def _tell(breach: Breach, whom: Whom, at: datetime, *, late: bool) -> Event:
    body: dict[str, Json] = {"breach": breach.id, "w": str(whom), "late": late}
    if whom is Whom.PARTY:
        body["party"] = breach.scope.party
    return Event(at, EventKind.BREACH_NOTIFIED, ACTOR, body=body)


def _tell_persons(c: C, reach: Reach, at: datetime) -> list[Event]:
    new = breaches.touch(c, reach.breach.id, reach.touched)
    codes = people.codes(c, {subject for subject, _ in new})
    return [
        Event(
            at,
            EventKind.BREACH_NOTIFIED,
            ACTOR,
            codes[one.subject],
            one.connection,
            {"breach": reach.breach.id, "lines": one.lines},
        )
        for one in _of(reach.touched, new)
    ]


def _of(touched_: Iterable[Touched], new: set[tuple[int, int | None]]) -> Iterable[Touched]:
    return (one for one in touched_ if (one.subject, one.connection) in new)


def close(house: Installation, number: int, *, by: str, because: str, at: datetime) -> Breach:
    """Close a breach: authority and persons were told, or the reason says why not. Raises as `notify`."""
    with house.operator() as c:
        breach = _open(c, number)
        told = {one.event for one in breach.events}
        if not by.strip() or (not ({"authority", "persons"} <= told and _touched(c, breach).all_told) and not because.strip()):
            msg = "a named person is needed, and a reason where the authority or the persons were not told"
            raise ReasonMissing(msg)
        breaches.tell(c, number, BreachEvent(at, "closed", None, because), by)
        house.log.record(c, [Event(at, EventKind.BREACH_CLOSED, ACTOR, body={"breach": number})])
        return _one(c, number)


def _one(c: C, number: int) -> Breach:
    found = breaches.one(c, number)
    if found is None:
        msg = "there is no such breach"
        raise NoSuchBreach(msg)
    return found


def _open(c: C, number: int) -> Breach:
    found = _one(c, number)
    if found.closed:
        msg = "this breach is closed"
        raise AlreadyAnswered(msg)
    return found


def touched_me(house: Installation, subject: int) -> list[TouchedMe]:
    """Return the breaches that touched this person, as far as the person was told."""
    with house.portal(subject) as c:
        return breaches.of_subject(c, subject)
