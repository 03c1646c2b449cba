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

from kwartier.audit.leaves import Grant
from kwartier.model.ground import Role
from kwartier.model.period import Period

C = Connection[Any]
PAGE: Final = 5000
PLANNED: Final = timedelta(days=1)
"""How long before a deed its intent may have been written down."""
_PARTIES: Final = frozenset({str(Role.SUPPLIER), str(Role.THIRD_PARTY)})

_SINGLE = """
    select connection, at, audit.subject(leaf), salt, leaf, null::bytea from audit.event
    where at >= %(start)s and at < %(end)s and connection <> 0 and audit.subject(leaf) is not null
    and (%(keys)s::bigint[] is null or connection = any(%(keys)s)) and (%(kinds)s::text[] is null or kind = any(%(kinds)s))"""
_BATCH = """
    select l.connection, e.at, l.subject, l.salt, e.leaf, l.body from audit.event e join audit.leaf l on l.entry = e.id
    where e.at >= %(start)s and e.at < %(end)s and l.subject is not null
    and (%(keys)s::bigint[] is null or l.connection = any(%(keys)s)) and (%(kinds)s::text[] is null or e.kind = any(%(kinds)s))"""
_INTENDED = """
    select l.body from audit.event e join audit.leaf l on l.entry = e.id
    where e.kind = 'batch:intended' and e.at >= %(since)s and e.at < %(end)s
    and (%(keys)s::bigint[] is null or l.connection = any(%(keys)s))"""
_ALL = f"{_SINGLE} union all {_BATCH}"


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
    """One line: about which connection, when, and the tag of the person; `salt` is None where it was erased."""

    connection: int
    at: datetime
    subject: bytes
    salt: bytes | None


def pages(c: C, within: Within) -> Iterator[list[Touch]]:
    """Yield the lines within a scope, a page at a time; the connection may be asked other things meanwhile."""
    values = {
        "start": within.period.start,
        "end": within.period.end or "infinity",
        "keys": None if within.connections is None else list(within.connections),
        "kinds": None if within.kinds is None else list(within.kinds),
    }
    permits = set() if within.party is None else _permits(c, within.party, values | {"since": within.period.start - PLANNED})
    with c.cursor(name="touched", binary=True) as cursor:
        cursor.execute(_ALL.encode(), values)
        while rows := cursor.fetchmany(PAGE):
            yield [
                Touch(connection, at, subject, salt)
                for connection, at, subject, salt, leaf, body in rows
                if _is_within(within, leaf, body, permits)
            ]


def _permits(c: C, party: int, values: Mapping[str, Any]) -> set[str]:
    """Return the permits on which something was to be read for a party: a deed names its permits only."""
    return {permit for (body,) in c.execute(_INTENDED.encode(), values) for permit in _granted(party, json.loads(body))}


def _granted(party: int, body: Mapping[str, Any]) -> list[str]:
    grants = (Grant(*one) for one in body.get("g", ()))
    return [grant.permit for grant in grants if grant.role in _PARTIES and grant.requester == party]


def _is_within(within: Within, leaf: bytes, body: bytes | None, permits: set[str]) -> bool:
    if within.actor is None and within.party is None:
        return True
    said = json.loads(leaf)
    if within.actor is not None and said["actor"] != within.actor:
        return False
    return within.party is None or _on_behalf(within.party, said["body"] if body is None else json.loads(body), permits)


def _on_behalf(party: int, body: Mapping[str, Any], permits: set[str]) -> bool:
    """True if a line says that a party asked, was refused, or was handed something; or that a permit of it was served."""
    asked = body.get("o") in _PARTIES and body.get("i") == party
    return asked or body.get("party") == party or bool(_granted(party, body)) or not permits.isdisjoint(body.get("s", ()))
