"""A strict decoder of A-XDR data (IEC 61334-6; tags of IEC 62056-5-3): one value in, plain Python values out.

Bounded in depth and in elements, so that no answer can make us spend more than its own size. Types that no register, clock or
profile of ours has (floats, compact arrays, BCD...) are refused.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kwartier.wire.dlms.client.reading import Cursor
from kwartier.wire.dlms.errors import Malformed

NULL: Final = 0x00
ARRAY: Final = 0x01
STRUCTURE: Final = 0x02
BIT_STRING: Final = 0x04
OCTETS: Final = 0x09
DATE_TIME: Final = 0x19
UNSIGNED: Final[Mapping[int, int]] = {0x11: 1, 0x12: 2, 0x06: 4, 0x15: 8, 0x16: 1}
"""Bytes of unsigned, long-unsigned, double-long-unsigned, long64-unsigned and enum."""
SIGNED: Final[Mapping[int, int]] = {0x0F: 1, 0x10: 2, 0x05: 4, 0x14: 8}
"""Bytes of integer, long, double-long and long64."""
_BOOLEAN: Final = 0x03
_FIXED: Final[Mapping[int, int]] = {DATE_TIME: 12, 0x1A: 5, 0x1B: 4}
_DEEPEST: Final = 8

Value = int | bytes | list["Value"] | None
"""null-data, a number, octets, or the elements of an array or a structure."""


def decode(data: bytes) -> Value:
    """Decode one value that fills `data`. Raises Malformed."""
    cursor = Cursor(data)
    value = decode_next(cursor)
    cursor.end()
    return value


def decode_next(cursor: Cursor, depth: int = 0) -> Value:
    """Decode the value at the cursor, which then stands behind it. Raises Malformed."""
    tag = cursor.byte()
    if tag == NULL:
        return None
    if tag in UNSIGNED:
        return cursor.number(UNSIGNED[tag])
    decoder = _DECODERS.get(tag)
    if decoder is None or depth > _DEEPEST:
        msg = "a type of data that is not known here, or nested too deep"
        raise Malformed(msg)
    return decoder(cursor, tag, depth)


def _signed(cursor: Cursor, tag: int, _depth: int) -> Value:
    return int.from_bytes(cursor.take(SIGNED[tag]), "big", signed=True)


def _boolean(cursor: Cursor, _tag: int, _depth: int) -> Value:
    """Return 0 or 1; TRUE is any byte but 0 (IEC 61334-6, 6.2)."""
    return int(cursor.byte() != 0)


def _octets(cursor: Cursor, _tag: int, _depth: int) -> Value:
    return cursor.field()


def _fixed(cursor: Cursor, tag: int, _depth: int) -> Value:
    return cursor.take(_FIXED[tag])


def _bits(cursor: Cursor, _tag: int, _depth: int) -> Value:
    """Return the bytes of a bit-string of whole bytes; the length counts bits, so Cursor.length() cannot bound it."""
    count = cursor.byte()
    if count % 8 or count >= 0x80:  # noqa: PLR2004 - a length of one byte
        msg = "a bit-string of another form than whole bytes"
        raise Malformed(msg)
    return cursor.take(count // 8)


def _elements(cursor: Cursor, _tag: int, depth: int) -> Value:
    """An element takes a byte at least, so a count beyond what is left is refused before anything is built."""
    return [decode_next(cursor, depth + 1) for _ in range(cursor.length())]


_DECODERS: Final[Mapping[int, Callable[[Cursor, int, int], Value]]] = {
    ARRAY: _elements,
    STRUCTURE: _elements,
    _BOOLEAN: _boolean,
    BIT_STRING: _bits,
    OCTETS: _octets,
    **dict.fromkeys(SIGNED, _signed),
    **dict.fromkeys(_FIXED, _fixed),
}
