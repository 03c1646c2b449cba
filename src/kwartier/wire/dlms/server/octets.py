"""Reading bytes without ever running over their end, and writing the few A-XDR types a meter needs (IEC 61334-6, IEC 62056-6-2)."""

from collections.abc import Sequence
from typing import final

from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.errors import Malformed

NULL = b"\x00"
ARRAY = 0x01
STRUCTURE = 0x02
BOOLEAN = 0x03
BIT_STRING = 0x04
DOUBLE_LONG_UNSIGNED = 0x06
OCTET_STRING = 0x09
INTEGER = 0x0F
LONG = 0x10
UNSIGNED = 0x11
LONG_UNSIGNED = 0x12
ENUM = 0x16
DATE_TIME = 0x19


@final
class Reader:
    """A cursor over bytes. Every step raises Malformed where the bytes end too early."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0) -> None:
        """Start reading `data` at `at`."""
        self.data = data
        self.at = at
        self.end = len(data)

    def take(self, n: int) -> bytes:
        """Return the next `n` bytes."""
        stop = self.at + n
        if stop > self.end:
            msg = "the bytes end too early"
            raise Malformed(msg)
        piece = self.data[self.at : stop]
        self.at = stop
        return piece

    def u8(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def number(self, size: int) -> int:
        """Return the next unsigned big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def octets(self) -> bytes:
        """Return a length and the bytes it announces."""
        n, self.at = lengths.decode(self.data, self.at)
        return self.take(n)

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.end - self.at)

    def expect(self, value: bytes) -> None:
        """Read exactly these bytes."""
        if self.take(len(value)) != value:
            msg = "another byte stands where a fixed one belongs"
            raise Malformed(msg)

    def done(self) -> None:
        """Check that nothing is left."""
        if self.at != self.end:
            msg = "bytes are left over"
            raise Malformed(msg)


def sized(data: bytes) -> bytes:
    """Return length and bytes."""
    return lengths.encode(len(data)) + data


def tlv(tag: int, data: bytes) -> bytes:
    """Return tag, length and bytes (BER)."""
    return bytes((tag,)) + sized(data)


def octet_string(data: bytes) -> bytes:
    """Encode an octet-string."""
    return tlv(OCTET_STRING, data)


def u8(n: int) -> bytes:
    """Encode an unsigned."""
    return bytes((UNSIGNED, n))


def u16(n: int) -> bytes:
    """Encode a long-unsigned."""
    return bytes((LONG_UNSIGNED,)) + n.to_bytes(2, "big")


def u32(n: int) -> bytes:
    """Encode a double-long-unsigned."""
    return bytes((DOUBLE_LONG_UNSIGNED,)) + n.to_bytes(4, "big")


def i16(n: int) -> bytes:
    """Encode a long."""
    return bytes((LONG,)) + n.to_bytes(2, "big", signed=True)


def enum(n: int) -> bytes:
    """Encode an enum."""
    return bytes((ENUM, n))


def boolean(value: bool) -> bytes:  # noqa: FBT001 - it is the value
    """Encode a boolean."""
    return bytes((BOOLEAN, value))


def bits(values: Sequence[bool]) -> bytes:
    """Encode a bit-string, first bit first, filled up with zeros; its length counts bits."""
    packed = bytearray(-(-len(values) // 8))
    for at, value in enumerate(values):
        packed[at // 8] |= value << (7 - at % 8)
    return bytes((BIT_STRING,)) + lengths.encode(len(values)) + bytes(packed)


def scaler_unit(scaler: int, unit: int) -> bytes:
    """Encode what a register's value counts: powers of ten of a unit (IEC 62056-6-2 table 4)."""
    return bytes((STRUCTURE, 2, INTEGER, scaler & 0xFF, ENUM, unit))


def only(data: bytes, tag: int, size: int) -> int:
    """Read data that are one fixed-size unsigned value and nothing else. Raises Malformed."""
    reader = Reader(data)
    reader.expect(bytes((tag,)))
    value = reader.number(size)
    reader.done()
    return value


def only_string(data: bytes) -> bytes:
    """Read data that are one octet-string and nothing else. Raises Malformed."""
    reader = Reader(data)
    reader.expect(bytes((OCTET_STRING,)))
    value = reader.octets()
    reader.done()
    return value
