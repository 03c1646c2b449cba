"""The log's side of a witness: show it the last checkpoint, prove that nothing before changed, keep its countersignature.

C2SP tlog-witness and tlog-cosignature v1. The countersignature is checked before it is kept: a proof carries none that fails.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
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
"""A countersignature of the last checkpoint is asked again when it is older: the witness answers for the log within a minute."""
OK, CONFLICT = 200, 409
_TYPE: Final = b"\x04"
_FIXED: Final = 4 + 8 + 64


@final
@dataclass(frozen=True, slots=True)
class Seat:
    """Where a witness listens on this machine, and its public key as C2SP writes it."""

    host: str
    port: int
    vkey: str


def ask(c: C, seat: Seat, now: int) -> Checkpoint | None:
    """Have the last checkpoint countersigned, unless it freshly is; return it if it was. Raises NotWitnessed, BrokenLog.

    For a connection as auditor, in a transaction of the caller. `now` is in epoch seconds.
    """
    last = sequencer.latest(c)
    name = seat.vkey.split("+", 1)[0]
    if last is None or last.size == 0 or _signed_at(c, last.size, name) > now - FRESH_S:
        return None
    known = _last_size(c, name)
    status, text = _post(seat, _request(c, known, last))
    if status == CONFLICT and text.strip().isdecimal() and int(text) <= last.size and int(text) != known:
        status, text = _post(seat, _request(c, int(text), last))
    if status != OK:
        msg = f"the witness refused the checkpoint with {status}"
        raise NotWitnessed(msg)
    at = _check(seat.vkey, last, text)
    c.execute(
        "insert into audit.cosignature (size, name, line, signed_s) values (%s, %s, %s, %s)"
        " on conflict (size, name) do update set line = excluded.line, signed_s = excluded.signed_s",
        (last.size, name, text, at),
    )
    return last


def _signed_at(c: C, size: int, name: str) -> int:
    found = c.execute("select signed_s from audit.cosignature where size = %s and name = %s", (size, name)).fetchone()
    return int(found[0]) if found else 0


def _last_size(c: C, name: str) -> int:
    found = c.execute("select max(size) from audit.cosignature where name = %s", (name,)).fetchone()
    return int(found[0] or 0) if found else 0


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
    connection = HTTPConnection(seat.host, seat.port, timeout=WAIT_S)
    try:
        connection.request("POST", "/add-checkpoint", body.encode())
        answer = connection.getresponse()
        return answer.status, answer.read(4096).decode()
    except (OSError, HTTPException, ValueError) as fault:
        msg = "the witness cannot be reached"
        raise NotWitnessed(msg) from fault
    finally:
        connection.close()


def _check(vkey: str, made: Checkpoint, line: str) -> int:
    """Return when the witness says it signed. Raises NotWitnessed unless the line is its signature of this checkpoint."""
    name, key_id, encoded = vkey.split("+", 2)
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
    if not own or line != f"{dash} {signer} {signed}\n":
        msg = "what the witness answered is signed with another key"
        raise NotWitnessed(msg)
    return at


def witnessed(c: C, beyond: int) -> tuple[Checkpoint, str] | None:
    """Return the newest countersigned checkpoint over more than `beyond` entries, and the lines under it; None if there is none."""
    found = c.execute(
        "select p.size, p.root, p.note, p.at, string_agg(s.line, '' order by s.name) from audit.checkpoint p"
        " join audit.cosignature s using (size) where p.size = (select max(size) from audit.cosignature) and p.size > %s"
        " group by p.size",
        (beyond,),
    ).fetchone()
    return None if found is None else (Checkpoint(*found[:4]), found[4])
