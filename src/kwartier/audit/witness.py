"""A witness: a program of another party that countersigns the log's checkpoints, so that the operator alone cannot take one back.

    python -m kwartier.audit.witness --dir DIR --name NAME --log VKEY [--port P] [--until-closed]

It speaks C2SP tlog-witness (`POST /add-checkpoint`) on 127.0.0.1 and signs C2SP tlog-cosignature v1, Ed25519. Its key and all
that it remembers, size and root of the last tree it saw, are in DIR and nobody else's. It signs a tree only if

1. the log signed it,
2. the asker knows the size that was signed last (409 otherwise, with that size),
3. a consistency proof (RFC 6962, 2.1.2) shows that the last tree is its beginning, or the two are one (422 otherwise),

and remembers it durably before the signature leaves. So of two histories it signs one at most, and never an older tree again.
What it cannot remember, or cannot read any more, it does not sign (500). It does not start in the folder of a witness of another
log, nor where it signed before and its key is gone. It shares no code with the log. A line of JSON on standard output says when it
listens, where, and with which key it signs.
"""

import argparse
import fcntl
import hashlib
import json
import os
import signal
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HOST = "127.0.0.1"
LOG_KEY, WITNESS_KEY = b"\x01", b"\x04"
"""Key types of C2SP signed-note: Ed25519, and Ed25519 with which a witness signs time and tree."""
MOST_BYTES = 16_384
MOST_HASHES = 63
OK, BAD, FORBIDDEN, UNKNOWN, CONFLICT, UNPROVED, BROKEN = 200, 400, 403, 404, 409, 422, 500
NOT_STARTED = 2


class Refused(Exception):
    """No signature. `status` is what C2SP tlog-witness answers; `text` the body of the answer."""

    def __init__(self, status: int, text: str) -> None:
        """Say which answer."""
        super().__init__(text)
        self.status = status
        self.text = text


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """The last tree that was signed."""

    size: int
    root: bytes


@final
@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, taken apart."""

    old: int
    proof: Sequence[bytes]
    origin: str
    tree: Seen
    text: bytes
    signatures: Sequence[str]


@final
class Witness:
    """Signs trees of one log. One process at a time may have a folder open."""

    def __init__(self, folder: Path, name: str, log: str) -> None:
        """Open or make the folder; `log` is the log's public key as C2SP writes it.

        Raises ValueError for a key that is none and a folder that is not this witness's, OSError for one that cannot be used.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._one_by_one = threading.Lock()
        self._folder, self._name, self._log = folder, name, log.strip()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._origin, self._log_id, self._log_key = public_key(log, LOG_KEY)
            self._key = _own_key(folder, new=self.seen.size == 0)
            public = WITNESS_KEY + self._key.public_key().public_bytes_raw()
            self._id = key_id(name, public)
            self.vkey = f"{name}+{self._id.hex()}+{b64encode(public).decode()}"
            _durable(folder / "witness.vkey", f"{self.vkey}\n".encode())
        except (OSError, ValueError):
            self.close()
            raise

    @property
    def seen(self) -> Seen:
        """What was signed last; the empty tree at first. Raises ValueError and OSError if that cannot be told any more."""
        try:
            said = json.loads((self._folder / "seen.json").read_text("utf-8"))
            found, log = Seen(int(said["size"]), bytes.fromhex(said["root"])), said["log"]
        except FileNotFoundError:
            return Seen(0, hashlib.sha256(b"").digest())
        except (ValueError, KeyError, TypeError) as fault:
            msg = "what was signed last cannot be read: seen.json is damaged"
            raise ValueError(msg) from fault
        if log != self._log:
            msg = "this folder is of a witness of another log"
            raise ValueError(msg)
        return found

    def add(self, body: bytes, at: int) -> str:
        """Return the cosignature line for a request of tlog-witness, signed at a moment (epoch seconds). Raises Refused."""
        asked = _taken_apart(body)
        self._check_log(asked)
        with self._one_by_one:
            try:
                self._take(asked)
            except (OSError, ValueError) as fault:
                raise Refused(BROKEN, "this witness cannot read or keep what it saw\n") from fault
        signature = self._key.sign(f"cosignature/v1\ntime {at}\n".encode() + asked.text)
        return f"— {self._name} {b64encode(self._id + at.to_bytes(8, 'big') + signature).decode()}\n"

    def _take(self, asked: _Asked) -> None:
        """Remember the tree if the last one is its beginning. Raises Refused, and OSError and ValueError if it cannot."""
        last = self.seen
        if asked.old > asked.tree.size:
            raise Refused(BAD, "the old tree is the larger one\n")
        if asked.old != last.size:
            raise Refused(CONFLICT, f"{last.size}\n")
        if asked.old == asked.tree.size and last.root != asked.tree.root:
            raise Refused(CONFLICT, f"{last.size}\n")
        if not consistent(last, asked.tree, asked.proof):
            raise Refused(UNPROVED, "the last tree is not the beginning of this one\n")
        if asked.tree.size > last.size:
            self._remember(asked.tree)

    def _check_log(self, asked: _Asked) -> None:
        if asked.origin != self._origin:
            raise Refused(UNKNOWN, "this is another log\n")
        for line in asked.signatures:
            dash, name, signed = (*line.split(" "), "", "")[:3]
            data = _decoded(signed)
            if dash == "—" and name == self._origin and data[:4] == self._log_id:
                try:
                    self._log_key.verify(data[4:], asked.text)
                except InvalidSignature:
                    break
                return
        raise Refused(FORBIDDEN, "the log did not sign this\n")

    def _remember(self, tree: Seen) -> None:
        """Keep a tree durably; only then may its signature leave."""
        said = json.dumps({"size": tree.size, "root": tree.root.hex(), "log": self._log})
        _durable(self._folder / "seen.json", said.encode())

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1


def key_id(name: str, public: bytes) -> bytes:
    """Return the key id of C2SP signed-note; `public` begins with the key's type."""
    return hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]


def public_key(vkey: str, kind: bytes) -> tuple[str, bytes, Ed25519PublicKey]:
    """Take a public key apart: name, key id, key. Raises ValueError unless it is one of this type."""
    name, given, encoded = (*vkey.strip().split("+", 2), "", "")[:3]
    public = b64decode(encoded, validate=True)
    if public[:1] != kind or bytes.fromhex(given) != key_id(name, public):
        msg = "this is not a public key of this type"
        raise ValueError(msg)
    return name, bytes.fromhex(given), Ed25519PublicKey.from_public_bytes(public[1:])


def consistent(old: Seen, new: Seen, proof: Sequence[bytes]) -> bool:
    """Tell whether the proof shows that the old tree is the beginning of the new one (RFC 6962, 2.1.2).

    Every tree begins with the empty one, and itself, without proof.
    """
    if old.size in {0, new.size}:
        return not proof and (old.size == 0 or old.root == new.root)
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    steps = list(proof)
    # where the old tree is a complete subtree of the new one, the proof leaves out its root, which both know
    before = after = steps.pop(0) if node and steps else old.root
    for step in steps:
        if not last:
            return False
        if node & 1 or node == last:
            before, after = _node(step, before), _node(step, after)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            after = _node(after, step)
        node, last = node >> 1, last >> 1
    return not last and before == old.root and after == new.root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _taken_apart(body: bytes) -> _Asked:
    """Read `old N`, hashes, an empty line, a checkpoint. Raises Refused."""
    try:
        head, _, note = body.decode().partition("\n\n")
        first, *hashes = head.split("\n")
        text, _, signed = note.partition("\n\n")
        origin, size, root = text.split("\n")
        found = _Asked(
            old=_number(first.removeprefix("old ")) if first.startswith("old ") else _malformed(),
            proof=[_hash(one) for one in hashes],
            origin=origin,
            tree=Seen(_number(size), _hash(root)),
            text=f"{text}\n".encode(),
            signatures=signed.split("\n"),
        )
    except ValueError:
        _malformed()
    if len(found.proof) > MOST_HASHES:
        _malformed()
    return found


def _malformed() -> NoReturn:
    raise Refused(BAD, "this is not a request of tlog-witness\n")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or str(int(text)) != text or int(text) >= 1 << 63:
        _malformed()
    return int(text)


def _hash(text: str) -> bytes:
    found = _decoded(text)
    return found if len(found) == hashlib.sha256().digest_size else _malformed()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        _malformed()


def _own_key(folder: Path, *, new: bool) -> Ed25519PrivateKey:
    path = folder / "witness.key"
    if not path.exists():
        if not new:
            msg = "the key with which this witness signed is gone"
            raise ValueError(msg)
        _durable(path, Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii")))


def _durable(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and only return when it would survive the machine."""
    aside = path.with_name(f".{path.name}")
    handle = os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def handler(witness: Witness, clock: Callable[[], float] = time.time) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests."""

    class Handler(BaseHTTPRequestHandler):
        """Answers `POST /add-checkpoint`."""

        timeout = 10

        def do_POST(self) -> None:
            """Sign or refuse."""
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                return self._answer(UNKNOWN, "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                return self._answer(BAD, "")
            try:
                return self._answer(OK, witness.add(self.rfile.read(int(length)), int(clock())))
            except Refused as no:
                if no.status == BROKEN:
                    _complain(no.__cause__ or no)
                return self._answer(no.status, no.text)

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == CONFLICT else "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Keep no log of requests."""

    return Handler


def _complain(fault: BaseException) -> int:
    """Say in one line what is wrong, for whoever runs this."""
    text = (fault.strerror or "the machine refused").lower() if isinstance(fault, OSError) else str(fault)
    sys.stderr.write(f"witness: {text}\n")
    return NOT_STARTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until ended; with `--until-closed` no longer than whoever started it. Return 2 if it cannot start."""
    parser = argparse.ArgumentParser(description="Countersign the checkpoints of a log.")
    parser.add_argument("--dir", type=Path, required=True, help="key and memory of this witness")
    parser.add_argument("--name", default="witness.invalid/kwartier", help="under which it signs")
    parser.add_argument("--log", required=True, help="the log's public key, name+id+base64")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 lets the system choose")
    parser.add_argument("--until-closed", action="store_true", help="end when standard input closes: with whoever started it")
    given = parser.parse_args(arguments)
    try:
        witness = Witness(given.dir, given.name, given.log)
        server = ThreadingHTTPServer((HOST, given.port), handler(witness))
    except BlockingIOError:
        return _complain(ValueError("another process has this folder open"))
    except (OSError, ValueError, OverflowError) as fault:
        return _complain(fault)
    server.daemon_threads, server.block_on_close = True, False
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if given.until_closed:
        threading.Thread(target=_until_closed, args=(server,), daemon=True).start()
    sys.stdout.write(json.dumps({"ready": True, "port": server.server_port, "vkey": witness.vkey}) + "\n")
    sys.stdout.flush()
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def _until_closed(server: ThreadingHTTPServer) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
