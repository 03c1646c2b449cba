"""Single events: named, tied to the line before about the same person, and written once, where they stay.

The database ties lines, gives them their ids and writes them out (`audit.say`, migration 0057). Nobody waits but who writes about
the same person at the same connection at the same time: of two lines with the same number the database lets one in, and the other
is tied again to what came in meanwhile.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from psycopg import Connection
from psycopg.errors import UniqueViolation

from kwartier.audit import chain, staffed, subjects
from kwartier.audit.arrays import Bytes, Int8s, Jsons, Moments, Texts, Written8s
from kwartier.audit.canonical import canonical
from kwartier.audit.errors import BrokenLog, NotLoggable
from kwartier.audit.events import Event
from kwartier.audit.staffed import Act
from kwartier.model.staff import Staff

C = Connection[Any]

FIRST, CHUNK = 25, 200
"""Of the events that go to the server at once, how many at first and how many at most: each time twice as many, so that the next
are named while it writes these, and it waits for none."""
_TAKEN: Final = "chain"
"""The index that has each number of a chain once."""
_SAY: Final = "select audit.say(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"


def record(c: C, events: Sequence[Event], staff: Staff | None) -> list[int]:
    """Write events in the caller's transaction; return their entry ids. Raises NotLoggable, BrokenLog.

    In the tree those about nobody come first, as given, and then each chain's, as given; those of different chains in any order.
    """
    acts = [staffed.act(event, staff) for event in events]
    ids = _recorded(c, events, acts) if events else []
    staffed.keep(c, ids, events, acts)
    return ids


def enter(c: C, entry: int, event: Event, staff: Staff | None) -> None:
    """Write an event about nobody whose id is known; the caller may be in a pipeline. Raises NotLoggable."""
    act = staffed.act(event, staff)
    c.execute(_SAY, (entry, *_values([event], [act])))
    staffed.keep(c, [entry], [event], [act])


def _recorded(c: C, events: Sequence[Event], acts: Sequence[Act | None]) -> list[int]:
    """Write them, and return their ids; again for as long as somebody took a number meanwhile."""
    while True:
        try:
            return _tried(c, events, acts)
        except UniqueViolation as fault:
            if fault.diag.constraint_name != _TAKEN:
                raise
        # nothing is left: whoever waits for one chain must not have another that comes later in the order (`_chunks`)
        c.execute("rollback to savepoint tied", prepare=False)
        if c.execute("show transaction_isolation").fetchone() != ("read committed",):
            msg = "a line about a person has a number that is taken by one that cannot be seen"
            raise BrokenLog(msg)


def _tried(c: C, events: Sequence[Event], acts: Sequence[Act | None]) -> list[int]:
    """Write, and return the ids. All goes to the server in one go, which answers once."""
    asked = []
    with c.pipeline():
        c.execute("savepoint tied", prepare=False)
        for some in _chunks(events):
            values = _values([events[n] for n in some], [acts[n] for n in some])
            # always prepared: of a statement that is prepared once it was seen often the driver would not find out that it failed
            asked.append((some, c.execute(_SAY, (None, *values), prepare=True, binary=True)))
        c.execute("release savepoint tied", prepare=False)
    ids = {n: one for some, said in asked for n, one in zip(some, said.fetchall()[0][0], strict=True)}
    return [ids[n] for n in range(len(events))]


def _values(events: Sequence[Event], acts: Sequence[Act | None]) -> tuple[object, ...]:
    """Return what is said of these events, but for their ids, as `audit.say` takes it. Each line has a fresh salt."""
    people = [None if (code := one.subject_code) is None else code.encode() for one in events]
    salts = os.urandom(subjects.SALT_SIZE * len(events))
    drawn = zip(subjects.pieces(salts, subjects.SALT_SIZE), people, strict=True)
    return (
        _moments(events),
        Jsons([canonical(one.actor) for one in events]),
        Jsons([canonical(body if isinstance(body := one.body, dict) else dict(body)) for one in events]),
        Int8s([one.connection or 0 for one in events]),
        Texts([one.kind for one in events]),
        Written8s([None if person is None else chain.number(person) for person in people]),
        Bytes([None if person is None else salt for salt, person in drawn]),
        Bytes(subjects.tags(salts, people, None)),
        Bytes([None if act is None else act.commitment for act in acts] if any(acts) else []),  # as if it had a null for each
    )


def _chunks(events: Sequence[Event]) -> Iterator[list[int]]:
    """Part the numbers of events into those that are said together: of each chain one at the most, for the others follow it.

    Those about nobody come first, then of each chain the first one, by which it becomes ours, and then those that follow. Chains
    become ours in one order, whoever writes: so no two wait for each other.
    """
    chains = sorted([(one.connection or 0, one.subject_code, n) for n, one in enumerate(events) if one.subject_code is not None])
    turns: list[list[int]] = [[n for n, one in enumerate(events) if one.subject_code is None]]
    turn, before = 0, (-1, "")
    for connection, code, n in chains:
        turn = turn + 1 if (connection, code) == before else 1
        before = (connection, code)
        if turn == len(turns):
            turns.append([])
        turns[turn].append(n)
    size = FIRST
    for some in turns:
        at = 0
        while at < len(some):
            yield some[at : at + size]
            at, size = at + size, min(2 * size, CHUNK)


def _moments(events: Sequence[Event]) -> Moments:
    try:
        return Moments([one.at for one in events])
    except TypeError as fault:
        msg = "a moment in the log needs a time zone"
        raise NotLoggable(msg) from fault
