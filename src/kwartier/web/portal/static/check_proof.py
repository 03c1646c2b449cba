"""Is this line in the grid operator's log, unchanged, signed, and about me? Checks a proof file offline. Read it: it is short.

    pip install cryptography
    python check_proof.py FILE --key LOG_KEY [--witness WITNESS_KEY] [--subject YOUR_CODE]

LOG_KEY and WITNESS_KEY are public keys, name+id+base64; YOUR_CODE is your customer code. It is written from the papers, C2SP
tlog-proof, signed-note, tlog-checkpoint, tlog-cosignature, and RFC 6962, and shares no code with the log. What it refuses it names:
malformed, bad-key, wrong-origin, bad-signature, not-witnessed, not-included, other-subject, erased.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PARTS = {"before", "event", "leaf", "nth", "number", "path", "salt"}
LOG, WITNESS = 1, 4  # types of keys: Ed25519, and Ed25519 with which a witness signs time and tree


class Rejected(Exception):
    """The file does not prove it. `args` are the kind of fault, and a sentence."""


def need(holds: object, fault: str, sentence: str) -> None:
    """Go on only if it holds."""
    if not holds:
        raise Rejected(fault, sentence)


def sha(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, one after another."""
    return hashlib.sha256(b"".join(parts)).digest()


def bits(text: str, size: int = 0) -> bytes:
    """Read base64, in its one form only: otherwise a letter could be changed unseen."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and size in {0, len(data)}, "malformed", "base64 in another form")
    return data


def number(text: str) -> int:
    """Read a whole number."""
    need(text.isascii() and text.isdecimal() and len(text) < 20 and str(int(text)) == text, "malformed", "not a number")
    return int(text)


def canonical(value: object) -> bytes:
    """Write a value in the one form that was hashed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signature(lines: list[str], vkey: str, kind: int, fault: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Find what the owner of a public key signed: return the owner's name, what was signed with, and the key."""
    try:
        name, key_id, public = vkey.strip().split("+", 2)
        data = base64.b64decode(public, validate=True)
        key = Ed25519PublicKey.from_public_bytes(data[1:])
        genuine = data[0] == kind and bytes.fromhex(key_id) == sha(name.encode(), b"\n", data)[:4]
    except ValueError:
        raise Rejected("bad-key", "this is no public key") from None
    need(genuine, "bad-key", "this public key contradicts itself")
    found = [bits(line.split(" ")[2]) for line in lines if line.startswith(f"\N{EM DASH} {name} ") and line.count(" ") == 2]
    need(found and found[0][:4].hex() == key_id, fault, "not signed with this key")
    return name, found[0][4:], key


def verify_signature(key: Ed25519PublicKey, signed: bytes, text: str, fault: str) -> None:
    """Check an Ed25519 signature."""
    try:
        key.verify(signed, text.encode())
    except InvalidSignature:
        raise Rejected(fault, "the signature is forged") from None


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Climb from a leaf to the root (RFC 9162, 2.1.3.2)."""
    need(0 <= index < size, "not-included", "there is no such place")
    last = size - 1
    for sibling in path:
        need(last, "not-included", "the path is too long")
        if index & 1 or index == last:
            leaf = sha(b"\1", sibling, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = sha(b"\1", leaf, sibling)
        index, last = index >> 1, last >> 1
    need(last == 0, "not-included", "the path is too short")
    return leaf


def check(file: bytes, vkey: str, subject: str | None = None, witness: str | None = None) -> dict[str, Any]:
    """Return what a file proves. Raises Rejected."""
    try:
        return _check(file, vkey, subject, witness)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise Rejected("malformed", "this is no proof file") from None


def _check(file: bytes, vkey: str, subject: str | None, witness: str | None) -> dict[str, Any]:
    # the file: what is proved, its place in the tree, the path to the root; then the signed root
    head, _, note = file.decode().partition("\n\n")
    header, extra_line, index_line, *path = head.split("\n")
    text, _, signed_by = note.partition("\n\n")
    origin, size, root = text.split("\n")
    *signatures, end = signed_by.split("\n")
    need(header == "c2sp.org/tlog-proof@v1" and not end and signatures, "malformed", "this is no proof file")
    need(extra_line[:6] == "extra " and index_line[:6] == "index ", "malformed", "a line is missing")
    # the operator signed this root, and the witness saw it
    name, signed, key = signature(signatures, vkey, LOG, "bad-signature")
    need(origin == name, "wrong-origin", "this is a proof about another log")
    verify_signature(key, signed, f"{text}\n", "bad-signature")
    seen = None
    if witness is not None:
        _, signed, key = signature(signatures, witness, WITNESS, "not-witnessed")
        seen = int.from_bytes(signed[:8], "big")
        verify_signature(key, signed[8:], f"cosignature/v1\ntime {seen}\n{text}\n", "not-witnessed")
    # the event is in the tree with this root
    extra = json.loads(bits(extra_line[6:]))
    need(canonical(extra) == bits(extra_line[6:]), "malformed", "what is proved is written in another form")
    need(set(extra) <= PARTS, "malformed", "there is more than what is proved")
    event, line = extra["event"], extra.get("leaf")
    own = sha(b"\0", canonical(event))
    place = number(index_line[6:])
    reached = root_of(own, place, number(size), [bits(one, 32) for one in path])
    need(reached == bits(root, 32), "not-included", "the path does not lead to the signed root")
    # a line of a batch is in the tree whose root stands in the event
    if line is not None:
        need(event["kind"].startswith("batch:"), "malformed", "only a batch has lines")
        own, batch = sha(b"\0", canonical(line)), event["body"]
        reached = root_of(own, extra["number"], batch["leaves"], [bytes.fromhex(one) for one in extra["path"]])
        need(reached.hex() == batch["root"], "not-included", "the path does not lead to the root of the batch")
    # the salt is the line's own; with it the line is about you, and its number and the hash before it are its own
    said = event if line is None else line
    salt = bytes.fromhex(extra.get("salt", ""))
    need(not salt or sha(salt)[:8].hex() == said["salt"], "not-included", "the salt is not that of the line")
    if subject is not None:
        need("subject" in said, "other-subject", "the line is about no person")
        need(salt, "erased", "the line was untied from its person")
        tag = hmac.digest(salt, subject.encode(errors="replace"), "sha256").hex()
        need(tag == said["subject"], "other-subject", "the line is about somebody else")
    if "nth" in extra:
        link = sha(salt, extra["nth"].to_bytes(8, "big"), bytes.fromhex(extra["before"]))[:16].hex()
        need(link == said["link"], "not-included", "the line has another place among those about its person")
    return {
        "genuine": True,
        "about_subject": subject is not None,
        "index": place,
        "size": number(size),
        "origin": origin,
        "witnessed_s": seen,
        "nth": extra.get("nth"),
        "before": extra.get("before"),
        "hash": own.hex(),
        "event": event,
        "line": line,
    }


def main() -> int:
    """Check one file; print what it proves, or why it does not."""
    parser = argparse.ArgumentParser(description="Check a proof file of the log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True, help="the log's public key")
    parser.add_argument("--witness", help="a witness's public key: also check that it saw the log so")
    parser.add_argument("--subject", help="your customer code: also check that the line is about you")
    given = parser.parse_args()
    try:
        found = check(given.file.read_bytes(), given.key, given.subject, given.witness)
    except Rejected as fault:
        sys.stderr.write("REJECTED ({}): {}\n".format(*fault.args))
        return 1
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
