"""Selective access to a profile: by range of the clock, or by entry numbers (IEC 62056-6-2, class 7)."""

from dataclasses import dataclass
from typing import final

from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import moments, octets
from kwartier.wire.dlms.server.octets import Reader

_BY_RANGE, _BY_ENTRY = 1, 2
_CLOCK = bytes.fromhex("020412000809060000010000ff0f02120000")
"""The restricting object: class 8, 0-0:1.0.0, attribute 2, whole."""


@final
@dataclass(frozen=True, slots=True)
class Range:
    """Rows stamped from `first_s` to `last_s` (epoch seconds), both included."""

    first_s: int
    last_s: int


@final
@dataclass(frozen=True, slots=True)
class Entries:
    """Rows `first` to `last` counted from 1, both included; 0 as `last` is the newest."""

    first: int
    last: int


Selection = Range | Entries | None


def read(data: bytes) -> Selection:
    """Take access selector and parameters apart; None without any. Raises Malformed, also for chosen columns: rows come whole."""
    if not data:
        return None
    reader = Reader(data)
    selector = reader.u8()
    if selector == _BY_RANGE:
        selected: Selection = _range(reader)
    elif selector == _BY_ENTRY:
        selected = _entries(reader)
    else:
        msg = "no such access selector"
        raise Malformed(msg)
    reader.done()
    return selected


def _range(reader: Reader) -> Range:
    """Read a range descriptor over the clock."""
    reader.expect(bytes((octets.STRUCTURE, 4)))
    reader.expect(_CLOCK)
    first, last = _moment(reader), _moment(reader)
    reader.expect(bytes((octets.ARRAY, 0)))
    return Range(first, last)


def _moment(reader: Reader) -> int:
    """Read a moment, as octet-string or as date-time."""
    kind = reader.u8()
    if kind == octets.OCTET_STRING:
        return moments.read(reader.octets())
    if kind == octets.DATE_TIME:
        return moments.read(reader.take(moments.SIZE))
    msg = "a range of the clock is bounded by moments"
    raise Malformed(msg)


def _entries(reader: Reader) -> Entries:
    """Read an entry descriptor that takes all columns."""
    reader.expect(bytes((octets.STRUCTURE, 4)))
    bounds = []
    for _ in ("from entry", "to entry"):
        reader.expect(bytes((octets.DOUBLE_LONG_UNSIGNED,)))
        bounds.append(reader.number(4))
    reader.expect(b"\x12\x00\x01\x12\x00\x00")
    return Entries(bounds[0], bounds[1])
