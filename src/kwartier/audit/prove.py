"""Gathering what a proof file needs from PostgreSQL: O(log n) nodes of the tree, and 64 lines of a batch."""

import json
from dataclasses import dataclass
from typing import Any, final

from psycopg import Connection

from kwartier.audit import batch, nodes, proof, sequencer, subjects, tree
from kwartier.audit.errors import BrokenLog, NotInLog, NotInTree

C = Connection[Any]


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the tree: its index, canonical JSON and salt."""

    position: int
    leaf: bytes
    salt: bytes | None


def entry(c: C, number: int) -> Entry:
    """Return an entry by its id. Raises NotInLog, NotInTree."""
    found = c.execute("select position, leaf, salt from audit.entry where id = %s", (number,)).fetchone()
    if found is not None:
        return Entry(found[0], found[1], found[2])
    if c.execute("select from audit.pending where id = %s", (number,)).fetchone() is not None:
        msg = "the line waits for the sequencer"
        raise NotInTree(msg)
    msg = "the log has no such line"
    raise NotInLog(msg)


def file(c: C, position: int, extra: bytes) -> str:
    """Return the proof file of the entry at an index, against the latest checkpoint. Raises BrokenLog."""
    last = sequencer.latest(c)
    if last is None or last.size <= position:
        msg = "the tree is larger than what was signed"
        raise BrokenLog(msg)
    return proof.text(extra, position, nodes.spans(c, tree.inclusion(position, last.size)), last.note)


def line(c: C, batch_entry: int, number: int, event: bytes) -> proof.Line:
    """Return a line of a batch with its path to the batch's root. Raises NotInLog, BrokenLog."""
    first = number >> batch.CROWN_LEVEL << batch.CROWN_LEVEL
    rows = c.execute(
        "select body, subject, salt_check, salt from audit.leaf where entry = %s and number >= %s and number < %s order by number",
        (batch_entry, first, first + (1 << batch.CROWN_LEVEL)),
    ).fetchall()
    if not 0 <= number - first < len(rows):
        msg = "the batch has no such line"
        raise NotInLog(msg)
    found = c.execute("select hashes from audit.crown where entry = %s", (batch_entry,)).fetchone()
    data = [subjects.leaf_data(body, who, check) for body, who, check, _ in rows]
    hashes = [tree.leaf_hash(one) for one in data]
    path = batch.path(number, hashes, b"" if found is None else found[0])
    _same_root(hashes, number, first, path, event)
    return proof.Line(number, path, data[number - first], rows[number - first][3])


def _same_root(hashes: list[bytes], number: int, first: int, path: list[bytes], event: bytes) -> None:
    """Raise BrokenLog unless the path leads to the root that the batch's event holds: no proof leaves that would be refused."""
    said = json.loads(event)["body"]
    root = tree.climb(hashes[number - first], number, said["leaves"], path)
    if root is None or root.hex() != said["root"]:
        msg = "the lines of the batch do not give its root"
        raise BrokenLog(msg)
