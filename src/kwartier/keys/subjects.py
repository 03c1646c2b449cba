"""A person's clear values under that person's own key: AES-SIV (RFC 5297), the same for the same value and key.

That it is the same lets an import see that nothing changed, without opening anything. Without the key nobody reads any copy.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from kwartier.keys.errors import BadSeal

KEY_BYTES: Final = 32
"""Two keys of 128 bits in one, as AES-SIV has them."""
NAME: Final = b"name"
"""What is sealed says what it is: a name does not open as anything else."""


def new_key() -> bytes:
    """Return a key for one person."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, what: bytes, value: str) -> bytes:
    """Return a clear value as it may be stored. It is not empty."""
    return AESSIV(key).encrypt(value.encode(), [what])


def unseal(key: bytes, what: bytes, sealed: bytes) -> str:
    """Return a clear value. Raises BadSeal for anything that `seal` with this key and kind did not make."""
    try:
        return AESSIV(key).decrypt(sealed, [what]).decode()
    except (InvalidTag, ValueError):
        msg = "not a value sealed under this person's key"
        raise BadSeal(msg) from None
