"""How the lines of a batch are stored: 64 to a row, each of its columns with a piece for every line.

What ties a line to its person and to the line before, salt, number and hash, has a column of its own, so that erasure can put zeros
in its place and touch nothing else. Zeros also stand where a line is about no person.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

from psycopg import Connection, Cursor

from kwartier.audit.errors import BrokenLog
from kwartier.audit.subjects import leaf_data

C = Connection[Any]

LEVEL: Final = 6
SIZE: Final = 1 << LEVEL
"""Lines in a row: a proof reads one row, and hashes that many lines."""
TIE: Final = 16 + 8 + 32
NO_TAG, NO_CHECK, NO_LINK, NO_SALT, UNTIED = bytes(32), bytes(8), bytes(16), bytes(16), bytes(TIE)

COPY: Final = """
    copy audit.block (entry, first, reach, connections, subjects, links, ends, bodies, ties) from stdin (format binary)
    where random() >= 0"""
"""A row is stored when it comes, since a condition is asked that might not hold the next time. Without one PostgreSQL keeps up to a
thousand rows for the end, and whoever sealed them waits; it counts how many bytes these are in text only."""
SELECT: Final = "first, connections, subjects, checks, links, ends, bodies, ties"
HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL: Final = b"\xff\xff"
_REACH: Final = struct.Struct("!B iq iq")
"""An int8range on the wire: flags, and two bounds behind their lengths; the lower is included (2), the upper is not."""


class Sealed(NamedTuple):
    """Lines ready to be stored, in the order of their connections, a piece for each in every list."""

    connections: Sequence[int]
    bodies: Sequence[bytes]
    subjects: Sequence[bytes]
    links: Sequence[bytes]
    ties: Sequence[bytes]


class Stored(NamedTuple):
    """One line as it is stored; None where it is about no person, and of what unties it when that was erased.

    `salt_check` is that of an older line: the beginning of its salt's hash, which `link` made needless.
    """

    number: int
    connection: int
    body: bytes
    subject: bytes | None
    salt_check: bytes | None
    link: bytes | None
    salt: bytes | None
    nth: int | None
    before: bytes | None

    @property
    def data(self) -> bytes:
        """The line as it was hashed."""
        return leaf_data(self.body, self.subject, self.salt_check, self.link)


def ask_entry(c: C) -> Cursor[Any]:
    """Ask for an id for the event of a batch: its lines name it, and are stored before it can be."""
    return c.execute("select nextval('audit.event_id')")


def row(lines: Sealed, entry: int, first: int) -> bytes:
    """Return up to 64 lines of an entry, from `first` on, as a row of binary COPY for `COPY`: `HEAD` before all, `TAIL` behind."""
    fields = (
        struct.pack("!q", entry),
        struct.pack("!i", first),
        _REACH.pack(2, 8, lines.connections[0], 8, lines.connections[-1] + 1),
        struct.pack(f"!{len(lines.connections)}q", *lines.connections),
        b"".join(lines.subjects),
        b"".join(lines.links),
        struct.pack(f"!{len(lines.bodies)}i", *accumulate(map(len, lines.bodies))),
        b"".join(lines.bodies),
        b"".join(lines.ties),
    )
    return b"".join([len(fields).to_bytes(2, "big"), *(part for one in fields for part in (len(one).to_bytes(4, "big"), one))])


def lines(stored: Sequence[Any]) -> list[Stored]:
    """Take a row of `SELECT` apart. Raises BrokenLog if it is none."""
    first, connections, subjects, checks, links, ends, bodies, ties = stored
    count = len(connections) // 8
    checks = bytes(8 * count) if checks is None else checks
    sizes = (len(connections), len(subjects), len(checks), len(links), len(ends), len(ties))
    if sizes != (8 * count, 32 * count, 8 * count, 16 * count, 4 * count, TIE * count):
        msg = "a row of a batch has columns of different lengths"
        raise BrokenLog(msg)
    stops = struct.unpack(f"!{count}i", ends)
    found = []
    for n, (connection, (begins, stop)) in enumerate(zip(_connections(connections), pairwise((0, *stops)), strict=True)):
        salt, nth, before = _untied(ties[TIE * n : TIE * n + TIE])
        about = (
            _some(subjects[32 * n : 32 * n + 32], NO_TAG),
            _some(checks[8 * n : 8 * n + 8], NO_CHECK),
            _some(links[16 * n : 16 * n + 16], NO_LINK),
        )
        found.append(Stored(first + n, connection, bodies[begins:stop], *about, salt, nth, before))
    return found


def _connections(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"!{len(data) // 8}q", data)


def _some(piece: bytes, none: bytes) -> bytes | None:
    return None if piece == none else piece


def _untied(tie: bytes) -> tuple[bytes | None, int | None, bytes | None]:
    nth = int.from_bytes(tie[16:24], "big")
    return (_some(tie[:16], NO_SALT), nth, tie[24:]) if nth else (_some(tie[:16], NO_SALT), None, None)


def of_entry(c: C, entry: int) -> Iterator[Stored]:
    """Yield the lines of a batch in order."""
    rows = c.execute(f"select {SELECT} from audit.block where entry = %s order by first", (entry,), binary=True)  # noqa: S608 - ours
    for row in rows:
        yield from lines(row)


def around(c: C, entry: int, number: int) -> list[Stored]:
    """Return the lines of the row in which this line stands; none if there is no such row."""
    row = c.execute(
        f"select {SELECT} from audit.block where entry = %s and first = %s",  # noqa: S608 - ours
        (entry, number & -SIZE),
        binary=True,
    ).fetchone()
    return [] if row is None else lines(row)


def untie(c: C, entry: int, numbers: Iterable[int]) -> None:
    """Take from these lines of a batch what ties them to their person and to other lines."""
    by_row: dict[int, list[int]] = {}
    for number in numbers:
        by_row.setdefault(number & -SIZE, []).append(number % SIZE)
    for first, places in by_row.items():
        found = c.execute(
            "select ties from audit.block where entry = %s and first = %s for update", (entry, first), binary=True
        ).fetchone()
        if found is not None:
            ties = bytearray(found[0])
            for place in places:
                ties[TIE * place : TIE * place + TIE] = UNTIED
            c.execute("update audit.block set ties = %b where entry = %s and first = %s", (bytes(ties), entry, first))


_OLD: Final = """
    from audit.event e where e.id = b.entry and e.at >= %(since)s and e.at < %(moment)s
    and b.ties <> decode(repeat('00', length(b.ties)), 'hex')"""


def untie_before(c: C, moment: datetime, since: datetime) -> int:
    """Take from all lines of batches recorded in [since, moment) what ties them; return how many lines those were."""
    within = {"moment": moment, "since": since}
    counted = c.execute(
        "select coalesce(sum(held), 0) from audit.block b, lateral ("  # noqa: S608 - ours
        "select count(*) as held from generate_series(0, length(b.ties) / 56 - 1) as n"
        " where substr(b.ties, 56 * n + 1, 56) <> decode(repeat('00', 56), 'hex')"
        f") as tied where exists (select {_OLD})",
        within,
    ).fetchone()
    c.execute(f"update audit.block b set ties = decode(repeat('00', length(b.ties)), 'hex') {_OLD}", within)  # noqa: S608 - ours
    return int(counted[0]) if counted else 0
