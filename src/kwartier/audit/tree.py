"""The Merkle tree of RFC 6962 section 2.1, as arithmetic on places. Pure: who keeps the hashes is somebody else's business.

A leaf hashes as SHA-256(0x00 | data), a node as SHA-256(0x01 | left | right). `Place(level, position)` is the root of the complete
subtree over leaves [position * 2^level, (position + 1) * 2^level). Complete subtrees never change once they exist, so they
alone are kept; a `Span` of leaves that is no complete subtree is computed from O(log n) of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from kwartier.audit.errors import BrokenLog

EMPTY_ROOT = sha256(b"").digest()


class Place(NamedTuple):
    """Root of a complete subtree: `level` 0 is a leaf, `position` counts subtrees of this level from the left."""

    level: int
    position: int


class Span(NamedTuple):
    """The leaves [first, last) as one subtree of the tree."""

    first: int
    last: int


Hashes = Mapping[Place, bytes] | Mapping[tuple[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node above two others."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Return the largest power of two below `size` (at least 2): where RFC 6962 divides a tree of that size."""
    return 1 << (size - 1).bit_length() - 1


def _complete(span: Span) -> Place | None:
    """Return the place of a span that is a complete subtree, else None."""
    width = span.last - span.first
    if width & (width - 1) or span.first % width:
        return None
    return Place(width.bit_length() - 1, span.first // width)


def places(span: Span) -> Iterator[Place]:
    """Yield the complete subtrees that make up a non-empty span of the tree, from left to right: at most one per level."""
    while (whole := _complete(span)) is None:
        middle = span.first + split(span.last - span.first)
        yield from places(Span(span.first, middle))
        span = Span(middle, span.last)
    yield whole


def peaks(size: int) -> list[Place]:
    """Return the complete subtrees of a tree of `size` leaves, largest first: all that is needed to append and for its root."""
    return list(places(Span(0, size))) if size else []


def hash_of(span: Span, hashes: Hashes) -> bytes:
    """Return the hash of a span from the hashes of its complete subtrees. Raises BrokenLog if one is missing."""
    try:
        parts = [hashes[place] for place in places(span)]
    except KeyError as fault:
        msg = "a node of the tree is missing"
        raise BrokenLog(msg) from fault
    above = parts.pop()
    while parts:
        above = node_hash(parts.pop(), above)
    return above


def root(size: int, hashes: Hashes) -> bytes:
    """Return the root of a tree of `size` leaves, for which `hashes` has the peaks. Raises BrokenLog if one is missing."""
    return hash_of(Span(0, size), hashes) if size else EMPTY_ROOT


def known(place: Place, hashes: Hashes) -> bytes:
    """Return the hash of a place. Raises BrokenLog if it is missing."""
    if place not in hashes:
        msg = "a peak of the tree is missing"
        raise BrokenLog(msg)
    return hashes[place]


def inclusion(index: int, size: int) -> list[Span]:
    """Return what proves that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1): its sibling first, upwards."""
    found = []
    first, last = 0, size
    while last - first > 1:
        middle = first + split(last - first)
        if index < middle:
            found.append(Span(middle, last))
            last = middle
        else:
            found.append(Span(first, middle))
            first = middle
    return found[::-1]


def siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Return the same as (level, position), a few times faster; the last of a level may be no complete subtree.

    Where a node has no neighbour it goes up as it is, and there is nothing to prove (as in `fold`).
    """
    found = []
    level, last = 0, size - 1
    while last:
        if (other := index ^ 1) <= last:
            found.append((level, other))
        level, index, last = level + 1, index >> 1, last >> 1
    return found


def span(level: int, position: int, size: int) -> Span:
    """Return the leaves below a node of `siblings`."""
    return Span(position << level, min(position + 1 << level, size))


def consistency(old: int, size: int) -> list[Span]:
    """Return what proves that the tree of `old` leaves is the beginning of that of `size` leaves (RFC 6962, 2.1.2)."""
    if not 0 < old < size:
        return []
    found = []
    first, last = 0, size
    own = True  # while the old tree still is a subtree of its own, its root is known to the reader
    while last != old:
        middle = first + split(last - first)
        if old <= middle:
            found.append(Span(middle, last))
            last = middle
        else:
            found.append(Span(first, middle))
            first = middle
            own = False
    return ([] if own else [Span(first, last)]) + found[::-1]


def fold(hashes: Sequence[bytes], levels: int | None = None) -> list[bytes]:
    """Pair neighbours up, `levels` times or until one is left; a last one without neighbour goes up as it is.

    Of leaf hashes this gives the tree's root, or its places `levels` up with the ragged last one: the same tree, level by level.
    """
    row = list(hashes)
    done = 0
    while len(row) > 1 and done != levels:
        paired = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        row = paired + row[len(paired) * 2 :]
        done += 1
    return row


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes."""
    return fold(leaves)[0] if leaves else EMPTY_ROOT


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion path leads to, None if the path has not the length it must have."""
    spans = inclusion(index, size)
    if not 0 <= index < size or len(spans) != len(path):
        return None
    found = leaf
    for span, sibling in zip(spans, path, strict=True):
        found = node_hash(sibling, found) if span.first < index else node_hash(found, sibling)
    return found
