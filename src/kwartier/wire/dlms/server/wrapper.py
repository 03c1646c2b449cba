"""The TCP wrapper (IEC 62056-47): version 1, source and destination port (SAP), length; then the APDU."""

import struct
from collections.abc import Iterator
from typing import NamedTuple, final

from kwartier.wire.dlms.server.errors import BadFrame

_HEADER = struct.Struct(">HHHH")
_VERSION = 1
LONGEST = 2048
"""A meter that takes PDUs of 1024 bytes has no use for longer frames: nobody makes it hold more."""


class Frame(NamedTuple):
    """One APDU from SAP `source` to SAP `destination`."""

    source: int
    destination: int
    apdu: bytes


def wrap(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    return _HEADER.pack(_VERSION, frame.source, frame.destination, len(frame.apdu)) + frame.apdu


@final
class Unwrapper:
    """Cuts a byte stream into frames, however it arrives."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Start with nothing held."""
        self._held = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take more bytes; yield the frames that are complete. Raises BadFrame after the good ones: then close the connection."""
        self._held += data
        while len(self._held) >= _HEADER.size:
            version, source, destination, size = _HEADER.unpack_from(self._held)
            if version != _VERSION or not 0 < size <= LONGEST:
                msg = "not a wrapper frame, or one that is empty or too long"
                raise BadFrame(msg)
            end = _HEADER.size + size
            if end > len(self._held):
                return
            apdu, self._held = self._held[_HEADER.size : end], self._held[end:]
            yield Frame(source, destination, apdu)
