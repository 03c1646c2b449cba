"""Gathering what a proof file needs from PostgreSQL: O(log n) tiles of the tree, and 64 lines of a batch."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from kwartier.audit import batch, blocks, cosign, order, proof, sequencer, tiles, tree
from kwartier.audit.arrays import Int8s
from kwartier.audit.errors import BrokenLog, NotInLog, NotInTree

C = Connection[Any]


class Entry(NamedTuple):
    """An entry of the tree: its index, canonical JSON, and what opens it."""

    position: int
    leaf: bytes
    opening: proof.Opening | None


def entry(c: C, number: int) -> Entry:
    """Return an entry by its id. Raises NotInLog, NotInTree."""
    return entries(c, [number])[0]


def entries(c: C, numbers: Sequence[int]) -> list[Entry]:
    """Return entries by their ids, in the order asked. Raises NotInLog, NotInTree."""
    rows = c.execute(
        f"select e.id, p.place, e.leaf, e.salt, e.nth, e.before from audit.event e left join lateral ({order.PLACE}) as p on true"  # noqa: S608 - ours
        " where e.id = any(%b)",
        (Int8s(numbers),),
        binary=True,
    ).fetchall()
    found = {number: Entry(place, leaf, proof.opening(*beside)) for number, place, leaf, *beside in rows}
    if not found.keys() >= set(numbers):
        msg = "the log has no such line"
        raise NotInLog(msg)
    if any(one.position is None for one in found.values()):
        msg = "the line waits for the sequencer"
        raise NotInTree(msg)
    return [found[number] for number in numbers]


def files(c: C, wanted: Sequence[tuple[int, bytes]]) -> list[str]:
    """Return the proof file for each (index, extra data), against the latest checkpoint that a witness saw. Raises BrokenLog.

    Where no witness saw them all yet, against the latest.
    """
    beyond = max((position for position, _ in wanted), default=0)
    last, cosigned = cosign.witnessed(c, beyond) or (sequencer.latest(c), "")
    if last is None or any(position >= last.size for position, _ in wanted):
        msg = "the tree is larger than what was signed"
        raise BrokenLog(msg)
    paths = tiles.paths(c, [position for position, _ in wanted], last.size)
    signed = last.note + cosigned
    return [proof.text(extra, position, path, signed) for (position, extra), path in zip(wanted, paths, strict=True)]


def line(c: C, batch_entry: int, number: int, event: bytes) -> proof.Line:
    """Return a line of a batch with its path to the batch's root. Raises NotInLog, BrokenLog."""
    found = blocks.around(c, batch_entry, number) if number >= 0 else []
    mine = next((one for one in found if one.number == number), None)
    if mine is None:
        msg = "the batch has no such line"
        raise NotInLog(msg)
    crown = c.execute("select hashes from audit.crown where entry = %s", (batch_entry,)).fetchone()
    hashes = [tree.leaf_hash(one.data) for one in found]
    path = batch.path(number, hashes, b"" if crown is None else crown[0])
    _same_root(hashes[number % blocks.SIZE], number, path, event)
    return proof.Line(number, path, mine.data, proof.opening(mine.salt, mine.nth, mine.before))


def _same_root(leaf: bytes, number: int, path: list[bytes], event: bytes) -> None:
    """Raise BrokenLog unless the path leads to the root that the batch's event holds: no proof leaves that would be refused."""
    said = json.loads(event)["body"]
    root = tree.climb(leaf, number, said["leaves"], path)
    if root is None or root.hex() != said["root"]:
        msg = "the lines of the batch do not give its root"
        raise BrokenLog(msg)
