"""What was used between two register readings, or why nobody can tell. Never a guess, and never over time that is not one's own.

A supplier's paper (annual bill, overview) is made of readings that this supplier was handed before, each of them decided again. A
register that stands lower than before rolled over, was reset or ran backwards: which of them, two readings do not say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, final

from kwartier.delivery.document import REGISTERS, ground, local, quality, unit
from kwartier.delivery.supplier import marks
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Mask, Product, channels_of

SOUND = frozenset({"valid", "corrected"})
"""Qualities of readings of which a difference can be told."""


class Why(StrEnum):
    """Why a usage cannot be told."""

    NOT_OWN = "not-own-period"
    """It began before the receiver supplied this customer here."""
    NOT_DELIVERED = "no-reading-delivered"
    """The receiver was handed no reading of one of the two moments, or has no ground for it any more."""
    MISSING = "reading-missing"
    NOT_VALID = "reading-not-valid"
    """The meter itself, or a rule, doubts one of the two."""
    RESTRICTED = "not-readable-in-between"
    """The meter was refused or administratively off for a part of the time: nothing is told about that, but by hand."""
    REPLACED = "meter-replaced"
    """Two registers of two meters; where the old one ended and the new one began was not read."""
    FELL = "register-fell"


@final
@dataclass(frozen=True, slots=True)
class Stand:
    """The registers of one moment as they were handed over in a parcel, and the permit by which they may be used now.

    `how` says how somebody read them at the meter, None where the meter told them.
    """

    at: datetime
    parcel: str
    permit: Permit
    registers: Mapping[Channel, ChannelDay]
    how: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Account:
    """All that a paper may be made of: the receiver's own time with one customer at one metering point, and its readings in it.

    `reference` is the parcel that brought the closing reading, `created` when the paper is made; `replaces` are the references of
    earlier ones of which a reading was put right. `own` is from when both the supply
    and the customer are the same; `restricted` are periods about which nothing is told, `changes`
    moments from which another meter measured.
    """

    reference: str
    created: datetime
    ean: Ean
    product: Product
    mask: Mask
    own: datetime
    closes: datetime
    stands: Mapping[datetime, Stand]
    restricted: Sequence[Period] = ()
    changes: Sequence[datetime] = ()
    replaces: Sequence[str] = ()


def used(account: Account, channel: Channel, span: Period) -> int | Why:
    """Return Wh or dm3 that a register counted over a closed span, or why that cannot be told."""
    if span.start < account.own:
        return Why.NOT_OWN
    opening, closing = account.stands.get(span.start), account.stands.get(span.end or span.start)
    by_hand = any(one is not None and one.how for one in (opening, closing))
    if not by_hand and any(span.overlaps(one) for one in account.restricted):
        return Why.RESTRICTED
    if opening is None or closing is None:
        return Why.NOT_DELIVERED
    if any(_changed(moment, span.start, closing.at, channel) for moment in account.changes):
        return Why.REPLACED
    return difference(opening.registers.get(channel), closing.registers.get(channel))


def _changed(moment: datetime, opening: datetime, closing: datetime, channel: Channel) -> bool:
    """True if the two readings may be of two meters.

    A reading names the electricity meter that told it, not the gas meter behind that: gas is not told if either end is a change.
    """
    return opening <= moment <= closing if 1 << channel & GAS_MASK else opening < moment < closing


def difference(opening: ChannelDay | None, closing: ChannelDay | None) -> int | Why:
    """Return closing minus opening of one register of one meter, or why not."""
    if opening is None or closing is None:
        return Why.MISSING
    marks = {_mark(opening), _mark(closing)}
    if "missing" in marks:
        return Why.MISSING
    if not marks <= SOUND:
        return Why.NOT_VALID
    if opening.meter != closing.meter:
        return Why.REPLACED
    return closing.start - opening.start if closing.start >= opening.start else Why.FELL


def _mark(day: ChannelDay) -> str:
    return quality(day.quality[0] if day.quality else 0)


def of_span(account: Account, span: Period) -> dict[str, Any]:
    """Return a span with what each register counted in it, and the sums per direction where all of them are known."""
    lines = [line(account, channel, span) for channel in channels_of(account.mask & DAY_MASK)]
    return {"period": written(span), "usage": lines, "totals": totals(lines)}


def line(account: Account, channel: Channel, span: Period) -> dict[str, Any]:
    """Return one register over a span: what it counted, or why that cannot be told."""
    code, direction, tariff = REGISTERS[channel]
    found = used(account, channel, span)
    return {
        "register": code,
        "direction": direction,
        **({"tariff": tariff} if tariff else {}),
        "unit": unit(channel),
        **({"value": None, "why": found.value} if isinstance(found, Why) else {"value": found}),
    }


def totals(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sum per direction, in the order of the lines; a sum with an unknown part is unknown."""
    found: dict[str, dict[str, Any]] = {}
    for one in lines:
        total = found.setdefault(one["direction"], {"direction": one["direction"], "unit": one["unit"], "value": 0})
        total["value"] = None if None in (total["value"], one["value"]) else total["value"] + one["value"]
    return list(found.values())


def written(span: Period) -> dict[str, str | None]:
    """Write a period in local time."""
    return {"start": local(span.start), "end": local(span.end) if span.end else None}


def readings(account: Account, moments: Iterable[datetime]) -> list[dict[str, Any]]:
    """Return the readings a paper rests on: the parcel that brought each, on which ground it is used now, and how if by hand."""
    stands = [account.stands[moment] for moment in sorted(set(moments)) if moment in account.stands and moment >= account.own]
    return [
        {"at": local(one.at), "parcel": one.parcel, **ground(one.permit), **(marks(one.how) if one.how else {})} for one in stands
    ]
