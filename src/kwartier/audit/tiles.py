"""The tree as PostgreSQL keeps it: in tiles, so that a root or a proof takes a few rows, and no process holds it in memory.

A tile of level 0 is over 64 leaves of the tree, one of level 1 over 64 tiles of level 0, and so on, as in c2sp.org/tlog-tiles, with
the hashes between. In a row its hashes stand as they came to be: a leaf of the tile, then each node that this leaf completes. So a
tile that is not full yet is the beginning of what it will be, and only grows. The root of a full one is a leaf of the tile above.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from psycopg import Connection

from kwartier.audit import tree
from kwartier.audit.arrays import Int8s
from kwartier.audit.errors import BrokenLog
from kwartier.audit.tree import Span

C = Connection[Any]

Tile = tuple[int, int]
"""Level and position of a tile."""
LEVELS: Final = 6
SIZE: Final = 1 << LEVELS
_MISSING: Final = "a node of the tree is missing"


def at(level: int, position: int) -> tuple[Tile, int]:
    """Return the tile that has this node of the tree, and at which of its bytes."""
    above, own = divmod(level, LEVELS)
    last = ((position + 1 << own) - 1) % SIZE  # the leaf of the tile that completes the node
    return (above, position >> LEVELS - own), 32 * (2 * last - last.bit_count() + own)


def grown(size: int, hashes: tree.Hashes, leaves: Iterable[bytes]) -> dict[Tile, bytes]:
    """Return what is added to each tile when leaf hashes are added to a tree of `size` leaves, whose peaks `hashes` has.

    Raises BrokenLog if a peak is missing.
    """
    added: dict[Tile, bytes] = {}
    level, new = 0, list(leaves)
    edge = [(place, tree.known(place, hashes)) for place in tree.peaks(size)]
    while new:
        left = [found for place, found in edge if place.level // LEVELS == level]
        full = list[bytes]()
        while new:
            room = SIZE - size % SIZE
            added[level, size // SIZE] = _joined(size % SIZE, left, new[:room])
            full += [left.pop()] if len(new) >= room else []
            size, new = size + min(room, len(new)), new[room:]
        level, size, new = level + 1, (size >> LEVELS) - len(full), full
    return added


def _joined(count: int, left: list[bytes], leaves: Sequence[bytes]) -> bytes:
    """Add leaves to a tile that has `count`, whose peaks are `left`; return the hashes that come to be, but for the tile's root."""
    made = []
    for leaf in leaves:
        found, done = leaf, count
        made.append(found)
        while done & 1:
            found = sha256(b"\1" + left.pop() + found).digest()
            made.append(found)
            done >>= 1
        left.append(found)
        count += 1
    if count == SIZE:
        made.pop()
    return b"".join(made)


def append(c: C, size: int, leaves: Sequence[bytes]) -> None:
    """Add leaf hashes to a tree of `size` leaves. Raises BrokenLog if a peak is missing."""
    c.cursor().executemany(
        "insert into audit.tile as t (level, position, hashes) values (%b, %b, %b)"
        " on conflict (level, position) do update set hashes = t.hashes || excluded.hashes",
        [(*tile, some) for tile, some in grown(size, fetch(c, tree.peaks(size)), leaves).items()],
    )


def fetch(c: C, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the hashes of those of the wanted nodes, (level, position), that exist."""
    asked = [(node, *at(*node)) for node in wanted]
    tiles = _tiles(c, {tile for _, tile, _ in asked})
    found = {node: tiles.get(tile, b"")[start : start + 32] for node, tile, start in asked}
    return {node: one for node, one in found.items() if one}


def _tiles(c: C, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    rows = c.execute(
        "select level, position, hashes from audit.tile join unnest(%b, %b) as asked (level, position) using (level, position)",
        (Int8s(level for level, _ in wanted), Int8s(position for _, position in wanted)),
        binary=True,
    )
    return {(level, position): hashes for level, position, hashes in rows}


def root(c: C, at_size: int) -> bytes:
    """Return the root of the tree as it was at this size. Raises BrokenLog if nodes are missing."""
    return tree.root(at_size, fetch(c, tree.peaks(at_size)))


def hashes_of(c: C, wanted: Collection[Span]) -> dict[Span, bytes]:
    """Return the hash of each of these spans. Raises BrokenLog if nodes are missing."""
    known = fetch(c, {place for span in wanted for place in tree.places(span)})
    return {span: tree.hash_of(span, known) for span in wanted}


def spans(c: C, wanted: Sequence[Span]) -> list[bytes]:
    """Return the hashes of these spans in order. Raises BrokenLog if nodes are missing."""
    found = hashes_of(c, wanted)
    return [found[span] for span in wanted]


def paths(c: C, indexes: Collection[int], at_size: int) -> list[list[bytes]]:
    """Return the inclusion path of each of these leaves, sibling first; what they share is looked up once. Raises BrokenLog."""
    wanted = [tree.siblings(index, at_size) for index in indexes]
    asked = {node for path in wanted for node in path}
    whole = {node for node in asked if node[1] + 1 << node[0] <= at_size}
    edges = {node: tree.span(*node, at_size) for node in asked - whole}  # one of each level at most: the right edge
    known = fetch(c, whole.union(*map(tree.places, edges.values())))
    if not whole <= known.keys():
        raise BrokenLog(_MISSING)
    above: dict[tuple[int, int], bytes] = {node: tree.hash_of(span, known) for node, span in edges.items()}
    return [[above.get(node) or known[node] for node in path] for path in wanted]
