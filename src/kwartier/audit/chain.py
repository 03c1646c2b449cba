"""Chains: every line about a person at a connection is tied to the one before it, so that leaving one out shows.

A line has a number, 1 for the first, and the hash of the line before, zeros for the first. In the line stands neither, only
`link`: the beginning of SHA-256(salt | number | hash before). Number and hash are kept beside the line with its salt, go into the
proof with it, and are erased with it: then the line points at no other any more, and the lines of others are as they were.
Single events and lines of batches are chains apart: a customer's click does not wait for a batch of the night.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Any, Final, NamedTuple

from psycopg import Connection

C = Connection[Any]

LINK_SIZE: Final = 16
WHO_SIZE: Final = 16


class Head(NamedTuple):
    """Where a chain stands: how many lines it has, and the hash of the last one."""

    nth: int
    last: bytes


class Key(NamedTuple):
    """Which chain: the connection (0 for none), and the beginning of the hash of the person's code."""

    connection: int
    who: bytes


Heads = dict[Key, Head]
START: Final = Head(0, bytes(32))


def key(connection: int | None, subject_code: str) -> Key:
    """Return the chain of a person at a connection."""
    return Key(connection or 0, sha256(subject_code.encode()).digest()[:WHO_SIZE])


def link(salt: bytes, nth: int, before: bytes) -> bytes:
    """Return what a line keeps of its number and of the hash of the line before."""
    return sha256(salt + nth.to_bytes(8, "big") + before).digest()[:LINK_SIZE]


def taken(c: C, keys: Collection[Key]) -> Heads:
    """Return where these chains of single events stand, and keep everybody else from them until the transaction ends."""
    if not keys:
        return {}
    found = _locked(c, keys)
    new = sorted(set(keys) - set(found))
    if not new:
        return found
    # of two who begin the same chain one waits here, and then goes on from the other's line
    begun = c.execute(
        "insert into audit.head (connection, who, nth, last, batch) select n.*, 1, %s, false"
        " from unnest(%b::bigint[], %b::bytea[]) as n on conflict do nothing returning connection, who",
        (bytes(32), [one.connection for one in new], [one.who for one in new]),
        binary=True,
    )
    fresh = {Key(*row) for row in begun}
    others = _locked(c, [one for one in new if one not in fresh])
    return found | others | dict.fromkeys(fresh, START)


def _locked(c: C, keys: Collection[Key]) -> Heads:
    if not keys:
        return {}
    rows = c.execute(
        "select h.connection, h.who, h.nth, h.last from unnest(%b::bigint[], %b::bytea[]) as asked (connection, who)"
        " join audit.head h on h.connection = asked.connection and h.who = asked.who and not h.batch"
        " order by h.connection, h.who for update of h",
        ([one.connection for one in keys], [one.who for one in keys]),
        binary=True,
    )
    return {Key(connection, who): Head(nth, last) for connection, who, nth, last in rows}


def keep(c: C, heads: Heads) -> None:
    """Store where chains of single events stand now; `taken` gave them."""
    if heads:
        c.execute(
            "update audit.head h set nth = n.nth, last = n.last"
            " from unnest(%b::bigint[], %b::bytea[], %b::bigint[], %b::bytea[]) as n (connection, who, nth, last)"
            " where h.connection = n.connection and h.who = n.who and not h.batch",
            (
                [one.connection for one in heads],
                [one.who for one in heads],
                [head.nth for head in heads.values()],
                [head.last for head in heads.values()],
            ),
        )


def forget(c: C, one: Key) -> None:
    """Drop where the chain of single events of a person at a connection stands, if no line is tied to the person any more."""
    c.execute("delete from audit.head where connection = %s and who = %s", one)
