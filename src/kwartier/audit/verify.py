"""Check a proof file of Kwartier's log, offline and alone: standard library and `cryptography`, nothing of Kwartier.

    python verify.py FILE --key VKEY [--witness VKEY] [--subject CODE]

A proof file (c2sp.org/tlog-proof@v1) says: this line stands in the log at this index, and the operator signed a tree that holds
it. Whoever has the operator's public key can check that; whoever knows the customer's code can check that the line is about
them; whoever has a witness's key can check that another party saw that very tree (tlog-cosignature v1). This module shares no code
with the one that writes the log, on purpose: it is what one would write from the papers, RFC 6962 section 2.1 and the C2SP
documents signed-note, tlog-checkpoint and tlog-proof.

It is stricter than they are, so that no byte of a file can be changed unseen: base64 and JSON in their canonical form only, one
signature line of the log, then at most one per witness, no extension lines. A witness whose key is not given proves nothing.
Every refusal is a `Rejected` with one of these codes:

    malformed       not a proof file, or not written in the one form it can have
    bad-key         the public key given is none
    wrong-origin    the tree head is of another log
    bad-signature   the tree head was not signed with this key
    not-witnessed   the witness whose key is given did not sign the tree head
    not-included    the line, its place or its path do not lead to what was signed
    other-subject   the line is not about the person asked about
    erased          the line can no longer be tied to any person, because its salt was erased
"""

import argparse
import binascii
import hashlib
import hmac
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_BYTES = 1 << 20
MOST_HASHES = 63
MOST_WITNESSES = 8
OPENING = {"before", "nth", "salt"}
LOG_KEY, WITNESS_KEY = 1, 4
COSIGNATURE = 4 + 8 + 64
"""Bytes of a witness's signature: key id, time, Ed25519."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class Rejected(Exception):
    """The proof does not prove. `code` is stable (see above); the text is for a reader."""

    def __init__(self, code: str, text: str) -> None:
        """`code` says what kind of fault, `text` which."""
        super().__init__(text)
        self.code = code


class Place(NamedTuple):
    """Where a line stands among those about one person at one connection; single events and lines of batches count apart.

    `nth` is 1 for the first line, `own` its hash, `before` the hash of the one before it (zeros for the first).
    """

    connection: int
    batch: bool
    nth: int
    own: bytes
    before: bytes


@final
@dataclass(frozen=True, slots=True)
class Verified:
    """What a genuine proof says. `event` is the entry, `line` the line of the batch it is about, None for a single event.

    `witnessed_s` is when the witness says it saw the tree (epoch seconds), None if no witness was asked about.
    `place` is None where the line is about no person, was untied from it, or is from before lines were counted.
    `about_subject` is True if a subject code was given: then the line is about that person (otherwise it would be rejected).
    """

    origin: str
    index: int
    size: int
    event: Mapping[str, Any]
    line: Mapping[str, Any] | None
    about_subject: bool
    witnessed_s: int | None
    place: Place | None

    @property
    def says(self) -> Mapping[str, Any]:
        """The body of the line itself: that of the batch's line, or of the single event."""
        found: Mapping[str, Any] = (self.event if self.line is None else self.line)["body"]
        return found


@final
@dataclass(frozen=True, slots=True)
class _File:
    """A proof file, taken apart."""

    extra: Mapping[str, Any]
    index: int
    path: Sequence[bytes]
    origin: str
    size: int
    root: bytes
    signed: bytes
    signer: str
    signature: bytes
    others: Sequence[tuple[str, bytes]]


def verify(text: str | bytes, vkey: str, subject_code: str | None = None, witness: str | None = None) -> Verified:
    """Return what a proof file says if it proves it. Raises Rejected, and nothing else whatever the text is."""
    name, key_id, key = _key(vkey)
    file = _taken_apart(text)
    _check_signature(file, name, key_id, key)
    seen = None if witness is None else _witnessed(file, witness)
    event = _event(file.extra)
    if _climb(_leaf_hash(event), file.index, file.size, file.path) != file.root:
        _refuse("not-included", "the path does not lead from the line to the signed root")
    line = _line(file.extra, event)
    about = _about(event if line is None else line, file.extra, subject_code)
    return Verified(file.origin, file.index, file.size, event, line, about, seen, _place(event, line, file.extra))


def left_out(files: Iterable[Verified]) -> list[str]:
    """Say what is missing between the lines about one person that these files prove; nothing if they follow one another.

    Lines before the first and after the last one given are not known here. An erased line counts as missing.
    """
    chains: dict[tuple[int, bool], dict[int, Place]] = {}
    said = []
    for place in (one.place for one in files if one.place is not None):
        of_chain = chains.setdefault((place.connection, place.batch), {})
        if of_chain.setdefault(place.nth, place).own != place.own:
            said.append(f"there are two lines {place.nth} at connection {place.connection}")
    for (connection, batch), places in sorted(chains.items()):
        what = f"of {'batches' if batch else 'single events'} at connection {connection}"
        for nth in range(min(places), max(places) + 1):
            if nth not in places:
                said.append(f"line {nth} {what} is missing")
            elif nth - 1 in places and places[nth].before != places[nth - 1].own:
                said.append(f"line {nth} {what} does not follow line {nth - 1}")
    return said


def _refuse(code: str, text: str) -> NoReturn:
    raise Rejected(code, text)


# The text


def _taken_apart(text: str | bytes) -> _File:
    """Take a proof file apart, accepting the one form only in which it can be written."""
    lines = _lines(text)
    if lines[0] != "c2sp.org/tlog-proof@v1" or "" not in lines:
        _refuse("malformed", "this is not a proof file")
    gap = lines.index("")
    head, note = lines[:gap], lines[gap + 1 :]
    if len(head) < 3 or not 6 <= len(note) <= 6 + MOST_WITNESSES or note[3] or note[-1]:  # noqa: PLR2004 - see the names below
        _refuse("malformed", "a proof file has an extra line, an index, hashes, and a checkpoint with its signatures")
    if len(head) > 3 + MOST_HASHES:
        _refuse("malformed", "there are more hashes than a path can have")
    origin, size, root, _, *signatures, _ = note
    (signer, signature), *others = [_signature(one) for one in signatures]
    if len({signer, *(name for name, _ in others)}) != len(signatures) or any(len(one) != COSIGNATURE for _, one in others):
        _refuse("malformed", "a signature beside that of the log is not that of a witness")
    return _File(
        extra=_json(_base64(_after("extra ", head[1]))),
        index=_number(_after("index ", head[2])),
        path=[_hash(one) for one in head[3:]],
        origin=origin,
        size=_number(size),
        root=_hash(root),
        signed=f"{origin}\n{size}\n{root}\n".encode(),
        signer=signer,
        signature=signature,
        others=others,
    )


def _signature(line: str) -> tuple[str, bytes]:
    """Return who signed, and key id with signature."""
    dash, signer, signed_with = (*line.split(" "), "", "", "")[:3]
    if dash != "\N{EM DASH}" or line.count(" ") != 2:  # noqa: PLR2004 - dash, name, base64
        _refuse("malformed", "the signature line is not one")
    return signer, _base64(signed_with)


def _lines(text: str | bytes) -> list[str]:
    try:
        data = text.encode() if isinstance(text, str) else text
        if len(data) > MOST_BYTES:
            _refuse("malformed", "this is too long for a proof file")
        return data.decode().split("\n")
    except UnicodeError:
        _refuse("malformed", "this is not UTF-8")


def _after(word: str, line: str) -> str:
    if not line.startswith(word):
        _refuse("malformed", f"there is no line that starts with {word.strip()}")
    return line.removeprefix(word)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        _refuse("malformed", "a number is not written as one")
    return int(text)


def _base64(text: str) -> bytes:
    try:
        found = b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeError, ValueError):
        _refuse("malformed", "this is not base64")
    if b64encode(found).decode() != text:
        _refuse("malformed", "this base64 has another form than the canonical one")
    return found


def _hash(text: str) -> bytes:
    found = _base64(text)
    if len(found) != hashlib.sha256().digest_size:
        _refuse("malformed", "a hash has 32 bytes")
    return found


def _hex(value: object, size: int) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value) or len(value) != 2 * size:
        _refuse("malformed", "a value in hexadecimal has another form")
    return bytes.fromhex(value)


def _json(data: bytes) -> Mapping[str, Any]:
    """Read the extra data: an object in canonical JSON and no other form, which also excludes a key said twice."""
    try:
        found = json.loads(data, parse_float=_no_float, parse_constant=_no_float)
        canonical = _canonical(found)
    except (ValueError, RecursionError):
        _refuse("malformed", "the extra data are not JSON")
    if canonical != data:
        _refuse("malformed", "the extra data are not in canonical form")
    return _object(found, "the extra data")


def _no_float(_: str) -> NoReturn:
    _refuse("malformed", "the log holds whole numbers only")


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _refuse("malformed", f"{what} must be an object")
    return value


# The signature


@cache
def _key(vkey: str, kind: int = LOG_KEY) -> tuple[str, bytes, bytes]:
    """Take a C2SP public key apart: name, key id, key. Type 1 is Ed25519, type 4 Ed25519 of a witness."""
    parts = vkey.strip().split("+", 2)
    try:
        name, key_id, public = parts[0], bytes.fromhex(parts[1]), b64decode(parts[2].encode(), validate=True)
        Ed25519PublicKey.from_public_bytes(public[1:])
    except (IndexError, ValueError):
        _refuse("bad-key", "this is not a public key of a log or witness")
    if public[0] != kind or key_id != hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]:
        _refuse("bad-key", "this public key contradicts itself")
    return name, key_id, public[1:]


def _check_signature(file: _File, name: str, key_id: bytes, key: bytes) -> None:
    if file.origin != name:
        _refuse("wrong-origin", "this is a proof about another log")
    if file.signer != name or file.signature[:4] != key_id:
        _refuse("bad-signature", "the tree head was signed with another key")
    if not _signed(key, file.signature[4:], file.signed):
        _refuse("bad-signature", "the signature of the tree head is forged")


@lru_cache(maxsize=64)
def _signed(key: bytes, signature: bytes, text: bytes) -> bool:
    """Check an Ed25519 signature; many files hang under one tree head, whose signature is then checked once."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _witnessed(file: _File, witness: str) -> int:
    """Return when the witness with this key says it saw the tree head (epoch seconds)."""
    name, key_id, key = _key(witness, WITNESS_KEY)
    for signer, data in file.others:
        if signer == name and data[:4] == key_id:
            at = int.from_bytes(data[4:12], "big")
            if _signed(key, data[12:], f"cosignature/v1\ntime {at}\n".encode() + file.signed):
                return at
    _refuse("not-witnessed", "the witness did not sign this tree head")


# The tree: RFC 6962 section 2.1, from the top down


def _leaf_hash(value: object) -> bytes:
    return hashlib.sha256(b"\x00" + _canonical(value)).digest()


def _climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root of a tree of `size` leaves in which `leaf` has this index and this path; None if there is no such place."""
    if index >= size:
        return None
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    left_size = 1
    while left_size * 2 < size:
        left_size *= 2
    if index < left_size:
        below = _climb(leaf, index, left_size, path[:-1])
        return None if below is None else hashlib.sha256(b"\x01" + below + path[-1]).digest()
    below = _climb(leaf, index - left_size, size - left_size, path[:-1])
    return None if below is None else hashlib.sha256(b"\x01" + path[-1] + below).digest()


def _event(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    event = _object(extra.get("event"), "the event")
    if not isinstance(event.get("body"), dict) or not all(isinstance(event.get(one), str) for one in ("actor", "at", "kind")):
        _refuse("malformed", "the event does not say what happened, when and by whom")
    return event


def _line(extra: Mapping[str, Any], event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the line of the batch that the file is about, None if it is about a single event."""
    if set(extra) - OPENING == {"event"}:
        return None
    if set(extra) - OPENING != {"event", "leaf", "number", "path"} or not event["kind"].startswith("batch:"):
        _refuse("malformed", "the extra data have other parts than they should")
    line, number, path, batch = _object(extra["leaf"], "the line"), extra["number"], extra["path"], event["body"]
    size, root = batch.get("leaves"), batch.get("root")
    if type(number) is not int or type(size) is not int or not isinstance(path, list) or not isinstance(line.get("body"), dict):
        _refuse("malformed", "the line of the batch has another form")
    if not 0 <= number < size or len(path) > MOST_HASHES:
        _refuse("not-included", "the batch has no such line")
    hashes = [_hex(one, 32) for one in path]
    if _climb(_leaf_hash(line), number, size, hashes) != _hex(root, 32):
        _refuse("not-included", "the path does not lead from the line to the root of its batch")
    return line


# The person


def _about(said: Mapping[str, Any], extra: Mapping[str, Any], subject_code: str | None) -> bool:
    """Check the salt against the line, and the line against the person if one is given."""
    if ("salt" in said) != ("subject" in said) or ("salt" in extra and "salt" not in said):
        _refuse("malformed", "salt and subject go together")
    if len({"salt" in extra and "link" in said, "nth" in extra, "before" in extra}) != 1 or ("link" in said and "salt" not in said):
        _refuse("malformed", "what opens a line goes together")
    salt = _hex(extra["salt"], 16) if "salt" in extra else None
    if salt is not None and hashlib.sha256(salt).digest()[:8] != _hex(said["salt"], 8):
        _refuse("not-included", "the salt is not the one that the line was made with")
    if subject_code is None:
        return False
    if "subject" not in said:
        _refuse("other-subject", "the line is about no person")
    if salt is None:
        _refuse("erased", "the line was untied from the person it was about")
    try:
        tag = hmac.digest(salt, subject_code.encode(), "sha256")
    except UnicodeError:
        _refuse("other-subject", "no person has such a code")
    if not hmac.compare_digest(tag, _hex(said["subject"], 32)):
        _refuse("other-subject", "the line is about somebody else")
    return True


def _place(event: Mapping[str, Any], line: Mapping[str, Any] | None, extra: Mapping[str, Any]) -> Place | None:
    """Check the line's number and the hash before it against its link; return its place in the person's chain."""
    if "nth" not in extra:
        return None
    said, nth, before = event if line is None else line, extra["nth"], _hex(extra["before"], 32)
    connection = event.get("connection") if line is None else line["body"].get("c")
    if type(nth) is not int or not 0 < nth < 1 << 63 or not (connection is None or type(connection) is int):
        _refuse("malformed", "a line has another number than lines have")
    if hashlib.sha256(_hex(extra["salt"], 16) + nth.to_bytes(8, "big") + before).digest()[:16] != _hex(said["link"], 16):
        _refuse("not-included", "the line has another place among the lines about this person")
    return Place(connection or 0, line is not None, nth, _leaf_hash(said), before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one file and say what it proves, as JSON; return 0 if it is genuine, 1 if not, 2 if it cannot be read."""
    parser = argparse.ArgumentParser(description="Check a proof file of the log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True, help="the operator's public key, name+id+base64")
    parser.add_argument("--witness", help="a witness's public key: also check that it saw the tree head")
    parser.add_argument("--subject", help="your customer code: also check that the line is about you")
    given = parser.parse_args(arguments)
    try:
        found = verify(given.file.read_bytes(), given.key, given.subject, given.witness)
    except OSError:
        sys.stderr.write("the file cannot be read\n")
        return 2
    except Rejected as fault:
        sys.stderr.write(f"REJECTED ({fault.code}): {fault}\n")
        return 1
    said: dict[str, Any] = {
        "genuine": True,
        "about_subject": found.about_subject,
        "index": found.index,
        "size": found.size,
        "origin": found.origin,
    }
    said["witnessed_s"] = found.witnessed_s
    sys.stdout.write(json.dumps({**said, "event": found.event, "line": found.line}, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
