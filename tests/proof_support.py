"""Proof files of a naive log in memory, after RFC 6962 itself; and how somebody changes one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "kwartier.test/log"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SALT = bytes(range(16))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def vkey_of(key: Ed25519PrivateKey, name: str = ORIGIN) -> str:
    public = b"\x01" + key.public_key().public_bytes_raw()
    return f"{name}+{hashlib.sha256(name.encode() + bytes([10]) + public).hexdigest()[:8]}+{b64(public)}"


VKEY = vkey_of(KEY)


def mth(data: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, naively."""
    if len(data) < 2:
        return hashlib.sha256(b"\x00" + data[0] if data else b"").digest()
    k = 2 ** ((len(data) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, naively."""
    if len(data) == 1:
        return []
    k = 2 ** ((len(data) - 1).bit_length() - 1)
    return [*path(m, data[:k]), mth(data[k:])] if m < k else [*path(m - k, data[k:]), mth(data[:k])]


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def about(code: str, nth: int = 1, before: bytes = bytes(32)) -> dict[str, str]:
    """What a line says of its person and of its place among those about that person."""
    link = hashlib.sha256(SALT + nth.to_bytes(8, "big") + before).hexdigest()[:32]
    return {"link": link, "subject": hmac.new(SALT, code.encode(), "sha256").hexdigest()}


OPENING: dict[str, Any] = {"before": bytes(32).hex(), "nth": 1, "salt": SALT.hex()}


def entry(number: int, code: str | None = None) -> dict[str, Any]:
    said = {
        "actor": "operator",
        "at": "2026-11-24T00:00:00.000000Z",
        "body": {"n": number, "é": "—"},
        "connection": 3,
        "kind": "view:shown",
    }
    return said | (about(code) if code else {})


def note(size: int, root: bytes, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
    text = f"{origin}\n{size}\n{b64(root)}\n"
    key_id = bytes.fromhex(vkey_of(key, origin).split("+")[1])
    return f"{text}\n— {origin} {b64(key_id + key.sign(text.encode()))}\n"


def proof_of(extra: dict[str, Any], index: int, entries: list[dict[str, Any]], signed: str | None = None) -> str:
    data = [canonical(one) for one in entries]
    hashes = "".join(f"{b64(one)}\n" for one in path(index, data))
    head = f"c2sp.org/tlog-proof@v1\nextra {b64(canonical(extra))}\nindex {index}\n{hashes}\n"
    return head + (signed or note(len(data), mth(data)))


def single(index: int = 5, size: int = 11, code: str | None = "anna") -> str:
    entries = [entry(n, code if n == index else None) for n in range(size)]
    return proof_of({"event": entries[index]} | (OPENING if code else {}), index, entries)


def batch(number: int = 2, lines: int = 5, index: int = 1, size: int = 4) -> str:
    leaves = [{"body": {"c": 3, "n": n}, **(about("anna") if n == number else {})} for n in range(lines)]
    data = [canonical(one) for one in leaves]
    entries = [entry(n) for n in range(size)]
    entries[index] |= {"kind": "batch:read", "body": {"batch": 1, "leaves": lines, "root": mth(data).hex()}}
    steps = [one.hex() for one in path(number, data)]
    return proof_of({"event": entries[index], "leaf": leaves[number], "number": number, "path": steps} | OPENING, index, entries)


def with_extra(text: str, change: Callable[[dict[str, Any]], object]) -> str:
    lines = text.split("\n")
    extra = json.loads(base64.b64decode(lines[1].removeprefix("extra ")))
    change(extra)
    lines[1] = f"extra {b64(canonical(extra))}"
    return "\n".join(lines)
