"""Single events: sealed, tied to the line before about the same person, and written once, where they stay.

Nobody waits but who writes about the same person at the same connection at the same time: of two lines with the same number the
database lets one in, and the other is tied again to what came in meanwhile.
"""

import os
from collections.abc import Sequence
from typing import Any, Final, final

from psycopg import Connection
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
_TAKEN: Final = "chain"
"""The index that has each number of a chain once."""
_INSERT: Final = """
    insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
    select unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b), unnest(%b)"""

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
        self._order = list[int]()
        self._after: list[_End] = [chain.START] * len(events)
        self._going_on = set[Key | None]()
        self._ends = dict[Key, _End]()
        self._ids = list(entries)

    def written(self) -> list[int]:
        """Write them all; return their ids."""
        before = None
        while self._events and not self._tried():
            if self._after == before:
                msg = "a line about a person has a number that is taken"
                raise BrokenLog(msg)
            before = list(self._after)
        return self._ids

    def _tried(self) -> bool:
        """Look where the chains end, and write; False if somebody took a number meanwhile: then nothing of it is left.

        Nothing: whoever waits for one chain must not have another that comes later in the order (`_begin`). All goes to the server
        in one go, which answers twice: where the chains end, and when the lines are written.
        """
        try:
            with self._c.pipeline():
                self._c.execute("savepoint tied", prepare=False)
                self._look()
                for at in range(0, len(self._order), CHUNK):
                    # only the first is prepared: of others the driver would remember it though the server passed over them
                    self._send(self._order[at : at + CHUNK], prepare=False if at else None)
                self._c.execute("release savepoint tied", prepare=False)
        except UniqueViolation as fault:
            if fault.diag.constraint_name != _TAKEN:
                raise
            self._c.execute("rollback to savepoint tied", prepare=False)
            return False
        return True

    def _look(self) -> None:
        """Look where the chains end, and begin the lines meanwhile."""
        if self._ids and not self._order:  # they had ids, and are about nobody
            self._begin()
            return
        found = chain.ends(self._c, self._keys, None if self._order else self._begin)
        self._ids = [number for number, _, _ in found]
        self._after = [(nth, last) for _, nth, last in found]
        self._ends.clear()

    def _begin(self) -> None:
        """Do what can be done before it is known where chains end: write each line so far, and name whom it is about.

        Events about nobody come first, then of each chain the first one, by which it becomes ours, and then those that follow.
        Chains become ours in one order, whoever writes: so no two wait for each other.
        """
        self._said = [subjects.begun(one) for one in self._events]
        self._salts = _salts(self._keys)
        self._tags = [
            None if salt is None or one.subject_code is None else subjects.tag(salt, one.subject_code)
            for salt, one in zip(self._salts, self._events, strict=True)
        ]
        free, first, later = _parted(self._keys)
        self._order = free + first + later
        self._going_on = {self._keys[n] for n in later}

    def _send(self, some: Sequence[int], *, prepare: bool | None) -> None:
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
        self._c.execute(_INSERT, values, prepare=prepare)

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


def _parted(keys: Sequence[Key | None]) -> tuple[list[int], list[int], list[int]]:
    """Part the numbers of those about nobody, of the first of each chain, in the order of chains, and of those that follow."""
    chains = dict[Key, int]()
    free, later = list[int](), list[int]()
    for n, key in enumerate(keys):
        if key is None:
            free.append(n)
        elif chains.setdefault(key, n) != n:
            later.append(n)
    return free, [n for _, _, n in sorted([(connection, who, n) for (connection, who), n in chains.items()])], later


def _salts(keys: Sequence[Key | None]) -> list[bytes | None]:
    """Draw a fresh salt for each line about a person."""
    size = subjects.SALT_SIZE
    drawn = os.urandom(size * len(keys))
    return [None if key is None else drawn[size * n : size * (n + 1)] for n, key in enumerate(keys)]
