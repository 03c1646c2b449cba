"""Sealed telegrams: DLMS general-glo-ciphering around the text (Luxembourg Smarty P1 1.1.3, 3.2.5; Austria the same).

    DB 08 <system title 8> <length> 30 <frame counter 4> <ciphertext> <tag 12>

AES-128-GCM under the meter's own key, nonce = system title and frame counter, additional data = 30 and an authentication key: in
Luxembourg one for all, published; in Austria each meter's own, handed out with the other. The tag is compared before any of the
text is looked at. This module alone needs `cryptography`; import it where sealed frames are expected.
"""

from dataclasses import dataclass, field
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import GCM

from kwartier.wire.p1.errors import BadFrame, BadKey, NotAuthentic
from kwartier.wire.p1.frame import COUNTER, SECURED, TAG, TITLE, Frame, split

LUXEMBOURG: Final = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
"""The authentication key of every meter in Luxembourg, as its specification publishes it."""
_KEY: Final = 16
_LAST: Final = 2**32 - 1


@final
@dataclass(frozen=True, slots=True)
class Keys:
    """A meter's encryption key and its authentication key, 16 bytes each."""

    encryption: bytes
    authentication: bytes = LUXEMBOURG

    def __post_init__(self) -> None:
        """Raise BadKey for keys of another length."""
        if {len(self.encryption), len(self.authentication)} != {_KEY}:
            msg = "keys of security suite 0 have 16 bytes"
            raise BadKey(msg)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Keys(...)"


@final
@dataclass(frozen=True, slots=True)
class Unsealed:
    """What a frame held. The counter rises with each frame of a title and key: one that does not was seen before."""

    text: bytes = field(repr=False)
    title: bytes = field(repr=False)
    counter: int


def unseal(data: bytes, keys: Keys) -> Unsealed:
    """Open one frame. Raises BadFrame for what is none of this kind, NotAuthentic for another key or changed bytes."""
    frame = split(data)
    if frame.security != SECURED:
        msg = "a sealed frame that is not both authenticated and encrypted"
        raise BadFrame(msg)
    opener = Cipher(AES128(keys.encryption), GCM(frame.title + frame.counter, frame.tag, min_tag_length=TAG)).decryptor()
    opener.authenticate_additional_data(bytes((SECURED,)) + keys.authentication)
    text = opener.update(frame.ciphertext)
    try:
        text += opener.finalize()
    except InvalidTag:
        msg = "the tag of a sealed frame is wrong: another key, or changed bytes"
        raise NotAuthentic(msg) from None
    return Unsealed(text, frame.title, int.from_bytes(frame.counter, "big"))


def seal(text: bytes, keys: Keys, title: bytes, counter: int) -> bytes:
    """Make one frame. A counter is used once under a key, ever. Raises BadKey for a title or counter of the wrong form."""
    if len(title) != TITLE or not 0 <= counter <= _LAST:
        msg = "a system title has 8 bytes, a frame counter lies within 0 to 2^32 - 1"
        raise BadKey(msg)
    count = counter.to_bytes(COUNTER, "big")
    sealer = Cipher(AES128(keys.encryption), GCM(title + count)).encryptor()
    sealer.authenticate_additional_data(bytes((SECURED,)) + keys.authentication)
    ciphertext = sealer.update(text) + sealer.finalize()
    return Frame(title, SECURED, count, ciphertext, sealer.tag[:TAG]).join()
