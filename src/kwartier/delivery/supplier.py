"""What the law gives a supplier: periodic, annual, move and switch readings. Registers at midnight, never finer (E98 art. 26ab)."""

from collections.abc import Sequence

from kwartier.delivery import document
from kwartier.delivery.errors import NotForReceiver
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Action, Purpose, Role
from kwartier.model.register import INTERVAL_MASK

PURPOSES = frozenset({Purpose.PERIODIC_READING, Purpose.ANNUAL_BILL, Purpose.MOVE, Purpose.SWITCH})


def readings(heading: document.Heading, days: Sequence[ChannelDay]) -> bytes:
    """Return the reading parcel for a supplier. Raises NotForReceiver for anything finer than a day or another purpose."""
    for request in (permit.request for permit in heading.permits):
        if request.requester.role is not Role.SUPPLIER or request.action is not Action.DELIVER:
            msg = "this permit is not for delivery to a supplier"
            raise NotForReceiver(msg)
        if request.mask & INTERVAL_MASK or request.purpose not in PURPOSES:
            msg = "a supplier gets registers at midnight for its legal tasks only"
            raise NotForReceiver(msg)
    return document.document(heading, days, gaps=True)
