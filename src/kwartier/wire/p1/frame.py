"""The outer form of a sealed telegram, told apart and put together without any key: general-glo-ciphering (DLMS Green Book, 9.5).

DB 08 <system title 8> <length: 7 bits, or 81 and one byte, or 82 and two> <security control 1> <frame counter 4> ... <tag 12>
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.wire.p1.errors import BadFrame

START: Final = b"\xdb\x08"
TITLE: Final = 8
COUNTER: Final = 4
TAG: Final = 12
SECURED: Final = 0x30
"""Security control: suite 0, authenticated and encrypted."""
HEAD: Final = 14
"""So many bytes are enough to know how long a frame is."""
_LENGTH_AT: Final = len(START) + TITLE
_OWN: Final = 1 + COUNTER + TAG
_ONE, _TWO = 0x81, 0x82
_LONGEST: Final = 0xFFFF


@final
@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """The parts of a sealed frame."""

    title: bytes
    security: int
    counter: bytes
    ciphertext: bytes
    tag: bytes

    def join(self) -> bytes:
        """Return the bytes of the frame. Raises BadFrame if it is longer than its length can say."""
        length = _OWN + len(self.ciphertext)
        if length > _LONGEST:
            msg = "a sealed frame holds 65535 bytes at the most"
            raise BadFrame(msg)
        head = START + self.title + bytes((_TWO,)) + length.to_bytes(2, "big")
        return head + bytes((self.security,)) + self.counter + self.ciphertext + self.tag


def length_of(head: bytes) -> tuple[int, int]:
    """Return where the secured part begins, and how long it says to be. `head` goes as far as the length. Raises BadFrame."""
    first = head[_LENGTH_AT]
    if first == _TWO:
        return _LENGTH_AT + 3, int.from_bytes(head[_LENGTH_AT + 1 : _LENGTH_AT + 3], "big")
    if first == _ONE:
        return _LENGTH_AT + 2, head[_LENGTH_AT + 1]
    if first < _ONE - 1:
        return _LENGTH_AT + 1, first
    msg = "a sealed frame whose length is longer than two bytes"
    raise BadFrame(msg)


def split(data: bytes) -> Frame:
    """Take a frame apart. Raises BadFrame for anything that is not one whole frame."""
    if len(data) < HEAD or not data.startswith(START):
        msg = "not the beginning of a sealed frame"
        raise BadFrame(msg)
    at, length = length_of(data)
    if at + length != len(data) or length < _OWN:
        msg = "a sealed frame has another length than it says"
        raise BadFrame(msg)
    begin = at + 1 + COUNTER
    return Frame(data[len(START) : _LENGTH_AT], data[at], data[at + 1 : begin], data[begin:-TAG], data[-TAG:])
