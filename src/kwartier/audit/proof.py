"""A proof file: c2sp.org/tlog-proof@v1, one text with which anybody can check a line of the log offline.

The extra line holds what the tree holds only the hash of, as canonical JSON in base64:

    event   the entry: a single event, or the event of a batch
    salt    hex; absent where the line is about no person or was erased
    leaf    only for a line of a batch: `body`, and `subject` and `salt` (its check) where it is about a person
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
class Line:
    """A line of a batch: its place among the leaves, its path to the root of the batch, its bytes and its salt."""

    number: int
    path: Sequence[bytes]
    data: bytes
    salt: bytes | None


def of_event(event: bytes, salt: bytes | None) -> bytes:
    """Return the extra data for a single event, given its canonical JSON."""
    said: dict[str, Json] = {"event": json.loads(event)}
    return canonical(said | _salt(salt))


def of_line(event: bytes, line: Line) -> bytes:
    """Return the extra data for a line of a batch, given the canonical JSON of the batch's event."""
    said: dict[str, Json] = {
        "event": json.loads(event),
        "leaf": json.loads(line.data),
        "number": line.number,
        "path": [one.hex() for one in line.path],
    }
    return canonical(said | _salt(line.salt))


def _salt(salt: bytes | None) -> dict[str, Json]:
    return {} if salt is None else {"salt": salt.hex()}


def text(extra: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """Put the file together: extra data, index in the tree, inclusion path (sibling first), and checkpoint with its signatures."""
    lines = [HEADER, f"extra {b64encode(extra).decode()}", f"index {index}", *(b64encode(one).decode() for one in path)]
    return "\n".join(lines) + "\n\n" + note
