"""A proof file: c2sp.org/tlog-proof@v1, one text with which anybody can check a line of the log offline.

The extra line holds what the tree holds only the hash of, as canonical JSON in base64:

    event   the entry: a single event, or the event of a batch
    salt    hex; absent where the line is about no person or was erased, as are
    nth   which of the lines about this person at this connection it is, 1 for the first (single events and batches apart)
    before  hash (hex) of the one before it, zeros for the first
    leaf    only for a line of a batch: `body`, and `subject`, `salt` (its check) and `link` where it is about a person
    number  only for a line of a batch: which of its leaves
    path    only for a line of a batch: hashes (hex) from the leaf to the root in the event, sibling first
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from kwartier.audit.canonical import Json, canonical

HEADER = "c2sp.org/tlog-proof@v1"


@final
@dataclass(frozen=True, slots=True)
class Opening:
    """What ties a line to its person, and to the line before; number and hash are None from before there were chains."""

    salt: bytes
    nth: int | None
    before: bytes | None


def opening(salt: bytes | None, nth: int | None, before: bytes | None) -> Opening | None:
    """Return what opens a line, None where there is nothing (any more)."""
    return None if salt is None else Opening(salt, nth, before)


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
    said: dict[str, Json] = {"event": json.loads(event)}
    return canonical(said | _opening(opened))


def of_line(event: bytes, line: Line) -> bytes:
    """Return the extra data for a line of a batch, given the canonical JSON of the batch's event."""
    said: dict[str, Json] = {
        "event": json.loads(event),
        "leaf": json.loads(line.data),
        "number": line.number,
        "path": [one.hex() for one in line.path],
    }
    return canonical(said | _opening(line.opening))


def _opening(opened: Opening | None) -> dict[str, Json]:
    if opened is None:
        return {}
    if opened.nth is None or opened.before is None:
        return {"salt": opened.salt.hex()}
    return {"before": opened.before.hex(), "nth": opened.nth, "salt": opened.salt.hex()}


def text(extra: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """Put the file together: extra data, index in the tree, inclusion path (sibling first), and checkpoint with its signatures."""
    lines = [HEADER, f"extra {b64encode(extra).decode()}", f"index {index}", *(b64encode(one).decode() for one in path)]
    return "\n".join(lines) + "\n\n" + note
