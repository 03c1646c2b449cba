"""The key that signs the log's checkpoints: Ed25519 (RFC 8032), named and written as C2SP signed-note v1.0.0 says.

A verifier key is `<name>+<key hash, 8 hex digits>+<base64 of 0x01 and the public key>`; the key hash is the first four bytes
of SHA-256(name | 0x0A | 0x01 | public key). log.key holds the customary
signer form `PRIVATE+KEY+<name>+<hash>+<base64 of 0x01 and the seed>`.
"""

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kwartier.keys import files
from kwartier.keys.errors import NoKey
from kwartier.model.errors import BadInput

PRIVATE_NAME: Final = "log.key"
PUBLIC_NAME: Final = "log.vkey"
_ED25519: Final = b"\x01"
_SIGNER: Final = re.compile(r"PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})\n?")


@final
class Signer:
    """Signs under a name. Shows the name only."""

    __slots__ = ("_private", "key_hash", "name", "vkey")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        """Take a key name (C2SP: not empty, no white space, no plus sign) and a private key. Raises BadInput."""
        if not name or "+" in name or any(c.isspace() for c in name):
            msg = "a key name is not empty and has no white space and no plus sign"
            raise BadInput(msg)
        public = _ED25519 + private.public_key().public_bytes_raw()
        self._private = private
        self.name: Final = name
        self.key_hash: Final = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey: Final = f"{name}+{self.key_hash.hex()}+{base64.b64encode(public).decode()}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes, the same for the same message."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        """Show who signs."""
        return f"Signer({self.name!r})"


def create(folder: Path, name: str) -> Signer:
    """Draw a key for this name and keep it in `folder` with its verifier key; one that is there stays. Raises BadInput, NoKey."""
    private = Ed25519PrivateKey.generate()
    signer = Signer(name, private)
    seed = base64.b64encode(_ED25519 + private.private_bytes_raw()).decode()
    kept = files.keep(folder / PRIVATE_NAME, f"PRIVATE+KEY+{name}+{signer.key_hash.hex()}+{seed}\n".encode())
    signer = _read(kept)
    if signer.name != name:
        msg = f"{PRIVATE_NAME} belongs to another name"
        raise NoKey(msg)
    files.keep(folder / PUBLIC_NAME, f"{signer.vkey}\n".encode(), mode=0o644)
    return signer


def load(folder: Path) -> Signer:
    """Return the signer of an installation's key folder. Raises NoKey."""
    return _read(files.read(folder / PRIVATE_NAME))


def _read(text: bytes) -> Signer:
    """Read the signer form; its key hash must be that of its key."""
    found = _SIGNER.fullmatch(text.decode("utf-8", "replace"))
    try:
        raw = base64.b64decode(found[3], validate=True) if found else b""
    except binascii.Error:
        raw = b""
    if found is None or len(raw) != 1 + 32 or raw[:1] != _ED25519:
        msg = f"{PRIVATE_NAME} does not hold a signing key"
        raise NoKey(msg)
    signer = Signer(found[1], Ed25519PrivateKey.from_private_bytes(raw[1:]))
    if signer.key_hash.hex() != found[2]:
        msg = f"{PRIVATE_NAME} is damaged: the key is not the one it names"
        raise NoKey(msg)
    return signer
