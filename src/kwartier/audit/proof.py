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
from typing import final

HEADER = "c2sp.org/tlog-proof@v1"


@final
@dataclass(frozen=True, slots=True)
class Opening:
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
    return _object({"event": event} | _opening(opened))


def of_line(event: bytes, line: Line) -> bytes:
    """Return the extra data for a line of a batch, given the canonical JSON of the batch's event."""
    said = {
        "event": event,
        "leaf": line.data,
        "number": b"%d" % line.number,
        "path": b"[%b]" % b",".join(_hex(one) for one in line.path),
    }
    return _object(said | _opening(line.opening))


def _opening(opened: Opening | None) -> dict[str, bytes]:
    if opened is None:
        return {}
    return {"before": _hex(opened.before), "nth": b"%d" % opened.nth, "salt": _hex(opened.salt)}


def _hex(value: bytes) -> bytes:
    return b'"%b"' % value.hex().encode()


def _object(parts: dict[str, bytes]) -> bytes:
    """Put canonical JSON together from parts that are: every value here is written by this module or was when it was logged."""
    return b"{%b}" % b",".join(b'"%b":%b' % (key.encode(), parts[key]) for key in sorted(parts))


def text(extra: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """Put the file together: extra data, index in the tree, inclusion path (sibling first), and checkpoint with its signatures."""
    hashes = b"".join(map(b2a_base64, path)).decode()
    return f"{HEADER}\nextra {b2a_base64(extra).decode()}index {index}\n{hashes}\n{note}"
