"""The TCP wrapper (IEC 62056-47): version 1, source and destination port (SAP), length; then the APDU."""

import struct
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

    def feed(self, data: bytes) -> list[Frame]:
        """Take more bytes; return the frames that are complete now. Raises BadFrame: then close the connection."""
        held = self._held + data if self._held else data
        frames, at = [], 0
        while len(held) - at >= _HEADER.size:
            version, source, destination, size = _HEADER.unpack_from(held, at)
            if version != _VERSION or not 0 < size <= LONGEST:
                self._held = b""
                msg = "not a wrapper frame, or one that is empty or too long"
                raise BadFrame(msg)
            end = at + _HEADER.size + size
            if end > len(held):
                break
            frames.append(Frame(source, destination, held[at + _HEADER.size : end]))
            at = end
        self._held = held[at:]
        return frames
