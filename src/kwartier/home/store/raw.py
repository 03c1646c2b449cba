"""Telegrams as they came, in compressed blocks: about 2 MB a day at one telegram a second. Pure.

A block is zlib over: the number of telegrams, then for each its moment and length (native to no machine: big-endian), then all
of their bytes one after the other.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

_HEAD = struct.Struct(">I")
_ROW = struct.Struct(">qI")


@final
@dataclass(frozen=True, slots=True)
class Raw:
    """One telegram and the moment it counts at."""

    at: int
    telegram: bytes


def pack(telegrams: Sequence[Raw]) -> bytes:
    """Return a block."""
    rows = b"".join(_ROW.pack(each.at, len(each.telegram)) for each in telegrams)
    return zlib.compress(_HEAD.pack(len(telegrams)) + rows + b"".join(each.telegram for each in telegrams), 9)


def unpack(block: bytes) -> list[Raw]:
    """Return the telegrams of a block that `pack` made."""
    data = zlib.decompress(block)
    (count,) = _HEAD.unpack_from(data)
    begin = _HEAD.size + count * _ROW.size
    found = []
    for at, length in _ROW.iter_unpack(data[_HEAD.size : begin]):
        found.append(Raw(at, data[begin : begin + length]))
        begin += length
    return found
