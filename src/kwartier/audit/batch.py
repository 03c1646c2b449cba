"""The lines of a batch, 64 at a time: sealed and hashed, a few microseconds each; and the way from one to the root of all."""

import os
import struct
from binascii import hexlify
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from psycopg import Connection

from kwartier.audit import blocks, ledger, subjects, tree
from kwartier.audit.blocks import NO_LINK, NO_TAG, UNTIED, Sealed
from kwartier.audit.chain import LINK_SIZE, START
from kwartier.audit.leaves import Leaf
from kwartier.audit.ledger import SHIFT, Heads
from kwartier.audit.tree import Span

C = Connection[Any]

CROWN_LEVEL: Final = blocks.LEVEL
"""The hashes this many levels above the leaves are kept: a proof then reads 2^6 lines of a batch, not all."""

_SALT: Final = subjects.SALT_SIZE
_TIE: Final = struct.Struct("!16sq32s")
"""What is kept of a line's tie: salt, number and hash of the line before."""


class Tagged(NamedTuple):
    """Up to 64 lines that say whom they are about. `keys` are the names of the persons' chains, None where a line is nobody's."""

    leaves: Sequence[Leaf]
    keys: Sequence[bytes | None]
    salts: Sequence[bytes]
    tags: Sequence[bytes]


def parts(leaves: Sequence[Leaf]) -> list[Tagged]:
    """Part the lines of an entry into those of its rows, tagged."""
    return [tagged(leaves[first : first + blocks.SIZE]) for first in range(0, len(leaves), blocks.SIZE)]


def tagged(leaves: Sequence[Leaf]) -> Tagged:
    """Give each of up to 64 lines about a person a salt of its own, and the tag that it makes of the person's code."""
    salts = os.urandom(_SALT * len(leaves))
    people = [None if one.subject_code is None else one.subject_code.encode() for one in leaves]
    keys = [
        None if person is None else ledger.name(one.connection, sha256(person).digest())
        for one, person in zip(leaves, people, strict=True)
    ]
    return Tagged(leaves, keys, subjects.pieces(salts, _SALT), subjects.tags(salts, people, NO_TAG))


def sealed(lines: Tagged, heads: Heads) -> tuple[Sealed, bytes]:
    """Tie each line about a person to the one before in the person's chain; return the lines, and their hash.

    `heads` says where the chains of these people stand, and afterwards where they stand then.
    """
    links, ties, hashes = list[bytes](), list[bytes](), list[bytes]()
    tie_of, joined = _TIE.pack, b"".join
    shown, start = subjects.pieces(hexlify(b"".join(lines.tags)), 2 * len(NO_TAG)), (START.nth, START.last)
    for (connection, _, body), key, salt, tag in zip(lines.leaves, lines.keys, lines.salts, shown, strict=True):
        if key is None:
            links.append(NO_LINK)
            ties.append(UNTIED)
            hashes.append(sha256(b'\0{"body":%b}' % body).digest())
            continue
        row = heads[connection >> SHIFT]
        nth, last = row.get(key, start)
        nth += 1
        tie = tie_of(salt, nth, last)
        link = sha256(tie).digest()[:LINK_SIZE]
        hashed = sha256(joined((b'\0{"body":', body, b',"link":"', hexlify(link), b'","subject":"', tag, b'"}'))).digest()
        row[key] = nth, hashed
        links.append(link)
        ties.append(tie)
        hashes.append(hashed)
    leaves = lines.leaves
    done = Sealed([one.connection for one in leaves], [one.body for one in leaves], lines.tags, links, ties)
    return done, tree.root_of(hashes)


def store(c: C, entries: Mapping[int, Iterable[Tagged]], heads: Heads) -> dict[int, list[bytes]]:
    """Seal and store the lines of these entries; return the hash of each 64. The server stores some while the next are sealed."""
    nodes = dict[int, list[bytes]]()
    with c.cursor() as cursor, cursor.copy(blocks.COPY) as copy:
        copy.write(blocks.HEAD)
        for entry, lines in entries.items():
            nodes[entry] = []
            for number, some in enumerate(lines):
                done, node = sealed(some, heads)
                copy.write(blocks.row(done, entry, number * blocks.SIZE))
                nodes[entry].append(node)
        copy.write(blocks.TAIL)
    return nodes


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
