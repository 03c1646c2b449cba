"""The one that appends: takes what is committed and pending, in order, adds it to the tree and signs the new root.

Ids become visible out of order: a line with a low id may commit after one with a high id was taken. So the sequencer never asks
"what came after the last one" but "what still waits"; a late line is taken the next time. The line itself is not touched.
"""

from bisect import bisect_left
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from kwartier.audit import checkpoint, order, tiles
from kwartier.audit.arrays import Int8s
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
    before = order.size(c)
    _still_holds(c, before, folder)
    size = before
    while taken := _take(c, size):
        size += taken
    last = latest(c)
    if last is not None and last.size == size:
        return last
    found = c.execute("select now()").fetchone()
    assert found is not None  # noqa: S101 - a select without from has one row
    root = tiles.root(c, size)
    return _store(c, Checkpoint(size, root, checkpoint.signed(signer, size, root), found[0]))


def _take(c: C, size: int) -> int:
    """Give the first of those that wait their places in a tree of `size` lines; return how many those were."""
    rows = c.execute("select first, cardinality(ids) from audit.waiting order by first limit %s", (CHUNK,), binary=True).fetchall()
    upto = bisect_left(list(accumulate(many for _, many in rows)), CHUNK) + 1
    if rows:
        taken = Int8s([first for first, _ in rows[:upto]])
        tiles.append(c, size, _hashes(c, taken, sum(many for _, many in rows[:upto])))
        order.append(c, size, taken)
        c.execute("delete from audit.waiting where first = any(%b)", (taken,))
    return sum(many for _, many in rows[:upto])


def _hashes(c: C, taken: Int8s, many: int) -> list[bytes]:
    """Return the leaf hash of each line of these rows, which do not leave the server. Raises BrokenLog if one is gone."""
    found = c.execute(
        "select string_agg(sha256('\\x00'::bytea || leaf), '' order by id) from audit.event"
        " where id = any(array(select unnest(ids) from audit.waiting where first = any(%b)))",
        (taken,),
        binary=True,
    ).fetchone()
    hashes: bytes = found[0] if found and found[0] else b""
    if len(hashes) != 32 * many:
        msg = "a line that waited is gone"
        raise BrokenLog(msg)
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]


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
