"""A strict cursor over the bytes of one PDU: what is not there raises Malformed, and so does what is left over."""

from typing import final

from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.errors import Malformed


@final
class Cursor:
    """Reads one PDU from `at` to its end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        """Start at `at`."""
        self.data = data
        self.at = at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self.at + count
        if end > len(self.data):
            msg = "the PDU is cut off"
            raise Malformed(msg)
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def byte(self) -> int:
        """Return the next byte."""
        at = self.at
        if at >= len(self.data):
            msg = "the PDU is cut off"
            raise Malformed(msg)
        self.at = at + 1
        return self.data[at]

    def number(self, size: int) -> int:
        """Return the next `size` bytes as an unsigned number."""
        return int.from_bytes(self.take(size), "big")

    def expect(self, expected: bytes) -> None:
        """Skip these bytes; anything else is Malformed."""
        if self.take(len(expected)) != expected:
            msg = "the PDU has other bytes where they are fixed"
            raise Malformed(msg)

    def length(self) -> int:
        """Return the next length, which the rest of the PDU can hold."""
        length, self.at = lengths.decode(self.data, self.at)
        if self.at + length > len(self.data):
            msg = "the PDU is cut off"
            raise Malformed(msg)
        return length

    def field(self) -> bytes:
        """Return the contents that follow the next length."""
        return self.take(self.length())

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self.data) - self.at)

    @property
    def done(self) -> bool:
        """True at the end."""
        return self.at >= len(self.data)

    def end(self) -> None:
        """Raise Malformed if anything is left."""
        if self.at != len(self.data):
            msg = "bytes are left over at the end of the PDU"
            raise Malformed(msg)
