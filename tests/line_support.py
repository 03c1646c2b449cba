"""Lines of the log, made and looked at without the database's own hand in it."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from kwartier.audit import tree
from kwartier.audit.canonical import Json, canonical, moment
from kwartier.audit.chain import START, Head, Key, link
from kwartier.audit.events import Event
from kwartier.audit.subjects import SALT_SIZE, tag


class Sealed(NamedTuple):
    """A line and what stands beside it, None if it is about no person."""

    data: bytes
    tag: bytes | None
    salt: bytes | None
    nth: int | None
    before: bytes | None


def seal_event(event: Event, after: tuple[int, bytes] = START, staff: bytes | None = None, salt: bytes | None = None) -> Sealed:
    """Return an event as the tree holds it, tied to the line that its person's chain ends with."""
    said: dict[str, Json] = {
        "actor": event.actor,
        "at": moment(event.at),
        "body": dict(event.body),
        "connection": event.connection,
        "kind": event.kind,
    }
    if staff is not None:
        said["staff"] = staff.hex()
    if event.subject_code is None:
        return Sealed(canonical(said), None, None, None, None)
    salt = salt or os.urandom(SALT_SIZE)
    who, nth, last = tag(salt, event.subject_code), after[0] + 1, after[1]
    said |= {"link": link(salt, nth, last).hex(), "subject": who.hex()}
    return Sealed(canonical(said), who, salt, nth, last)


def ends(c: Connection[Any], keys: Sequence[Key]) -> list[Head]:
    """Return where these chains of single events end."""
    return [_end(c, key) for key in keys]


def _end(c: Connection[Any], key: Key) -> Head:
    own = (key.connection, key.number)
    lines = c.execute("select nth, leaf from audit.event where connection = %s and who = %s", own).fetchall()
    kept = c.execute("select nth, last from audit.head where connection = %s and who = %s", own).fetchall()
    return max([START, *(Head(nth, tree.leaf_hash(leaf)) for nth, leaf in lines), *(Head(*one) for one in kept)])
