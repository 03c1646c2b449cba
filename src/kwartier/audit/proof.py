"""A proof file: c2sp.org/tlog-proof@v1, one text with which anybody can check a line of the log offline.

The extra line holds what the tree holds only the hash of, as canonical JSON in base64:

    event   the entry: a single event, or the event of a batch
    salt    hex; absent where the line is about no person or was erased, as are
    nth   which of the lines about this person at this connection it is, 1 for the first (single events and batches apart)
    before  hash (hex) of the one before it, zeros for the first
    leaf    only for a line of a batch: `body`, and `subject` and `link` where it is about a person
    number  only for a line of a batch: which of its leaves
    path    only for a line of a batch: hashes (hex) from the leaf to the root in the event, sibling first
"""

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

HEADER = "c2sp.org/tlog-proof@v1"


class Opening(NamedTuple):
    """What ties a line to its person, and to the line before."""

    salt: bytes
    nth: int
    before: bytes


def opening(salt: bytes | None, nth: int | None, before: bytes | None) -> Opening | None:
    """Return what opens a line, None where there is nothing (any more), or from before there were chains."""
    return None if salt is None or nth is None or before is None else Opening(salt, nth, before)


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line of a batch: its place among the leaves, its path to the root of the batch, its bytes, and what opens it."""

    number: int
    path: Sequence[bytes]
    data: bytes
    opening: Opening | None


def of_event(event: bytes, opened: Opening | None) -> bytes:
    """Return the extra data for a single event, given its canonical JSON."""
    before, nth, salt = _parts(opened)
    return b'{%b"event":%b%b%b}' % (before, event, nth, salt)


def of_line(event: bytes, line: Line) -> bytes:
    """Return the extra data for a line of a batch, given the canonical JSON of the batch's event."""
    before, nth, salt = _parts(line.opening)
    path = b",".join([b'"%b"' % one.hex().encode() for one in line.path])
    return b'{%b"event":%b,"leaf":%b%b,"number":%d,"path":[%b]%b}' % (before, event, line.data, nth, line.number, path, salt)


def _parts(opened: Opening | None) -> tuple[bytes, bytes, bytes]:
    """Return what opens a line as parts of canonical JSON, which has names in order: one in front, one within, one at the end."""
    if opened is None:
        return b"", b"", b""
    before, salt = opened.before.hex().encode(), opened.salt.hex().encode()
    return b'"before":"%b",' % before, b',"nth":%d' % opened.nth, b',"salt":"%b"' % salt


def text(extra: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """Put the file together: extra data, index in the tree, inclusion path (sibling first), and checkpoint with its signatures."""
    hashes = b"".join(map(b2a_base64, path)).decode()
    return f"{HEADER}\nextra {b2a_base64(extra).decode()}index {index}\n{hashes}\n{note}"
