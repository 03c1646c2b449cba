"""What the law gives a supplier: periodic, annual, move and switch readings. Registers at midnight, never finer (E98 art. 26ab).

And what somebody took at the meter, where it is not read remotely: of whatever moment that was, and marked as such.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kwartier.delivery import document
from kwartier.delivery.errors import NotForReceiver
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Action, Purpose, Role
from kwartier.model.register import INTERVAL_MASK, Channel

PURPOSES = frozenset({Purpose.PERIODIC_READING, Purpose.ANNUAL_BILL, Purpose.MOVE, Purpose.SWITCH, Purpose.HAND_READING})


METHODS: Mapping[str, str] = {"visit": "003", "customer": "22", "p1": "22"}
"""How a register was read by hand, and what the market's register (C-AR) calls that: physically; by the customer, or from P1."""


class Taken(NamedTuple):
    """A register as somebody read it at the meter: Wh, for gas dm3."""

    channel: Channel
    value: int
    at: datetime
    how: str


def by_hand(heading: document.Heading, taken: Sequence[Taken]) -> bytes:
    """Return the parcel of registers that were read by hand. Raises NotForReceiver."""
    _judge(heading)
    return document.written(
        heading, {"series": [], "readings": [_by_hand(one) for one in taken if heading.mask >> one.channel & 1]}
    )


def _by_hand(one: Taken) -> dict[str, Any]:
    code, direction, tariff = document.REGISTERS[one.channel]
    return {
        "register": code,
        "direction": direction,
        **({"tariff": tariff} if tariff else {}),
        "unit": document.unit(one.channel),
        "at": document.local(one.at),
        "value": one.value,
        **marks(one.how),
    }


def marks(how: str) -> dict[str, str]:
    """Say that a register was read by hand, by whom, and what the market's register calls that."""
    return {"read": "by-hand", "by": how, "method": METHODS[how]}


def readings(heading: document.Heading, days: Sequence[ChannelDay]) -> bytes:
    """Return the reading parcel for a supplier. Raises NotForReceiver for anything finer than a day or another purpose."""
    _judge(heading)
    return document.document(heading, days, gaps=True)


def _judge(heading: document.Heading) -> None:
    for request in (permit.request for permit in heading.permits):
        if request.requester.role is not Role.SUPPLIER or request.action is not Action.DELIVER:
            msg = "this permit is not for delivery to a supplier"
            raise NotForReceiver(msg)
        if request.mask & INTERVAL_MASK or request.purpose not in PURPOSES:
            msg = "a supplier gets registers at midnight for its legal tasks only"
            raise NotForReceiver(msg)
