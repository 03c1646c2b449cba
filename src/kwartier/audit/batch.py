"""The lines of one batch on their way to PostgreSQL: sealed, hashed and laid out as binary COPY, a few microseconds each."""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from kwartier.audit import chain, subjects, tree
from kwartier.audit.chain import Head, Heads, Key
from kwartier.audit.leaves import Leaf
from kwartier.audit.tree import Span

CROWN_LEVEL: Final = 6
"""The hashes this many levels above the leaves are kept: a proof then reads 2^6 lines of a batch, not all."""

COPY: Final = (
    "copy audit.leaf (entry, connection, number, subject, salt, salt_check, link, nth, before, body) from stdin (format binary)"
)
_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL: Final = b"\xff\xff"
_CHUNK: Final = 2000
# ten fields, each behind its length: int8, int8, int4; bytea of 32, 16, 8 and 16 bytes, int8, bytea of 32 bytes, or six nulls
# (length -1); and the body
_PERSON = struct.Struct("!h iq iq ii i32s i16s i8s i16s iq i32s i")
_NOBODY = struct.Struct("!h iq iq ii 6i i")


class Seal(NamedTuple):
    """What stands beside a line about a person."""

    tag: bytes
    salt: bytes
    check: bytes
    link: bytes
    nth: int
    before: bytes


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """Sealed lines: the seal of each (None for a line about nobody), and root and crown of the tree over them.

    `heads` says where the chains of all these people stand then.
    """

    leaves: Sequence[Leaf]
    seals: Sequence[Seal | None]
    heads: Heads
    root: bytes
    crown: bytes


def keys(leaves: Iterable[Leaf]) -> set[Key]:
    """Return the chains that these lines belong to."""
    return {chain.key(one.connection, one.subject_code) for one in leaves if one.subject_code is not None}


def sealed(leaves: Sequence[Leaf], before: Mapping[Key, Head]) -> Batch:
    """Give every line about a person a salt of its own, tie it to the person's chain, and build the tree over them all."""
    random = os.urandom(subjects.SALT_SIZE * len(leaves))
    heads: Heads = {}
    seals: list[Seal | None] = []
    hashes = []
    for number, leaf in enumerate(leaves):
        if leaf.subject_code is None:
            seals.append(None)
            hashes.append(tree.leaf_hash(subjects.leaf_data(leaf.body, None, None, None)))
            continue
        mine = chain.key(leaf.connection, leaf.subject_code)
        nth, last = heads.get(mine) or before.get(mine, chain.START)
        salt = random[number * subjects.SALT_SIZE : (number + 1) * subjects.SALT_SIZE]
        tied = chain.link(salt, nth + 1, last)
        seal = Seal(subjects.tag(salt, leaf.subject_code), salt, subjects.check(salt), tied, nth + 1, last)
        hashed = tree.leaf_hash(subjects.leaf_data(leaf.body, seal.tag, seal.check, tied))
        seals.append(seal)
        hashes.append(hashed)
        heads[mine] = Head(nth + 1, hashed)
    return Batch(leaves, seals, heads, tree.root_of(hashes), b"".join(tree.fold(hashes, CROWN_LEVEL)))


def copied(batch: Batch, entry: int) -> Iterator[bytes]:
    """Yield the batch as binary COPY for `COPY`, in chunks."""
    parts = [_HEAD]
    for number, (leaf, seal) in enumerate(zip(batch.leaves, batch.seals, strict=True)):
        body = leaf.body
        if seal is None:
            parts.append(_NOBODY.pack(10, 8, entry, 8, leaf.connection, 4, number, -1, -1, -1, -1, -1, -1, len(body)))
        else:
            who, salt, check, tied, nth, last = seal
            beside = (32, who, 16, salt, 8, check, 16, tied, 8, nth, 32, last)
            parts.append(_PERSON.pack(10, 8, entry, 8, leaf.connection, 4, number, *beside, len(body)))
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
