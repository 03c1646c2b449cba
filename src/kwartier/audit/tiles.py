"""The tree as PostgreSQL keeps it: in tiles, so that a root or a proof takes a few rows, and no process holds it in memory.

A tile of level 0 is over 64 leaves of the tree, one of level 1 over 64 tiles of level 0, and so on, as in c2sp.org/tlog-tiles, with
the hashes between. In a row its hashes stand as they came to be: a leaf of the tile, then each node that this leaf completes. So a
tile that is not full yet is the beginning of what it will be, and only grows. The root of a full one is a leaf of the tile above.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from psycopg import Connection

from kwartier.audit import tree
from kwartier.audit.arrays import Bytes, Int8s
from kwartier.audit.errors import BrokenLog
from kwartier.audit.tree import Span

C = Connection[Any]

Tile = tuple[int, int]
"""Level and position of a tile."""
LEVELS: Final = 6
SIZE: Final = 1 << LEVELS
FULL: Final = 32 * (2 * SIZE - 2)
_MISSING: Final = "a node of the tree is missing"


def _start(level: int, position: int) -> int:
    """Return at which byte of a tile a node of it stands."""
    last = (position + 1 << level) - 1  # the leaf that completes the node
    return 32 * (2 * last - last.bit_count() + level)


_STARTS: Final = [[_start(level, position) for position in range(SIZE >> level)] for level in range(LEVELS)]


_STEPS: Final = [[_start(level, leaf >> level ^ 1) for level in range(LEVELS)] for leaf in range(SIZE)]
"""Where the siblings on the way up from each leaf of a tile stand."""


def at(level: int, position: int) -> tuple[Tile, int]:
    """Return the tile that has this node of the tree, and at which of its bytes."""
    above, own = divmod(level, LEVELS)
    starts = _STARTS[own]
    return (above, position >> LEVELS - own), starts[position % len(starts)]


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
    added = grown(size, fetch(c, tree.peaks(size)), leaves)
    c.execute(
        "insert into audit.tile as t (level, position, hashes) select * from unnest(%b, %b, %b)"
        " on conflict (level, position) do update set hashes = t.hashes || excluded.hashes",
        (Int8s(level for level, _ in added), Int8s(position for _, position in added), Bytes(added.values())),
    )


def fetch(c: C, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the hashes of those of the wanted nodes, (level, position), that exist."""
    where = {node: at(*node) for node in wanted}
    return _nodes(_tiles(c, {tile for tile, _ in where.values()}), where)


def _nodes(tiles: Mapping[Tile, bytes], where: Mapping[tuple[int, int], tuple[Tile, int]]) -> dict[tuple[int, int], bytes]:
    return {node: one for node, (tile, start) in where.items() if (one := tiles[tile][start : start + 32])}


def _tiles(c: C, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    rows = c.execute(
        "select level, position, hashes from audit.tile join unnest(%b, %b) as asked (level, position) using (level, position)",
        (Int8s(level for level, _ in wanted), Int8s(position for _, position in wanted)),
        binary=True,
    )
    return dict.fromkeys(wanted, b"") | {(level, position): hashes for level, position, hashes in rows}


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
    """Return the inclusion path of each of these leaves, sibling first; what they share is looked up once. Raises BrokenLog.

    As long as the way up leads through full tiles, all siblings stand there. Above begins the right edge of the tree.
    """
    edges = [_edge(index, at_size) for index in indexes]
    ways = [[(level, index >> LEVELS * level) for level in range(full)] for index, (full, _) in zip(indexes, edges, strict=True)]
    within = _within(c, dict.fromkeys(node for way in ways for node in way))
    above = _above(c, set(edges), at_size)
    return [[one for node in way for one in within[node]] + above[edge] for way, edge in zip(ways, edges, strict=True)]


def _edge(index: int, size: int) -> tuple[int, int]:
    """Return through how many full tiles the way leads from a leaf, and to which node above them."""
    full = 0
    while (index >> LEVELS) + 1 << LEVELS <= size:
        index, size, full = index >> LEVELS, size >> LEVELS, full + 1
    return full, index


_SIBLINGS: Final = " || ".join(
    f"substr(hashes, (%(starts)b)[(place & {SIZE - 1}) * {LEVELS} + {n}]::int, 32)" for n in range(1, LEVELS + 1)
)
_WITHIN: Final = f"""
    select string_agg({_SIBLINGS}, '' order by nth)
    from unnest(%(levels)b, %(places)b) with ordinality as asked (level, place, nth)
    join audit.tile t on t.level = asked.level and t.position = place >> {LEVELS}"""  # noqa: S608 - ours
_FROM_ONE: Final = Int8s(start + 1 for steps in _STEPS for start in steps)


def _within(c: C, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[bytes]]:
    """Return for leaves of full tiles, (level of the tile, place among its level's leaves), the siblings there. Raises BrokenLog.

    The server cuts them out: of a tile's 4 kB a leaf needs 192 bytes.
    """
    asked = {"levels": Int8s(level for level, _ in wanted), "places": Int8s(place for _, place in wanted), "starts": _FROM_ONE}
    row = c.execute(_WITHIN, asked, binary=True).fetchone() if wanted else None
    hashes = row[0] or b"" if row else b""
    if len(hashes) != 32 * LEVELS * len(wanted):
        raise BrokenLog(_MISSING)
    found = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    return {node: found[n * LEVELS : (n + 1) * LEVELS] for n, node in enumerate(wanted)}


def _above(c: C, edges: Collection[tuple[int, int]], size: int) -> dict[tuple[int, int], list[bytes]]:
    """Return the siblings from where each of these ways leaves the full tiles up to the root. Raises BrokenLog."""
    ways = {edge: _siblings(*edge, size) for edge in edges}
    nodes = {node: tree.span(*node, size) for node in {node for way in ways.values() for node in way}}
    found = hashes_of(c, nodes.values())
    return {edge: [found[nodes[node]] for node in way] for edge, way in ways.items()}


def _siblings(full: int, index: int, size: int) -> list[tuple[int, int]]:
    """Return the siblings on the way up from a node above so many tiles."""
    skipped = LEVELS * full
    upper = tree.siblings(index, (size - 1 >> skipped) + 1)
    return [(level + skipped, position) for level, position in upper]
