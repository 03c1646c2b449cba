"""What chores find in a meter's objects, strictly decoded: numbers, versions, logs, voltages. Raises Malformed for anything else.

Sources: IEC 62056-6-2 (classes 1, 3, 7, 8, 18, 72); DSMR P3 4.2.2 chapters 4 to 6. Logs are arrays of {clock, code}.
"""

from typing import Final, NamedTuple, TypeVar

from kwartier.wire.dlms.client import axdr, clock
from kwartier.wire.dlms.errors import Malformed

T = TypeVar("T")

MOST_ROWS: Final = 1024
"""Rows of a log that we take; the longest of a Dutch meter has 2190 and is no log of events."""
_LONGEST_TEXT: Final = 64
_MOST: Final = 0xFFFFFFFF
"""The largest number of any of these objects: bits, a code, seconds or a status."""
_MOST_LEVEL: Final = 0xFFFF
_SHOWN: Final = range(0x20, 0x7F)


class Image(NamedTuple):
    """An image that the meter has verified and could activate: its size in bytes, identification and signature."""

    size: int
    identification: bytes
    signature: bytes


def number(data: bytes) -> int:
    """Read one whole number of up to 32 bits, whatever its type says, an enum or a boolean; it is not negative."""
    return _bounded(axdr.decode(data), _MOST)


def level(data: bytes) -> int:
    """Read a voltage in tenths of a volt, of up to 16 bits."""
    return _bounded(axdr.decode(data), _MOST_LEVEL)


def octets(data: bytes) -> bytes:
    """Read one octet-string."""
    return _typed(axdr.decode(data), bytes)


def text(data: bytes) -> str:
    """Read a version: 1 to 64 printable ASCII characters."""
    found = octets(data)
    if not 0 < len(found) <= _LONGEST_TEXT or any(byte not in _SHOWN for byte in found):
        msg = "not a short text"
        raise Malformed(msg)
    return found.decode("ascii")


def moment(data: bytes) -> int:
    """Read a date-time as octets; return epoch seconds."""
    return clock.decode(octets(data))


def log(data: bytes) -> tuple[tuple[int, int], ...]:
    """Read the rows of a log: (epoch seconds, code or duration), in the meter's order. A clock left out is refused."""
    rows = _typed(axdr.decode(data), list)
    if len(rows) > MOST_ROWS:
        msg = "more rows than a log has"
        raise Malformed(msg)
    return tuple(_row(row) for row in rows)


def _row(row: axdr.Value) -> tuple[int, int]:
    match row:
        case [bytes() as stamp, code]:
            return clock.decode(stamp), _bounded(code, _MOST)
        case _:
            msg = "not a row of a log"
            raise Malformed(msg)


def images(data: bytes) -> tuple[Image, ...]:
    """Read image_to_activate_info of class 18."""
    found = []
    for one in _typed(axdr.decode(data), list):
        match one:
            case [int() as size, bytes() as identification, bytes() as signature]:
                found.append(Image(size, identification, signature))
            case _:
                msg = "not an image to activate"
                raise Malformed(msg)
    return tuple(found)


def _bounded(value: axdr.Value, most: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        msg = "not a whole number, or one that this object cannot have"
        raise Malformed(msg)
    return value


def _typed(value: axdr.Value, kind: type[T]) -> T:
    if not isinstance(value, kind):
        msg = "data of another type than this object has"
        raise Malformed(msg)
    return value
