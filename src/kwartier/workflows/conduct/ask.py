"""What a party may know of a connection, and who may know something of it: from the registry's facts, by the explanations.

A connection is named by its surrogate key; people stay numbers. For a moment that is over the answer is by what is known now: a
permission that was revoked has lived until then. Each answer is a look at a person's data, and in the log as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier.grounds import explain
from kwartier.grounds.explain import Bar, Explanation
from kwartier.grounds.stand import Stand, reaches, stand
from kwartier.model.ground import Facts, Requester
from kwartier.model.period import day_of
from kwartier.model.register import ALL_MASK, GAS_MASK, Mask, Product
from kwartier.store.registry import facts, names, parties
from kwartier.store.registry.errors import NotFound
from kwartier.workflows.installation import Installation
from kwartier.workflows.visits import looks

SHOWN: Final = "grounds"


@final
@dataclass(frozen=True, slots=True)
class Who:
    """Who may know what of a connection, the restrictions that bar everybody, and the public names of parties and use cases."""

    lines: tuple[Explanation, ...]
    bars: tuple[Bar, ...]
    parties: Mapping[int, str]
    use_cases: Mapping[int, str]


def may(house: Installation, party_code: str, connection: int, *, at: datetime, now: datetime) -> Stand:
    """Return how the party with this public code stands at the connection at a moment, asked `now`. Raises NotFound."""
    with house.operator() as c:
        party = parties.by_code(c, party_code)
        if party is None:
            msg = "no party has this code"
            raise NotFound(msg)
        known, channels = _known(c, connection, at)
        looks.record(house, c, [connection], SHOWN, now=now, at=at, party=party.key)
        # of a party that never had to do with this connection its facts know no agreement, which is not why it may see nothing
        bound = dict.fromkeys([*known.agreements, *parties.agreements(c, [party.key])])
        apart = dict.fromkeys([*known.suspensions, *parties.suspensions(c, [party.key])])
    known = replace(known, agreements=tuple(bound), suspensions=tuple(apart))
    return stand(known, Requester(party.role, party.key), channels, at=at)


def who(house: Installation, connection: int, *, at: datetime, now: datetime) -> Who:
    """Return who may know what of the connection at a moment, asked `now`. Raises NotFound."""
    with house.operator() as c:
        known, channels = _known(c, connection, at)
        looks.record(house, c, [connection], SHOWN, now=now, at=at)
        parties_named, uses = names.parties(c), names.use_cases(c)
    lines = tuple(line for line in explain.who_may(known, at=at) if reaches(line, channels))
    return Who(lines, tuple(explain.who_may_not(known, at=at)), parties_named, uses)


def _known(c: Connection[Any], connection: int, at: datetime) -> tuple[Facts, Mask]:
    """Return the facts of a connection and the channels of its product. Raises NotFound."""
    found = facts.rows(c, [connection], year=day_of(at).year, day=day_of(at))
    if not found:
        msg = "no connection has this number"
        raise NotFound(msg)
    return found[0].facts, GAS_MASK if found[0].product is Product.GAS else ALL_MASK & ~GAS_MASK
