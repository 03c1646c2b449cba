"""Where the chains of batches stand, 32 connections to a row: a night moves on all of them, batch by batch."""

import struct
from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

from psycopg import Connection, Cursor

from kwartier.audit.arrays import Bytes, Int8s
from kwartier.audit.chain import WHO_SIZE, Head, Key

C = Connection[Any]

BATCHES: Final = 0x6B77_6C6F_68
"""Advisory lock of whoever records a batch, to the end of the transaction: batches are tied one after another."""
SHIFT: Final = 5
_HEAD: Final = struct.Struct("!24sq32s")
_STANDING: Final = struct.Struct("!q16sq32s")

Row = dict[bytes, tuple[int, bytes]]
"""By connection and who, as `name` writes them: how many lines, and the hash of the last one, as `chain.Head`."""
Heads = defaultdict[int, Row]
"""By number of the row: the connection without its last SHIFT bits."""


def name(connection: int, who: bytes) -> bytes:
    """Write which chain, as `chain.Key`: the connection, and the beginning of the hash of the person's code."""
    return connection.to_bytes(8, "big") + who[:WHO_SIZE]


def ask(c: C, connections: Collection[int]) -> Cursor[Any]:
    """Ask where the chains at these connections, and some others, stand; nobody else ties a batch until the transaction ends."""
    c.execute("select pg_advisory_xact_lock(%s)", (BATCHES,))
    return c.execute(
        "select page, heads from audit.page where page = any(%b)",
        (Int8s({one >> SHIFT for one in connections}),),
        binary=True,
    )


def taken(asked: Cursor[Any]) -> Heads:
    """Return the answer to `ask`."""
    return defaultdict(dict, {page: {one: (nth, last) for one, nth, last in _HEAD.iter_unpack(heads)} for page, heads in asked})


def keep(c: C, heads: Heads) -> None:
    """Store where the chains of whole rows stand now."""
    c.execute(
        "insert into audit.page select * from unnest(%b, %b) on conflict (page) do update set heads = excluded.heads",
        (Int8s(heads), Bytes(map(_written, heads.values()))),
    )


def _written(row: Row) -> bytes:
    return b"".join([_HEAD.pack(one, *head) for one, head in row.items()])


def forget(c: C, one: Key) -> None:
    """Drop where a person's chain of batches at a connection stands."""
    row = taken(ask(c, [one.connection]))[one.connection >> SHIFT]
    if row.pop(name(*one), None) is not None:
        c.execute("update audit.page set heads = %b where page = %s", (_written(row), one.connection >> SHIFT))


def connections_of(c: C, people: Collection[bytes]) -> dict[bytes, set[int]]:
    """Return the connections at which there is a chain of batches about each of these people: one look through all chains."""
    found: dict[bytes, set[int]] = {who: set() for who in people}
    if found:
        with c.cursor(name="chains", binary=True) as cursor:
            for (heads,) in cursor.execute("select heads from audit.page"):
                for at, who, _, _ in _STANDING.iter_unpack(heads):
                    if who in found:
                        found[who].add(at)
    return found


def standings(c: C) -> list[tuple[Key, Head]]:
    """Return where every chain of batches stands."""
    rows = c.execute("select heads from audit.page order by page", binary=True)
    return [(Key(at, who), Head(nth, last)) for (heads,) in rows for at, who, nth, last in _STANDING.iter_unpack(heads)]
