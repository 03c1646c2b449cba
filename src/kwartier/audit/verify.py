"""Check a proof file of Kwartier's log, offline and alone: standard library and `cryptography`, nothing of Kwartier.

    python verify.py FILE --key VKEY [--witness VKEY] [--subject CODE]

A proof file (c2sp.org/tlog-proof@v1) says: this line stands in the log at this index, and the operator signed a tree that holds it.
Whoever has the operator's public key can check that; whoever knows the customer's code, that the line is about them; whoever has a
witness's key, that another party saw that very tree. This shares no code with what writes the log, on purpose: it is written from
the papers, RFC 6962 section 2.1 and C2SP signed-note, tlog-checkpoint, tlog-proof and tlog-cosignature. It is stricter than they
are, so that no byte of a file can be changed unseen: base64, and the JSON around what is hashed, in one form only; one signature of
the log, then at most one per witness; no extension lines. A witness whose key is not given proves nothing. Every refusal is a
`Rejected` with one of these codes:

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
import hmac
import json
import re
import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER, DASH, LOG_KEY, WITNESS_KEY = b"c2sp.org/tlog-proof@v1", b"\xe2\x80\x94", 1, 4
MOST_BYTES, MOST_HASHES, MOST_WITNESSES, COSIGNATURE = 1 << 20, 63, 8, 4 + 8 + 64
SHARED, SHOWN = 8, ("about_subject", "index", "size", "origin", "witnessed_s", "event", "line")
NUMBER, HASH = "0|[1-9][0-9]{0,18}", '"[0-9a-f]{64}"'
_NUMBER = re.compile(NUMBER.encode())
_BEGINS = re.compile(r'\{(?:"before":"([0-9a-f]{64})",)?"event":')
_ENDS = re.compile(
    rf'(?:,"nth":([1-9][0-9]{{0,18}}))?(?:,"number":({NUMBER}),"path":\[((?:{HASH}(?:,{HASH})*)?)\])?(?:,"salt":"([0-9a-f]{{32}})")?\}}'
)


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

    `about_subject` is True if a code was given: then the line is about that person. `witnessed_s` is when the witness saw the
    tree (epoch seconds), None if none was asked about. `place` is None for a line about nobody (any more), or never counted.
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


def verify(text: str | bytes, vkey: str, subject_code: str | None = None, witness: str | None = None) -> Verified:
    """Return what a proof file says if it proves it. Raises Rejected, and nothing else whatever the text is."""
    try:
        data = text.encode() if isinstance(text, str) else text
        head, gap, note = data.partition(b"\n\n")
        header, extra, index, *path = head.split(b"\n")
    except ValueError:
        _refuse("malformed", "this is not a proof file")
    if not gap or header != HEADER or len(data) > MOST_BYTES or len(path) > MOST_HASHES:
        _refuse("malformed", "this is not a proof file")
    said = _extra(_base64(_after(b"extra ", extra)))
    place = _number(_after(b"index ", index))
    origin, size, root, seen = tree_head(note, vkey, witness)
    own = sha256(b"\0" + said.event_bytes).digest()
    if _climb(own, place, size, path) != root:
        _refuse("not-included", "the path does not lead from the line to the signed root")
    if said.line is not None:
        own = _of_batch(said)
    about = _about(said, subject_code)
    return Verified(origin, place, size, said.event, said.line, about, seen, _place(said, own))


def _refuse(code: str, text: str) -> NoReturn:
    raise Rejected(code, text)


# How things are written: each in one form only


def _after(word: bytes, line: bytes) -> bytes:
    return line[len(word) :] if line.startswith(word) else _refuse("malformed", f"there is no line {word.decode()}")


def _number(text: bytes) -> int:
    return int(text) if _NUMBER.fullmatch(text) else _refuse("malformed", "a number is not written as one")


def _base64(text: bytes, size: int = 0) -> bytes:
    try:
        found = a2b_base64(text)
    except ValueError:
        _refuse("malformed", "this is not base64")
    if b2a_base64(found, newline=False) != text or (size and size != len(found)):
        _refuse("malformed", "this base64 has another form or size than it must have")
    return found


def _hashes(lines: Sequence[bytes]) -> list[bytes]:
    try:
        found = list(map(a2b_base64, lines))
    except ValueError:
        _refuse("malformed", "a hash is not base64")
    if b"".join(map(b2a_base64, found)) != b"".join([one + b"\n" for one in lines]) or not {32}.issuperset(map(len, found)):
        _refuse("malformed", "a hash has another form or size than it must have")
    return found


def _hex(value: object, size: int) -> bytes:
    try:
        found = bytes.fromhex(value)  # type: ignore[arg-type] # whatever stood in the file
    except (TypeError, ValueError):
        _refuse("malformed", "this is not hexadecimal")
    return found if found.hex() == value and len(found) == size else _refuse("malformed", "hexadecimal in another form")


class _Extra(NamedTuple):
    """What is proved, as it stands in the file, and the very bytes that were hashed of it."""

    event: Mapping[str, Any]
    event_bytes: bytes
    line: Mapping[str, Any] | None
    line_bytes: bytes
    number: int
    path: Sequence[bytes]
    salt: bytes | None
    nth: int | None
    before: bytes | None


def _no_float(_: str) -> NoReturn:
    raise ValueError


_read = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).raw_decode


def _extra(data: bytes) -> _Extra:
    """Take apart {"before":…,"event":…,"leaf":…,"nth":…,"number":…,"path":[…],"salt":…}, all but the event optional."""
    try:
        text = data.decode()
        begins = _BEGINS.match(text)
        at = begins.end() if begins else 0
        event, end = _read(text, at)
        leaf = end + len(',"leaf":') if text.startswith(',"leaf":', end) else None
        line, last = (None, end) if leaf is None else _read(text, leaf)
    except (ValueError, RecursionError):
        _refuse("malformed", "the extra data are not JSON")
    ends = _ENDS.fullmatch(text, last)
    if not begins or not ends or (ends[2] is None) != (leaf is None):
        _refuse("malformed", "the extra data have another form than they must have")
    if not isinstance(event, dict) or not isinstance(event.get("body"), dict):
        _refuse("malformed", "the event must be an object with a body")
    if not (isinstance(event.get("actor"), str) and isinstance(event.get("at"), str) and isinstance(event.get("kind"), str)):
        _refuse("malformed", "the event does not say what happened, when and by whom")
    before, (nth, number, path, salt) = begins[1], ends.groups()
    return _Extra(
        event,
        text[at:end].encode(),
        line,
        b"" if leaf is None else text[leaf:last].encode(),
        int(number or 0),
        [b2a_base64(bytes.fromhex(one), newline=False) for one in (path or "").split('"')[1::2]],
        None if salt is None else bytes.fromhex(salt),
        None if nth is None else int(nth),
        None if before is None else bytes.fromhex(before),
    )


# The tree head: who signed it


@lru_cache(maxsize=64)
def tree_head(note: bytes, vkey: str, witness: str | None) -> tuple[str, int, bytes, int | None]:
    """Return origin, size and root of a signed tree head, and when the witness saw it. Raises Rejected.

    Many proofs hang under one head.
    """
    text, _, rest = note.partition(b"\n\n")
    lines, (*signed, end) = text.split(b"\n"), rest.split(b"\n")
    if len(lines) != 3 or end or not 1 <= len(signed) <= 1 + MOST_WITNESSES:  # noqa: PLR2004 - origin, size, root
        _refuse("malformed", "a checkpoint has three lines and its signatures")
    size, root = _number(lines[1]), _base64(lines[2], 32)
    (signer, signature), *others = signatures = [_signature(one) for one in signed]
    if len({name for name, _ in signatures}) != len(signatures) or any(len(one) != COSIGNATURE for _, one in others):
        _refuse("malformed", "a signature beside that of the log is not that of a witness")
    name, key_id, key = _key(vkey, LOG_KEY)
    if lines[0] != name:
        _refuse("wrong-origin", "this is a proof about another log")
    if signer != name or signature[:4] != key_id or not _is_signed(key, signature[4:], text + b"\n"):
        _refuse("bad-signature", "the tree head was not signed with this key")
    return name.decode(), size, root, None if witness is None else _witnessed(others, text + b"\n", witness)


def _witnessed(others: Sequence[tuple[bytes, bytes]], text: bytes, witness: str) -> int:
    name, key_id, key = _key(witness, WITNESS_KEY)
    for signer, data in others:
        at = int.from_bytes(data[4:12], "big")
        if (signer, data[:4]) == (name, key_id) and _is_signed(key, data[12:], b"cosignature/v1\ntime %d\n" % at + text):
            return at
    _refuse("not-witnessed", "the witness did not sign this tree head")


def _signature(line: bytes) -> tuple[bytes, bytes]:
    dash, signer, signed = (*line.split(b" "), b"", b"", b"")[:3]
    if dash != DASH or line.count(b" ") != 2:  # noqa: PLR2004 - dash, name, base64
        _refuse("malformed", "the signature line is not one")
    return signer, _base64(signed)


def _key(vkey: str, kind: int) -> tuple[bytes, bytes, Ed25519PublicKey]:
    """Take a C2SP public key apart: name, key id, key. Type 1 is Ed25519, type 4 Ed25519 of a witness."""
    try:
        name, key_id, public = (one.encode() for one in vkey.strip().split("+", 2))
        kind_and_key, given = a2b_base64(public, strict_mode=True), bytes.fromhex(key_id.decode())
        key = Ed25519PublicKey.from_public_bytes(kind_and_key[1:])
    except ValueError:
        _refuse("bad-key", "this is not a public key of a log or witness")
    if kind_and_key[0] != kind or given != sha256(name + b"\n" + kind_and_key).digest()[:4]:
        _refuse("bad-key", "this public key contradicts itself")
    return name, given, key


def _is_signed(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


# The tree: RFC 6962 section 2.1


def _climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root of a tree of `size` leaves in which leaf `index` has this hash and this path (each hash in base64).

    None if there is no such place. Below where its way meets that of the last leaf, the bits of the index tell left from right;
    above, siblings are on the left.
    """
    below = (index ^ (size - 1)).bit_length()
    if index >= size or len(path) != below + (index >> below).bit_count():
        return None
    own, siblings_left = max(len(path) - SHARED, 0), index | -1 << below
    return _shared(_up(leaf, siblings_left, path[:own]), siblings_left >> own, tuple(path[own:]))


def _up(found: bytes, siblings_left: int, path: Sequence[bytes]) -> bytes:
    for sibling in _hashes(path):
        found = sha256(b"\1" + sibling + found if siblings_left & 1 else b"\1" + found + sibling).digest()
        siblings_left >>= 1
    return found


_shared = lru_cache(maxsize=1024)(_up)
"""Under one tree head many paths end alike."""


def _of_batch(said: _Extra) -> bytes:
    """Check that the line is one of the batch's, whose root stands in its event; return its hash."""
    own = sha256(b"\0" + said.line_bytes).digest()
    line, size, root = said.line, said.event["body"].get("leaves"), said.event["body"].get("root")
    if not isinstance(line, dict) or not isinstance(line.get("body"), dict) or not said.event["kind"].startswith("batch:"):
        _refuse("malformed", "the line of the batch has another form")
    if type(size) is not int:
        _refuse("malformed", "the batch does not say how many lines it has")
    if _climb(own, said.number, size, said.path) != _hex(root, 32):
        _refuse("not-included", "the path does not lead from the line to the root of its batch")
    return own


# The person


def _about(said: _Extra, subject_code: str | None) -> bool:
    """Check the salt against the line, and the line against the person if one is given."""
    own = said.event if said.line is None else said.line
    if ("salt" in own) != ("subject" in own) or (said.salt is not None and "salt" not in own):
        _refuse("malformed", "salt and subject go together")
    if not (said.salt is not None and "link" in own) == (said.nth is not None) == (said.before is not None):
        _refuse("malformed", "what opens a line goes together")
    if "link" in own and "salt" not in own:
        _refuse("malformed", "a line about nobody has no link")
    if said.salt is not None and sha256(said.salt).digest()[:8] != _hex(own["salt"], 8):
        _refuse("not-included", "the salt is not the one of this line")
    if subject_code is None:
        return False
    if "subject" not in own:
        _refuse("other-subject", "the line is about no person")
    if said.salt is None:
        _refuse("erased", "the line was untied from the person it was about")
    code = subject_code.encode(errors="replace")  # a code that is no Unicode is nobody's
    if not hmac.compare_digest(hmac.digest(said.salt, code, "sha256"), _hex(own["subject"], 32)):
        _refuse("other-subject", "the line is about somebody else")
    return True


def _place(said: _Extra, own: bytes) -> Place | None:
    """Check the line's number and the hash before it against its link; return its place in the person's chain."""
    if said.nth is None or said.before is None or said.salt is None:
        return None
    line = said.event if said.line is None else said.line
    connection = said.event.get("connection") if said.line is None else said.line["body"].get("c")
    if said.nth >= 1 << 63 or not (connection is None or type(connection) is int):
        _refuse("malformed", "a line has another number than lines have")
    if sha256(said.salt + said.nth.to_bytes(8, "big") + said.before).digest()[:16] != _hex(line["link"], 16):
        _refuse("not-included", "the line has another place among the lines about this person")
    return Place(connection or 0, said.line is not None, said.nth, own, said.before)


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
    said = {"genuine": True} | {key: getattr(found, key) for key in SHOWN}
    sys.stdout.write(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
