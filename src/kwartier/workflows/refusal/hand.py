"""S3: readings taken at the meter itself, where it may not be read remotely: whose turn it is, and what somebody read there.

They are kept apart from what meters told, in the registry, and are told to whom they are about. A delivery round looks which
supplier may have them (`delivery_round/by_hand.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, final

from psycopg import Connection

from kwartier import validation
from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import by_hand
from kwartier.model.errors import BadInput
from kwartier.model.ground import RestrictionKind, Role
from kwartier.model.meter import CONVENTIONAL
from kwartier.model.period import Period, day_of, epoch_s, from_epoch_s
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Mask, Product, mask_of
from kwartier.model.verdict import Verdict
from kwartier.store.registry import hand_readings, people
from kwartier.store.registry.hand_readings import HandReading, Measuring, Taken
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal.choice import NotYourMeter


class How(StrEnum):
    """By whom and how a register was read."""

    VISIT = "visit"
    """The operator was there."""
    CUSTOMER = "customer"
    """The customer read the display."""
    P1 = "p1"
    """The customer took it from the P1 port."""


class Implausible(BadInput):
    """A register contradicts what is known of this meter; nothing was written down. `rules` says which rule."""

    code = "implausible"

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        """Keep the ids of the rules; no value stands in the text."""
        self.rules = sorted({one.rule for one in verdicts})
        super().__init__(f"the registers do not fit what is known of this meter: {', '.join(self.rules)}")


@final
@dataclass(frozen=True, slots=True)
class Due:
    """Somebody's turn to have registers of a connection: by when, and when they were had last (None: not since restricted)."""

    connection: int
    product: Product
    kind: RestrictionKind
    whose: Role
    last: datetime | None
    by: datetime


def due(house: Installation, *, at: datetime, ahead: timedelta = timedelta(0)) -> list[Due]:
    """Return whose turn it is, or will be within `ahead`, the longest overdue first. For connections that are not read remotely."""
    with house.operator() as c:
        found = hand_readings.by_hand(c, at)
    turns = []
    for one in found:
        for duty in by_hand.duties(at):
            last = one.visited if duty.whose is Role.OPERATOR else one.read
            last = None if last is None or last < one.since else last
            by = by_hand.until(last or one.since, duty)
            if by <= at + ahead:
                turns.append(Due(one.connection, one.product, one.kind, duty.whose, last, by))
    return sorted(turns, key=lambda turn: (turn.by, turn.connection))


def take(
    house: Installation,
    connection: int,
    values: Mapping[Channel, int],
    *,
    read_at: datetime,
    how: How,
    at: datetime,
    actor: str = Role.OPERATOR,
) -> int:
    """Write down registers that somebody read (Wh, dm3), all of one moment. Returns how many.

    Raises NotYourMeter where no meter was in service, BadInput for registers of something else or of the future, Implausible, and
    AlreadyTaken. The readings, their line in the log and that they wait for a delivery round stand in one transaction.
    """
    moment = read_at.replace(microsecond=0)
    if not values or moment > at:
        msg = "a reading has registers, and was taken before it is written down"
        raise BadInput(msg)
    with house.operator() as c:
        there = hand_readings.measuring(c, connection, moment)
        if there is None:
            msg = "no meter was in service at this connection"
            raise NotYourMeter(msg)
        _fits(there, values, how)
        one = Taken(connection, there.meter, moment, how, at)
        _judge(house, c, one, there, values)
        numbers = hand_readings.add(c, one, sorted(values.items()))
        _told(house, c, one, numbers, mask_of(values), actor)
        hand_readings.wait(c, numbers)
    return len(numbers)


def _fits(there: Measuring, values: Mapping[Channel, int], how: How) -> None:
    """Raise BadInput for what a meter like this cannot have shown."""
    if mask_of(values) & ~_registers(there.product):
        msg = "these are not registers of this connection"
        raise BadInput(msg)
    digits = CONVENTIONAL.get(there.model)
    if digits is None:
        return
    if how is How.P1:
        msg = "a conventional meter has no P1 port"
        raise BadInput(msg)
    if max(values.values()) >= 10**digits * KWH:
        msg = f"the counters of this meter have {digits} digits before the decimals"
        raise BadInput(msg)


def _registers(product: Product) -> Mask:
    return DAY_MASK & (GAS_MASK if product is Product.GAS else ~GAS_MASK)


# Plausibility: the rules V06 and V07, against the reading before and the one after


def _judge(house: Installation, c: Connection[Any], one: Taken, there: Measuring, values: Mapping[Channel, int]) -> None:
    known, moment_s = _known(house, c, one), epoch_s(one.at)
    verdicts = [
        verdict
        for channel, value in values.items()
        for verdict in validation.by_hand(value, moment_s, known.get(channel, ()), there.capacity_w, channel)
    ]
    if verdicts:
        raise Implausible(verdicts)


def _known(house: Installation, c: Connection[Any], one: Taken) -> dict[Channel, list[tuple[int, int]]]:
    """Return (epoch seconds, register) of what is known of this meter's registers there: by hand, and last remotely.

    What the operator itself reads there is not held against what the customer sent in: a slip of theirs would bar it for good.
    """
    found: dict[Channel, list[tuple[int, int]]] = {}
    for taken in hand_readings.of_meter(c, one.connection, one.meter):
        if one.how != How.VISIT or taken.how != How.CUSTOMER:
            found.setdefault(taken.channel, []).append((epoch_s(taken.at), taken.value))
    last = hand_readings.last_day_read(c, one.connection, one.meter, epoch_s(one.at))
    if last is not None:
        for held in house.readings.day(one.connection, day_of(from_epoch_s(last)), DAY_MASK):
            if held.meter == one.meter:
                found.setdefault(held.channel, []).append((last, held.start))
    return found


def _told(house: Installation, c: Connection[Any], one: Taken, numbers: list[int], mask: Mask, actor: str) -> None:
    home = people.occupant(c, one.connection, one.at)
    body: dict[str, Json] = {
        "hand_readings": list(numbers),
        "mask": mask,
        "how": one.how,
        "start": epoch_s(one.at),
        "end": epoch_s(one.at),
    }
    code = None if home is None else home.code
    house.log.record(c, [Event(one.taken, EventKind.HAND_READING_TAKEN, actor, code, one.connection, body)])


def readings(house: Installation, connection: int, period: Period) -> list[HandReading]:
    """Return what was read by hand at a connection within a period, of whatever meter measured it."""
    with house.operator() as c:
        meters = hand_readings.serving(c, connection, period)
        found = [one for meter in meters for one in hand_readings.of_meter(c, connection, meter.meter)]
    return [one for one in found if period.covers(Period(one.at, one.at))]


KWH: Final = 1000
"""Wh in a kWh, and dm3 in a m3."""
