"""Suite 0: AES-GCM with 128-bit keys and tags of 12 bytes (DLMS UA Green Book 9.2.7; DSMR P3 4.2.2 chapter 7).

The nonce is system title and invocation counter. Additional data: security control, authentication key, then what is only
authenticated. A tag of 12 bytes is checked by encrypting twice: GCM encrypts by a counter stream, so encrypting the ciphertext
gives the plaintext, and encrypting that gives the tag. It costs 2 us against 8 us for the decryptor that takes short tags.
"""

from hmac import compare_digest
from typing import NamedTuple, final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kwartier.wire.dlms.errors import NotAuthentic
from kwartier.wire.dlms.server.octets import Reader

ENCRYPTED = 0x30
"""Security control: suite 0, authenticated and encrypted (policy 3)."""
AUTHENTICATED = 0x10
"""Security control of a GMAC: suite 0, authenticated only."""
_TAG = 12
_LEAST = 5 + _TAG
_TITLE = 8


class Protected(NamedTuple):
    """The contents of a ciphered PDU: security control, invocation counter, and ciphertext with tag."""

    control: int
    counter: int
    body: bytes


def split(data: bytes) -> Protected:
    """Take apart `control, counter, ciphertext, tag`. Raises Malformed, or NotAuthentic if too short to hold a tag."""
    if len(data) < _LEAST:
        msg = "too short to be protected"
        raise NotAuthentic(msg)
    reader = Reader(data)
    return Protected(reader.u8(), reader.number(4), reader.rest())


@final
class Sealer:
    """The two global keys of one meter, in use."""

    __slots__ = ("_aad", "_gcm", "_mac")

    def __init__(self, guek: bytes, gak: bytes) -> None:
        """Take the encryption and the authentication key, 16 bytes each."""
        self._gcm = AESGCM(guek)
        self._aad = bytes((ENCRYPTED,)) + gak
        self._mac = bytes((AUTHENTICATED,)) + gak

    def seal(self, title: bytes, counter: int, plain: bytes) -> bytes:
        """Return control, counter, ciphertext and tag. The caller sees to it that (title, counter) was never used."""
        stamp = counter.to_bytes(4, "big")
        return bytes((ENCRYPTED,)) + stamp + self._gcm.encrypt(title + stamp, plain, self._aad)[: _TAG - 16]

    def open(self, title: bytes, protected: Protected) -> bytes:
        """Return the plaintext. Raises NotAuthentic: policy 3 takes nothing less than authenticated and encrypted."""
        if protected.control != ENCRYPTED or len(title) != _TITLE:
            msg = "the security policy asks for authentication and encryption"
            raise NotAuthentic(msg)
        nonce = title + protected.counter.to_bytes(4, "big")
        plain = self._gcm.encrypt(nonce, protected.body[:-_TAG], None)[:-16]
        if not compare_digest(self._gcm.encrypt(nonce, plain, self._aad)[-16 : _TAG - 16], protected.body[-_TAG:]):
            msg = "the tag is wrong"
            raise NotAuthentic(msg)
        return plain

    def gmac(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        """Return f(challenge) of mechanism 5: control, counter and tag (Green Book table 43)."""
        stamp = counter.to_bytes(4, "big")
        return bytes((AUTHENTICATED,)) + stamp + self._gcm.encrypt(title + stamp, b"", self._mac + challenge)[:_TAG]

    def answers(self, title: bytes, reply: bytes, challenge: bytes) -> bool:
        """True if `reply` is f(challenge) under this title, whatever its counter."""
        if len(reply) != _LEAST:
            return False
        return compare_digest(self.gmac(title, int.from_bytes(reply[1:5], "big"), challenge), reply)
