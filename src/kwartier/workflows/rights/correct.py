"""Art. 16 and 19 for readings: the right value takes the place of the wrong one, from the moment on at which that is said.

What it said before is kept beside it (`kw.correction`), so what was known when can be asked. Whoever was handed the wrong value is
told which parcels it was in, and what the ground still allows is handed over once more as it is now. The log says that a value was
put right, with a salted digest of both; the values stand in no line of it.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.delivery.cut import interval_s
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import Period, day_of, epoch_s, midnight, whole_second
from kwartier.model.register import DAY_MASK, Channel, Mask
from kwartier.store import postgres
from kwartier.store.readings import put_right
from kwartier.store.registry import corrections, deliveries, disputes, people, rectifications
from kwartier.store.registry.corrections import Correction
from kwartier.store.registry.rectifications import Rectification
from kwartier.store.registry.rows import C
from kwartier.workflows import delivery_round
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import digest, rectify, register
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, ReasonMissing
from kwartier.workflows.rights.rectify import ACTOR, Answer
from kwartier.workflows.visits import corrected
from kwartier.workflows.visits.only import only_one

CORRECTED: Final = "corrected"
MOST: Final = 5_000
"""Values at once: more than a month of quarters."""
_INT32: Final = 2**31


@final
@dataclass(frozen=True, slots=True)
class Right:
    """One value as it should be: the register at a local midnight, or the usage of the interval that begins at `at`. Wh or dm3."""

    channel: Channel
    at: datetime
    value: int


def correct(
    house: Installation, connection: int, values: Sequence[Right], answer: Answer, *, at: datetime, dispute: int | None = None
) -> Rectification:
    """Put readings of one person right, and end the dispute about them, if one is named.

    Holds the locks of the night and of the delivery round: nothing is read or handed over meanwhile. Raises CannotBeAsked where
    there is no such reading, or it says so already, or it is not one person's; ReasonMissing, NoSuchRequest, AlreadyAnswered,
    NightRuns, DeliveryRuns. Then nothing was changed.
    """
    now = whole_second(at)
    if not answer.by.strip() or not answer.because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)
    with alone(house, at):
        changes = _changes(house, connection, values)
        wrong = Period(min(_span(one).start for one in values), max(_end(_span(one)) for one in values))
        with house.operator() as c:
            who = _whose(c, connection, values)
            register.of_person(house, c, answer.request, *who)
            number, made = _written(c, connection, wrong, _mask(values), answer, now, who[0])
            said = [_said(c, number, was, after, wrong, now) for was, after in changes]
            _settled(c, dispute, connection, wrong, answer, now)
            house.log.record(c, _events(c, said, made, who, now))
            rectify.answered(house, c, answer, at)
        corrected.carry(house, at)
    return made


@contextmanager
def alone(house: Installation, at: datetime) -> Iterator[None]:
    """Let nobody read meters or hand over meanwhile; what others left half done ends first. Raises NightRuns, DeliveryRuns."""
    with only_one(house), postgres.reached(house.dsns.operator, autocommit=True) as c:
        if not deliveries.lock(c):
            msg = "a delivery round is running"
            raise delivery_round.DeliveryRuns(msg)
        delivery_round.recover(house, at)
        yield


def _changes(house: Installation, connection: int, values: Sequence[Right]) -> list[tuple[ChannelDay, ChannelDay]]:
    """Return each channel-day as it is held and as it should be. Raises CannotBeAsked."""
    if not 0 < len(values) <= MOST:
        msg = f"one value at least, and {MOST} at the most, are put right at once"
        raise CannotBeAsked(msg)
    wanted: dict[tuple[date, Channel], dict[int, int]] = defaultdict(dict)
    for one in values:
        day = day_of(one.at)
        place = _place(one, day)
        if place in wanted[day, one.channel] or not 0 <= one.value < _INT32:
            msg = "each value is given once, as a whole number that is not negative"
            raise CannotBeAsked(msg)
        wanted[day, one.channel][place] = one.value
    return [_change(house, connection, *key, right) for key, right in sorted(wanted.items())]


def _place(one: Right, day: date) -> int:
    """Return which interval of its day a value is of; 0 for a register. Raises CannotBeAsked off the boundaries."""
    since = epoch_s(one.at) - epoch_s(midnight(day))
    step = since or 1 if 1 << one.channel & DAY_MASK else interval_s(one.channel)
    if one.at.microsecond or since % step or (1 << one.channel & DAY_MASK and since):
        msg = "a register is of a local midnight, usage of an interval that begins on its boundary"
        raise CannotBeAsked(msg)
    return since // step


def _change(
    house: Installation, connection: int, day: date, channel: Channel, right: Mapping[int, int]
) -> tuple[ChannelDay, ChannelDay]:
    was = next(iter(house.readings.day(connection, day, 1 << channel)), None)
    if was is None or not all(_is_held(was, place) for place in right):
        msg = "no such reading is held"
        raise CannotBeAsked(msg)
    after = put_right.with_values(was, right)
    if (after.start, after.deltas) == (was.start, was.deltas):
        msg = "this is what is held already"
        raise CannotBeAsked(msg)
    return was, after


def _is_held(row: ChannelDay, place: int) -> bool:
    count = max(len(row.deltas) // 4, 1)
    return place < count and not (row.quality and row.quality[place] & Quality.MISSING)


def _span(one: Right) -> Period:
    """Return the time that a value is about."""
    return Period(one.at, one.at if 1 << one.channel & DAY_MASK else one.at + timedelta(seconds=interval_s(one.channel)))


def _end(period: Period) -> datetime:
    assert period.end is not None  # noqa: S101 - a value is about a closed time
    return period.end


def _mask(values: Sequence[Right]) -> Mask:
    mask = 0
    for one in values:
        mask |= 1 << one.channel
    return mask


def _whose(c: C, connection: int, values: Sequence[Right]) -> list[int]:
    """Return whom the values are about: one person, and at a boundary of their time the neighbour too. Raises CannotBeAsked."""
    homes = [
        (subject, one.period)
        for subject in people.ever_at(c, [connection]).get(connection, {})
        for one in people.occupancies(c, subject)
        if one.connection == connection
    ]
    touched = [{subject for subject, period in homes if period.covers(_span(one))} for one in values]
    everybody = set().union(*touched)
    main = [subject for subject in everybody if all(subject in each for each in touched)]
    if not main:
        msg = "nobody lived there in all of that time"
        raise CannotBeAsked(msg)
    return [main[0], *sorted(everybody - {main[0]})]


def _written(  # noqa: PLR0917 - one row and whom to tell of it
    c: C, connection: int, wrong: Period, mask: Mask, answer: Answer, now: datetime, subject: int
) -> tuple[int, Rectification]:
    """Write the rectification down, who must be told, and what is to be handed over once more."""
    handed = corrections.handed(c, connection, wrong, mask, by_hand=False)
    made = Rectification(0, answer.request, connection, "reading", wrong, now, tuple(handed))
    number = rectifications.add(c, made, subject, answer.by)
    rectify.tell(c, made, number)
    corrections.deliver_again(c, number, [parcel for one in handed for parcel in one.parcels])
    return number, replace(made, id=number)


def _said(c: C, number: int, was: ChannelDay, after: ChannelDay | None, wrong: Period, now: datetime) -> Correction:
    one = Correction(0, number, now, wrong, secrets.token_bytes(16), was, after)
    return replace(one, id=corrections.add(c, one))


def _settled(c: C, dispute: int | None, connection: int, wrong: Period, answer: Answer, now: datetime) -> None:
    """End the dispute: what was doubted is right now. Raises CannotBeAsked, AlreadyAnswered."""
    if dispute is None:
        return
    about = disputes.whose(c, dispute)
    if about is None or about[1] != connection or not about[2].touches(wrong):
        msg = "this dispute is about other readings"
        raise CannotBeAsked(msg)
    if not disputes.end(c, dispute, now, CORRECTED, answer.by):
        msg = "this was settled before"
        raise AlreadyAnswered(msg)


def _events(c: C, said: Sequence[Correction], made: Rectification, who: Sequence[int], now: datetime) -> list[Event]:
    assert made.wrong is not None  # noqa: S101 - a reading is about a time
    codes = people.codes(c, who)
    done: dict[str, Json] = {
        "rectification": made.id,
        "fact": made.fact,
        "receivers": len(made.tell),
        "start": epoch_s(made.wrong.start),
        "end": epoch_s(_end(made.wrong)),
    }
    first = [Event(now, EventKind.RECTIFICATION_DONE, ACTOR, codes[one], made.connection, done) for one in who]
    lines = [Event(now, EventKind.READING_CORRECTED, ACTOR, codes[who[0]], made.connection, digest.body(one)) for one in said]
    return first + lines
