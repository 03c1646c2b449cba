"""The lines of one batch on their way to PostgreSQL: sealed, hashed and laid out as binary COPY, a few microseconds each."""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from kwartier.audit import subjects, tree
from kwartier.audit.leaves import Leaf
from kwartier.audit.tree import Span

CROWN_LEVEL: Final = 6
"""The hashes this many levels above the leaves are kept: a proof then reads 2^6 lines of a batch, not all."""

COPY: Final = "copy audit.leaf (entry, connection, number, subject, salt, salt_check, body) from stdin (format binary)"
_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL: Final = b"\xff\xff"
_CHUNK: Final = 2000
# seven fields, each behind its length: int8, int8, int4, bytea of 32, 16 and 8 bytes or null (length -1), and the body
_PERSON = struct.Struct("!h iq iq ii i32s i16s i8s i")
_NOBODY = struct.Struct("!h iq iq ii i i i i")


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """Sealed lines: salt, tag and check of each (None for a line about nobody), its leaf hash, and the tree's root and crown."""

    leaves: Sequence[Leaf]
    seals: Sequence[tuple[bytes, bytes, bytes] | None]
    root: bytes
    crown: bytes


def sealed(leaves: Sequence[Leaf]) -> Batch:
    """Give every line about a person a salt of its own and build the tree over them all."""
    random = os.urandom(subjects.SALT_SIZE * len(leaves))
    seals: list[tuple[bytes, bytes, bytes] | None] = []
    hashes = []
    for number, leaf in enumerate(leaves):
        if leaf.subject_code is None:
            seals.append(None)
            hashes.append(tree.leaf_hash(subjects.leaf_data(leaf.body, None, None)))
        else:
            salt = random[number * subjects.SALT_SIZE : (number + 1) * subjects.SALT_SIZE]
            who, check = subjects.tag(salt, leaf.subject_code), subjects.check(salt)
            seals.append((who, salt, check))
            hashes.append(tree.leaf_hash(subjects.leaf_data(leaf.body, who, check)))
    return Batch(leaves, seals, tree.root_of(hashes), b"".join(tree.fold(hashes, CROWN_LEVEL)))


def copied(batch: Batch, entry: int) -> Iterator[bytes]:
    """Yield the batch as binary COPY for `COPY`, in chunks."""
    parts = [_HEAD]
    for number, (leaf, seal) in enumerate(zip(batch.leaves, batch.seals, strict=True)):
        body = leaf.body
        if seal is None:
            parts.append(_NOBODY.pack(7, 8, entry, 8, leaf.connection, 4, number, -1, -1, -1, len(body)))
        else:
            who, salt, check = seal
            parts.append(_PERSON.pack(7, 8, entry, 8, leaf.connection, 4, number, 32, who, 16, salt, 8, check, len(body)))
        parts.append(body)
        if len(parts) >= _CHUNK:
            yield b"".join(parts)
            parts.clear()
    yield b"".join([*parts, _TAIL])


def path(number: int, neighbours: Sequence[bytes], crown: bytes) -> list[bytes]:
    """Return the inclusion path of line `number`, sibling first.

    `neighbours` are the leaf hashes of its group of 64 (the last group may be shorter), `crown` the kept hashes.
    """
    group = number >> CROWN_LEVEL
    groups = [crown[at : at + 32] for at in range(0, len(crown), 32)]
    inner = [_span(neighbours, span) for span in tree.inclusion(number - (group << CROWN_LEVEL), len(neighbours))]
    outer = [_span(groups, span) for span in tree.inclusion(group, len(groups))]
    return inner + outer


def _span(hashes: Sequence[bytes], span: Span) -> bytes:
    return tree.root_of(hashes[span.first : span.last])
