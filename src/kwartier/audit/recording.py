"""Single events: sealed, tied to the line before about the same person, and written once, where they stay.

Nobody waits but who writes about the same person at the same connection at the same time: of two lines with the same number the
database lets one in, and the other is tied again to what came in meanwhile.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, final

from psycopg import Connection, Cursor, Rollback

from kwartier.audit import chain, staffed, subjects, tree
from kwartier.audit.arrays import Bytes, Int8s, Moments, Texts
from kwartier.audit.chain import Key
from kwartier.audit.errors import BrokenLog
from kwartier.audit.events import Event
from kwartier.audit.staffed import Act
from kwartier.audit.subjects import Sealed
from kwartier.model.staff import Staff

C = Connection[Any]

CHUNK: Final = 200
"""Events that go to the server at once: while it writes these, the next are sealed."""
_NOBODY: Final = Key(-1, b"")
_INSERT: Final = """
    insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
    select * from unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b)
    on conflict (connection, who, nth) do nothing"""


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
    """Events on their way into the log."""

    def __init__(self, c: C, events: Sequence[Event], acts: Sequence[Act | None], entries: Sequence[int]) -> None:
        self._c = c
        self._events = events
        self._acts = acts
        self._keys = [None if one.subject_code is None else chain.key(one.connection, one.subject_code) for one in events]
        self._ends: dict[Key | None, tuple[int, bytes]] = {None: chain.START}
        self._ids = list(entries) or self._look(range(len(events)))
        self._salts = os.urandom(subjects.SALT_SIZE * len(events))

    def written(self) -> list[int]:
        """Write them all; return their ids."""
        first, later = self._parted()
        self._going_on = {self._keys[n] for n in later}
        while first:
            first = self._begun(first)
            self._look(first)
        if later and self._write(later):
            msg = "a line about a person has a number that is taken"
            raise BrokenLog(msg)
        return self._ids

    def _look(self, numbers: Sequence[int]) -> list[int]:
        """Look where the chains of some of the events end; return an id for each event."""
        keys = [self._keys[n] for n in numbers]
        found = chain.ends(self._c, keys)
        self._ends |= {key: (nth, last) for key, (_, nth, last) in zip(keys, found, strict=True)}
        return [number for number, _, _ in found]

    def _parted(self) -> tuple[list[int], list[int]]:
        """Part the first event of each chain, by which it becomes ours, from those that follow it.

        Chains become ours in one order, whoever writes: so no two wait for each other (`_begun`).
        """
        seen: set[Key] = set()
        first, later = list[int](), list[int]()
        for n, key in enumerate(self._keys):
            (later if key in seen else first).append(n)
            if key is not None:
                seen.add(key)
        return sorted(first, key=lambda n: self._keys[n] or _NOBODY), later

    def _begun(self, first: list[int]) -> list[int]:
        """Write the first event of each chain; return those that are to be written again, because a number was taken.

        Of several chains then all are: whoever waits for the one must not have another that comes later in the order.
        """
        if len({self._keys[n] for n in first} - {None}) <= 1:
            return self._write(first)
        with self._c.transaction():
            taken = self._write(first)
            if taken:
                raise Rollback
        return first if taken else []

    def _write(self, numbers: Sequence[int]) -> list[int]:
        """Seal and write some of the events; return those whose number in their chain was taken."""
        chunks = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
        if len(chunks) == 1:
            sent = [self._send(chunks[0])]
        else:
            with self._c.pipeline():
                sent = [self._send(some) for some in chunks]
        return [n for some, cursor in zip(chunks, sent, strict=True) for n in self._kept_out(some, cursor.rowcount)]

    def _send(self, some: Sequence[int]) -> Cursor[Any]:
        events, sealed = [self._events[n] for n in some], [self._seal(n) for n in some]
        values = (
            Int8s(self._ids[n] for n in some),
            Moments(one.at for one in events),
            Int8s(one.connection or 0 for one in events),
            Int8s(one.nth for one in sealed),
            Texts(one.kind for one in events),
            Bytes(None if (key := self._keys[n]) is None else key.who for n in some),
            Bytes(one.salt for one in sealed),
            Bytes(one.before for one in sealed),
            Bytes(one.data for one in sealed),
        )
        return self._c.execute(_INSERT, values)

    def _seal(self, n: int) -> Sealed:
        key, act = self._keys[n], self._acts[n]
        salt = self._salts[n * subjects.SALT_SIZE : (n + 1) * subjects.SALT_SIZE]
        nth, _ = end = self._ends[key]
        one = subjects.seal_event(self._events[n], end, None if act is None else act.commitment, salt)
        if key is not None and key in self._going_on:
            self._ends[key] = nth + 1, tree.leaf_hash(one.data)
        return one

    def _kept_out(self, some: Sequence[int], count: int) -> Iterator[int]:
        if count == len(some):
            return
        found = self._c.execute("select id from audit.event where id = any(%b)", (Int8s(self._ids[n] for n in some),))
        let_in = {number for (number,) in found}
        yield from (n for n in some if self._ids[n] not in let_in)
