"""Is this line in the grid operator's log, unchanged, signed, and about me? Checks a proof file offline. Read it: it is short.

    pip install cryptography    # for Python 3.11 or newer
    python check_proof.py FILE --key LOG_KEY [--witness WITNESS_KEY] [--subject YOUR_CODE]

LOG_KEY and WITNESS_KEY are public keys, name+id+base64; YOUR_CODE is your customer code. It is written from the papers, C2SP
tlog-proof, signed-note, tlog-checkpoint, tlog-cosignature, RFC 2104 and 6962, and shares no code with the log. It is stricter than
they are, so that no byte of a file can be changed unseen: all is written in one form only, one signature of the log comes first,
then at most one per witness. What it refuses it names:

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
MOST_BYTES, LINE = 1 << 20, 45  # of a file; of a hash in base64 with the end of its line
NO_KEY, NO_PROOF = ("bad-key", "this is no public key"), ("malformed", "this is no proof file, or not as it was downloaded")

# The one form of everything. Of a hash in base64 the last letter says 4 bits only: the others are 0.
N, HEX, HASH = "(0|[1-9][0-9]{0,18})", '"[0-9a-f]{64}"', "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n"
FILE = re.compile(rf"c2sp\.org/tlog-proof@v1\nextra (.+\n)index {N}\n((?:{HASH}){{0,63}})\n((?s:.+))\Z".encode())
NOTE = re.compile(rf"((.+)\n{N}\n({HASH}))\n((?:— \S+ \S+\n){{1,9}})\Z")
SIGNATURE = re.compile(r"— (\S+) (\S+\n)")
BEFORE = re.compile('{(?:"before":"([0-9a-f]{64})",)?"event":')
BEHIND = re.compile(rf'(?:,"nth":{N})?(?:,"number":{N},"path":\[((?:{HEX}(?:,{HEX})*)?)\])?(?(1),"salt":"([0-9a-f]{{32}})")}}\Z')
INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))  # how HMAC pads a key
read = json.JSONDecoder(parse_float=int, parse_constant=int).raw_decode  # the log has whole numbers only


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


def parts(form: re.Pattern[Any], text: str | bytes, start: int = 0) -> Sequence[Any]:
    """Take apart what must have this form."""
    found = form.match(text, start)
    if found is None:
        raise Rejected(*NO_PROOF)
    return found.groups()


def bits(line: bytes) -> bytes:
    """Read a line of base64, in its one form only: otherwise a letter could be changed unseen."""
    data = a2b_base64(line)
    need(b2a_base64(data) == line, "malformed", "base64 in another form")
    return data


def climb(found: bytes, on_the_left: int, path: bytes) -> bytes:
    """Climb past siblings, a line of base64 each; the bits of a number say which of them are on the left."""
    for line in path.splitlines():
        sibling = a2b_base64(line)
        found = sha256(b"\1" + sibling + found if on_the_left & 1 else b"\1" + found + sibling).digest()
        on_the_left >>= 1
    return found


climb_on = lru_cache(maxsize=2048)(climb)  # under one tree head many paths end alike


def root_of(leaf: bytes, index: int, size: int, path: bytes) -> bytes:
    """Return the root of a tree. Above where the way of a leaf meets that of the last leaf, all siblings are on the left."""
    below = (index ^ (size - 1)).bit_length()
    length = below + (index >> below).bit_count()
    need(index < size and len(path) == length * LINE, "not-included", "there is no such place in the tree")
    left, own = index | -1 << below, max(length - 10, 0)
    return climb_on(climb(leaf, left, path[: own * LINE]), left >> own, path[own * LINE :])


def tag(key: bytes, code: str) -> bytes:
    """Return HMAC-SHA256 as RFC 2104 writes it, in half the time of the library's."""
    block = key.ljust(64, b"\0")
    inner = sha256(block.translate(INNER) + code.encode(errors="replace")).digest()
    return sha256(block.translate(OUTER) + inner).digest()


def is_signed(text: bytes, signed: bytes, vkey: str, kind: int) -> bool:
    """Tell whether this text was signed with this key. Raises Rejected if it is none."""
    try:
        name, key_id, public = vkey.strip().split("+", 2)
        key = a2b_base64(public, strict_mode=True)
        own_id = sha256(f"{name}\n".encode() + key).digest()[:4]
        need(key[0] == kind and own_id.hex() == key_id, "bad-key", "this public key contradicts itself")
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(signed[-64:], text)
    except (ValueError, IndexError):
        raise Rejected(*NO_KEY) from None
    except InvalidSignature:
        return False
    return signed[:4] == own_id


@lru_cache(maxsize=64)  # many proofs hang under one head
def tree_head(note: bytes, vkey: str, witness: str | None) -> tuple[str, int, bytes, int | None]:
    """Return origin, size and root of a signed tree head, and when the witness saw it. Raises Rejected, and ValueError."""
    text, origin, size, root, lines = parts(NOTE, note.decode())
    signers = SIGNATURE.findall(lines)
    signed = {name: bits(line.encode()) for name, line in signers}
    # a signature is the id of the key, the time if a witness signed, and 64 bytes
    once = [len(data) for data in signed.values()] == [4 + 64] + [4 + 8 + 64] * (len(signers) - 1)
    need(once, "malformed", "the signatures are not that of the log, then one of each witness")
    genuine = is_signed(text.encode(), signed[signers[0][0]], vkey, LOG)
    need(origin == vkey.strip().partition("+")[0], "wrong-origin", "this is a proof about another log")
    need(genuine and signers[0][0] == origin, "bad-signature", "the tree head was not signed with this key")
    if witness is None:
        return origin, int(size), a2b_base64(root), None
    seen = signed.get(witness.strip().partition("+")[0], b"")
    at = int.from_bytes(seen[4:12], "big")
    saw = is_signed(f"cosignature/v1\ntime {at}\n{text}".encode(), seen, witness, WITNESS)
    need(saw, "not-witnessed", "the witness did not sign this tree head")
    return origin, int(size), a2b_base64(root), at


def verify(file: str | bytes, vkey: str, subject: str | None = None, witness: str | None = None) -> Verified:
    """Return what a file proves. Raises Rejected, and nothing else whatever it is given."""
    try:
        return checked(file.encode() if isinstance(file, str) else file, vkey, subject, witness)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError):
        raise Rejected(*NO_PROOF) from None


def checked(file: bytes, vkey: str, subject: str | None, witness: str | None) -> Verified:
    """Do so; raises other errors too where it is none."""
    # the file: what is proved, its place in the tree, the path to the root; then the signed root
    need(len(file) <= MOST_BYTES, *NO_PROOF)
    data, index, path, note = parts(FILE, file)
    origin, size, root, seen = tree_head(note, vkey, witness)
    # what is proved: {"before":…,"event":…,"leaf":…,"nth":…,"number":…,"path":[…],"salt":…}, all but the event optional
    extra = bits(data).decode()
    (before,), start = parts(BEFORE, extra), extra.index('"event":') + 8
    event, end = read(extra, start)
    line, last = read(extra, end + 8) if extra.startswith(',"leaf":{', end) else (None, end)
    nth, number, inner, salt = parts(BEHIND, extra, last)
    # the event is in the tree with this root
    index, own = int(index), sha256(b"\0" + extra[start:end].encode()).digest()
    need(root_of(own, index, size, path) == root, "not-included", "the path does not lead to the signed root")
    words = isinstance(event["actor"], str) and isinstance(event["at"], str) and isinstance(event["kind"], str)
    need(words and isinstance(event["body"], dict), "malformed", "the event does not say what happened, when and by whom")
    # a line of a batch is in the tree whose root stands in the event
    if line is not None:
        batch = event["kind"].startswith("batch:") and type(event["body"]["leaves"]) is int
        need(batch and isinstance(line["body"], dict), "malformed", "only a batch has lines, and says how many")
        steps = b"".join(b2a_base64(bytes.fromhex(one)) for one in inner.split('"')[1::2])
        own = sha256(b"\0" + extra[end + 8 : last].encode()).digest()
        reached = root_of(own, int(number), event["body"]["leaves"], steps).hex() == event["body"]["root"]
        need(reached, "not-included", "the path does not lead to the root of the batch")
    # salt, number and the hash before are the line's own; with the salt the line is about you
    said, key, place = event if line is None else line, bytes.fromhex(salt or ""), None
    together = (line is None) == (number is None) and (nth is None) == (before is None) and ("link" in said) == ("subject" in said)
    need(together, "malformed", "what opens a line goes together")
    if salt is not None:
        connection = event["connection"] if line is None else line["body"]["c"]
        place = Place(0 if connection is None else connection, line is not None, int(nth), own, bytes.fromhex(before))
        need(0 < place.nth < 1 << 63 and type(place.connection) is int, "malformed", "a line has another number than lines have")
        link = sha256(key + place.nth.to_bytes(8, "big") + place.before).hexdigest()[:32]
        need(link == said["link"], "not-included", "the line has another place among those about its person")
    if subject is not None:
        need("subject" in said, "other-subject", "the line is about no person")
        need(salt, "erased", "the line was untied from its person")
        need(tag(key, subject).hex() == said["subject"], "other-subject", "the line is about somebody else")
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
        with given.file.open("rb") as file:
            found = verify(file.read(MOST_BYTES + 1), given.key, given.subject, given.witness)  # a byte too many is refused
    except OSError:
        sys.stderr.write("the file cannot be read\n")
        return 2
    except Rejected as fault:
        sys.stderr.write(f"REJECTED ({fault.code}): {fault}\n")
        return 1
    said = {"genuine": True, **found._asdict(), "place": found.place and found.place._asdict()}
    sys.stdout.write(json.dumps(said, indent=2, default=bytes.hex) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
