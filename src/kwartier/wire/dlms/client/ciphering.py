"""Protection of APDUs, security suite 0: AES-GCM-128 with a 12-byte tag (IEC 62056-5-3, 5.7; DSMR P3 security policy 3).

Every protected APDU is `SC IC ciphertext tag`: SC 0x30 (authenticated, encrypted), nonce = system title of the sender and IC,
additional data = SC and authentication key. The HLS answers are GMACs: SC 0x10, additional data = SC, that key, challenge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.errors import CountersExhausted, Malformed, Misuse, NotAuthentic

SEALED = 0x30
AUTHENTICATED = 0x10
TAG = 12
TITLE = 8
GMAC_LENGTH = 17
_KEY = 16
_LAST_IC = 0xFFFFFFFF
_GLO_HEADER = 5
_FULL_TAG = 16
_GENERAL_GLO = 0xDB


@final
class Counters:
    """The invocation counters [first, end) reserved for one meter. Each is given once: a nonce used twice breaks GCM."""

    __slots__ = ("_end", "next")

    def __init__(self, first: int, end: int) -> None:
        """Take the reserved range. Raises Misuse unless it lies within 0..2^32."""
        if not 0 <= first <= end <= _LAST_IC + 1:
            msg = "a range of invocation counters lies within 0 to 2^32"
            raise Misuse(msg)
        self.next = first
        self._end = end

    def keep(self, count: int) -> None:
        """Raise CountersExhausted if taking one more would leave fewer than `count`."""
        if self.next + count >= self._end:
            msg = "the reserved invocation counters are used up but for the release"
            raise CountersExhausted(msg)

    def take(self) -> bytes:
        """Return the next counter, four bytes big endian. Raises CountersExhausted at the end of the range."""
        taken = self.next
        if taken >= self._end:
            msg = "the reserved invocation counters are used up"
            raise CountersExhausted(msg)
        self.next = taken + 1
        return taken.to_bytes(4, "big")


@final
@dataclass(frozen=True, slots=True)
class Secrets:
    """What both sides know of each other: titles of 8 bytes, global unicast encryption key and authentication key of 16."""

    client_title: bytes
    meter_title: bytes
    guek: bytes
    gak: bytes

    def __post_init__(self) -> None:
        """Refuse titles and keys of another length, and one title for both: their counters would then make the same nonces."""
        if {len(self.client_title), len(self.meter_title)} != {TITLE} or {len(self.guek), len(self.gak)} != {_KEY}:
            msg = "system titles have 8 bytes, keys of suite 0 have 16"
            raise Misuse(msg)
        if self.client_title == self.meter_title:
            msg = "client and meter have the same system title"
            raise Misuse(msg)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Secrets(...)"


@final
class Protection:
    """Seals what we send and opens what the meter sends. The meter's counter must rise; its first value may be 0."""

    __slots__ = ("_aad", "_counters", "_gak", "_gcm", "_general", "_last_ic", "_meter_title", "_our_title")

    def __init__(self, secrets: Secrets, counters: Counters, *, general: bool = False) -> None:
        """Use these keys and counters; `general` asks in general-glo-ciphering (DB) instead of the form of each service."""
        self._gcm: Callable[[bytes, bytes, bytes | None], bytes] = AESGCM(secrets.guek).encrypt
        self._gak = secrets.gak
        self._aad = bytes((SEALED,)) + secrets.gak
        self._our_title = secrets.client_title
        self._meter_title = secrets.meter_title
        self._counters = counters
        self._general = bytes((_GENERAL_GLO, TITLE)) + secrets.client_title if general else b""
        self._last_ic = -1

    def seal(self, tag: int, plain: bytes) -> bytes:
        """Return `tag length SC IC ciphertext tag12` under a fresh counter. Raises CountersExhausted."""
        return bytes((tag,)) + self._seal(plain)

    def seal_service(self, tag: int, plain: bytes) -> bytes:
        """Seal one service request, in the form of the service (`tag`) or in the general one."""
        return (self._general or bytes((tag,))) + self._seal(plain)

    def _seal(self, plain: bytes) -> bytes:
        counter = self._counters.take()
        sealed = self._gcm(self._our_title + counter, plain, self._aad)
        length = lengths.encode(_GLO_HEADER + len(sealed) - _FULL_TAG + TAG)
        return b"".join((length, b"\x30", counter, sealed[: TAG - _FULL_TAG]))

    def open(self, sealed: bytes, at: int) -> bytes:
        """Open `length SC IC ciphertext tag` that starts at `at` and ends where `sealed` ends. Raises Malformed, NotAuthentic.

        AESGCM refuses tags of 12 bytes; GCM is a counter mode, so sealing the ciphertext gives the plaintext and sealing that again
        gives the full tag. The plaintext is not looked at before the tag was compared.
        """
        length, start = lengths.decode(sealed, at)
        end = len(sealed)
        if start + length != end or length < _GLO_HEADER + TAG:
            msg = "a protected APDU has another length than it says"
            raise Malformed(msg)
        counter = sealed[start + 1 : start + _GLO_HEADER]
        ic = int.from_bytes(counter, "big")
        if sealed[start] != SEALED or ic <= self._last_ic:
            msg = "not authenticated and encrypted, or the meter's invocation counter did not rise"
            raise NotAuthentic(msg)
        nonce = self._meter_title + counter
        plain = self._gcm(nonce, sealed[start + _GLO_HEADER : end - TAG], None)[:-_FULL_TAG]
        if not compare_digest(self._gcm(nonce, plain, self._aad)[-_FULL_TAG : TAG - _FULL_TAG], sealed[end - TAG :]):
            msg = "the tag of an APDU is wrong"
            raise NotAuthentic(msg)
        self._last_ic = ic
        return plain

    def open_service(self, apdu: bytes, tag: int) -> bytes:
        """Open an answer, `tag` of its service or general-glo-ciphering (DB) under the meter's title. Raises as open() does."""
        if apdu[:1] == bytes((tag,)):
            return self.open(apdu, 1)
        head = 2 + TITLE
        if apdu[:head] != bytes((_GENERAL_GLO, TITLE)) + self._meter_title:
            msg = "an answer without the protection that was asked for, or under another title"
            raise NotAuthentic(msg)
        return self.open(apdu, head)

    def answer(self, challenge: bytes) -> bytes:
        """Return f(challenge) of ours, `10 IC GMAC`, 17 bytes, under a fresh counter of its own."""
        counter = self._counters.take()
        return b"\x10" + counter + self._gmac(self._our_title + counter, challenge)

    def check(self, answer: bytes, challenge: bytes) -> None:
        """Raise NotAuthentic unless these 17 bytes are the meter's f(challenge)."""
        if len(answer) != GMAC_LENGTH or answer[0] != AUTHENTICATED:
            msg = "the meter's answer to our challenge has another form"
            raise NotAuthentic(msg)
        if not compare_digest(self._gmac(self._meter_title + answer[1:5], challenge), answer[5:]):
            msg = "the meter's answer to our challenge is wrong"
            raise NotAuthentic(msg)

    def _gmac(self, nonce: bytes, challenge: bytes) -> bytes:
        return self._gcm(nonce, b"", b"\x10" + self._gak + challenge)[:TAG]
