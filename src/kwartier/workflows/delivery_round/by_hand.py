"""Readings taken by hand, promised to whoever supplied then, as far as that is known now.

A reading waits from when it is written down, and once more whenever a supply or a restriction of its moment is told after it. Where
the code of conduct has a row for it (S5, from the edition of 2027 on) each supplier of that moment is promised what was taken of a
meter that is not read remotely. What was taken before that edition waits for nobody: no row spoke of it then.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from kwartier.grounds import conduct
from kwartier.grounds.decide import decide
from kwartier.grounds.errors import NoEdition
from kwartier.model.ground import Facts, Purpose, Request, Requester, Role
from kwartier.model.period import Period, epoch_s
from kwartier.model.permit import Permit
from kwartier.store.registry import deliveries, hand_readings, nights
from kwartier.store.registry.deliveries import Promise
from kwartier.store.registry.hand_readings import Waiting
from kwartier.workflows.delivery_round.known import known_of
from kwartier.workflows.installation import Installation

AT_ONCE: Final = 500
"""Moments looked at together."""


def promise(house: Installation, at: datetime) -> None:
    """Promise what waits. Decided now only for the permit's number: before it is handed over it is decided again."""
    more = True
    while more:
        with house.operator() as c:
            waits = hand_readings.waiting(c, AT_ONCE)
            _promised(c, waits, at)
            more = bool(waits)


def _promised(c: Connection[Any], waits: list[Waiting], at: datetime) -> None:
    known = known_of(c, {one.connection for one in waits}, at) if waits else {}
    found = [made for one in waits for made in _promises(one, known[one.connection].facts, at)]
    if found:
        batch = nights.plan_batch(c, None)
        nights.mark_empty(c, batch, at)
        deliveries.promise(c, batch, found)
    hand_readings.promised(c, [number for one in waits for number in one.ids])


def _promises(one: Waiting, facts: Facts, at: datetime) -> Iterator[Promise]:
    about, second = Period(one.at, one.at), epoch_s(one.at)
    if not (_may_leave(at) and _may_leave(one.at) and any(r.period.touches(about) for r in facts.restrictions)):
        return
    for party in dict.fromkeys(supply.party for supply in facts.supplies if supply.period.covers(about)):
        asked = deliveries.request(Requester(Role.SUPPLIER, party), one.connection, Purpose.HAND_READING, one.mask, about)
        yield Promise(asked, second, second, _permit(asked, facts, at))


def _may_leave(at: datetime) -> bool:
    """True if the edition of a moment has a row by which a supplier gets what was taken by hand."""
    try:
        return conduct.edition_at(at).grant(Role.SUPPLIER, Purpose.HAND_READING) is not None
    except NoEdition:
        return False


def _permit(asked: Request, facts: Facts, at: datetime) -> bytes:
    """Return the permit under which it is promised; of what will be withheld there is none, so a number that is no permit's."""
    permit = decide(asked, facts, at=at)
    return permit.id if isinstance(permit, Permit) else secrets.token_bytes(16)
