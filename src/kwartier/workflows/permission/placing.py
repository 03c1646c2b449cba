"""Many requests of one party at once: what it asks, or claims. Each is placed once by the party's own reference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, final

from psycopg import Connection

from kwartier.grounds.permission import Schedule, Scope
from kwartier.model.ean import Ean
from kwartier.model.period import Period, whole_second
from kwartier.model.register import Direction, Kind, select
from kwartier.store.registry import parties, points, requests
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.points import NOWHERE, Point
from kwartier.store.registry.requests import MANDATE, Asked
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import administrator
from kwartier.workflows.permission.beginning import begin, scope_flaw

C = Connection[Any]

AT_ONCE: Final = 1000
"""Lines of an upload that one transaction places. Who asks or answers at the same connections waits for it to end."""


@final
@dataclass(frozen=True, slots=True)
class Claim:
    """One line of a party's upload: it says that it holds the customer's unambiguous consent, under this reference.

    `data` is what the readings may be about, by default the time of the mandate itself.
    """

    ean: Ean
    begin: datetime
    end: datetime
    reference: str
    kinds: tuple[Kind, ...]
    direction: Direction
    purpose: str
    data: Period | None = None


@final
@dataclass(slots=True)
class Claimed:
    """What became of an upload: `presented` were put to customers, `known` had been claimed before, `invalid` counts by reason.

    `differs` used a reference for something else than before; nothing was changed by those.
    """

    presented: int = 0
    known: int = 0
    differs: int = 0
    invalid: dict[str, int] = field(default_factory=dict)


def place_all(
    house: Installation, origin: str, party_code: str, rows: Iterable[Claim], *, at: datetime, answer_by: datetime
) -> Claimed:
    """Place a party's requests and put them to their customers. Raises NotFound for an unknown party, GrantedElsewhere.

    Part by part, each in a transaction of its own: of an upload that was killed the parts that were placed stand, and are known
    when it comes again. Within a part everybody takes locks in the same order, references before connections.
    """
    administrator.ours(house)
    now, report, lines = whole_second(at), Claimed(), iter(rows)
    with house.operator() as c:
        party = parties.by_code(c, party_code)
    if party is None:
        msg = "no party has this code"
        raise NotFound(msg)
    while part := sorted(islice(lines, AT_ONCE), key=lambda row: row.reference):
        with house.operator() as c:
            found = points.find(c, [row.ean for row in part], now)
            there = [found.get(row.ean, NOWHERE) for row in part]
            asked = [_asked(origin, party.key, row, point, now, answer_by) for row, point in zip(part, there, strict=True)]
            _place(house, c, list(zip(asked, there, strict=True)), now, report)
    return report


def _place(house: Installation, c: C, rows: Sequence[tuple[Asked, Point]], now: datetime, report: Claimed) -> None:
    placed: list[tuple[int, Point, str | None]] = []
    for asked, there in rows:
        key = requests.place(c, asked)
        if key is not None:
            placed.append((key, there, scope_flaw(asked.scope, asked.live_from, there)))
        elif _known(c, asked):
            report.known += 1
        else:
            report.differs += 1
    flaws = begin(house, c, placed, now)
    report.presented += len(placed) - len(flaws)
    for flaw in flaws.values():
        report.invalid[flaw] = report.invalid.get(flaw, 0) + 1


def _known(c: C, asked: Asked) -> bool:
    """Tell whether the reference stands for the same as before."""
    assert asked.party is not None and asked.reference is not None  # noqa: S101, PT018 - else nothing collides
    before = requests.by_reference(c, asked.party, asked.reference)
    same = before is not None and (before.connection, before.scope, before.origin) == (asked.connection, asked.scope, asked.origin)
    return same and (asked.origin != MANDATE or before is None or before.live_from == asked.live_from)


def _asked(origin: str, party: int, row: Claim, there: Point, now: datetime, answer_by: datetime) -> Asked:
    """Return what is asked; what is asked and not claimed cannot have begun before the question."""
    mask = 0 if there.product is None else select(there.product, row.kinds, row.direction)
    scope = Scope(mask, row.purpose, row.data or Period(row.begin, row.end), row.end, Schedule.DAILY)
    start = row.begin if origin == MANDATE else max(row.begin, now)
    return Asked(origin, party, there.connection, there.subject, scope, start, now, answer_by, row.reference)
