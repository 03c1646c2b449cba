"""Whose lines lie within a scope: for whoever must know, from the log alone, whom a breach touched.

A line names a person by a tag that only who knows the person's code can tell; so who asks brings the codes. Lines are read a page
at a time, single events and lines of batches, pending ones included. An erased line is about nobody any more, and is counted.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, final

from psycopg import Connection

from kwartier.audit import blocks
from kwartier.audit.events import EventKind
from kwartier.audit.leaves import Grant
from kwartier.audit.lines import EVER
from kwartier.model.ground import Role
from kwartier.model.period import Period

C = Connection[Any]
PAGE: Final = 5000
PLANNED: Final = timedelta(days=1)
"""How long before a deed its intent may have been written down."""
_PARTIES: Final = frozenset({str(Role.SUPPLIER), str(Role.THIRD_PARTY)})

_LINES: Final = f"""
    select e.at, e.leaf, {blocks.SELECT} from audit.event e join audit.block b on b.entry = e.id
    where e.connection = 0 and e.at >= %(start)s and e.at < %(end)s
"""  # noqa: S608 - constants only
_SINGLE: Final = """
    select e.connection, e.at, audit.subject(e.leaf), e.salt, int8send(e.who), e.leaf from audit.event e
    where audit.subject(e.leaf) is not null and e.at >= %(start)s and e.at < %(end)s
"""
_KINDS: Final = " and e.kind = any(%(kinds)s)"
_AT: Final = " and e.connection = any(%(keys)s)"
# A row is about few connections, and found by the least and the greatest of them.
_REACHES: Final = """
    and (b.entry, b.first) in (select r.entry, r.first from unnest(%(keys)s::bigint[]) as k join audit.block r on r.reach @> k)
"""


@final
@dataclass(frozen=True, slots=True)
class Within:
    """Which lines: of a time, and as far as these say, about connections, of kinds of events, by an actor, on behalf of a party."""

    period: Period
    connections: Sequence[int] | None = None
    kinds: Sequence[str] | None = None
    actor: str | None = None
    party: int | None = None


class Touch(NamedTuple):
    """One line: about which connection (0 for none), when, and the tag of the person; `salt` is None where it was erased.

    `who` begins the SHA-256 of the person's code: it says of a single line which chain it is in, if in any.
    """

    connection: int
    at: datetime
    subject: bytes
    salt: bytes | None
    who: bytes | None = None


def pages(c: C, within: Within) -> Iterator[list[Touch]]:
    """Yield the lines within a scope, a page at a time; the connection may be asked other things meanwhile."""
    permits = set() if within.party is None else _permits(c, within.party, within)
    keys = _keys(within)
    for rows in _read(c, _SINGLE, _AT, within, PAGE):
        yield [Touch(*touch) for *touch, leaf in rows if _is_by(within, leaf) and _is_for(within, leaf, permits, "body")]
    for rows in _read(c, _LINES, _REACHES, within, PAGE // blocks.SIZE):
        yield [
            Touch(line.connection, at, line.subject, line.salt)
            for at, leaf, *stored in rows
            if _is_by(within, leaf)
            for line in blocks.lines(stored)
            if line.subject is not None and (keys is None or line.connection in keys) and _is_for(within, line.body, permits)
        ]


def did_something(c: C, actor: str, period: Period) -> bool:
    """True if a line from this time says that this one did something."""
    found = c.execute(
        "select exists (select from audit.event where at >= %s and at < %s and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = %s)",
        (period.start, period.end or "infinity", actor),
    ).fetchone()
    return bool(found and found[0])


def _read(c: C, query: str, at: str, within: Within, page: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query so many at a time, as they are stored: what is read further needs no more memory."""
    query += at if within.connections is not None else ""
    query += _KINDS if within.kinds is not None else ""
    values = {
        "start": within.period.start,
        "end": within.period.end or "infinity",
        "keys": list(within.connections or ()),
        "kinds": list(within.kinds or ()),
    }
    with c.cursor(name="touched", binary=True) as cursor:
        cursor.execute(query.encode(), values)
        while rows := cursor.fetchmany(page):
            yield rows


def _permits(c: C, party: int, within: Within) -> set[str]:
    """Return the permits on which something was to be read for a party: a deed names its permits only."""
    since = Period(max(within.period.start, EVER.start + PLANNED) - PLANNED, within.period.end)
    intended = Within(since, within.connections, [EventKind.BATCH_INTENDED])
    keys, named = _keys(within), b'",%d,' % party  # in canonical JSON: after the role, before the purpose
    return {
        permit
        for rows in _read(c, _LINES, _REACHES, intended, PAGE // blocks.SIZE)
        for _, _, *stored in rows
        for line in blocks.lines(stored)
        if named in line.body and (keys is None or line.connection in keys)
        for permit in _granted(party, json.loads(line.body))
    }


def _keys(within: Within) -> frozenset[int] | None:
    return None if within.connections is None else frozenset(within.connections)


def _is_by(within: Within, leaf: bytes) -> bool:
    return within.actor is None or json.loads(leaf)["actor"] == within.actor


def _is_for(within: Within, said: bytes, permits: set[str], part: str | None = None) -> bool:
    """True if what was said, or this part of it, is on behalf of the party that is asked about, if any."""
    if within.party is None:
        return True
    body = json.loads(said)
    return _on_behalf(within.party, body[part] if part else body, permits)


def _granted(party: int, body: Mapping[str, Any]) -> list[str]:
    grants = (Grant(*one) for one in body.get("g", ()))
    return [grant.permit for grant in grants if grant.role in _PARTIES and grant.requester == party]


def _on_behalf(party: int, body: Mapping[str, Any], permits: set[str]) -> bool:
    """True if a line says that a party asked, was refused, or was handed something; or that a permit of it was served."""
    asked = body.get("o") in _PARTIES and body.get("i") == party
    return asked or body.get("party") == party or bool(_granted(party, body)) or not permits.isdisjoint(body.get("s", ()))
