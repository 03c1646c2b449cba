"""The TCP wrapper (IEC 62056-47): 8 bytes before each APDU, version, source, destination and length, big endian."""

from collections.abc import Iterator
from typing import final

from kwartier.wire.dlms.errors import Malformed, Misuse

VERSION = 1
HEADER = 8
LONGEST = 0xFFFF


def wrap(source: int, destination: int, apdu: bytes) -> bytes:
    """Put one APDU in a frame from one wrapper port to another. Raises Misuse if it is longer than a frame can be."""
    if not 0 < len(apdu) <= LONGEST:
        msg = "a frame carries 1 to 65535 bytes"
        raise Misuse(msg)
    return b"".join((prefix(source, destination), len(apdu).to_bytes(2, "big"), apdu))


def prefix(source: int, destination: int) -> bytes:
    """Return the six bytes that begin every frame from one port to another; two bytes of length follow."""
    return VERSION.to_bytes(2, "big") + source.to_bytes(2, "big") + destination.to_bytes(2, "big")


@final
class Deframer:
    """Cuts the bytes of a connection into APDUs. Holds one unfinished frame at most, never more than `longest` + 8 bytes."""

    __slots__ = ("_buffer", "_longest", "_prefix")

    def __init__(self, source: int, destination: int, longest: int = LONGEST) -> None:
        """Expect frames from `source` (the meter) to `destination` (us) whose APDU has at most `longest` bytes."""
        self._prefix = prefix(source, destination)
        self._longest = longest
        self._buffer = b""

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Take bytes as they came; yield the APDUs that are complete now. Raises Malformed after the good ones: nothing can follow.

        So an answer counts however the network cut the bytes, also if nonsense came right behind it.
        """
        pending = self._buffer + data if self._buffer else data
        at = 0
        while len(pending) - at >= HEADER:
            start = at + HEADER
            end = start + self._length(pending[at:start])
            if end > len(pending):
                break
            yield pending[start:end]
            at = end
        self._buffer = pending[at:]
        if self._buffer and not self._prefix.startswith(self._buffer[:6]):
            msg = "not a frame from this meter to us"
            raise Malformed(msg)

    def _length(self, header: bytes) -> int:
        """Return the length in a header after checking the rest of it."""
        length = header[6] << 8 | header[7]
        if header[:6] != self._prefix or not 0 < length <= self._longest:
            msg = "not a frame from this meter to us, empty, or too long"
            raise Malformed(msg)
        return length
