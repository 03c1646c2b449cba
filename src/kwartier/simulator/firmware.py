r"""Firmware for the town's meters: the format of an image, who signs it, and what a meter asks of one before it runs it.

`KWFW1\n`, length and model, length and version (ASCII), length of the body (u32, big endian), body; then the manufacturer's
Ed25519 signature (64 bytes) over all of it.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MODEL = "SMR5"
FIRST, PRESENT, NEXT = "5.0.0", "5.0.1", "5.0.2"
"""What a few meters were left with, what the others run, and what the town's operator is handed."""
_MAGIC = b"KWFW1\n"
_SIGNATURE = 64
_BODY = 20_000
_MOST_PARTS = 4


class Image(NamedTuple):
    """What an image says of itself."""

    model: str
    version: str
    body: bytes


def _manufacturer(seed: int) -> Ed25519PrivateKey:
    """Return the key of the manufacturer of a town's meters. It protects nothing but a simulated town."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"town {seed} manufacturer".encode()).digest())


@lru_cache(maxsize=8)
def public_key(seed: int) -> bytes:
    """Return the manufacturer's public key, 32 bytes: every meter of the town has it."""
    return _manufacturer(seed).public_key().public_bytes_raw()


def build(seed: int, model: str, version: str, body: bytes) -> bytes:
    """Return a signed image."""
    names = b"".join(bytes((len(name),)) + name for name in (model.encode("ascii"), version.encode("ascii")))
    signed = _MAGIC + names + len(body).to_bytes(4, "big") + body
    return signed + _manufacturer(seed).sign(signed)


@lru_cache(maxsize=8)
def release(seed: int, version: str) -> bytes:
    """Return the image of a version for the town's meters."""
    return build(seed, MODEL, version, hashlib.shake_256(f"firmware {version}".encode()).digest(_BODY))


def signature(image: bytes) -> bytes:
    """Return what a meter shows as the signature of its firmware: SHA-256 of the image."""
    return hashlib.sha256(image).digest()


@lru_cache(maxsize=8)
def release_signature(seed: int, version: str) -> bytes:
    """Return what meters show that run a version as it was released."""
    return signature(release(seed, version))


def read(image: bytes, key: bytes) -> Image | None:
    """Take an image apart; None unless it is whole and signed by the manufacturer."""
    signed, signed_by = image[:-_SIGNATURE], image[-_SIGNATURE:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed_by, signed)
    except InvalidSignature:
        return None
    return _read(signed)


def _read(signed: bytes) -> Image | None:
    """Take apart what was signed; None if a length leads astray."""
    if not signed.startswith(_MAGIC):
        return None
    names, at = [], len(_MAGIC)
    for _ in ("model", "version"):
        size = signed[at : at + 1]
        names.append(signed[at + 1 : at + 1 + (size[0] if size else 0)])
        at += 1 + len(names[-1])
    body = signed[at + 4 :]
    if int.from_bytes(signed[at : at + 4], "big") != len(body) or not all(name.isascii() for name in names):
        return None
    return Image(names[0].decode("ascii"), names[1].decode("ascii"), body)


def newer(version: str, running: str) -> bool:
    """True if `version` comes after `running`; what is no version comes after nothing."""
    parts = _parts(version)
    return bool(parts) and parts > _parts(running)


def _parts(version: str) -> tuple[int, ...]:
    """Return the numbers between the dots; nothing if there are other things."""
    words = version.split(".")
    good = len(words) <= _MOST_PARTS and all(word.isascii() and word.isdigit() and len(word) <= _MOST_PARTS for word in words)
    return tuple(int(word) for word in words) if good else ()


def accepted(image: bytes, key: bytes, running: str) -> str | None:
    """Return the version of an image that a meter running `running` takes; None if it takes it not."""
    found = read(image, key)
    return found.version if found and found.model == MODEL and newer(found.version, running) else None


def write(folder: Path, seed: int) -> None:
    """Write the manufacturer's public key, the next version, and that with one byte of its body changed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manufacturer.pub").write_text(public_key(seed).hex() + "\n", encoding="ascii")
    image = release(seed, NEXT)
    (folder / f"{MODEL}-{NEXT}.kwf").write_bytes(image)
    at = len(image) // 2
    tampered = image[:at] + bytes((image[at] ^ 1,)) + image[at + 1 :]
    (folder / f"{MODEL}-{NEXT}-tampered.kwf").write_bytes(tampered)
