"""Is this line in the grid operator's log, unchanged, signed, and about me? Checks a proof file offline. Read it: it is short.

    pip install cryptography
    python check_proof.py FILE --key LOG_KEY [--witness WITNESS_KEY] [--subject YOUR_CODE]

LOG_KEY and WITNESS_KEY are public keys, name+id+base64; YOUR_CODE is your customer code. It is written from the papers, C2SP
tlog-proof, signed-note, tlog-checkpoint, tlog-cosignature, and RFC 6962, and shares no code with the log. It is stricter than they
are, so that no byte of a file can be changed unseen: all is written in one form only, one signature of the log comes first, then at
most one per witness. What it refuses it names:

    malformed       no proof file, or not written in the one form it can have
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
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 1, 4  # types of keys: Ed25519, and Ed25519 with which a witness signs time and tree
MOST_BYTES, MOST_HASHES, MOST_WITNESSES, COSIGNATURE = 1 << 20, 63, 8, 4 + 8 + 64
NO_KEY, NO_PROOF = ("bad-key", "this is no public key"), ("malformed", "this is no proof file")
read = json.JSONDecoder(parse_float=int, parse_constant=int).raw_decode  # the log has whole numbers only
N, HASH = "(0|[1-9][0-9]{0,18})", '"[0-9a-f]{64}"'
NUMBER = re.compile(N.encode())
BEFORE_IT = re.compile('{(?:"before":"([0-9a-f]{64})",)?"event":')
BEHIND_IT = re.compile(rf'(?:,"nth":{N})?(?:,"number":{N},"path":\[((?:{HASH}(?:,{HASH})*)?)\])?(?:,"salt":"([0-9a-f]{{32}})")?}}')


class Rejected(Exception):
    """The file does not prove it. `code` says what kind of fault (see above), the text which."""

    def __init__(self, code: str, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.code = code


class Place(NamedTuple):
    """Which of the lines about one person at one connection: `nth` from 1, its own hash, and that of the line before it."""

    connection: int
    batch: bool  # lines of batches count apart from single events
    nth: int
    own: bytes
    before: bytes


class Verified(NamedTuple):
    """What a file proves. `line` is None for a single event, `witnessed_s` (epoch seconds) where no witness was asked about.

    `place` is None for a line about nobody, or about nobody any more.
    """

    origin: str
    index: int  # type: ignore[assignment] # nobody asks a tuple for its own
    size: int
    event: Mapping[str, Any]
    line: Mapping[str, Any] | None
    about_subject: bool
    witnessed_s: int | None
    place: Place | None

    @property
    def says(self) -> Mapping[str, Any]:
        """The body of the line itself."""
        found: Mapping[str, Any] = (self.event if self.line is None else self.line)["body"]
        return found


def need(holds: object, code: str, text: str) -> None:
    """Go on only if it holds."""
    if not holds:
        raise Rejected(code, text)


def bits(text: bytes, size: int = 0) -> bytes:
    """Read base64, in its one form only: otherwise a letter could be changed unseen."""
    data = a2b_base64(text)
    need(b2a_base64(data, newline=False) == text and size in {0, len(data)}, "malformed", "base64 in another form")
    return data


def hexed(text: str, size: int) -> bytes:
    """Read hexadecimal, likewise."""
    data = bytes.fromhex(text)
    need(data.hex() == text and len(data) == size, "malformed", "hexadecimal in another form")
    return data


def whole(text: bytes) -> int:
    """Read a number, likewise."""
    need(NUMBER.fullmatch(text), "malformed", "a number in another form")
    return int(text)


def climb(found: bytes, on_the_left: int, path: Sequence[bytes]) -> bytes:
    """Climb past siblings in base64; the bits of a number say which of them are on the left."""
    siblings = [a2b_base64(one) for one in path]
    same = b"".join(map(b2a_base64, siblings)) == b"".join([one + b"\n" for one in path])
    need(same and {32}.issuperset(map(len, siblings)), "malformed", "a hash in another form")
    for sibling in siblings:
        found = sha256(b"\1" + sibling + found if on_the_left & 1 else b"\1" + found + sibling).digest()
        on_the_left >>= 1
    return found


climb_on = lru_cache(maxsize=1024)(climb)  # under one tree head many paths end alike


def root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root of a tree. Above where the way of a leaf meets that of the last leaf, all siblings are on the left."""
    below = (index ^ (size - 1)).bit_length()
    there = index < size and len(path) == below + (index >> below).bit_count()
    need(there, "not-included", "there is no such place in the tree")
    left, own = index | -1 << below, max(len(path) - 8, 0)
    return climb_on(climb(leaf, left, path[:own]), left >> own, tuple(path[own:]))


def signature(line: bytes) -> tuple[bytes, bytes]:
    """Return who signed, and key id with signature."""
    dash, name, signed = line.split(b" ")
    need(dash.decode() == "\N{EM DASH}", "malformed", "this is no signature")
    return name, bits(signed)


def public_key(vkey: str, kind: int) -> tuple[bytes, bytes, Ed25519PublicKey]:
    """Take a public key apart: name, id, key."""
    try:
        name, key_id, data = (one.encode() for one in vkey.strip().split("+", 2))
        public, given = a2b_base64(data, strict_mode=True), bytes.fromhex(key_id.decode())
        key = Ed25519PublicKey.from_public_bytes(public[1:])
    except ValueError:
        raise Rejected(*NO_KEY) from None
    need(public[0] == kind and given == sha256(name + b"\n" + public).digest()[:4], "bad-key", "this public key contradicts itself")
    return name, given, key


def is_signed(key: Ed25519PublicKey, signed: bytes, text: bytes) -> bool:
    """Tell whether this is the key's signature of the text."""
    try:
        key.verify(signed, text)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)  # many proofs hang under one head
def tree_head(note: bytes, vkey: str, witness: str | None) -> tuple[str, int, bytes, int | None]:
    """Return origin, size and root of a signed tree head, and when the witness saw it. Raises Rejected, and ValueError."""
    text, _, signed_by = note.partition(b"\n\n")
    origin, size, root = text.split(b"\n")
    *lines, end = signed_by.split(b"\n")
    (signer, signed), *others = signatures = [signature(one) for one in lines]
    once = len(dict(signatures)) == len(signatures) <= 1 + MOST_WITNESSES and {len(data) for _, data in others} <= {COSIGNATURE}
    need(once and not end, "malformed", "a signature beside that of the log is not that of a witness")
    name, key_id, key = public_key(vkey, LOG)
    need(origin == name, "wrong-origin", "this is a proof about another log")
    genuine = signer == name and signed[:4] == key_id and is_signed(key, signed[4:], text + b"\n")
    need(genuine, "bad-signature", "the tree head was not signed with this key")
    at = None
    if witness is not None:
        name, key_id, key = public_key(witness, WITNESS)
        seen = dict(others).get(name, b"")
        at = int.from_bytes(seen[4:12], "big")
        saw = seen[:4] == key_id and is_signed(key, seen[12:], b"cosignature/v1\ntime %d\n%b\n" % (at, text))
        need(saw, "not-witnessed", "the witness did not sign this tree head")
    return origin.decode(), whole(size), bits(root, 32), at


def verify(file: str | bytes, vkey: str, subject: str | None = None, witness: str | None = None) -> Verified:
    """Return what a file proves. Raises Rejected, and nothing else whatever it is given."""
    try:
        return checked(file.encode() if isinstance(file, str) else file, vkey, subject, witness)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError):
        raise Rejected(*NO_PROOF) from None


def checked(file: bytes, vkey: str, subject: str | None, witness: str | None) -> Verified:
    """Do so; raises other errors too where it is none."""
    # the file: what is proved, its place in the tree, the path to the root; then the signed root
    head, _, note = file.partition(b"\n\n")
    header, extra_line, index_line, *path = head.split(b"\n")
    form = header == b"c2sp.org/tlog-proof@v1" and extra_line[:6] == b"extra " and index_line[:6] == b"index "
    need(form and len(file) <= MOST_BYTES and len(path) <= MOST_HASHES, *NO_PROOF)
    origin, size, root, seen = tree_head(note, vkey, witness)
    # what is proved: {"before":…,"event":…,"leaf":…,"nth":…,"number":…,"path":[…],"salt":…}, all but the event optional
    index, extra, line = whole(index_line[6:]), bits(extra_line[6:]).decode(), None
    begins = BEFORE_IT.match(extra)
    start = begins.end() if begins else 0
    event, end = read(extra, start)
    own, last = sha256(b"\0" + extra[start:end].encode()).digest(), end
    if extra.startswith(',"leaf":{', end):
        line, last = read(extra, end + 8)
    ends = BEHIND_IT.fullmatch(extra, last)
    if not begins or not ends or (ends[2] is None) != (line is None):
        raise Rejected(*NO_PROOF)
    before, nth, number, inner, salt = begins[1], ends[1], ends[2], ends[3], ends[4]
    # the event is in the tree with this root
    need(root_of(own, index, size, path) == root, "not-included", "the path does not lead to the signed root")
    words = isinstance(event["actor"], str) and isinstance(event["at"], str) and isinstance(event["kind"], str)
    need(words and isinstance(event["body"], dict), "malformed", "the event does not say what happened, when and by whom")
    # a line of a batch is in the tree whose root stands in the event
    if line is not None:
        batch, steps = event["body"], [b2a_base64(bytes.fromhex(one), newline=False) for one in inner.split('"')[1::2]]
        need(event["kind"].startswith("batch:") and isinstance(line["body"], dict), "malformed", "only a batch has lines")
        need(type(batch["leaves"]) is int, "malformed", "the batch does not say how many lines it has")
        own = sha256(b"\0" + extra[end + 8 : last].encode()).digest()
        reached = root_of(own, int(number), batch["leaves"], steps) == hexed(batch["root"], 32)
        need(reached, "not-included", "the path does not lead to the root of the batch")
    # salt, number and the hash before are the line's own; with the salt the line is about you
    said, key, place = event if line is None else line, bytes.fromhex(salt or ""), None
    opened = (salt is None) == (nth is None) == (before is None) and ("link" in said) == ("subject" in said)
    need(opened, "malformed", "what ties a line to its person goes together")
    if salt is not None:
        connection = event["connection"] if line is None else line["body"]["c"]
        place = Place(0 if connection is None else connection, line is not None, int(nth), own, bytes.fromhex(before))
        need(0 < place.nth < 1 << 63 and type(place.connection) is int, "malformed", "a line has another number than lines have")
        link = sha256(key + place.nth.to_bytes(8, "big") + place.before).digest()[:16]
        need(link == hexed(said["link"], 16), "not-included", "the line has another place among those about its person")
    if subject is not None:
        need("subject" in said, "other-subject", "the line is about no person")
        need(salt, "erased", "the line was untied from its person")
        tag = hmac.digest(key, subject.encode(errors="replace"), "sha256")
        need(hmac.compare_digest(tag, hexed(said["subject"], 32)), "other-subject", "the line is about somebody else")
    return Verified(origin, index, size, event, line, subject is not None, seen, place)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one file and say what it proves, as JSON; return 0 if it is genuine, 1 if not, 2 if it cannot be read."""
    parser = argparse.ArgumentParser(description="Check a proof file of the log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True, help="the log's public key, name+id+base64")
    parser.add_argument("--witness", help="a witness's public key: also check that it saw the log so")
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
    said = {"genuine": True} | found._asdict() | {"place": None if found.place is None else found.place._asdict()}
    sys.stdout.write(json.dumps(said, ensure_ascii=False, indent=2, default=bytes.hex) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
