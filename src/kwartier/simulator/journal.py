"""What the meters remember of who spoke to them: their session logs, and every nonce they ever accepted. Append-only.

`sessions.jsonl` has a line per event: {"at", "equipment_id", "sap", "event", ...}; `first_s`, `last_s` are the row stamps asked.
`frames.bin` has a record per accepted frame, RECORD below: meter number, key version, whether it was the GMAC of a pass-3
reply, client title, invocation counter, and the meter's own next counter. It is the meters' memory of their counters, too.
Both are written before the answer leaves.
"""

import json
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, final

from kwartier.simulator import identity
from kwartier.wire.dlms.server import events
from kwartier.wire.dlms.server.device import Counters

RECORD = struct.Struct(">IHBx8sII")
KEY_VERSION = 1
_NAMES: dict[type, str] = {
    events.Associated: "associated",
    events.Refused: "refused",
    events.BufferRead: "profile",
    events.ObjectRead: "object",
    events.GetDenied: "denied",
    events.AttributeWritten: "written",
    events.SetDenied: "write_denied",
    events.MethodCalled: "called",
    events.ActionDenied: "call_denied",
    events.Released: "released",
}
SESSIONS, FRAMES = "sessions.jsonl", "frames.bin"


class Accepted(NamedTuple):
    """One record of frames.bin."""

    number: int
    key_version: int
    mac: bool
    title: bytes
    counter: int
    server_next: int


def accepted(folder: Path) -> list[Accepted]:
    """Return every frame the meters of a folder accepted, in order; a record cut short by a crash does not count."""
    path = folder / FRAMES
    data = path.read_bytes() if path.exists() else b""
    whole = len(data) - len(data) % RECORD.size
    return [Accepted(n, v, bool(m), t, c, s) for n, v, m, t, c, s in RECORD.iter_unpack(data[:whole])]


def counters(folder: Path) -> dict[int, Counters]:
    """Return the counters of every meter that was ever spoken to."""
    found: dict[int, Counters] = {}
    for frame in accepted(folder):
        kept = found.setdefault(frame.number, Counters())
        kept.client = max(kept.client, frame.counter)
        kept.server = max(kept.server, frame.server_next)
    return found


@final
class Journal:
    """Appends to both files, a write per reply, past every buffer of this process."""

    def __init__(self, folder: Path) -> None:
        """Open both files; cut off a frame record that a crash left unfinished."""
        self.ahead = timedelta()
        """How far the meters' clocks were set ahead of this machine's."""
        self._sessions = _append_to(folder / SESSIONS)
        self._frames = _append_to(folder / FRAMES)
        size = os.fstat(self._frames).st_size
        os.ftruncate(self._frames, size - size % RECORD.size)

    def close(self) -> None:
        """Close both files."""
        os.close(self._sessions)
        os.close(self._frames)

    def write(self, number: int, happened: tuple[events.Event, ...], state: Counters) -> None:
        """Write down what one frame led to."""
        frames = [e for e in happened if isinstance(e, events.CounterTaken)]
        if frames:
            records = (RECORD.pack(number, KEY_VERSION, f.mac, f.title, f.counter, min(state.server, 0xFFFFFFFF)) for f in frames)
            os.write(self._frames, b"".join(records))
        lines = [fields for fields in map(_fields, happened) if fields]
        if lines:
            self._lines(number, lines)

    def note(self, number: int, event: str) -> None:
        """Write down something that happened outside the protocol."""
        self._lines(number, [{"event": event}])

    def _lines(self, number: int, lines: list[dict[str, object]]) -> None:
        """Write lines, each with the moment and the meter."""
        at = datetime.now(UTC) + self.ahead
        head = {"at": at.isoformat(timespec="milliseconds"), "equipment_id": identity.equipment_id(number)}
        os.write(self._sessions, "".join(json.dumps(head | fields) + "\n" for fields in lines).encode())


def _append_to(path: Path) -> int:
    """Open a file for appending, unbuffered."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _fields(event: events.Event) -> dict[str, object]:
    """Return the fields of a line; nothing for an accepted frame, which has its record."""
    if isinstance(event, events.CounterTaken):
        return {}
    fields = {slot: getattr(event, slot) for slot in event.__slots__}
    if "obis" in fields:
        fields["obis"] = str(fields["obis"])
    return {"sap": fields.pop("sap"), "event": _NAMES[type(event)]} | fields
