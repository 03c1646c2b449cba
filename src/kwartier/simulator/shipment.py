"""The key shipment: the keys of all meters in one file that only the operator can open. Format: docs/ARCHITECTURE.md, keys."""

import base64
import binascii
import json
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kwartier.simulator import identity
from kwartier.simulator.errors import BadTown
from kwartier.simulator.town import Town

_MAGIC = b"KWSHIP1\n"
_INFO = b"kwartier key shipment 1"
_SIZE = 32


def read_recipient(path: Path) -> X25519PublicKey:
    """Read the operator's public key: 32 bytes as they are, in hex or in base64. Raises BadTown."""
    try:
        data = path.read_bytes()
        raw = data if len(data) == _SIZE else _decoded(data.strip())
        return X25519PublicKey.from_public_bytes(raw)
    except (OSError, ValueError) as error:
        msg = "the shipment key is no X25519 public key of 32 bytes"
        raise BadTown(msg) from error


def _decoded(text: bytes) -> bytes:
    """Return the bytes behind hex or base64. Raises ValueError."""
    if len(text) == 2 * _SIZE:
        return binascii.unhexlify(text)
    return base64.b64decode(text, validate=True)


def lines(town: Town) -> Iterator[str]:
    """Yield the plaintext: a JSON line per readable meter."""
    for number in numbers(town):
        keys = identity.keys(town.seed, number)
        yield json.dumps(
            {
                "equipment_id": identity.equipment_id(number),
                "system_title": identity.system_title(number).hex(),
                "guek": keys.guek.hex(),
                "gak": keys.gak.hex(),
            }
        )


def numbers(town: Town) -> Iterator[int]:
    """Yield the numbers of all readable meters: stations, then homes."""
    yield from (identity.station_number(t.index) for t in town.transformers)
    yield from (home.number for home in town.homes if home.has_meter)


def seal(recipient: X25519PublicKey, plain: bytes) -> bytes:
    """Seal bytes to the recipient."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    salt = public + recipient.public_bytes_raw()
    key = HKDF(SHA256(), 32, salt, _INFO).derive(ephemeral.exchange(recipient))
    nonce = os.urandom(12)
    head = _MAGIC + public
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head)
