"""The one that appends: takes what is committed and pending, in order, adds it to the tree and signs the new root.

Sequence numbers become visible out of order: a line with a low id may commit after one with a high id was taken. So the
sequencer never asks "what came after the last one" but "what is still pending"; a late line is taken the next time.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from kwartier.audit import checkpoint, nodes, tree
from kwartier.audit.checkpoint import Checkpoint, Signer
from kwartier.audit.errors import BrokenLog

C = Connection[Any]

LOCK: Final = 0x6B77_6C6F_67
"""Advisory lock of the sequencer: held to the end of the transaction, so that there is one at a time."""
CHUNK: Final = 5000


def integrate(c: C, signer: Signer, folder: Path) -> Checkpoint:
    """Append all that is pending, in the caller's transaction, and store a signed checkpoint. Nothing pending: the last one.

    Raises BrokenLog if the tree no longer holds what a published checkpoint says: then nothing more is signed.
    """
    c.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    before = nodes.size(c)
    _still_holds(c, before, folder)
    size = before
    while taken := _take(c, size):
        size += taken
    last = latest(c)
    if last is not None and last.size == size:
        return last
    found = c.execute("select now()").fetchone()
    assert found is not None  # noqa: S101 - a select without from has one row
    root = nodes.root(c, size)
    return _store(c, Checkpoint(size, root, checkpoint.signed(signer, size, root), found[0]))


def _take(c: C, size: int) -> int:
    """Move the first chunk of pending lines into a tree of `size` leaves; return how many those were."""
    rows = c.execute(_ENTER, (size, CHUNK, size), binary=True).fetchall()
    if rows:
        hashes = [row[0] for row in rows]
        nodes.add(c, tree.append(size, nodes.fetch(c, tree.peaks(size)), hashes))
        c.execute("delete from audit.pending where id in (select id from audit.entry where position >= %s)", (size,))
    return len(rows)


# a line goes from table to table without leaving the server; only its leaf hash comes here
_ENTER: Final = """
    with taken as materialized (
        select *, row_number() over (order by id) - 1 + %s as place from (select * from audit.pending order by id limit %s) as first
    ), entered as (
        insert into audit.entry (id, at, connection, kind, subject, salt, leaf, nth, before, position)
        select id, at, connection, kind, subject, salt, leaf, nth, before, place from taken order by place
    )
    select sha256('\\x00'::bytea || leaf) from taken where place >= %s order by place"""


def _still_holds(c: C, size: int, folder: Path) -> None:
    """Refuse to go on if what was published is not the beginning of what is stored: say, after an older backup came back."""
    shown = checkpoint.published(folder)
    if shown is None:
        return
    if shown[0] > size:
        msg = "the store holds fewer lines than were signed and published"
        raise BrokenLog(msg)
    stored = c.execute("select note from audit.checkpoint where size = %s", (shown[0],)).fetchone()
    if stored is None or stored[0] != shown[1]:
        msg = "the published checkpoint is not one of this log"
        raise BrokenLog(msg)


def latest(c: C) -> Checkpoint | None:
    """Return the last stored checkpoint, None while there is none."""
    found = c.execute("select size, root, note, at from audit.checkpoint order by size desc limit 1").fetchone()
    return None if found is None else Checkpoint(found[0], found[1], found[2], found[3])


def _store(c: C, made: Checkpoint) -> Checkpoint:
    at: datetime = made.at
    c.execute("insert into audit.checkpoint (size, root, note, at) values (%s, %s, %s, %s)", (made.size, made.root, made.note, at))
    return made
