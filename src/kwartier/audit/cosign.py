"""The log's side of a witness: show it the last checkpoint, prove that nothing before changed, keep its countersignature.

C2SP tlog-witness and tlog-cosignature v1. The countersignature is checked before it is kept: a proof carries none that fails.
"""

import binascii
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import Connection

from kwartier.audit import sequencer, tiles, tree
from kwartier.audit.checkpoint import Checkpoint
from kwartier.audit.errors import BrokenLog, NotWitnessed

C = Connection[Any]

WAIT_S: Final = 10
FRESH_S: Final = 45
"""A countersignature of the last checkpoint is asked again when it is older: the witness answers for the log within a minute.

So it is when it is of a moment that has not come: by a clock that runs ahead it would be fresh for as long as that.
"""
WITHIN_S: Final = 60
"""A witness answers for the log at least this often."""
OK, CONFLICT = 200, 409
_REFUSED: Final = {
    403: "the witness does not know the key of this log",
    404: "the witness is not one of this log",
    409: "the witness holds another tree of this size",
    422: "the witness has seen another history of this log",
}
_LAST_S: Final = 253_402_300_799
"""The last second of the year 9999: no calendar of ours goes on after it."""
_TYPE: Final = b"\x04"
_FIXED: Final = 4 + 8 + 64


@final
@dataclass(frozen=True, slots=True)
class Seat:
    """Where a witness listens on this machine, and its public key as C2SP writes it."""

    host: str
    port: int
    vkey: str

    @property
    def name(self) -> str:
        """What it signs as."""
        return self.vkey.split("+", 1)[0]


def ask(c: C, seat: Seat, now: int) -> Checkpoint | None:
    """Have the last checkpoint countersigned, unless it freshly is; return it if it was. Raises NotWitnessed, BrokenLog.

    For a connection as auditor, in a transaction of the caller. `now` is in epoch seconds.
    """
    last = sequencer.latest(c)
    name = seat.name
    if last is None or last.size == 0 or now - FRESH_S < _signed_at(c, last.size, name) <= now:
        return None
    known, line = _last(c, name)
    if not _is_by(seat.vkey, line):
        msg = "a witness of this name signed with another key before: whose key is new begins under a new name"
        raise NotWitnessed(msg)
    status, text = _post(seat, _request(c, known, last))
    if status == CONFLICT and text.strip().isdecimal() and int(text) != known:
        if int(text) > last.size:
            _shown_meanwhile(c, int(text))
            return None
        status, text = _post(seat, _request(c, int(text), last))
    if status != OK:
        raise NotWitnessed(_REFUSED.get(status, f"the witness refused the checkpoint with {status}"))
    at = _check(seat.vkey, last, text)
    c.execute(
        "insert into audit.cosignature (size, name, line, signed_s) values (%s, %s, %s, %s)"
        " on conflict (size, name) do update set line = excluded.line, signed_s = excluded.signed_s",
        (last.size, name, text, at),
    )
    return last


def _shown_meanwhile(c: C, size: int) -> None:
    """Raise NotWitnessed unless another process of ours can have shown a tree of this size since we looked."""
    last = sequencer.latest(c)
    if last is None or last.size < size:
        msg = f"the witness has signed a tree of {size} lines, more than this log has: is this an older copy of it?"
        raise NotWitnessed(msg)


def _signed_at(c: C, size: int, name: str) -> int:
    found = c.execute("select signed_s from audit.cosignature where size = %s and name = %s", (size, name)).fetchone()
    return int(found[0]) if found else 0


def _last(c: C, name: str) -> tuple[int, str]:
    """Return the newest size that a witness of this name signed, and its line; 0 and nothing if there is none."""
    found = c.execute("select size, line from audit.cosignature where name = %s order by size desc limit 1", (name,)).fetchone()
    return (int(found[0]), found[1]) if found else (0, "")


def _is_by(vkey: str, line: str) -> bool:
    """True if a stored line names this key, or there is none. Two keys of one name would look like one with two histories."""
    try:
        return not line or b64decode(line.rsplit(maxsplit=1)[-1])[:4].hex() == vkey.split("+", 2)[1]
    except (ValueError, IndexError):
        return False


def _request(c: C, old: int, last: Checkpoint) -> str:
    proof = consistency(c, old, last.size)
    return "\n".join([f"old {old}", *(b64encode(one).decode() for one in proof)]) + f"\n\n{last.note}"


def consistency(c: C, old: int, size: int) -> Sequence[bytes]:
    """Return what proves that the tree of `old` entries is the beginning of that of `size`. Raises BrokenLog."""
    if not 0 <= old <= size:
        msg = "the older tree is the larger one"
        raise BrokenLog(msg)
    return tiles.spans(c, tree.consistency(old, size))


def _post(seat: Seat, body: str) -> tuple[int, str]:
    """Return status and text of the answer. Raises NotWitnessed if there is none after `WAIT_S`, however much came meanwhile."""
    connection = HTTPConnection(seat.host, seat.port, timeout=WAIT_S)
    try:
        connection.connect()
        with _cut_off(connection.sock, WAIT_S):
            connection.request("POST", "/add-checkpoint", body.encode())
            answer = connection.getresponse()
            return answer.status, answer.read(4096).decode()
    except (OSError, HTTPException, ValueError) as fault:
        msg = "the witness cannot be reached, or gives no answer"
        raise NotWitnessed(msg) from fault
    finally:
        connection.close()


@contextmanager
def _cut_off(line: socket.socket, after_s: float) -> Iterator[None]:
    """Let nobody be kept waiting at this line: a time limit on a socket is one for each byte."""

    def cut() -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _check(vkey: str, made: Checkpoint, line: str) -> int:
    """Return when the witness says it signed. Raises NotWitnessed unless the line is its signature of this checkpoint."""
    name, key_id, encoded = (*vkey.split("+", 2), "", "")[:3]
    dash, signer, signed = (*line.removesuffix("\n").split(" "), "", "")[:3]
    text = made.note.partition("\n\n")[0] + "\n"
    try:
        public, data = b64decode(encoded, validate=True), b64decode(signed, validate=True)
        own = (dash, signer, data[:4].hex(), len(data), public[:1]) == ("—", name, key_id, _FIXED, _TYPE)
        at = int.from_bytes(data[4:12], "big")
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(data[12:], f"cosignature/v1\ntime {at}\n{text}".encode())
    except (InvalidSignature, ValueError, binascii.Error) as fault:
        msg = "what the witness answered is not its signature"
        raise NotWitnessed(msg) from fault
    if at > _LAST_S:
        msg = "what the witness answered has a time that no calendar knows: does its clock count seconds?"
        raise NotWitnessed(msg)
    if not own or line != f"— {name} {b64encode(data).decode()}\n":
        msg = "what the witness answered is signed with another key"
        raise NotWitnessed(msg)
    return at


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """What a witness answers for: the tree of `size` lines, at a moment by its own clock; of `signed` lines that the log signed.

    `at_s` is None, and `size` 0, while it answered for none.
    """

    signed: int
    size: int
    at_s: int | None

    def age_s(self, now: int) -> int | None:
        """Return how long ago the witness answered; below zero by a clock that runs ahead."""
        return None if self.at_s is None else now - self.at_s

    def met(self, now: int) -> bool:
        """True if it answered for all that is signed within the last minute, or nothing is signed yet."""
        age_s = self.age_s(now)
        return self.signed == 0 or (self.size == self.signed and age_s is not None and abs(age_s) <= WITHIN_S)


def standing(c: C, vkey: str) -> Standing:
    """Return what the witness with this key answers for."""
    last, name = sequencer.latest(c), vkey.split("+", 1)[0]
    size, line = _last(c, name)
    at = _signed_at(c, size, name)
    answered = size and at <= _LAST_S and _is_by(vkey, line)
    return Standing(0 if last is None else last.size, *((size, at) if answered else (0, None)))


def witnessed(c: C, beyond: int) -> tuple[Checkpoint, str] | None:
    """Return the newest countersigned checkpoint over more than `beyond` entries, and the lines under it; None if there is none."""
    found = c.execute(
        "select p.size, p.root, p.note, p.at, string_agg(s.line, '' order by s.name) from audit.checkpoint p"
        " join audit.cosignature s using (size) where p.size = (select max(size) from audit.cosignature) and p.size > %s"
        " group by p.size",
        (beyond,),
    ).fetchone()
    return None if found is None else (Checkpoint(*found[:4]), found[4])
