"""Art. 16 and 19 for gas meters: one that was coupled to the wrong connection measured somebody else.

The coupling is taken out and kept, and what is right comes in its place. What was read under it leaves the lake: it is about
another home than whose grounds it was read under, so nobody is shown it or handed it any more, and no value of it is kept. Under
the right connection it is read anew, where somebody there has a ground. Both homes' logs say it, and whoever was handed the wrong
readings is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.channel_day import ChannelDay
from kwartier.model.period import Period, day_of, day_period, epoch_s, midnight, whole_second
from kwartier.model.register import DAY_MASK, GAS_MASK, channels_of
from kwartier.store.readings.going import without
from kwartier.store.registry import corrections, people, rectifications
from kwartier.store.registry import couplings as coupled
from kwartier.store.registry.corrections import Correction
from kwartier.store.registry.couplings import Coupled
from kwartier.store.registry.rectifications import Rectification
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import digest, rectify, register
from kwartier.workflows.rights.correct import alone
from kwartier.workflows.rights.errors import CannotBeAsked, NoSuchCoupling, ReasonMissing
from kwartier.workflows.rights.rectify import ACTOR, Answer
from kwartier.workflows.visits import corrected

Pairs = Sequence[tuple[int, int | None]]
MOST: Final = 100
_NOBODY: Final[Sequence[str | None]] = (None,)


def couplings(house: Installation, connection: int) -> list[Coupled]:
    """Return the couplings of a gas connection. Raises NoSuchCoupling where there is no such connection."""
    with house.operator() as c:
        if not coupled.is_gas(c, connection):
            msg = "no gas connection has this number"
            raise NoSuchCoupling(msg)
        return coupled.of(c, connection)


def correct(house: Installation, pairs: Pairs, answer: Answer, *, at: datetime) -> list[Rectification]:
    """Put each of these couplings on the connection that it was really of, or on none (None): all of them, or none.

    Two gas meters that were swapped are two pairs. Holds the locks of the night and of the delivery round. Raises NoSuchCoupling,
    NoSuchRequest, CannotBeAsked for a coupling that is right already or a connection that carries no gas, Overlaps where another
    gas meter is coupled there, ReasonMissing, NightRuns, DeliveryRuns. Then nothing was changed.
    """
    now = whole_second(at)
    if not answer.by.strip() or not answer.because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)
    with alone(house, at):
        with house.operator() as c:
            coupled.alone(c)
            wanted = _wanted(c, pairs)
            if answer.request is not None:
                register.of_person(house, c, answer.request, *_concerned(c, wanted))
            made = [_taken_out(house, c, old, right, answer, now) for old, right in wanted]
            for old, right in wanted:
                if right is not None:
                    placed = replace(old, id=coupled.couple(c, old, right), connection=right)
                    house.log.record(c, [_told(EventKind.COUPLING_BEGAN, placed, now)])
            rectify.answered(house, c, answer, at)
        corrected.carry(house, at)
    return made


def _wanted(c: C, pairs: Pairs) -> list[tuple[Coupled, int | None]]:
    right = dict(pairs)
    found = coupled.these(c, sorted(right))
    if len(found) != len(pairs) or not 0 < len(pairs) <= MOST:
        msg = "there is no such coupling"
        raise NoSuchCoupling(msg)
    for one in found:
        to = right[one.id]
        if to == one.connection or (to is not None and not coupled.is_gas(c, to)):
            msg = "a gas meter is put on another connection than it is on, which carries gas"
            raise CannotBeAsked(msg)
    return [(one, right[one.id]) for one in found]


def _concerned(c: C, wanted: Sequence[tuple[Coupled, int | None]]) -> set[int]:
    return {who for old, right in wanted for key in (old.connection, right) if key for who in _homes(c, key, old.period)}


def _homes(c: C, connection: int, period: Period) -> list[int]:
    """Return who lived there in any of that time."""
    everybody = people.ever_at(c, [connection]).get(connection, {})
    return sorted(
        subject
        for subject in everybody
        if any(one.connection == connection and one.period.touches(period) for one in people.occupancies(c, subject))
    )


def _taken_out(house: Installation, c: C, old: Coupled, right: int | None, answer: Answer, now: datetime) -> Rectification:
    """Take one coupling out with what was read under it, and tell the log, for the people of both homes."""
    handed = corrections.handed(c, old.connection, old.period, GAS_MASK, by_hand=True)
    homes = _homes(c, old.connection, old.period)
    made = Rectification(0, answer.request, old.connection, "coupling", old.period, now, tuple(handed))
    number = rectifications.add(c, made, homes[0] if homes else None, answer.by)
    rectify.tell(c, made, number)
    coupled.supersede(c, old.id, number)
    coupled.drop_aside(c, old)
    corrections.forget(
        c, old.connection, old.meter, channels_of(GAS_MASK), (day_of(old.period.start), day_of(old.period.end or now))
    )
    said = [_said(c, number, row, old.period, now) for row in _rows(house, old, now)]
    body: dict[str, Json] = {
        "rectification": number,
        "fact": "coupling",
        "coupling": old.id,
        "receivers": len(handed),
        "start": epoch_s(old.period.start),
        "end": None if old.period.end is None else epoch_s(old.period.end),
    }
    wrong = people.codes(c, _homes(c, old.connection, old.period))
    house.log.record(c, list(_grounds(c, old, right, body, wrong, now)))  # they stand before what they are the ground of
    house.log.record(c, list(_corrected(c, old, said, wrong, now)))
    return replace(made, id=number)


def _rows(house: Installation, old: Coupled, now: datetime) -> Iterator[ChannelDay]:
    """Yield what the lake holds of the wrong connection in that time that came from this meter."""
    first, last = day_of(old.period.start), day_of(old.period.end or now)
    for row in house.readings.days(old.connection, first, last, GAS_MASK):
        if row.meter == old.meter and _tells(row, old.period):
            yield row


def _tells(row: ChannelDay, period: Period) -> bool:
    """True if a row tells something of the period: the register at its opening midnight, or an interval within."""
    opens = midnight(row.day)
    if 1 << row.channel & DAY_MASK:
        return period.covers(Period(opens, opens))
    return without(row, _closed(period)) != row


def _closed(period: Period) -> Period:
    return period if period.end is not None else Period(period.start, datetime.max.replace(tzinfo=period.start.tzinfo))


def _said(c: C, number: int, row: ChannelDay, period: Period, now: datetime) -> Correction:
    one = Correction(0, number, now, _closed(period), b"", row, None)
    return replace(one, id=corrections.add(c, one))


def _told(kind: EventKind, one: Coupled, at: datetime) -> Event:
    """Say of a coupling what an import says of one."""
    start, end = epoch_s(one.period.start), None if one.period.end is None else epoch_s(one.period.end)
    body: dict[str, Json] = {"coupling": one.id, "meter": one.meter, "mbus": one.mbus, "start": start, "end": end}
    return Event(at, kind, ACTOR, None, one.connection, body)


def _grounds(
    c: C, old: Coupled, right: int | None, body: dict[str, Json], wrong: Mapping[int, str], now: datetime
) -> Iterator[Event]:
    """Say what was taken out, and why, to the people of both homes; `wrong` are those of the home that it was wrong for."""
    yield _told(EventKind.COUPLING_SUPERSEDED, old, now)
    for code in [*wrong.values()] or _NOBODY:
        yield Event(now, EventKind.RECTIFICATION_DONE, ACTOR, code, old.connection, body)
    if right is not None:
        for code in people.codes(c, _homes(c, right, old.period)).values():
            yield Event(now, EventKind.RECTIFICATION_DONE, ACTOR, code, right, body)


def _corrected(c: C, old: Coupled, said: Sequence[Correction], wrong: Mapping[int, str], now: datetime) -> Iterator[Event]:
    """Say of each reading that left the lake, to who lived there then."""
    for one in said:
        mine: Sequence[str | None] = [code for subject, code in wrong.items() if _is_of(c, subject, old.connection, one.was)]
        for code in mine or _NOBODY:
            yield Event(now, EventKind.READING_CORRECTED, ACTOR, code, old.connection, digest.body(one))


def _is_of(c: C, subject: int, connection: int, row: ChannelDay) -> bool:
    """True if the person lived there at any time of the row's day."""
    day = day_period(row.day)
    return any(one.connection == connection and one.period.touches(day) for one in people.occupancies(c, subject))
