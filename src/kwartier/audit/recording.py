"""Single events: sealed, tied to the line before about the same person, and written once, where they stay.

Nobody waits but who writes about the same person at the same connection at the same time: of two lines with the same number the
database lets one in, and the other is tied again to what came in meanwhile.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final, final

from psycopg import Connection, Cursor
from psycopg.errors import UniqueViolation

from kwartier.audit import chain, staffed, subjects, tree
from kwartier.audit.arrays import Bytes, Int8s, Moments, Texts
from kwartier.audit.chain import Key
from kwartier.audit.errors import BrokenLog
from kwartier.audit.events import Event
from kwartier.audit.staffed import Act
from kwartier.model.staff import Staff

C = Connection[Any]

CHUNK: Final = 200
"""Events that go to the server at once: while it writes these, the next are sealed."""
MANY: Final = 20
"""So many are begun while the server looks for the ends of their chains; for fewer that takes a trip more than it saves."""
_TAKEN: Final = "chain"
"""The index that has each number of a chain once."""
_INSERT: Final = """
    insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
    select unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b)"""
_INSERT_IF_FREE: Final = f"{_INSERT} on conflict (connection, who, nth) do nothing"

_End = tuple[int, bytes]
"""Number and hash of the last line of a chain."""


def record(c: C, events: Sequence[Event], staff: Staff | None, entries: Sequence[int] = ()) -> list[int]:
    """Write events in the caller's transaction; return their entry ids. Raises NotLoggable, BrokenLog.

    `entries` are their ids if they have some already; these events are about nobody.
    """
    acts = [staffed.act(event, staff) for event in events]
    ids = _Recording(c, events, acts, entries).written()
    staffed.keep(c, ids, events, acts)
    return ids


@final
class _Recording:
    """Events on their way into the log. What belongs to one stands in each list at its number."""

    def __init__(self, c: C, events: Sequence[Event], acts: Sequence[Act | None], entries: Sequence[int]) -> None:
        self._c = c
        self._events = events
        self._acts = acts
        self._keys = [None if one.subject_code is None else chain.key(one.connection, one.subject_code) for one in events]
        self._salts, self._tags = list[bytes | None](), list[bytes | None]()
        self._said = list[bytes]()
        self._first, self._later = list[int](), list[int]()
        self._after: list[_End] = [chain.START] * len(events)
        self._going_on = set[Key | None]()
        self._ends = dict[Key, _End]()
        self._ids = list(entries)

    def written(self) -> list[int]:
        """Write them all; return their ids."""
        if len(self._events) < MANY or self._ids:
            self._begin()
            self._ids = self._ids or self._look(range(len(self._events)))
        else:
            self._ids = self._look(range(len(self._events)), meanwhile=self._begin)
        first = self._first
        while first := self._kept_out(first):
            self._look(first)
        if self._write(self._later, _INSERT_IF_FREE) < len(self._later):
            msg = "a line about a person has a number that is taken"
            raise BrokenLog(msg)
        return self._ids

    def _begin(self) -> None:
        """Do what can be done before it is known where chains end: write each line so far, and name whom it is about."""
        self._said = [subjects.begun(one) for one in self._events]
        self._salts = _salts(self._keys)
        self._tags = [
            None if salt is None or one.subject_code is None else subjects.tag(salt, one.subject_code)
            for salt, one in zip(self._salts, self._events, strict=True)
        ]
        self._first, self._later = self._parted()
        self._going_on = {self._keys[n] for n in self._later}

    def _parted(self) -> tuple[list[int], list[int]]:
        """Part the first event of each chain, by which it becomes ours, and those about nobody, from those that follow.

        Chains become ours in one order, whoever writes: so no two wait for each other (`_kept_out`).
        """
        chains = dict[Key, int]()
        free, later = list[int](), list[int]()
        for n, key in enumerate(self._keys):
            if key is None:
                free.append(n)
            elif chains.setdefault(key, n) != n:
                later.append(n)
        return free + [n for _, _, n in sorted([(place, who, n) for (place, who), n in chains.items()])], later

    def _look(self, numbers: Sequence[int], meanwhile: Callable[[], None] | None = None) -> list[int]:
        """Look where the chains of some of the events end; return an id for each of these events."""
        found = chain.ends(self._c, [self._keys[n] for n in numbers], meanwhile)
        for n, (_, nth, last) in zip(numbers, found, strict=True):
            self._after[n] = nth, last
        self._ends.clear()
        return [number for number, _, _ in found]

    def _kept_out(self, first: list[int]) -> list[int]:
        """Write the first event of each chain; return those that are to be written again, because a number was taken.

        Of several chains then all are: whoever waits for the one must not have another that comes later in the order.
        """
        of_chains = [n for n in first if self._keys[n] is not None]
        if len(of_chains) <= 1:
            return of_chains if self._write(first, _INSERT_IF_FREE) < len(first) else []
        try:
            with self._c.transaction():
                self._write(first, _INSERT)
        except UniqueViolation as fault:
            if fault.diag.constraint_name != _TAKEN:
                raise
            return first
        return []

    def _write(self, numbers: Sequence[int], statement: str) -> int:
        """Write some of the events; return how many were let in."""
        chunks = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
        with self._c.pipeline() if len(chunks) > 1 else nullcontext():
            sent = [self._send(some, statement) for some in chunks]
        return sum(cursor.rowcount for cursor in sent)

    def _send(self, some: Sequence[int], statement: str) -> Cursor[Any]:
        events = [self._events[n] for n in some]
        nths, befores, lines = zip(*[self._line(n) for n in some], strict=True)
        values = (
            Int8s(self._ids[n] for n in some),
            Moments(one.at for one in events),
            Int8s(one.connection or 0 for one in events),
            Int8s(nths),
            Texts(one.kind for one in events),
            Bytes(None if (key := self._keys[n]) is None else key.who for n in some),
            Bytes(self._salts[n] for n in some),
            Bytes(befores),
            Bytes(lines),
        )
        return self._c.execute(statement, values)

    def _line(self, n: int) -> tuple[int | None, bytes | None, bytes]:
        """Return number, hash of the line before, and bytes of a line; the first two are None if it is about nobody."""
        key, salt, act = self._keys[n], self._salts[n], self._acts[n]
        by = None if act is None else act.commitment
        if key is None or salt is None:
            return None, None, subjects.ended(self._said[n], None, None, by)
        count, last = self._ends.get(key) or self._after[n]
        line = subjects.ended(self._said[n], chain.link(salt, count + 1, last), self._tags[n], by)
        if key in self._going_on:
            self._ends[key] = count + 1, tree.leaf_hash(line)
        return count + 1, last, line


def _salts(keys: Sequence[Key | None]) -> list[bytes | None]:
    """Draw a fresh salt for each line about a person."""
    size = subjects.SALT_SIZE
    drawn = os.urandom(size * len(keys))
    return [None if key is None else drawn[size * n : size * (n + 1)] for n, key in enumerate(keys)]
