"""Lengths as BER and A-XDR write them (ITU-T X.690 8.1.3, IEC 61334-6): the only code that both sides share."""

from kwartier.wire.dlms.errors import Malformed, Misuse

_SHORT = 0x80
"""Below this the length is the byte itself; from here on the low bits say how many bytes follow."""
_MOST_BYTES = 4
_MOST = 0xFFFFFFFF


def encode(length: int) -> bytes:
    """Write a definite length in as few bytes as it takes. Raises Misuse below 0 and above 2^32 - 1."""
    if 0 <= length < _SHORT:
        return bytes((length,))
    if not 0 <= length <= _MOST:
        msg = "a length is between 0 and 2^32 - 1"
        raise Misuse(msg)
    size = (length.bit_length() + 7) // 8
    return bytes((_SHORT | size,)) + length.to_bytes(size, "big")


def decode(data: bytes, at: int) -> tuple[int, int]:
    """Read the length that starts at `at`; return it and where the contents start. Raises Malformed.

    Longer forms than needed are taken, since some meters always write two bytes. The contents themselves may lie beyond `data`.
    """
    if at >= len(data):
        msg = "the PDU ends where a length should be"
        raise Malformed(msg)
    first = data[at]
    at += 1
    if first < _SHORT:
        return first, at
    size = first - _SHORT
    if not 0 < size <= _MOST_BYTES or at + size > len(data):
        msg = "an indefinite, too long or cut-off length"
        raise Malformed(msg)
    return int.from_bytes(data[at : at + size], "big"), at + size
