"""The log as it is stored, for whoever checks it: every entry in order, the lines of a batch, the tree's hashes. Reads only."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, final

from psycopg import Connection

from kwartier.audit import blocks, ledger, order, tiles
from kwartier.audit.arrays import Int8s
from kwartier.audit.canonical import moment
from kwartier.audit.chain import NUMBER_SIZE

C = Connection[Any]

_BACK = 10_000
"""Entries that are looked through at once, newest first."""
_OF_KIND = """
    select id, at, leaf from audit.event
    where id > %(after)s and id <= %(last)s and connection = 0 and kind = %(kind)s order by id desc
"""
PAGE = 32
"""Rows of `audit.place` that are read at once."""


class Tie(NamedTuple):
    """What ties a line about a person to the one before it; `salt`, `nth` and `before` are None when it was erased."""

    salt: bytes | None
    nth: int | None
    before: bytes | None
    link: bytes | None


class Standing(NamedTuple):
    """Where a chain stands, by the index beside the log. `who` is the first 8 bytes of the hash of the person's code."""

    connection: int
    batch: bool
    who: bytes
    nth: int
    last: bytes


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the tree. `leaf` is what was hashed; `said` is the same, read; the columns beside it are an index into it."""

    position: int
    id: int
    kind: str
    at: datetime
    connection: int | None
    leaf: bytes
    said: Mapping[str, Any]
    tie: Tie | None

    @property
    def agrees(self) -> bool:
        """True if the columns are what the entry says itself."""
        said = (self.said["kind"], self.said["at"], self.said["connection"])
        return said == (self.kind, moment(self.at), self.connection)


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line of a batch: canonical JSON of its body, and its tag, None if it is about nobody. Older ones check their salt."""

    number: int
    connection: int
    body: bytes
    subject: bytes | None
    salt_check: bytes | None
    tie: Tie | None


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What one entry says of a fact. `subject` is the tag of the person, `salt` what it was made with, while it is not erased."""

    position: int
    at: datetime
    kind: str
    connection: int | None
    body: Mapping[str, Any]
    subject: bytes | None
    salt: bytes | None


def told(c: C, kinds: Sequence[str], connections: Sequence[int] | None = None) -> list[Told]:
    """Return what entries of these kinds say, in the order of the tree: about these connections, or about none."""
    about = "connection = 0" if connections is None else "connection = any(%(keys)s)"
    rows = c.execute(
        "select id, at, kind, nullif(connection, 0), leaf, audit.subject(leaf), salt from audit.event"  # noqa: S608 - ours
        f" where kind = any(%(kinds)s) and {about}",
        {"kinds": list(kinds), "keys": None if connections is None else list(connections)},
    ).fetchall()
    places = order.places(c, [row[0] for row in rows])
    found = [
        Told(places[number], at, kind, connection, json.loads(leaf)["body"], subject, salt)
        for number, at, kind, connection, leaf, subject, salt in rows
        if number in places
    ]
    return sorted(found, key=attrgetter("position"))


def pages(c: C) -> Iterator[Sequence[Entry]]:
    """Yield all entries in the order of the tree, a page at a time; one that is gone is left out."""
    for page in order.pages(c, PAGE):
        rows = c.execute(
            "select id, kind, at, nullif(connection, 0), leaf, audit.subject(leaf), salt, nth, before from audit.event"
            " where id = any(%b)",
            (Int8s(number for _, number in page),),
        )
        found = {row[0]: row for row in rows}
        if found:
            yield [_entry(place, found[number]) for place, number in page if number in found]


def _entry(position: int, row: Sequence[Any]) -> Entry:
    number, kind, at, connection, leaf, subject, salt, nth, before = row
    said = json.loads(leaf)
    link = said.get("link")
    tie = None if subject is None else Tie(salt, nth, before, None if link is None else bytes.fromhex(link))
    return Entry(position, number, kind, at, connection, leaf, said, tie)


def lines(c: C, entry: int) -> list[Line]:
    """Return the lines of a batch in order."""
    found = []
    for one in blocks.of_entry(c, entry):
        tie = None if one.subject is None else Tie(one.salt, one.nth, one.before, one.link)
        found.append(Line(one.number, one.connection, one.body, one.subject, one.salt_check, tie))
    return found


def batches(c: C, kind: str, wanted: Collection[int]) -> Iterator[tuple[datetime, list[Line]]]:
    """Yield of each of these batches that has an event of this kind its moment and its lines, whether in the tree yet or not.

    Batches are numbered in the order in which they begin, so the walk back through the log ends soon for late ones.
    """
    left = set(wanted)
    (newest,) = c.execute("select coalesce(max(id), 0) from audit.event").fetchone() or (0,)
    for last in range(newest, 0, -_BACK) if left else ():
        for number, at, leaf in c.execute(_OF_KIND, {"kind": kind, "after": last - _BACK, "last": last}).fetchall():
            batch = json.loads(leaf)["body"]["batch"]
            if batch in left:
                left.remove(batch)
                yield at, lines(c, number)
            if not left or batch < min(left):
                return


def ties_of(c: C, entry: int) -> list[tuple[bytes | None, bytes | None]]:
    """Return tag and salt of an entry and of each line of its batch; nothing where there is no such entry."""
    single = c.execute("select audit.subject(leaf), salt from audit.event where id = %s", (entry,)).fetchall()
    return single + [(one.subject, one.salt) for one in blocks.of_entry(c, entry)]


def standings(c: C) -> list[Standing]:
    """Return where every chain stands."""
    singles = c.execute(
        "select connection, false, int8send(who), nth, sha256('\\x00'::bytea || leaf) from audit.event e"
        " where nth is not null and not exists ("
        "select from audit.event l where l.connection = e.connection and l.who = e.who and l.nth > e.nth)"
        " and not exists (select from audit.head h where h.connection = e.connection and h.who = e.who and h.nth > e.nth)"
        " union all select connection, false, int8send(who), nth, last from audit.head h where not exists ("
        "select from audit.event l where l.connection = h.connection and l.who = h.who and l.nth >= h.nth)"
    )
    batches = [Standing(key.connection, True, key.who[:NUMBER_SIZE], *head) for key, head in ledger.standings(c)]  # noqa: FBT003 - a row
    return [*(Standing(*row) for row in singles), *batches]


def persons(c: C) -> set[bytes]:
    """Return how the index of chains names each person in the registry: the first 8 bytes of the code's hash."""
    rows = c.execute("select audit.hash_of(code) from kw.subject")
    return {row[0] for row in rows}


def misnamed(c: C) -> list[int]:
    """Return the single events that are found as one person's, by the index of chains, and are tagged with another's code."""
    rows = c.execute(
        "select e.id from audit.event e join kw.subject s on audit.who(s.code) = e.who"
        " where e.salt is not null and audit.subject(e.leaf) <> audit.tag(e.salt, s.code) order by e.id"
    )
    return [number for (number,) in rows]


def nodes(c: C, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the stored hashes at (level, position); a place that is not stored is absent."""
    return tiles.fetch(c, places)


def checkpoints(c: C) -> dict[int, tuple[bytes, str]]:
    """Return root and signed note of every checkpoint, by size."""
    return {size: (root, note) for size, root, note in c.execute("select size, root, note from audit.checkpoint order by size")}


def cosignatures(c: C) -> list[tuple[int, str, str, int]]:
    """Return what witnesses signed: size of the tree, name of the witness, its line, and when (epoch seconds)."""
    return list(c.execute("select size, name, line, signed_s from audit.cosignature order by size, name"))


def unwitnessed(c: C, name: str) -> tuple[int, datetime] | None:
    """Return how many lines were signed for which the witness of this name does not answer, and since when; None if it does."""
    found = c.execute(
        "with seen as (select coalesce(max(size), 0) as size from audit.cosignature where name = %s)"
        " select max(p.size) - seen.size, min(p.at) from audit.checkpoint p, seen"
        " where p.size > seen.size group by seen.size",
        (name,),
    ).fetchone()
    return None if found is None else (int(found[0]), found[1])


def stray_lines(c: C) -> int:
    """Count lines out of place: those of batches without event, events that are neither in the tree nor waiting, or there twice."""
    found = c.execute(
        "with there as (select unnest(ids) as id from audit.place union all select unnest(ids) from audit.waiting)"
        " select (select coalesce(sum(length(connections) / 8), 0) from audit.block b"
        " where not exists (select from audit.event e where e.id = b.entry))"
        " + (select count(*) from (select id from audit.event except select id from there) as stray)"
        " + (select count(id) - count(distinct id) from there)"
    ).fetchone()
    return int(found[0]) if found else 0
