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
NUMBER_SIZE: Final = 8
"""How much of it names a person in chains of single events: it tells people at a connection apart, and keeps the index small."""


class Head(NamedTuple):
    """Where a chain stands: how many lines it has, and the hash of the last one."""

    nth: int
    last: bytes


class Key(NamedTuple):
    """Which chain: the connection (0 for none), and the beginning of the hash of the person's code."""

    connection: int
    who: bytes

    @property
    def number(self) -> int:
        """The person in the chains of single events: the first 8 bytes as PostgreSQL's bigint."""
        return int.from_bytes(self.who[:NUMBER_SIZE], "big", signed=True)


START: Final = Head(0, bytes(32))


def key(connection: int | None, subject_code: str) -> Key:
    """Return the chain of a person at a connection."""
    return Key(connection or 0, who(subject_code.encode()))


def who(person: bytes) -> bytes:
    """Return the beginning of the hash of a person's code in UTF-8."""
    return sha256(person).digest()[:WHO_SIZE]


def number(person: bytes) -> bytes:
    """Return `Key.number` of a person's code in UTF-8, as it goes over the wire."""
    return sha256(person).digest()[:NUMBER_SIZE]


def link(salt: bytes, nth: int, before: bytes) -> bytes:
    """Return what a line keeps of its number and of the hash of the line before."""
    return sha256(salt + nth.to_bytes(8, "big") + before).digest()[:LINK_SIZE]


_KEEP: Final = """
    with ended as (
        select distinct on (connection, who) connection, who, nth, sha256('\\x00'::bytea || leaf) from audit.event e
        where {going} and nth is not null and not exists (
            select from audit.event l where l.connection = e.connection and l.who = e.who and l.nth > e.nth)
        order by connection, who, nth desc),
    kept as (
        insert into audit.head (connection, who, nth, last) select * from ended
        on conflict (connection, who) do update set nth = excluded.nth, last = excluded.last where head.nth < excluded.nth)
    update audit.event e set goes_on = true from ended
    where e.connection = ended.connection and e.who = ended.who and not ({going}) and not e.goes_on and not exists (
        select from audit.event l
        where l.connection = e.connection and l.who = e.who and l.nth > e.nth and not ({later_going}))"""
"""Where chains end whose last line goes, and which line is the last that stays."""
UNTIED: Final = "salt = null, nth = null, before = null, who = null"


def untie(c: C, entries: Collection[int]) -> None:
    """Take from these single events what ties them to their person and to other lines; where their chains end is kept."""
    _untie(c, "{0}.id = any(%(entries)s)", {"entries": list(entries)})


def untie_before(c: C, within: dict[str, Any]) -> int:
    """Do the same to all single events in the tree of [since, moment); return how many those were."""
    old = "{0}.at >= %(since)s and {0}.at < %(moment)s and {0}.salt is not null"
    return _untie(c, f"{old} and not exists (select from audit.waiting w where {{0}}.id = any(w.ids))", within)


def _untie(c: C, going: str, within: dict[str, Any]) -> int:
    """Untie the lines for which this holds, said of `{0}`; return how many those were."""
    c.execute(_KEEP.format(going=going.format("e"), later_going=going.format("l")).encode(), within)
    return c.execute(f"update audit.event e set {UNTIED} where {going.format('e')}".encode(), within).rowcount  # noqa: S608 - ours


def forget(c: C, one: Key) -> None:
    """Drop where the chain of single events of a person at a connection ended, if no line is tied to the person any more."""
    c.execute("delete from audit.head where connection = %s and who = %s", (one.connection, one.number))
