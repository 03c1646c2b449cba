r"""Key shipments: how a manufacturer or the previous operator hands over meter keys, readable by this installation only.

    KWSHIP1\n | ephemeral X25519 public key (32) | nonce (12) | AES-256-GCM ciphertext and tag
    key = HKDF-SHA256(X25519 shared secret, salt = ephemeral | recipient, info = "kwartier key shipment 1")
    additional data = the first 40 bytes (magic and ephemeral key)
    plaintext = JSON lines {"equipment_id", "system_title", "guek", "gak"}, the last three in hexadecimal

RFC 7748 (X25519), RFC 5869 (HKDF), NIST SP 800-38D (GCM). Anyone who has the public key can make a shipment: it says
nothing about who sent it, so its content is checked as strictly as any file from outside.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kwartier.keys import files
from kwartier.keys.errors import BadShipment, NoKey

PRIVATE_NAME: Final = "shipment.key"
PUBLIC_NAME: Final = "shipment.pub"
MAGIC: Final = b"KWSHIP1\n"
INFO: Final = b"kwartier key shipment 1"
_KEY: Final = 32
_NONCE: Final = 12
_TAG: Final = 16
_HEAD: Final = len(MAGIC) + _KEY
_LARGEST: Final = 1 << 30  # about five million meters; GCM in one call ends at 2 GiB
_LONGEST_LINE: Final = 512

_EQUIPMENT: Final = re.compile(r"[0-9A-Za-z._-]{1,32}")
_TITLE: Final = re.compile(r"[0-9A-Fa-f]{16}")
_SECRET: Final = re.compile(r"[0-9A-Fa-f]{32}")
_FIELDS: Final = {"equipment_id": _EQUIPMENT, "system_title": _TITLE, "guek": _SECRET, "gak": _SECRET}


@final
@dataclass(frozen=True, slots=True)
class ShippedKey:
    """The keys of one meter: `guek` and `gak` of 16 bytes, `system_title` of 8. Nothing of it is shown."""

    equipment_id: str = field(repr=False)
    system_title: bytes = field(repr=False)
    guek: bytes = field(repr=False)
    gak: bytes = field(repr=False)


def create(folder: Path) -> bytes:
    """Draw a key pair, keep it in `folder`, and return the public key (32 bytes, as in shipment.pub); one that is there stays."""
    drawn = X25519PrivateKey.generate().private_bytes_raw()
    private = _private(files.keep(folder / PRIVATE_NAME, drawn))
    return files.keep(folder / PUBLIC_NAME, private.public_key().public_bytes_raw(), mode=0o644)


def open(folder: Path, blob: bytes) -> list[ShippedKey]:  # noqa: A001 - a shipment is opened; used as shipment.open
    """Return the keys in a shipment to this installation. Raises BadShipment for any other bytes, NoKey without our own key."""
    private = _private(files.read(folder / PRIVATE_NAME))
    if not blob.startswith(MAGIC):
        msg = "not a key shipment of version 1"
        raise BadShipment(msg)
    if not _HEAD + _NONCE + _TAG <= len(blob) <= _LARGEST:
        msg = "too short or too long for a key shipment"
        raise BadShipment(msg)
    return _parse(_decrypt(private, blob))


def _private(raw: bytes) -> X25519PrivateKey:
    if len(raw) != _KEY:
        msg = f"{PRIVATE_NAME} does not hold a key"
        raise NoKey(msg)
    return X25519PrivateKey.from_private_bytes(raw)


def _decrypt(private: X25519PrivateKey, blob: bytes) -> bytes:
    head, nonce = blob[:_HEAD], blob[_HEAD : _HEAD + _NONCE]
    ephemeral = head[len(MAGIC) :]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError:  # a point of low order: the secret would be known to all
        msg = "the ephemeral key is not usable"
        raise BadShipment(msg) from None
    salt = ephemeral + private.public_key().public_bytes_raw()
    key = HKDF(SHA256(), length=32, salt=salt, info=INFO).derive(shared)
    try:
        return AESGCM(key).decrypt(nonce, blob[_HEAD + _NONCE :], head)
    except InvalidTag:
        msg = "the shipment was changed, or made for another installation"
        raise BadShipment(msg) from None


def _parse(plaintext: bytes) -> list[ShippedKey]:
    lines = plaintext.removesuffix(b"\n").split(b"\n") if plaintext else []
    keys = [_shipped(line, number) for number, line in enumerate(lines, 1)]
    for what in ("equipment_id", "system_title"):
        if len({getattr(key, what) for key in keys}) < len(keys):
            msg = f"two lines have the same {what}"
            raise BadShipment(msg)
    return keys


def _shipped(line: bytes, number: int) -> ShippedKey:
    if len(line) > _LONGEST_LINE:
        msg = "longer than a line can be"
        raise BadShipment(msg, number)
    try:
        found = json.loads(line, object_pairs_hook=list)
    except (ValueError, RecursionError):  # from None: the cause would quote the line
        msg = "not JSON"
        raise BadShipment(msg, number) from None
    values = _fields(found)
    if values is None:
        msg = "not an object of equipment_id, system_title, guek and gak in their forms"
        raise BadShipment(msg, number)
    return ShippedKey(
        equipment_id=values["equipment_id"],
        system_title=bytes.fromhex(values["system_title"]),
        guek=bytes.fromhex(values["guek"]),
        gak=bytes.fromhex(values["gak"]),
    )


def _fields(found: object) -> dict[str, str] | None:
    """Return the four fields if there is each once in its form and nothing else. An object came as a list of pairs."""
    if not isinstance(found, list) or len(found) != len(_FIELDS) or not all(isinstance(pair, tuple) for pair in found):
        return None
    values = dict(found)
    if values.keys() != _FIELDS.keys():
        return None
    fits = all(isinstance(values[name], str) and form.fullmatch(values[name]) for name, form in _FIELDS.items())
    return values if fits else None
