"""The lines about one person at one connection: found by the connection, told apart by the tag."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit import blocks, chain, ledger
from kwartier.audit.arrays import Int8s
from kwartier.audit.canonical import Json
from kwartier.audit.events import EventKind
from kwartier.audit.subjects import is_about
from kwartier.model.period import Period

C = Connection[Any]


EVER: Final = Period(datetime(1, 1, 1, tzinfo=UTC), None)


@final
@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about a person. `entry` and, for a line of a batch, `leaf` name it to `Log.proof` and `Log.leaf_proof`.

    `in_tree` is False while the sequencer has not taken it: it is recorded, but cannot be proved yet. `body` is the line's own;
    `at` is when it was recorded. `nth` is its place among those about this person there, single events and batches apart.
    """

    entry: int
    leaf: int | None
    at: datetime
    kind: EventKind
    actor: str
    body: Mapping[str, Json]
    in_tree: bool
    nth: int | None = None


_WAITING = "select unnest(ids) as id from audit.waiting"
_SINGLE = f"""
    select e.id, at, leaf, salt, w.id is null, kind, nth from audit.event e left join ({_WAITING}) as w using (id)
    where connection = %(connection)s and at >= %(start)s and at < %(end)s and salt is not null"""  # noqa: S608 - ours
_NOWHERE = f"{_SINGLE} and who = %(who)s union all {_SINGLE} and who is null"
"""Lines about a person and no connection, among many about neither; a batch has none. Those from before chains name nobody."""
_BATCH = f"""
    select e.id, e.at, e.leaf, w.id is null, e.kind, first, connections, subjects, checks, links, ends, bodies, ties
    from audit.block b join audit.event e on e.id = b.entry left join ({_WAITING}) as w on w.id = e.id
    where b.reach @> %(connection)s::bigint and e.at >= %(start)s and e.at < %(end)s"""  # noqa: S608 - ours
"""The rows of batches that may hold a line, with the event of their batch."""


def of_subject(c: C, subject_code: str, connection: int | None, period: Period) -> list[LogLine]:
    """Return the lines about this person, in order of time."""
    return sorted(_found(c, subject_code, connection, period), key=lambda line: (line.at, line.entry, line.leaf or 0))


def _found(c: C, subject_code: str, connection: int | None, period: Period) -> Iterator[LogLine]:
    bounds = {
        "connection": connection or 0,
        "who": chain.key(None, subject_code).number,
        "start": period.start,
        "end": period.end or "infinity",
    }
    for entry, at, event, salt, in_tree, kind, nth in c.execute(_SINGLE if connection else _NOWHERE, bounds, binary=True):
        said = json.loads(event)
        if is_about(subject_code, bytes.fromhex(said["subject"]), salt):
            yield LogLine(entry, None, at, EventKind(kind), said["actor"], said["body"], in_tree, nth)
    if connection is None:
        return
    for entry, at, event, in_tree, kind, *row in c.execute(_BATCH, bounds, binary=True):
        actor = json.loads(event)["actor"]
        for one in blocks.lines(row):
            if one.connection == connection and is_about(subject_code, one.subject, one.salt):
                yield LogLine(entry, one.number, at, EventKind(kind), actor, json.loads(one.body), in_tree, one.nth)


def erase(c: C, subject_code: str, connection: int | None, period: Period) -> int:
    """Take from every line about this person what ties it to the person and to other lines; return how many lines those were.

    Where no line is tied to the person any more, because of this or because of its age, where the chains ended goes too.
    """
    found = list(_found(c, subject_code, connection, period))
    chain.untie(c, [line.entry for line in found if line.leaf is None])
    of_batches = sorted((line.entry, line.leaf) for line in found if line.leaf is not None)
    for entry, some in groupby(of_batches, key=itemgetter(0)):
        blocks.untie(c, entry, [number for _, number in some])
    if not any(True for _ in _found(c, subject_code, connection, EVER)):
        chain.forget(c, chain.key(connection, subject_code))
        ledger.forget(c, chain.key(connection, subject_code))
    return len(found)


def chained(c: C, codes: Collection[str]) -> dict[str, set[int]]:
    """Return the connections at which there are lines about each of these people, 0 for lines about no connection.

    Nothing is kept by person, so it looks through all chains, and once for all of them.
    """
    keys = {chain.key(None, code): code for code in codes}
    people, numbers = ({one.who: code for one, code in keys.items()}, {one.number: code for one, code in keys.items()})
    found: dict[str, set[int]] = {code: set() for code in codes}
    for who, places in ledger.connections_of(c, people).items():
        found[people[who]] |= places
    for table in ("event", "head"):
        query = f"select distinct who, connection from audit.{table} where who = any(%b)"  # noqa: S608 - fixed names
        for number, place in c.execute(query, (Int8s(numbers),), binary=True) if numbers else ():
            found[numbers[number]].add(place)
    return found


def untie_before(c: C, moment: datetime, since: datetime) -> int:
    """Take from every line in the tree that was recorded in [since, moment) what ties it to a person; return how many."""
    within = {"moment": moment, "since": since}
    return chain.untie_before(c, within) + blocks.untie_before(c, moment, since)
