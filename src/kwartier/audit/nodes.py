"""The tree as PostgreSQL keeps it: O(log n) look-ups for a root or a proof, so that no process holds it in memory."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from kwartier.audit import tree
from kwartier.audit.errors import BrokenLog
from kwartier.audit.tree import Place, Span

C = Connection[Any]


def size(c: C) -> int:
    """Return how many leaves the tree has."""
    found = c.execute("select coalesce(max(position) + 1, 0) from audit.node where level = 0").fetchone()
    return int(found[0]) if found else 0


def fetch(c: C, wanted: Iterable[Place]) -> dict[Place, bytes]:
    """Return the hashes of those of the wanted places that exist."""
    asked = list(wanted)
    rows = c.execute(
        "select level, position, hash from audit.node join unnest(%s::smallint[], %s::bigint[]) as asked (level, position)"
        " using (level, position)",
        ([place.level for place in asked], [place.position for place in asked]),
        binary=True,
    )
    return {Place(level, position): found for level, position, found in rows}


def root(c: C, at_size: int) -> bytes:
    """Return the root of the tree as it was at this size. Raises BrokenLog if nodes are missing."""
    return tree.root(at_size, fetch(c, tree.peaks(at_size)))


def hashes_of(c: C, wanted: Collection[Span]) -> dict[Span, bytes]:
    """Return the hash of each of these spans. Raises BrokenLog if nodes are missing."""
    known = fetch(c, {place for span in wanted for place in tree.places(span)})
    return {span: tree.hash_of(span, known) for span in wanted}


def paths(c: C, indexes: Collection[int], at_size: int) -> list[list[bytes]]:
    """Return the inclusion path of each of these leaves, sibling first; what they share is looked up once. Raises BrokenLog."""
    wanted = [tree.siblings(index, at_size) for index in indexes]
    asked = {place for path in wanted for place in path}
    whole = [(level, position) for level, position in asked if position + 1 << level <= at_size]
    # all hashes as one value, and what is asked as text: the driver takes a step in Python for each element and each row
    found = c.execute(
        "select string_agg(n.hash, '' order by a.place) from unnest(%s::smallint[], %s::bigint[]) with ordinality"
        " as a (level, position, place) join audit.node n on n.level = a.level and n.position = a.position",
        (_array(level for level, _ in whole), _array(position for _, position in whole)),
        binary=True,
    ).fetchone()
    hashes: bytes = found[0] if found and found[0] else b""
    if len(hashes) != 32 * len(whole):
        msg = "a node of the tree is missing"
        raise BrokenLog(msg)
    known = {place: hashes[32 * number : 32 * number + 32] for number, place in enumerate(whole)}
    edges = {place: tree.span(*place, at_size) for place in asked.difference(known)}  # one of each level at most: the right edge
    above = hashes_of(c, list(edges.values())) if edges else {}
    known |= {place: above[span] for place, span in edges.items()}
    return [[known[place] for place in path] for path in wanted]


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def spans(c: C, wanted: Sequence[Span]) -> list[bytes]:
    """Return the hashes of these spans in order. Raises BrokenLog if nodes are missing."""
    found = hashes_of(c, wanted)
    return [found[span] for span in wanted]


def add(c: C, places: Iterable[tuple[Place, bytes]]) -> None:
    """Store new complete subtrees."""
    with c.cursor() as cursor, cursor.copy("copy audit.node (level, position, hash) from stdin (format binary)") as copy:
        copy.set_types(("int2", "int8", "bytea"))
        for place, found in places:
            copy.write_row((place.level, place.position, found))
