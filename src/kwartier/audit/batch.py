"""The lines of a batch, 64 at a time: sealed and hashed, a few microseconds each; and the way from one to the root of all."""

import os
from binascii import hexlify
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from kwartier.audit import blocks, chain, subjects, tree
from kwartier.audit.blocks import NO_LINK, NO_TAG, UNTIED, Sealed
from kwartier.audit.leaves import Leaf
from kwartier.audit.ledger import Heads
from kwartier.audit.tree import Span

CROWN_LEVEL: Final = blocks.LEVEL
"""The hashes this many levels above the leaves are kept: a proof then reads 2^6 lines of a batch, not all."""

_SALT: Final = subjects.SALT_SIZE


def sealed(leaves: Sequence[Leaf], heads: Heads) -> tuple[Sealed, bytes]:
    """Give each of up to 64 lines about a person a salt of its own and tie it to the person's chain; return them, and their hash.

    `heads` says where the chains of these people stand, and afterwards where they stand then.
    """
    salts = os.urandom(_SALT * len(leaves))
    # HMAC as in subjects.tag, the keys of all lines padded at once
    inner, outer = salts.translate(subjects.INNER), salts.translate(subjects.OUTER)
    inner_rest, outer_rest, start = subjects.INNER_REST, subjects.OUTER_REST, (chain.START.nth, chain.START.last)
    tags, links, ties, hashes = list[bytes](), list[bytes](), list[bytes](), list[bytes]()
    code_before, encoded, who = None, b"", b""
    for at, (connection, code, body) in zip(range(0, len(salts), _SALT), leaves, strict=True):
        if code is None:
            tags.append(NO_TAG)
            links.append(NO_LINK)
            ties.append(UNTIED)
            hashes.append(sha256(b'\0{"body":%b}' % body).digest())
            continue
        if code != code_before:  # lines about the same person mostly follow one another
            code_before, encoded = code, code.encode()
            who = sha256(encoded).digest()[: chain.WHO_SIZE]
        key = connection, who
        nth, last = heads.get(key, start)
        end = at + _SALT
        salt = salts[at:end]
        tie = salt + (nth + 1).to_bytes(8, "big") + last
        link = sha256(tie).digest()[: chain.LINK_SIZE]
        tag = sha256(outer[at:end] + outer_rest + sha256(inner[at:end] + inner_rest + encoded).digest()).digest()
        said = b'\0{"body":%b,"link":"%b","subject":"%b"}'
        hashed = sha256(said % (body, hexlify(link), hexlify(tag))).digest()
        heads[key] = nth + 1, hashed
        tags.append(tag)
        links.append(link)
        ties.append(tie)
        hashes.append(hashed)
    lines = Sealed([one.connection for one in leaves], [one.body for one in leaves], tags, links, ties)
    return lines, tree.root_of(hashes)


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
