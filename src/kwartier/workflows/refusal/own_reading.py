"""A customer whose meter is not read remotely reads the counters and sends in what they show, of the moment of sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.audit.events import actor_of
from kwartier.model.errors import BadInput
from kwartier.model.ground import Requester, Role
from kwartier.model.period import day_of
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product, channels_of
from kwartier.store.registry import facts, hand_readings, names
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal.choice import NotYourMeter
from kwartier.workflows.refusal.hand import KWH, How, take

_SHOWN: Final = re.compile(r"([0-9]{1,8})(?:[.,]([0-9]{1,3}))?\Z")


@final
@dataclass(frozen=True, slots=True)
class Counters:
    """What a person may read and send in: the registers of a connection where they live now, which nobody reads remotely."""

    connection: int
    masked: str
    product: Product

    @property
    def registers(self) -> tuple[Channel, ...]:
        """The registers that a meter of this product may show."""
        return tuple(channels_of(DAY_MASK & (GAS_MASK if self.product is Product.GAS else ~GAS_MASK)))


def counters(house: Installation, subject: int, *, at: datetime) -> list[Counters]:
    """Return what this person may send in at this moment, electricity before gas."""
    with house.portal(subject) as c:
        mine = {one.key: one for one in names.own(c, subject) if one.mine.contains(at)}
    with house.operator() as c:
        rows = {row.key: row for row in facts.rows(c, list(mine), year=at.year, day=day_of(at))}
        by_hand = [
            key
            for key in mine
            if any(one.period.contains(at) for one in rows[key].facts.restrictions)
            and hand_readings.measuring(c, key, at) is not None
        ]
    return [Counters(key, str(mine[key].ean), mine[key].product) for key in by_hand]


def send_in(house: Installation, subject: int, connection: int, values: Mapping[Channel, int], *, at: datetime) -> int:
    """Write down what a customer's own counters show now (Wh, dm3). Raises NotYourMeter, and what `take` raises."""
    if connection not in {one.connection for one in counters(house, subject, at=at)}:
        msg = "nobody sends in a reading of where they do not live, or of a meter that is read remotely"
        raise NotYourMeter(msg)
    actor = actor_of(Requester(Role.CUSTOMER, subject))
    return take(house, connection, values, read_at=at, how=How.CUSTOMER, at=at, actor=actor)


def shown(text: str) -> int:
    """Read kWh or m3 as a counter shows them, with a comma or a point and at most three decimals, in Wh or dm3. Raises BadInput."""
    found = _SHOWN.match(text.strip())
    if found is None:
        msg = "this is not what a counter shows"
        raise BadInput(msg)
    return int(found[1]) * KWH + int((found[2] or "").ljust(3, "0"))
