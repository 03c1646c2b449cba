"""Invariant: whatever bytes audit.verify.verify is given, it raises Rejected, or the bytes are those of the genuine file."""

import base64
import hashlib
import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kwartier.audit.verify import Rejected, Verified, verify

ORIGIN = "kwartier.test/log"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = b"\x01" + KEY.public_key().public_bytes_raw()
KEY_ID = hashlib.sha256(ORIGIN.encode() + b"\n" + PUBLIC).digest()[:4]
VKEY = f"{ORIGIN}+{KEY_ID.hex()}+{base64.b64encode(PUBLIC).decode()}"
BITS = [b"\n", b" ", b"=", b"\xe2\x80\x94", b"extra ", b"index 0", b"{}", b"[", b"0", b"9" * 30, b"\xff", b"\x00", b"A" * 44]


def genuine() -> bytes:
    """A tree of two leaves, the first of which is proved."""
    event = {"actor": "operator", "at": "2026-11-24T00:00:00.000000Z", "body": {"n": 1}, "connection": None, "kind": "view:shown"}
    said = json.dumps({"event": event}, separators=(",", ":"), sort_keys=True)
    leaf = hashlib.sha256(b"\x00" + json.dumps(event, separators=(",", ":"), sort_keys=True).encode()).digest()
    sibling = hashlib.sha256(b"\x00other").digest()
    root = base64.b64encode(hashlib.sha256(b"\x01" + leaf + sibling).digest()).decode()
    text = f"{ORIGIN}\n2\n{root}\n"
    signature = base64.b64encode(KEY_ID + KEY.sign(text.encode())).decode()
    extra, path = base64.b64encode(said.encode()).decode(), base64.b64encode(sibling).decode()
    return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n{path}\n\n{text}\n— {ORIGIN} {signature}\n".encode()


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Change, drop, double, exchange or insert something, a few times."""
    lines = data.split(b"\n")
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                lines[at] = chance.choice(BITS)
            case 1:
                del lines[at]
            case 2:
                lines.insert(at, chance.choice(lines) if lines else b"")
            case 3:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 4:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(BITS) + lines[at][place:]
            case _:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.randbytes(1) + lines[at][place + 1 :]
        if not lines:
            break
    return b"\n".join(lines)


def with_extra(chance: random.Random, data: bytes) -> bytes:
    """Mutate inside the extra data, behind the base64."""
    lines = data.split(b"\n")
    inner = bytearray(base64.b64decode(lines[1][6:]))
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(inner))
        inner[place : place + chance.randrange(3)] = chance.choice([*BITS, b'"', b"}", b":1", b"null", b"true"])
    lines[1] = b"extra " + base64.b64encode(bytes(inner))
    return b"\n".join(lines)


def judge(data: bytes) -> Verified | None:
    try:
        return verify(data, VKEY, None)
    except Rejected:
        return None


@pytest.mark.parametrize("count", [4_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_mutated_and_random_files_never_do_anything_else(count: int) -> None:
    data = genuine()
    said = verify(data, VKEY)
    chance = random.Random(count)
    for _ in range(count):
        for changed in (mutated(chance, data), with_extra(chance, data), chance.randbytes(chance.randrange(400))):
            found = judge(changed)
            assert found is None or (changed == data and found == said)


def test_byte_by_byte() -> None:
    data = genuine()
    for end in range(len(data)):
        assert judge(data[:end]) is None
    assert judge(data) is not None
