"""RFC 6962 section 2.1 once more, so that the check of the tree does not lean on the code that grew it."""

from collections.abc import Iterable
from hashlib import sha256
from typing import final


def hashed(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


@final
class Grown:
    """A tree grown leaf by leaf: `heaps` are the complete subtrees from left to right, as (level, position, hash)."""

    def __init__(self) -> None:
        """Start empty."""
        self.size = 0
        self.heaps: list[tuple[int, int, bytes]] = []

    def add(self, leaf_hash: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; return the subtrees that it completes, as (level, position, hash)."""
        level, position, found = 0, self.size, leaf_hash
        made = [(level, position, found)]
        while self.heaps and self.heaps[-1][0] == level:
            level, position, found = level + 1, position >> 1, sha256(b"\x01" + self.heaps.pop()[2] + found).digest()
            made.append((level, position, found))
        self.heaps.append((level, position, found))
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self.heaps:
            return sha256(b"").digest()
        found = self.heaps[-1][2]
        for _, _, left in reversed(self.heaps[:-1]):
            found = sha256(b"\x01" + left + found).digest()
        return found


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaves with these hashes."""
    grown = Grown()
    for one in hashes:
        grown.add(one)
    return grown.root()
