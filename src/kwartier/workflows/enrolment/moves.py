"""A move that is told late: what went out meanwhile went out in the name of who had left, and is put right as any wrong stay is.

Whoever was handed something of that time is told (GDPR art. 19), and so are both who left and who came, in their own log. In the
transaction of the import: a move that is written down has been put right.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.period import epoch_s, whole_second
from kwartier.store.registry import rectifications
from kwartier.store.registry.imports import take
from kwartier.store.registry.imports.take import Moved
from kwartier.store.registry.rectifications import Rectification
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import rectify

ACTOR = "operator"
BY = "import"
"""Who put it right: nobody decided anything, a file told it."""


def put_right(house: Installation, c: C, *, at: datetime) -> None:
    """Write down what the moves of this import make wrong, whom that is told to, and tell the log: a line for each person."""
    now = whole_second(at)
    found = groupby(take.moved(c), key=attrgetter("connection"))
    house.log.record(c, [event for _, those in found for event in _of_connection(c, list(those), now)])


def _of_connection(c: C, those: Sequence[Moved], now: datetime) -> Iterator[Event]:
    """Who left comes first: it is their stay that was wrong."""
    first = those[0]
    handed = rectifications.astray(c, first.connection, first.wrong)
    made = Rectification(0, None, first.connection, "occupancy", first.wrong, now, tuple(handed))
    number = rectifications.add(c, made, first.subject, BY)
    rectify.tell(c, made, number)
    body: dict[str, Json] = {"rectification": number, "fact": "occupancy", "receivers": len(handed)}
    span: dict[str, Json] = {
        "start": epoch_s(first.wrong.start),
        "end": None if first.wrong.end is None else epoch_s(first.wrong.end),
    }
    for code in dict.fromkeys(one.code for one in those):
        yield Event(now, EventKind.RECTIFICATION_DONE, ACTOR, code, first.connection, body | span)
